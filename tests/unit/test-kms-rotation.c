/* SPDX-License-Identifier: MIT */
/*
 * Rotation by a clock that the test sets.  Bounds, defaults and refusals are
 * typed from the AWS KMS API Reference: EnableKeyRotation (90..2560 days, 365
 * unless said), RotateKeyOnDemand (25 in a key's life, not within 20 minutes
 * of an automatic one), ListKeyRotations.
 */
#include "tests/unit/kms.h"

#define DAY_MS	  ((int64_t)86400000)
#define MINUTE_MS ((int64_t)60000)
#define HELLO	  "aGVsbG8="
#define KEY_ARN	  "arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT ":key/"

static char told[512];
static int told_times, tell_result;

static int tell(void *userdata, const struct kms_event *event)
{
	_json_text_ char *details = json_print(event->details);

	(void)userdata;
	snprintf(told, sizeof(told), "%s %s", event->name, details);
	told_times++;
	return tell_result;
}

static double number(const char *name)
{
	const cJSON *j =
		cJSON_GetObjectItemCaseSensitive(test_reply.body, name);

	return cJSON_IsNumber(j) ? j->valuedouble : -1;
}

static bool is_true(const char *name)
{
	return cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(test_reply.body, name));
}

static const char *on(struct kms_service *svc, const char *op, const char *id)
{
	return test_callf(svc, op, "{\"KeyId\":\"%s\"}", id);
}

static const char *material(struct kms_service *svc, const char *id)
{
	static char out[65];

	on(svc, "DescribeKey", id);
	snprintf(out, sizeof(out), "%s",
		 test_string("KeyMetadata.CurrentKeyMaterialId"));
	return out;
}

static void encrypt(struct kms_service *svc, const char *id, char blob[512])
{
	test_callf(svc, "Encrypt",
		   "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", id);
	snprintf(blob, 512, "%s", test_string("CiphertextBlob"));
}

/* The material that opened the blob; "" if it does not open to HELLO. */
static const char *opened_by(struct kms_service *svc, const char *blob)
{
	test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);
	return strcmp(test_string("Plaintext"), HELLO) == 0
		       ? test_string("KeyMaterialId")
		       : "";
}

static int rotations(struct kms_service *svc, const char *id, const char *which)
{
	test_callf(svc, "ListKeyRotations",
		   "{\"KeyId\":\"%s\",\"IncludeKeyMaterial\":\"%s\"}", id,
		   which);
	return cJSON_GetArraySize(
		cJSON_GetObjectItem(test_reply.body, "Rotations"));
}

static const char *of_rotation(int i, const char *name)
{
	const cJSON *list = cJSON_GetObjectItem(test_reply.body, "Rotations");
	const cJSON *j = cJSON_GetObjectItem(cJSON_GetArrayItem(list, i), name);

	return cJSON_IsString(j) ? j->valuestring : "";
}

static void test_periods(struct kms_service *svc)
{
	static const struct {
		const char *days;
		const char *error;
		double want;
	} cases[] = {{"89", "ValidationException", 0},
		     {"90", "", 90},
		     {"2560", "", 2560},
		     {"2561", "ValidationException", 0},
		     {"null", "", 365}};
	char id[37], name[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_create_key(svc, id);
		snprintf(name, sizeof(name), "a_period_of_%s_days",
			 cases[i].days);
		TAP_EQ_STR(test_callf(svc, "EnableKeyRotation",
				      "{\"KeyId\":\"%s\","
				      "\"RotationPeriodInDays\":%s}",
				      id, cases[i].days),
			   cases[i].error, name);
		on(svc, "GetKeyRotationStatus", id);
		if (*cases[i].error) {
			TAP_OK(!is_true("KeyRotationEnabled"),
			       "changes_nothing");
			continue;
		}
		TAP_OK(is_true("KeyRotationEnabled") &&
			       number("RotationPeriodInDays") == cases[i].want,
		       "is_shown");
		TAP_OK(number("NextRotationDate") ==
			       (double)(NOW_MS +
					(int64_t)cases[i].want * DAY_MS) /
				       1000,
		       "and_counts_from_now");
	}
	test_callf(svc, "EnableKeyRotation",
		   "{\"KeyId\":\"%s\",\"RotationPeriodInDays\":100}", id);
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(number("RotationPeriodInDays") == 100,
	       "a_period_can_be_changed");
	TAP_EQ_STR(test_string("KeyId"), id, "the_status_bears_the_bare_id");
	TAP_EQ_STR(on(svc, "DisableKeyRotation", id), "", "rotation_ends");
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(!is_true("KeyRotationEnabled") &&
		       number("NextRotationDate") < 0 &&
		       number("RotationPeriodInDays") < 0,
	       "and_shows_no_date_then");
	TAP_EQ_STR(on(svc, "DisableKeyRotation", id), "", "twice_is_fine");
}

static void test_automatic(void)
{
	struct kms_service *svc = test_open("auto");
	char id[37], first[65], second[65], old[512], new[512], want[512];

	svc->event = tell;
	test_create_key(svc, id);
	test_callf(svc, "EnableKeyRotation",
		   "{\"KeyId\":\"%s\",\"RotationPeriodInDays\":90}", id);
	snprintf(first, sizeof(first), "%s", material(svc, id));
	encrypt(svc, id, old);
	test_now_ms = NOW_MS + 90 * DAY_MS - 1;
	kms_service_tick(svc);
	TAP_EQ_STR(material(svc, id), first, "nothing_rotates_before_its_time");
	test_now_ms++;
	tell_result = -EIO;
	kms_service_tick(svc);
	TAP_EQ_STR(material(svc, id), first, "unrecorded_nothing_rotates");
	kms_service_tick(svc);
	TAP_EQ_INT(told_times, 1, "and_is_not_tried_all_the_time");
	tell_result = 0;
	test_now_ms += MINUTE_MS;
	kms_service_tick(svc);
	snprintf(second, sizeof(second), "%s", material(svc, id));
	TAP_OK(strcmp(first, second) != 0, "in_a_minute_it_does");
	snprintf(want, sizeof(want),
		 "RotateKey {\"keyId\":\"%s\",\"rotationType\":\"AUTOMATIC\","
		 "\"keyOrigin\":\"AWS_KMS\",\"previousKeyMaterialId\":\"%s\","
		 "\"currentKeyMaterialId\":\"%s\"}",
		 id, first, second);
	TAP_EQ_STR(told, want, "the_event_says_what_became_of_it");
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(number("NextRotationDate") ==
		       (double)(NOW_MS + 180 * DAY_MS) / 1000,
	       "the_next_one_follows_the_schedule");
	encrypt(svc, id, new);
	TAP_EQ_STR(opened_by(svc, new), second, "new_ciphertext_is_of_the_new");
	TAP_EQ_STR(opened_by(svc, old), first, "old_ciphertext_opens");
	test_end(svc);

	svc = test_open("auto");
	TAP_EQ_STR(opened_by(svc, old), first, "after_a_restart_too");
	TAP_EQ_STR(opened_by(svc, new), second, "and_so_does_the_new");
	TAP_EQ_STR(material(svc, id), second, "which_stays_the_current");
	/* Off for three periods: one rotation, and then in a period. */
	test_now_ms = NOW_MS + 500 * DAY_MS;
	kms_service_tick(svc);
	kms_service_tick(svc);
	TAP_EQ_INT(rotations(svc, id, "ROTATIONS_ONLY"), 2,
		   "a_late_rotation_is_done_once");
	TAP_EQ_STR(of_rotation(1, "RotationType"), "AUTOMATIC", "as_automatic");
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(number("NextRotationDate") ==
		       (double)(NOW_MS + 590 * DAY_MS) / 1000,
	       "the_next_is_a_period_away");

	/* A disabled key waits; a key on its way out is not rotated. */
	on(svc, "DisableKey", id);
	test_now_ms = NOW_MS + 591 * DAY_MS;
	kms_service_tick(svc);
	TAP_EQ_INT(rotations(svc, id, "ROTATIONS_ONLY"), 2,
		   "a_disabled_key_is_not_rotated");
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(is_true("KeyRotationEnabled"), "though_its_status_stays");
	on(svc, "EnableKey", id);
	kms_service_tick(svc);
	TAP_EQ_INT(rotations(svc, id, "ROTATIONS_ONLY"), 3,
		   "enabled_again_it_is_at_once");
	on(svc, "ScheduleKeyDeletion", id);
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(!is_true("KeyRotationEnabled"),
	       "a_key_on_its_way_out_says_no_rotation");
	on(svc, "CancelKeyDeletion", id);
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(is_true("KeyRotationEnabled"), "called_back_it_is_as_before");
	test_end(svc);
	test_now_ms = NOW_MS;
}

static void rotate(struct kms_service *svc, const char *id)
{
	if (*on(svc, "RotateKeyOnDemand", id))
		tap_diag("%s", test_message());
	kms_service_tick(svc);
}

static void test_on_demand(void)
{
	struct kms_service *svc = test_open("demand");
	char id[37], first[65], second[65], want[128];
	double next;

	test_create_key(svc, id);
	snprintf(first, sizeof(first), "%s", material(svc, id));
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "", "on_demand");
	snprintf(want, sizeof(want), KEY_ARN "%s", id);
	TAP_EQ_STR(test_string("KeyId"), want, "answers_the_arn");
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(number("OnDemandRotationStartDate") == (double)NOW_MS / 1000,
	       "and_is_under_way");
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "ConflictException",
		   "another_has_to_wait");
	/* Asked for is durable: a restart does not forget it. */
	test_end(svc);
	svc = test_open("demand");
	svc->event = tell;
	TAP_EQ_STR(material(svc, id), first, "not_done_yet");
	kms_service_tick(svc);
	snprintf(second, sizeof(second), "%s", material(svc, id));
	TAP_OK(strcmp(first, second) != 0, "done_after_the_restart");
	TAP_OK(strstr(told, "\"rotationType\":\"ON_DEMAND\""), "and_told_so");
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(number("OnDemandRotationStartDate") < 0 &&
		       !is_true("KeyRotationEnabled"),
	       "then_it_is_not_under_way");

	on(svc, "EnableKeyRotation", id);
	on(svc, "GetKeyRotationStatus", id);
	next = number("NextRotationDate");
	rotate(svc, id);
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(number("NextRotationDate") == next,
	       "the_schedule_stays_as_it_was");
	test_now_ms = NOW_MS + 365 * DAY_MS - 20 * MINUTE_MS + 1;
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "ConflictException",
		   "not_within_20_minutes_of_an_automatic_one");
	test_now_ms--;
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "", "but_20_before_it");
	kms_service_tick(svc);
	on(svc, "DisableKeyRotation", id);
	for (int i = 3; i < 25; i++)
		rotate(svc, id);
	TAP_EQ_INT(rotations(svc, id, "ROTATIONS_ONLY"), 25, "25_are_done");
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "LimitExceededException",
		   "the_26th_is_refused");
	on(svc, "DisableKey", id);
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "DisabledException",
		   "so_is_one_of_a_disabled_key");
	test_end(svc);
	test_now_ms = NOW_MS;
}

static void test_list(struct kms_service *svc)
{
	char id[37], first[65], marker[256];
	int got = 0, pages = 0;

	test_create_key(svc, id);
	snprintf(first, sizeof(first), "%s", material(svc, id));
	TAP_EQ_INT(rotations(svc, id, "ROTATIONS_ONLY"), 0, "none_at_first");
	TAP_EQ_INT(rotations(svc, id, "ALL_KEY_MATERIAL"), 1,
		   "but_the_first_material");
	TAP_EQ_STR(of_rotation(0, "KeyMaterialId"), first, "with_its_id");
	TAP_EQ_STR(of_rotation(0, "KeyMaterialState"), "CURRENT", "is_current");
	TAP_EQ_STR(of_rotation(0, "RotationType"), "", "was_not_rotated_to");
	TAP_EQ_STR(of_rotation(0, "ImportState"), "", "and_is_not_imported");
	for (int i = 0; i < 4; i++)
		rotate(svc, id);
	rotations(svc, id, "ALL_KEY_MATERIAL");
	TAP_EQ_STR(of_rotation(0, "KeyMaterialState"), "NON_CURRENT",
		   "the_first_is_not_current_any_more");
	TAP_EQ_STR(of_rotation(4, "KeyMaterialState"), "CURRENT",
		   "the_last_one_is");
	TAP_EQ_STR(of_rotation(4, "RotationType"), "ON_DEMAND", "on_demand");
	TAP_EQ_STR(of_rotation(4, "KeyId"), id, "of_this_key");
	for (*marker = '\0'; pages < 9; pages++) {
		test_callf(svc, "ListKeyRotations",
			   "{\"KeyId\":\"%s\",\"Limit\":1%s%s%s,"
			   "\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"}",
			   id, *marker ? ",\"Marker\":\"" : "", marker,
			   *marker ? "\"" : "");
		got += *of_rotation(0, "KeyMaterialId") != '\0';
		snprintf(marker, sizeof(marker), "%s",
			 test_string("NextMarker"));
		if (!is_true("Truncated"))
			break;
	}
	TAP_EQ_INT(got, 5, "pages_of_one_give_all");
	TAP_EQ_INT(pages, 4, "and_end_with_the_last");
	TAP_EQ_STR(test_callf(svc, "ListKeyRotations",
			      "{\"KeyId\":\"%s\",\"Marker\":\"nonsense\"}", id),
		   "InvalidMarkerException", "a_made_up_marker_is_refused");
	TAP_EQ_STR(test_callf(svc, "ListKeyRotations",
			      "{\"KeyId\":\"%s\",\"Limit\":1001}", id),
		   "ValidationException", "at_most_1000_a_page");
	TAP_EQ_STR(test_callf(svc, "ListKeyRotations",
			      "{\"KeyId\":\"%s\",\"Limit\":1000}", id),
		   "", "which_is_fine");
}

/* Only symmetric keys rotate; imported material not of itself. */
static void test_refusals(struct kms_service *svc)
{
	static const char *const ops[] = {
		"EnableKeyRotation", "DisableKeyRotation",
		"GetKeyRotationStatus", "RotateKeyOnDemand",
		"ListKeyRotations"};
	static const char *const specs[] = {
		"\"KeySpec\":\"ECC_NIST_P256\",\"KeyUsage\":\"SIGN_VERIFY\"",
		"\"KeySpec\":\"HMAC_256\",\"KeyUsage\":\"GENERATE_VERIFY_MAC\"",
		"\"Origin\":\"EXTERNAL\""};
	char id[37], name[96], want[256];

	for (size_t s = 0; s < ARRAY_SIZE(specs); s++) {
		test_callf(svc, "CreateKey", "{%s}", specs[s]);
		snprintf(id, sizeof(id), "%s",
			 test_string("KeyMetadata.KeyId"));
		for (size_t i = 0; i < (s == 2 ? 3 : ARRAY_SIZE(ops)); i++) {
			snprintf(name, sizeof(name), "%s_of_kind_%zu", ops[i],
				 s);
			TAP_EQ_STR(on(svc, ops[i], id),
				   "UnsupportedOperationException", name);
		}
		if (s < 2)
			continue;
		on(svc, "EnableKeyRotation", id);
		snprintf(want, sizeof(want),
			 KEY_ARN "%s origin is EXTERNAL which is not valid for "
				 "this operation.",
			 id);
		TAP_EQ_STR(test_message(), want, "in_AWSs_words");
		TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id),
			   "KMSInvalidStateException",
			   "nor_on_demand_before_its_import");
	}
}

static void test_managed(struct kms_service *svc)
{
	char id[37], first[65], arn[128];

	test_call_as(svc, &test_agent, TEST_REGION, "GenerateDataKey",
		     "{\"KeyId\":\"alias/aws/kmsagent\",\"NumberOfBytes\":32}");
	snprintf(arn, sizeof(arn), "%s", test_string("KeyId"));
	snprintf(id, sizeof(id), "%s", strstr(arn, "key/") + 4);
	snprintf(first, sizeof(first), "%s", material(svc, id));
	on(svc, "GetKeyRotationStatus", id);
	TAP_OK(is_true("KeyRotationEnabled") &&
		       number("RotationPeriodInDays") == 365,
	       "an_AWS_managed_key_rotates_yearly");
	TAP_EQ_STR(on(svc, "DisableKeyRotation", id), "AccessDeniedException",
		   "which_nobody_changes");
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "AccessDeniedException",
		   "nor_hastens");
	test_now_ms = NOW_MS + 365 * DAY_MS;
	kms_service_tick(svc);
	TAP_OK(strcmp(material(svc, id), first) != 0, "it_has_rotated");
	test_now_ms = NOW_MS;
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_periods(svc);
	test_list(svc);
	test_refusals(svc);
	test_managed(svc);
	test_end(svc);
	test_automatic();
	test_on_demand();
	return tap_done();
}
