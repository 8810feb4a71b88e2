/* SPDX-License-Identifier: MIT */
/* Condition keys by name.  No values. */
#include "kmsagent/kms/policy-keys.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "keyring/cleanup.h"

/* A name that ends with ':' or '/' stands for all that begin with it. */
static const struct {
	const char *name;
	enum kms_condition_id id;
} table[] = {
	{"aws:CurrentTime", KMS_CONDITION_CURRENT_TIME},
	{"aws:EpochTime", KMS_CONDITION_EPOCH_TIME},
	{"aws:PrincipalAccount", KMS_CONDITION_PRINCIPAL_ACCOUNT},
	{"aws:PrincipalArn", KMS_CONDITION_PRINCIPAL_ARN},
	{"aws:PrincipalIsAWSService", KMS_CONDITION_PRINCIPAL_IS_SERVICE},
	{"aws:PrincipalType", KMS_CONDITION_PRINCIPAL_TYPE},
	{"aws:RequestTag/", KMS_CONDITION_REQUEST_TAG},
	{"aws:RequestedRegion", KMS_CONDITION_REQUESTED_REGION},
	{"aws:ResourceAccount", KMS_CONDITION_RESOURCE_ACCOUNT},
	{"aws:ResourceTag/", KMS_CONDITION_RESOURCE_TAG},
	{"aws:SecureTransport", KMS_CONDITION_SECURE_TRANSPORT},
	{"aws:SourceIp", KMS_CONDITION_SOURCE_IP},
	{"aws:TagKeys", KMS_CONDITION_TAG_KEYS},
	{"aws:UserAgent", KMS_CONDITION_USER_AGENT},
	{"aws:ViaAWSService", KMS_CONDITION_PRINCIPAL_IS_SERVICE},
	{"aws:username", KMS_CONDITION_USER_NAME},
	{"kms:BypassPolicyLockoutSafetyCheck",
	 KMS_CONDITION_BYPASS_LOCKOUT_CHECK},
	{"kms:CallerAccount", KMS_CONDITION_CALLER_ACCOUNT},
	{"kms:CustomerMasterKeySpec", KMS_CONDITION_KEY_SPEC},
	{"kms:CustomerMasterKeyUsage", KMS_CONDITION_KEY_USAGE},
	{"kms:DataKeyPairSpec", KMS_CONDITION_DATA_KEY_PAIR_SPEC},
	{"kms:EncryptionAlgorithm", KMS_CONDITION_ENCRYPTION_ALGORITHM},
	{"kms:EncryptionContext:", KMS_CONDITION_ENCRYPTION_CONTEXT},
	{"kms:EncryptionContextKeys", KMS_CONDITION_ENCRYPTION_CONTEXT_KEYS},
	{"kms:ExpirationModel", KMS_CONDITION_EXPIRATION_MODEL},
	{"kms:GrantConstraintType", KMS_CONDITION_GRANT_CONSTRAINT_TYPE},
	{"kms:GrantIsForAWSResource", KMS_CONDITION_GRANT_IS_FOR_AWS},
	{"kms:GrantOperations", KMS_CONDITION_GRANT_OPERATIONS},
	{"kms:GranteePrincipal", KMS_CONDITION_GRANTEE},
	{"kms:KeyAgreementAlgorithm", KMS_CONDITION_KEY_AGREEMENT_ALGORITHM},
	{"kms:KeyOrigin", KMS_CONDITION_KEY_ORIGIN},
	{"kms:KeySpec", KMS_CONDITION_KEY_SPEC},
	{"kms:KeyUsage", KMS_CONDITION_KEY_USAGE},
	{"kms:MacAlgorithm", KMS_CONDITION_MAC_ALGORITHM},
	{"kms:MessageType", KMS_CONDITION_MESSAGE_TYPE},
	{"kms:MultiRegion", KMS_CONDITION_MULTI_REGION},
	{"kms:ReEncryptOnSameKey", KMS_CONDITION_REENCRYPT_ON_SAME_KEY},
	{"kms:RequestAlias", KMS_CONDITION_REQUEST_ALIAS},
	{"kms:ResourceAliases", KMS_CONDITION_RESOURCE_ALIASES},
	{"kms:RetiringPrincipal", KMS_CONDITION_RETIRING_PRINCIPAL},
	{"kms:RotationPeriodInDays", KMS_CONDITION_ROTATION_PERIOD_DAYS},
	{"kms:ScheduleKeyDeletionPendingWindowInDays",
	 KMS_CONDITION_PENDING_WINDOW_DAYS},
	{"kms:SigningAlgorithm", KMS_CONDITION_SIGNING_ALGORITHM},
	{"kms:ValidTo", KMS_CONDITION_VALID_TO},
	{"kms:WrappingAlgorithm", KMS_CONDITION_WRAPPING_ALGORITHM},
	{"kms:WrappingKeySpec", KMS_CONDITION_WRAPPING_KEY_SPEC},
};

static bool is_prefix(const char *name)
{
	char last = name[strlen(name) - 1];

	return last == ':' || last == '/';
}

enum kms_condition_id kms_condition_find(const char *name,
					 const char **ret_rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *known = table[i].name;
		size_t len = strlen(known);

		if (strncasecmp(name, known, len) != 0 ||
		    (name[len] != '\0') != is_prefix(known))
			continue;
		*ret_rest = name + len;
		return table[i].id;
	}
	*ret_rest = name + strlen(name);
	return KMS_CONDITION_NEVER_THERE;
}
