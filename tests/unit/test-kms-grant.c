/* SPDX-License-Identifier: MIT */
/*
 * Grants: members, limits and errors are those of the API Reference and the
 * service model; which operations a key can be granted, of the Developer
 * Guide's "Grant operations".
 */
#include "kmsagent/kms/grant.h"
#include "tests/unit/kms.h"

#define BOB   "arn:aws:iam::" TEST_ACCOUNT ":user/bob"
#define AGENT "arn:aws:iam::" TEST_ACCOUNT ":user/agent"
#define CAROL "arn:aws:iam::" TEST_ACCOUNT ":user/carol"
#define HELLO "aGVsbG8="
#define OPS   "\"Operations\":[\"Encrypt\",\"Decrypt\"]"
#define TO    "\"GranteePrincipal\":\"" BOB "\"," OPS

static char key[37];

static const char *grant(struct kms_service *svc, const char *id,
			 const char *members)
{
	return test_callf(svc, "CreateGrant", "{\"KeyId\":\"%s\",%s}", id,
			  members);
}

static size_t count(struct kms_service *svc, const char *id)
{
	return kms_key_find(&svc->regions[0], id, test_now_ms)->grants.count;
}

/* The one grant of the last reply, as text without its id and date. */
static char *shown(void)
{
	cJSON *list = cJSON_GetObjectItem(test_reply.body, "Grants");
	cJSON *g = cJSON_GetArrayItem(list, 0);

	if (cJSON_GetArraySize(list) != 1 ||
	    !kms_grant_id_is_valid(
		    cJSON_GetObjectItem(g, "GrantId")->valuestring) ||
	    cJSON_GetObjectItem(g, "CreationDate")->valuedouble !=
		    (double)NOW_MS / 1000)
		return strdup("");
	cJSON_DeleteItemFromObject(g, "GrantId");
	cJSON_DeleteItemFromObject(g, "CreationDate");
	return cJSON_PrintUnformatted(g);
}

static void test_members(struct kms_service *svc)
{
	char id[37], want[1024], *got;

	test_create_key(svc, id);
	TAP_EQ_STR(grant(svc, id, TO), "", "a_grant_is_made");
	TAP_OK(kms_grant_id_is_valid(test_string("GrantId")), "with_an_id");
	TAP_OK(strlen(test_string("GrantToken")) > 100, "and_a_token");
	TAP_OK(!cJSON_HasObjectItem(test_reply.response, "grantToken") &&
		       cJSON_HasObjectItem(test_reply.response, "grantId"),
	       "which_is_not_audited");
	test_callf(svc, "ListGrants", "{\"KeyId\":\"%s\"}", id);
	snprintf(want, sizeof(want),
		 "{\"KeyId\":\"arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT
		 ":key/%s\",\"Name\":\"\",\"GranteePrincipal\":\"" BOB "\","
		 "\"IssuingAccount\":\"arn:aws:iam::" TEST_ACCOUNT ":root\","
		 "\"Operations\":[\"Decrypt\",\"Encrypt\"]}",
		 id);
	got = shown();
	TAP_EQ_STR(got, want, "what_it_is_is_shown");
	cJSON_free(got);

	test_create_key(svc, id);
	TAP_EQ_STR(grant(svc, id,
			 TO ",\"RetiringPrincipal\":\"" AGENT
			    "\",\"Name\":\"a:/_-9\",\"Constraints\":{"
			    "\"EncryptionContextSubset\":{\"B\":\"2\","
			    "\"a\":\"1\"},\"EncryptionContextEquals\":{"
			    "\"Team\":\"x\"}}"),
		   "", "with_all_members");
	TAP_OK(cJSON_HasObjectItem(
		       cJSON_GetObjectItem(
			       cJSON_GetObjectItem(test_parameters(),
						   "constraints"),
			       "encryptionContextEquals"),
		       "Team"),
	       "audited_with_contexts_as_they_are");
	test_callf(svc, "ListGrants", "{\"KeyId\":\"%s\"}", id);
	snprintf(want, sizeof(want),
		 "{\"KeyId\":\"arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT
		 ":key/%s\",\"Name\":\"a:/_-9\",\"GranteePrincipal\":\"" BOB
		 "\",\"RetiringPrincipal\":\"" AGENT
		 "\",\"IssuingAccount\":\"arn:aws:iam::" TEST_ACCOUNT
		 ":root\",\"Operations\":[\"Decrypt\",\"Encrypt\"],"
		 "\"Constraints\":{\"EncryptionContextSubset\":{\"B\":\"2\","
		 "\"a\":\"1\"},\"EncryptionContextEquals\":{\"Team\":"
		 "\"x\"}}}",
		 id);
	got = shown();
	TAP_EQ_STR(got, want, "all_are_shown");
	cJSON_free(got);
}

static void test_names(struct kms_service *svc)
{
	static const char *const others[] = {
		"\"GranteePrincipal\":\"" AGENT "\"," OPS,
		"\"GranteePrincipal\":\"" BOB "\",\"Operations\":[\"Encrypt\"]",
		TO ",\"RetiringPrincipal\":\"" BOB "\"",
		TO ",\"Constraints\":{\"EncryptionContextSubset\":{}}",
		TO ",\"Constraints\":{\"EncryptionContextEquals\":"
		   "{\"a\":\"b\"}}"};
	char id[37], *first, *token, body[512];

	test_create_key(svc, id);
	grant(svc, id, TO ",\"Name\":\"n\"");
	first = test_keep("GrantId");
	token = test_keep("GrantToken");
	TAP_EQ_STR(grant(svc, id,
			 "\"Operations\":[\"Decrypt\",\"Encrypt\",\"Decrypt\"],"
			 "\"GranteePrincipal\":\"" BOB "\",\"Name\":\"n\""),
		   "", "the_same_name_and_grant");
	TAP_EQ_STR(test_string("GrantId"), first, "is_the_same_grant");
	TAP_OK(strcmp(test_string("GrantToken"), token) != 0,
	       "with_a_fresh_token");
	TAP_EQ_INT(count(svc, id), 1, "there_is_one");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		snprintf(body, sizeof(body), "%s,\"Name\":\"n\"", others[i]);
		grant(svc, id, body);
		TAP_OK(*test_string("GrantId") &&
			       strcmp(test_string("GrantId"), first) != 0,
		       "another_grant_of_that_name_is_another");
	}
	TAP_EQ_INT(count(svc, id), 6, "so_there_are_six");
	grant(svc, id, TO);
	grant(svc, id, TO);
	TAP_EQ_INT(count(svc, id), 8, "without_a_name_each_is_new");
	free(first);
	free(token);
}

static void test_refusals(struct kms_service *svc)
{
#define CONTEXT(c) TO ",\"Constraints\":{\"EncryptionContextSubset\":" c "}"
	static const struct {
		const char *name, *members, *error, *part;
	} cases[] = {
		{"no_grantee", OPS, "ValidationException",
		 "Value null at 'granteePrincipal'"},
		{"no_operations", "\"GranteePrincipal\":\"" BOB "\"",
		 "ValidationException", "Value null at 'operations'"},
		{"an_empty_list_of_operations",
		 "\"GranteePrincipal\":\"" BOB "\",\"Operations\":[]",
		 "ValidationException", "greater than or equal to 1"},
		{"an_unknown_operation",
		 "\"GranteePrincipal\":\"" BOB
		 "\",\"Operations\":[\"Destroy\"]",
		 "ValidationException",
		 "Member must satisfy enum value set: [Decrypt, Encrypt, "},
		{"no_operation_of_this_key",
		 "\"GranteePrincipal\":\"" BOB "\",\"Operations\":[\"Sign\"]",
		 "ValidationException", "Operation Sign is not valid"},
		{"a_grantee_that_is_none", "\"GranteePrincipal\":\"bob\"," OPS,
		 "InvalidArnException", "GranteePrincipal 'bob'"},
		{"everybody", "\"GranteePrincipal\":\"*\"," OPS,
		 "ValidationException", "^[\\w+=,.@:/-]+$"},
		{"a_retiring_principal_that_is_none",
		 TO ",\"RetiringPrincipal\":\"arn:aws:iam::1:root\"",
		 "InvalidArnException", "RetiringPrincipal"},
		{"a_bad_name", TO ",\"Name\":\"a b\"", "ValidationException",
		 "^[a-zA-Z0-9:/_-]+$"},
		{"an_empty_name", TO ",\"Name\":\"\"", "ValidationException",
		 "greater than or equal to 1"},
		{"a_constraint_that_is_no_map", CONTEXT("[]"),
		 "SerializationException", ""},
		{"a_pair_that_is_no_text", CONTEXT("{\"a\":1}"),
		 "SerializationException", ""},
		{"constraints_that_are_none", TO ",\"Constraints\":1",
		 "SerializationException", ""},
		{"nine_pairs",
		 CONTEXT("{\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\","
			 "\"5\":\"\",\"6\":\"\",\"7\":\"\",\"8\":\"\","
			 "\"9\":\"\"}"),
		 "ValidationException", "at most 8 pairs"},
		{"a_token_of_nothing", TO ",\"GrantTokens\":[\"AAAA\"]",
		 "InvalidGrantTokenException", ""},
	};
	char name[96], body[1024], value[386];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(name, sizeof(name), "refused_%s", cases[i].name);
		TAP_EQ_STR(grant(svc, key, cases[i].members), cases[i].error,
			   name);
		if (!TAP_OK(strstr(test_message(), cases[i].part), "in_words"))
			tap_diag("%s", test_message());
	}
	memset(value, 'x', 385);
	value[385] = '\0';
	snprintf(body, sizeof(body), CONTEXT("{\"a\":\"%s\"}"), value);
	TAP_EQ_STR(grant(svc, key, body), "ValidationException",
		   "385_characters_are_refused");
	snprintf(body, sizeof(body), CONTEXT("{\"a\":\"%s\"}"), value + 1);
	TAP_EQ_STR(grant(svc, key, body), "", "384_are_not");
	TAP_EQ_STR(grant(svc, key, TO ",\"DryRun\":true"),
		   "DryRunOperationException", "a_dry_run_says_that_it_could");
	TAP_EQ_INT(count(svc, key), 1, "and_does_nothing");
	TAP_EQ_STR(grant(svc, "alias/x", TO), "NotFoundException",
		   "an_alias_is_no_key_here");
	TAP_EQ_STR(test_call_as(svc, &test_user, TEST_REGION,
				"ListRetirableGrants",
				"{\"RetiringPrincipal\":\"" BOB "\"}"),
		   "AccessDeniedException", "listing_needs_permission");
	svc->max_grants = 1;
	TAP_EQ_STR(grant(svc, key, TO), "LimitExceededException",
		   "there_is_a_limit");
	svc->max_grants = KMS_MAX_GRANTS;
}

/* Each operation x each kind of key, from the guide's table. */
static void test_operations(struct kms_service *svc)
{
	static const struct {
		const char *spec, *usage;
		const char *can; /* besides the three that all can */
	} kinds[] = {
		{"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT",
		 " Decrypt Encrypt GenerateDataKey "
		 "GenerateDataKeyWithoutPlaintext ReEncryptFrom ReEncryptTo "
		 "GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext "},
		{"RSA_2048", "ENCRYPT_DECRYPT",
		 " Decrypt Encrypt ReEncryptFrom ReEncryptTo GetPublicKey "},
		{"ECC_NIST_P256", "SIGN_VERIFY", " Sign Verify GetPublicKey "},
		{"ECC_NIST_P256", "KEY_AGREEMENT",
		 " DeriveSharedSecret GetPublicKey "},
		{"HMAC_256", "GENERATE_VERIFY_MAC", " GenerateMac VerifyMac "},
	};
	static const char always[] = " CreateGrant RetireGrant DescribeKey ";

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		char id[37], word[64], body[256];
		size_t wrong = 0, n = 0;

		test_create(svc, kinds[k].spec, kinds[k].usage, id);
		for (const char *const *op = kms_grant_operations; *op; op++) {
			bool can;

			snprintf(word, sizeof(word), " %s ", *op);
			can = strstr(kinds[k].can, word) ||
			      strstr(always, word);
			snprintf(body, sizeof(body),
				 "\"GranteePrincipal\":\"" BOB
				 "\",\"Operations\":[\"%s\"]",
				 *op);
			if (strcmp(grant(svc, id, body),
				   can ? "" : "ValidationException") != 0)
				wrong++;
			n++;
		}
		TAP_EQ_INT(n, 17, "each_operation");
		TAP_EQ_INT(wrong, 0, kinds[k].usage);
		TAP_EQ_STR(grant(svc, id,
				 "\"GranteePrincipal\":\"" BOB "\","
				 "\"Operations\":[\"DescribeKey\"],"
				 "\"Constraints\":{\"EncryptionContextEquals\":"
				 "{}}"),
			   k == 0 ? "" : "ValidationException",
			   "contexts_bind_symmetric_keys_alone");
	}
}

/* All grants of a listing in pages of @limit, as one text of ids. */
static char *walk(struct kms_service *svc, const char *op, const char *members,
		  int limit)
{
	char *all = calloc(1, 65536), marker[1100] = "", body[2048];

	for (;;) {
		const cJSON *g, *next, *list;

		snprintf(body, sizeof(body), "{%s", members);
		if (limit)
			snprintf(body + strlen(body),
				 sizeof(body) - strlen(body), ",\"Limit\":%d",
				 limit);
		if (*marker)
			snprintf(body + strlen(body),
				 sizeof(body) - strlen(body),
				 ",\"Marker\":\"%s\"", marker);
		strcat(body, "}");
		if (*test_call(svc, op, body))
			return all;
		list = cJSON_GetObjectItem(test_reply.body, "Grants");
		next = cJSON_GetObjectItem(test_reply.body, "NextMarker");
		if (cJSON_GetArraySize(list) > (limit ? limit : 50) ||
		    cJSON_IsTrue(cJSON_GetObjectItem(test_reply.body,
						     "Truncated")) != !!next)
			return all;
		cJSON_ArrayForEach(g, list) strcat(
			strcat(all,
			       cJSON_GetObjectItem(g, "GrantId")->valuestring),
			" ");
		if (!next)
			return all;
		snprintf(marker, sizeof(marker), "%s", next->valuestring);
	}
}

static void test_pages(struct kms_service *svc)
{
	static const int limits[] = {0, 1, 2, 59, 60, 61, 100};
	char a[37], b[37], members[128], name[64], id[65];
	const char *by_bob = "\"RetiringPrincipal\":\"" CAROL "\"";
	char *first = NULL, *retirable = NULL;

	test_create_key(svc, a);
	test_create_key(svc, b);
	for (int i = 0; i < 60; i++) {
		grant(svc, a, TO ",\"RetiringPrincipal\":\"" CAROL "\"");
		grant(svc, i % 2 ? a : b,
		      "\"GranteePrincipal\":\"" AGENT "\"," OPS
		      ",\"RetiringPrincipal\":\"" AGENT "\"");
		grant(svc, b, TO ",\"RetiringPrincipal\":\"" CAROL "\"");
	}
	snprintf(members, sizeof(members),
		 "\"KeyId\":\"%s\",\"GranteePrincipal\":\"" BOB "\"", a);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		char *got = walk(svc, "ListGrants", members, limits[i]);
		char *also =
			walk(svc, "ListRetirableGrants", by_bob, limits[i]);

		if (!first) {
			first = strdup(got);
			retirable = strdup(also);
		}
		snprintf(name, sizeof(name), "in_pages_of_%d", limits[i]);
		TAP_OK(strlen(got) == 60 * 65 && strcmp(got, first) == 0, name);
		TAP_OK(strlen(also) == 120 * 65 && strcmp(also, retirable) == 0,
		       "those_to_be_retired_too");
		free(got);
		free(also);
	}
	snprintf(id, sizeof(id), "%.64s", first);
	test_callf(svc, "ListGrants", "{\"KeyId\":\"%s\",\"GrantId\":\"%s\"}",
		   a, id);
	TAP_EQ_INT(cJSON_GetArraySize(
			   cJSON_GetObjectItem(test_reply.body, "Grants")),
		   1, "one_by_its_id");
	test_says(test_callf(svc, "ListGrants",
			     "{\"KeyId\":\"%s\",\"GrantId\":\"x\"}", a),
		  "InvalidGrantIdException", "Grant ID x is not valid",
		  "an_id_that_is_none");
	TAP_EQ_STR(test_callf(svc, "ListGrants",
			      "{\"KeyId\":\"%s\",\"Limit\":101}", a),
		   "ValidationException", "a_page_of_101_is_refused");
	TAP_EQ_STR(test_call(svc, "ListRetirableGrants",
			     "{\"RetiringPrincipal\":\"bob\"}"),
		   "InvalidArnException", "a_principal_that_is_none");
	TAP_EQ_STR(test_callf(svc, "ListRetirableGrants",
			      "{%s,\"Marker\":\"AAAA\"}", by_bob),
		   "InvalidMarkerException", "a_marker_of_nothing");
	free(first);
	free(retirable);
}

/* Each that takes tokens refuses one that is none, and takes one that is. */
static void test_tokens(struct kms_service *svc)
{
	static const struct {
		const char *op, *body;
	} uses[] = {
		{"Encrypt", "\"Plaintext\":\"" HELLO "\""},
		{"GenerateDataKey", "\"KeySpec\":\"AES_256\""},
		{"DescribeKey", "\"Unused\":1"},
		{"CreateGrant", TO},
	};
	char *token, *flipped, *id, body[1024];

	grant(svc, key, TO);
	token = test_keep("GrantToken");
	flipped = test_keep("GrantToken");
	id = test_keep("GrantId");
	flipped[60] = flipped[60] == 'A' ? 'B' : 'A';
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		TAP_EQ_STR(test_callf(svc, uses[i].op,
				      "{\"KeyId\":\"%s\",%s,\"GrantTokens\":"
				      "[\"%s\",\"%s\"]}",
				      key, uses[i].body, token, token),
			   "", uses[i].op);
		test_says(test_callf(svc, uses[i].op,
				     "{\"KeyId\":\"%s\",%s,\"GrantTokens\":"
				     "[\"%s\",\"%s\"]}",
				     key, uses[i].body, token, flipped),
			  "InvalidGrantTokenException",
			  "The grant token is not valid.", "but_no_other");
	}
	snprintf(body, sizeof(body), "{\"GrantToken\":\"%s\"}", token);
	TAP_EQ_STR(test_call_as(svc, &test_root, OTHER_REGION, "RetireGrant",
				body),
		   "InvalidGrantTokenException", "a_token_is_of_one_region");
	test_callf(svc, "RevokeGrant", "{\"KeyId\":\"%s\",\"GrantId\":\"%s\"}",
		   key, id);
	TAP_EQ_STR(test_callf(svc, "Encrypt",
			      "{\"KeyId\":\"%s\",%s,\"GrantTokens\":[\"%s\"]}",
			      key, uses[0].body, token),
		   "InvalidGrantTokenException",
		   "nor_is_one_whose_grant_is_gone");
	free(token);
	free(flipped);
	free(id);
}

static void test_ends(struct kms_service *svc)
{
	static const char nobody[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	char *token, *id, body[1024], ref[256];

	/* Revoke. */
	grant(svc, key, TO);
	id = test_keep("GrantId");
	snprintf(ref, sizeof(ref), "\"KeyId\":\"%s\",\"GrantId\":\"%s\"", key,
		 id);
	TAP_EQ_STR(test_callf(svc, "RevokeGrant", "{%s,\"DryRun\":true}", ref),
		   "DryRunOperationException", "a_dry_revocation");
	TAP_EQ_STR(test_callf(svc, "RevokeGrant", "{%s}", ref), "",
		   "does_not_revoke");
	test_says(test_callf(svc, "RevokeGrant",
			     "{\"KeyId\":\"%s\",\"GrantId\":\"%s\"}", key,
			     nobody),
		  "NotFoundException",
		  "Grant ID 00000000000000000000000000000000000000000000000000"
		  "00000000000000 not found",
		  "what_is_not_there");
	TAP_EQ_STR(test_callf(svc, "RevokeGrant", "{%s}", ref),
		   "NotFoundException", "cannot_be_revoked");
	TAP_EQ_STR(test_callf(svc, "RevokeGrant",
			      "{\"KeyId\":\"%s\",\"GrantId\":\"x\"}", key),
		   "InvalidGrantIdException", "nor_what_is_no_id");
	free(id);

	/* Retire: by the retiring principal, the grantee, permission. */
	grant(svc, key, TO ",\"RetiringPrincipal\":\"" AGENT "\"");
	token = test_keep("GrantToken");
	snprintf(body, sizeof(body), "{\"GrantToken\":\"%s\"}", token);
	TAP_EQ_STR(
		test_call_as(svc, &test_user, TEST_REGION, "RetireGrant", body),
		"AccessDeniedException", "the_grantee_may_not_retire");
	TAP_OK(!cJSON_HasObjectItem(test_parameters(), "grantToken"),
	       "tokens_are_not_audited");
	TAP_EQ_STR(test_call_as(svc, &test_agent, TEST_REGION, "RetireGrant",
				body),
		   "", "the_retiring_principal_may");
	TAP_EQ_STR(test_call_as(svc, &test_agent, TEST_REGION, "RetireGrant",
				body),
		   "InvalidGrantTokenException", "once");
	free(token);
	grant(svc, key,
	      "\"GranteePrincipal\":\"" BOB
	      "\",\"Operations\":[\"RetireGrant\"]");
	snprintf(body, sizeof(body), "{\"KeyId\":\"%s\",\"GrantId\":\"%s\"}",
		 key, test_string("GrantId"));
	TAP_EQ_STR(test_call_as(svc, &test_agent, TEST_REGION, "RetireGrant",
				body),
		   "AccessDeniedException", "another_may_not");
	TAP_EQ_STR(
		test_call_as(svc, &test_user, TEST_REGION, "RetireGrant", body),
		"", "a_grantee_who_was_granted_it_may");
	grant(svc, key, TO);
	snprintf(ref, sizeof(ref),
		 "\"KeyId\":\"arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT
		 ":key/%s\",\"GrantId\":\"%s\"",
		 key, test_string("GrantId"));
	TAP_EQ_STR(test_callf(svc, "RetireGrant", "{%s,\"DryRun\":true}", ref),
		   "DryRunOperationException", "a_dry_retirement");
	TAP_EQ_STR(test_callf(svc, "RetireGrant",
			      "{%s,\"GrantToken\":\"AAAA\"}", ref),
		   "ValidationException", "both_ways_at_once_are_refused");
	TAP_EQ_STR(test_callf(svc, "RetireGrant", "{\"KeyId\":\"%s\"}", key),
		   "ValidationException", "half_a_way_too");
	TAP_EQ_STR(test_call(svc, "RetireGrant", "{}"), "ValidationException",
		   "no_way_too");
	TAP_EQ_STR(test_callf(svc, "RetireGrant", "{%s}", ref), "",
		   "root_may_by_ARN_and_id");
}

static void test_reopen(void)
{
	struct kms_service *svc = test_open("store");
	char *before, *after, *token, gone[37];

	test_create_key(svc, key);
	grant(svc, key,
	      TO ",\"RetiringPrincipal\":\"" AGENT
		 "\",\"Name\":\"n\",\"Constraints\":{"
		 "\"EncryptionContextSubset\":{\"a\":\"\xc3\xa4\"}}");
	grant(svc, key, TO);
	test_callf(svc, "RevokeGrant", "{\"KeyId\":\"%s\",\"GrantId\":\"%s\"}",
		   key, test_string("GrantId"));
	grant(svc, key, TO);
	token = test_keep("GrantToken");
	test_callf(svc, "ListGrants", "{\"KeyId\":\"%s\"}", key);
	before = cJSON_PrintUnformatted(test_reply.body);
	test_create_key(svc, gone);
	for (int i = 0; i < 100; i++)
		grant(svc, gone, TO);
	test_callf(svc, "ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", gone);
	test_now_ms += 31 * 86400000LL;
	kms_service_tick(svc);
	test_now_ms = NOW_MS;
	TAP_OK(!kms_index_find(&svc->regions[0].keys, gone),
	       "a_key_goes_with_its_grants");
	test_end(svc);

	svc = test_open("store");
	test_callf(svc, "ListGrants", "{\"KeyId\":\"%s\"}", key);
	after = cJSON_PrintUnformatted(test_reply.body);
	TAP_EQ_STR(after, before, "grants_outlive_a_restart");
	TAP_EQ_INT(count(svc, key), 2, "and_a_revoked_one_does_not");
	TAP_EQ_STR(test_callf(svc, "RetireGrant", "{\"GrantToken\":\"%s\"}",
			      token),
		   "", "tokens_outlive_it_too");
	cJSON_free(before);
	cJSON_free(after);
	free(token);
	test_end(svc);
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, key);
	test_members(svc);
	test_names(svc);
	test_refusals(svc);
	test_operations(svc);
	test_pages(svc);
	test_tokens(svc);
	test_ends(svc);
	test_end(svc);
	test_reopen();
	return tap_done();
}
