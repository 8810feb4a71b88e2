/* SPDX-License-Identifier: MIT */
/* Entries as text and back.  It must not know where they are kept. */
#include "kmsagent/agent/entry.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>

#include "kmsagent/agent/allow.h"
#include "kmsagent/agent/context.h"
#include "kmsagent/base/arn.h"
#include "kmsagent/base/json.h"

#define FSCRYPT_TYPE "fscrypt-provisioning"

static const char *const members[] = {
	"version",
	"name",
	"cmk",
	"cmk_arn",
	"key_material_id",
	"ciphertext_blob",
	"encryption_context",
	"type",
	"bytes",
	"allow",
	"lease_s",
	"exportable",
	"created",
	"volume",
	"policy_identifier",
};

void agent_entry_done(struct agent_entry *e)
{
	free(e->cmk);
	free(e->cmk_arn);
	free(e->key_material_id);
	free(e->blob);
	ectx_done(&e->context);
	for (size_t i = 0; i < e->allow_count; i++)
		free(e->allow[i]);
	free(e->allow);
	*e = AGENT_ENTRY_INIT;
}

int agent_entry_allow(struct agent_entry *e, const char *line)
{
	char **lines;

	if (!agent_allow_is_valid(line))
		return -EINVAL;
	if (e->allow_count >= AGENT_ALLOW_MAX)
		return -E2BIG;
	lines = reallocarray(e->allow, e->allow_count + 1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	e->allow = lines;
	lines[e->allow_count] = strdup(line);
	if (!lines[e->allow_count])
		return -ENOMEM;
	e->allow_count++;
	return 0;
}

char *agent_base64(const uint8_t *bytes, size_t len)
{
	char *text = malloc((len + 2) / 3 * 4 + 1);

	if (text)
		EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	return text;
}

/*
 * Only the form that agent_base64() gives: EVP_DecodeBlock() forgives white
 * space and does not take the padding off, hence the way back.
 */
static int parse_base64(const char *text, uint8_t **ret, size_t *ret_len)
{
	size_t len = strlen(text), n = len / 4 * 3;
	_free_ uint8_t *bytes = NULL;
	_free_ char *again = NULL;

	if (len == 0 || len % 4 || n > AGENT_BLOB_MAX_BYTES + 2)
		return -EBADMSG;
	bytes = malloc(n);
	if (!bytes)
		return -ENOMEM;
	if (EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len) !=
	    (int)n)
		return -EBADMSG;
	if (text[len - 1] == '=')
		n--;
	if (text[len - 2] == '=')
		n--;
	again = agent_base64(bytes, n);
	if (!again)
		return -ENOMEM;
	if (strcmp(again, text) != 0)
		return -EBADMSG;
	*ret = take_ptr(bytes);
	*ret_len = n;
	return 0;
}

_printf_(3, 4) static int refuse(char *why, size_t why_len, const char *format,
				 ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, why_len, format, ap);
	va_end(ap);
	return -EBADMSG;
}

static bool is_member(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (strcmp(members[i], name) == 0)
			return true;
	return false;
}

static int copy_string(const cJSON *j, const char *name, char **ret)
{
	const char *s;
	int r = json_get_string(j, name, &s);

	if (r < 0)
		return r;
	*ret = strdup(s);
	return *ret ? 0 : -ENOMEM;
}

static int parse_allow(const cJSON *j, struct agent_entry *e)
{
	const cJSON *list, *line;
	int r = json_get_array(j, "allow", &list);

	if (r < 0)
		return r;
	cJSON_ArrayForEach(line, list)
	{
		if (!cJSON_IsString(line))
			return -EBADMSG;
		r = agent_entry_allow(e, line->valuestring);
		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_key(const cJSON *j, struct agent_entry *e)
{
	const char *type, *blob;
	int64_t bytes;
	int r;

	r = json_get_string(j, "type", &type);
	if (r < 0)
		return r;
	e->type = kr_keytype_find(type);
	if (!e->type)
		return -EBADMSG;
	r = json_get_int(j, "bytes", (int64_t)e->type->min_bytes,
			 (int64_t)e->type->max_bytes, &bytes);
	if (r < 0)
		return r;
	e->bytes = (unsigned)bytes;
	r = json_get_string(j, "ciphertext_blob", &blob);
	if (r < 0)
		return r;
	return parse_base64(blob, &e->blob, &e->blob_len);
}

static int parse_cmk(const cJSON *j, struct agent_entry *e)
{
	struct key_ref ref;
	int r;

	r = copy_string(j, "cmk", &e->cmk);
	if (r < 0)
		return r;
	r = copy_string(j, "cmk_arn", &e->cmk_arn);
	if (r < 0)
		return r;
	key_ref_parse(e->cmk_arn, &ref);
	if (ref.kind != KEY_REF_KEY_ARN)
		return -EBADMSG;
	r = copy_string(j, "key_material_id", &e->key_material_id);
	return r == -ENOENT ? 0 : r;
}

static int parse_rest(const cJSON *j, struct agent_entry *e)
{
	int r;

	r = json_get_int(j, "lease_s", AGENT_LEASE_MIN_S, AGENT_LEASE_MAX_S,
			 &e->lease_s);
	if (r == 0)
		r = json_get_bool(j, "exportable", &e->exportable);
	if (r == 0)
		r = json_get_int(j, "created", 0, INT64_C(1) << 40,
				 &e->created_s);
	if (r == 0)
		r = json_get_ectx(j, "encryption_context", &e->context);
	return r;
}

/* Only a volume's, and only once it has been opened. */
static int parse_volume(const cJSON *j, struct agent_entry *e)
{
	const cJSON *volume = cJSON_GetObjectItemCaseSensitive(j, "volume");

	if (!volume)
		return 0;
	if (agent_context_purpose(&e->context, e->name, &e->purpose) < 0 ||
	    e->purpose != AGENT_PURPOSE_VOLUME)
		return -EBADMSG;
	return volume_parse(volume, &e->volume);
}

/* The same for a directory's. */
static int parse_policy_id(const cJSON *j, struct agent_entry *e)
{
	const char *text;
	int r = json_get_string(j, "policy_identifier", &text);

	if (r == -ENOENT)
		return 0;
	if (r < 0 ||
	    agent_context_purpose(&e->context, e->name, &e->purpose) < 0 ||
	    e->purpose != AGENT_PURPOSE_DIRECTORY ||
	    fspolicy_id_parse(text, e->policy_id) < 0)
		return -EBADMSG;
	e->has_policy_id = true;
	return 0;
}

int agent_entry_add_policy_id(cJSON *j, const struct agent_entry *e)
{
	char text[FSPOLICY_ID_TEXT_BYTES];

	fspolicy_id_format(e->policy_id, text);
	return json_add_string(j, "policy_identifier", text);
}

/* The parts in the order in which a reader of the message looks for them. */
static const struct {
	int (*parse)(const cJSON *j, struct agent_entry *e);
	const char *what;
} parts[] = {
	{parse_cmk, "cmk, cmk_arn or key_material_id"},
	{parse_key, "type, bytes or ciphertext_blob"},
	{parse_allow, "allow"},
	{parse_rest, "lease_s, exportable, created or encryption_context"},
	{parse_volume, "volume, which only a volume's key has,"},
	{parse_policy_id,
	 "policy_identifier, which only a directory's key has,"},
};

static int parse_object(const cJSON *j, struct agent_entry *e, char *why,
			size_t why_len)
{
	const cJSON *member;
	const char *name;
	int64_t version;

	if (json_get_int(j, "version", 1, INT32_MAX, &version) < 0)
		return refuse(why, why_len, "it has no version");
	if (version != AGENT_ENTRY_VERSION)
		return refuse(why, why_len,
			      "it is of version %lld; this agent reads %d",
			      (long long)version, AGENT_ENTRY_VERSION);
	cJSON_ArrayForEach(member, j) if (
		!is_member(
			member->string)) return refuse(why, why_len,
						       "it has an unknown member");
	if (json_get_string(j, "name", &name) < 0 || !kr_name_is_valid(name))
		return refuse(why, why_len, "its name is missing or invalid");
	strcpy(e->name, name);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int r = parts[i].parse(j, e);

		if (r == -ENOMEM)
			return r;
		if (r < 0)
			return refuse(why, why_len,
				      "%s is missing, malformed or out of "
				      "range",
				      parts[i].what);
	}
	if (e->type->readable && !e->exportable)
		return refuse(why, why_len,
			      "type %s can be read back, but it is not "
			      "marked exportable",
			      e->type->name);
	if (agent_context_purpose(&e->context, e->name, &e->purpose) < 0)
		return refuse(why, why_len,
			      "its encryption context is not that of a key "
			      "of this name");
	if (e->purpose == AGENT_PURPOSE_DIRECTORY &&
	    strcmp(e->type->name, FSCRYPT_TYPE) != 0)
		return refuse(why, why_len,
			      "it is a directory's key, and not of type "
			      "%s",
			      FSCRYPT_TYPE);
	return 0;
}

int agent_entry_parse(const char *text, size_t len, struct agent_entry *ret,
		      char *why, size_t why_len)
{
	_cleanup_(agent_entry_done) struct agent_entry e = AGENT_ENTRY_INIT;
	_json_ cJSON *j = NULL;
	int r;

	if (len > AGENT_ENTRY_MAX_BYTES)
		return refuse(why, why_len, "it is longer than %zu bytes",
			      AGENT_ENTRY_MAX_BYTES);
	r = json_parse_object(text, len, &j);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse(why, why_len, "it is not one JSON object");
	r = parse_object(j, &e, why, why_len);
	if (r < 0)
		return r;
	*ret = e;
	e = AGENT_ENTRY_INIT;
	return 0;
}

/* cJSON makes no array of no strings where the pointer is NULL. */
int agent_entry_add_allow(cJSON *j, const struct agent_entry *e)
{
	cJSON *list =
		e->allow_count
			? cJSON_CreateStringArray((const char *const *)e->allow,
						  (int)e->allow_count)
			: cJSON_CreateArray();

	return json_add_item(j, "allow", list);
}

int agent_entry_format(const struct agent_entry *e, char **ret)
{
	_json_ cJSON *j = cJSON_CreateObject();
	_free_ char *blob = agent_base64(e->blob, e->blob_len);

	if (!j || !blob ||
	    json_add_int(j, "version", AGENT_ENTRY_VERSION) < 0 ||
	    json_add_string(j, "name", e->name) < 0 ||
	    json_add_string(j, "cmk", e->cmk) < 0 ||
	    json_add_string(j, "cmk_arn", e->cmk_arn) < 0 ||
	    (e->key_material_id &&
	     json_add_string(j, "key_material_id", e->key_material_id) < 0) ||
	    json_add_string(j, "ciphertext_blob", blob) < 0 ||
	    json_add_ectx(j, "encryption_context", &e->context) < 0 ||
	    json_add_string(j, "type", e->type->name) < 0 ||
	    json_add_int(j, "bytes", e->bytes) < 0 ||
	    agent_entry_add_allow(j, e) < 0 ||
	    json_add_int(j, "lease_s", e->lease_s) < 0 ||
	    json_add_bool(j, "exportable", e->exportable) < 0 ||
	    json_add_int(j, "created", e->created_s) < 0 ||
	    (e->volume.is_bound &&
	     json_add_item(j, "volume", volume_format(&e->volume)) < 0) ||
	    (e->has_policy_id && agent_entry_add_policy_id(j, e) < 0))
		return -ENOMEM;
	*ret = json_print(j);
	return *ret ? 0 : -ENOMEM;
}
