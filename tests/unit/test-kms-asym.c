/* SPDX-License-Identifier: MIT */
/*
 * Sign, Verify, GetPublicKey, the MACs, agreement and data key pairs: what
 * comes back, what is refused and in which words (those recorded from AWS
 * KMS, LocalStack's validated snapshots and public reports).
 */
#include "tests/unit/kms.h"

#define HELLO "aGVsbG8="

static char symmetric[37], rsa[37], signer[37], ec[37], mac[37], agree[37],
	agree2[37];

/* Flip a bit of base64: another base64 of the same length. */
static void change(char *text)
{
	text[4] = text[4] == 'A' ? 'B' : 'A';
}

static void test_sign(struct kms_service *svc)
{
	char *signature;

	TAP_EQ_STR(test_callf(svc, "Sign",
			      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			      "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
			      ec),
		   "", "sign_without_a_message_type");
	TAP_OK(!test_reply.has_secrets, "a_signature_is_no_secret");
	TAP_EQ_STR(test_string("SigningAlgorithm"), "ECDSA_SHA_256",
		   "it_names_the_algorithm");
	TAP_OK(strstr(test_string("KeyId"), "arn:aws:kms:"), "and_the_arn");
	signature = test_keep("Signature");
	TAP_EQ_STR(test_callf(svc, "Verify",
			      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			      "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\","
			      "\"MessageType\":\"RAW\",\"Signature\":\"%s\"}",
			      ec, signature),
		   "", "is_of_a_raw_message");
	TAP_OK(cJSON_IsTrue(
		       cJSON_GetObjectItem(test_reply.body, "SignatureValid")),
	       "and_valid");
	TAP_OK(cJSON_HasObjectItem(test_parameters(), "keyId") &&
		       !cJSON_HasObjectItem(test_parameters(), "message") &&
		       !cJSON_HasObjectItem(test_parameters(), "signature"),
	       "neither_is_in_the_audit_record");
	TAP_EQ_STR(test_callf(svc, "Verify",
			      "{\"KeyId\":\"%s\",\"Message\":\"AAAA\","
			      "\"SigningAlgorithm\":\"ECDSA_SHA_256\","
			      "\"Signature\":\"%s\"}",
			      ec, signature),
		   "KMSInvalidSignatureException", "of_another_message_not");
	TAP_OK(!test_reply.message, "without_a_message");
	change(signature);
	TAP_EQ_STR(test_callf(svc, "Verify",
			      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			      "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\","
			      "\"Signature\":\"%s\"}",
			      ec, signature),
		   "KMSInvalidSignatureException", "nor_a_changed_one");
	free(signature);
	test_says(test_callf(svc, "Sign",
			     "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			     "\",\"MessageType\":\"DIGEST\","
			     "\"SigningAlgorithm\":\"RSASSA_PSS_SHA_256\"}",
			     signer),
		  "ValidationException",
		  "Digest is invalid length for algorithm RSASSA_PSS_SHA_256.",
		  "a_digest_of_five_bytes");
	test_says(
		test_callf(
			svc, "Verify",
			"{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			"\",\"MessageType\":\"DIGEST\",\"Signature\":\"AAAA\","
			"\"SigningAlgorithm\":\"RSASSA_PKCS1_V1_5_SHA_512\"}",
			signer),
		"ValidationException",
		"Digest is invalid length for algorithm "
		"RSASSA_PKCS1_V1_5_SHA_512.",
		"to_verify_too");
	test_says(
		test_callf(svc, "Sign",
			   "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			   "\",\"SigningAlgorithm\":\"MD5\"}",
			   ec),
		"ValidationException",
		"1 validation error detected: Value 'MD5' at 'signingAlgorithm' "
		"failed to satisfy constraint: Member must satisfy enum value "
		"set: [RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, "
		"RSASSA_PSS_SHA_512, RSASSA_PKCS1_V1_5_SHA_256, "
		"RSASSA_PKCS1_V1_5_SHA_384, RSASSA_PKCS1_V1_5_SHA_512, "
		"ECDSA_SHA_256, ECDSA_SHA_384, ECDSA_SHA_512, SM2DSA, "
		"ML_DSA_SHAKE_256, ED25519_SHA_512, ED25519_PH_SHA_512]",
		"an_algorithm_of_nobody's");
}

static void test_mac(struct kms_service *svc)
{
	char *value;

	TAP_EQ_STR(test_callf(svc, "GenerateMac",
			      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			      "\",\"MacAlgorithm\":\"HMAC_SHA_256\"}",
			      mac),
		   "", "generate_mac");
	TAP_EQ_INT(strlen(test_string("Mac")), 44, "of_32_bytes");
	value = test_keep("Mac");
	TAP_EQ_STR(test_callf(svc, "VerifyMac",
			      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			      "\",\"MacAlgorithm\":\"HMAC_SHA_256\","
			      "\"Mac\":\"%s\"}",
			      mac, value),
		   "", "verify_mac");
	TAP_OK(cJSON_IsTrue(cJSON_GetObjectItem(test_reply.body, "MacValid")),
	       "is_valid");
	change(value);
	TAP_EQ_STR(test_callf(svc, "VerifyMac",
			      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			      "\",\"MacAlgorithm\":\"HMAC_SHA_256\","
			      "\"Mac\":\"%s\"}",
			      mac, value),
		   "KMSInvalidMacException", "a_changed_one_is_not");
	TAP_OK(!test_reply.message, "without_a_message");
	free(value);
}

static void test_public_key(struct kms_service *svc)
{
	static const struct {
		const char *id;
		const char *list;
		const char *usage;
	} keys[] = {{rsa, "EncryptionAlgorithms", "ENCRYPT_DECRYPT"},
		    {signer, "SigningAlgorithms", "SIGN_VERIFY"},
		    {agree, "KeyAgreementAlgorithms", "KEY_AGREEMENT"}};
	char want[256];

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		TAP_EQ_STR(test_callf(svc, "GetPublicKey", "{\"KeyId\":\"%s\"}",
				      keys[i].id),
			   "", "get_public_key");
		TAP_OK(cJSON_IsArray(cJSON_GetObjectItem(test_reply.body,
							 keys[i].list)),
		       "lists_the_algorithms_of_its_usage");
		TAP_EQ_STR(test_string("KeyUsage"), keys[i].usage, "named");
		TAP_EQ_STR(test_string("CustomerMasterKeySpec"),
			   test_string("KeySpec"), "and_the_spec_twice");
	}
	for (int i = 0; i < 2; i++) {
		const char *id = i ? mac : symmetric;

		snprintf(want, sizeof(want),
			 "arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT
			 ":key/%s key spec is %s which is not valid for "
			 "GetPublicKey.",
			 id, i ? "HMAC_256" : "SYMMETRIC_DEFAULT");
		test_says(test_callf(svc, "GetPublicKey", "{\"KeyId\":\"%s\"}",
				     id),
			  "UnsupportedOperationException", want,
			  "a_key_without_one_has_none");
	}
}

static void test_agreement(struct kms_service *svc)
{
	char *public, *shared;

	test_callf(svc, "GetPublicKey", "{\"KeyId\":\"%s\"}", agree2);
	public = test_keep("PublicKey");
	TAP_EQ_STR(test_callf(svc, "DeriveSharedSecret",
			      "{\"KeyId\":\"%s\",\"KeyAgreementAlgorithm\":"
			      "\"ECDH\",\"PublicKey\":\"%s\"}",
			      agree, public),
		   "", "derive_shared_secret");
	TAP_EQ_INT(strlen(test_string("SharedSecret")), 44, "of_32_bytes");
	TAP_EQ_STR(test_string("KeyOrigin"), "AWS_KMS", "says_whence_its_key");
	TAP_OK(test_reply.has_secrets, "and_that_it_is_a_secret");
	shared = test_keep("SharedSecret");
	free(public);
	test_callf(svc, "GetPublicKey", "{\"KeyId\":\"%s\"}", agree);
	public = test_keep("PublicKey");
	test_callf(svc, "DeriveSharedSecret",
		   "{\"KeyId\":\"%s\",\"KeyAgreementAlgorithm\":\"ECDH\","
		   "\"PublicKey\":\"%s\"}",
		   agree2, public);
	TAP_EQ_STR(test_string("SharedSecret"), shared, "which_both_have");
	free(shared);
	free(public);
	test_callf(svc, "GetPublicKey", "{\"KeyId\":\"%s\"}", signer);
	public = test_keep("PublicKey");
	test_says(
		test_callf(
			svc, "DeriveSharedSecret",
			"{\"KeyId\":\"%s\",\"KeyAgreementAlgorithm\":\"ECDH\","
			"\"PublicKey\":\"%s\"}",
			agree, public),
		"ValidationException",
		"PublicKey must be the DER-encoded SubjectPublicKeyInfo of a "
		"public key of the key spec ECC_NIST_P256.",
		"an_rsa_key_is_no_peer");
	test_says(
		test_callf(
			svc, "DeriveSharedSecret",
			"{\"KeyId\":\"%s\",\"KeyAgreementAlgorithm\":\"ECDH\","
			"\"PublicKey\":\"%s\",\"Recipient\":{}}",
			agree, public),
		"UnsupportedOperationException",
		"This kmsd does not support the parameter Recipient of "
		"DeriveSharedSecret.",
		"a_recipient_is_not_passed_over");
	free(public);
}

static void test_data_key_pair(struct kms_service *svc, const char *spec)
{
	char name[96], *private, *blob;

	snprintf(name, sizeof(name), "a_data_key_pair_of_%s", spec);
	TAP_EQ_STR(test_callf(svc, "GenerateDataKeyPair",
			      "{\"KeyId\":\"%s\",\"KeyPairSpec\":\"%s\","
			      "\"EncryptionContext\":{\"a\":\"b\"}}",
			      symmetric, spec),
		   "", name);
	TAP_EQ_STR(test_string("KeyPairSpec"), spec, "names_its_spec");
	TAP_EQ_INT(strlen(test_string("KeyMaterialId")), 64,
		   "and_the_material_that_sealed_it");
	TAP_OK(*test_string("PublicKey") && test_reply.has_secrets,
	       "holds_both_halves");
	private = test_keep("PrivateKeyPlaintext");
	blob = test_keep("PrivateKeyCiphertextBlob");
	TAP_EQ_STR(test_callf(svc, "Decrypt",
			      "{\"CiphertextBlob\":\"%s\","
			      "\"EncryptionContext\":{\"a\":\"b\"}}",
			      blob),
		   "", "decrypt_opens_it");
	TAP_EQ_STR(test_string("Plaintext"), private, "to_the_private_key");
	TAP_EQ_STR(
		test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob),
		"InvalidCiphertextException", "in_its_context_only");
	free(private);
	free(blob);
	TAP_EQ_STR(test_callf(svc, "GenerateDataKeyPairWithoutPlaintext",
			      "{\"KeyId\":\"%s\",\"KeyPairSpec\":\"%s\"}",
			      symmetric, spec),
		   "", "without_plaintext");
	TAP_OK(!cJSON_HasObjectItem(test_reply.body, "PrivateKeyPlaintext") &&
		       !test_reply.has_secrets &&
		       *test_string("PrivateKeyCiphertextBlob"),
	       "there_is_none");
}

static void test_data_key_pairs(struct kms_service *svc)
{
	static const char *const pair_specs[] = {
		"RSA_2048",	 "ECC_NIST_P256",   "ECC_NIST_P384",
		"ECC_NIST_P521", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"};

	for (size_t i = 0; i < ARRAY_SIZE(pair_specs); i++)
		test_data_key_pair(svc, pair_specs[i]);
	test_says(test_callf(svc, "GenerateDataKeyPair",
			     "{\"KeyId\":\"%s\",\"KeyPairSpec\":\"RSA_2048\"}",
			     rsa),
		  "InvalidKeyUsageException",
		  "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec "
		  "RSA_2048.",
		  "pairs_are_of_symmetric_keys");
	TAP_EQ_STR(test_callf(svc, "GenerateDataKeyPair",
			      "{\"KeyId\":\"%s\",\"KeyPairSpec\":"
			      "\"ML_DSA_44\"}",
			      symmetric),
		   "ValidationException", "and_of_the_specs_that_AWS_has");
	TAP_EQ_STR(test_callf(svc, "GenerateDataKeyPair",
			      "{\"KeyId\":\"%s\",\"KeyPairSpec\":\"RSA_2048\","
			      "\"Recipient\":{}}",
			      symmetric),
		   "UnsupportedOperationException",
		   "a_recipient_is_not_passed_over");
}

static void test_dry_run(struct kms_service *svc)
{
	static const struct {
		const char *op;
		const char *id;
		const char *rest;
	} calls[] = {
		{"Sign", ec, "\"SigningAlgorithm\":\"ECDSA_SHA_256\""},
		{"Verify", ec,
		 "\"SigningAlgorithm\":\"ECDSA_SHA_256\",\"Signature\":"
		 "\"AAAA\""},
		{"GenerateMac", mac, "\"MacAlgorithm\":\"HMAC_SHA_256\""},
		{"VerifyMac", mac,
		 "\"MacAlgorithm\":\"HMAC_SHA_256\",\"Mac\":\"AAAA\""},
		{"GenerateDataKeyPair", symmetric,
		 "\"KeyPairSpec\":\"RSA_4096\""},
		{"GenerateDataKeyPairWithoutPlaintext", symmetric,
		 "\"KeyPairSpec\":\"RSA_4096\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		TAP_EQ_STR(test_callf(svc, calls[i].op,
				      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
				      "\",\"DryRun\":true,%s}",
				      calls[i].id, calls[i].rest),
			   "DryRunOperationException", calls[i].op);
}

/* Only root may, whatever the key is. */
static void test_permissions(struct kms_service *svc)
{
	static const char *const ops[] = {
		"Sign",
		"Verify",
		"GetPublicKey",
		"GenerateMac",
		"VerifyMac",
		"DeriveSharedSecret",
		"GenerateDataKeyPair",
		"GenerateDataKeyPairWithoutPlaintext"};
	char body[512], want[512];

	snprintf(body, sizeof(body),
		 "{\"KeyId\":\"%s\",\"Message\":\"" HELLO "\","
		 "\"Signature\":\"AAAA\",\"SigningAlgorithm\":"
		 "\"ECDSA_SHA_256\",\"Mac\":\"AAAA\",\"MacAlgorithm\":"
		 "\"HMAC_SHA_256\",\"KeyAgreementAlgorithm\":\"ECDH\","
		 "\"PublicKey\":\"AAAA\",\"KeyPairSpec\":\"RSA_4096\"}",
		 ec);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		snprintf(want, sizeof(want),
			 "User: arn:aws:iam::" TEST_ACCOUNT ":user/bob is not "
			 "authorized to perform: kms:%s on resource: "
			 "arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT ":key/%s "
			 "because no resource-based policy allows the kms:%s "
			 "action",
			 ops[i], ec, ops[i]);
		test_says(test_call_as(svc, &test_user, TEST_REGION, ops[i],
				       body),
			  "AccessDeniedException", want, ops[i]);
		TAP_EQ_STR(test_call_as(svc, &test_agent, TEST_REGION, ops[i],
					body),
			   "AccessDeniedException", "the_agent_may_not_either");
	}
}

/* A store opened again has the same keys. */
static void test_reopen(void)
{
	struct kms_service *svc = test_open("again");
	char *public, *signature, *value;

	test_create(svc, "ECC_NIST_P256", "SIGN_VERIFY", ec);
	test_create(svc, "HMAC_512", "GENERATE_VERIFY_MAC", mac);
	test_create(svc, "RSA_4096", "ENCRYPT_DECRYPT", rsa);
	test_callf(svc, "GetPublicKey", "{\"KeyId\":\"%s\"}", rsa);
	public = test_keep("PublicKey");
	test_callf(svc, "Sign",
		   "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
		   "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
		   ec);
	signature = test_keep("Signature");
	test_callf(svc, "GenerateMac",
		   "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
		   "\",\"MacAlgorithm\":\"HMAC_SHA_512\"}",
		   mac);
	value = test_keep("Mac");
	test_end(svc);
	svc = test_open("again");
	test_callf(svc, "GetPublicKey", "{\"KeyId\":\"%s\"}", rsa);
	TAP_EQ_STR(test_string("PublicKey"), public,
		   "a_pair_is_there_after_a_restart");
	TAP_EQ_STR(test_callf(svc, "Verify",
			      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			      "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\","
			      "\"Signature\":\"%s\"}",
			      ec, signature),
		   "", "and_verifies_what_it_signed");
	TAP_EQ_STR(test_callf(svc, "VerifyMac",
			      "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
			      "\",\"MacAlgorithm\":\"HMAC_SHA_512\","
			      "\"Mac\":\"%s\"}",
			      mac, value),
		   "", "so_does_a_mac_key");
	free(public);
	free(signature);
	free(value);
	test_end(svc);
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, symmetric);
	test_create(svc, "RSA_2048", "ENCRYPT_DECRYPT", rsa);
	test_create(svc, "RSA_2048", "SIGN_VERIFY", signer);
	test_create(svc, "ECC_NIST_P256", "SIGN_VERIFY", ec);
	test_create(svc, "HMAC_256", "GENERATE_VERIFY_MAC", mac);
	test_create(svc, "ECC_NIST_P256", "KEY_AGREEMENT", agree);
	test_create(svc, "ECC_NIST_P256", "KEY_AGREEMENT", agree2);
	test_sign(svc);
	test_mac(svc);
	test_public_key(svc);
	test_agreement(svc);
	test_data_key_pairs(svc);
	test_dry_run(svc);
	test_permissions(svc);
	test_end(svc);
	test_reopen();
	return tap_done();
}
