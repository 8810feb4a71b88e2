/* SPDX-License-Identifier: MIT */
/*
 * Key spec x usage x operation x algorithm, right and wrong.  The table is
 * typed from AWS's ("Key spec reference", Developer Guide; CreateKey, API
 * Reference), not from ours; the words of refusal were recorded from AWS.
 */
#include "tests/unit/kms.h"

#define MESSAGE "aGVsbG8="

static const char *const specs[] = {
	"SYMMETRIC_DEFAULT",
	"HMAC_224",
	"HMAC_256",
	"HMAC_384",
	"HMAC_512",
	"RSA_2048",
	"RSA_3072",
	"RSA_4096",
	"ECC_NIST_P256",
	"ECC_NIST_P384",
	"ECC_NIST_P521",
	"ECC_SECG_P256K1",
	"ECC_NIST_EDWARDS25519",
	"ML_DSA_44",
	"ML_DSA_65",
	"ML_DSA_87",
	"SM2",
};
static const char *const usages[] = {"ENCRYPT_DECRYPT", "SIGN_VERIFY",
				     "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"};

#define OAEP "RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256"
#define RSASSA                                                                 \
	"RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 "                 \
	"RSASSA_PKCS1_V1_5_SHA_512 RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 "     \
	"RSASSA_PSS_SHA_512"

/* What CreateKey takes, and the algorithms that the metadata then lists. */
static const struct {
	const char *spec;
	const char *usage;
	const char *member;
	const char *algorithms;
} rows[] = {
	{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "EncryptionAlgorithms",
	 "SYMMETRIC_DEFAULT"},
	{"HMAC_224", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_224"},
	{"HMAC_256", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_256"},
	{"HMAC_384", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_384"},
	{"HMAC_512", "GENERATE_VERIFY_MAC", "MacAlgorithms", "HMAC_SHA_512"},
	{"RSA_2048", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", OAEP},
	{"RSA_3072", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", OAEP},
	{"RSA_4096", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", OAEP},
	{"RSA_2048", "SIGN_VERIFY", "SigningAlgorithms", RSASSA},
	{"RSA_3072", "SIGN_VERIFY", "SigningAlgorithms", RSASSA},
	{"RSA_4096", "SIGN_VERIFY", "SigningAlgorithms", RSASSA},
	{"ECC_NIST_P256", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_256"},
	{"ECC_NIST_P384", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_384"},
	{"ECC_NIST_P521", "SIGN_VERIFY", "SigningAlgorithms", "ECDSA_SHA_512"},
	{"ECC_NIST_P256", "KEY_AGREEMENT", "KeyAgreementAlgorithms", "ECDH"},
	{"ECC_NIST_P384", "KEY_AGREEMENT", "KeyAgreementAlgorithms", "ECDH"},
	{"ECC_NIST_P521", "KEY_AGREEMENT", "KeyAgreementAlgorithms", "ECDH"},
	{"ECC_SECG_P256K1", "SIGN_VERIFY", "SigningAlgorithms",
	 "ECDSA_SHA_256"},
	{"ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "SigningAlgorithms",
	 "ED25519_SHA_512 ED25519_PH_SHA_512"},
	{"ML_DSA_44", "SIGN_VERIFY", "SigningAlgorithms", "ML_DSA_SHAKE_256"},
	{"ML_DSA_65", "SIGN_VERIFY", "SigningAlgorithms", "ML_DSA_SHAKE_256"},
	{"ML_DSA_87", "SIGN_VERIFY", "SigningAlgorithms", "ML_DSA_SHAKE_256"},
	{"SM2", "ENCRYPT_DECRYPT", "EncryptionAlgorithms", "SM2PKE"},
	{"SM2", "SIGN_VERIFY", "SigningAlgorithms", "SM2DSA"},
	{"SM2", "KEY_AGREEMENT", "KeyAgreementAlgorithms", "ECDH"},
};

#define ROWS ARRAY_SIZE(rows)

static char ids[ROWS][37]; /* "": this OpenSSL has no such keys */

/* Every algorithm of the model, and the operations that take it. */
static const struct {
	const char *name;
	const char *usage;
	const char *types; /* MessageTypes of Sign: R, D, M */
	size_t digest_bytes;
} algorithms[] = {
	{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "", 0},
	{"RSAES_OAEP_SHA_1", "ENCRYPT_DECRYPT", "", 0},
	{"RSAES_OAEP_SHA_256", "ENCRYPT_DECRYPT", "", 0},
	{"SM2PKE", "ENCRYPT_DECRYPT", "", 0},
	{"RSASSA_PSS_SHA_256", "SIGN_VERIFY", "RD", 32},
	{"RSASSA_PSS_SHA_384", "SIGN_VERIFY", "RD", 48},
	{"RSASSA_PSS_SHA_512", "SIGN_VERIFY", "RD", 64},
	{"RSASSA_PKCS1_V1_5_SHA_256", "SIGN_VERIFY", "RD", 32},
	{"RSASSA_PKCS1_V1_5_SHA_384", "SIGN_VERIFY", "RD", 48},
	{"RSASSA_PKCS1_V1_5_SHA_512", "SIGN_VERIFY", "RD", 64},
	{"ECDSA_SHA_256", "SIGN_VERIFY", "RD", 32},
	{"ECDSA_SHA_384", "SIGN_VERIFY", "RD", 48},
	{"ECDSA_SHA_512", "SIGN_VERIFY", "RD", 64},
	{"SM2DSA", "SIGN_VERIFY", "RD", 32},
	{"ML_DSA_SHAKE_256", "SIGN_VERIFY", "RM", 64},
	{"ED25519_SHA_512", "SIGN_VERIFY", "R", 64},
	{"ED25519_PH_SHA_512", "SIGN_VERIFY", "D", 64},
	{"HMAC_SHA_224", "GENERATE_VERIFY_MAC", "", 0},
	{"HMAC_SHA_256", "GENERATE_VERIFY_MAC", "", 0},
	{"HMAC_SHA_384", "GENERATE_VERIFY_MAC", "", 0},
	{"HMAC_SHA_512", "GENERATE_VERIFY_MAC", "", 0},
	{"ECDH", "KEY_AGREEMENT", "", 0},
};

static const struct {
	char initial;
	const char *name;
} types[] = {{'R', "RAW"}, {'D', "DIGEST"}, {'M', "EXTERNAL_MU"}};

static const struct {
	const char *op;
	const char *usage;
	const char *algorithm; /* the member's name */
	const char *message;   /* so, too */
	const char *rest;
} ops[] = {
	{"Encrypt", "ENCRYPT_DECRYPT", "EncryptionAlgorithm", "Plaintext", ""},
	{"Sign", "SIGN_VERIFY", "SigningAlgorithm", "Message", ""},
	{"Verify", "SIGN_VERIFY", "SigningAlgorithm", "Message",
	 ",\"Signature\":\"AAAA\""},
	{"GenerateMac", "GENERATE_VERIFY_MAC", "MacAlgorithm", "Message", ""},
	{"VerifyMac", "GENERATE_VERIFY_MAC", "MacAlgorithm", "Message",
	 ",\"Mac\":\"AAAA\""},
	{"DeriveSharedSecret", "KEY_AGREEMENT", "KeyAgreementAlgorithm",
	 "PublicKey", ""},
};

static bool is_one_of(const char *word, const char *words)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') &&
		    (at[len] == ' ' || !at[len]))
			return true;
	return false;
}

static size_t row_of(const char *spec, const char *usage)
{
	size_t i = 0;

	while (i < ROWS && (strcmp(rows[i].spec, spec) != 0 ||
			    strcmp(rows[i].usage, usage) != 0))
		i++;
	return i;
}

static void check_metadata(size_t row)
{
	const cJSON *meta = cJSON_GetObjectItem(test_reply.body, "KeyMetadata");
	const cJSON *list = cJSON_GetObjectItem(meta, rows[row].member), *item;
	const bool is_symmetric = row == 0;
	char got[512] = "";

	cJSON_ArrayForEach(item, list)
	{
		strcat(got, *got ? " " : "");
		strcat(got, item->valuestring);
	}
	TAP_EQ_STR(got, rows[row].algorithms, "and_lists_its_algorithms");
	TAP_OK(cJSON_HasObjectItem(meta, "EncryptionAlgorithms") +
			       cJSON_HasObjectItem(meta, "SigningAlgorithms") +
			       cJSON_HasObjectItem(meta, "MacAlgorithms") +
			       cJSON_HasObjectItem(meta,
						   "KeyAgreementAlgorithms") ==
		       1,
	       "and_those_alone");
	TAP_EQ_STR(test_string("KeyMetadata.KeySpec"), rows[row].spec,
		   "and_its_spec");
	TAP_EQ_STR(test_string("KeyMetadata.KeyUsage"), rows[row].usage,
		   "and_its_usage");
	TAP_OK(cJSON_HasObjectItem(meta, "CurrentKeyMaterialId") ==
		       is_symmetric,
	       "and_material_only_if_it_is_symmetric");
}

/* Of these alone it depends on the OpenSSL that runs here. */
static bool is_available(const char *spec, const char *usage)
{
	if (strcmp(spec, "SM2") == 0 && strcmp(usage, "KEY_AGREEMENT") == 0)
		return false;
	return (strcmp(spec, "SM2") != 0 && strncmp(spec, "ML_", 3) != 0) ||
	       pkey_kind_is_available(pkey_kind_find(spec));
}

static void create(struct kms_service *svc, const char *spec, const char *usage)
{
	size_t row = row_of(spec, usage);
	char name[96], want[128];
	const char *error;

	snprintf(name, sizeof(name), "%s_for_%s", spec, usage);
	error = test_callf(svc, "CreateKey",
			   "{\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\"}", spec,
			   usage);
	if (row < ROWS && !is_available(spec, usage)) {
		TAP_EQ_STR(error, "UnsupportedOperationException", name);
		snprintf(want, sizeof(want),
			 "This kmsd does not support KeySpec %s with KeyUsage "
			 "%s: its OpenSSL does not have it.",
			 spec, usage);
		TAP_EQ_STR(test_message(), want, "is_refused_for_what_it_is");
		return;
	}
	TAP_EQ_STR(error, row < ROWS ? "" : "ValidationException", name);
	if (row == ROWS) {
		snprintf(want, sizeof(want),
			 "KeyUsage %s is not compatible with KeySpec %s", usage,
			 spec);
		TAP_EQ_STR(test_message(), want, "is_refused_in_these_words");
		return;
	}
	snprintf(ids[row], sizeof(ids[row]), "%s",
		 test_string("KeyMetadata.KeyId"));
	check_metadata(row);
}

static void create_all(struct kms_service *svc)
{
	for (size_t s = 0; s < ARRAY_SIZE(specs); s++) {
		for (size_t u = 0; u < ARRAY_SIZE(usages); u++)
			create(svc, specs[s], usages[u]);
		if (s == 0)
			continue;
		TAP_EQ_STR(test_callf(svc, "CreateKey", "{\"KeySpec\":\"%s\"}",
				      specs[s]),
			   "ValidationException", "a_usage_must_be_named");
		TAP_EQ_STR(test_message(),
			   "You must specify a KeyUsage value for all KMS "
			   "keys except for symmetric encryption keys.",
			   "in_these_words");
	}
}

/* What AWS answers to this operation; "" if it does it. */
static void expect(size_t row, size_t op, size_t a, size_t type, char *ret,
		   size_t size)
{
	const char *spec = rows[row].spec, *usage = rows[row].usage;
	const char *algorithm = algorithms[a].name;
	bool is_sign = strcmp(ops[op].usage, "SIGN_VERIFY") == 0;

	if (strcmp(usage, ops[op].usage) != 0)
		snprintf(ret, size,
			 "InvalidKeyUsageException: arn:aws:kms:" TEST_REGION
			 ":" TEST_ACCOUNT ":key/%s key usage is %s which is "
			 "not valid for %s.",
			 ids[row], usage, ops[op].op);
	else if (!is_one_of(algorithm, rows[row].algorithms))
		snprintf(ret, size,
			 "InvalidKeyUsageException: Algorithm %s is "
			 "incompatible with key spec %s.",
			 algorithm, spec);
	else if (is_sign && !strchr(algorithms[a].types, types[type].initial))
		snprintf(ret, size,
			 "ValidationException: Message type %s is incompatible "
			 "with %s %s.",
			 types[type].name,
			 strncmp(spec, "ML", 2) == 0 ? "key spec" : "algorithm",
			 strncmp(spec, "ML", 2) == 0 ? spec : algorithm);
	else if (strcmp(algorithm, "ED25519_PH_SHA_512") == 0)
		snprintf(ret, size,
			 "UnsupportedOperationException: This kmsd does not "
			 "support the algorithm %s: its OpenSSL has no call "
			 "for it.",
			 algorithm);
	else if (strcmp(ops[op].op, "Verify") == 0)
		snprintf(ret, size, "KMSInvalidSignatureException: (none)");
	else if (strcmp(ops[op].op, "VerifyMac") == 0)
		snprintf(ret, size, "KMSInvalidMacException: (none)");
	else if (strcmp(ops[op].op, "DeriveSharedSecret") == 0)
		snprintf(ret, size,
			 "ValidationException: PublicKey must be the "
			 "DER-encoded SubjectPublicKeyInfo of a public key of "
			 "the key spec %s.",
			 spec);
	else
		*ret = '\0';
}

static void try(struct kms_service *svc, size_t row, size_t op, size_t a,
		size_t type)
{
	/* 64 and 48 and 32 bytes: digests, and messages as good as any. */
	static const char bytes[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd"
				    "Hh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7"
				    "PD0+Pw==";
	char want[512], got[512], name[128], message[96];
	size_t chars = (algorithms[a].digest_bytes + 2) / 3 * 4;
	const char *error;

	snprintf(message, sizeof(message), "%s", chars == 88 ? bytes : MESSAGE);
	if (chars == 64)
		snprintf(message, sizeof(message), "%.64s", bytes);
	if (chars == 44)
		snprintf(message, sizeof(message), "%.42s8=", bytes);
	expect(row, op, a, type, want, sizeof(want));
	error = test_callf(svc, ops[op].op,
			   "{\"KeyId\":\"%s\",\"%s\":\"%s\","
			   "\"MessageType\":\"%s\",\"%s\":\"%s\"%s}",
			   ids[row], ops[op].algorithm, algorithms[a].name,
			   types[type].name, ops[op].message, message,
			   ops[op].rest);
	snprintf(got, sizeof(got), "%s%s%s", error, *error ? ": " : "",
		 !*error	      ? ""
		 : test_reply.message ? test_reply.message
				      : "(none)");
	snprintf(name, sizeof(name), "%s_%s_%s_for_%s", ops[op].op,
		 algorithms[a].name, rows[row].spec, rows[row].usage);
	TAP_EQ_STR(got, want, name);
}

static void try_all(struct kms_service *svc, size_t row)
{
	for (size_t op = 0; op < ARRAY_SIZE(ops); op++)
		for (size_t a = 0; a < ARRAY_SIZE(algorithms); a++) {
			/* Else the model refuses the name already. */
			if (strcmp(algorithms[a].usage, ops[op].usage) != 0)
				continue;
			for (size_t m = 0; m < ARRAY_SIZE(types); m++)
				if (m == 0 || *algorithms[a].types)
					try(svc, row, op, a, m);
		}
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	create_all(svc);
	for (size_t row = 0; row < ROWS; row++)
		if (*ids[row])
			try_all(svc, row);
	test_end(svc);
	return tap_done();
}
