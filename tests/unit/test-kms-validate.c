/* SPDX-License-Identifier: MIT */
/*
 * Constraint checks and their words.  Texts marked "recorded" are what real
 * AWS KMS answered (LocalStack's validated snapshots); the others follow the
 * same form.
 */
#include "tests/unit/kms.h"

#define LEN_MAX                                                                \
	"failed to satisfy constraint: Member must have length less "          \
	"than or equal to "
#define LEN_MIN                                                                \
	"failed to satisfy constraint: Member must have length "               \
	"greater than or equal to "

static const struct {
	const char *name;
	const char *op;
	const char *body;
	const char *error;
	const char *message;
} cases[] = {
	{"a_missing_member", "DescribeKey", "{}", "ValidationException",
	 "1 validation error detected: Value null at 'keyId' failed to "
	 "satisfy constraint: Member must not be null"},
	{"null_is_missing", "DescribeKey", "{\"KeyId\":null}",
	 "ValidationException",
	 "1 validation error detected: Value null at 'keyId' failed to "
	 "satisfy constraint: Member must not be null"},
	{"an_empty_key_id", "DescribeKey", "{\"KeyId\":\"\"}",
	 "ValidationException",
	 "1 validation error detected: Value '' at 'keyId' " LEN_MIN "1"},
	{"an_alias_without_a_target", "CreateAlias", "{\"AliasName\":\"a\"}",
	 "ValidationException",
	 "1 validation error detected: Value null at 'targetKeyId' failed to "
	 "satisfy constraint: Member must not be null"},
	{"three_violations_in_two_members", "CreateAlias",
	 "{\"AliasName\":\"\"}", "ValidationException",
	 "3 validation errors detected: Value '' at 'aliasName' " LEN_MIN
	 "1; Value '' at 'aliasName' failed to satisfy constraint: Member must "
	 "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$; Value null "
	 "at 'targetKeyId' failed to satisfy constraint: Member must not be "
	 "null"},
	{"an_alias_with_a_space", "DeleteAlias",
	 "{\"AliasName\":\"alias/a b\"}", "ValidationException",
	 "1 validation error detected: Value 'alias/a b' at 'aliasName' failed "
	 "to satisfy constraint: Member must satisfy regular expression "
	 "pattern: ^[a-zA-Z0-9:/_-]+$"},
	{"no_random_bytes_recorded", "GenerateRandom", "{\"NumberOfBytes\":0}",
	 "ValidationException",
	 "1 validation error detected: Value '0' at 'numberOfBytes' failed to "
	 "satisfy constraint: Member must have value greater than or equal to "
	 "1"},
	{"too_many_random_bytes_recorded", "GenerateRandom",
	 "{\"NumberOfBytes\":1025}", "ValidationException",
	 "1 validation error detected: Value '1025' at 'numberOfBytes' failed "
	 "to satisfy constraint: Member must have value less than or equal to "
	 "1024"},
	{"how_many_random_bytes_recorded", "GenerateRandom", "{}",
	 "ValidationException", "NumberOfBytes is required."},
	{"an_unknown_usage", "CreateKey", "{\"KeyUsage\":\"X\"}",
	 "ValidationException",
	 "1 validation error detected: Value 'X' at 'keyUsage' failed to "
	 "satisfy constraint: Member must satisfy enum value set: "
	 "[SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT]"},
	{"an_empty_plaintext", "Encrypt",
	 "{\"KeyId\":\"x\",\"Plaintext\":\"\"}", "ValidationException",
	 "1 validation error detected: Value at 'plaintext' " LEN_MIN "1"},
	{"a_limit_of_0", "ListKeys", "{\"Limit\":0}", "ValidationException",
	 "1 validation error detected: Value '0' at 'limit' failed to satisfy "
	 "constraint: Member must have value greater than or equal to 1"},
	{"a_limit_of_1001_keys", "ListKeys", "{\"Limit\":1001}",
	 "ValidationException",
	 "1 validation error detected: Value '1001' at 'limit' failed to "
	 "satisfy constraint: Member must have value less than or equal to "
	 "1000"},
	{"a_limit_of_101_aliases", "ListAliases", "{\"Limit\":101}",
	 "ValidationException",
	 "1 validation error detected: Value '101' at 'limit' failed to "
	 "satisfy constraint: Member must have value less than or equal to "
	 "100"},
	{"an_empty_marker", "ListKeys", "{\"Marker\":\"\"}",
	 "ValidationException",
	 "1 validation error detected: Value '' at 'marker' " LEN_MIN "1"},
	{"a_marker_outside_latin_1", "ListKeys", "{\"Marker\":\"\\u0100\"}",
	 "ValidationException",
	 "1 validation error detected: Value '\xc4\x80' at 'marker' failed to "
	 "satisfy constraint: Member must satisfy regular expression pattern: "
	 "[\\u0020-\\u00FF]*"},
	{"eleven_grant_tokens", "DescribeKey",
	 "{\"KeyId\":\"x\",\"GrantTokens\":[\"a\",\"a\",\"a\",\"a\",\"a\","
	 "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}",
	 "ValidationException",
	 "1 validation error detected: Value at 'grantTokens' " LEN_MAX "10"},
	{"an_unknown_modifier", "Decrypt", "{\"DryRunModifiers\":[\"X\"]}",
	 "ValidationException",
	 "1 validation error detected: Value '[X]' at 'dryRunModifiers' failed "
	 "to satisfy constraint: Member must satisfy constraint: [Member must "
	 "satisfy enum value set: [IGNORE_CIPHERTEXT]]"},
	{"a_tag_without_a_value", "CreateKey",
	 "{\"Tags\":[{\"TagKey\":\"a\"}]}", "ValidationException",
	 "1 validation error detected: Value null at "
	 "'tags.1.member.tagValue' failed to satisfy constraint: Member must "
	 "not be null"},
	{"a_tag_key_that_is_empty", "CreateKey",
	 "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"\"},"
	 "{\"TagKey\":\"\",\"TagValue\":\"\"}]}",
	 "ValidationException",
	 "1 validation error detected: Value '' at 'tags.2.member.tagKey' " LEN_MIN
	 "1"},
	{"a_window_of_366_days", "ScheduleKeyDeletion",
	 "{\"KeyId\":\"x\",\"PendingWindowInDays\":366}", "ValidationException",
	 "1 validation error detected: Value '366' at 'pendingWindowInDays' "
	 "failed to satisfy constraint: Member must have value less than or "
	 "equal to 365"},
	/* Wrong JSON types. */
	{"a_number_for_a_string", "DescribeKey", "{\"KeyId\":1}",
	 "SerializationException",
	 "NUMBER_VALUE can not be converted to a String"},
	{"a_string_for_a_number", "GenerateRandom", "{\"NumberOfBytes\":\"1\"}",
	 "SerializationException",
	 "STRING_VALUE can not be converted to an Integer"},
	{"half_a_byte", "GenerateRandom", "{\"NumberOfBytes\":1.5}",
	 "SerializationException",
	 "NUMBER_VALUE can not be converted to an Integer"},
	{"more_than_32_bits", "GenerateRandom",
	 "{\"NumberOfBytes\":4294967297}", "SerializationException",
	 "NUMBER_VALUE can not be converted to an Integer"},
	{"a_string_for_a_boolean", "Decrypt", "{\"DryRun\":\"true\"}",
	 "SerializationException",
	 "STRING_VALUE can not be converted to a Boolean"},
	{"an_object_for_a_string", "DescribeKey", "{\"KeyId\":{}}",
	 "SerializationException",
	 "Start of structure or map found where not expected."},
	{"a_number_in_a_context", "Decrypt",
	 "{\"EncryptionContext\":{\"a\":1}}", "SerializationException",
	 "NUMBER_VALUE can not be converted to a String"},
	{"a_list_for_a_context", "Decrypt", "{\"EncryptionContext\":[]}",
	 "SerializationException",
	 "Start of structure or map found where not expected."},
	{"bad_base64", "Encrypt", "{\"KeyId\":\"x\",\"Plaintext\":\"a\"}",
	 "SerializationException", "'Plaintext' is not valid base64"},
	{"base64_with_a_space", "Encrypt",
	 "{\"KeyId\":\"x\",\"Plaintext\":\"aGVs bG8\"}",
	 "SerializationException", "'Plaintext' is not valid base64"},
	{"members_nobody_knows_are_ignored", "GenerateRandom",
	 "{\"NumberOfBytes\":1,\"Later\":[{}]}", "", ""},
};

/* A string member that is @one, @n times. */
static const char *long_string(struct kms_service *svc, const char *op,
			       const char *before, const char *one, size_t n,
			       const char *after)
{
	char *body = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&body, &len);
	const char *result;

	fputs(before, f);
	for (size_t i = 0; i < n; i++)
		fputs(one, f);
	fputs(after, f);
	fclose(f);
	result = test_call(svc, op, body);
	free(body);
	return result;
}

static bool ends_with(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) &&
	       strcmp(s + strlen(s) - strlen(end), end) == 0;
}

static void test_bounds(struct kms_service *svc)
{
	TAP_EQ_STR(long_string(svc, "CreateKey", "{\"Description\":\"", "d",
			       8192, "\"}"),
		   "", "a_description_of_8192_characters");
	TAP_EQ_STR(long_string(svc, "CreateKey", "{\"Description\":\"",
			       "\xc3\xa9", 8192, "\"}"),
		   "", "counted_as_characters_not_bytes");
	TAP_EQ_STR(long_string(svc, "CreateKey", "{\"Description\":\"", "d",
			       8193, "\"}"),
		   "ValidationException", "not_of_8193");
	TAP_OK(ends_with(test_message(), "at 'description' " LEN_MAX "8192"),
	       "and_it_says_which_bound");
	TAP_EQ_STR(long_string(svc, "DescribeKey", "{\"KeyId\":\"", "k", 2048,
			       "\"}"),
		   "NotFoundException", "a_key_id_of_2048");
	TAP_EQ_STR(long_string(svc, "DescribeKey", "{\"KeyId\":\"", "k", 2049,
			       "\"}"),
		   "ValidationException", "not_of_2049");
	TAP_EQ_STR(long_string(svc, "DeleteAlias", "{\"AliasName\":\"alias/",
			       "a", 250, "\"}"),
		   "NotFoundException", "an_alias_of_256");
	TAP_EQ_STR(long_string(svc, "DeleteAlias", "{\"AliasName\":\"alias/",
			       "a", 251, "\"}"),
		   "ValidationException", "not_of_257");
	/* 6144 bytes are 8192 characters of base64. */
	TAP_EQ_STR(long_string(svc, "Decrypt", "{\"CiphertextBlob\":\"", "AAAA",
			       2048, "\"}"),
		   "InvalidCiphertextException", "a_blob_of_6144_bytes");
	TAP_EQ_STR(long_string(svc, "Decrypt", "{\"CiphertextBlob\":\"", "AAAA",
			       2049, "\"}"),
		   "ValidationException", "not_of_6147");
	TAP_EQ_STR(
		test_message(),
		"1 validation error detected: Value at 'ciphertextBlob' " LEN_MAX
		"6144",
		"and_the_value_is_not_shown");
	TAP_EQ_STR(long_string(svc, "Decrypt", "{\"CiphertextBlob\":\"", "AAAA",
			       30000, "\"}"),
		   "ValidationException", "however_long_it_is");
}

/* What goes to the audit record: no plaintext, ciphertext, tokens. */
static void test_audit(struct kms_service *svc)
{
	char id[37], *text, *token;

	test_create_key(svc, id);
	test_callf(svc, "CreateGrant",
		   "{\"KeyId\":\"%s\",\"Operations\":[\"Encrypt\"],"
		   "\"GranteePrincipal\":\"arn:aws:iam::" TEST_ACCOUNT
		   ":root\"}",
		   id);
	token = test_keep("GrantToken");
	test_callf(svc, "Encrypt",
		   "{\"KeyId\":\"%s\",\"Plaintext\":\"c2VjcmV0\","
		   "\"GrantTokens\":[\"%s\"],"
		   "\"EncryptionContext\":{\"Upper\":\"Case\"},"
		   "\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"}",
		   id, token);
	text = cJSON_PrintUnformatted(test_parameters());
	TAP_OK(!strstr(text, "c2VjcmV0") && !strstr(text, token),
	       "parameters_hold_no_plaintext_nor_tokens");
	TAP_OK(strstr(text, "\"encryptionContext\":{\"Upper\":\"Case\"}"),
	       "the_context_is_there_as_it_was");
	TAP_OK(strstr(text, "\"keyId\":\"") &&
		       strstr(text, "\"encryptionAlgorithm\":"),
	       "names_begin_in_lower_case");
	TAP_OK(test_reply.read_only, "cryptography_is_read_only");
	TAP_OK(!test_reply.response, "and_has_no_response_elements");
	TAP_OK(test_reply.key_arns[0] && strstr(test_reply.key_arns[0], id),
	       "the_key_is_named");
	free(text);
	free(token);
	test_callf(svc, "Encrypt",
		   "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\","
		   "\"EncryptionContext\":[{\"A\":\"\\u0001\\\"\"},2]}",
		   id);
	text = cJSON_PrintUnformatted(test_parameters());
	TAP_OK(strstr(text,
		      "\"encryptionContext\":[{\"a\":\"\\u0001\\\"\"},2]"),
	       "what_is_no_map_is_shown_all_the_same");
	free(text);
	test_callf(svc, "ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", id);
	TAP_OK(!test_reply.read_only, "a_change_is_not_read_only");
	TAP_OK(cJSON_HasObjectItem(test_reply.response, "deletionDate"),
	       "and_has_response_elements");
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[1024], want[1024];

		snprintf(got, sizeof(got),
			 "%s: ", test_call(svc, cases[i].op, cases[i].body));
		strncat(got, test_message(), sizeof(got) - strlen(got) - 1);
		snprintf(want, sizeof(want), "%s: %s", cases[i].error,
			 cases[i].message);
		TAP_EQ_STR(got, want, cases[i].name);
	}
	test_bounds(svc);
	test_audit(svc);
	test_end(svc);
	return tap_done();
}
