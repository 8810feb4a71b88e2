/* SPDX-License-Identifier: MIT */
/* Policy documents: the grammar, table by table. */
#include "kmsagent/kms/policy.h"

#include <ctype.h>
#include <string.h>

#include "kmsagent/base/arn.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/principal.h"

#define SYNTAX "Syntax errors in policy: "
static const char not_json[] = SYNTAX "it is not one JSON object.";
static const char unknown_member[] =
	SYNTAX "a policy has only Version, Id and Statement.";
static const char bad_version[] =
	SYNTAX "Version must be 2012-10-17 or 2008-10-17.";
static const char no_statement[] =
	SYNTAX "Statement must be one statement or a list of them.";
static const char unknown_element[] =
	SYNTAX "a statement has only Sid, Effect, Principal, NotPrincipal, "
	       "Action, NotAction, Resource, NotResource and Condition, and "
	       "one of each pair.";
static const char bad_effect[] = SYNTAX "Effect must be Allow or Deny.";
static const char no_principal[] =
	SYNTAX "each statement of a key policy needs a Principal.";
static const char bad_principal[] =
	"Policy contains a statement with one or more invalid principals.";
static const char bad_action[] =
	"Policy contains a statement with one or more invalid actions.";
static const char bad_text[] =
	SYNTAX "Sid, Id and Resource must be strings, Resource also a list.";
static const char bad_condition[] =
	"Policy contains a statement with an invalid condition.";

/* A word of @words, which end with NULL. */
static bool is_one_of(const char *s, const char *const *words)
{
	while (*words && strcmp(*words, s) != 0)
		words++;
	return *words;
}

/* A string, or a list of strings, that all are @valid (NULL: any). */
static bool all_strings(const cJSON *j, bool (*valid)(const char *s))
{
	const cJSON *item;

	if (cJSON_IsString(j))
		return !valid || valid(j->valuestring);
	if (!cJSON_IsArray(j) || !j->child)
		return false;
	cJSON_ArrayForEach(item, j)
	{
		if (!cJSON_IsString(item) ||
		    (valid && !valid(item->valuestring)))
			return false;
	}
	return true;
}

/* Everybody, an account by its number, or who can sign; a wildcard does not
 * stand for part of a principal. */
static bool is_aws_principal(const char *s)
{
	return strcmp(s, "*") == 0 || arn_account_is_valid(s) ||
	       kms_principal_is_valid(s);
}

/* "ec2.amazonaws.com". */
static bool is_service(const char *s)
{
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-')
			return false;
	return strchr(s, '.') && *s != '.';
}

static bool is_text(const char *s)
{
	return *s;
}

static bool principal_is_valid(const cJSON *j)
{
	static const struct {
		const char *type;
		bool (*valid)(const char *s);
	} types[] = {{"AWS", is_aws_principal},
		     {"Service", is_service},
		     {"Federated", is_text},
		     {"CanonicalUser", is_text}};
	const cJSON *m;

	if (cJSON_IsString(j))
		return strcmp(j->valuestring, "*") == 0;
	if (!cJSON_IsObject(j) || !j->child)
		return false;
	cJSON_ArrayForEach(m, j)
	{
		size_t i = 0;

		while (i < ARRAY_SIZE(types) &&
		       strcmp(types[i].type, m->string) != 0)
			i++;
		if (i == ARRAY_SIZE(types) || !all_strings(m, types[i].valid))
			return false;
	}
	return true;
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

/* "ForAnyValue:StringLikeIfExists" and the like. */
static bool is_operator(const char *s)
{
	static const char *const names[] = {"StringEquals",
					    "StringNotEquals",
					    "StringEqualsIgnoreCase",
					    "StringNotEqualsIgnoreCase",
					    "StringLike",
					    "StringNotLike",
					    "NumericEquals",
					    "NumericNotEquals",
					    "NumericLessThan",
					    "NumericLessThanEquals",
					    "NumericGreaterThan",
					    "NumericGreaterThanEquals",
					    "DateEquals",
					    "DateNotEquals",
					    "DateLessThan",
					    "DateLessThanEquals",
					    "DateGreaterThan",
					    "DateGreaterThanEquals",
					    "Bool",
					    "BinaryEquals",
					    "IpAddress",
					    "NotIpAddress",
					    "ArnEquals",
					    "ArnLike",
					    "ArnNotEquals",
					    "ArnNotLike",
					    NULL};
	static const char *const sets[] = {"ForAllValues:", "ForAnyValue:"};
	static const char if_exists[] = "IfExists";
	char name[64];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (strncmp(s, sets[i], strlen(sets[i])) == 0) {
			s += strlen(sets[i]);
			break;
		}
	if (strcmp(s, "Null") == 0)
		return true;
	n = strlen(s);
	if (n > strlen(if_exists) &&
	    strcmp(s + n - strlen(if_exists), if_exists) == 0)
		n -= strlen(if_exists);
	if (n >= sizeof(name))
		return false;
	memcpy(name, s, n);
	name[n] = '\0';
	return is_one_of(name, names);
}

static bool is_scalar(const cJSON *j)
{
	return cJSON_IsString(j) || cJSON_IsBool(j) || cJSON_IsNumber(j);
}

static bool condition_is_valid(const cJSON *j)
{
	const cJSON *op, *key, *value;

	if (!cJSON_IsObject(j))
		return false;
	cJSON_ArrayForEach(op, j)
	{
		if (!cJSON_IsObject(op) || !is_operator(op->string))
			return false;
		cJSON_ArrayForEach(key, op)
		{
			if (is_scalar(key))
				continue;
			if (!cJSON_IsArray(key))
				return false;
			cJSON_ArrayForEach(value, key)
			{
				if (!is_scalar(value))
					return false;
			}
		}
	}
	return true;
}

static const cJSON *get(const cJSON *j, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(j, name);
}

/* One of a pair like Action and NotAction, NULL: neither. */
static const cJSON *get_either(const cJSON *j, const char *name,
			       const char *not_name)
{
	const cJSON *m = get(j, name);

	return m ? m : get(j, not_name);
}

static const char *check_names(const cJSON *j)
{
	static const char *const names[] = {
		"Sid",	     "Effect",	  "Principal", "NotPrincipal",
		"Action",    "NotAction", "Resource",  "NotResource",
		"Condition", NULL};
	static const char *const pairs[][2] = {{"Principal", "NotPrincipal"},
					       {"Action", "NotAction"},
					       {"Resource", "NotResource"}};
	const cJSON *m;

	cJSON_ArrayForEach(m, j)
	{
		if (!is_one_of(m->string, names))
			return unknown_element;
	}
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (get(j, pairs[i][0]) && get(j, pairs[i][1]))
			return unknown_element;
	return NULL;
}

/* What is wrong with a statement; NULL: nothing.  One without Action or
 * Resource is taken, and has no effect. */
static const char *check_statement(const cJSON *j)
{
	const cJSON *effect = get(j, "Effect");
	const cJSON *principal = get_either(j, "Principal", "NotPrincipal");
	const cJSON *action = get_either(j, "Action", "NotAction");
	const cJSON *resource = get_either(j, "Resource", "NotResource");
	const cJSON *condition = get(j, "Condition");
	const char *why;

	if (!cJSON_IsObject(j))
		return no_statement;
	why = check_names(j);
	if (why)
		return why;
	if (!cJSON_IsString(effect) ||
	    (strcmp(effect->valuestring, "Allow") != 0 &&
	     strcmp(effect->valuestring, "Deny") != 0))
		return bad_effect;
	if (!principal)
		return no_principal;
	if (!principal_is_valid(principal))
		return bad_principal;
	if (action && !all_strings(action, is_action))
		return bad_action;
	if ((resource && !all_strings(resource, is_text)) ||
	    (get(j, "Sid") && !cJSON_IsString(get(j, "Sid"))))
		return bad_text;
	return condition && !condition_is_valid(condition) ? bad_condition
							   : NULL;
}

static const char *check_document(const cJSON *j)
{
	static const char *const names[] = {"Version", "Id", "Statement", NULL};
	static const char *const versions[] = {"2012-10-17", "2008-10-17",
					       NULL};
	const cJSON *version = get(j, "Version");
	const cJSON *statement = get(j, "Statement"), *m;
	const char *why;

	cJSON_ArrayForEach(m, j)
	{
		if (!is_one_of(m->string, names))
			return unknown_member;
	}
	if (version && (!cJSON_IsString(version) ||
			!is_one_of(version->valuestring, versions)))
		return bad_version;
	if (get(j, "Id") && !cJSON_IsString(get(j, "Id")))
		return bad_text;
	if (cJSON_IsObject(statement))
		return check_statement(statement);
	if (!cJSON_IsArray(statement) || !statement->child)
		return no_statement;
	cJSON_ArrayForEach(m, statement)
	{
		why = check_statement(m);
		if (why)
			return why;
	}
	return NULL;
}

int kms_policy_check(const char *text, const char **ret_why)
{
	_json_ cJSON *j = NULL;
	int r = json_parse_object(text, strlen(text), &j);

	if (r == -EBADMSG)
		*ret_why = not_json;
	if (r < 0)
		return r;
	*ret_why = check_document(j);
	return *ret_why ? -EBADMSG : 0;
}

char *kms_policy_default(const char *account)
{
	return io_format(
		"{\"Version\":\"2012-10-17\",\"Id\":\"key-default-1\","
		"\"Statement\":[{\"Sid\":\"Enable IAM User Permissions\","
		"\"Effect\":\"Allow\",\"Principal\":{\"AWS\":"
		"\"arn:aws:iam::%s:root\"},\"Action\":\"kms:*\","
		"\"Resource\":\"*\"}]}",
		account);
}
