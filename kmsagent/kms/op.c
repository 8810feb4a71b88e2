/* SPDX-License-Identifier: MIT */
/*
 * The operations' table.  Rows are sorted by name for the search; a unit test
 * holds them to AWS's list.
 */
#include "kmsagent/kms/op.h"

#include <stdlib.h>
#include <string.h>

#include "kmsagent/kms/params.h"

#define KEY	.key_member = "KeyId"
#define CHANGES .flags = KMS_OP_CHANGES
#define CRYPTO_FLAGS                                                           \
	KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT | KMS_OP_USES
#define CRYPTO(u, algorithm)                                                   \
	.states = KMS_IN_USE, .usage = KMS_USAGE_##u,                          \
	.algorithm_member = (algorithm), .flags = CRYPTO_FLAGS
#define DATA_KEY                                                               \
	.states = KMS_IN_USE, .usage = KMS_USAGE_ENCRYPT_DECRYPT,              \
	.flags = CRYPTO_FLAGS | KMS_OP_SYMMETRIC
#define DATA_KEY_PAIR                                                          \
	.states = KMS_IN_USE, .usage = KMS_USAGE_ENCRYPT_DECRYPT,              \
	.flags = CRYPTO_FLAGS | KMS_OP_SYMMETRIC | KMS_OP_SLOW
#define CAN_SWITCH	 (KMS_IN(ENABLED) | KMS_IN(DISABLED) | KMS_IN(UNAVAILABLE))
#define CAN_BE_SCHEDULED (KMS_IN_UNPENDING & ~KMS_IN(UPDATING))
#define CAN_BE_IMPORTED_TO                                                     \
	(KMS_IN(ENABLED) | KMS_IN(DISABLED) | KMS_IN(PENDING_IMPORT))
#define ROTATION(f)                                                            \
	.states = KMS_IN_USE, .flags = (f) | KMS_OP_ROTATES | KMS_OP_PRIMARY

const struct kms_op kms_ops[] = {
	{"CancelKeyDeletion", kms_op_cancel_key_deletion,
	 "kms:CancelKeyDeletion", KEY, .states = KMS_IN_PENDING, CHANGES,
	 .params = kms_params_key_only},
	{"ConnectCustomKeyStore", kms_op_use_custom_key_store,
	 "kms:ConnectCustomKeyStore", CHANGES,
	 .params = kms_params_custom_key_store},
	{"CreateAlias", kms_op_create_alias, "kms:CreateAlias",
	 .states = KMS_IN_UNPENDING,
	 .flags = KMS_OP_CHANGES | KMS_OP_OWN_CHECKS,
	 .params = kms_params_create_alias},
	/* Known, so that the answer is honest: there can be none. */
	{"CreateCustomKeyStore", .permission = "kms:CreateCustomKeyStore"},
	{"CreateGrant", kms_op_create_grant, "kms:CreateGrant", KEY,
	 .states = KMS_IN_USE | KMS_IN(UNAVAILABLE),
	 .flags = KMS_OP_CHANGES | KMS_OP_CROSS_ACCOUNT,
	 .params = kms_params_create_grant},
	{"CreateKey", kms_op_create_key, "kms:CreateKey",
	 .flags = KMS_OP_CHANGES | KMS_OP_SLOW,
	 .params = kms_params_create_key},
	{"Decrypt", kms_op_decrypt, "kms:Decrypt",
	 .usage = KMS_USAGE_ENCRYPT_DECRYPT, .states = KMS_IN_USE,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT |
		  KMS_OP_OWN_CHECKS,
	 .params = kms_params_decrypt},
	{"DeleteAlias", kms_op_delete_alias, "kms:DeleteAlias",
	 .states = KMS_IN_ANY, .flags = KMS_OP_CHANGES | KMS_OP_OWN_CHECKS,
	 .params = kms_params_delete_alias},
	{"DeleteCustomKeyStore", kms_op_use_custom_key_store,
	 "kms:DeleteCustomKeyStore", CHANGES,
	 .params = kms_params_custom_key_store},
	{"DeleteImportedKeyMaterial", kms_op_delete_imported_key_material,
	 "kms:DeleteImportedKeyMaterial", KEY,
	 .states = KMS_IN_ANY & ~(KMS_IN(CREATING) | KMS_IN(UPDATING)),
	 .flags = KMS_OP_CHANGES | KMS_OP_IMPORTED,
	 .params = kms_params_delete_imported_key_material},
	{"DeriveSharedSecret", kms_op_derive_shared_secret,
	 "kms:DeriveSharedSecret", KEY,
	 CRYPTO(KEY_AGREEMENT, "KeyAgreementAlgorithm"),
	 .params = kms_params_derive_shared_secret},
	{"DescribeCustomKeyStores", kms_op_describe_custom_key_stores,
	 "kms:DescribeCustomKeyStores", .flags = KMS_OP_READ_ONLY,
	 .params = kms_params_describe_custom_key_stores},
	{"DescribeKey", kms_op_describe_key, "kms:DescribeKey", KEY,
	 .states = KMS_IN_ANY,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT,
	 .params = kms_params_describe_key},
	{"DisableKey", kms_op_disable_key, "kms:DisableKey", KEY,
	 .states = CAN_SWITCH, CHANGES, .params = kms_params_key_only},
	{"DisableKeyRotation", kms_op_disable_key_rotation,
	 "kms:DisableKeyRotation", KEY, ROTATION(KMS_OP_CHANGES | KMS_OP_OURS),
	 .params = kms_params_key_only},
	{"DisconnectCustomKeyStore", kms_op_use_custom_key_store,
	 "kms:DisconnectCustomKeyStore", CHANGES,
	 .params = kms_params_custom_key_store},
	{"EnableKey", kms_op_enable_key, "kms:EnableKey", KEY,
	 .states = CAN_SWITCH, CHANGES, .params = kms_params_key_only},
	{"EnableKeyRotation", kms_op_enable_key_rotation,
	 "kms:EnableKeyRotation", KEY, ROTATION(KMS_OP_CHANGES | KMS_OP_OURS),
	 .params = kms_params_enable_key_rotation},
	{"Encrypt", kms_op_encrypt, "kms:Encrypt", KEY,
	 CRYPTO(ENCRYPT_DECRYPT, "EncryptionAlgorithm"),
	 .params = kms_params_encrypt},
	{"GenerateDataKey", kms_op_generate_data_key, "kms:GenerateDataKey",
	 KEY, DATA_KEY, .params = kms_params_generate_data_key},
	{"GenerateDataKeyPair", kms_op_generate_data_key_pair,
	 "kms:GenerateDataKeyPair", KEY, DATA_KEY_PAIR,
	 .params = kms_params_generate_data_key_pair},
	{"GenerateDataKeyPairWithoutPlaintext",
	 kms_op_generate_data_key_pair_without_plaintext,
	 "kms:GenerateDataKeyPairWithoutPlaintext", KEY, DATA_KEY_PAIR,
	 .params = kms_params_generate_data_key_pair},
	{"GenerateDataKeyWithoutPlaintext",
	 kms_op_generate_data_key_without_plaintext,
	 "kms:GenerateDataKeyWithoutPlaintext", KEY, DATA_KEY,
	 .params = kms_params_generate_data_key},
	{"GenerateMac", kms_op_generate_mac, "kms:GenerateMac", KEY,
	 CRYPTO(GENERATE_VERIFY_MAC, "MacAlgorithm"),
	 .params = kms_params_generate_mac},
	{"GenerateRandom", kms_op_generate_random, "kms:GenerateRandom",
	 .flags = KMS_OP_READ_ONLY, .params = kms_params_generate_random},
	{"GetKeyLastUsage", kms_op_get_key_last_usage, "kms:GetKeyLastUsage",
	 KEY, .states = KMS_IN_ANY, .flags = KMS_OP_READ_ONLY,
	 .params = kms_params_key_only},
	{"GetKeyPolicy", kms_op_get_key_policy, "kms:GetKeyPolicy", KEY,
	 .states = KMS_IN_ANY, .flags = KMS_OP_READ_ONLY,
	 .params = kms_params_get_key_policy},
	{"GetKeyRotationStatus", kms_op_get_key_rotation_status,
	 "kms:GetKeyRotationStatus", KEY, .states = KMS_IN_ANY,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_CROSS_ACCOUNT | KMS_OP_ROTATES |
		  KMS_OP_OURS,
	 .params = kms_params_key_only},
	{"GetParametersForImport", kms_op_get_parameters_for_import,
	 "kms:GetParametersForImport", KEY, .states = CAN_BE_IMPORTED_TO,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_IMPORTED | KMS_OP_SLOW,
	 .params = kms_params_get_parameters_for_import},
	{"GetPublicKey", kms_op_get_public_key, "kms:GetPublicKey", KEY,
	 .states = KMS_IN_USE,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT,
	 .params = kms_params_describe_key},
	{"ImportKeyMaterial", kms_op_import_key_material,
	 "kms:ImportKeyMaterial", KEY,
	 .states = CAN_BE_IMPORTED_TO | KMS_IN(UPDATING),
	 .flags = KMS_OP_CHANGES | KMS_OP_IMPORTED | KMS_OP_SLOW,
	 .params = kms_params_import_key_material},
	{"ListAliases", kms_op_list_aliases, "kms:ListAliases",
	 .states = KMS_IN_ANY, .flags = KMS_OP_READ_ONLY,
	 .params = kms_params_list_aliases},
	{"ListGrants", kms_op_list_grants, "kms:ListGrants", KEY,
	 .states = KMS_IN_ANY, .flags = KMS_OP_READ_ONLY | KMS_OP_CROSS_ACCOUNT,
	 .params = kms_params_list_grants},
	{"ListKeyPolicies", kms_op_list_key_policies, "kms:ListKeyPolicies",
	 KEY, .states = KMS_IN_ANY, .flags = KMS_OP_READ_ONLY,
	 .params = kms_params_list_key_policies},
	{"ListKeyRotations", kms_op_list_key_rotations, "kms:ListKeyRotations",
	 KEY, .states = KMS_IN_ANY, .flags = KMS_OP_READ_ONLY | KMS_OP_ROTATES,
	 .params = kms_params_list_key_rotations},
	{"ListKeys", kms_op_list_keys, "kms:ListKeys",
	 .flags = KMS_OP_READ_ONLY, .params = kms_params_list_keys},
	{"ListResourceTags", kms_op_list_resource_tags, "kms:ListResourceTags",
	 KEY, .states = KMS_IN_ANY, .flags = KMS_OP_READ_ONLY,
	 .params = kms_params_list_resource_tags},
	{"ListRetirableGrants", kms_op_list_retirable_grants,
	 "kms:ListRetirableGrants", .flags = KMS_OP_READ_ONLY,
	 .params = kms_params_list_retirable_grants},
	{"PutKeyPolicy", kms_op_put_key_policy, "kms:PutKeyPolicy", KEY,
	 .states = KMS_IN_ANY, CHANGES, .params = kms_params_put_key_policy},
	{"ReEncrypt", kms_op_reencrypt, "kms:ReEncryptFrom",
	 .usage = KMS_USAGE_ENCRYPT_DECRYPT, .states = KMS_IN_USE,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT |
		  KMS_OP_OWN_CHECKS,
	 .params = kms_params_reencrypt},
	{"ReplicateKey", kms_op_replicate_key, "kms:ReplicateKey", KEY,
	 .states = KMS_IN(ENABLED), CHANGES,
	 .params = kms_params_replicate_key},
	{"RetireGrant", kms_op_retire_grant, "kms:RetireGrant",
	 .states = KMS_IN_ANY,
	 .flags = KMS_OP_CHANGES | KMS_OP_CROSS_ACCOUNT | KMS_OP_OWN_CHECKS,
	 .params = kms_params_retire_grant},
	{"RevokeGrant", kms_op_revoke_grant, "kms:RevokeGrant", KEY,
	 .states = KMS_IN_ANY, .flags = KMS_OP_CHANGES | KMS_OP_CROSS_ACCOUNT,
	 .params = kms_params_revoke_grant},
	{"RotateKeyOnDemand", kms_op_rotate_key_on_demand,
	 "kms:RotateKeyOnDemand", KEY, ROTATION(KMS_OP_CHANGES),
	 .params = kms_params_key_only},
	{"ScheduleKeyDeletion", kms_op_schedule_key_deletion,
	 "kms:ScheduleKeyDeletion", KEY, .states = CAN_BE_SCHEDULED, CHANGES,
	 .params = kms_params_schedule_key_deletion},
	{"Sign", kms_op_sign, "kms:Sign", KEY,
	 CRYPTO(SIGN_VERIFY, "SigningAlgorithm"), .params = kms_params_sign},
	{"TagResource", kms_op_tag_resource, "kms:TagResource", KEY,
	 .states = KMS_IN_UNPENDING, CHANGES,
	 .params = kms_params_tag_resource},
	{"UntagResource", kms_op_untag_resource, "kms:UntagResource", KEY,
	 .states = KMS_IN_UNPENDING, CHANGES,
	 .params = kms_params_untag_resource},
	{"UpdateAlias", kms_op_update_alias, "kms:UpdateAlias",
	 .states = KMS_IN_UNPENDING,
	 .flags = KMS_OP_CHANGES | KMS_OP_OWN_CHECKS,
	 .params = kms_params_create_alias},
	{"UpdateCustomKeyStore", kms_op_use_custom_key_store,
	 "kms:UpdateCustomKeyStore", CHANGES,
	 .params = kms_params_custom_key_store},
	{"UpdateKeyDescription", kms_op_update_key_description,
	 "kms:UpdateKeyDescription", KEY, .states = KMS_IN_UNPENDING, CHANGES,
	 .params = kms_params_update_key_description},
	{"UpdatePrimaryRegion", kms_op_update_primary_region,
	 "kms:UpdatePrimaryRegion", KEY, .states = KMS_IN_USE, CHANGES,
	 .params = kms_params_update_primary_region},
	{"Verify", kms_op_verify, "kms:Verify", KEY,
	 CRYPTO(SIGN_VERIFY, "SigningAlgorithm"), .params = kms_params_verify},
	{"VerifyMac", kms_op_verify_mac, "kms:VerifyMac", KEY,
	 CRYPTO(GENERATE_VERIFY_MAC, "MacAlgorithm"),
	 .params = kms_params_verify_mac},
};

const size_t kms_ops_count = sizeof(kms_ops) / sizeof(kms_ops[0]);

static int by_name(const void *name, const void *op)
{
	return strcmp(name, ((const struct kms_op *)op)->name);
}

const struct kms_op *kms_op_find(const char *name)
{
	return bsearch(name, kms_ops, kms_ops_count, sizeof(kms_ops[0]),
		       by_name);
}
