/* SPDX-License-Identifier: MIT */
/*
 * Constraint checks.  The texts are those that AWS KMS was recorded to send;
 * a blob's value is never shown.  Does not know what a member means.
 */
#include "kmsagent/kms/validate.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/kms/task.h"

#define EPOCH_S_MAX 253402300800.0 /* the year 10000 */

/* The violations of one request, gathered into one message. */
struct violations {
	FILE *out; /* NULL until there is one */
	char *text;
	size_t len;
	unsigned count;
};

static void violations_done(struct violations *v)
{
	if (v->out)
		fclose(v->out);
	free(v->text);
}

/* Begin one: "Value 'x' at 'keyId' failed to satisfy constraint: ". */
static FILE *violate(struct violations *v, const struct kms_param *p,
		     const char *value)
{
	char name[64];

	if (!v->out)
		v->out = open_memstream(&v->text, &v->len);
	if (!v->out)
		return NULL;
	kms_lower_first(p->name, name, sizeof(name));
	fputs(v->count++ ? "; Value" : "Value", v->out);
	if (value)
		fprintf(v->out, " %s", value);
	fprintf(v->out, " at '%s' failed to satisfy constraint: ", name);
	return v->out;
}

static int refuse(struct kms_reply *reply, struct violations *v)
{
	if (fflush(v->out) != 0 || ferror(v->out))
		return -ENOMEM;
	return kms_fail(reply, KMS_ERROR_VALIDATION,
			"%u validation error%s detected: %s", v->count,
			v->count == 1 ? "" : "s", v->text);
}

static void put_values(FILE *out, const char *const *values)
{
	fputs("Member must satisfy enum value set: [", out);
	for (size_t i = 0; values[i]; i++)
		fprintf(out, "%s%s", i ? ", " : "", values[i]);
	fputc(']', out);
}

/* "[a, b]" of a list of strings. */
static char *show_list(const cJSON *list)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	const cJSON *item;

	if (!out)
		return NULL;
	fputs("'[", out);
	cJSON_ArrayForEach(item, list)
	{
		fprintf(out, "%s%s", item == list->child ? "" : ", ",
			cJSON_IsString(item) ? item->valuestring : "");
	}
	fputs("]'", out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int serialization(struct kms_task *c, const cJSON *got,
			 const char *wanted)
{
	const char *what = cJSON_IsString(got)	 ? "STRING_VALUE"
			   : cJSON_IsNumber(got) ? "NUMBER_VALUE"
			   : cJSON_IsTrue(got)	 ? "TRUE_VALUE"
			   : cJSON_IsFalse(got)	 ? "FALSE_VALUE"
			   : cJSON_IsNull(got)	 ? "NULL_VALUE"
						 : NULL;

	if (!what)
		return kms_fail(c->reply, KMS_ERROR_SERIALIZATION,
				"Start of structure or map found where not "
				"expected.");
	return kms_fail(c->reply, KMS_ERROR_SERIALIZATION,
			"%s can not be converted to %s", what, wanted);
}

/* AWS counts code points, not bytes. */
int64_t kms_characters(const char *s)
{
	int64_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static bool is_one_of(const char *value, const char *const *values)
{
	for (size_t i = 0; values[i]; i++)
		if (strcmp(values[i], value) == 0)
			return true;
	return false;
}

static int check_length(struct violations *v, const struct kms_param *p,
			const char *shown, int64_t len)
{
	FILE *out;

	if (len >= p->min && len <= p->max)
		return 0;
	out = violate(v, p, shown);
	if (!out)
		return -ENOMEM;
	if (len < p->min)
		fprintf(out,
			"Member must have length greater than or equal to "
			"%lld",
			(long long)p->min);
	else
		fprintf(out,
			"Member must have length less than or equal to %lld",
			(long long)p->max);
	return 0;
}

static int check_string(struct kms_task *c, struct violations *v,
			const struct kms_param *p, const cJSON *j)
{
	_free_ char *shown = NULL;
	int64_t len;
	FILE *out;
	int r;

	if (!cJSON_IsString(j))
		return serialization(c, j, "a String");
	len = kms_characters(j->valuestring);
	if (p->values ? is_one_of(j->valuestring, p->values)
		      : len >= p->min && len <= p->max &&
				(!p->pattern ||
				 p->pattern->matches(j->valuestring)))
		return 0;
	if (asprintf(&shown, "'%s'", j->valuestring) < 0) {
		shown = NULL;
		return -ENOMEM;
	}
	if (p->values) {
		out = violate(v, p, shown);
		if (!out)
			return -ENOMEM;
		put_values(out, p->values);
		return 0;
	}
	r = check_length(v, p, shown, len);
	if (r < 0 || !p->pattern || p->pattern->matches(j->valuestring))
		return r;
	out = violate(v, p, shown);
	if (!out)
		return -ENOMEM;
	fprintf(out, "Member must satisfy regular expression pattern: %s",
		p->pattern->text);
	return 0;
}

static int check_blob(struct kms_task *c, struct violations *v,
		      const struct kms_param *p, const cJSON *j)
{
	size_t chars, i = 0;
	int r;

	if (!cJSON_IsString(j))
		return serialization(c, j, "a Blob");
	chars = strlen(j->valuestring);
	if (chars == 0)
		return check_length(v, p, NULL, 0);
	while (i < KMS_TASK_MAX_BLOBS && c->blobs[i].name)
		i++;
	if (i == KMS_TASK_MAX_BLOBS)
		return -E2BIG;
	/* No room for what is far too long; any padding is within the 3. */
	if ((int64_t)BASE64_DECODED_MAX(chars) > p->max + 3)
		return check_length(v, p, NULL, p->max + 1);
	r = base64_decode_secret(j->valuestring, chars, &c->blobs[i].bytes);
	if (r == -EINVAL)
		return kms_fail(c->reply, KMS_ERROR_SERIALIZATION,
				"'%s' is not valid base64", p->name);
	if (r < 0)
		return r;
	c->blobs[i].name = p->name;
	return check_length(v, p, NULL, (int64_t)c->blobs[i].bytes.len);
}

static int check_integer(struct kms_task *c, struct violations *v,
			 const struct kms_param *p, const cJSON *j)
{
	char shown[32];
	FILE *out;

	/* AWS's Integer has 32 bits. */
	if (!cJSON_IsNumber(j) || j->valuedouble != floor(j->valuedouble) ||
	    fabs(j->valuedouble) > 2147483647.0)
		return serialization(c, j, "an Integer");
	if (j->valuedouble >= (double)p->min &&
	    j->valuedouble <= (double)p->max)
		return 0;
	snprintf(shown, sizeof(shown), "'%.0f'", j->valuedouble);
	out = violate(v, p, shown);
	if (!out)
		return -ENOMEM;
	if (j->valuedouble < (double)p->min)
		fprintf(out,
			"Member must have value greater than or equal to %lld",
			(long long)p->min);
	else
		fprintf(out,
			"Member must have value less than or equal to %lld",
			(long long)p->max);
	return 0;
}

static int check_list(struct kms_task *c, struct violations *v,
		      const struct kms_param *p, const cJSON *j)
{
	_free_ char *shown = NULL;
	bool items_fit = true;
	const cJSON *item;
	FILE *out;
	int r;

	if (!cJSON_IsArray(j))
		return serialization(c, j, "a List");
	cJSON_ArrayForEach(item, j)
	{
		int64_t len;

		if (!cJSON_IsString(item))
			return serialization(c, item, "a String");
		len = kms_characters(item->valuestring);
		items_fit &= p->values
				     ? is_one_of(item->valuestring, p->values)
				     : len >= p->item_min && len <= p->item_max;
	}
	if (items_fit && cJSON_GetArraySize(j) >= p->min &&
	    cJSON_GetArraySize(j) <= p->max)
		return 0;
	if (!p->is_private) {
		shown = show_list(j);
		if (!shown)
			return -ENOMEM;
	}
	r = check_length(v, p, shown, cJSON_GetArraySize(j));
	if (r < 0 || items_fit)
		return r;
	out = violate(v, p, shown);
	if (!out)
		return -ENOMEM;
	fputs("Member must satisfy constraint: [", out);
	if (p->values)
		put_values(out, p->values);
	else
		fprintf(out,
			"Member must have length less than or equal to %lld, "
			"Member must have length greater than or equal to %lld",
			(long long)p->item_max, (long long)p->item_min);
	fputc(']', out);
	return 0;
}

static int check_map(struct kms_task *c, const cJSON *j)
{
	const cJSON *item;

	if (!cJSON_IsObject(j))
		return serialization(c, j, "a Map");
	cJSON_ArrayForEach(
		item,
		j) if (!cJSON_IsString(item)) return serialization(c, item,
								   "a String");
	return 0;
}

/* Each member a map. */
static int check_maps(struct kms_task *c, const cJSON *j)
{
	const cJSON *map;

	if (!cJSON_IsObject(j))
		return serialization(c, j, "a structure");
	cJSON_ArrayForEach(map, j)
	{
		int r = cJSON_IsNull(map) ? 0 : check_map(c, map);

		if (r)
			return r;
	}
	return 0;
}

/* Tags[].TagKey and TagValue: "tags.1.member.tagKey" in AWS's words. */
static int check_tags(struct kms_task *c, struct violations *v, const cJSON *j)
{
	static const struct {
		const char *name;
		const char *path;
		int64_t min, max;
	} members[] = {{"TagKey", "tagKey", 1, 128},
		       {"TagValue", "tagValue", 0, 256}};
	unsigned n = 0;
	const cJSON *tag;

	if (!cJSON_IsArray(j))
		return serialization(c, j, "a List");
	cJSON_ArrayForEach(tag, j)
	{
		n++;
		if (!cJSON_IsObject(tag))
			return serialization(c, tag, "a Tag");
		for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
			char path[64];
			struct kms_param p = {.name = path,
					      .type = KMS_TYPE_STRING,
					      .min = members[i].min,
					      .max = members[i].max};
			const cJSON *m = cJSON_GetObjectItemCaseSensitive(
				tag, members[i].name);
			int r = 0;

			snprintf(path, sizeof(path), "tags.%u.member.%s", n,
				 members[i].path);
			if (m && !cJSON_IsNull(m)) {
				r = check_string(c, v, &p, m);
			} else {
				FILE *out = violate(v, &p, "null");

				if (!out)
					return -ENOMEM;
				fputs("Member must not be null", out);
			}
			if (r != 0)
				return r;
		}
	}
	return 0;
}

static int check(struct kms_task *c, struct violations *v,
		 const struct kms_param *p, const cJSON *j)
{
	switch (p->type) {
	case KMS_TYPE_END:
		break;
	case KMS_TYPE_STRING:
		return check_string(c, v, p, j);
	case KMS_TYPE_BLOB:
		return check_blob(c, v, p, j);
	case KMS_TYPE_INTEGER:
		return check_integer(c, v, p, j);
	case KMS_TYPE_BOOLEAN:
		return cJSON_IsBool(j) ? 0 : serialization(c, j, "a Boolean");
	case KMS_TYPE_TIME:
		return cJSON_IsNumber(j) && fabs(j->valuedouble) < EPOCH_S_MAX
			       ? 0
			       : serialization(c, j, "a Timestamp");
	case KMS_TYPE_STRING_MAP:
		return check_map(c, j);
	case KMS_TYPE_MAPS:
		return check_maps(c, j);
	case KMS_TYPE_STRING_LIST:
		return check_list(c, v, p, j);
	case KMS_TYPE_TAGS:
		return check_tags(c, v, j);
	case KMS_TYPE_OBJECT:
		return cJSON_IsObject(j) ? 0
					 : serialization(c, j, "a structure");
	}
	return 0;
}

static void audit_map(struct text *t, const cJSON *map)
{
	const cJSON *item;

	text_literal(t, "{");
	cJSON_ArrayForEach(item, map)
	{
		if (item != map->child)
			text_literal(t, ",");
		text_string(t, item->string);
		text_literal(t, ":");
		text_json(t, item);
	}
	text_literal(t, "}");
}

/* Names begin in lower case, but for those of a map: they are the caller's. */
static cJSON *audit_copy(const struct kms_param *p, const cJSON *j)
{
	cJSON *copy = p->type == KMS_TYPE_MAPS ? cJSON_Duplicate(j, true)
					       : kms_audit_copy(j);

	for (cJSON *m = copy && p->type == KMS_TYPE_MAPS ? copy->child : NULL;
	     m && m->string; m = m->next)
		m->string[0] = (char)tolower((unsigned char)m->string[0]);
	return copy;
}

/* What is in every request is written at once, without a copy.  Nothing is
 * checked yet: anything may be of any type. */
static int audit(struct kms_task *c, const struct kms_param *p, const cJSON *j)
{
	struct text *t = &c->reply->parameters;
	_json_ cJSON *copy = NULL;
	char name[64];

	if (p->is_private || p->type == KMS_TYPE_BLOB)
		return 0;
	kms_lower_first(p->name, name, sizeof(name));
	if (t->len > 0)
		text_literal(t, ",");
	text_string(t, name);
	text_literal(t, ":");
	if (p->type == KMS_TYPE_STRING_MAP && cJSON_IsObject(j)) {
		audit_map(t, j);
	} else if (j->child) {
		copy = audit_copy(p, j);
		if (!copy)
			return -ENOMEM;
		text_json(t, copy);
	} else {
		text_json(t, j);
	}
	return t->failed ? -ENOMEM : 0;
}

int kms_validate(struct kms_task *c)
{
	_cleanup_(violations_done) struct violations v = {0};
	int r = 0;

	for (const struct kms_param *p = c->op->params; p && p->type; p++) {
		const cJSON *j = kms_arg(c, p->name);

		if (j) {
			r = audit(c, p, j);
			if (r == 0)
				r = check(c, &v, p, j);
		} else if (p->is_required) {
			FILE *out = violate(&v, p, "null");

			if (!out)
				return -ENOMEM;
			fputs("Member must not be null", out);
		}
		if (r != 0)
			return r;
	}
	return v.count ? refuse(c->reply, &v) : 0;
}

static bool is_alias_text(const char *value)
{
	for (const char *p = value; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(":/_-", *p))
			return false;
	return *value != '\0';
}

/* U+0020..U+00FF and @also, in UTF-8. */
static bool is_latin1(const char *value, const char *also)
{
	const unsigned char *p = (const unsigned char *)value;

	for (; *p; p++) {
		if ((*p >= 0x20 && *p < 0x80) || strchr(also, *p))
			continue;
		if ((*p != 0xc2 && *p != 0xc3) || (p[1] & 0xc0) != 0x80)
			return false;
		p++;
	}
	return true;
}

static bool is_hex_text(const char *value)
{
	return value[strspn(value, "0123456789abcdef")] == '\0';
}

static bool is_material_text(const char *value)
{
	for (const char *p = value; *p; p++)
		if (!isalnum((unsigned char)*p) &&
		    !isspace((unsigned char)*p) && !strchr(":/_.-", *p))
			return false;
	return *value != '\0';
}

static bool is_principal_text(const char *value)
{
	for (const char *p = value; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_+=,.@:/-", *p))
			return false;
	return *value != '\0';
}

/* Two or three words and a number, all with dashes between them. */
static bool is_region_text(const char *value)
{
	size_t words = 0, n;

	while ((n = strspn(value, "abcdefghijklmnopqrstuvwxyz")) > 0 &&
	       value[n] == '-') {
		value += n + 1;
		words++;
	}
	n = strspn(value, "0123456789");
	return (words == 2 || words == 3) && n > 0 && value[n] == '\0';
}

static bool is_marker_text(const char *value)
{
	return is_latin1(value, "");
}

static bool is_policy_text(const char *value)
{
	return is_latin1(value, "\t\n\r");
}

static bool is_word(const char *value)
{
	for (const char *p = value; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return false;
	return *value != '\0';
}

const struct kms_pattern kms_pattern_material_id = {"^[a-f0-9]+$", is_hex_text};
const struct kms_pattern kms_pattern_material_text = {"^[a-zA-Z0-9:/_\\s.-]+$",
						      is_material_text};
const struct kms_pattern kms_pattern_alias = {"^[a-zA-Z0-9:/_-]+$",
					      is_alias_text};
const struct kms_pattern kms_pattern_marker = {"[\\u0020-\\u00FF]*",
					       is_marker_text};
const struct kms_pattern kms_pattern_policy = {
	"[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", is_policy_text};
const struct kms_pattern kms_pattern_principal = {"^[\\w+=,.@:/-]+$",
						  is_principal_text};
const struct kms_pattern kms_pattern_region = {"^([a-z]+-){2,3}\\d+$",
					       is_region_text};
const struct kms_pattern kms_pattern_word = {"[\\w]+", is_word};
