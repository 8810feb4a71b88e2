/* SPDX-License-Identifier: MIT */
/*
 * The operations' table against AWS's own lists (the service model's names;
 * "cross-account use" and "identifiers" of the API Reference), who may do
 * what, and the statuses that make SDKs retry or not.
 */
#include "kmsagent/kms/op.h"
#include "tests/unit/kms.h"

/* The service model's 54 operations. */
static const char *const names[] = {
	"CancelKeyDeletion",
	"ConnectCustomKeyStore",
	"CreateAlias",
	"CreateCustomKeyStore",
	"CreateGrant",
	"CreateKey",
	"Decrypt",
	"DeleteAlias",
	"DeleteCustomKeyStore",
	"DeleteImportedKeyMaterial",
	"DeriveSharedSecret",
	"DescribeCustomKeyStores",
	"DescribeKey",
	"DisableKey",
	"DisableKeyRotation",
	"DisconnectCustomKeyStore",
	"EnableKey",
	"EnableKeyRotation",
	"Encrypt",
	"GenerateDataKey",
	"GenerateDataKeyPair",
	"GenerateDataKeyPairWithoutPlaintext",
	"GenerateDataKeyWithoutPlaintext",
	"GenerateMac",
	"GenerateRandom",
	"GetKeyLastUsage",
	"GetKeyPolicy",
	"GetKeyRotationStatus",
	"GetParametersForImport",
	"GetPublicKey",
	"ImportKeyMaterial",
	"ListAliases",
	"ListGrants",
	"ListKeyPolicies",
	"ListKeyRotations",
	"ListKeys",
	"ListResourceTags",
	"ListRetirableGrants",
	"PutKeyPolicy",
	"ReEncrypt",
	"ReplicateKey",
	"RetireGrant",
	"RevokeGrant",
	"RotateKeyOnDemand",
	"ScheduleKeyDeletion",
	"Sign",
	"TagResource",
	"UntagResource",
	"UpdateAlias",
	"UpdateCustomKeyStore",
	"UpdateKeyDescription",
	"UpdatePrimaryRegion",
	"Verify",
	"VerifyMac",
};

/* Of those offered: who takes an alias, and may be used across accounts. */
static const char *const on_keys_of_others[] = {
	"Decrypt",
	"DeriveSharedSecret",
	"DescribeKey",
	"Encrypt",
	"GenerateDataKey",
	"GenerateDataKeyPair",
	"GenerateDataKeyPairWithoutPlaintext",
	"GenerateDataKeyWithoutPlaintext",
	"GenerateMac",
	"GetPublicKey",
	"ReEncrypt",
	"Sign",
	"Verify",
	"VerifyMac"};

static const char *const by_arn_alone[] = {"CreateGrant",
					   "GetKeyRotationStatus", "ListGrants",
					   "RetireGrant", "RevokeGrant"};

static bool is_in(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

static void test_table(struct kms_service *svc)
{
	size_t missing = 0, alias_wrong = 0, cross_wrong = 0, unsorted = 0;

	TAP_EQ_INT(kms_ops_count, 54, "the_table_has_54_rows");
	TAP_EQ_INT(ARRAY_SIZE(names), 54, "as_many_as_the_model");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		missing += !kms_op_find(names[i]);
	TAP_EQ_INT(missing, 0, "each_of_the_model_is_found");
	for (size_t i = 0; i < kms_ops_count; i++) {
		const struct kms_op *op = &kms_ops[i];
		bool want = is_in(op->name, on_keys_of_others,
				  ARRAY_SIZE(on_keys_of_others));

		unsorted += i > 0 && strcmp(kms_ops[i - 1].name, op->name) >= 0;
		alias_wrong += op->run && !(op->flags & KMS_OP_ALIAS) == want;
		/* Those that may be used across accounts, by id or ARN. */
		want |= is_in(op->name, by_arn_alone, ARRAY_SIZE(by_arn_alone));
		cross_wrong +=
			op->run && !(op->flags & KMS_OP_CROSS_ACCOUNT) == want;
	}
	TAP_EQ_INT(unsorted, 0, "rows_are_in_order");
	TAP_EQ_INT(alias_wrong, 0, "aliases_are_taken_where_AWS_takes_them");
	TAP_EQ_INT(cross_wrong, 0, "so_is_use_across_accounts");
	TAP_EQ_STR(test_call(svc, "Encrypt2", "{}"),
		   "UnknownOperationException", "what_AWS_has_not_is_unknown");
	TAP_OK(!test_reply.message, "without_a_message");
	TAP_EQ_STR(test_call(svc, "", "{}"), "UnknownOperationException",
		   "so_is_no_name");
	TAP_EQ_STR(test_call(svc, "CreateCustomKeyStore", "{}"),
		   "UnsupportedOperationException",
		   "what_this_build_has_not_is_told_so");
	TAP_EQ_STR(test_message(),
		   "This kmsd does not offer the operation "
		   "CreateCustomKeyStore.",
		   "by_name");
	TAP_EQ_STR(test_call_as(svc, &test_root, "eu-west-9", "ListKeys", "{}"),
		   "ValidationException", "a_region_not_served_is_refused");
}

/* There is none: listing says so, and none is found. */
static void test_custom_key_stores(struct kms_service *svc)
{
	static const struct {
		const char *op, *body, *error;
	} cases[] = {
		{"ConnectCustomKeyStore", "{\"CustomKeyStoreId\":\"cks-1\"}",
		 "CustomKeyStoreNotFoundException"},
		{"DeleteCustomKeyStore", "{\"CustomKeyStoreId\":\"cks-1\"}",
		 "CustomKeyStoreNotFoundException"},
		{"DisconnectCustomKeyStore", "{\"CustomKeyStoreId\":\"cks-1\"}",
		 "CustomKeyStoreNotFoundException"},
		{"UpdateCustomKeyStore", "{\"CustomKeyStoreId\":\"cks-1\"}",
		 "CustomKeyStoreNotFoundException"},
		{"DescribeCustomKeyStores", "{\"CustomKeyStoreId\":\"cks-1\"}",
		 "CustomKeyStoreNotFoundException"},
		{"DescribeCustomKeyStores", "{\"CustomKeyStoreName\":\"x\"}",
		 "CustomKeyStoreNotFoundException"},
		{"GenerateRandom",
		 "{\"NumberOfBytes\":1,\"CustomKeyStoreId\":\"cks-1\"}",
		 "CustomKeyStoreNotFoundException"},
		{"ConnectCustomKeyStore", "{}", "ValidationException"},
		{"DescribeCustomKeyStores", "{\"Marker\":\"AAAA\"}",
		 "InvalidMarkerException"},
		{"DescribeCustomKeyStores", "{\"Limit\":1001}",
		 "ValidationException"},
		{"DescribeCustomKeyStores", "{\"Limit\":1}", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		TAP_EQ_STR(test_call(svc, cases[i].op, cases[i].body),
			   cases[i].error, cases[i].op);
	TAP_OK(cJSON_IsArray(cJSON_GetObjectItem(test_reply.body,
						 "CustomKeyStores")) &&
		       cJSON_IsFalse(cJSON_GetObjectItem(test_reply.body,
							 "Truncated")),
	       "an_empty_list_is_a_list");
}

/* Bodies that pass the checks of form; <id> is a key's. */
static const struct {
	const char *op;
	const char *body;
	bool agent_may;
} bodies[] = {
	{"CancelKeyDeletion", "{\"KeyId\":\"%s\"}", false},
	{"CreateAlias", "{\"AliasName\":\"alias/x\",\"TargetKeyId\":\"%s\"}",
	 false},
	{"CreateKey", "{\"Description\":\"%s\"}", false},
	{"DeleteAlias", "{\"AliasName\":\"alias/a\",\"Unused\":\"%s\"}", false},
	{"DescribeKey", "{\"KeyId\":\"%s\"}", true},
	{"DisableKey", "{\"KeyId\":\"%s\"}", false},
	{"EnableKey", "{\"KeyId\":\"%s\"}", false},
	{"Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}", false},
	{"GenerateDataKey", "{\"KeyId\":\"%s\",\"NumberOfBytes\":1}", true},
	{"GenerateDataKeyWithoutPlaintext",
	 "{\"KeyId\":\"%s\",\"NumberOfBytes\":1}", true},
	{"GenerateRandom", "{\"NumberOfBytes\":1,\"Unused\":\"%s\"}", false},
	{"ListAliases", "{\"KeyId\":\"%s\"}", false},
	{"ListKeys", "{\"Unused\":\"%s\"}", false},
	{"ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", false},
	{"UpdateAlias", "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}",
	 false},
};

static const char *call_with(struct kms_service *svc,
			     const struct kms_principal *who, size_t i,
			     const char *id)
{
	char body[256];
	const char *at = strstr(bodies[i].body, "%s");

	snprintf(body, sizeof(body), "%.*s%s%s", (int)(at - bodies[i].body),
		 bodies[i].body, id, at + 2);
	return test_call_as(svc, who, TEST_REGION, bodies[i].op, body);
}

static void test_permissions(struct kms_service *svc)
{
	static const struct kms_principal foreign_root = {
		.type = KMS_PRINCIPAL_ROOT,
		.arn = "arn:aws:iam::999999999999:root",
		.account = "999999999999"};
	char id[37], name[96];
	size_t keys;

	test_create_key(svc, id);
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", id);
	keys = svc->regions[0].keys.count;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		const char *denied = "AccessDeniedException";

		snprintf(name, sizeof(name), "a_stranger_may_not_%s",
			 bodies[i].op);
		TAP_EQ_STR(call_with(svc, &test_user, i, id), denied, name);
		snprintf(name, sizeof(name), "another_root_may_not_%s",
			 bodies[i].op);
		TAP_EQ_STR(call_with(svc, &foreign_root, i, id), denied, name);
		snprintf(name, sizeof(name), "the_agent_may%s_%s",
			 bodies[i].agent_may ? "" : "_not", bodies[i].op);
		TAP_EQ_STR(call_with(svc, &test_agent, i, id),
			   bodies[i].agent_may ? "" : denied, name);
	}
	TAP_EQ_INT(svc->regions[0].keys.count, keys,
		   "what_is_denied_is_not_done");
	call_with(svc, &test_user, 12, id);
	TAP_EQ_STR(test_message(),
		   "User: arn:aws:iam::" TEST_ACCOUNT ":user/bob is not "
		   "authorized to perform: kms:ListKeys on resource: * because "
		   "no identity-based policy allows the kms:ListKeys action",
		   "in_AWSs_words");
	for (size_t i = 1; i < ARRAY_SIZE(bodies); i++) {
		/* Its alias is gone by the time that it is to move. */
		bool is_update = strcmp(bodies[i].op, "UpdateAlias") == 0;

		snprintf(name, sizeof(name), "root_may_%s", bodies[i].op);
		TAP_EQ_STR(call_with(svc, &test_root, i, id),
			   is_update ? "NotFoundException" : "", name);
		if (strcmp(bodies[i].op, "DisableKey") == 0)
			test_callf(svc, "EnableKey", "{\"KeyId\":\"%s\"}", id);
	}
}

static void test_statuses(void)
{
	/* The faults of the model, DryRun, and what is HTTP's: else 400. */
	static const struct {
		const char *name;
		int status;
	} odd[] = {{"KMSInternalException", 500},
		   {"DependencyTimeoutException", 500},
		   {"KeyUnavailableException", 500},
		   {"InternalFailure", 500},
		   {"ServiceUnavailable", 503},
		   {"RequestEntityTooLargeException", 413},
		   {"DryRunOperationException", 412}};
	size_t wrong = 0, seen = 0, nameless = 0;

	for (int e = 0; e < KMS_ERROR_COUNT; e++) {
		const struct kms_error *error =
			kms_error_get((enum kms_error_id)e);
		int want = 400;

		nameless += !error->name;
		for (size_t i = 0; error->name && i < ARRAY_SIZE(odd); i++)
			if (strcmp(odd[i].name, error->name) == 0) {
				want = odd[i].status;
				seen++;
			}
		wrong += error->status != want;
	}
	TAP_EQ_INT(nameless, 0, "every_error_has_a_row");
	TAP_EQ_INT(seen, ARRAY_SIZE(odd), "the_odd_ones_are_there");
	TAP_EQ_INT(wrong, 0, "statuses_are_as_SDKs_expect_them");
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_table(svc);
	test_custom_key_stores(svc);
	test_permissions(svc);
	test_statuses();
	test_end(svc);
	return tap_done();
}
