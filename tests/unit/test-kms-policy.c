/* SPDX-License-Identifier: MIT */
/*
 * Key policies: the default document, as real AWS KMS was recorded to answer
 * it; what the grammar (IAM User Guide, "Grammar of the IAM JSON policy
 * language") takes and refuses; the lockout check; what is kept.
 */
#include "kmsagent/kms/policy.h"
#include "tests/unit/kms.h"

#define ROOT	  "arn:aws:iam::" TEST_ACCOUNT ":root"
#define MALFORMED "MalformedPolicyDocumentException"
#define LOCKOUT                                                                \
	"The new key policy will not allow you to update the key policy in "   \
	"the future."
/* One statement: who, what, and more members. */
#define POLICY(principal, action, more)                                        \
	"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","    \
	"\"Principal\":" principal ",\"Action\":" action                       \
	",\"Resource\":\"*\"" more "}]}"
#define OPEN POLICY("{\"AWS\":\"" ROOT "\"}", "\"kms:*\"", "")

static const char default_policy[] =
	"{\"Version\":\"2012-10-17\",\"Id\":\"key-default-1\",\"Statement\":"
	"[{\"Sid\":\"Enable IAM User Permissions\",\"Effect\":\"Allow\","
	"\"Principal\":{\"AWS\":\"" ROOT "\"},\"Action\":\"kms:*\","
	"\"Resource\":\"*\"}]}";

/* @op with "Policy" @text and @more members. */
static const char *put(struct kms_service *svc, const char *op, const char *id,
		       const char *text, const char *more)
{
	_json_ cJSON *value = cJSON_CreateString(text);
	char *quoted = json_print(value);
	const char *got =
		test_callf(svc, op, "{\"KeyId\":\"%s\",\"Policy\":%s%s}", id,
			   quoted, more);

	json_text_free(quoted);
	return got;
}

static void test_default(struct kms_service *svc, const char *id)
{
	TAP_EQ_STR(test_callf(svc, "GetKeyPolicy", "{\"KeyId\":\"%s\"}", id),
		   "", "a_key_without_a_policy_has_one");
	TAP_EQ_STR(test_string("Policy"), default_policy, "the_default");
	TAP_EQ_STR(test_string("PolicyName"), "default", "of_that_name");
	TAP_EQ_STR(test_callf(svc, "ListKeyPolicies", "{\"KeyId\":\"%s\"}", id),
		   "", "policies_are_listed");
	TAP_EQ_STR(
		cJSON_GetArrayItem(
			cJSON_GetObjectItem(test_reply.body, "PolicyNames"), 0)
			->valuestring,
		"default", "by_name");
	TAP_EQ_INT(cJSON_GetArraySize(
			   cJSON_GetObjectItem(test_reply.body, "PolicyNames")),
		   1, "there_is_one");
	TAP_OK(cJSON_IsFalse(cJSON_GetObjectItem(test_reply.body, "Truncated")),
	       "on_one_page");
	TAP_EQ_STR(test_callf(svc, "ListKeyPolicies",
			      "{\"KeyId\":\"%s\",\"Limit\":1001}", id),
		   "ValidationException", "a_page_of_1001_is_refused");
	test_says(test_callf(svc, "GetKeyPolicy",
			     "{\"KeyId\":\"%s\",\"PolicyName\":\"other\"}", id),
		  "NotFoundException", "No such policy exists",
		  "another_name_is_not_found");
	TAP_EQ_STR(test_callf(svc, "GetKeyPolicy",
			      "{\"KeyId\":\"%s\",\"PolicyName\":\"a b\"}", id),
		   "ValidationException", "nor_is_any_text_a_name");
	TAP_EQ_STR(
		put(svc, "PutKeyPolicy", id, OPEN, ",\"PolicyName\":\"other\""),
		"NotFoundException", "nor_is_another_put");
	TAP_EQ_STR(put(svc, "PutKeyPolicy", id, OPEN,
		       ",\"PolicyName\":\"default\""),
		   "", "the_one_is");
	TAP_OK(!test_reply.body, "with_an_empty_answer");
	test_callf(svc, "GetKeyPolicy",
		   "{\"KeyId\":\"%s\",\"PolicyName\":\"default\"}", id);
	TAP_EQ_STR(test_string("Policy"), OPEN, "to_the_letter");
}

/* What is taken, with the lockout check out of the way. */
static void test_grammar(struct kms_service *svc, const char *id)
{
#define ALL "\"kms:*\""
	static const struct {
		const char *name;
		const char *text;
	} good[] = {
		{"everybody", POLICY("\"*\"", ALL, "")},
		{"everybody_of_AWS", POLICY("{\"AWS\":\"*\"}", ALL, "")},
		{"an_account", POLICY("{\"AWS\":\"999999999999\"}", ALL, "")},
		{"users_and_roles",
		 POLICY("{\"AWS\":[\"arn:aws:iam::999999999999:user/a/b\","
			"\"arn:aws:iam::999999999999:role/r\","
			"\"arn:aws:sts::999999999999:assumed-role/r/s\"]}",
			ALL, "")},
		{"a_service",
		 POLICY("{\"Service\":\"ec2.amazonaws.com\"}", ALL, "")},
		{"a_list_of_actions",
		 POLICY("\"*\"", "[\"kms:Get*\",\"kms:?ncrypt\",\"*\"]", "")},
		{"conditions",
		 POLICY("\"*\"", ALL,
			",\"Condition\":{\"StringEquals\":{\"kms:ViaService\":"
			"[\"a\",\"b\"]},\"ForAnyValue:StringLikeIfExists\":"
			"{\"aws:TagKeys\":\"x*\"},\"Null\":{\"a\":\"true\"},"
			"\"Bool\":{\"aws:SecureTransport\":true}}")},
		{"one_statement_without_a_list",
		 "{\"Statement\":{\"Effect\":\"Deny\",\"NotPrincipal\":\"*\","
		 "\"NotAction\":\"kms:*\",\"NotResource\":\"*\"}}"},
		{"the_old_version",
		 "{\"Version\":\"2008-10-17\",\"Id\":\"x\",\"Statement\":"
		 "[{\"Sid\":\"s\",\"Effect\":\"Allow\",\"Principal\":\"*\"}]}"},
	};
	static const struct {
		const char *name;
		const char *text;
		const char *part; /* of the message */
	} bad[] = {
		{"no_JSON", "{", "not one JSON object"},
		{"a_list", "[]", "not one JSON object"},
		{"two_documents", OPEN OPEN, "not one JSON object"},
		{"a_member_twice",
		 "{\"Version\":\"2012-10-17\",\"Version\":"
		 "\"2012-10-17\"}",
		 "not one JSON object"},
		{"no_statement", "{\"Version\":\"2012-10-17\"}",
		 "Statement must be"},
		{"an_empty_list", "{\"Statement\":[]}", "Statement must be"},
		{"a_text_for_a_statement", "{\"Statement\":[\"x\"]}",
		 "Statement must be"},
		{"another_version",
		 "{\"Version\":\"2012-10-18\",\"Statement\":[]}",
		 "Version must be"},
		{"an_unknown_member", "{\"Statements\":[]}",
		 "only Version, Id and Statement"},
		{"an_unknown_element", POLICY("\"*\"", ALL, ",\"Actoin\":\"\""),
		 "a statement has only"},
		{"both_of_a_pair",
		 POLICY("\"*\"", ALL, ",\"NotAction\":\"kms:*\""),
		 "one of each pair"},
		{"no_effect",
		 "{\"Statement\":[{\"Principal\":\"*\",\"Action\":\"*\"}]}",
		 "Effect must be"},
		{"another_effect",
		 "{\"Statement\":[{\"Effect\":\"allow\",\"Principal\":\"*\"}]}",
		 "Effect must be"},
		{"no_principal",
		 "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"kms:*\","
		 "\"Resource\":\"*\"}]}",
		 "needs a Principal"},
		{"an_unknown_principal", POLICY("{\"AWS\":\"bob\"}", ALL, ""),
		 "invalid principals"},
		{"a_principal_of_no_kind",
		 POLICY("{\"aws\":\"" ROOT "\"}", ALL, ""),
		 "invalid principals"},
		{"an_empty_principal", POLICY("{}", ALL, ""),
		 "invalid principals"},
		{"no_principals_at_all", POLICY("{\"AWS\":[]}", ALL, ""),
		 "invalid principals"},
		{"part_of_a_principal",
		 POLICY("{\"AWS\":\"arn:aws:iam::" TEST_ACCOUNT ":user/*\"}",
			ALL, ""),
		 "invalid principals"},
		{"a_principal_of_a_key_service",
		 POLICY("{\"AWS\":\"arn:aws:kms::" TEST_ACCOUNT ":root\"}", ALL,
			""),
		 "invalid principals"},
		{"an_action_without_a_service",
		 POLICY("\"*\"", "\"Encrypt\"", ""), "invalid actions"},
		{"an_action_that_is_a_number", POLICY("\"*\"", "1", ""),
		 "invalid actions"},
		{"a_number_for_a_resource",
		 "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
		 "\"Resource\":1}]}",
		 "must be strings"},
		{"an_unknown_condition",
		 POLICY("\"*\"", ALL,
			",\"Condition\":{\"StringEqual\":{\"a\":\"b\"}}"),
		 "invalid condition"},
		{"a_condition_of_nothing",
		 POLICY("\"*\"", ALL, ",\"Condition\":{\"Bool\":\"x\"}"),
		 "invalid condition"},
		{"a_condition_on_an_object",
		 POLICY("\"*\"", ALL, ",\"Condition\":{\"Bool\":{\"a\":{}}}"),
		 "invalid condition"},
	};
	char name[96];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(name, sizeof(name), "taken_%s", good[i].name);
		if (!TAP_EQ_STR(put(svc, "PutKeyPolicy", id, good[i].text,
				    ",\"BypassPolicyLockoutSafetyCheck\":true"),
				"", name))
			tap_diag("%s", test_message());
	}
	put(svc, "PutKeyPolicy", id, OPEN, "");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(name, sizeof(name), "refused_%s", bad[i].name);
		TAP_EQ_STR(put(svc, "PutKeyPolicy", id, bad[i].text,
			       ",\"BypassPolicyLockoutSafetyCheck\":true"),
			   MALFORMED, name);
		if (!TAP_OK(strstr(test_message(), bad[i].part), "in_words"))
			tap_diag("%s", test_message());
	}
	test_callf(svc, "GetKeyPolicy", "{\"KeyId\":\"%s\"}", id);
	TAP_EQ_STR(test_string("Policy"), OPEN, "what_is_refused_changes_none");
}

static void test_lockout(struct kms_service *svc, const char *id)
{
#define ME "{\"AWS\":\"" ROOT "\"}"
	static const struct {
		const char *name;
		const char *text;
		bool is_open;
	} cases[] = {
		{"the_account_by_number",
		 POLICY("{\"AWS\":\"" TEST_ACCOUNT "\"}", ALL, ""), true},
		{"all_actions", POLICY(ME, "\"*\"", ""), true},
		{"just_that_action", POLICY(ME, "\"kms:PutKeyPolicy\"", ""),
		 true},
		{"in_another_case", POLICY(ME, "\"KMS:putkeypolicy\"", ""),
		 true},
		{"by_a_wildcard",
		 POLICY(ME, "[\"kms:Get*\",\"kms:P?t*y\"]", ""), true},
		{"another_action", POLICY(ME, "\"kms:Encrypt\"", ""), false},
		{"the_beginning_of_it", POLICY(ME, "\"kms:PutKey\"", ""),
		 false},
		{"another_account",
		 POLICY("{\"AWS\":\"999999999999\"}", ALL, ""), false},
		{"a_user_only",
		 POLICY("{\"AWS\":\"arn:aws:iam::" TEST_ACCOUNT ":user/bob\"}",
			ALL, ""),
		 false},
		{"a_service_only",
		 POLICY("{\"Service\":\"ec2.amazonaws.com\"}", ALL, ""), false},
		{"under_a_condition",
		 POLICY(ME, ALL,
			",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":"
			"\"true\"}}"),
		 false},
		{"without_a_resource",
		 "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":" ME
		 ",\"Action\":\"kms:*\"}]}",
		 false},
		{"without_an_action",
		 "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":" ME
		 ",\"Resource\":\"*\"}]}",
		 false},
		{"all_but_another_action",
		 "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":" ME
		 ",\"NotAction\":\"kms:Decrypt\",\"Resource\":\"*\"}]}",
		 true},
		{"all_but_that_action",
		 "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":" ME
		 ",\"NotAction\":\"kms:Put*\",\"Resource\":\"*\"}]}",
		 false},
		{"all_but_the_account",
		 "{\"Statement\":[{\"Effect\":\"Allow\",\"NotPrincipal\":" ME
		 ",\"Action\":\"kms:*\",\"Resource\":\"*\"}]}",
		 false},
		{"allowed_and_denied",
		 "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":" ME
		 ",\"Action\":\"kms:*\",\"Resource\":\"*\"},"
		 "{\"Effect\":\"Deny\",\"Principal\":\"*\","
		 "\"Action\":\"kms:Put*\",\"Resource\":\"*\"}]}",
		 false},
	};
	char name[96];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(name, sizeof(name), "lockout_%s", cases[i].name);
		TAP_EQ_STR(put(svc, "PutKeyPolicy", id, cases[i].text, ""),
			   cases[i].is_open ? "" : MALFORMED, name);
		TAP_EQ_STR(test_message(), cases[i].is_open ? "" : LOCKOUT,
			   "said_so");
		snprintf(name, sizeof(name), "create_%s", cases[i].name);
		TAP_EQ_STR(put(svc, "CreateKey", id, cases[i].text, ""),
			   cases[i].is_open ? "" : MALFORMED, name);
	}
	TAP_EQ_STR(put(svc, "PutKeyPolicy", id,
		       POLICY(ME, "\"kms:Encrypt\"", ""),
		       ",\"BypassPolicyLockoutSafetyCheck\":true"),
		   "", "who_insists_may");
	put(svc, "PutKeyPolicy", id, OPEN, "");
}

/* @len bytes of a policy: white space behind it. */
static char *padded(size_t len)
{
	char *text = malloc(len + 1);

	if (!text)
		exit(1);
	memset(text, ' ', len);
	memcpy(text, OPEN, strlen(OPEN));
	text[len] = '\0';
	return text;
}

static void test_limits(struct kms_service *svc, const char *id)
{
	char *text = padded(KMS_POLICY_MAX_BYTES + 1);
	char *far = padded(131073);

	TAP_EQ_STR(put(svc, "PutKeyPolicy", id, text, ""),
		   "LimitExceededException", "32769_bytes_are_refused");
	TAP_EQ_STR(put(svc, "CreateKey", id, text, ""),
		   "LimitExceededException", "by_CreateKey_too");
	text[KMS_POLICY_MAX_BYTES] = '\0';
	TAP_EQ_STR(put(svc, "PutKeyPolicy", id, text, ""), "",
		   "32768_bytes_are_not");
	TAP_EQ_STR(put(svc, "PutKeyPolicy", id, far, ""), "ValidationException",
		   "131073_are_no_policy");
	TAP_EQ_STR(put(svc, "PutKeyPolicy", id, "", ""), "ValidationException",
		   "nor_is_nothing");
	TAP_EQ_STR(put(svc, "PutKeyPolicy", id, "{\xe2\x82\xac}", ""),
		   "ValidationException", "nor_what_is_beyond_Latin_1");
	TAP_OK(strstr(test_message(),
		      "Member must satisfy regular expression pattern: "
		      "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+"),
	       "the_pattern_is_shown");
	TAP_EQ_STR(put(svc, "PutKeyPolicy", id, "\t\r\n" OPEN "\xc3\xa4", ""),
		   MALFORMED, "what_is_in_it_is_looked_at");
	TAP_EQ_STR(test_callf(svc, "PutKeyPolicy", "{\"KeyId\":\"%s\"}", id),
		   "ValidationException", "a_policy_is_required");
	free(text);
	free(far);
}

static void test_reopen(void)
{
	struct kms_service *svc = test_open("store");
	char given[37], changed[37], gone[37];

	TAP_EQ_STR(put(svc, "CreateKey", "", OPEN, ""), "",
		   "CreateKey_takes_a_policy");
	snprintf(given, sizeof(given), "%s", test_string("KeyMetadata.KeyId"));
	test_create_key(svc, changed);
	put(svc, "PutKeyPolicy", changed, "\n" OPEN, "");
	put(svc, "PutKeyPolicy", changed, OPEN "\n", "");
	put(svc, "CreateKey", "", OPEN, "");
	snprintf(gone, sizeof(gone), "%s", test_string("KeyMetadata.KeyId"));
	test_callf(svc, "ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", gone);
	test_now_ms += 31 * 86400000LL;
	kms_service_tick(svc);
	test_now_ms = NOW_MS;
	TAP_EQ_STR(test_callf(svc, "GetKeyPolicy", "{\"KeyId\":\"%s\"}", gone),
		   "NotFoundException", "a_policy_goes_with_its_key");
	test_end(svc);
	svc = test_open("store");
	test_callf(svc, "GetKeyPolicy", "{\"KeyId\":\"%s\"}", given);
	TAP_EQ_STR(test_string("Policy"), OPEN, "a_first_policy_is_kept");
	test_callf(svc, "GetKeyPolicy", "{\"KeyId\":\"%s\"}", changed);
	TAP_EQ_STR(test_string("Policy"), OPEN "\n", "a_changed_one_too");
	TAP_EQ_STR(put(svc, "PutKeyPolicy", changed, OPEN, ""), "",
		   "and_can_be_changed_again");
	test_end(svc);
}

/* A policy without its key is told, not passed over. */
static void test_bad_records(void)
{
	static const struct {
		const char *name, *id, *value, *part;
	} cases[] = {
		{"of_no_key", "eu-central-1/nobody", "{\"v\":1}",
		 "its key is not there"},
		{"of_no_region", "nowhere", "{\"v\":1}", "no key"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char file[32], why[1024] = "";
		struct kms_service *svc;
		uint64_t revision;

		snprintf(file, sizeof(file), "bad-%zu", i);
		svc = test_open(file);
		if (store_commit(svc->store,
				 &(struct store_write){
					 "policy", cases[i].id, cases[i].value,
					 strlen(cases[i].value), STORE_ANY},
				 1, &revision) < 0)
			exit(1);
		test_end(svc);
		TAP_OK(!test_try_open(file, why, sizeof(why)), cases[i].name);
		if (!TAP_OK(strstr(why, cases[i].part), "is_told"))
			tap_diag("%s", why);
	}
}

int main(void)
{
	struct kms_service *svc;
	char id[37];

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, id);
	test_default(svc, id);
	test_grammar(svc, id);
	test_lockout(svc, id);
	test_limits(svc, id);
	test_end(svc);
	test_reopen();
	test_bad_records();
	return tap_done();
}
