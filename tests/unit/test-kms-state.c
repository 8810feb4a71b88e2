/* SPDX-License-Identifier: MIT */
/*
 * Operation x key state.  The expected cells are typed from the table in the
 * AWS KMS Developer Guide, "Key states of AWS KMS keys", not from ours.
 */
#include "tests/unit/kms.h"

#define HELLO "aGVsbG8="
#define CELLS 7

/* The guide's columns, left to right. */
static const enum kms_state columns[CELLS] = {
	KMS_STATE_ENABLED,	    KMS_STATE_DISABLED,
	KMS_STATE_PENDING_DELETION, KMS_STATE_PENDING_IMPORT,
	KMS_STATE_UNAVAILABLE,	    KMS_STATE_CREATING,
	KMS_STATE_UPDATING,
};
static const char *const column_names[CELLS] = {
	"enabled",     "disabled", "pending_deletion", "pending_import",
	"unavailable", "creating", "updating"};

/* The guide's footnotes; 0 is its check mark. */
static const struct {
	int footnote;
	const char *error;
	const char *message; /* behind the key's ARN */
} footnotes[] = {
	{0, "", ""},
	{1, "DisabledException", " is disabled."},
	{3, "KMSInvalidStateException", " is pending deletion."},
	{4, "KMSInvalidStateException", " is not pending deletion."},
	{5, "KMSInvalidStateException", " is pending import."},
	{11, "KMSInvalidStateException", " is unavailable."},
	{14, "KMSInvalidStateException", " is creating."},
	{15, "KMSInvalidStateException", " is updating."},
};

/*
 * <id>, <blob>, <alias>, <signature>, <mac> are of the key in
 * question; <other...> of a second.  Keys that are not symmetric may be
 * imported since the table was made: where it says "not applicable" (pending
 * import, unavailable), the cells are those of the symmetric keys.
 */
static const struct {
	const char *op;
	const char *what; /* tells rows of one operation apart */
	int cells[CELLS];
	const char *body;
} rows[] = {
	{"CancelKeyDeletion",
	 "",
	 {4, 4, 0, 4, 4, 4, 4},
	 "{\"KeyId\":\"<id>\"}"},
	{"CreateAlias",
	 "",
	 {0, 0, 3, 0, 0, 0, 0},
	 "{\"AliasName\":\"<fresh>\",\"TargetKeyId\":\"<id>\"}"},
	{"CreateGrant",
	 "",
	 {0, 1, 3, 5, 0, 14, 0},
	 "{\"KeyId\":\"<id>\",\"Operations\":[\"Decrypt\"],\"GranteePrincipal\":\"arn:aws:iam::" TEST_ACCOUNT
	 ":user/bob\"}"},
	{"Decrypt",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"CiphertextBlob\":\"<blob>\"}"},
	{"Decrypt",
	 "_with_its_key_id",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"CiphertextBlob\":\"<blob>\",\"KeyId\":\"<id>\"}"},
	{"DeleteAlias",
	 "",
	 {0, 0, 0, 0, 0, 0, 0},
	 "{\"AliasName\":\"<alias>\"}"},
	{"DeriveSharedSecret",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"KeyAgreementAlgorithm\":\"ECDH\","
	 "\"PublicKey\":\"<other-public>\"}"},
	{"DescribeKey", "", {0, 0, 0, 0, 0, 0, 0}, "{\"KeyId\":\"<id>\"}"},
	{"DisableKey", "", {0, 0, 3, 5, 0, 14, 15}, "{\"KeyId\":\"<id>\"}"},
	/* Footnotes 6 and 7 are of keys that are imported or elsewhere, which
	 * alone are ever pending import or unavailable: test-kms-import.c. */
	{"DisableKeyRotation",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\"}"},
	{"EnableKey", "", {0, 0, 3, 5, 0, 14, 15}, "{\"KeyId\":\"<id>\"}"},
	{"Encrypt",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"Plaintext\":\"" HELLO "\"}"},
	{"GenerateDataKey",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"KeySpec\":\"AES_256\"}"},
	{"GenerateDataKeyPair",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"KeyPairSpec\":\"ECC_NIST_P256\"}"},
	{"GenerateDataKeyPairWithoutPlaintext",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"KeyPairSpec\":\"ECC_NIST_P256\"}"},
	{"GenerateDataKeyWithoutPlaintext",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"KeySpec\":\"AES_256\"}"},
	{"GenerateMac",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"MacAlgorithm\":\"HMAC_SHA_256\","
	 "\"Message\":\"" HELLO "\"}"},
	{"EnableKeyRotation",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\"}"},
	{"RotateKeyOnDemand",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\"}"},
	{"GetKeyLastUsage", "", {0, 0, 0, 0, 0, 0, 0}, "{\"KeyId\":\"<id>\"}"},
	{"GetKeyRotationStatus",
	 "",
	 {0, 0, 0, 0, 0, 0, 0},
	 "{\"KeyId\":\"<id>\"}"},
	{"ListKeyRotations", "", {0, 0, 0, 0, 0, 0, 0}, "{\"KeyId\":\"<id>\"}"},
	{"GetKeyPolicy", "", {0, 0, 0, 0, 0, 0, 0}, "{\"KeyId\":\"<id>\"}"},
	{"GetPublicKey", "", {0, 1, 3, 5, 11, 14, 0}, "{\"KeyId\":\"<id>\"}"},
	{"ListAliases", "", {0, 0, 0, 0, 0, 0, 0}, "{\"KeyId\":\"<id>\"}"},
	{"ListGrants", "", {0, 0, 0, 0, 0, 0, 0}, "{\"KeyId\":\"<id>\"}"},
	{"ListKeyPolicies", "", {0, 0, 0, 0, 0, 0, 0}, "{\"KeyId\":\"<id>\"}"},
	{"ListResourceTags", "", {0, 0, 0, 0, 0, 0, 0}, "{\"KeyId\":\"<id>\"}"},
	{"PutKeyPolicy",
	 "",
	 {0, 0, 0, 0, 0, 0, 0},
	 "{\"KeyId\":\"<id>\",\"Policy\":\"{\\\"Statement\\\":{"
	 "\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\","
	 "\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}}\"}"},
	{"ReEncrypt",
	 "_from_it",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"CiphertextBlob\":\"<blob>\",\"DestinationKeyId\":\"<other>\"}"},
	{"ReEncrypt",
	 "_to_it",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"CiphertextBlob\":\"<other-blob>\",\"DestinationKeyId\":\"<id>\"}"},
	{"ReplicateKey",
	 "",
	 {0, 1, 3, 5, 11, 14, 15},
	 "{\"KeyId\":\"<id>\",\"ReplicaRegion\":\"" OTHER_REGION "\"}"},
	{"RetireGrant",
	 "",
	 {0, 0, 0, 0, 0, 0, 0},
	 "{\"KeyId\":\"<id>\",\"GrantId\":\"<grant>\"}"},
	{"RevokeGrant",
	 "",
	 {0, 0, 0, 0, 0, 0, 0},
	 "{\"KeyId\":\"<id>\",\"GrantId\":\"<grant>\"}"},
	{"ScheduleKeyDeletion",
	 "",
	 {0, 0, 3, 0, 0, 0, 15},
	 "{\"KeyId\":\"<id>\"}"},
	{"Sign",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"SigningAlgorithm\":\"ECDSA_SHA_256\","
	 "\"Message\":\"" HELLO "\"}"},
	{"TagResource",
	 "",
	 {0, 0, 3, 0, 0, 0, 0},
	 "{\"KeyId\":\"<id>\",\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]}"},
	{"UntagResource",
	 "",
	 {0, 0, 3, 0, 0, 0, 0},
	 "{\"KeyId\":\"<id>\",\"TagKeys\":[\"a\"]}"},
	/* Footnote 10: a pending source is fine, a pending target is not. */
	{"UpdateAlias",
	 "_from_it",
	 {0, 0, 0, 0, 0, 0, 0},
	 "{\"AliasName\":\"<alias>\",\"TargetKeyId\":\"<other>\"}"},
	{"UpdateAlias",
	 "_to_it",
	 {0, 0, 3, 0, 0, 0, 0},
	 "{\"AliasName\":\"<other-alias>\",\"TargetKeyId\":\"<id>\"}"},
	{"UpdateKeyDescription",
	 "",
	 {0, 0, 3, 0, 0, 0, 0},
	 "{\"KeyId\":\"<id>\",\"Description\":\"d\"}"},
	{"UpdatePrimaryRegion",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"PrimaryRegion\":\"" OTHER_REGION "\"}"},
	{"Verify",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"SigningAlgorithm\":\"ECDSA_SHA_256\","
	 "\"Message\":\"" HELLO "\",\"Signature\":\"<signature>\"}"},
	{"VerifyMac",
	 "",
	 {0, 1, 3, 5, 11, 14, 0},
	 "{\"KeyId\":\"<id>\",\"MacAlgorithm\":\"HMAC_SHA_256\","
	 "\"Message\":\"" HELLO "\",\"Mac\":\"<mac>\"}"},
};

/* Whose keys are not symmetric. */
static const struct {
	const char *op;
	const char *spec;
	const char *usage;
} kinds[] = {
	{"DeriveSharedSecret", "ECC_NIST_P256", "KEY_AGREEMENT"},
	{"GenerateMac", "HMAC_256", "GENERATE_VERIFY_MAC"},
	{"GetPublicKey", "ECC_NIST_P256", "SIGN_VERIFY"},
	{"Sign", "ECC_NIST_P256", "SIGN_VERIFY"},
	{"Verify", "ECC_NIST_P256", "SIGN_VERIFY"},
	{"VerifyMac", "HMAC_256", "GENERATE_VERIFY_MAC"},
};

struct prop {
	char id[37];
	char blob[512];
	char alias[64];
	char public[256];
	char signature[128];
	char mac[64];
	char grant[65];
};

/* What a key can make while it is enabled; it fails if it is not its kind. */
static void make(struct kms_service *svc, const char *op, const char *rest,
		 const char *id, const char *member, char *ret, size_t size)
{
	const char *error = test_callf(svc, op,
				       "{\"KeyId\":\"%s\",\"Message\":"
				       "\"" HELLO "\",\"Plaintext\":"
				       "\"" HELLO "\"%s}",
				       id, rest);

	snprintf(ret, size, "%s", *error ? "" : test_string(member));
}

/* A primary; with a replica where the other region is to take its role. */
static void make_primary(struct kms_service *svc, const char *op, char id[37])
{
	if (*test_call(svc, "CreateKey", "{\"MultiRegion\":true}")) {
		printf("Bail out! %s\n", test_message());
		exit(1);
	}
	snprintf(id, 37, "%s", test_string("KeyMetadata.KeyId"));
	if (strcmp(op, "UpdatePrimaryRegion") == 0)
		test_callf(svc, "ReplicateKey",
			   "{\"KeyId\":\"%s\",\"ReplicaRegion\":"
			   "\"" OTHER_REGION "\"}",
			   id);
}

static void make_prop(struct kms_service *svc, unsigned n, const char *op,
		      struct prop *p)
{
	size_t k = 0;

	while (k < ARRAY_SIZE(kinds) && strcmp(kinds[k].op, op) != 0)
		k++;
	if (k < ARRAY_SIZE(kinds))
		test_create(svc, kinds[k].spec, kinds[k].usage, p->id);
	else if (strcmp(op, "ReplicateKey") == 0 ||
		 strcmp(op, "UpdatePrimaryRegion") == 0)
		make_primary(svc, op, p->id);
	else
		test_create_key(svc, p->id);
	snprintf(p->alias, sizeof(p->alias), "alias/prop-%u", n);
	if (*test_callf(svc, "CreateAlias",
			"{\"AliasName\":\"%s\",\"TargetKeyId\":\"%s\"}",
			p->alias, p->id)) {
		printf("Bail out! %s\n", test_message());
		exit(1);
	}
	make(svc, "Encrypt", "", p->id, "CiphertextBlob", p->blob,
	     sizeof(p->blob));
	make(svc, "GetPublicKey", "", p->id, "PublicKey", p->public,
	     sizeof(p->public));
	make(svc, "Sign", ",\"SigningAlgorithm\":\"ECDSA_SHA_256\"", p->id,
	     "Signature", p->signature, sizeof(p->signature));
	make(svc, "GenerateMac", ",\"MacAlgorithm\":\"HMAC_SHA_256\"", p->id,
	     "Mac", p->mac, sizeof(p->mac));
	test_callf(svc, "CreateGrant",
		   "{\"KeyId\":\"%s\",\"Operations\":[\"DescribeKey\"],"
		   "\"GranteePrincipal\":\"arn:aws:iam::" TEST_ACCOUNT
		   ":user/bob\"}",
		   p->id);
	snprintf(p->grant, sizeof(p->grant), "%s", test_string("GrantId"));
}

/* Put a key into a state that no operation of this build leads to. */
static void force(struct kms_service *svc, const char *id, enum kms_state state)
{
	struct kms_key *key = kms_key_find(kms_service_region(svc, TEST_REGION),
					   id, test_now_ms);

	key->meta.state = state;
	if (state == KMS_STATE_PENDING_DELETION)
		key->meta.deletion_ms = test_now_ms + 7 * 86400000LL;
}

/* Fill in what stands in angle brackets. */
static char *expand(const char *text, const struct prop *it,
		    const struct prop *other, const char *fresh)
{
	const struct {
		const char *name;
		const char *value;
	} names[] = {
		{"<id>", it->id},
		{"<blob>", it->blob},
		{"<alias>", it->alias},
		{"<fresh>", fresh},
		{"<signature>", it->signature},
		{"<mac>", it->mac},
		{"<grant>", it->grant},
		{"<other>", other->id},
		{"<other-public>", other->public},
		{"<other-blob>", other->blob},
		{"<other-alias>", other->alias},
	};
	static char out[2048];
	size_t n = 0;

	while (*text) {
		size_t i = 0;

		while (i < ARRAY_SIZE(names) &&
		       strncmp(text, names[i].name, strlen(names[i].name)) != 0)
			i++;
		if (i == ARRAY_SIZE(names)) {
			out[n++] = *text++;
			continue;
		}
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s",
				      names[i].value);
		text += strlen(names[i].name);
	}
	out[n] = '\0';
	return out;
}

static void check_cell(struct kms_service *svc, size_t row, size_t column)
{
	static unsigned n;
	struct prop it, other;
	char name[128], fresh[64], want[256], all[512];
	const char *got, *message;
	size_t f = 0;

	make_prop(svc, n++, rows[row].op, &it);
	make_prop(svc, n++, rows[row].op, &other);
	snprintf(fresh, sizeof(fresh), "alias/fresh-%u", n);
	force(svc, it.id, columns[column]);
	snprintf(name, sizeof(name), "%s%s_%s", rows[row].op, rows[row].what,
		 column_names[column]);
	got = test_call(svc, rows[row].op,
			expand(rows[row].body, &it, &other, fresh));
	message = test_message();
	while (footnotes[f].footnote != rows[row].cells[column])
		f++;
	snprintf(want, sizeof(want), "%s%s%s%s", footnotes[f].error,
		 *footnotes[f].error ? ": arn:aws:kms:" TEST_REGION
				       ":" TEST_ACCOUNT ":key/"
				     : "",
		 *footnotes[f].error ? it.id : "", footnotes[f].message);
	snprintf(all, sizeof(all), "%s%s%s", got, *got ? ": " : "", message);
	TAP_EQ_STR(all, want, name);
}

/* What state a key is in after each of the four that change it. */
static void test_transitions(struct kms_service *svc)
{
	static const struct {
		const char *op;
		const char *then;
		bool enabled;
	} steps[] = {
		{"DisableKey", "Disabled", false},
		{"DisableKey", "Disabled", false},
		{"EnableKey", "Enabled", true},
		{"ScheduleKeyDeletion", "PendingDeletion", false},
		{"CancelKeyDeletion", "Disabled", false}, /* never Enabled */
		{"EnableKey", "Enabled", true},
	};
	char id[37];

	test_create_key(svc, id);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char name[64];
		const cJSON *meta;

		snprintf(name, sizeof(name), "%s_gives_%s", steps[i].op,
			 steps[i].then);
		if (*test_callf(svc, steps[i].op, "{\"KeyId\":\"%s\"}", id) ||
		    *test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", id))
			tap_diag("%s", test_message());
		TAP_EQ_STR(test_string("KeyMetadata.KeyState"), steps[i].then,
			   name);
		meta = cJSON_GetObjectItem(test_reply.body, "KeyMetadata");
		TAP_OK(cJSON_IsTrue(cJSON_GetObjectItem(meta, "Enabled")) ==
			       steps[i].enabled,
		       "and_Enabled_says_the_same");
		TAP_OK(cJSON_HasObjectItem(meta, "DeletionDate") ==
			       (strcmp(steps[i].then, "PendingDeletion") == 0),
		       "DeletionDate_is_there_while_pending");
	}
}

static void test_deletion(struct kms_service *svc)
{
	static const struct {
		int days;
		const char *error;
	} windows[] = {{6, "ValidationException"},
		       {7, ""},
		       {30, ""},
		       {31, "ValidationException"}};
	struct prop p;

	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		char id[37], name[64];

		test_create_key(svc, id);
		snprintf(name, sizeof(name), "a_window_of_%d_days",
			 windows[i].days);
		TAP_EQ_STR(test_callf(svc, "ScheduleKeyDeletion",
				      "{\"KeyId\":\"%s\","
				      "\"PendingWindowInDays\":%d}",
				      id, windows[i].days),
			   windows[i].error, name);
	}
	make_prop(svc, 9999, "Decrypt", &p);
	test_callf(svc, "ScheduleKeyDeletion",
		   "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", p.id);
	TAP_OK(cJSON_GetObjectItem(test_reply.body, "DeletionDate")
			       ->valuedouble ==
		       (double)(NOW_MS + 7 * 86400000LL) / 1000,
	       "DeletionDate_is_the_window_from_now");
	test_now_ms += 7 * 86400000LL - 1;
	TAP_EQ_STR(test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", p.id),
		   "", "until_then_the_key_is_there");
	test_now_ms += 1;
	TAP_EQ_STR(test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", p.id),
		   "NotFoundException", "then_it_is_gone");
	TAP_EQ_STR(test_callf(svc, "CancelKeyDeletion", "{\"KeyId\":\"%s\"}",
			      p.id),
		   "NotFoundException", "and_cannot_be_called_back");
	TAP_EQ_STR(
		test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}", p.alias),
		"NotFoundException", "its_alias_leads_nowhere");
	TAP_EQ_STR(test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}",
			      p.blob),
		   "AccessDeniedException", "its_ciphertext_is_lost");
	test_now_ms = NOW_MS;
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	for (size_t row = 0; row < ARRAY_SIZE(rows); row++)
		for (size_t column = 0; column < CELLS; column++)
			check_cell(svc, row, column);
	test_transitions(svc);
	test_deletion(svc);
	test_end(svc);
	return tap_done();
}
