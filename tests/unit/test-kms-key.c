/* SPDX-License-Identifier: MIT */
/*
 * CreateKey and DescribeKey; identifiers; what this build does not know and
 * must not pass over; and that a store opened again holds everything.
 */
#include "kmsagent/crypto/encoding.h"
#include "tests/unit/kms.h"

#define HELLO	"aGVsbG8="
#define KEY_ARN "arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT ":key/"
#define UNKNOWN "134f2428-cec1-4b25-a1ae-9048164dba47"
#define POLICY	"\"Policy\":\"{}\""

static void test_metadata(struct kms_service *svc)
{
	/* The members that real AWS KMS was recorded to answer, sorted. */
	static const char want[] =
		"AWSAccountId Arn CreationDate CurrentKeyMaterialId "
		"CustomerMasterKeySpec Description Enabled "
		"EncryptionAlgorithms KeyId KeyManager KeySpec KeyState "
		"KeyUsage MultiRegion Origin ";
	char got[512] = "", id[37], arn[128];
	const char *names[32];
	cJSON *meta, *m;
	int n = 0;

	TAP_EQ_STR(test_call(svc, "CreateKey",
			     "{\"Description\":\"test key 123\","
			     "\"KeyUsage\":\"ENCRYPT_DECRYPT\"}"),
		   "", "create_key");
	meta = cJSON_GetObjectItem(test_reply.body, "KeyMetadata");
	cJSON_ArrayForEach(m, meta) if (n < 32) names[n++] = m->string;
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			if (strcmp(names[i], names[j]) > 0) {
				const char *t = names[i];

				names[i] = names[j];
				names[j] = t;
			}
	for (int i = 0; i < n; i++) {
		size_t at = strlen(got);

		snprintf(got + at, sizeof(got) - at, "%s ", names[i]);
	}
	TAP_EQ_STR(got, want, "answers_the_recorded_members");
	snprintf(id, sizeof(id), "%s", test_string("KeyMetadata.KeyId"));
	snprintf(arn, sizeof(arn), KEY_ARN "%s", id);
	TAP_OK(uuid_is_valid(id), "the_id_is_a_uuid");
	TAP_EQ_STR(test_string("KeyMetadata.Arn"), arn, "the_arn_holds_it");
	TAP_EQ_STR(test_string("KeyMetadata.Description"), "test key 123",
		   "the_description_is_kept");
	TAP_EQ_STR(test_string("KeyMetadata.KeyState"), "Enabled", "enabled");
	TAP_EQ_STR(test_string("KeyMetadata.KeyManager"), "CUSTOMER",
		   "of_the_customer");
	TAP_EQ_STR(test_string("KeyMetadata.Origin"), "AWS_KMS", "made_here");
	TAP_EQ_STR(test_string("KeyMetadata.CustomerMasterKeySpec"),
		   "SYMMETRIC_DEFAULT", "symmetric");
	TAP_OK(cJSON_GetObjectItem(meta, "CreationDate")->valuedouble ==
		       (double)NOW_MS / 1000,
	       "made_now");
	TAP_OK(test_reply.key_arns[0] &&
		       strcmp(test_reply.key_arns[0], arn) == 0,
	       "the_audit_record_names_it");
	TAP_EQ_STR(cJSON_GetObjectItem(cJSON_GetObjectItem(test_reply.response,
							   "keyMetadata"),
				       "aWSAccountId")
			   ->valuestring,
		   TEST_ACCOUNT, "in_CloudTrails_case");
	TAP_EQ_STR(test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", arn),
		   "", "describe_by_arn");
	TAP_EQ_STR(test_string("KeyMetadata.KeyId"), id, "is_the_same");
}

static void test_refusals(struct kms_service *svc)
{
	static const struct {
		const char *name;
		const char *body;
		const char *error;
		const char *part; /* of the message */
	} cases[] = {
		{"a_policy_of_nothing", "{" POLICY "}",
		 "MalformedPolicyDocumentException", "Statement"},
		{"a_key_of_an_HSM", "{\"Origin\":\"AWS_CLOUDHSM\"}",
		 "UnsupportedOperationException", "Origin AWS_CLOUDHSM"},
		{"a_custom_key_store", "{\"CustomKeyStoreId\":\"cks-1\"}",
		 "CustomKeyStoreNotFoundException", "'cks-1'"},
		{"an_external_key", "{\"XksKeyId\":\"x\"}",
		 "UnsupportedOperationException", "XksKeyId"},
		{"no_usage_for_another_spec", "{\"KeySpec\":\"RSA_2048\"}",
		 "ValidationException",
		 "You must specify a KeyUsage value for all KMS keys except "
		 "for symmetric encryption keys."},
		{"a_usage_that_does_not_fit", "{\"KeyUsage\":\"SIGN_VERIFY\"}",
		 "ValidationException",
		 "KeyUsage SIGN_VERIFY is not compatible with KeySpec "
		 "SYMMETRIC_DEFAULT"},
		{"both_specs",
		 "{\"KeySpec\":\"SYMMETRIC_DEFAULT\","
		 "\"CustomerMasterKeySpec\":"
		 "\"SYMMETRIC_DEFAULT\"}",
		 "ValidationException", "KeySpec and CustomerMasterKeySpec"},
		{"a_reserved_tag",
		 "{\"Tags\":[{\"TagKey\":\"aws:x\",\"TagValue\":\"\"}]}",
		 "TagException", "Tags beginning with aws: are reserved"},
		{"a_reserved_tag_in_capitals",
		 "{\"Tags\":[{\"TagKey\":\"AWS:x\",\"TagValue\":\"\"}]}",
		 "TagException", "Tags beginning with aws: are reserved"},
		{"a_tag_twice",
		 "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"1\"},"
		 "{\"TagKey\":\"a\",\"TagValue\":\"2\"}]}",
		 "TagException", "Duplicate tag keys"},
		{"what_changes_nothing_is_taken",
		 "{\"MultiRegion\":false,\"Origin\":\"AWS_KMS\","
		 "\"BypassPolicyLockoutSafetyCheck\":true,\"Tags\":[]}",
		 "", ""},
		{"tags", "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"1\"}]}",
		 "", ""},
	};
	size_t before = svc->regions[0].keys.count;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		TAP_EQ_STR(test_call(svc, "CreateKey", cases[i].body),
			   cases[i].error, cases[i].name);
		if (!TAP_OK(strstr(test_message(), cases[i].part),
			    "and_says_so"))
			tap_diag("%s", test_message());
	}
	TAP_EQ_INT(svc->regions[0].keys.count - before, 2,
		   "what_is_refused_makes_no_key");
}

static void test_limits(struct kms_service *svc)
{
	char *body = NULL;
	size_t len = 0;

	for (int n = 50; n <= 51; n++) {
		FILE *f = open_memstream(&body, &len);

		fputs("{\"Tags\":[", f);
		for (int i = 0; i < n; i++)
			fprintf(f, "%s{\"TagKey\":\"%d\",\"TagValue\":\"\"}",
				i ? "," : "", i);
		fputs("]}", f);
		fclose(f);
		TAP_EQ_STR(test_call(svc, "CreateKey", body),
			   n == 50 ? "" : "TagException",
			   n == 50 ? "50_tags" : "not_51");
		free(body);
	}
	svc->max_keys = svc->regions[0].keys.count + 1;
	TAP_EQ_STR(test_call(svc, "CreateKey", "{}"), "", "the_last_key");
	TAP_EQ_STR(test_call(svc, "CreateKey", "{}"), "LimitExceededException",
		   "is_the_last");
	svc->max_keys = KMS_MAX_KEYS;
}

static void test_identifiers(struct kms_service *svc)
{
	static const struct {
		const char *name;
		const char *ref;
		const char *message;
	} cases[] = {
		/* The first six: recorded from real AWS KMS. */
		{"an_unknown_id", UNKNOWN,
		 "Key '" KEY_ARN UNKNOWN "' does not exist"},
		{"an_unknown_arn", KEY_ARN UNKNOWN,
		 "Key '" KEY_ARN UNKNOWN "' does not exist"},
		{"an_unknown_multi_region_id",
		 "mrk-d3b95762d3b95762d3b95762d3b95762",
		 "Key '" KEY_ARN "mrk-d3b95762d3b95762d3b95762d3b95762' does "
		 "not exist"},
		{"no_id_at_all", "fake-key-id", "Invalid keyId 'fake-key-id'"},
		{"a_uuid_without_dashes", "134f2428cec14b25a1ae9048164dba47",
		 "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"},
		{"an_arn_of_another_region",
		 "arn:aws:kms:ap-southeast-1:" TEST_ACCOUNT ":key/" UNKNOWN,
		 "Invalid arn ap-southeast-1"},
		{"an_arn_of_another_account",
		 "arn:aws:kms:" TEST_REGION ":999999999999:key/" UNKNOWN,
		 "Key 'arn:aws:kms:" TEST_REGION ":999999999999:key/" UNKNOWN
		 "' does not exist"},
		{"an_arn_of_another_service",
		 "arn:aws:s3:" TEST_REGION ":" TEST_ACCOUNT ":key/" UNKNOWN,
		 "Invalid keyId 'arn:aws:s3:" TEST_REGION ":" TEST_ACCOUNT
		 ":key/" UNKNOWN "'"},
	};
	char id[37], body[128];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[512], want[512];

		snprintf(got, sizeof(got), "%s: ",
			 test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}",
				    cases[i].ref));
		strncat(got, test_message(), sizeof(got) - strlen(got) - 1);
		snprintf(want, sizeof(want), "NotFoundException: %s",
			 cases[i].message);
		TAP_EQ_STR(got, want, cases[i].name);
	}
	test_create_key(svc, id);
	snprintf(body, sizeof(body), "{\"KeyId\":\"%s\"}", id);
	TAP_EQ_STR(test_call_as(svc, &test_root, OTHER_REGION, "DescribeKey",
				body),
		   "NotFoundException", "another_region_does_not_see_a_key");
	snprintf(body, sizeof(body), "{\"KeyId\":\"" KEY_ARN "%s\"}", id);
	test_call_as(svc, &test_root, OTHER_REGION, "DescribeKey", body);
	TAP_EQ_STR(test_message(), "Invalid arn " TEST_REGION,
		   "not_by_its_arn_either");
}

/* Everything that was acknowledged, in a service that was opened again. */
static void test_reopen(void)
{
	struct kms_service *svc = test_open("store");
	char enabled[37], disabled[37], pending[37], blob[512], managed[128];
	char why[1024];

	test_callf(svc, "CreateKey",
		   "{\"Description\":\"d\\u00e9j\\u00e0 \\\"vu\\\"\","
		   "\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"1\"}]}");
	snprintf(enabled, sizeof(enabled), "%s",
		 test_string("KeyMetadata.KeyId"));
	test_create_key(svc, disabled);
	test_create_key(svc, pending);
	test_callf(svc, "Encrypt",
		   "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\","
		   "\"EncryptionContext\":{\"a\":\"b\"}}",
		   enabled);
	snprintf(blob, sizeof(blob), "%s", test_string("CiphertextBlob"));
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}",
		   enabled);
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/b\",\"TargetKeyId\":\"%s\"}",
		   enabled);
	test_callf(svc, "UpdateAlias",
		   "{\"AliasName\":\"alias/b\",\"TargetKeyId\":\"%s\"}",
		   disabled);
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/c\",\"TargetKeyId\":\"%s\"}",
		   enabled);
	test_callf(svc, "DeleteAlias", "{\"AliasName\":\"alias/c\"}");
	test_callf(svc, "DisableKey", "{\"KeyId\":\"%s\"}", disabled);
	test_callf(svc, "ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", pending);
	test_call_as(svc, &test_agent, TEST_REGION, "GenerateDataKey",
		     "{\"KeyId\":\"alias/aws/kmsagent\","
		     "\"KeySpec\":\"AES_256\"}");
	snprintf(managed, sizeof(managed), "%s", test_string("KeyId"));
	test_end(svc);

	svc = test_open("store");
	TAP_EQ_STR(test_callf(svc, "Decrypt",
			      "{\"CiphertextBlob\":\"%s\","
			      "\"EncryptionContext\":{\"a\":\"b\"}}",
			      blob),
		   "", "a_ciphertext_opens_after_a_restart");
	TAP_EQ_STR(test_string("Plaintext"), HELLO, "to_what_it_was");
	test_callf(svc, "DescribeKey", "{\"KeyId\":\"alias/a\"}");
	TAP_EQ_STR(test_string("KeyMetadata.KeyId"), enabled,
		   "an_alias_is_kept");
	TAP_EQ_STR(test_string("KeyMetadata.Description"),
		   "d\xc3\xa9j\xc3\xa0 \"vu\"", "a_description_is_kept");
	TAP_EQ_STR(kms_key_find(&svc->regions[0], enabled, NOW_MS)->tags,
		   "[{\"TagKey\":\"a\",\"TagValue\":\"1\"}]", "tags_are_kept");
	test_callf(svc, "DescribeKey", "{\"KeyId\":\"alias/b\"}");
	TAP_EQ_STR(test_string("KeyMetadata.KeyId"), disabled,
		   "a_moved_alias_stays_where_it_went");
	TAP_EQ_STR(test_string("KeyMetadata.KeyState"), "Disabled",
		   "a_disabled_key_stays_disabled");
	TAP_EQ_STR(test_callf(svc, "DescribeKey", "{\"KeyId\":\"alias/c\"}"),
		   "NotFoundException", "a_deleted_alias_stays_deleted");
	test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", pending);
	TAP_EQ_STR(test_string("KeyMetadata.KeyState"), "PendingDeletion",
		   "a_pending_deletion_stays_pending");
	TAP_OK(cJSON_GetObjectItem(
		       cJSON_GetObjectItem(test_reply.body, "KeyMetadata"),
		       "DeletionDate")
			       ->valuedouble ==
		       (double)(NOW_MS + 30 * 86400000LL) / 1000,
	       "with_its_date");
	TAP_EQ_STR(test_callf(svc, "EnableKey", "{\"KeyId\":\"%s\"}", disabled),
		   "", "and_keys_can_be_changed_again");
	test_call_as(svc, &test_agent, TEST_REGION, "DescribeKey",
		     "{\"KeyId\":\"alias/aws/kmsagent\"}");
	TAP_EQ_STR(test_string("KeyMetadata.Arn"), managed,
		   "the_managed_key_is_the_same");
	TAP_EQ_STR(test_string("KeyMetadata.KeyManager"), "AWS",
		   "and_still_managed");
	test_end(svc);

	/* Another root key cannot open it, and says so. */
	{
		char path[128], away[128];

		snprintf(path, sizeof(path), "%s/root.key", test_dir);
		snprintf(away, sizeof(away), "%s/root.away", test_dir);
		rename(path, away);
		TAP_OK(!test_try_open("store", why, sizeof(why)),
		       "a_store_does_not_open_under_another_root_key");
		TAP_OK(strstr(why, "root key"), "and_says_why");
		tap_diag("%s", why);
		rename(away, path);
	}
}

/* Records that cannot be are told, not passed over. */
static void test_bad_records(void)
{
	static const struct {
		const char *name;
		const char *kind, *id, *value;
	} cases[] = {
		{"a_record_that_is_not_JSON", "key", TEST_REGION "/" UNKNOWN,
		 "{"},
		{"a_record_without_fields", "key", TEST_REGION "/" UNKNOWN,
		 "{\"v\":1}"},
		{"a_record_of_a_newer_version", "key", TEST_REGION "/" UNKNOWN,
		 "{\"v\":2}"},
		{"a_record_without_a_key_id", "key", TEST_REGION "/x",
		 "{\"v\":1}"},
		{"an_alias_of_no_key", "alias", TEST_REGION "/alias/x",
		 "{\"v\":1,\"key\":\"" UNKNOWN "\",\"created\":1,"
		 "\"updated\":1}"},
		{"an_alias_without_a_name", "alias", TEST_REGION "/alias",
		 "{\"v\":1}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char file[32], why[1024] = "";
		struct kms_service *svc;
		uint64_t revision;

		snprintf(file, sizeof(file), "bad-%zu", i);
		svc = test_open(file);
		if (store_commit(svc->store,
				 &(struct store_write){
					 cases[i].kind, cases[i].id,
					 cases[i].value, strlen(cases[i].value),
					 STORE_ANY},
				 1, &revision) < 0)
			exit(1);
		test_end(svc);
		TAP_OK(!test_try_open(file, why, sizeof(why)), cases[i].name);
		if (!TAP_OK(strstr(why, cases[i].id), "is_named"))
			tap_diag("%s", why);
	}
}

/* One key's wrapped material in another's record: the wrap is bound. */
static void test_swapped_material(void)
{
	struct kms_service *svc = test_open("swap");
	struct kms_material *a, *b;
	char one[37], two[37];
	uint8_t *wrapped;
	size_t len;

	test_create_key(svc, one);
	test_create_key(svc, two);
	a = kms_key_find(&svc->regions[0], one, NOW_MS)->materials.list[0];
	b = kms_key_find(&svc->regions[0], two, NOW_MS)->materials.list[0];
	wrapped = a->wrapped;
	len = a->wrapped_len;
	a->wrapped = b->wrapped;
	a->wrapped_len = b->wrapped_len;
	b->wrapped = wrapped;
	b->wrapped_len = len;
	TAP_EQ_STR(test_callf(svc, "Encrypt",
			      "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}",
			      one),
		   "KMSInternalException", "swapped_material_is_not_used");
	test_end(svc);
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_metadata(svc);
	test_refusals(svc);
	test_limits(svc);
	test_identifiers(svc);
	test_end(svc);
	test_reopen();
	test_bad_records();
	test_swapped_material();
	return tap_done();
}
