/* SPDX-License-Identifier: MIT */
/*
 * Key policies as documents: what one may look like, and whether it would
 * lock its author out.  Pure text; whether a policy allows a call is not
 * decided here, nor where policies are kept.
 * Source: IAM User Guide, "Grammar of the IAM JSON policy language"; AWS KMS
 * Developer Guide, "Key policies in AWS KMS".
 */
#ifndef KMSAGENT_KMS_POLICY_H
#define KMSAGENT_KMS_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

#define KMS_POLICY_NAME	     "default" /* the only one that keys have */
#define KMS_POLICY_MAX_BYTES 32768

/* What a key has that was given none: its account decides.  NULL: no memory;
 * the caller frees it. */
char *kms_policy_default(const char *account) _must_check_;

/*
 * Is @text a policy?  Returns 0, -ENOMEM, or -EBADMSG with *ret_why set to a
 * constant sentence for the exception.
 */
int kms_policy_check(const char *text, const char **ret_why) _must_check_;

/*
 * Whether under @text, which kms_policy_check() has passed, @arn of @account
 * could put a policy again: a statement without conditions allows it to that
 * principal, its account, or all, and none denies it.  1, 0 or -ENOMEM.
 */
int kms_policy_is_open_to(const char *text, const char *arn,
			  const char *account) _must_check_;

/* "kms:Re*" and "*Key?" to an action's name, whose case does not matter. */
bool kms_policy_action_matches(const char *pattern, const char *action);

/* For operations: the task's members Policy and BypassPolicyLockoutSafetyCheck;
 * LimitExceededException, MalformedPolicyDocumentException. */
struct kms_task;
int kms_task_check_policy(struct kms_task *t) _must_check_;

/* Put the document of @key into the body.  0 or -ENOMEM. */
struct kms_key;
int kms_put_policy(struct kms_task *t, const char *member,
		   const struct kms_key *key) _must_check_;

#endif
