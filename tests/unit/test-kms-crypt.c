/* SPDX-License-Identifier: MIT */
/*
 * Encrypt, Decrypt, ReEncrypt and data keys: round trips, what binds a
 * ciphertext, and the words of refusal (recorded from AWS KMS, LocalStack's
 * validated snapshots; those of Decrypt without a key from public reports).
 */
#include "kmsagent/crypto/encoding.h"
#include "tests/unit/kms.h"

#define HELLO "aGVsbG8=" /* "hello": RFC 4648's alphabet by hand */
#define NOT_YOURS                                                              \
	"The ciphertext refers to a customer master key that does not exist, " \
	"does not exist in this region, or you are not allowed to access."
#define WRONG_KEY                                                              \
	"The key ID in the request does not identify a CMK that can perform "  \
	"this operation."

static char id[37], other[37], blob[8192];

static void keep_blob(void)
{
	snprintf(blob, sizeof(blob), "%s", test_string("CiphertextBlob"));
}

static void encrypt(struct kms_service *svc, const char *context)
{
	test_callf(svc, "Encrypt",
		   "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"%s}", id,
		   context);
	keep_blob();
}

static void test_round_trip(struct kms_service *svc)
{
	char arn[128];

	snprintf(arn, sizeof(arn),
		 "arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT ":key/%s", id);
	encrypt(svc, "");
	TAP_EQ_STR(test_string("KeyId"), arn, "encrypt_answers_the_arn");
	TAP_EQ_STR(test_string("EncryptionAlgorithm"), "SYMMETRIC_DEFAULT",
		   "and_the_algorithm");
	TAP_OK(!test_reply.has_secrets, "and_holds_no_secret");
	TAP_OK(!strstr(blob, HELLO), "the_blob_is_not_the_plaintext");
	TAP_EQ_STR(
		test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob),
		"", "decrypt_needs_no_key_id");
	TAP_EQ_STR(test_string("Plaintext"), HELLO, "and_gives_it_back");
	TAP_EQ_STR(test_string("KeyId"), arn, "and_names_the_key");
	TAP_EQ_INT(strlen(test_string("KeyMaterialId")), 64,
		   "and_its_material");
	TAP_OK(test_reply.has_secrets, "and_says_that_it_holds_a_secret");
	TAP_EQ_STR(test_callf(svc, "Decrypt",
			      "{\"CiphertextBlob\":\"%s\",\"KeyId\":\"%s\"}",
			      blob, arn),
		   "", "with_its_key_arn");
	TAP_EQ_STR(test_callf(svc, "Decrypt",
			      "{\"CiphertextBlob\":\"%s\",\"KeyId\":\"%s\"}",
			      blob, other),
		   "IncorrectKeyException", "not_with_another_key");
	TAP_EQ_STR(test_message(), WRONG_KEY, "in_these_words");
	encrypt(svc, "");
	{
		char first[8192];

		memcpy(first, blob, sizeof(first));
		encrypt(svc, "");
		TAP_OK(strcmp(first, blob) != 0, "no_blob_is_made_twice");
	}
}

static void test_context(struct kms_service *svc)
{
	static const struct {
		const char *name;
		const char *context;
		const char *error;
	} tries[] = {
		{"the_same_context", "{\"a\":\"1\",\"b\":\"2\"}", ""},
		{"in_another_order", "{\"b\":\"2\",\"a\":\"1\"}", ""},
		{"another_value", "{\"a\":\"1\",\"b\":\"3\"}",
		 "InvalidCiphertextException"},
		{"another_case", "{\"a\":\"1\",\"B\":\"2\"}",
		 "InvalidCiphertextException"},
		{"a_pair_less", "{\"a\":\"1\"}", "InvalidCiphertextException"},
		{"a_pair_more", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}",
		 "InvalidCiphertextException"},
		{"the_bounds_moved", "{\"a\":\"1b\",\"\":\"2\"}",
		 "InvalidCiphertextException"},
		{"no_context", "{}", "InvalidCiphertextException"},
		{"a_key_twice", "{\"a\":\"1\",\"a\":\"1\"}",
		 "SerializationException"},
	};

	encrypt(svc, ",\"EncryptionContext\":{\"a\":\"1\",\"b\":\"2\"}");
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		TAP_EQ_STR(test_callf(svc, "Decrypt",
				      "{\"CiphertextBlob\":\"%s\","
				      "\"EncryptionContext\":%s}",
				      blob, tries[i].context),
			   tries[i].error, tries[i].name);
	test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
	TAP_OK(!test_reply.message, "a_wrong_context_has_no_message");
	encrypt(svc, ",\"EncryptionContext\":{}");
	TAP_EQ_STR(
		test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob),
		"", "an_empty_context_is_none");
}

/* A context whose serialisation is just within, and just over, 8192 bytes. */
static void test_context_size(struct kms_service *svc)
{
	for (int over = 0; over < 2; over++) {
		/* u16 count, u16 length, "k", u16 length, value */
		char value[8192] = "";

		memset(value, 'v', 8192 - 7 + (size_t)over);
		TAP_EQ_STR(test_callf(svc, "Encrypt",
				      "{\"KeyId\":\"%s\",\"Plaintext\":"
				      "\"" HELLO "\",\"EncryptionContext\":"
				      "{\"k\":\"%s\"}}",
				      id, value),
			   over ? "ValidationException" : "",
			   over ? "not_one_of_8193"
				: "a_context_of_8192_bytes");
	}
}

static const char *decrypt_bytes(struct kms_service *svc, const uint8_t *bytes,
				 size_t len, const char *key)
{
	char text[12288];

	base64_encode(bytes, len, text);
	return test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"%s%s%s}",
			  text, key ? ",\"KeyId\":\"" : "", key ? key : "",
			  key ? "\"" : "");
}

/*
 * Every bit of a blob counts.  Without KeyId a changed key id may look like
 * an unknown key, whose answer must not be told from a forbidden one.
 */
static void test_corruption(struct kms_service *svc)
{
	uint8_t bytes[1024];
	size_t len, opened = 0, odd = 0;

	encrypt(svc, "");
	if (base64_decode(blob, strlen(blob), bytes, sizeof(bytes), &len) < 0)
		exit(1);
	for (size_t bit = 0; bit < len * 8; bit++) {
		const char *error;

		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		error = decrypt_bytes(svc, bytes, len, NULL);
		opened += !*error;
		odd += strcmp(error, "InvalidCiphertextException") != 0 &&
		       strcmp(test_message(), NOT_YOURS) != 0;
		error = decrypt_bytes(svc, bytes, len, id);
		opened += !*error;
		odd += strcmp(error, "InvalidCiphertextException") != 0 &&
		       strcmp(test_message(), WRONG_KEY) != 0;
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	TAP_EQ_INT(opened, 0, "no_changed_bit_is_accepted");
	TAP_EQ_INT(odd, 0, "and_each_has_the_right_answer");
	bytes[len - 1] ^= 1;
	decrypt_bytes(svc, bytes, len, NULL);
	TAP_EQ_STR(test_reply.error->name, "InvalidCiphertextException",
		   "a_broken_tag_is_an_invalid_ciphertext");
	TAP_OK(!test_reply.message, "without_a_message");
	bytes[len - 1] ^= 1;
	opened = 0;
	for (size_t n = 1; n < len; n++)
		opened += !*decrypt_bytes(svc, bytes, n, NULL);
	TAP_EQ_INT(opened, 0, "no_shortened_blob_is_accepted");
	TAP_EQ_STR(decrypt_bytes(svc, bytes, len, NULL), "",
		   "the_whole_one_still_is");
}

static void test_other_callers(struct kms_service *svc)
{
	char body[sizeof(blob) + 256];

	encrypt(svc, "");
	snprintf(body, sizeof(body), "{\"CiphertextBlob\":\"%s\"}", blob);
	TAP_EQ_STR(test_call_as(svc, &test_user, TEST_REGION, "Decrypt", body),
		   "AccessDeniedException", "a_stranger_may_not_decrypt");
	TAP_EQ_STR(test_message(), NOT_YOURS, "and_learns_nothing");
	TAP_EQ_STR(test_call_as(svc, &test_root, OTHER_REGION, "Decrypt", body),
		   "AccessDeniedException", "nor_does_another_region");
	TAP_EQ_STR(test_message(), NOT_YOURS, "in_the_same_words");
	TAP_EQ_STR(test_call_as(svc, &test_agent, TEST_REGION, "Decrypt", body),
		   "", "the_agent_may_decrypt");
	snprintf(body, sizeof(body),
		 "{\"CiphertextBlob\":\"%s\",\"KeyId\":\"%s\"}", blob, id);
	test_call_as(svc, &test_user, TEST_REGION, "Decrypt", body);
	snprintf(body, sizeof(body),
		 "User: arn:aws:iam::" TEST_ACCOUNT ":user/bob is not "
		 "authorized to perform: kms:Decrypt on resource: "
		 "arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT ":key/%s because "
		 "no resource-based policy allows the kms:Decrypt action",
		 id);
	TAP_EQ_STR(test_message(), body, "who_names_a_key_is_told_more");
}

static void test_sizes(struct kms_service *svc)
{
	static uint8_t plain[4098];
	char text[8192];

	for (size_t n = 4096; n <= 4097; n++) {
		base64_encode(plain, n, text);
		TAP_EQ_STR(test_callf(svc, "Encrypt",
				      "{\"KeyId\":\"%s\",\"Plaintext\":"
				      "\"%s\"}",
				      id, text),
			   n == 4096 ? "" : "ValidationException",
			   n == 4096 ? "4096_bytes" : "not_4097");
		if (n == 4096)
			keep_blob();
	}
	TAP_EQ_STR(test_message(),
		   "1 validation error detected: Value at 'plaintext' failed "
		   "to satisfy constraint: Member must have length less than "
		   "or equal to 4096",
		   "in_the_recorded_words");
	test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
	base64_encode(plain, 4096, text);
	TAP_EQ_STR(test_string("Plaintext"), text, "4096_come_back");
}

static size_t bytes_of(const char *member)
{
	uint8_t bytes[2048];
	const char *text = test_string(member);
	size_t len = 0;

	if (base64_decode(text, strlen(text), bytes, sizeof(bytes), &len) < 0)
		return 0;
	return len;
}

static void test_data_keys(struct kms_service *svc)
{
	static const struct {
		const char *name;
		const char *how;
		size_t bytes; /* 0: refused */
	} cases[] = {
		{"a_data_key_of_AES_256", "\"KeySpec\":\"AES_256\"", 32},
		{"a_data_key_of_AES_128", "\"KeySpec\":\"AES_128\"", 16},
		{"a_data_key_of_1_byte", "\"NumberOfBytes\":1", 1},
		{"a_data_key_of_1024_bytes", "\"NumberOfBytes\":1024", 1024},
		{"a_data_key_of_1025_bytes", "\"NumberOfBytes\":1025", 0},
		{"a_data_key_of_both",
		 "\"KeySpec\":\"AES_256\","
		 "\"NumberOfBytes\":32",
		 0},
		{"a_data_key_of_neither", "\"DryRun\":false", 0},
	};
	char plain[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_callf(svc, "GenerateDataKey", "{\"KeyId\":\"%s\",%s}", id,
			   cases[i].how);
		TAP_EQ_INT(bytes_of("Plaintext"), cases[i].bytes,
			   cases[i].name);
	}
	TAP_EQ_STR(test_message(),
		   "Please specify either number of bytes or key spec.",
		   "exactly_one_says_how_long");
	test_callf(svc, "GenerateDataKey",
		   "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"}", id);
	keep_blob();
	snprintf(plain, sizeof(plain), "%s", test_string("Plaintext"));
	TAP_EQ_INT(strlen(test_string("KeyMaterialId")), 64,
		   "a_data_key_names_the_material");
	test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
	TAP_EQ_STR(test_string("Plaintext"), plain, "decrypt_opens_a_data_key");
	test_callf(svc, "GenerateDataKeyWithoutPlaintext",
		   "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"}", id);
	TAP_OK(!cJSON_HasObjectItem(test_reply.body, "Plaintext") &&
		       !test_reply.has_secrets,
	       "without_plaintext_there_is_none");
	keep_blob();
	test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
	TAP_EQ_INT(bytes_of("Plaintext"), 32, "but_it_is_in_the_blob");
	TAP_EQ_STR(test_callf(svc, "GenerateDataKey",
			      "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\","
			      "\"Recipient\":{}}",
			      id),
		   "UnsupportedOperationException",
		   "a_recipient_is_not_passed_over");
	TAP_OK(strstr(test_message(), "Recipient"), "and_is_named");
	test_call(svc, "GenerateRandom", "{\"NumberOfBytes\":1024}");
	TAP_EQ_INT(bytes_of("Plaintext"), 1024, "1024_random_bytes");
	TAP_OK(test_reply.has_secrets, "which_are_a_secret");
}

static void test_reencrypt(struct kms_service *svc)
{
	char body[sizeof(blob) + 256];

	encrypt(svc, ",\"EncryptionContext\":{\"from\":\"here\"}");
	TAP_EQ_STR(test_callf(svc, "ReEncrypt",
			      "{\"CiphertextBlob\":\"%s\","
			      "\"DestinationKeyId\":\"%s\","
			      "\"SourceEncryptionContext\":{\"from\":"
			      "\"here\"},\"DestinationEncryptionContext\":"
			      "{\"to\":\"there\"}}",
			      blob, other),
		   "", "reencrypt_from_key_to_key");
	TAP_OK(strstr(test_string("SourceKeyId"), id) &&
		       strstr(test_string("KeyId"), other),
	       "and_names_both");
	TAP_OK(test_reply.key_arns[0] && test_reply.key_arns[1],
	       "to_the_audit_record_too");
	TAP_OK(strcmp(test_string("SourceKeyMaterialId"),
		      test_string("DestinationKeyMaterialId")) != 0,
	       "and_both_materials");
	TAP_OK(!test_reply.has_secrets &&
		       !cJSON_HasObjectItem(test_reply.body, "Plaintext"),
	       "the_plaintext_stays_inside");
	keep_blob();
	test_callf(svc, "Decrypt",
		   "{\"CiphertextBlob\":\"%s\",\"KeyId\":\"%s\","
		   "\"EncryptionContext\":{\"to\":\"there\"}}",
		   blob, other);
	TAP_EQ_STR(test_string("Plaintext"), HELLO,
		   "the_other_key_opens_it_with_the_new_context");
	TAP_EQ_STR(test_callf(svc, "ReEncrypt",
			      "{\"CiphertextBlob\":\"%s\","
			      "\"DestinationKeyId\":\"%s\"}",
			      blob, other),
		   "InvalidCiphertextException",
		   "reencrypt_wants_the_source_context");
	TAP_EQ_STR(test_callf(svc, "ReEncrypt",
			      "{\"CiphertextBlob\":\"%s\","
			      "\"SourceKeyId\":\"%s\","
			      "\"DestinationKeyId\":\"%s\"}",
			      blob, id, other),
		   "IncorrectKeyException", "and_the_right_source_key");
	snprintf(body, sizeof(body),
		 "{\"CiphertextBlob\":\"%s\",\"DestinationKeyId\":\"%s\"}",
		 blob, other);
	test_call_as(svc, &test_agent, TEST_REGION, "ReEncrypt", body);
	TAP_EQ_STR(test_message(), NOT_YOURS, "the_agent_may_not");
}

static void test_dry_run(struct kms_service *svc)
{
	static const char *const bodies[][2] = {
		{"Encrypt", "\"KeyId\":\"<id>\",\"Plaintext\":\"" HELLO "\""},
		{"Decrypt", "\"CiphertextBlob\":\"<blob>\""},
		{"ReEncrypt", "\"CiphertextBlob\":\"<blob>\","
			      "\"DestinationKeyId\":\"<id>\""},
		{"GenerateDataKey", "\"KeyId\":\"<id>\","
				    "\"KeySpec\":\"AES_256\""},
		{"GenerateDataKeyWithoutPlaintext",
		 "\"KeyId\":\"<id>\",\"KeySpec\":\"AES_256\""},
		{"Decrypt", "\"KeyId\":\"<id>\",\"DryRunModifiers\":"
			    "[\"IGNORE_CIPHERTEXT\"]"},
		{"ReEncrypt", "\"SourceKeyId\":\"<id>\","
			      "\"DestinationKeyId\":\"<id>\","
			      "\"DryRunModifiers\":[\"IGNORE_CIPHERTEXT\"]"},
	};

	encrypt(svc, "");
	for (int disabled = 0; disabled < 2; disabled++) {
		if (disabled)
			test_callf(svc, "DisableKey", "{\"KeyId\":\"%s\"}", id);
		for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
			char body[2048] = "", name[96];
			const char *p = bodies[i][1];
			FILE *f = fmemopen(body, sizeof(body), "w");

			fputs("{\"DryRun\":true,", f);
			while (*p) {
				bool is_id = strncmp(p, "<id>", 4) == 0;
				bool is_blob = strncmp(p, "<blob>", 6) == 0;

				if (!is_id && !is_blob) {
					fputc(*p++, f);
					continue;
				}
				fputs(is_id ? id : blob, f);
				p += is_id ? 4 : 6;
			}
			fputs("}", f);
			fclose(f);
			snprintf(name, sizeof(name), "dry_run_of_%s_%zu_%s",
				 bodies[i][0], i,
				 disabled ? "tells_the_error" : "is_told");
			TAP_EQ_STR(test_call(svc, bodies[i][0], body),
				   disabled ? "DisabledException"
					    : "DryRunOperationException",
				   name);
			TAP_OK(!test_reply.body && !test_reply.has_secrets,
			       "and_answers_nothing_else");
		}
	}
	test_callf(svc, "EnableKey", "{\"KeyId\":\"%s\"}", id);
	TAP_EQ_STR(test_callf(svc, "Decrypt",
			      "{\"DryRun\":true,\"CiphertextBlob\":\"%s\","
			      "\"EncryptionContext\":{\"a\":\"b\"}}",
			      blob),
		   "InvalidCiphertextException",
		   "dry_run_looks_into_the_ciphertext");
	TAP_EQ_STR(test_callf(svc, "Decrypt",
			      "{\"KeyId\":\"%s\",\"DryRunModifiers\":"
			      "[\"IGNORE_CIPHERTEXT\"]}",
			      id),
		   "ValidationException", "the_modifier_needs_dry_run");
	TAP_EQ_STR(test_call(svc, "Decrypt",
			     "{\"DryRun\":true,\"DryRunModifiers\":"
			     "[\"IGNORE_CIPHERTEXT\"]}"),
		   "ValidationException", "and_a_key_id");
	TAP_EQ_STR(test_call(svc, "Decrypt", "{\"DryRun\":true}"),
		   "ValidationException", "without_it_a_ciphertext");
}

static void test_algorithms(struct kms_service *svc)
{
	TAP_EQ_STR(test_callf(svc, "Encrypt",
			      "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\","
			      "\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}",
			      id),
		   "InvalidKeyUsageException", "another_keys_algorithm");
	TAP_EQ_STR(test_message(),
		   "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec "
		   "SYMMETRIC_DEFAULT.",
		   "in_the_words_of_its_like");
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, id);
	test_create_key(svc, other);
	test_round_trip(svc);
	test_context(svc);
	test_context_size(svc);
	test_corruption(svc);
	test_other_callers(svc);
	test_sizes(svc);
	test_data_keys(svc);
	test_reencrypt(svc);
	test_dry_run(svc);
	test_algorithms(svc);
	test_end(svc);
	return tap_done();
}
