/* SPDX-License-Identifier: MIT */
/* The table of permissions.  Whatever it does not name, only root may. */
#include "kmsagent/kms/authorize.h"

#include <string.h>

static const struct {
	const char *permission;
	bool by_service; /* a principal that [service] names */
	bool on_managed; /* on AWS-managed keys */
} table[] = {
	{"kms:Decrypt", true, true},
	{"kms:DescribeKey", true, true},
	{"kms:Encrypt", false, true},
	{"kms:GenerateDataKey", true, true},
	{"kms:GenerateDataKeyPair", false, true},
	{"kms:GenerateDataKeyPairWithoutPlaintext", false, true},
	{"kms:GenerateDataKeyWithoutPlaintext", true, true},
	{"kms:GetKeyLastUsage", false, true},
	{"kms:GetKeyPolicy", false, true},
	{"kms:GetKeyRotationStatus", false, true},
	{"kms:ListAliases", false, true},
	{"kms:ListGrants", false, true},
	{"kms:ListKeyPolicies", false, true},
	{"kms:ListKeyRotations", false, true},
	{"kms:ListResourceTags", false, true},
	{"kms:ReEncryptFrom", false, true},
	{"kms:ReEncryptTo", false, true},
};

bool kms_authorize(const struct kms_principal *who, const char *account,
		   const char *permission, const struct kms_key *key)
{
	bool by_service = false, on_managed = false;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(table[i].permission, permission) != 0)
			continue;
		by_service = table[i].by_service;
		on_managed = table[i].on_managed;
	}
	if (strcmp(who->account, account) != 0)
		return false;
	if (key && key->manager == KMS_MANAGER_AWS && !on_managed)
		return false;
	if (who->type == KMS_PRINCIPAL_ROOT)
		return true;
	return who->service && by_service;
}
