/* SPDX-License-Identifier: MIT */
/*
 * A principal from its ARN: the IAM names that AWS gives to whoever asks.
 * What a principal may do is not decided here.
 */
#ifndef KMSAGENT_KMS_PRINCIPAL_H
#define KMSAGENT_KMS_PRINCIPAL_H

#include "kmsagent/kms/request.h"

/*
 * Parse "arn:aws:iam::ACCOUNT:root", "...:user/NAME", "...:role/NAME" or
 * "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION",
 * "...:federated-user/NAME"; copies @arn.  Returns 0,
 * -EINVAL (none of these), -ENOMEM.
 * Source: IAM User Guide, "IAM identifiers".
 */
int kms_principal_parse(const char *arn,
			struct kms_principal *ret) _must_check_;

/* The ARN is one of these. */
bool kms_principal_is_valid(const char *arn) _must_check_;

/* "Root", "IAMUser", ...: CloudTrail's userIdentity.type. */
const char *kms_principal_type_name(enum kms_principal_type type);

void kms_principal_done(struct kms_principal *p);

#endif
