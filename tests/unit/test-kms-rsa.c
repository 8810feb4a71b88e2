/* SPDX-License-Identifier: MIT */
/*
 * Encrypt, Decrypt and ReEncrypt with RSA keys: what comes back, what is
 * refused and in which words (those recorded from AWS KMS; the size limits
 * from its Developer Guide).
 */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/pkey.h"
#include "tests/unit/kms.h"

#define HELLO "aGVsbG8="
#define WRONG_KEY                                                              \
	"The key ID in the request does not identify a CMK that can perform "  \
	"this operation."
#define NO_CONTEXT                                                             \
	"EncryptionContext is not supported when encrypting/decrypting with "  \
	"asymmetric CMKs."

static char symmetric[37], rsa[37], rsa2[37], signer[37];

/* Flip a bit of base64: another base64 of the same length. */
static void change(char *text)
{
	text[4] = text[4] == 'A' ? 'B' : 'A';
}

static const char *decrypt(struct kms_service *svc, const char *id,
			   const char *algorithm, const char *blob,
			   const char *more)
{
	return test_callf(svc, "Decrypt",
			  "{\"KeyId\":\"%s\",\"EncryptionAlgorithm\":\"%s\","
			  "\"CiphertextBlob\":\"%s\"%s}",
			  id, algorithm, blob, more);
}

static void test_encrypt(struct kms_service *svc)
{
	char *blob;

	TAP_EQ_STR(
		test_callf(svc, "Encrypt",
			   "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO
			   "\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
			   "\"EncryptionContext\":{}}",
			   rsa),
		"", "encrypt_with_rsa");
	TAP_EQ_STR(test_string("EncryptionAlgorithm"), "RSAES_OAEP_SHA_256",
		   "names_the_algorithm");
	blob = test_keep("CiphertextBlob");
	TAP_EQ_STR(decrypt(svc, rsa, "RSAES_OAEP_SHA_256", blob, ""), "",
		   "decrypt_with_rsa");
	TAP_EQ_STR(test_string("Plaintext"), HELLO, "gives_it_back");
	TAP_EQ_STR(test_string("EncryptionAlgorithm"), "RSAES_OAEP_SHA_256",
		   "and_names_the_algorithm");
	TAP_OK(!cJSON_HasObjectItem(test_reply.body, "KeyMaterialId"),
	       "and_no_material");
	TAP_OK(test_reply.has_secrets, "which_is_a_secret");
	test_says(decrypt(svc, rsa, "RSAES_OAEP_SHA_1", blob, ""),
		  "InvalidCiphertextException", "", "not_by_another_hash");
	test_says(decrypt(svc, rsa2, "RSAES_OAEP_SHA_256", blob, ""),
		  "InvalidCiphertextException", "", "nor_by_another_key");
	test_says(decrypt(svc, rsa, "RSAES_OAEP_SHA_256", "AAAA", ""),
		  "InvalidCiphertextException", "", "nor_what_is_too_short");
	test_says(decrypt(svc, signer, "RSAES_OAEP_SHA_256", blob, ""),
		  "IncorrectKeyException", WRONG_KEY, "nor_by_a_signing_key");
	test_says(decrypt(svc, symmetric, "SYMMETRIC_DEFAULT", blob, ""),
		  "InvalidCiphertextException", "", "nor_by_a_symmetric_key");
	test_says(decrypt(svc, symmetric, "RSAES_OAEP_SHA_1", blob, ""),
		  "InvalidKeyUsageException",
		  "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec "
		  "SYMMETRIC_DEFAULT.",
		  "which_knows_no_oaep");
	test_says(test_callf(svc, "Decrypt",
			     "{\"KeyId\":\"%s\",\"CiphertextBlob\":\"%s\"}",
			     rsa, blob),
		  "InvalidKeyUsageException",
		  "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec "
		  "RSA_2048.",
		  "the_algorithm_must_be_named");
	test_says(test_callf(svc, "Decrypt",
			     "{\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
			     "\"CiphertextBlob\":\"%s\"}",
			     blob),
		  "InvalidCiphertextException", "", "and_so_must_the_key");
	test_says(decrypt(svc, rsa, "RSAES_OAEP_SHA_256", blob,
			  ",\"EncryptionContext\":{\"a\":\"b\"}"),
		  "ValidationException", NO_CONTEXT, "a_context_is_refused");
	change(blob);
	test_says(decrypt(svc, rsa, "RSAES_OAEP_SHA_256", blob, ""),
		  "InvalidCiphertextException", "",
		  "a_changed_byte_is_refused");
	free(blob);
	test_says(test_callf(svc, "Encrypt",
			     "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}",
			     rsa),
		  "InvalidKeyUsageException",
		  "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec "
		  "RSA_2048.",
		  "to_encrypt_too");
	test_says(
		test_callf(svc, "Encrypt",
			   "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO
			   "\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
			   "\"EncryptionContext\":{\"a\":\"b\"}}",
			   rsa),
		"ValidationException", NO_CONTEXT,
		"and_a_context_is_refused_there");
	test_says(test_callf(svc, "GenerateDataKey",
			     "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\","
			     "\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}",
			     rsa),
		  "InvalidKeyUsageException",
		  "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec "
		  "RSA_2048.",
		  "data_keys_are_of_symmetric_keys");
}

/* A ciphertext in which nothing is, made with the public key. */
static void seal_nothing(struct kms_service *svc, char *ret)
{
	uint8_t spki[PKEY_PUBLIC_MAX_BYTES], sealed[512];
	const unsigned char *in = spki;
	size_t len = 0, sealed_len = sizeof(sealed);
	const char *text;
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key;

	test_callf(svc, "GetPublicKey", "{\"KeyId\":\"%s\"}", rsa);
	text = test_string("PublicKey");
	if (base64_decode(text, strlen(text), spki, sizeof(spki), &len) < 0)
		exit(1);
	key = d2i_PUBKEY(NULL, &in, (long)len);
	ctx = EVP_PKEY_CTX_new(key, NULL);
	if (!ctx || EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_encrypt(ctx, sealed, &sealed_len, spki, 0) != 1)
		exit(1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	base64_encode(sealed, sealed_len, ret);
}

static void test_nothing(struct kms_service *svc)
{
	char blob[1024];

	seal_nothing(svc, blob);
	test_says(decrypt(svc, rsa, "RSAES_OAEP_SHA_1", blob, ""),
		  "InvalidCiphertextException", "",
		  "a_ciphertext_of_nothing_is_refused");
	test_says(test_callf(svc, "ReEncrypt",
			     "{\"CiphertextBlob\":\"%s\",\"SourceKeyId\":"
			     "\"%s\",\"SourceEncryptionAlgorithm\":"
			     "\"RSAES_OAEP_SHA_1\",\"DestinationKeyId\":"
			     "\"%s\"}",
			     blob, rsa, symmetric),
		  "InvalidCiphertextException", "", "and_not_sealed_again");
}

static void test_sizes(struct kms_service *svc)
{
	static const uint8_t plain[512];
	static const struct {
		const char *algorithm;
		size_t max;
		const char *message;
	} sizes[] = {
		{"RSAES_OAEP_SHA_1", 214,
		 "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot "
		 "encrypt data larger than 214 bytes."},
		{"RSAES_OAEP_SHA_256", 190,
		 "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot "
		 "encrypt data larger than 190 bytes."},
	};
	char text[1024];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t over = 0; over < 2; over++) {
			base64_encode(plain, sizes[i].max + over, text);
			for (int dry = 0; dry < 2; dry++)
				test_says(test_callf(svc, "Encrypt",
						     "{\"KeyId\":\"%s\","
						     "\"Plaintext\":\"%s\","
						     "\"EncryptionAlgorithm\":"
						     "\"%s\",\"DryRun\":%s}",
						     rsa, text,
						     sizes[i].algorithm,
						     dry ? "true" : "false"),
					  over	? "ValidationException"
					  : dry ? "DryRunOperationException"
						: "",
					  over	? sizes[i].message
					  : dry ? "The request would have "
						  "succeeded, but the DryRun "
						  "option is set."
						: "",
					  over ? "one_byte_more" : "the_most");
		}
}

static void test_reencrypt(struct kms_service *svc)
{
	static const uint8_t plain[256];
	char text[512], *blob;

	base64_encode(plain, 190, text);
	test_callf(svc, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"%s\"}",
		   symmetric, text);
	blob = test_keep("CiphertextBlob");
	TAP_EQ_STR(test_callf(svc, "ReEncrypt",
			      "{\"CiphertextBlob\":\"%s\","
			      "\"DestinationKeyId\":\"%s\","
			      "\"DestinationEncryptionAlgorithm\":"
			      "\"RSAES_OAEP_SHA_256\"}",
			      blob, rsa),
		   "", "reencrypt_to_rsa");
	TAP_EQ_STR(test_string("SourceEncryptionAlgorithm"),
		   "SYMMETRIC_DEFAULT", "names_the_old_algorithm");
	TAP_EQ_STR(test_string("DestinationEncryptionAlgorithm"),
		   "RSAES_OAEP_SHA_256", "and_the_new");
	TAP_OK(cJSON_HasObjectItem(test_reply.body, "SourceKeyMaterialId") &&
		       !cJSON_HasObjectItem(test_reply.body,
					    "DestinationKeyMaterialId"),
	       "and_material_where_there_is_one");
	free(blob);
	blob = test_keep("CiphertextBlob");
	TAP_EQ_STR(
		test_callf(
			svc, "ReEncrypt",
			"{\"CiphertextBlob\":\"%s\",\"SourceKeyId\":\"%s\","
			"\"SourceEncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
			"\"DestinationKeyId\":\"%s\","
			"\"DestinationEncryptionContext\":{\"a\":\"b\"}}",
			blob, rsa, symmetric),
		"", "and_back");
	free(blob);
	blob = test_keep("CiphertextBlob");
	test_callf(svc, "Decrypt",
		   "{\"CiphertextBlob\":\"%s\",\"EncryptionContext\":"
		   "{\"a\":\"b\"}}",
		   blob);
	TAP_EQ_STR(test_string("Plaintext"), text, "to_what_it_was");
	free(blob);
	base64_encode(plain, 191, text);
	test_callf(svc, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"%s\"}",
		   symmetric, text);
	blob = test_keep("CiphertextBlob");
	test_says(test_callf(svc, "ReEncrypt",
			     "{\"CiphertextBlob\":\"%s\",\"DestinationKeyId\":"
			     "\"%s\",\"DestinationEncryptionAlgorithm\":"
			     "\"RSAES_OAEP_SHA_256\"}",
			     blob, rsa),
		  "ValidationException",
		  "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot "
		  "encrypt data larger than 190 bytes.",
		  "what_does_not_fit_is_refused");
	free(blob);
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, symmetric);
	test_create(svc, "RSA_2048", "ENCRYPT_DECRYPT", rsa);
	test_create(svc, "RSA_2048", "ENCRYPT_DECRYPT", rsa2);
	test_create(svc, "RSA_2048", "SIGN_VERIFY", signer);
	test_encrypt(svc);
	test_nothing(svc);
	test_sizes(svc);
	test_reencrypt(svc);
	test_end(svc);
	return tap_done();
}
