/* SPDX-License-Identifier: MIT */
/*
 * Aliases: their names, what they point to, who may change them, and the
 * AWS-managed keys behind alias/aws/.
 */
#include "tests/unit/kms.h"

#define HELLO	  "aGVsbG8="
#define ALIAS_ARN "arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT ":alias/"

static char id[37], other[37];

static const char *create(struct kms_service *svc, const char *name,
			  const char *key)
{
	return test_callf(svc, "CreateAlias",
			  "{\"AliasName\":\"%s\",\"TargetKeyId\":\"%s\"}", name,
			  key);
}

static const char *target(struct kms_service *svc, const char *name)
{
	test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", name);
	return test_string("KeyMetadata.KeyId");
}

static void test_names(struct kms_service *svc)
{
	TAP_EQ_STR(create(svc, "app", id), "ValidationException",
		   "a_name_needs_its_prefix");
	TAP_EQ_STR(test_message(),
		   "Alias must start with the prefix \"alias/\". Please see "
		   "https://docs.aws.amazon.com/kms/latest/developerguide/"
		   "kms-alias.html",
		   "in_the_recorded_words");
	TAP_EQ_STR(create(svc, "alias/a:b", id), "ValidationException",
		   "no_colon_behind_it");
	TAP_EQ_STR(create(svc, "alias/", id), "ValidationException",
		   "nor_nothing");
	TAP_EQ_STR(create(svc, "alias/aws/kmsagent", id),
		   "NotAuthorizedException", "alias_aws_is_reserved");
	TAP_EQ_STR(test_callf(svc, "DeleteAlias",
			      "{\"AliasName\":\"alias/aws/x\"}"),
		   "NotAuthorizedException", "for_deleting_too");
	TAP_EQ_STR(test_callf(svc, "UpdateAlias",
			      "{\"AliasName\":\"alias/aws/x\","
			      "\"TargetKeyId\":\"%s\"}",
			      id),
		   "NotAuthorizedException", "and_for_moving");
	TAP_EQ_STR(create(svc, "alias/app", id), "", "a_good_name_is_taken");
	TAP_OK(!test_reply.body, "and_answers_nothing");
	TAP_EQ_STR(create(svc, "alias/app", other), "AlreadyExistsException",
		   "a_name_is_taken_once");
	TAP_EQ_STR(test_message(),
		   "An alias with the name " ALIAS_ARN "app already exists",
		   "and_the_error_names_it");
	TAP_EQ_STR(create(svc, "alias/App", id), "", "case_counts");
	TAP_EQ_STR(create(svc, "alias/two", "alias/app"), "ValidationException",
		   "an_alias_of_an_alias_is_refused");
	TAP_EQ_STR(test_message(), "Aliases must refer to keys. Not aliases",
		   "and_told_so");
}

static void test_use(struct kms_service *svc)
{
	TAP_EQ_STR(target(svc, "alias/app"), id, "an_alias_leads_to_its_key");
	TAP_EQ_STR(target(svc, ALIAS_ARN "app"), id, "so_does_its_arn");
	TAP_EQ_STR(test_callf(svc, "Encrypt",
			      "{\"KeyId\":\"alias/app\",\"Plaintext\":"
			      "\"" HELLO "\"}"),
		   "", "encrypt_takes_an_alias");
	TAP_EQ_STR(test_callf(svc, "DisableKey", "{\"KeyId\":\"alias/app\"}"),
		   "NotFoundException", "management_takes_none");
	TAP_EQ_STR(test_message(), "Invalid keyId 'alias/app'",
		   "and_says_invalid");
	TAP_EQ_STR(test_callf(svc, "DescribeKey", "{\"KeyId\":\"alias/no\"}"),
		   "NotFoundException", "an_unknown_alias");
	TAP_EQ_STR(test_message(), "Alias " ALIAS_ARN "no is not found.",
		   "is_named");
	TAP_EQ_STR(test_call_as(svc, &test_root, OTHER_REGION, "DescribeKey",
				"{\"KeyId\":\"alias/app\"}"),
		   "NotFoundException", "aliases_are_of_one_region");
	TAP_EQ_STR(test_call_as(svc, &test_root, OTHER_REGION, "DescribeKey",
				"{\"KeyId\":\"" ALIAS_ARN "app\"}"),
		   "NotFoundException", "even_by_arn");
	TAP_EQ_STR(test_message(), "Invalid arn " TEST_REGION,
		   "which_is_invalid_elsewhere");
}

static void test_update(struct kms_service *svc)
{
	test_now_ms += 5000;
	TAP_EQ_STR(test_callf(svc, "UpdateAlias",
			      "{\"AliasName\":\"alias/app\","
			      "\"TargetKeyId\":\"%s\"}",
			      other),
		   "", "an_alias_moves");
	TAP_EQ_STR(target(svc, "alias/app"), other, "to_the_new_key");
	test_callf(svc, "ListAliases", "{\"KeyId\":\"%s\"}", other);
	{
		const cJSON *a = cJSON_GetArrayItem(
			cJSON_GetObjectItem(test_reply.body, "Aliases"), 0);

		TAP_EQ_STR(cJSON_GetObjectItem(a, "AliasName")->valuestring,
			   "alias/app", "where_it_is_listed");
		TAP_OK(cJSON_GetObjectItem(a, "LastUpdatedDate")->valuedouble -
				       cJSON_GetObjectItem(a, "CreationDate")
					       ->valuedouble ==
			       5.0,
		       "with_its_times");
	}
	test_callf(svc, "ListAliases", "{\"KeyId\":\"%s\"}", id);
	TAP_EQ_INT(cJSON_GetArraySize(
			   cJSON_GetObjectItem(test_reply.body, "Aliases")),
		   1, "and_no_longer_at_the_old_one");
	TAP_EQ_STR(test_callf(svc, "UpdateAlias",
			      "{\"AliasName\":\"alias/no\","
			      "\"TargetKeyId\":\"%s\"}",
			      id),
		   "NotFoundException", "only_what_exists_moves");
	TAP_EQ_STR(
		test_callf(svc, "DeleteAlias", "{\"AliasName\":\"alias/app\"}"),
		"", "an_alias_goes");
	TAP_EQ_STR(target(svc, "alias/app"), "", "and_is_gone");
	TAP_EQ_STR(
		test_callf(svc, "DeleteAlias", "{\"AliasName\":\"alias/app\"}"),
		"NotFoundException", "once");
	TAP_EQ_STR(create(svc, "alias/app", id), "", "its_name_is_free_again");
}

static void test_limit(struct kms_service *svc)
{
	char key[37], name[32];
	const char *error = "";
	int n = 0;

	test_create_key(svc, key);
	while (!*error && n < 100) {
		snprintf(name, sizeof(name), "alias/many-%d", n);
		error = create(svc, name, key);
		n += !*error;
	}
	TAP_EQ_STR(error, "LimitExceededException", "aliases_have_a_limit");
	TAP_EQ_INT(n, 50, "of_50_a_key");
	TAP_EQ_STR(test_callf(svc, "UpdateAlias",
			      "{\"AliasName\":\"alias/app\","
			      "\"TargetKeyId\":\"%s\"}",
			      key),
		   "LimitExceededException", "which_moving_cannot_pass");
}

static void test_callers(struct kms_service *svc)
{
	char body[256];

	snprintf(body, sizeof(body),
		 "{\"AliasName\":\"alias/bob\",\"TargetKeyId\":\"%s\"}", id);
	TAP_EQ_STR(
		test_call_as(svc, &test_user, TEST_REGION, "CreateAlias", body),
		"AccessDeniedException", "a_stranger_may_not");
	TAP_EQ_STR(
		test_message(),
		"User: arn:aws:iam::" TEST_ACCOUNT ":user/bob is not "
		"authorized to perform: kms:CreateAlias on resource: " ALIAS_ARN
		"bob because no identity-based policy allows the "
		"kms:CreateAlias action",
		"and_the_alias_is_named");
	TAP_EQ_STR(test_call_as(svc, &test_agent, TEST_REGION, "DeleteAlias",
				"{\"AliasName\":\"alias/app\"}"),
		   "AccessDeniedException", "nor_may_the_agent");
}

static void test_managed(struct kms_service *svc)
{
	static const char *const changes[] = {"DisableKey", "EnableKey",
					      "ScheduleKeyDeletion"};
	const char *generate = "{\"KeyId\":\"alias/aws/kmsagent\","
			       "\"KeySpec\":\"AES_256\"}";
	char key[37], arn[128];

	TAP_EQ_STR(test_call(svc, "GenerateDataKey", generate),
		   "NotFoundException", "root_does_not_make_a_managed_key");
	TAP_EQ_STR(test_call_as(svc, &test_agent, TEST_REGION,
				"GenerateDataKey",
				"{\"KeyId\":\"alias/aws/other\","
				"\"KeySpec\":\"AES_256\"}"),
		   "NotFoundException", "nor_the_agent_one_of_another_service");
	TAP_EQ_STR(test_call_as(svc, &test_agent, TEST_REGION,
				"GenerateDataKey", generate),
		   "", "its_service_makes_it_by_using_it");
	snprintf(arn, sizeof(arn), "%s", test_string("KeyId"));
	test_call_as(svc, &test_agent, TEST_REGION, "GenerateDataKey",
		     generate);
	TAP_EQ_STR(test_string("KeyId"), arn, "once");
	test_callf(svc, "DescribeKey", "{\"KeyId\":\"alias/aws/kmsagent\"}");
	TAP_EQ_STR(test_string("KeyMetadata.KeyManager"), "AWS",
		   "its_manager_is_AWS");
	snprintf(key, sizeof(key), "%s", test_string("KeyMetadata.KeyId"));
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		TAP_EQ_STR(
			test_callf(svc, changes[i], "{\"KeyId\":\"%s\"}", key),
			"AccessDeniedException", "nobody_changes_it");
	}
	TAP_EQ_STR(create(svc, "alias/mine", key), "AccessDeniedException",
		   "nor_gives_it_another_name");
	test_callf(svc, "ListAliases", "{\"KeyId\":\"%s\"}", key);
	TAP_EQ_STR(
		cJSON_GetObjectItem(
			cJSON_GetArrayItem(
				cJSON_GetObjectItem(test_reply.body, "Aliases"),
				0),
			"AliasName")
			->valuestring,
		"alias/aws/kmsagent", "its_alias_is_listed");
	TAP_EQ_STR(test_call_as(svc, &test_agent, OTHER_REGION,
				"GenerateDataKey", generate),
		   "", "another_region_has_one_of_its_own");
	TAP_OK(strcmp(test_string("KeyId"), arn) != 0, "indeed");
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, id);
	test_create_key(svc, other);
	test_names(svc);
	test_use(svc);
	test_update(svc);
	test_limit(svc);
	test_callers(svc);
	test_managed(svc);
	test_end(svc);
	return tap_done();
}
