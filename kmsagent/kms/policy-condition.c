/* SPDX-License-Identifier: MIT */
/*
 * Conditions: compiled from a statement's Condition, held against what the
 * request has.  A value that the operator cannot read is an error, and an
 * error denies: neither "matches" nor "does not" would be true of it.
 * Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and
 * "Set operators for multi-valued context keys".
 */
#include <string.h>
#include <strings.h>

#include "kmsagent/crypto/encoding.h"
#include "kmsagent/kms/policy-parts.h"
#include "kmsagent/kms/policy-values.h"

enum order { BELOW = 1, SAME = 2, ABOVE = 4 };

struct policy_operator {
	const char *name;
	bool is_negated;
	bool is_wild;
	bool fold_case;
	unsigned orders; /* that hold, of numbers and dates */
	/* What a policy's value must look like; NULL: any text. */
	bool (*read)(const char *text, struct policy_value *v);
	/* Its text, variables filled in, against the request's: 1, 0, errno. */
	int (*test)(const struct policy_operator *op,
		    const struct policy_value *v, const char *text,
		    const char *have);
};

static bool read_number(const char *text, struct policy_value *v)
{
	return policy_read_number(text, &v->number);
}

static bool read_time(const char *text, struct policy_value *v)
{
	return policy_read_time_ms(text, &v->time_ms);
}

static bool read_truth(const char *text, struct policy_value *v)
{
	return policy_read_truth(text, &v->truth);
}

static bool read_net(const char *text, struct policy_value *v)
{
	return policy_read_net(text, &v->net);
}

/* Six fields, or '*' for all of them. */
static bool read_arn(const char *text, struct policy_value *v)
{
	unsigned colons = 0;

	(void)v;
	for (const char *p = text; *p; p++)
		colons += *p == ':';
	return colons >= 5 || strcmp(text, "*") == 0;
}

static bool read_binary(const char *text, struct policy_value *v)
{
	size_t len = strlen(text), i = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						    "abcdefghijklmnopqrstuvwxyz"
						    "0123456789+/");

	(void)v;
	return len % 4 == 0 && len - i <= 2 && strspn(text + i, "=") == len - i;
}

static int test_text(const struct policy_operator *op,
		     const struct policy_value *v, const char *text,
		     const char *have)
{
	(void)v;
	return policy_glob(text, text + strlen(text), have, have + strlen(have),
			   op->fold_case);
}

static int test_number(const struct policy_operator *op,
		       const struct policy_value *v, const char *text,
		       const char *have)
{
	double n;

	(void)text;
	if (!policy_read_number(have, &n))
		return -EBADMSG;
	return !!(op->orders & (n < v->number	? BELOW
				: n > v->number ? ABOVE
						: SAME));
}

static int test_time(const struct policy_operator *op,
		     const struct policy_value *v, const char *text,
		     const char *have)
{
	int64_t t;

	(void)text;
	if (!policy_read_time_ms(have, &t))
		return -EBADMSG;
	return !!(op->orders & (t < v->time_ms	 ? BELOW
				: t > v->time_ms ? ABOVE
						 : SAME));
}

static int test_truth(const struct policy_operator *op,
		      const struct policy_value *v, const char *text,
		      const char *have)
{
	bool truth;

	(void)op;
	(void)text;
	if (!policy_read_truth(have, &truth))
		return -EBADMSG;
	return truth == v->truth;
}

static int test_net(const struct policy_operator *op,
		    const struct policy_value *v, const char *text,
		    const char *have)
{
	struct policy_net host;

	(void)op;
	(void)text;
	if (!policy_read_net(have, &host))
		return -EBADMSG;
	return policy_net_has(&v->net, &host);
}

/* Field by field; the last one may have colons in it. */
static int test_arn(const struct policy_operator *op,
		    const struct policy_value *v, const char *text,
		    const char *have)
{
	const char *p = text, *s = have;
	int matches = 1;

	(void)op;
	(void)v;
	if (strncmp(have, "arn:", 4) != 0)
		return -EBADMSG;
	if (text[0] == PATTERN_ANY && !text[1])
		return 1;
	for (int field = 0; field < 6; field++) {
		const char *p_end = field < 5 ? strchr(p, ':') : NULL;
		const char *s_end = field < 5 ? strchr(s, ':') : NULL;

		if (field < 5 && !s_end)
			return -EBADMSG;
		if (field < 5 && !p_end)
			return 0;
		p_end = p_end ? p_end : p + strlen(p);
		s_end = s_end ? s_end : s + strlen(s);
		if (!policy_glob(p, p_end, s, s_end, false))
			matches = 0;
		p = p_end + 1;
		s = s_end + 1;
	}
	return matches;
}

#define NOT  .is_negated = true
#define WILD .is_wild = true
#define FOLD .fold_case = true

static const struct policy_operator operators[] = {
	{"StringEquals", .test = test_text},
	{"StringNotEquals", NOT, .test = test_text},
	{"StringEqualsIgnoreCase", FOLD, .test = test_text},
	{"StringNotEqualsIgnoreCase", NOT, FOLD, .test = test_text},
	{"StringLike", WILD, .test = test_text},
	{"StringNotLike", NOT, WILD, .test = test_text},
	{"NumericEquals", false, false, false, SAME, read_number, test_number},
	{"NumericNotEquals", true, false, false, SAME, read_number,
	 test_number},
	{"NumericLessThan", false, false, false, BELOW, read_number,
	 test_number},
	{"NumericLessThanEquals", false, false, false, BELOW | SAME,
	 read_number, test_number},
	{"NumericGreaterThan", false, false, false, ABOVE, read_number,
	 test_number},
	{"NumericGreaterThanEquals", false, false, false, ABOVE | SAME,
	 read_number, test_number},
	{"DateEquals", false, false, false, SAME, read_time, test_time},
	{"DateNotEquals", true, false, false, SAME, read_time, test_time},
	{"DateLessThan", false, false, false, BELOW, read_time, test_time},
	{"DateLessThanEquals", false, false, false, BELOW | SAME, read_time,
	 test_time},
	{"DateGreaterThan", false, false, false, ABOVE, read_time, test_time},
	{"DateGreaterThanEquals", false, false, false, ABOVE | SAME, read_time,
	 test_time},
	{"Bool", .read = read_truth, .test = test_truth},
	{"BinaryEquals", .read = read_binary, .test = test_text},
	{"IpAddress", .read = read_net, .test = test_net},
	{"NotIpAddress", NOT, .read = read_net, .test = test_net},
	{"ArnEquals", WILD, .read = read_arn, .test = test_arn},
	{"ArnLike", WILD, .read = read_arn, .test = test_arn},
	{"ArnNotEquals", NOT, WILD, .read = read_arn, .test = test_arn},
	{"ArnNotLike", NOT, WILD, .read = read_arn, .test = test_arn},
	/* Of the key itself, not its values: see policy_condition_holds(). */
	{"Null", .read = read_truth},
};

/* "ForAnyValue:StringLikeIfExists" and the like. */
static bool find_operator(const char *name, struct policy_condition *ret)
{
	static const char if_exists[] = "IfExists";
	static const struct {
		const char *prefix;
		enum policy_set set;
	} sets[] = {{"ForAllValues:", POLICY_SET_ALL},
		    {"ForAnyValue:", POLICY_SET_ANY}};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (strncmp(name, sets[i].prefix, strlen(sets[i].prefix)) ==
		    0) {
			name += strlen(sets[i].prefix);
			ret->set = sets[i].set;
			break;
		}
	for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
		size_t len = strlen(operators[i].name);

		if (strncmp(name, operators[i].name, len) != 0)
			continue;
		ret->if_exists = strcmp(name + len, if_exists) == 0;
		ret->op = &operators[i];
		if (!name[len] || (ret->if_exists && ret->op->test))
			return true;
	}
	return false;
}

static int compile_value(struct kms_rules *rules, const cJSON *j,
			 const struct policy_operator *op,
			 struct policy_value *v)
{
	char number[32];
	const char *text;
	int r;

	if (cJSON_IsString(j)) {
		text = j->valuestring;
	} else if (cJSON_IsBool(j)) {
		text = cJSON_IsTrue(j) ? "true" : "false";
	} else if (cJSON_IsNumber(j)) {
		snprintf(number, sizeof(number), "%.15g", j->valuedouble);
		text = number;
	} else {
		return -EBADMSG;
	}
	if (op->read && !op->read(text, v))
		return -EBADMSG;
	r = policy_pattern_compile(rules, text, op->is_wild, &v->pattern);
	return r;
}

static int compile_key(struct kms_rules *rules, const cJSON *j,
		       struct policy_condition *c)
{
	const cJSON *first = cJSON_IsArray(j) ? j->child : j;
	const cJSON *last = cJSON_IsArray(j) ? NULL : j->next;
	size_t n = cJSON_IsArray(j) ? (size_t)cJSON_GetArraySize(j) : 1;
	const char *name = policy_copy(rules, j->string);

	c->values = policy_alloc(rules, n, sizeof(*c->values));
	if (!c->values || !name)
		return -ENOMEM;
	c->key.id = kms_condition_find(name, &c->key.rest);
	for (const cJSON *item = first; item != last; item = item->next) {
		int r = compile_value(rules, item, c->op,
				      &c->values[c->count++]);

		if (r < 0)
			return r;
	}
	return 0;
}

int policy_condition_compile(struct kms_rules *rules, const cJSON *j,
			     struct policy_condition **list, char *why,
			     size_t why_len)
{
	const cJSON *op, *key;

	cJSON_ArrayForEach(op, j)
	{
		struct policy_condition found = {0};

		if (!find_operator(op->string, &found)) {
			snprintf(why, why_len, "there is no operator %.60s",
				 op->string);
			return -EBADMSG;
		}
		if (!cJSON_IsObject(op)) {
			snprintf(why, why_len, "%s needs an object",
				 op->string);
			return -EBADMSG;
		}
		cJSON_ArrayForEach(key, op)
		{
			struct policy_condition *c =
				policy_alloc(rules, 1, sizeof(*c));
			int r;

			if (!c)
				return -ENOMEM;
			*c = found;
			r = compile_key(rules, key, c);
			if (r == -EBADMSG)
				snprintf(why, why_len,
					 "%s of %.60s has a value that is "
					 "none of its type",
					 op->string, key->string);
			if (r < 0)
				return r;
			c->next = *list;
			*list = c;
		}
	}
	return 0;
}

/* Any of the policy's values against one of the request's. */
static int any_value(const struct kms_rules *rules,
		     const struct kms_access *access,
		     const struct policy_condition *c, const char *have)
{
	char buf[PATTERN_MAX_EXPANDED];

	for (size_t i = 0; i < c->count; i++) {
		const struct policy_value *v = &c->values[i];
		const char *text;
		int r = policy_pattern_fill(rules, access, &v->pattern, buf,
					    &text);

		if (r > 0)
			r = c->op->test(c->op, v, text, have);
		if (r != 0)
			return r;
	}
	return 0;
}

static int is_null(const struct kms_access *access,
		   const struct policy_condition *c)
{
	char scratch[KMS_CONDITION_SCRATCH];
	const char *have;
	int r = access->condition(access->userdata, c->key.id, c->key.rest, 0,
				  scratch, &have);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->count; i++)
		if (c->values[i].truth == (r == 0))
			return 1;
	return 0;
}

/*
 * A key with several values and an operator without a prefix: one that
 * matches is enough, and none may where the operator is negated.
 */
int policy_condition_holds(const struct kms_rules *rules,
			   const struct kms_access *access,
			   const struct policy_condition *c)
{
	bool all = true, any = false, negated = c->op->is_negated;
	char scratch[KMS_CONDITION_SCRATCH];
	const char *have;
	size_t n = 0;

	if (!c->op->test)
		return is_null(access, c);
	for (;; n++) {
		int r = access->condition(access->userdata, c->key.id,
					  c->key.rest, n, scratch, &have);

		if (r == 0)
			break;
		if (r > 0)
			r = any_value(rules, access, c, have);
		if (r < 0)
			return r;
		if ((r > 0) != negated)
			any = true;
		else
			all = false;
	}
	if (n == 0)
		return c->if_exists || c->set == POLICY_SET_ALL ||
		       (negated && c->set != POLICY_SET_ANY);
	if (c->set == POLICY_SET_NONE)
		return negated ? all : any;
	return c->set == POLICY_SET_ALL ? all : any;
}
