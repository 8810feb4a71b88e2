/* SPDX-License-Identifier: MIT */
/*
 * Texts with wildcards and policy variables.
 * Source: IAM User Guide, "IAM policy elements: Variables and tags".
 */
#include <ctype.h>
#include <string.h>

#include "kmsagent/kms/policy-parts.h"

#define MAX_VARIABLES 200 /* a policy; their numbers fit a byte */

/* "aws:username" or "aws:PrincipalTag/team, 'none'", without braces. */
static int add_variable(struct kms_rules *rules, const char *text, size_t len,
			char *ret_number)
{
	struct policy_variable *v = policy_alloc(rules, 1, sizeof(*v));
	struct policy_variable **end = &rules->variables;
	char *name = policy_alloc(rules, len + 1, 1);
	char *comma, *quote;

	if (!v || !name)
		return -ENOMEM;
	memcpy(name, text, len);
	comma = strchr(name, ',');
	if (comma) {
		*comma++ = '\0';
		while (*comma == ' ')
			comma++;
		quote = *comma == '\'' ? strchr(comma + 1, '\'') : NULL;
		if (!quote || quote[1])
			return -EBADMSG;
		*quote = '\0';
		v->fallback = comma + 1;
	}
	if (!strchr(name, ':') || rules->nvariables == MAX_VARIABLES)
		return -EBADMSG;
	v->key.id = kms_condition_find(name, &v->key.rest);
	while (*end)
		end = &(*end)->next;
	*end = v;
	*ret_number = (char)(PATTERN_MAX_SPECIAL + rules->nvariables++);
	return 0;
}

/* At "${": write what it stands for, and move behind it. */
static int compile_variable(struct kms_rules *rules, const char **text,
			    char **out, bool *has_variables)
{
	const char *start = *text + 2;
	const char *end = strchr(start, '}');
	int r;

	if (!end)
		return -EBADMSG;
	*text = end + 1;
	/* ${*}, ${?} and ${$} are the characters themselves. */
	if (end == start + 1 && strchr("*?$", *start)) {
		*(*out)++ = *start;
		return 0;
	}
	*(*out)++ = PATTERN_VARIABLE;
	*has_variables = true;
	r = add_variable(rules, start, (size_t)(end - start), *out);
	(*out)++;
	return r;
}

int policy_pattern_compile(struct kms_rules *rules, const char *text, bool wild,
			   struct policy_pattern *ret)
{
	char *out = policy_alloc(rules, strlen(text) + 1, 1);
	bool has_variables = false;

	if (!out)
		return -ENOMEM;
	ret->text = out;
	while (*text) {
		if ((unsigned char)*text < ' ')
			return -EBADMSG;
		if (rules->has_variables_version && text[0] == '$' &&
		    text[1] == '{') {
			int r = compile_variable(rules, &text, &out,
						 &has_variables);

			if (r < 0)
				return r;
			continue;
		}
		*out++ = wild && *text == '*'	? PATTERN_ANY
			 : wild && *text == '?' ? PATTERN_ONE
						: *text;
		text++;
	}
	ret->has_variables = has_variables;
	return 0;
}

/* The value of variable @number at @out. */
static int fill_variable(const struct kms_rules *rules,
			 const struct kms_access *access, unsigned char number,
			 char **out, const char *out_end)
{
	const struct policy_variable *v = rules->variables;
	char scratch[KMS_CONDITION_SCRATCH];
	const char *value = NULL;
	int r = 0;

	for (number -= PATTERN_MAX_SPECIAL; number > 0; number--)
		v = v->next;
	if (access->condition)
		r = access->condition(access->userdata, v->key.id, v->key.rest,
				      0, scratch, &value);
	if (r < 0)
		return r;
	if (r == 0)
		value = v->fallback;
	if (!value)
		return 0;
	for (; *value; value++) {
		if ((unsigned char)*value < ' ')
			return -EILSEQ;
		if (*out == out_end)
			return -ENAMETOOLONG;
		*(*out)++ = *value;
	}
	return 1;
}

int policy_pattern_fill(const struct kms_rules *rules,
			const struct kms_access *access,
			const struct policy_pattern *p,
			char buf[PATTERN_MAX_EXPANDED], const char **ret)
{
	const char *end = buf + PATTERN_MAX_EXPANDED - 1;
	char *out = buf;

	*ret = p->text;
	if (!p->has_variables)
		return 1;
	for (const char *s = p->text; *s; s++) {
		if (*s == PATTERN_VARIABLE) {
			int r = fill_variable(rules, access,
					      (unsigned char)*++s, &out, end);

			if (r <= 0)
				return r;
			continue;
		}
		if (out == end)
			return -ENAMETOOLONG;
		*out++ = *s;
	}
	*out = '\0';
	*ret = buf;
	return 1;
}

static bool is_same(char a, char b, bool fold_case)
{
	return a == b || (fold_case && tolower((unsigned char)a) ==
					       tolower((unsigned char)b));
}

/* Behind the character at @s, of which '?' takes the whole. */
static const char *next(const char *s, const char *s_end)
{
	do
		s++;
	while (s < s_end && ((unsigned char)*s & 0xc0) == 0x80);
	return s;
}

/* In the worst case the product of both lengths: only the last star is ever
 * gone back to. */
bool policy_glob(const char *p, const char *p_end, const char *s,
		 const char *s_end, bool fold_case)
{
	const char *star = NULL, *again = NULL;

	while (s < s_end) {
		if (p < p_end && *p == PATTERN_ANY) {
			star = p++;
			again = s;
		} else if (p < p_end && *p == PATTERN_ONE) {
			p++;
			s = next(s, s_end);
		} else if (p < p_end && is_same(*p, *s, fold_case)) {
			p++;
			s++;
		} else if (star) {
			p = star + 1;
			s = again = next(again, s_end);
		} else {
			return false;
		}
	}
	while (p < p_end && *p == PATTERN_ANY)
		p++;
	return p == p_end;
}

int policy_pattern_match(const struct kms_rules *rules,
			 const struct kms_access *access,
			 const struct policy_pattern *p, const char *s,
			 bool fold_case)
{
	char buf[PATTERN_MAX_EXPANDED];
	const char *text;
	int r = policy_pattern_fill(rules, access, p, buf, &text);

	if (r <= 0)
		return r;
	return policy_glob(text, text + strlen(text), s, s + strlen(s),
			   fold_case);
}
