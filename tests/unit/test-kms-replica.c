/* SPDX-License-Identifier: MIT */
/*
 * Multi-Region keys: what the Developer Guide says of them ("Multi-Region
 * keys in AWS KMS"), and that each of related keys opens what the others
 * sealed, now and after rotation, a change of roles, a restart.
 */
#include "kmsagent/crypto/encoding.h"
#include "tests/unit/kms.h"

static unsigned told; /* synchronisations */

#define HELLO "aGVsbG8="
#define DAY   ((int64_t)86400000)

static const char *in(struct kms_service *svc, const char *region,
		      const char *op, const char *body)
{
	return test_call_as(svc, &test_root, region, op, body);
}

static const char *__attribute__((format(printf, 4, 5)))
inf(struct kms_service *svc, const char *region, const char *op,
    const char *format, ...)
{
	static char body[16384];
	va_list ap;

	va_start(ap, format);
	vsnprintf(body, sizeof(body), format, ap);
	va_end(ap);
	return in(svc, region, op, body);
}

static void create(struct kms_service *svc, const char *more, char id[37])
{
	if (*inf(svc, TEST_REGION, "CreateKey", "{\"MultiRegion\":true%s}",
		 more)) {
		printf("Bail out! %s\n", test_message());
		exit(1);
	}
	snprintf(id, 37, "%s", test_string("KeyMetadata.KeyId"));
}

static const char *replicate(struct kms_service *svc, const char *id)
{
	return inf(svc, TEST_REGION, "ReplicateKey",
		   "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"" OTHER_REGION "\"}",
		   id);
}

/* "PRIMARY eu-central-1: us-west-2 " of a key, as DescribeKey says. */
static const char *roles(struct kms_service *svc, const char *region,
			 const char *id)
{
	static char text[256];
	const cJSON *c, *k;

	inf(svc, region, "DescribeKey", "{\"KeyId\":\"%s\"}", id);
	c = cJSON_GetObjectItem(
		cJSON_GetObjectItem(test_reply.body, "KeyMetadata"),
		"MultiRegionConfiguration");
	if (!c)
		return "(none)";
	snprintf(text, sizeof(text), "%s %s: ",
		 cJSON_GetObjectItem(c, "MultiRegionKeyType")->valuestring,
		 cJSON_GetObjectItem(cJSON_GetObjectItem(c, "PrimaryKey"),
				     "Region")
			 ->valuestring);
	cJSON_ArrayForEach(k, cJSON_GetObjectItem(c, "ReplicaKeys")) strcat(
		strcat(text, cJSON_GetObjectItem(k, "Region")->valuestring),
		" ");
	return text;
}

static const char *state(struct kms_service *svc, const char *region,
			 const char *id)
{
	inf(svc, region, "DescribeKey", "{\"KeyId\":\"%s\"}", id);
	return test_string("KeyMetadata.KeyState");
}

/* What one region sealed opens in the other. */
static bool opens(struct kms_service *svc, const char *id, const char *from,
		  const char *to)
{
	char *blob;
	bool ok;

	inf(svc, from, "Encrypt",
	    "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO
	    "\",\"EncryptionContext\":{\"a\":\"b\"}}",
	    id);
	blob = test_keep("CiphertextBlob");
	ok = *blob &&
	     !*inf(svc, to, "Decrypt",
		   "{\"CiphertextBlob\":\"%s\",\"EncryptionContext\":"
		   "{\"a\":\"b\"}}",
		   blob) &&
	     strcmp(test_string("Plaintext"), HELLO) == 0 &&
	     strstr(test_string("KeyId"), to);
	free(blob);
	return ok;
}

static bool both_open(struct kms_service *svc, const char *id)
{
	return opens(svc, id, TEST_REGION, OTHER_REGION) &&
	       opens(svc, id, OTHER_REGION, TEST_REGION);
}

static void test_made(struct kms_service *svc)
{
	char id[37], plain[37];

	create(svc, "", id);
	TAP_OK(strncmp(id, "mrk-", 4) == 0 && strlen(id) == 36 &&
		       strspn(id + 4, "0123456789abcdef") == 32,
	       "its_id_shows_it");
	TAP_EQ_STR(roles(svc, TEST_REGION, id), "PRIMARY eu-central-1: ",
		   "it_is_a_primary_without_replicas");
	TAP_OK(cJSON_IsTrue(cJSON_GetObjectItem(
		       cJSON_GetObjectItem(test_reply.body, "KeyMetadata"),
		       "MultiRegion")),
	       "of_several_regions");
	test_create_key(svc, plain);
	TAP_EQ_STR(roles(svc, TEST_REGION, plain), "(none)",
		   "another_key_is_not");
	TAP_EQ_STR(replicate(svc, plain), "UnsupportedOperationException",
		   "and_has_no_replicas");
	TAP_EQ_STR(inf(svc, TEST_REGION, "UpdatePrimaryRegion",
		       "{\"KeyId\":\"%s\",\"PrimaryRegion\":\"" OTHER_REGION
		       "\"}",
		       plain),
		   "UnsupportedOperationException", "nor_a_primary_region");
}

static void test_replicate(struct kms_service *svc)
{
	char id[37], *material;

	create(svc,
	       ",\"Description\":\"d\",\"Tags\":[{\"TagKey\":\"a\","
	       "\"TagValue\":\"b\"}]",
	       id);
	material = test_keep("KeyMetadata.CurrentKeyMaterialId");
	TAP_EQ_STR(replicate(svc, id), "", "a_key_is_replicated");
	TAP_EQ_STR(test_string("ReplicaKeyMetadata.KeyState"), "Creating",
		   "the_answer_says_creating");
	TAP_OK(cJSON_IsFalse(cJSON_GetObjectItem(
		       cJSON_GetObjectItem(test_reply.body,
					   "ReplicaKeyMetadata"),
		       "Enabled")),
	       "not_enabled");
	TAP_OK(strstr(test_string("ReplicaPolicy"), "key-default-1"),
	       "with_the_default_policy");
	TAP_EQ_INT(cJSON_GetArraySize(
			   cJSON_GetObjectItem(test_reply.body, "ReplicaTags")),
		   0, "and_no_tags");
	TAP_EQ_STR(state(svc, OTHER_REGION, id), "Enabled", "it_is_ready");
	TAP_EQ_STR(test_string("KeyMetadata.Description"), "",
		   "its_description_is_its_own");
	TAP_EQ_STR(test_string("KeyMetadata.CurrentKeyMaterialId"), material,
		   "its_material_is_the_same");
	TAP_EQ_STR(roles(svc, TEST_REGION, id),
		   "PRIMARY eu-central-1: us-west-2 ", "the_primary_knows");
	TAP_EQ_STR(roles(svc, OTHER_REGION, id),
		   "REPLICA eu-central-1: us-west-2 ", "and_the_replica");
	TAP_OK(both_open(svc, id), "each_opens_what_the_other_sealed");
	TAP_EQ_STR(replicate(svc, id), "AlreadyExistsException", "not_twice");
	TAP_EQ_STR(
		inf(svc, OTHER_REGION, "ReplicateKey",
		    "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"" TEST_REGION "\"}",
		    id),
		"UnsupportedOperationException", "a_replica_is_not_replicated");
	TAP_EQ_STR(inf(svc, TEST_REGION, "ReplicateKey",
		       "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"eu-west-9\"}",
		       id),
		   "ValidationException", "nor_to_where_nobody_serves");
	TAP_EQ_STR(inf(svc, TEST_REGION, "ReplicateKey",
		       "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"Europe\"}", id),
		   "ValidationException", "nor_to_no_region");
	TAP_OK(strstr(test_message(), "^([a-z]+-){2,3}\\d+$"),
	       "whose_pattern_is_shown");
	TAP_EQ_STR(
		inf(svc, TEST_REGION, "ReplicateKey", "{\"KeyId\":\"%s\"}", id),
		"ValidationException", "nor_to_nowhere");
	/* Each its own state. */
	inf(svc, OTHER_REGION, "DisableKey", "{\"KeyId\":\"%s\"}", id);
	TAP_EQ_STR(state(svc, TEST_REGION, id), "Enabled",
		   "a_disabled_replica_is_its_own_affair");
	free(material);

	create(svc, "", id);
	TAP_EQ_STR(inf(svc, TEST_REGION, "ReplicateKey",
		       "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"" OTHER_REGION
		       "\",\"Description\":\"r\",\"Tags\":[{\"TagKey\":\"t\","
		       "\"TagValue\":\"v\"}],\"Policy\":\"{\\\"Statement\\\":"
		       "{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":"
		       "\\\"*\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":"
		       "\\\"*\\\"}}\"}",
		       id),
		   "", "with_all_members");
	TAP_OK(strncmp(test_string("ReplicaPolicy"), "{\"Statement\"", 12) ==
			       0 &&
		       cJSON_GetArraySize(cJSON_GetObjectItem(
			       test_reply.body, "ReplicaTags")) == 1,
	       "which_are_the_replicas");
	TAP_EQ_STR(test_string("ReplicaKeyMetadata.Description"), "r", "own");
	inf(svc, TEST_REGION, "ListResourceTags", "{\"KeyId\":\"%s\"}", id);
	TAP_EQ_INT(cJSON_GetArraySize(
			   cJSON_GetObjectItem(test_reply.body, "Tags")),
		   0, "not_the_primarys");
	create(svc, "", id);
	TAP_EQ_STR(
		inf(svc, TEST_REGION, "ReplicateKey",
		    "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"" OTHER_REGION
		    "\",\"Tags\":[{\"TagKey\":\"aws:t\",\"TagValue\":\"\"}]}",
		    id),
		"TagException", "tags_are_checked");
	TAP_EQ_STR(inf(svc, TEST_REGION, "ReplicateKey",
		       "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"" OTHER_REGION
		       "\",\"Policy\":\"{}\"}",
		       id),
		   "MalformedPolicyDocumentException", "so_is_the_policy");
	TAP_EQ_STR(
		inf(svc, OTHER_REGION, "DescribeKey", "{\"KeyId\":\"%s\"}", id),
		"NotFoundException", "what_is_refused_is_not_made");
}

/* Pairs and MAC keys too. */
static void test_kinds(struct kms_service *svc)
{
	char id[37], *made;

	create(svc,
	       ",\"KeySpec\":\"ECC_NIST_P256\",\"KeyUsage\":"
	       "\"SIGN_VERIFY\"",
	       id);
	TAP_EQ_STR(replicate(svc, id), "", "a_pair");
	inf(svc, OTHER_REGION, "Sign",
	    "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
	    "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
	    id);
	made = test_keep("Signature");
	TAP_EQ_STR(inf(svc, TEST_REGION, "Verify",
		       "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
		       "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\","
		       "\"Signature\":\"%s\"}",
		       id, made),
		   "", "signs_here_for_there");
	free(made);
	create(svc,
	       ",\"KeySpec\":\"HMAC_256\",\"KeyUsage\":"
	       "\"GENERATE_VERIFY_MAC\"",
	       id);
	TAP_EQ_STR(replicate(svc, id), "", "a_MAC_key");
	inf(svc, OTHER_REGION, "GenerateMac",
	    "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
	    "\",\"MacAlgorithm\":\"HMAC_SHA_256\"}",
	    id);
	made = test_keep("Mac");
	TAP_EQ_STR(inf(svc, TEST_REGION, "VerifyMac",
		       "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
		       "\",\"MacAlgorithm\":\"HMAC_SHA_256\",\"Mac\":\"%s\"}",
		       id, made),
		   "", "too");
	free(made);
}

/* The replica's part in a rotation is told too. */
static int note(void *userdata, const struct kms_event *event)
{
	(void)userdata;
	told += strcmp(event->name, "SynchronizeMultiRegionKey") == 0 &&
		strcmp(event->region, OTHER_REGION) == 0;
	return 0;
}

static void test_rotation(struct kms_service *svc)
{
	static const char *const ops[] = {
		"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"};
	char id[37], *blob, *current;

	create(svc, "", id);
	replicate(svc, id);
	inf(svc, OTHER_REGION, "Encrypt",
	    "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", id);
	blob = test_keep("CiphertextBlob");
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		TAP_EQ_STR(inf(svc, OTHER_REGION, ops[i], "{\"KeyId\":\"%s\"}",
			       id),
			   "UnsupportedOperationException", ops[i]);
	TAP_EQ_STR(inf(svc, TEST_REGION, "EnableKeyRotation",
		       "{\"KeyId\":\"%s\",\"RotationPeriodInDays\":90}", id),
		   "", "the_primary_rotates");
	inf(svc, OTHER_REGION, "GetKeyRotationStatus", "{\"KeyId\":\"%s\"}",
	    id);
	TAP_OK(cJSON_IsTrue(cJSON_GetObjectItem(test_reply.body,
						"KeyRotationEnabled")) &&
		       cJSON_GetObjectItem(test_reply.body,
					   "RotationPeriodInDays")
				       ->valuedouble == 90,
	       "and_the_replica_says_so");
	TAP_EQ_STR(inf(svc, TEST_REGION, "RotateKeyOnDemand",
		       "{\"KeyId\":\"%s\"}", id),
		   "", "it_rotates_on_demand");
	svc->event = note;
	kms_service_tick(svc);
	svc->event = NULL;
	TAP_EQ_INT(told, 1, "the_trail_is_told_of_the_replica");
	state(svc, TEST_REGION, id);
	current = test_keep("KeyMetadata.CurrentKeyMaterialId");
	state(svc, OTHER_REGION, id);
	TAP_EQ_STR(test_string("KeyMetadata.CurrentKeyMaterialId"), current,
		   "both_have_the_new_material");
	TAP_OK(kms_key_find(&svc->regions[1], id, NOW_MS)->materials.count == 2,
	       "beside_the_old");
	TAP_OK(both_open(svc, id), "each_opens_what_the_other_sealed_with_it");
	TAP_EQ_STR(inf(svc, TEST_REGION, "Decrypt",
		       "{\"CiphertextBlob\":\"%s\"}", blob),
		   "", "and_what_was_sealed_before");
	free(blob);
	free(current);
}

static void test_roles(struct kms_service *svc)
{
	char id[37], want[256];

	create(svc, "", id);
	snprintf(want, sizeof(want),
		 "Key 'arn:aws:kms:" OTHER_REGION ":" TEST_ACCOUNT
		 ":key/%s' does not exist",
		 id);
	test_says(inf(svc, TEST_REGION, "UpdatePrimaryRegion",
		      "{\"KeyId\":\"%s\",\"PrimaryRegion\":\"" OTHER_REGION
		      "\"}",
		      id),
		  "NotFoundException", want, "where_no_replica_is");
	replicate(svc, id);
	TAP_EQ_STR(inf(svc, TEST_REGION, "UpdatePrimaryRegion",
		       "{\"KeyId\":\"%s\",\"PrimaryRegion\":\"" TEST_REGION
		       "\"}",
		       id),
		   "UnsupportedOperationException", "where_it_is_already");
	TAP_EQ_STR(inf(svc, OTHER_REGION, "UpdatePrimaryRegion",
		       "{\"KeyId\":\"%s\",\"PrimaryRegion\":\"" OTHER_REGION
		       "\"}",
		       id),
		   "UnsupportedOperationException", "asked_of_a_replica");
	inf(svc, OTHER_REGION, "DisableKey", "{\"KeyId\":\"%s\"}", id);
	TAP_EQ_STR(inf(svc, TEST_REGION, "UpdatePrimaryRegion",
		       "{\"KeyId\":\"%s\",\"PrimaryRegion\":\"" OTHER_REGION
		       "\"}",
		       id),
		   "DisabledException", "to_a_disabled_one");
	inf(svc, OTHER_REGION, "EnableKey", "{\"KeyId\":\"%s\"}", id);
	TAP_EQ_STR(inf(svc, TEST_REGION, "UpdatePrimaryRegion",
		       "{\"KeyId\":\"%s\",\"PrimaryRegion\":\"" OTHER_REGION
		       "\"}",
		       id),
		   "", "roles_are_swapped");
	TAP_OK(!test_reply.body, "with_an_empty_answer");
	TAP_EQ_STR(roles(svc, TEST_REGION, id),
		   "REPLICA us-west-2: eu-central-1 ", "the_old_primary_knows");
	TAP_EQ_STR(roles(svc, OTHER_REGION, id),
		   "PRIMARY us-west-2: eu-central-1 ", "and_the_new");
	TAP_OK(both_open(svc, id), "each_opens_what_the_other_sealed_still");
	inf(svc, OTHER_REGION, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", id);
	kms_service_tick(svc);
	TAP_OK(kms_key_find(&svc->regions[0], id, NOW_MS)->materials.count == 2,
	       "the_new_primary_rotates_both");
}

static void wait_days(struct kms_service *svc, int days)
{
	test_now_ms += days * DAY;
	kms_service_tick(svc);
}

static void test_deletion(const char *file)
{
	struct kms_service *svc = test_open(file);
	char id[37];

	create(svc, "", id);
	replicate(svc, id);
	TAP_EQ_STR(inf(svc, TEST_REGION, "ScheduleKeyDeletion",
		       "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", id),
		   "", "a_primary_with_replicas");
	TAP_EQ_STR(test_string("KeyState"), "PendingReplicaDeletion",
		   "waits_for_them");
	TAP_OK(!cJSON_HasObjectItem(test_reply.body, "DeletionDate"),
	       "without_a_date");
	TAP_EQ_STR(state(svc, TEST_REGION, id), "PendingReplicaDeletion",
		   "as_it_says");
	TAP_OK(cJSON_GetObjectItem(
		       cJSON_GetObjectItem(test_reply.body, "KeyMetadata"),
		       "PendingDeletionWindowInDays")
			       ->valuedouble == 7,
	       "with_its_window");
	TAP_EQ_STR(inf(svc, TEST_REGION, "Encrypt",
		       "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", id),
		   "KMSInvalidStateException", "it_does_not_serve");
	TAP_OK(strstr(test_message(), " is pending replica deletion."),
	       "and_says_why");
	TAP_EQ_STR(inf(svc, TEST_REGION, "CancelKeyDeletion",
		       "{\"KeyId\":\"%s\"}", id),
		   "", "it_can_be_called_back");
	TAP_EQ_STR(state(svc, TEST_REGION, id), "Disabled", "disabled");
	TAP_OK(!cJSON_HasObjectItem(
		       cJSON_GetObjectItem(test_reply.body, "KeyMetadata"),
		       "PendingDeletionWindowInDays"),
	       "without_a_window");
	inf(svc, TEST_REGION, "ScheduleKeyDeletion",
	    "{\"KeyId\":\"%s\",\"PendingWindowInDays\":8}", id);
	wait_days(svc, 40);
	TAP_EQ_STR(state(svc, TEST_REGION, id), "PendingReplicaDeletion",
		   "it_waits_as_long_as_there_is_one");
	inf(svc, OTHER_REGION, "ScheduleKeyDeletion",
	    "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", id);
	TAP_EQ_STR(test_string("KeyState"), "PendingDeletion",
		   "a_replica_waits_for_nobody");
	wait_days(svc, 7);
	TAP_EQ_STR(state(svc, OTHER_REGION, id), "", "when_the_last_is_gone");
	TAP_EQ_STR(state(svc, TEST_REGION, id), "PendingDeletion",
		   "the_primarys_own_time_begins");
	test_end(svc);
	svc = test_open(file);
	TAP_EQ_STR(state(svc, TEST_REGION, id), "PendingDeletion",
		   "also_after_a_restart");
	wait_days(svc, 7);
	TAP_EQ_STR(state(svc, TEST_REGION, id), "PendingDeletion",
		   "it_lasts_its_8_days");
	wait_days(svc, 2);
	TAP_EQ_STR(state(svc, TEST_REGION, id), "", "then_it_is_gone");
	test_end(svc);
}

static void test_reopen(void)
{
	struct kms_service *svc = test_open("store");
	char id[37];

	create(svc, "", id);
	replicate(svc, id);
	inf(svc, TEST_REGION, "UpdatePrimaryRegion",
	    "{\"KeyId\":\"%s\",\"PrimaryRegion\":\"" OTHER_REGION "\"}", id);
	test_end(svc);
	svc = test_open("store");
	TAP_EQ_STR(roles(svc, TEST_REGION, id),
		   "REPLICA us-west-2: eu-central-1 ", "roles_are_kept");
	TAP_OK(both_open(svc, id), "and_so_is_the_material");
	test_end(svc);
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_made(svc);
	test_replicate(svc);
	test_kinds(svc);
	test_rotation(svc);
	test_roles(svc);
	test_end(svc);
	test_reopen();
	test_deletion("deletion");
	return tap_done();
}
