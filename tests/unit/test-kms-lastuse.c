/* SPDX-License-Identifier: MIT */
/*
 * GetKeyLastUsage: which operations count is typed from the service model
 * (KeyLastUsageTrackingOperation); what survives is what kmsd(8) says.
 */
#include "kmsagent/kms/lastuse.h"
#include "tests/unit/kms.h"

#define HELLO "aGVsbG8="

static const char *used(struct kms_service *svc, const char *id)
{
	test_callf(svc, "GetKeyLastUsage", "{\"KeyId\":\"%s\"}", id);
	return test_string("KeyLastUsage.Operation");
}

static double when(void)
{
	const cJSON *use = cJSON_GetObjectItem(test_reply.body, "KeyLastUsage");
	const cJSON *j = cJSON_GetObjectItem(use, "Timestamp");

	return cJSON_IsNumber(j) ? j->valuedouble : 0;
}

static int count(void *userdata, const char *id, const void *value, size_t len,
		 uint64_t revision)
{
	(void)id;
	(void)value;
	(void)len;
	(void)revision;
	++*(int *)userdata;
	return 0;
}

static int stored(struct kms_service *svc)
{
	int n = 0;

	if (store_scan(svc->store, KMS_KIND_LAST_USE, count, &n) < 0)
		return -1;
	return n;
}

/* In this order, so that each finds another before it. */
static void test_operations(struct kms_service *svc)
{
	static const struct {
		const char *spec;
		const char *op;
		const char *body;
		const char *want; /* NULL: as before */
	} cases[] = {
		{"", "DescribeKey", "", ""},
		{"", "Encrypt", ",\"Plaintext\":\"" HELLO "\"", "Encrypt"},
		{"", "GenerateDataKey", ",\"KeySpec\":\"AES_256\"",
		 "GenerateDataKey"},
		{"", "GenerateDataKeyWithoutPlaintext",
		 ",\"KeySpec\":\"AES_256\"", "GenerateDataKeyWithoutPlaintext"},
		{"", "Encrypt", ",\"Plaintext\":\"" HELLO "\",\"DryRun\":true",
		 "GenerateDataKeyWithoutPlaintext"},
		{"", "GenerateDataKeyPair",
		 ",\"KeyPairSpec\":\"ECC_NIST_P256\"", "GenerateDataKeyPair"},
		{"", "GenerateDataKeyPairWithoutPlaintext",
		 ",\"KeyPairSpec\":\"ECC_NIST_P256\"",
		 "GenerateDataKeyPairWithoutPlaintext"},
		{"", "Encrypt", ",\"Plaintext\":\"\"",
		 "GenerateDataKeyPairWithoutPlaintext"},
		{"\"KeySpec\":\"ECC_NIST_P256\",\"KeyUsage\":\"SIGN_VERIFY\"",
		 "GetPublicKey", "", ""},
		{"", "Sign",
		 ",\"Message\":\"" HELLO
		 "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"",
		 "Sign"},
		{"\"KeySpec\":\"HMAC_256\","
		 "\"KeyUsage\":\"GENERATE_VERIFY_MAC\"",
		 "GenerateMac",
		 ",\"Message\":\"" HELLO "\",\"MacAlgorithm\":\"HMAC_SHA_256\"",
		 "GenerateMac"},
	};
	char id[37], name[96];

	test_create_key(svc, id);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (*cases[i].spec) {
			test_callf(svc, "CreateKey", "{%s}", cases[i].spec);
			snprintf(id, sizeof(id), "%s",
				 test_string("KeyMetadata.KeyId"));
		}
		test_callf(svc, cases[i].op, "{\"KeyId\":\"%s\"%s}", id,
			   cases[i].body);
		snprintf(name, sizeof(name), "%s_leaves_%s", cases[i].op,
			 *cases[i].want ? cases[i].want : "nothing");
		TAP_EQ_STR(used(svc, id), cases[i].want, name);
	}
}

static void test_two_keys(struct kms_service *svc)
{
	char from[37], to[37], blob[512];

	test_create_key(svc, from);
	test_create_key(svc, to);
	test_callf(svc, "Encrypt",
		   "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", from);
	snprintf(blob, sizeof(blob), "%s", test_string("CiphertextBlob"));
	test_callf(svc, "ReEncrypt",
		   "{\"CiphertextBlob\":\"%s\",\"DestinationKeyId\":\"%s\"}",
		   blob, to);
	TAP_EQ_STR(used(svc, from), "ReEncrypt", "the_source_was_used");
	TAP_EQ_STR(used(svc, to), "ReEncrypt", "and_the_destination");
	test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
	TAP_EQ_STR(used(svc, from), "Decrypt", "decryption_without_a_key_id");
	test_callf(svc, "Decrypt",
		   "{\"CiphertextBlob\":\"%s\","
		   "\"EncryptionContext\":{\"a\":\"b\"}}",
		   blob);
	TAP_EQ_STR(used(svc, to), "ReEncrypt", "a_failure_is_no_use");
}

static void test_writing(void)
{
	struct kms_service *svc = test_open("uses");
	char id[37];

	test_create_key(svc, id);
	kms_service_tick(svc);
	test_callf(svc, "GenerateDataKey",
		   "{\"KeyId\":\"%s\",\"NumberOfBytes\":16}", id);
	TAP_EQ_STR(used(svc, id), "GenerateDataKey", "it_is_known_at_once");
	TAP_OK(when() == (double)NOW_MS / 1000, "with_its_time");
	TAP_EQ_STR(test_string("KeyLastUsage.KmsRequestId"), "test",
		   "and_its_request");
	TAP_EQ_INT(stored(svc), 0, "the_data_plane_writes_nothing");
	test_now_ms += 999;
	test_callf(svc, "GenerateDataKey",
		   "{\"KeyId\":\"%s\",\"NumberOfBytes\":16}", id);
	used(svc, id);
	TAP_OK(when() == (double)NOW_MS / 1000, "within_a_second_it_is_one");
	test_now_ms += 1;
	test_callf(svc, "GenerateDataKey",
		   "{\"KeyId\":\"%s\",\"NumberOfBytes\":16}", id);
	used(svc, id);
	TAP_OK(when() == (double)(NOW_MS + 1000) / 1000, "then_another");
	kms_service_tick(svc);
	TAP_EQ_INT(stored(svc), 0, "nor_does_every_tick");
	test_now_ms += KMS_LAST_USE_SAVE_MS;
	kms_service_tick(svc);
	TAP_EQ_INT(stored(svc), 1, "but_one_in_five_minutes");
	test_end(svc);
	svc = test_open("uses");
	TAP_EQ_STR(used(svc, id), "GenerateDataKey", "a_restart_remembers");
	TAP_OK(when() == (double)(NOW_MS + 1000) / 1000, "its_time_too");
	test_callf(svc, "Encrypt",
		   "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", id);
	test_end(svc);
	svc = test_open("uses");
	TAP_EQ_STR(used(svc, id), "Encrypt", "an_end_writes_the_rest");
	test_callf(svc, "ScheduleKeyDeletion",
		   "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", id);
	test_now_ms += 8LL * 86400000;
	kms_service_tick(svc);
	TAP_EQ_INT(stored(svc), 0, "with_the_key_goes_its_record");
	test_end(svc);
	test_now_ms = NOW_MS;
}

/* More than one batch, as with a store of many keys. */
static void test_many(void)
{
	struct kms_service *svc = test_open(NULL);
	char id[37];

	for (int i = 0; i < 1001; i++) {
		test_create_key(svc, id);
		test_callf(svc, "GenerateDataKey",
			   "{\"KeyId\":\"%s\",\"NumberOfBytes\":1}", id);
	}
	test_now_ms += KMS_LAST_USE_SAVE_MS;
	kms_service_tick(svc);
	TAP_EQ_INT(stored(svc), 500, "a_tick_writes_500");
	kms_service_tick(svc);
	kms_service_tick(svc);
	TAP_EQ_INT(stored(svc), 1001, "the_next_ones_the_rest");
	test_end(svc);
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_operations(svc);
	test_two_keys(svc);
	test_end(svc);
	test_writing();
	test_many();
	return tap_done();
}
