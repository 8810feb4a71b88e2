/* SPDX-License-Identifier: MIT */
/*
 * The tables: operations, and the members that each takes.  Rows are sorted
 * by name for the search; a unit test holds them to AWS's list.
 */
#include "kmsagent/kms/op.h"

#include <stdlib.h>
#include <string.h>

static const char *const encryption_algorithms[] = {
	"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE",
	NULL};
static const char *const data_key_specs[] = {"AES_256", "AES_128", NULL};
static const char *const dry_run_modifiers[] = {"IGNORE_CIPHERTEXT", NULL};
static const char *const key_usages[] = {"SIGN_VERIFY", "ENCRYPT_DECRYPT",
					 "GENERATE_VERIFY_MAC", "KEY_AGREEMENT",
					 NULL};
static const char *const key_specs[] = {"RSA_2048",
					"RSA_3072",
					"RSA_4096",
					"ECC_NIST_P256",
					"ECC_NIST_P384",
					"ECC_NIST_P521",
					"ECC_SECG_P256K1",
					"SYMMETRIC_DEFAULT",
					"HMAC_224",
					"HMAC_256",
					"HMAC_384",
					"HMAC_512",
					"SM2",
					"ML_DSA_44",
					"ML_DSA_65",
					"ML_DSA_87",
					"ECC_NIST_EDWARDS25519",
					NULL};
static const char *const master_key_specs[] = {"RSA_2048",
					       "RSA_3072",
					       "RSA_4096",
					       "ECC_NIST_P256",
					       "ECC_NIST_P384",
					       "ECC_NIST_P521",
					       "ECC_SECG_P256K1",
					       "SYMMETRIC_DEFAULT",
					       "HMAC_224",
					       "HMAC_256",
					       "HMAC_384",
					       "HMAC_512",
					       "SM2",
					       NULL};
static const char *const origins[] = {"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM",
				      "EXTERNAL_KEY_STORE", NULL};

/* Shorthand for rows; STRING(name, min, max) and so on. */
#define REQUIRED .is_required = true
#define ID(n)	 .name = (n), .type = KMS_TYPE_STRING, .min = 1, .max = 2048
#define STRING(n, low, high)                                                   \
	.name = (n), .type = KMS_TYPE_STRING, .min = (low), .max = (high)
#define ENUM(n, v) .name = (n), .type = KMS_TYPE_STRING, .values = (v)
#define BLOB(n, high)                                                          \
	.name = (n), .type = KMS_TYPE_BLOB, .min = 1, .max = (high)
#define INTEGER(n, low, high)                                                  \
	.name = (n), .type = KMS_TYPE_INTEGER, .min = (low), .max = (high)
#define BOOLEAN(n) .name = (n), .type = KMS_TYPE_BOOLEAN
#define MAP(n)	   .name = (n), .type = KMS_TYPE_STRING_MAP
#define OBJECT(n)  .name = (n), .type = KMS_TYPE_OBJECT, .is_private = true
#define ALIAS(n)   STRING(n, 1, 256), .pattern = &kms_pattern_alias
#define MARKER	   STRING("Marker", 1, 1024), .pattern = &kms_pattern_marker
#define GRANT_TOKENS                                                           \
	.name = "GrantTokens", .type = KMS_TYPE_STRING_LIST, .max = 10,        \
	.item_min = 1, .item_max = 8192, .is_private = true
#define MODIFIERS                                                              \
	.name = "DryRunModifiers", .type = KMS_TYPE_STRING_LIST, .min = 1,     \
	.max = 1, .values = dry_run_modifiers

static const struct kms_param key_only[] = {{ID("KeyId"), REQUIRED}, {0}};

static const struct kms_param create_alias[] = {
	{ALIAS("AliasName"), REQUIRED}, {ID("TargetKeyId"), REQUIRED}, {0}};

static const struct kms_param create_key[] = {
	{STRING("Policy", 1, 131072)},
	{STRING("Description", 0, 8192)},
	{ENUM("KeyUsage", key_usages)},
	{ENUM("CustomerMasterKeySpec", master_key_specs)},
	{ENUM("KeySpec", key_specs)},
	{ENUM("Origin", origins)},
	{STRING("CustomKeyStoreId", 1, 64)},
	{BOOLEAN("BypassPolicyLockoutSafetyCheck")},
	{.name = "Tags", .type = KMS_TYPE_TAGS},
	{BOOLEAN("MultiRegion")},
	{STRING("XksKeyId", 1, 128)},
	{0}};

static const struct kms_param decrypt[] = {
	{BLOB("CiphertextBlob", 6144)},
	{MAP("EncryptionContext")},
	{GRANT_TOKENS},
	{ID("KeyId")},
	{ENUM("EncryptionAlgorithm", encryption_algorithms)},
	{OBJECT("Recipient")},
	{BOOLEAN("DryRun")},
	{MODIFIERS},
	{0}};

static const struct kms_param delete_alias[] = {{ALIAS("AliasName"), REQUIRED},
						{0}};

static const struct kms_param describe_key[] = {
	{ID("KeyId"), REQUIRED}, {GRANT_TOKENS}, {0}};

static const struct kms_param encrypt[] = {
	{ID("KeyId"), REQUIRED},
	{BLOB("Plaintext", 4096), REQUIRED},
	{MAP("EncryptionContext")},
	{GRANT_TOKENS},
	{ENUM("EncryptionAlgorithm", encryption_algorithms)},
	{BOOLEAN("DryRun")},
	{0}};

static const struct kms_param generate_data_key[] = {
	{ID("KeyId"), REQUIRED},
	{MAP("EncryptionContext")},
	{INTEGER("NumberOfBytes", 1, 1024)},
	{ENUM("KeySpec", data_key_specs)},
	{GRANT_TOKENS},
	{OBJECT("Recipient")},
	{BOOLEAN("DryRun")},
	{0}};

static const struct kms_param generate_random[] = {
	{INTEGER("NumberOfBytes", 1, 1024)},
	{STRING("CustomKeyStoreId", 1, 64)},
	{OBJECT("Recipient")},
	{0}};

static const struct kms_param list_aliases[] = {
	{ID("KeyId")}, {INTEGER("Limit", 1, 100)}, {MARKER}, {0}};

static const struct kms_param list_keys[] = {
	{INTEGER("Limit", 1, 1000)}, {MARKER}, {0}};

static const struct kms_param reencrypt[] = {
	{BLOB("CiphertextBlob", 6144)},
	{MAP("SourceEncryptionContext")},
	{ID("SourceKeyId")},
	{ID("DestinationKeyId"), REQUIRED},
	{MAP("DestinationEncryptionContext")},
	{ENUM("SourceEncryptionAlgorithm", encryption_algorithms)},
	{ENUM("DestinationEncryptionAlgorithm", encryption_algorithms)},
	{GRANT_TOKENS},
	{BOOLEAN("DryRun")},
	{MODIFIERS},
	{0}};

static const struct kms_param schedule_key_deletion[] = {
	{ID("KeyId"), REQUIRED}, {INTEGER("PendingWindowInDays", 1, 365)}, {0}};

#define KEY	.key_member = "KeyId"
#define CHANGES .flags = KMS_OP_CHANGES
#define CRYPTO                                                                 \
	.states = KMS_IN_USE, .usage = KMS_USAGE_ENCRYPT_DECRYPT,              \
	.flags = KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT
#define CAN_SWITCH	 (KMS_IN(ENABLED) | KMS_IN(DISABLED) | KMS_IN(UNAVAILABLE))
#define CAN_BE_SCHEDULED (KMS_IN_UNPENDING & ~KMS_IN(UPDATING))
/* Known, so that the answer is honest; its handler comes with its family. */
#define LATER(n)                                                               \
	{                                                                      \
		.name = (n), .permission = "kms:" n                            \
	}

const struct kms_op kms_ops[] = {
	{"CancelKeyDeletion", kms_op_cancel_key_deletion,
	 "kms:CancelKeyDeletion", KEY, .states = KMS_IN_PENDING, CHANGES,
	 .params = key_only},
	LATER("ConnectCustomKeyStore"),
	{"CreateAlias", kms_op_create_alias, "kms:CreateAlias",
	 .states = KMS_IN_UNPENDING,
	 .flags = KMS_OP_CHANGES | KMS_OP_OWN_CHECKS, .params = create_alias},
	LATER("CreateCustomKeyStore"),
	LATER("CreateGrant"),
	{"CreateKey", kms_op_create_key, "kms:CreateKey", CHANGES,
	 .params = create_key},
	{"Decrypt", kms_op_decrypt, "kms:Decrypt",
	 .usage = KMS_USAGE_ENCRYPT_DECRYPT, .states = KMS_IN_USE,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT |
		  KMS_OP_OWN_CHECKS,
	 .params = decrypt},
	{"DeleteAlias", kms_op_delete_alias, "kms:DeleteAlias",
	 .states = KMS_IN_ANY, .flags = KMS_OP_CHANGES | KMS_OP_OWN_CHECKS,
	 .params = delete_alias},
	LATER("DeleteCustomKeyStore"),
	LATER("DeleteImportedKeyMaterial"),
	LATER("DeriveSharedSecret"),
	LATER("DescribeCustomKeyStores"),
	{"DescribeKey", kms_op_describe_key, "kms:DescribeKey", KEY,
	 .states = KMS_IN_ANY,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT,
	 .params = describe_key},
	{"DisableKey", kms_op_disable_key, "kms:DisableKey", KEY,
	 .states = CAN_SWITCH, CHANGES, .params = key_only},
	LATER("DisableKeyRotation"),
	LATER("DisconnectCustomKeyStore"),
	{"EnableKey", kms_op_enable_key, "kms:EnableKey", KEY,
	 .states = CAN_SWITCH, CHANGES, .params = key_only},
	LATER("EnableKeyRotation"),
	{"Encrypt", kms_op_encrypt, "kms:Encrypt", KEY, CRYPTO,
	 .params = encrypt},
	{"GenerateDataKey", kms_op_generate_data_key, "kms:GenerateDataKey",
	 KEY, CRYPTO, .params = generate_data_key},
	LATER("GenerateDataKeyPair"),
	LATER("GenerateDataKeyPairWithoutPlaintext"),
	{"GenerateDataKeyWithoutPlaintext",
	 kms_op_generate_data_key_without_plaintext,
	 "kms:GenerateDataKeyWithoutPlaintext", KEY, CRYPTO,
	 .params = generate_data_key},
	LATER("GenerateMac"),
	{"GenerateRandom", kms_op_generate_random, "kms:GenerateRandom",
	 .flags = KMS_OP_READ_ONLY, .params = generate_random},
	LATER("GetKeyLastUsage"),
	LATER("GetKeyPolicy"),
	LATER("GetKeyRotationStatus"),
	LATER("GetParametersForImport"),
	LATER("GetPublicKey"),
	LATER("ImportKeyMaterial"),
	{"ListAliases", kms_op_list_aliases, "kms:ListAliases",
	 .states = KMS_IN_ANY, .flags = KMS_OP_READ_ONLY,
	 .params = list_aliases},
	LATER("ListGrants"),
	LATER("ListKeyPolicies"),
	LATER("ListKeyRotations"),
	{"ListKeys", kms_op_list_keys, "kms:ListKeys",
	 .flags = KMS_OP_READ_ONLY, .params = list_keys},
	LATER("ListResourceTags"),
	LATER("ListRetirableGrants"),
	LATER("PutKeyPolicy"),
	{"ReEncrypt", kms_op_reencrypt, "kms:ReEncryptFrom",
	 .usage = KMS_USAGE_ENCRYPT_DECRYPT, .states = KMS_IN_USE,
	 .flags = KMS_OP_READ_ONLY | KMS_OP_ALIAS | KMS_OP_CROSS_ACCOUNT |
		  KMS_OP_OWN_CHECKS,
	 .params = reencrypt},
	LATER("ReplicateKey"),
	LATER("RetireGrant"),
	LATER("RevokeGrant"),
	LATER("RotateKeyOnDemand"),
	{"ScheduleKeyDeletion", kms_op_schedule_key_deletion,
	 "kms:ScheduleKeyDeletion", KEY, .states = CAN_BE_SCHEDULED, CHANGES,
	 .params = schedule_key_deletion},
	LATER("Sign"),
	LATER("TagResource"),
	LATER("UntagResource"),
	{"UpdateAlias", kms_op_update_alias, "kms:UpdateAlias",
	 .states = KMS_IN_UNPENDING,
	 .flags = KMS_OP_CHANGES | KMS_OP_OWN_CHECKS, .params = create_alias},
	LATER("UpdateCustomKeyStore"),
	LATER("UpdateKeyDescription"),
	LATER("UpdatePrimaryRegion"),
	LATER("Verify"),
	LATER("VerifyMac"),
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
