/* SPDX-License-Identifier: MIT */
/*
 * One case for the policy engine, as JSON: who asks for what under which
 * policies, and what the request's condition keys are.
 *	{"principal": ARN, "action": "kms:Encrypt", "resource": ARN,
 *	 "owner": ACCOUNT, "key_policy": {...} or absent, "granted": true,
 *	 "is_key": true, "identity": [{...}], "context": {"aws:username":
 *	 ["alice"]}}
 */
#ifndef TESTS_UNIT_POLICY_H
#define TESTS_UNIT_POLICY_H

#include <string.h>
#include <strings.h>

#include "kmsagent/base/json.h"
#include "kmsagent/kms/policy-eval.h"
#include "kmsagent/kms/principal.h"

#define POLICY_CASE_MAX_IDENTITY 4

static const char *const policy_verdicts[] = {
	[KMS_VERDICT_ALLOWED] = "allowed",
	[KMS_VERDICT_DENIED_BY_KEY] = "denied_by_key",
	[KMS_VERDICT_DENIED_BY_IDENTITY] = "denied_by_identity",
	[KMS_VERDICT_NOT_BY_KEY] = "not_by_key",
	[KMS_VERDICT_NOT_BY_IDENTITY] = "not_by_identity",
	[KMS_VERDICT_ERROR] = "error",
};

/* @userdata: the object "context". */
static inline int policy_case_condition(void *userdata,
					enum kms_condition_id id,
					const char *rest, size_t index,
					char scratch[KMS_CONDITION_SCRATCH],
					const char **ret)
{
	const cJSON *key, *value;

	(void)scratch;
	cJSON_ArrayForEach(key, (const cJSON *)userdata)
	{
		const char *have_rest;

		if (kms_condition_find(key->string, &have_rest) != id ||
		    id == KMS_CONDITION_NEVER_THERE ||
		    strcasecmp(have_rest, rest) != 0)
			continue;
		value = cJSON_GetArrayItem(key, (int)index);
		if (!value)
			return 0;
		*ret = value->valuestring;
		return 1;
	}
	return 0;
}

static inline int policy_case_compile(const cJSON *j, enum kms_rules_kind kind,
				      struct kms_rules **ret, char *why)
{
	char *text = json_print(j);
	int r = text ? kms_rules_compile(text, kind, ret, why) : -ENOMEM;

	json_text_free(text);
	return r;
}

/*
 * What becomes of the case: a verdict's name, or "malformed", and then @why.
 * *ret (or NULL) gets the decision; its reason's rules are gone.
 */
static inline const char *policy_case_run(const cJSON *c,
					  struct kms_decision *ret,
					  char why[KMS_RULES_WHY_BYTES])
{
	struct kms_rules *key = NULL;
	struct kms_rules *identity[POLICY_CASE_MAX_IDENTITY] = {0};
	const cJSON *key_policy = cJSON_GetObjectItem(c, "key_policy"), *p;
	struct kms_principal who = {0};
	struct kms_policies policies = {
		.is_of_key = cJSON_IsTrue(cJSON_GetObjectItem(c, "is_key")),
		.is_granted = cJSON_IsTrue(cJSON_GetObjectItem(c, "granted")),
		.identity = (const struct kms_rules *const *)identity,
	};
	struct kms_access access = {.who = &who,
				    .condition = policy_case_condition};
	struct kms_decision decision;
	const char *got = "malformed";
	const char *arn = "";
	int r;

	access.userdata = cJSON_GetObjectItem(c, "context");
	if (json_get_string(c, "action", &access.action) < 0 ||
	    json_get_string(c, "resource", &access.resource) < 0 ||
	    json_get_string(c, "owner", &access.owner) < 0 ||
	    json_get_string(c, "principal", &arn) < 0 ||
	    kms_principal_parse(arn, &who) < 0)
		return "(no case)";
	r = key_policy ? policy_case_compile(key_policy, KMS_RULES_OF_KEY, &key,
					     why)
		       : 0;
	cJSON_ArrayForEach(p, cJSON_GetObjectItem(c, "identity"))
	{
		if (r == 0 && policies.nidentity < POLICY_CASE_MAX_IDENTITY)
			r = policy_case_compile(p, KMS_RULES_OF_IDENTITY,
						&identity[policies.nidentity++],
						why);
	}
	policies.key = key;
	if (r == 0) {
		kms_decide(&access, &policies, &decision);
		got = policy_verdicts[decision.verdict];
		if (ret)
			*ret = decision;
	}
	kms_rules_free(key);
	for (size_t i = 0; i < POLICY_CASE_MAX_IDENTITY; i++)
		kms_rules_free(identity[i]);
	kms_principal_done(&who);
	return got;
}

#endif
