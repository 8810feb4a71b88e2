/* SPDX-License-Identifier: MIT */
/*
 * CreateKey: arguments into half an entry, GenerateDataKeyWithoutPlaintext,
 * the other half from the answer, the file.  No plaintext moves.
 */
#include <string.h>

#include "kmsagent/agent/context.h"
#include "kmsagent/agent/keys.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/agent/view.h"
#include "kmsagent/base/arn.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"

#define TIMEOUT_MS 10000
/* GenerateDataKey makes up to 1024 bytes; longer keys have no use here. */
#define BYTES_MAX 1024

struct creation {
	struct agent *agent;
	struct varlink_call *call;
	struct agent_fetch *fetch;
	struct agent_entry entry;
};

static void creation_free(struct creation *c)
{
	if (!c)
		return;
	agent_entry_done(&c->entry);
	free(c);
}

static void creation_freep(struct creation **c)
{
	creation_free(*c);
}

/* What is neither, the kernel would refuse at every open. */
#define VOLUME_BYTES_MIN     16
#define VOLUME_BYTES_DEFAULT 64 /* aes-xts-plain64 with AES-256 */
#define FSCRYPT_TYPE	     "fscrypt-provisioning"

static bool take_purpose(struct varlink_call *call, const cJSON *params,
			 struct agent_entry *e)
{
	const char *purpose = agent_purpose_name(AGENT_PURPOSE_RING);

	if (!agent_arg_string(call, params, "purpose", false, &purpose))
		return false;
	if (agent_purpose_parse(purpose, &e->purpose) == 0)
		return true;
	agent_reply_invalid(call, "purpose", "it is ring, volume or directory");
	return false;
}

/* What a purpose says of type and length; what it leaves open, the type. */
static const struct {
	const char *type;
	int64_t min_bytes;
	int64_t default_bytes;
} terms[AGENT_PURPOSE_COUNT_] = {
	[AGENT_PURPOSE_VOLUME] = {NULL, VOLUME_BYTES_MIN, VOLUME_BYTES_DEFAULT},
	[AGENT_PURPOSE_DIRECTORY] = {FSCRYPT_TYPE, FSPOLICY_KEY_MIN_BYTES, 0},
};

/* NULL: the purpose's key may be of that type. */
static const char *why_not_type(const struct agent_entry *e)
{
	bool is_fscrypt = strcmp(e->type->name, FSCRYPT_TYPE) == 0;

	if (e->purpose == AGENT_PURPOSE_VOLUME && is_fscrypt)
		return "dm-crypt takes logon and user keys";
	if (e->purpose == AGENT_PURPOSE_DIRECTORY && !is_fscrypt)
		return "fscrypt takes keys of type " FSCRYPT_TYPE;
	return NULL;
}

static bool take_type(struct varlink_call *call, const cJSON *params,
		      struct agent_entry *e)
{
	const char *type = terms[e->purpose].type ?: kr_keytypes[0].name;
	int64_t bytes, min, max;

	if (!agent_arg_string(call, params, "type", false, &type) ||
	    !agent_arg_bool(call, params, "exportable", &e->exportable))
		return false;
	e->type = kr_keytype_find(type);
	if (!e->type) {
		agent_reply_invalid(call, "type",
				    "it is logon, user or "
				    "fscrypt-provisioning");
		return false;
	}
	if (e->type->readable && !e->exportable) {
		agent_reply_invalid(call, "exportable",
				    "keys of this type can be read back by "
				    "whoever holds them; say that with "
				    "--exportable, or take type logon");
		return false;
	}
	if (why_not_type(e)) {
		agent_reply_invalid(call, "type", why_not_type(e));
		return false;
	}
	min = terms[e->purpose].min_bytes ?: (int64_t)e->type->min_bytes;
	bytes = terms[e->purpose].default_bytes
			?: (int64_t)e->type->default_bytes;
	max = e->type->max_bytes < BYTES_MAX ? (int64_t)e->type->max_bytes
					     : BYTES_MAX;
	if (!agent_arg_int(call, params, "bytes", false, min, max, &bytes))
		return false;
	e->bytes = (unsigned)bytes;
	return true;
}

static bool take_allow(struct varlink_call *call, const cJSON *params,
		       struct agent_entry *e)
{
	const cJSON *list = NULL, *line;

	if (json_get_array(params, "allow", &list) == -EBADMSG) {
		agent_reply_invalid(call, "allow", "it is not a list");
		return false;
	}
	cJSON_ArrayForEach(line, list)
	{
		int r = cJSON_IsString(line)
				? agent_entry_allow(e, line->valuestring)
				: -EINVAL;

		if (r < 0) {
			agent_reply_invalid(call, "allow",
					    r == -E2BIG
						    ? "it has too many lines"
						    : "a line is uid:N, gid:N, "
						      "user:NAME or "
						      "group:NAME");
			return false;
		}
	}
	return true;
}

static bool take_context(struct varlink_call *call, const cJSON *params,
			 struct agent_entry *e)
{
	_cleanup_(ectx_done) struct ectx user = ECTX_INIT;
	int r;

	if (!agent_arg_context(call, params, &user))
		return false;
	r = agent_context_for_entry(&user, e->purpose, e->name, &e->context);
	if (r == 0)
		return true;
	agent_reply_invalid(call, "context",
			    r == -EINVAL ? "keys that begin with kmsagent: or "
					   "aws-crypto- are reserved"
					 : strerror(-r));
	return false;
}

static bool take_arguments(struct agent *a, struct varlink_call *call,
			   const cJSON *params, struct agent_entry *e)
{
	const char *name, *cmk = a->config.default_cmk;

	e->lease_s = a->config.lease_s;
	if (!agent_arg_string(call, params, "name", true, &name) ||
	    !agent_arg_string(call, params, "cmk", false, &cmk) ||
	    !agent_arg_int(call, params, "lease_s", false, AGENT_LEASE_MIN_S,
			   AGENT_LEASE_MAX_S, &e->lease_s))
		return false;
	if (!kr_name_is_valid(name)) {
		agent_reply_invalid(call, "name",
				    "a name is 1 to 64 of A-Z a-z 0-9 . _ -, "
				    "the first a letter or digit");
		return false;
	}
	strcpy(e->name, name);
	if (agent_key_find(a, name)) {
		agent_reply_key_exists(call, name);
		return false;
	}
	if (*cmk == '\0' || strlen(cmk) > ARN_MAX_BYTES) {
		agent_reply_invalid(call, "cmk",
				    "it is a key id, an alias or an ARN");
		return false;
	}
	e->cmk = strdup(cmk);
	if (!e->cmk) {
		agent_reply_with(call, NULL);
		return false;
	}
	return take_purpose(call, params, e) && take_type(call, params, e) &&
	       take_allow(call, params, e) && take_context(call, params, e);
}

static void on_cancel(struct varlink_call *call, void *data)
{
	struct creation *c = data;

	(void)call;
	agent_fetch_cancel(c->fetch);
	creation_free(c);
}

static void store(struct creation *c)
{
	const struct ucred *peer = varlink_call_peer(c->call);
	struct agent_event e = AGENT_EVENT_INIT;
	char name[sizeof(c->entry.name)];
	struct agent_key *k;
	int r;

	e.what = "KeyCreated";
	e.uid = peer->uid;
	e.pid = peer->pid;
	e.name = strcpy(name, c->entry.name);
	e.cmk_arn = c->entry.cmk_arn;
	agent_audit_note(c->agent, &e);
	r = agent_key_add(c->agent, &c->entry, &k);
	if (r == -EEXIST) {
		agent_reply_key_exists(c->call, name);
		return;
	}
	if (r < 0) {
		agent_reply_system(c->call, r, "writing the entry");
		return;
	}
	agent_reply_with(c->call, agent_view_key_reply(k));
}

static void on_wrapped(struct agent_msg *m, void *userdata)
{
	_cleanup_(creation_freep) struct creation *c = userdata;
	struct agent_entry *e = &c->entry;
	struct key_ref ref;

	varlink_call_on_cancel(c->call, NULL, NULL);
	if (m->error < 0) {
		agent_reply_kms(c->call, m);
		return;
	}
	if (m->key_arn)
		key_ref_parse(m->key_arn, &ref);
	if (!m->key_arn || ref.kind != KEY_REF_KEY_ARN || m->blob_len == 0) {
		agent_reply_system(c->call, -EPROTO,
				   "reading the KMS's answer");
		return;
	}
	e->cmk_arn = take_ptr(m->key_arn);
	e->key_material_id = take_ptr(m->material_id);
	e->blob = take_ptr(m->blob);
	e->blob_len = m->blob_len;
	m->blob_len = 0;
	e->created_s = clock_epoch_s();
	store(c);
}

void agent_method_create_key(struct varlink_call *call, const cJSON *params,
			     void *userdata)
{
	_cleanup_(creation_freep) struct creation *c = calloc(1, sizeof(*c));
	_cleanup_(agent_msg_done) struct agent_msg q = AGENT_MSG_INIT;
	struct agent *a = userdata;
	int r;

	if (!c) {
		agent_reply_with(call, NULL);
		return;
	}
	c->agent = a;
	c->call = call;
	if (!take_arguments(a, call, params, &c->entry))
		return;
	q.type = AGENT_MSG_WRAP;
	q.bytes = c->entry.bytes;
	q.cmk = strdup(c->entry.cmk);
	r = q.cmk ? ectx_copy(&q.context, &c->entry.context) : -ENOMEM;
	if (r == 0)
		r = agent_fetch_new(a->fetchers, &q, TIMEOUT_MS, on_wrapped, c,
				    &c->fetch);
	if (r < 0) {
		agent_reply_system(call, r, "asking the KMS");
		return;
	}
	varlink_call_on_cancel(call, on_cancel, c);
	(void)take_ptr(c);
}
