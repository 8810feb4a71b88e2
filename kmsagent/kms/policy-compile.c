/* SPDX-License-Identifier: MIT */
/*
 * A policy document becomes rules: the grammar, table by table.
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language".
 */
#include <ctype.h>
#include <string.h>

#include "kmsagent/base/arn.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/policy-parts.h"
#include "kmsagent/kms/principal.h"

#define MEMBERS_MAX 512 /* of one object: looking for doubles is quadratic */
#define SYNTAX	    "Syntax errors in policy: "
#define INVALID	    "Policy contains a statement with "

/* What is being compiled, and where to say what is wrong. */
struct compiling {
	struct kms_rules *rules;
	const cJSON *j;	 /* the statement */
	size_t number;	 /* its, from 1; 0: not in one */
	char detail[96]; /* "": none */
	char *why;
};

void *policy_alloc(struct kms_rules *rules, size_t count, size_t size)
{
	struct policy_block *b;
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*b), &bytes))
		return NULL;
	b = calloc(1, bytes);
	if (!b)
		return NULL;
	b->next = rules->blocks;
	rules->blocks = b;
	return b->bytes;
}

char *policy_copy(struct kms_rules *rules, const char *text)
{
	char *copy = policy_alloc(rules, strlen(text) + 1, 1);

	return copy ? strcpy(copy, text) : NULL;
}

void kms_rules_free(struct kms_rules *rules)
{
	struct policy_block *next;

	if (!rules)
		return;
	for (struct policy_block *b = rules->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(rules);
}

void kms_rules_freep(struct kms_rules **rules)
{
	kms_rules_free(*rules);
}

static const cJSON *get(const cJSON *j, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(j, name);
}

static int malformed(struct compiling *c, const char *sentence)
{
	const cJSON *sid = get(c->j, "Sid");
	char where[64] = "";

	if (c->number)
		snprintf(where, sizeof(where), " Statement %zu", c->number);
	if (c->number && cJSON_IsString(sid))
		snprintf(where, sizeof(where), " Statement %zu (%.30s)",
			 c->number, sid->valuestring);
	snprintf(c->why, KMS_RULES_WHY_BYTES, "%s%s%s%s%s", sentence, where,
		 *c->detail ? ": " : "", c->detail, *where ? "." : "");
	return -EBADMSG;
}

/* A word of @words, which end with NULL. */
static bool is_one_of(const char *s, const char *const *words)
{
	while (*words && strcmp(*words, s) != 0)
		words++;
	return *words;
}

static bool has_only(const cJSON *j, const char *const *words)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, j)
	{
		if (!is_one_of(m->string, words))
			return false;
	}
	return true;
}

/* A name twice in one object, at any depth: two readers may see two
 * different policies. */
static bool is_ambiguous(const cJSON *j)
{
	const cJSON *m;

	if (cJSON_IsObject(j) && cJSON_GetArraySize(j) > MEMBERS_MAX)
		return true;
	cJSON_ArrayForEach(m, j)
	{
		const cJSON *n = cJSON_IsObject(j) ? m->next : NULL;

		for (; n; n = n->next)
			if (strcmp(m->string, n->string) == 0)
				return true;
		if (is_ambiguous(m))
			return true;
	}
	return false;
}

static size_t strings_count(const cJSON *j)
{
	return cJSON_IsArray(j) ? (size_t)cJSON_GetArraySize(j) : 1;
}

static const cJSON *strings_first(const cJSON *j)
{
	return cJSON_IsArray(j) ? j->child : j;
}

static const cJSON *strings_next(const cJSON *j, const cJSON *item)
{
	return cJSON_IsArray(j) ? item->next : NULL;
}

/* "*", or "service:Name" with wildcards in it. */
static bool is_action(const char *s)
{
	const char *colon = strchr(s, ':');

	if (strcmp(s, "*") == 0)
		return true;
	if (!colon || colon == s || !colon[1])
		return false;
	for (const char *p = s; *p; p++)
		if (p != colon && !isalnum((unsigned char)*p) &&
		    !strchr("*?-", *p))
			return false;
	return true;
}

static bool is_text(const char *s)
{
	return *s;
}

/* Element @name or Not@name: a string or a list of them, all @valid. */
static int compile_patterns(struct compiling *c, const char *name,
			    const char *not_name, bool (*valid)(const char *s),
			    struct policy_patterns *ret)
{
	const cJSON *j = get(c->j, name);
	size_t n;

	ret->is_not = !j;
	if (!j)
		j = get(c->j, not_name);
	if (!j)
		return 0;
	n = strings_count(j);
	ret->is_given = true;
	ret->list = policy_alloc(c->rules, n, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	if (n == 0)
		return -EBADMSG;
	for (const cJSON *s = strings_first(j); s; s = strings_next(j, s)) {
		int r;

		if (!cJSON_IsString(s) || !valid(s->valuestring))
			return -EBADMSG;
		r = policy_pattern_compile(c->rules, s->valuestring, true,
					   &ret->list[ret->count++]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Everybody, an account, or who can sign; a wildcard does not stand for part
 * of a principal. */
static bool read_aws(const char *text, struct policy_principal *p)
{
	struct arn arn;

	if (strcmp(text, "*") == 0) {
		p->kind = POLICY_PRINCIPAL_ALL;
		return true;
	}
	if (arn_account_is_valid(text)) {
		p->kind = POLICY_PRINCIPAL_ACCOUNT;
		memcpy(p->account, text, sizeof(p->account));
		return true;
	}
	if (!kms_principal_is_valid(text) || arn_parse(text, &arn) < 0)
		return false;
	memcpy(p->account, arn.account, sizeof(p->account));
	p->kind = strcmp(arn.resource, "root") == 0 ? POLICY_PRINCIPAL_ACCOUNT
		  : strncmp(arn.resource, "role/", 5) == 0
			  ? POLICY_PRINCIPAL_ROLE
			  : POLICY_PRINCIPAL_ARN;
	return true;
}

/* "ec2.amazonaws.com". */
static bool read_service(const char *s, struct policy_principal *p)
{
	p->kind = POLICY_PRINCIPAL_OTHER;
	for (const char *c = s; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '.' && *c != '-')
			return false;
	return strchr(s, '.') && *s != '.';
}

static bool read_other(const char *s, struct policy_principal *p)
{
	p->kind = POLICY_PRINCIPAL_OTHER;
	return *s;
}

static int add_principal(struct compiling *c, struct policy_statement *s,
			 const cJSON *text,
			 bool (*read)(const char *s,
				      struct policy_principal *p))
{
	struct policy_principal *p = policy_alloc(c->rules, 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	if (!cJSON_IsString(text) || !read(text->valuestring, p)) {
		if (cJSON_IsString(text))
			snprintf(c->detail, sizeof(c->detail), "%.80s",
				 text->valuestring);
		return -EBADMSG;
	}
	p->text = policy_copy(c->rules, text->valuestring);
	p->next = s->principals;
	s->principals = p;
	return p->text ? 0 : -ENOMEM;
}

static int compile_principals(struct compiling *c, struct policy_statement *s)
{
	static const struct {
		const char *type;
		bool (*read)(const char *s, struct policy_principal *p);
	} types[] = {{"AWS", read_aws},
		     {"Service", read_service},
		     {"Federated", read_other},
		     {"CanonicalUser", read_other}};
	const cJSON *j = get(c->j, "Principal"), *m;

	s->is_not_principal = !j;
	if (!j)
		j = get(c->j, "NotPrincipal");
	if (cJSON_IsString(j) && strcmp(j->valuestring, "*") == 0)
		return add_principal(c, s, j, read_aws);
	if (!cJSON_IsObject(j) || !j->child)
		return -EBADMSG;
	cJSON_ArrayForEach(m, j)
	{
		size_t i = 0;
		int r = strings_count(m) ? 0 : -EBADMSG;

		while (i < ARRAY_SIZE(types) &&
		       strcmp(types[i].type, m->string) != 0)
			i++;
		if (i == ARRAY_SIZE(types))
			r = -EBADMSG;
		for (const cJSON *t = strings_first(m); r == 0 && t;
		     t = strings_next(m, t))
			r = add_principal(c, s, t, types[i].read);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_elements(struct compiling *c)
{
	static const char *const names[] = {
		"Sid",	     "Effect",	  "Principal", "NotPrincipal",
		"Action",    "NotAction", "Resource",  "NotResource",
		"Condition", NULL};
	static const char *const pairs[][2] = {{"Principal", "NotPrincipal"},
					       {"Action", "NotAction"},
					       {"Resource", "NotResource"}};
	bool is_good = has_only(c->j, names);

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (get(c->j, pairs[i][0]) && get(c->j, pairs[i][1]))
			is_good = false;
	if (is_good)
		return 0;
	return malformed(
		c,
		SYNTAX "a statement has only Sid, Effect, Principal, Action, "
		       "Resource, their Not... and Condition, and one of each "
		       "pair.");
}

static int check_effect(struct compiling *c, struct policy_statement *s)
{
	const cJSON *effect = get(c->j, "Effect");

	s->is_deny = cJSON_IsString(effect) &&
		     strcmp(effect->valuestring, "Deny") == 0;
	if (s->is_deny || (cJSON_IsString(effect) &&
			   strcmp(effect->valuestring, "Allow") == 0))
		return 0;
	return malformed(c, SYNTAX "Effect must be Allow or Deny.");
}

static int compile_who(struct compiling *c, struct policy_statement *s)
{
	bool is_given = get(c->j, "Principal") || get(c->j, "NotPrincipal");
	int r;

	if (c->rules->kind == KMS_RULES_OF_IDENTITY)
		return is_given ? malformed(c,
					    SYNTAX "an identity policy has no "
						   "Principal.")
				: 0;
	if (!is_given)
		return malformed(c, SYNTAX "each statement of a key policy "
					   "needs a Principal.");
	if (get(c->j, "NotPrincipal") && !s->is_deny)
		return malformed(c, SYNTAX "NotPrincipal goes with Deny only.");
	r = compile_principals(c, s);
	return r == -EBADMSG
		       ? malformed(c, INVALID "one or more invalid principals.")
		       : r;
}

static int compile_what(struct compiling *c, struct policy_statement *s)
{
	int r = compile_patterns(c, "Action", "NotAction", is_action,
				 &s->actions);

	if (r == -EBADMSG)
		return malformed(c, INVALID "one or more invalid actions.");
	if (r == 0)
		r = compile_patterns(c, "Resource", "NotResource", is_text,
				     &s->resources);
	if (r == -EBADMSG)
		return malformed(c, SYNTAX "Sid, Id and Resource must be "
					   "strings, Resource also a list.");
	s->is_inert = !s->actions.is_given || !s->resources.is_given;
	if (r == 0 && s->is_inert && c->rules->kind == KMS_RULES_OF_IDENTITY)
		return malformed(c, SYNTAX "each statement of an identity "
					   "policy needs Action and "
					   "Resource.");
	return r;
}

static int compile_condition(struct compiling *c, struct policy_statement *s)
{
	const cJSON *j = get(c->j, "Condition");
	int r;

	if (!j)
		return 0;
	r = cJSON_IsObject(j)
		    ? policy_condition_compile(c->rules, j, &s->conditions,
					       c->detail, sizeof(c->detail))
		    : -EBADMSG;
	return r == -EBADMSG ? malformed(c, INVALID "an invalid condition.")
			     : r;
}

static int compile_statement(struct compiling *c, struct policy_statement *s)
{
	const cJSON *sid = get(c->j, "Sid");
	int r;

	if (!cJSON_IsObject(c->j))
		return malformed(c, SYNTAX "Statement must be one statement "
					   "or a list of them.");
	r = check_elements(c);
	if (r == 0 && sid && !cJSON_IsString(sid))
		r = malformed(c, SYNTAX "Sid, Id and Resource must be "
					"strings, Resource also a list.");
	if (r == 0)
		r = check_effect(c, s);
	if (r == 0)
		r = compile_who(c, s);
	if (r == 0)
		r = compile_what(c, s);
	if (r == 0)
		r = compile_condition(c, s);
	if (r == 0 && sid) {
		s->sid = policy_copy(c->rules, sid->valuestring);
		if (!s->sid)
			return -ENOMEM;
	}
	return r;
}

static int compile_document(struct compiling *c, const cJSON *j)
{
	static const char *const names[] = {"Version", "Id", "Statement", NULL};
	static const char *const versions[] = {"2008-10-17", "2012-10-17",
					       NULL};
	const cJSON *version = get(j, "Version"), *id = get(j, "Id");
	const cJSON *list = get(j, "Statement");
	struct kms_rules *rules = c->rules;
	int r = 0;

	if (!has_only(j, names))
		return malformed(c, SYNTAX "a policy has only Version, Id "
					   "and Statement.");
	if (version && (!cJSON_IsString(version) ||
			!is_one_of(version->valuestring, versions)))
		return malformed(c, SYNTAX "Version must be 2012-10-17 or "
					   "2008-10-17.");
	if (id && !cJSON_IsString(id))
		return malformed(c, SYNTAX "Sid, Id and Resource must be "
					   "strings, Resource also a list.");
	if (!list || strings_count(list) == 0)
		return malformed(c, SYNTAX "Statement must be one statement "
					   "or a list of them.");
	rules->has_variables_version =
		version && strcmp(version->valuestring, versions[1]) == 0;
	rules->statements = policy_alloc(rules, strings_count(list),
					 sizeof(*rules->statements));
	if (!rules->statements)
		return -ENOMEM;
	for (c->j = strings_first(list); r == 0 && c->j;
	     c->j = strings_next(list, c->j)) {
		c->number = rules->count + 1;
		r = compile_statement(c, &rules->statements[rules->count++]);
	}
	return r;
}

int kms_rules_compile(const char *text, enum kms_rules_kind kind,
		      struct kms_rules **ret, char why[KMS_RULES_WHY_BYTES])
{
	_cleanup_(kms_rules_freep) struct kms_rules *rules =
		calloc(1, sizeof(*rules));
	struct compiling c = {.rules = rules, .why = why};
	_json_ cJSON *j = NULL;
	int r = rules ? json_parse_object(text, strlen(text), &j) : -ENOMEM;

	if (r == 0 && is_ambiguous(j))
		r = -EBADMSG;
	if (r == -EBADMSG)
		return malformed(&c, SYNTAX "it is not one JSON object with "
					    "each name once.");
	if (r < 0)
		return r;
	rules->kind = kind;
	r = compile_document(&c, j);
	if (r == 0)
		*ret = take_ptr(rules);
	return r;
}
