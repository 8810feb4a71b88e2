/* SPDX-License-Identifier: MIT */
/*
 * PutKeyPolicy, GetKeyPolicy, ListKeyPolicies, and what CreateKey does with a
 * policy.  Policies are checked and kept; calls are not judged by them yet.
 * Source: AWS KMS API Reference, pages of these names.
 */
#include <string.h>

#include "kmsagent/kms/attached.h"
#include "kmsagent/kms/page.h"
#include "kmsagent/kms/policy.h"
#include "kmsagent/kms/service.h"

#define LIST_POLICIES_DEFAULT 100

int kms_task_check_policy(struct kms_task *t)
{
	const char *policy = kms_arg_string(t, "Policy");
	const char *why = NULL;
	int r;

	if (!policy)
		return 0;
	if (strlen(policy) > KMS_POLICY_MAX_BYTES)
		return kms_fail(t->reply, KMS_ERROR_LIMIT_EXCEEDED,
				"A key policy can have at most %d bytes; this "
				"one has %zu.",
				KMS_POLICY_MAX_BYTES, strlen(policy));
	r = kms_policy_check(policy, &why);
	if (r == -EBADMSG)
		return kms_fail(t->reply, KMS_ERROR_MALFORMED_POLICY_DOCUMENT,
				"%s", why);
	if (r < 0 || kms_arg_bool(t, "BypassPolicyLockoutSafetyCheck"))
		return r;
	r = kms_policy_is_open_to(policy, t->req->who->arn,
				  t->req->who->account);
	if (r != 0)
		return r < 0 ? r : 0;
	return kms_fail(t->reply, KMS_ERROR_MALFORMED_POLICY_DOCUMENT,
			"The new key policy will not allow you to update the "
			"key policy in the future.");
}

/* Keys have one policy, of one name. */
static int check_name(struct kms_task *t)
{
	const char *name = kms_arg_string(t, "PolicyName");

	if (!name || strcmp(name, KMS_POLICY_NAME) == 0)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_NOT_FOUND, "No such policy exists");
}

int kms_op_put_key_policy(struct kms_task *t)
{
	int r = check_name(t);

	if (r == 0)
		r = kms_task_check_policy(t);
	return r ? r
		 : kms_policy_put(t->svc, t->key, kms_arg_string(t, "Policy"));
}

int kms_put_policy(struct kms_task *t, const char *member,
		   const struct kms_key *key)
{
	_free_ char *fallback = NULL;

	if (key->policy)
		return kms_put_string(t->reply, member, key->policy);
	fallback = kms_policy_default(t->svc->account);
	return fallback ? kms_put_string(t->reply, member, fallback) : -ENOMEM;
}

int kms_op_get_key_policy(struct kms_task *t)
{
	int r = check_name(t);

	if (r == 0)
		r = kms_put_policy(t, "Policy", t->key);
	return r ? r : kms_put_string(t->reply, "PolicyName", KMS_POLICY_NAME);
}

static cJSON *show_name(const void *element)
{
	return cJSON_CreateString(*(const char *const *)element);
}

int kms_op_list_key_policies(struct kms_task *t)
{
	_cleanup_(kms_index_done) struct kms_index index = KMS_INDEX_INIT;
	const char *the_one = KMS_POLICY_NAME;
	int r = kms_index_insert(&index, &the_one);

	return r ? r
		 : kms_page_list(t, &index, "PolicyNames",
				 LIST_POLICIES_DEFAULT, NULL, show_name);
}
