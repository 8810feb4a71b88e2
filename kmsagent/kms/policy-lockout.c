/* SPDX-License-Identifier: MIT */
/* Would a policy lock its author out?  Documents have passed the grammar. */
#include "kmsagent/kms/policy.h"

#include <ctype.h>
#include <string.h>

#include "kmsagent/base/arn.h"
#include "kmsagent/base/json.h"

#define PUT_POLICY "kms:PutKeyPolicy"

static const cJSON *get(const cJSON *j, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(j, name);
}

bool kms_policy_action_matches(const char *pattern, const char *action)
{
	const char *star = NULL, *again = NULL;

	while (*action) {
		if (*pattern == '*') {
			star = pattern++;
			again = action;
		} else if (*pattern == '?' ||
			   tolower((unsigned char)*pattern) ==
				   tolower((unsigned char)*action)) {
			pattern++;
			action++;
		} else if (star) {
			pattern = star + 1;
			action = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* @is_hit of the string, or of one in the list. */
static bool any_string(const cJSON *j,
		       bool (*is_hit)(const char *s, const void *what),
		       const void *what)
{
	const cJSON *item;

	if (cJSON_IsString(j))
		return is_hit(j->valuestring, what);
	cJSON_ArrayForEach(item, j)
	{
		if (is_hit(item->valuestring, what))
			return true;
	}
	return false;
}

struct caller {
	const char *arn;
	const char *account;
};

static bool names_caller(const char *s, const void *what)
{
	const struct caller *c = what;
	struct arn arn;

	if (strcmp(s, "*") == 0 || strcmp(s, c->arn) == 0 ||
	    strcmp(s, c->account) == 0)
		return true;
	return arn_parse(s, &arn) == 0 && strcmp(arn.resource, "root") == 0 &&
	       strcmp(arn.account, c->account) == 0;
}

static bool names_put(const char *s, const void *what)
{
	(void)what;
	return kms_policy_action_matches(s, PUT_POLICY);
}

static bool names_all(const char *s, const void *what)
{
	(void)what;
	return strcmp(s, "*") == 0;
}

/* Is this caller's putting a policy what the statement is about? */
static bool is_about(const cJSON *j, const struct caller *c)
{
	const cJSON *principal = get(j, "Principal");
	const cJSON *not_principal = get(j, "NotPrincipal");
	const cJSON *action = get(j, "Action");
	const cJSON *not_action = get(j, "NotAction");
	const cJSON *who = principal ? principal : not_principal;
	bool named = cJSON_IsString(who) ||
		     any_string(get(who, "AWS"), names_caller, c);

	if (named != !!principal)
		return false;
	if (!(action	   ? any_string(action, names_put, NULL)
	      : not_action ? !any_string(not_action, names_put, NULL)
			   : false))
		return false;
	return any_string(get(j, "Resource"), names_all, NULL);
}

int kms_policy_is_open_to(const char *text, const char *arn,
			  const char *account)
{
	const struct caller caller = {arn, account};
	_json_ cJSON *j = NULL;
	const cJSON *list, *first;
	bool is_open = false;
	int r = json_parse_object(text, strlen(text), &j);

	if (r < 0)
		return r;
	list = get(j, "Statement");
	first = cJSON_IsArray(list) ? list->child : list;
	for (const cJSON *s = first; s; s = first == list ? NULL : s->next) {
		bool allows =
			strcmp(get(s, "Effect")->valuestring, "Allow") == 0;

		if (get(s, "Condition") || !is_about(s, &caller))
			continue;
		if (!allows)
			return 0;
		is_open = true;
	}
	return is_open;
}
