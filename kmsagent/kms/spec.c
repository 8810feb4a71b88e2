/* SPDX-License-Identifier: MIT */
/* The table of specs: spec x usage x algorithm. */
#include "kmsagent/kms/spec.h"

#include <string.h>

#include "kmsagent/crypto/aead.h"
#include "kmsagent/crypto/pkey.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

#define SIGNS	 [KMS_USAGE_SIGN_VERIFY]
#define ENCRYPTS [KMS_USAGE_ENCRYPT_DECRYPT]
#define AGREES	 [KMS_USAGE_KEY_AGREEMENT]
#define MACS	 [KMS_USAGE_GENERATE_VERIFY_MAC]

#define HMAC(bits)                                                             \
	{                                                                      \
		"HMAC_" #bits, (bits) / 8, KMS_MATERIAL_MAC, KMS_USAGE_ANY,    \
		{                                                              \
			MACS = LIST("HMAC_SHA_" #bits)                         \
		}                                                              \
	}
#define RSA(bits)                                                              \
	{                                                                      \
		"RSA_" #bits, 0, KMS_MATERIAL_PAIR, KMS_USAGE_ANY,             \
		{                                                              \
			ENCRYPTS = LIST("RSAES_OAEP_SHA_1",                    \
					"RSAES_OAEP_SHA_256"),                 \
			SIGNS = LIST("RSASSA_PKCS1_V1_5_SHA_256",              \
				     "RSASSA_PKCS1_V1_5_SHA_384",              \
				     "RSASSA_PKCS1_V1_5_SHA_512",              \
				     "RSASSA_PSS_SHA_256",                     \
				     "RSASSA_PSS_SHA_384",                     \
				     "RSASSA_PSS_SHA_512")                     \
		}                                                              \
	}
#define NIST(curve, bits)                                                      \
	{                                                                      \
		"ECC_NIST_" curve, 0, KMS_MATERIAL_PAIR, KMS_USAGE_ANY,        \
		{                                                              \
			SIGNS = LIST("ECDSA_SHA_" #bits),                      \
			AGREES = LIST("ECDH")                                  \
		}                                                              \
	}
#define ML_DSA(n)                                                              \
	{                                                                      \
		"ML_DSA_" #n, 0, KMS_MATERIAL_PAIR, KMS_USAGE_ANY,             \
		{                                                              \
			SIGNS = LIST("ML_DSA_SHAKE_256")                       \
		}                                                              \
	}

static const struct kms_spec specs[] = {
	{KMS_SYMMETRIC_DEFAULT,
	 AEAD_KEY_BYTES,
	 KMS_MATERIAL_SYMMETRIC,
	 KMS_USAGE_ENCRYPT_DECRYPT,
	 {ENCRYPTS = LIST(KMS_SYMMETRIC_DEFAULT)}},
	HMAC(224),
	HMAC(256),
	HMAC(384),
	HMAC(512),
	RSA(2048),
	RSA(3072),
	RSA(4096),
	NIST("P256", 256),
	NIST("P384", 384),
	NIST("P521", 512),
	{"ECC_SECG_P256K1",
	 0,
	 KMS_MATERIAL_PAIR,
	 KMS_USAGE_ANY,
	 {SIGNS = LIST("ECDSA_SHA_256")}},
	{"ECC_NIST_EDWARDS25519",
	 0,
	 KMS_MATERIAL_PAIR,
	 KMS_USAGE_ANY,
	 {SIGNS = LIST("ED25519_SHA_512", "ED25519_PH_SHA_512")}},
	ML_DSA(44),
	ML_DSA(65),
	ML_DSA(87),
	{"SM2",
	 0,
	 KMS_MATERIAL_PAIR,
	 KMS_USAGE_ANY,
	 {ENCRYPTS = LIST("SM2PKE"), SIGNS = LIST("SM2DSA"),
	  AGREES = LIST("ECDH")}},
};

static const struct {
	const char *name;
	const char *list;
} usages[KMS_USAGE_COUNT] = {
	[KMS_USAGE_ANY] = {"", ""},
	ENCRYPTS = {"ENCRYPT_DECRYPT", "EncryptionAlgorithms"},
	SIGNS = {"SIGN_VERIFY", "SigningAlgorithms"},
	MACS = {"GENERATE_VERIFY_MAC", "MacAlgorithms"},
	AGREES = {"KEY_AGREEMENT", "KeyAgreementAlgorithms"},
};

const struct kms_spec *kms_spec_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(specs); i++)
		if (strcmp(specs[i].name, name) == 0)
			return &specs[i];
	return NULL;
}

bool kms_spec_is_available(const struct kms_spec *spec, enum kms_usage usage)
{
	const struct pkey_kind *kind = pkey_kind_find(spec->name);

	if (spec->type != KMS_MATERIAL_PAIR)
		return true;
	if (usage == KMS_USAGE_KEY_AGREEMENT && !pkey_kind_can_derive(kind))
		return false;
	return pkey_kind_is_available(kind);
}

bool kms_spec_serves(const struct kms_spec *spec, enum kms_usage usage)
{
	return spec->algorithms[usage] != NULL;
}

bool kms_spec_has_algorithm(const struct kms_spec *spec, enum kms_usage usage,
			    const char *algorithm)
{
	const char *const *list = spec->algorithms[usage];

	for (; list && *list; list++)
		if (strcmp(*list, algorithm) == 0)
			return true;
	return false;
}

const char *kms_usage_name(enum kms_usage usage)
{
	return usages[usage].name;
}

const char *kms_usage_list_name(enum kms_usage usage)
{
	return usages[usage].list;
}

enum kms_usage kms_usage_find(const char *name)
{
	for (int u = KMS_USAGE_ANY + 1; u < KMS_USAGE_COUNT; u++)
		if (strcmp(usages[u].name, name) == 0)
			return (enum kms_usage)u;
	return KMS_USAGE_ANY;
}
