/* SPDX-License-Identifier: MIT */
/* The members' tables, from the service model (version 2014-11-01). */
#include "kmsagent/kms/params.h"

#include <stddef.h>

#include "kmsagent/kms/grant.h"

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
static const char *const key_pair_specs[] = {"RSA_2048",
					     "RSA_3072",
					     "RSA_4096",
					     "ECC_NIST_P256",
					     "ECC_NIST_P384",
					     "ECC_NIST_P521",
					     "ECC_SECG_P256K1",
					     "SM2",
					     "ECC_NIST_EDWARDS25519",
					     NULL};
static const char *const signing_algorithms[] = {"RSASSA_PSS_SHA_256",
						 "RSASSA_PSS_SHA_384",
						 "RSASSA_PSS_SHA_512",
						 "RSASSA_PKCS1_V1_5_SHA_256",
						 "RSASSA_PKCS1_V1_5_SHA_384",
						 "RSASSA_PKCS1_V1_5_SHA_512",
						 "ECDSA_SHA_256",
						 "ECDSA_SHA_384",
						 "ECDSA_SHA_512",
						 "SM2DSA",
						 "ML_DSA_SHAKE_256",
						 "ED25519_SHA_512",
						 "ED25519_PH_SHA_512",
						 NULL};
static const char *const mac_algorithms[] = {
	"HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512", NULL};
static const char *const agreement_algorithms[] = {"ECDH", NULL};
static const char *const message_types[] = {"RAW", "DIGEST", "EXTERNAL_MU",
					    NULL};
static const char *const wrapping_algorithms[] = {"RSAES_PKCS1_V1_5",
						  "RSAES_OAEP_SHA_1",
						  "RSAES_OAEP_SHA_256",
						  "RSA_AES_KEY_WRAP_SHA_1",
						  "RSA_AES_KEY_WRAP_SHA_256",
						  "SM2PKE",
						  NULL};
static const char *const wrapping_key_specs[] = {"RSA_2048", "RSA_3072",
						 "RSA_4096", "SM2", NULL};
static const char *const expiration_models[] = {
	"KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE", NULL};
static const char *const import_types[] = {"NEW_KEY_MATERIAL",
					   "EXISTING_KEY_MATERIAL", NULL};
static const char *const rotation_lists[] = {"ALL_KEY_MATERIAL",
					     "ROTATIONS_ONLY", NULL};
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
#define MATERIAL_ID                                                            \
	STRING("KeyMaterialId", 64, 64), .pattern = &kms_pattern_material_id
#define MARKER	     STRING("Marker", 1, 1024), .pattern = &kms_pattern_marker
#define POLICY	     STRING("Policy", 1, 131072), .pattern = &kms_pattern_policy
#define POLICY_NAME  STRING("PolicyName", 1, 128), .pattern = &kms_pattern_word
#define PRINCIPAL(n) STRING(n, 1, 256), .pattern = &kms_pattern_principal
#define REGION(n)    STRING(n, 1, 32), .pattern = &kms_pattern_region
#define GRANT_TOKENS                                                           \
	.name = "GrantTokens", .type = KMS_TYPE_STRING_LIST, .max = 10,        \
	.item_min = 1, .item_max = 8192, .is_private = true
#define MODIFIERS                                                              \
	.name = "DryRunModifiers", .type = KMS_TYPE_STRING_LIST, .min = 1,     \
	.max = 1, .values = dry_run_modifiers

const struct kms_param kms_params_key_only[] = {{ID("KeyId"), REQUIRED}, {0}};

const struct kms_param kms_params_create_alias[] = {
	{ALIAS("AliasName"), REQUIRED}, {ID("TargetKeyId"), REQUIRED}, {0}};

const struct kms_param kms_params_create_key[] = {
	{POLICY},
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

const struct kms_param kms_params_custom_key_store[] = {
	{STRING("CustomKeyStoreId", 1, 64), REQUIRED}, {0}};

const struct kms_param kms_params_describe_custom_key_stores[] = {
	{STRING("CustomKeyStoreId", 1, 64)},
	{STRING("CustomKeyStoreName", 1, 256)},
	{INTEGER("Limit", 1, 1000)},
	{MARKER},
	{0}};

const struct kms_param kms_params_decrypt[] = {
	{BLOB("CiphertextBlob", 6144)},
	{MAP("EncryptionContext")},
	{GRANT_TOKENS},
	{ID("KeyId")},
	{ENUM("EncryptionAlgorithm", encryption_algorithms)},
	{OBJECT("Recipient")},
	{BOOLEAN("DryRun")},
	{MODIFIERS},
	{0}};

const struct kms_param kms_params_delete_alias[] = {
	{ALIAS("AliasName"), REQUIRED}, {0}};

const struct kms_param kms_params_delete_imported_key_material[] = {
	{ID("KeyId"), REQUIRED}, {MATERIAL_ID}, {0}};

const struct kms_param kms_params_derive_shared_secret[] = {
	{ID("KeyId"), REQUIRED},
	{ENUM("KeyAgreementAlgorithm", agreement_algorithms), REQUIRED},
	{BLOB("PublicKey", 8192), REQUIRED},
	{GRANT_TOKENS},
	{BOOLEAN("DryRun")},
	{OBJECT("Recipient")},
	{0}};

const struct kms_param kms_params_describe_key[] = {
	{ID("KeyId"), REQUIRED}, {GRANT_TOKENS}, {0}};

const struct kms_param kms_params_enable_key_rotation[] = {
	{ID("KeyId"), REQUIRED},
	{INTEGER("RotationPeriodInDays", 90, 2560)},
	{0}};

const struct kms_param kms_params_encrypt[] = {
	{ID("KeyId"), REQUIRED},
	{BLOB("Plaintext", 4096), REQUIRED},
	{MAP("EncryptionContext")},
	{GRANT_TOKENS},
	{ENUM("EncryptionAlgorithm", encryption_algorithms)},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_generate_data_key[] = {
	{ID("KeyId"), REQUIRED},
	{MAP("EncryptionContext")},
	{INTEGER("NumberOfBytes", 1, 1024)},
	{ENUM("KeySpec", data_key_specs)},
	{GRANT_TOKENS},
	{OBJECT("Recipient")},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_generate_data_key_pair[] = {
	{MAP("EncryptionContext")},
	{ID("KeyId"), REQUIRED},
	{ENUM("KeyPairSpec", key_pair_specs), REQUIRED},
	{GRANT_TOKENS},
	{OBJECT("Recipient")},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_generate_mac[] = {
	{BLOB("Message", 4096), REQUIRED},
	{ID("KeyId"), REQUIRED},
	{ENUM("MacAlgorithm", mac_algorithms), REQUIRED},
	{GRANT_TOKENS},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_generate_random[] = {
	{INTEGER("NumberOfBytes", 1, 1024)},
	{STRING("CustomKeyStoreId", 1, 64)},
	{OBJECT("Recipient")},
	{0}};

const struct kms_param kms_params_get_parameters_for_import[] = {
	{ID("KeyId"), REQUIRED},
	{ENUM("WrappingAlgorithm", wrapping_algorithms), REQUIRED},
	{ENUM("WrappingKeySpec", wrapping_key_specs), REQUIRED},
	{0}};

const struct kms_param kms_params_import_key_material[] = {
	{ID("KeyId"), REQUIRED},
	{BLOB("ImportToken", 6144), REQUIRED},
	{BLOB("EncryptedKeyMaterial", 6144), REQUIRED},
	{.name = "ValidTo", .type = KMS_TYPE_TIME},
	{ENUM("ExpirationModel", expiration_models)},
	{ENUM("ImportType", import_types)},
	{STRING("KeyMaterialDescription", 0, 256),
	 .pattern = &kms_pattern_material_text},
	{MATERIAL_ID},
	{0}};

const struct kms_param kms_params_list_aliases[] = {
	{ID("KeyId")}, {INTEGER("Limit", 1, 100)}, {MARKER}, {0}};

const struct kms_param kms_params_list_key_rotations[] = {
	{ID("KeyId"), REQUIRED},
	{ENUM("IncludeKeyMaterial", rotation_lists)},
	{INTEGER("Limit", 1, 1000)},
	{MARKER},
	{0}};

const struct kms_param kms_params_list_keys[] = {
	{INTEGER("Limit", 1, 1000)}, {MARKER}, {0}};

const struct kms_param kms_params_create_grant[] = {
	{ID("KeyId"), REQUIRED},
	{PRINCIPAL("GranteePrincipal"), REQUIRED},
	{PRINCIPAL("RetiringPrincipal")},
	{.name = "Operations",
	 .type = KMS_TYPE_STRING_LIST,
	 REQUIRED,
	 .min = 1,
	 .max = INT32_MAX,
	 .values = kms_grant_operations},
	{.name = "Constraints", .type = KMS_TYPE_MAPS},
	{GRANT_TOKENS},
	{ALIAS("Name")},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_list_grants[] = {
	{INTEGER("Limit", 1, 100)},	 {MARKER},
	{ID("KeyId"), REQUIRED},	 {STRING("GrantId", 1, 128)},
	{PRINCIPAL("GranteePrincipal")}, {0}};

const struct kms_param kms_params_list_retirable_grants[] = {
	{INTEGER("Limit", 1, 100)},
	{MARKER},
	{PRINCIPAL("RetiringPrincipal"), REQUIRED},
	{0}};

const struct kms_param kms_params_replicate_key[] = {
	{ID("KeyId"), REQUIRED},
	{REGION("ReplicaRegion"), REQUIRED},
	{POLICY},
	{BOOLEAN("BypassPolicyLockoutSafetyCheck")},
	{STRING("Description", 0, 8192)},
	{.name = "Tags", .type = KMS_TYPE_TAGS},
	{0}};

const struct kms_param kms_params_update_primary_region[] = {
	{ID("KeyId"), REQUIRED}, {REGION("PrimaryRegion"), REQUIRED}, {0}};

const struct kms_param kms_params_retire_grant[] = {
	{STRING("GrantToken", 1, 8192), .is_private = true},
	{ID("KeyId")},
	{STRING("GrantId", 1, 128)},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_revoke_grant[] = {
	{ID("KeyId"), REQUIRED},
	{STRING("GrantId", 1, 128), REQUIRED},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_get_key_policy[] = {
	{ID("KeyId"), REQUIRED}, {POLICY_NAME}, {0}};

const struct kms_param kms_params_list_key_policies[] = {
	{ID("KeyId"), REQUIRED}, {INTEGER("Limit", 1, 1000)}, {MARKER}, {0}};

const struct kms_param kms_params_put_key_policy[] = {
	{ID("KeyId"), REQUIRED},
	{POLICY_NAME},
	{POLICY, REQUIRED},
	{BOOLEAN("BypassPolicyLockoutSafetyCheck")},
	{0}};

const struct kms_param kms_params_list_resource_tags[] = {
	{ID("KeyId"), REQUIRED}, {INTEGER("Limit", 1, 50)}, {MARKER}, {0}};

const struct kms_param kms_params_reencrypt[] = {
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

const struct kms_param kms_params_schedule_key_deletion[] = {
	{ID("KeyId"), REQUIRED}, {INTEGER("PendingWindowInDays", 1, 365)}, {0}};

const struct kms_param kms_params_sign[] = {
	{ID("KeyId"), REQUIRED},
	{BLOB("Message", 4096), REQUIRED},
	{ENUM("MessageType", message_types)},
	{GRANT_TOKENS},
	{ENUM("SigningAlgorithm", signing_algorithms), REQUIRED},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_tag_resource[] = {
	{ID("KeyId"), REQUIRED},
	{.name = "Tags", .type = KMS_TYPE_TAGS, REQUIRED},
	{0}};

const struct kms_param kms_params_untag_resource[] = {
	{ID("KeyId"), REQUIRED},
	{.name = "TagKeys",
	 .type = KMS_TYPE_STRING_LIST,
	 REQUIRED,
	 .max = INT32_MAX,
	 .item_min = 1,
	 .item_max = 128},
	{0}};

const struct kms_param kms_params_update_key_description[] = {
	{ID("KeyId"), REQUIRED},
	{STRING("Description", 0, 8192), REQUIRED},
	{0}};

const struct kms_param kms_params_verify[] = {
	{ID("KeyId"), REQUIRED},
	{BLOB("Message", 4096), REQUIRED},
	{ENUM("MessageType", message_types)},
	{BLOB("Signature", 6144), REQUIRED},
	{ENUM("SigningAlgorithm", signing_algorithms), REQUIRED},
	{GRANT_TOKENS},
	{BOOLEAN("DryRun")},
	{0}};

const struct kms_param kms_params_verify_mac[] = {
	{BLOB("Message", 4096), REQUIRED},
	{ID("KeyId"), REQUIRED},
	{ENUM("MacAlgorithm", mac_algorithms), REQUIRED},
	{BLOB("Mac", 6144), REQUIRED},
	{GRANT_TOKENS},
	{BOOLEAN("DryRun")},
	{0}};
