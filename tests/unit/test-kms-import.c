/* SPDX-License-Identifier: MIT */
/*
 * Imported material by a clock that the test sets.  Rules are typed from the
 * AWS KMS API Reference: GetParametersForImport, ImportKeyMaterial,
 * DeleteImportedKeyMaterial; the wrapping here is OpenSSL's (tests/sys/
 * kmsd-import.sh has it from the openssl program).
 */
#include <openssl/evp.h>

#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/import.h"
#include "tests/unit/kms.h"

#define DAY_MS	((int64_t)86400000)
#define HOUR_MS ((int64_t)3600000)
#define HELLO	"aGVsbG8="
#define MAX	6144
#define FOREVER ",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""

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

/* What GetParametersForImport gave: token, and the key to wrap under. */
struct params {
	char token[BASE64_LEN(MAX) + 1];
	struct pkey public;
	const struct import_algorithm *algorithm;
};

static const char *const no_spec = "";

/* A key of external origin; @spec: members of CreateKey. */
static void make(struct kms_service *svc, const char *spec, char id[37])
{
	if (*test_callf(svc, "CreateKey", "{\"Origin\":\"EXTERNAL\"%s}",
			spec)) {
		printf("Bail out! %s\n", test_message());
		exit(1);
	}
	snprintf(id, 37, "%s", test_string("KeyMetadata.KeyId"));
}

static const char *get(struct kms_service *svc, const char *id,
		       const char *algorithm, const char *spec,
		       struct params *ret)
{
	const char *error = test_callf(svc, "GetParametersForImport",
				       "{\"KeyId\":\"%s\","
				       "\"WrappingAlgorithm\":\"%s\","
				       "\"WrappingKeySpec\":\"%s\"}",
				       id, algorithm, spec);
	uint8_t spki[PKEY_PUBLIC_MAX_BYTES];
	const char *text;
	size_t len;

	if (*error)
		return error;
	pkey_done(&ret->public);
	snprintf(ret->token, sizeof(ret->token), "%s",
		 test_string("ImportToken"));
	text = test_string("PublicKey");
	ret->algorithm = import_algorithm_find(algorithm);
	if (base64_decode(text, strlen(text), spki, sizeof(spki), &len) < 0 ||
	    pkey_decode_public(pkey_kind_find(spec), spki, len, &ret->public) <
		    0)
		return "no public key";
	return "";
}

/* AES-256 key wrap with padding, as OpenSSL does it. */
static size_t kwp_wrap(const uint8_t *key, const uint8_t *bytes, size_t len,
		       uint8_t *ret)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int out = 0;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_EncryptInit_ex(ctx, EVP_aes_256_wrap_pad(), NULL, key, NULL) !=
		    1 ||
	    EVP_EncryptUpdate(ctx, ret, &out, bytes, (int)len) != 1)
		exit(1);
	EVP_CIPHER_CTX_free(ctx);
	return (size_t)out;
}

/* base64 of the wrapped material; static. */
static const char *wrap(const struct params *p, const void *bytes, size_t len)
{
	static char text[BASE64_LEN(MAX) + 1];
	const struct pkey_cipher *c = pkey_cipher_find(p->algorithm->cipher);
	const void *first = bytes;
	size_t first_len = len, n = 0;
	uint8_t aes[32], out[MAX];

	if (p->algorithm->is_hybrid) {
		memset(aes, 0x5a, sizeof(aes));
		first = aes;
		first_len = sizeof(aes);
	}
	if (pkey_encrypt(&p->public, c, first, first_len, out, &n) < 0)
		exit(1);
	if (p->algorithm->is_hybrid)
		n += kwp_wrap(aes, bytes, len, out + n);
	base64_encode(out, n, text);
	return text;
}

static const char *import_text(struct kms_service *svc, const char *id,
			       const char *token, const char *wrapped,
			       const char *more)
{
	return test_callf(svc, "ImportKeyMaterial",
			  "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\","
			  "\"EncryptedKeyMaterial\":\"%s\"%s}",
			  id, token, wrapped, more);
}

static const char *import_bytes(struct kms_service *svc, const char *id,
				const struct params *p, const void *bytes,
				size_t len, const char *more)
{
	return import_text(svc, id, p->token, wrap(p, bytes, len), more);
}

/* 32 times the same byte. */
static const char *import(struct kms_service *svc, const char *id,
			  const struct params *p, int byte, const char *more)
{
	uint8_t bytes[32];

	memset(bytes, byte, sizeof(bytes));
	return import_bytes(svc, id, p, bytes, sizeof(bytes), more);
}

static const char *on(struct kms_service *svc, const char *op, const char *id)
{
	return test_callf(svc, op, "{\"KeyId\":\"%s\"}", id);
}

static const char *meta(struct kms_service *svc, const char *id,
			const char *name)
{
	static char path[64];

	on(svc, "DescribeKey", id);
	snprintf(path, sizeof(path), "KeyMetadata.%s", name);
	return test_string(path);
}

static const char *encrypt(struct kms_service *svc, const char *id,
			   char blob[512])
{
	const char *error = test_callf(
		svc, "Encrypt",
		"{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", id);

	if (!*error)
		snprintf(blob, 512, "%s", test_string("CiphertextBlob"));
	return error;
}

static const char *decrypt(struct kms_service *svc, const char *blob)
{
	const char *error =
		test_callf(svc, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob);

	return *error ? error : test_string("Plaintext");
}

static const cJSON *listed(struct kms_service *svc, const char *id, int i)
{
	test_callf(svc, "ListKeyRotations",
		   "{\"KeyId\":\"%s\","
		   "\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"}",
		   id);
	return cJSON_GetArrayItem(
		cJSON_GetObjectItem(test_reply.body, "Rotations"), i);
}

static const char *of_listed(struct kms_service *svc, const char *id, int i,
			     const char *name)
{
	const cJSON *j = cJSON_GetObjectItem(listed(svc, id, i), name);

	return cJSON_IsString(j) ? j->valuestring : "";
}

static const char *valid_to(int64_t ms)
{
	static char text[64];

	snprintf(text, sizeof(text), ",\"ValidTo\":%.3f", (double)ms / 1000);
	return text;
}

static void test_first(struct kms_service *svc)
{
	struct params p = {0};
	char id[37], blob[512], want[128];

	make(svc, no_spec, id);
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingImport", "it_waits");
	TAP_EQ_STR(meta(svc, id, "Origin"), "EXTERNAL", "for_its_material");
	TAP_EQ_STR(meta(svc, id, "ExpirationModel"), "", "which_has_no_model");
	TAP_EQ_STR(meta(svc, id, "CurrentKeyMaterialId"), "", "and_no_id");
	TAP_EQ_STR(encrypt(svc, id, blob), "KMSInvalidStateException",
		   "nothing_is_encrypted_yet");
	snprintf(want, sizeof(want),
		 "arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT
		 ":key/%s is pending import.",
		 id);
	TAP_EQ_STR(test_message(), want, "in_AWSs_words");
	TAP_EQ_STR(get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &p), "",
		   "parameters");
	TAP_OK(cJSON_GetObjectItem(test_reply.body, "ParametersValidTo")
			       ->valuedouble ==
		       (double)(NOW_MS + 24 * HOUR_MS) / 1000,
	       "are_valid_for_a_day");
	TAP_EQ_STR(import(svc, id, &p, 1, FOREVER), "", "the_import");
	TAP_EQ_INT((int)strlen(test_string("KeyMaterialId")), 64,
		   "gives_the_material_an_id");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "Enabled", "and_enables_the_key");
	TAP_EQ_STR(meta(svc, id, "ExpirationModel"),
		   "KEY_MATERIAL_DOES_NOT_EXPIRE", "with_its_model");
	TAP_EQ_STR(encrypt(svc, id, blob), "", "it_encrypts");
	TAP_EQ_STR(decrypt(svc, blob), HELLO, "and_decrypts");
	pkey_done(&p.public);
}

/* Every algorithm under every spec, and those that are not offered. */
static void test_wrapping(struct kms_service *svc)
{
	static const char *const algorithms[] = {
		"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256",
		"RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"};
	static const char *const specs[] = {"RSA_2048", "RSA_3072", "RSA_4096"};
	struct params p = {0};
	char id[37], name[96];

	for (size_t a = 0; a < ARRAY_SIZE(algorithms); a++)
		for (size_t s = 0; s < ARRAY_SIZE(specs); s++) {
			/* Long pairs are slow to make: once each is enough. */
			if (s > 0 && a != s)
				continue;
			make(svc, no_spec, id);
			snprintf(name, sizeof(name), "%s_under_%s",
				 algorithms[a], specs[s]);
			TAP_EQ_STR(get(svc, id, algorithms[a], specs[s], &p),
				   "", name);
			TAP_OK(strlen(p.token) <= BASE64_LEN(6144),
			       "its_token_fits");
			TAP_EQ_STR(import(svc, id, &p, 2, FOREVER), "",
				   "unwraps");
		}
	TAP_EQ_STR(get(svc, id, "RSAES_PKCS1_V1_5", "RSA_2048", &p),
		   "UnsupportedOperationException", "a_retired_algorithm");
	TAP_EQ_STR(get(svc, id, "SM2PKE", "RSA_2048", &p),
		   "UnsupportedOperationException", "one_of_China");
	TAP_EQ_STR(get(svc, id, "RSAES_OAEP_SHA_1", "SM2", &p),
		   "UnsupportedOperationException", "its_spec_too");
	TAP_EQ_STR(get(svc, id, "ROT13", "RSA_2048", &p), "ValidationException",
		   "and_nonsense");
	pkey_done(&p.public);
}

static void test_tokens(struct kms_service *svc)
{
	struct params p = {0}, q = {0};
	char id[37], other[37], own[37];
	uint8_t bytes[MAX];
	size_t len;

	make(svc, no_spec, id);
	make(svc, no_spec, other);
	get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &p);
	get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &q);
	TAP_EQ_STR(import(svc, other, &p, 1, FOREVER),
		   "InvalidImportTokenException", "a_token_of_another_key");
	TAP_EQ_STR(import_text(svc, id, q.token, wrap(&p, "x", 1), FOREVER),
		   "InvalidCiphertextException", "of_another_wrapping_key");
	if (base64_decode(p.token, strlen(p.token), bytes, sizeof(bytes),
			  &len) < 0)
		exit(1);
	for (size_t at = 0; at < len; at += at < 16 ? 1 : 97) {
		char text[BASE64_LEN(MAX) + 1];
		const char *got;

		bytes[at] ^= 1;
		base64_encode(bytes, len, text);
		bytes[at] ^= 1;
		got = import_text(svc, id, text, wrap(&p, "x", 1), FOREVER);
		if (strcmp(got, "InvalidImportTokenException") != 0)
			TAP_EQ_STR(got, "InvalidImportTokenException",
				   "a_changed_byte");
	}
	TAP_OK(true, "no_changed_byte_was_taken");
	test_now_ms += 24 * HOUR_MS;
	TAP_EQ_STR(import_text(svc, id, p.token, wrap(&p, "x", 1), FOREVER),
		   "IncorrectKeyMaterialException", "for_a_day_it_is_good");
	test_now_ms++;
	TAP_EQ_STR(import(svc, id, &p, 1, FOREVER),
		   "ExpiredImportTokenException", "then_it_has_expired");
	test_now_ms = NOW_MS;
	TAP_EQ_STR(import_text(svc, id, p.token, "AAAA", FOREVER),
		   "InvalidCiphertextException", "what_is_not_wrapped");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingImport",
		   "what_is_refused_changes_nothing");
	TAP_EQ_STR(import(svc, id, &p, 1, FOREVER), "",
		   "and_leaves_the_token_good");
	test_create_key(svc, own);
	TAP_EQ_STR(get(svc, own, "RSAES_OAEP_SHA_256", "RSA_2048", &q),
		   "UnsupportedOperationException", "a_key_of_ours_has_none");
	TAP_EQ_STR(import(svc, own, &p, 1, FOREVER),
		   "UnsupportedOperationException", "takes_none");
	TAP_EQ_STR(on(svc, "DeleteImportedKeyMaterial", own),
		   "UnsupportedOperationException", "and_loses_none");
	pkey_done(&p.public);
	pkey_done(&q.public);
}

static void test_terms(struct kms_service *svc)
{
	const struct {
		const char *name;
		const char *more;
		int64_t valid_to_ms;
		const char *error;
	} cases[] = {
		{"no_model_and_no_date", "", 0, "ValidationException"},
		{"no_model_and_a_date", "", NOW_MS + DAY_MS, ""},
		{"expiry_without_a_date",
		 ",\"ExpirationModel\":\"KEY_MATERIAL_EXPIRES\"", 0,
		 "ValidationException"},
		{"a_date_without_expiry", FOREVER, NOW_MS + DAY_MS,
		 "ValidationException"},
		{"a_date_now", "", NOW_MS, "ValidationException"},
		{"a_date_past", "", NOW_MS - DAY_MS, "ValidationException"},
		{"in_365_days", "", NOW_MS + 365 * DAY_MS, ""},
		{"in_more", "", NOW_MS + 365 * DAY_MS + 1000,
		 "ValidationException"},
		{"an_unknown_model", ",\"ExpirationModel\":\"x\"", 0,
		 "ValidationException"},
		{"a_material_id_that_is_none",
		 FOREVER ",\"KeyMaterialId\":\"AB\"", 0, "ValidationException"},
		{"a_material_id_of_other_material",
		 FOREVER ",\"KeyMaterialId\":\"000000000000000000000000000000"
			 "0000000000000000000000000000000000\"",
		 0, "IncorrectKeyMaterialException"},
		{"a_new_one_with_an_id",
		 FOREVER ",\"ImportType\":\"NEW_KEY_MATERIAL\","
			 "\"KeyMaterialId\":\"000000000000000000000000000000"
			 "0000000000000000000000000000000000\"",
		 0, "ValidationException"},
		{"a_description",
		 FOREVER ",\"KeyMaterialDescription\":\"my key: 1_a.b-c/d\"", 0,
		 ""},
		{"a_description_with_a_bracket",
		 FOREVER ",\"KeyMaterialDescription\":\"a(b\"", 0,
		 "ValidationException"},
	};
	struct params p = {0};
	char id[37], more[512];
	uint8_t long_one[33] = {0};

	make(svc, no_spec, id);
	get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &p);
	TAP_EQ_STR(import_bytes(svc, id, &p, long_one, 31, FOREVER),
		   "IncorrectKeyMaterialException", "31_bytes_are_no_key");
	TAP_EQ_STR(import_bytes(svc, id, &p, long_one, 33, FOREVER),
		   "IncorrectKeyMaterialException", "nor_are_33");
	TAP_EQ_STR(import(svc, id, &p, 1,
			  FOREVER ",\"ImportType\":\"EXISTING_KEY_MATERIAL\""),
		   "IncorrectKeyMaterialException", "nothing_exists_yet");
	TAP_EQ_STR(import(svc, id, &p, 1, FOREVER), "", "the_first");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(more, sizeof(more), "%s%s", cases[i].more,
			 cases[i].valid_to_ms ? valid_to(cases[i].valid_to_ms)
					      : "");
		TAP_EQ_STR(import(svc, id, &p, 1, more), cases[i].error,
			   cases[i].name);
	}
	import(svc, id, &p, 1, "");
	TAP_EQ_STR(test_message(),
		   "A validTo date must be set if the ExpirationModel is "
		   "KEY_MATERIAL_EXPIRES",
		   "in_AWSs_words");
	TAP_EQ_STR(of_listed(svc, id, 0, "KeyMaterialDescription"),
		   "my key: 1_a.b-c/d", "the_description_stays");
	TAP_EQ_STR(import(svc, id, &p, 2, FOREVER),
		   "IncorrectKeyMaterialException",
		   "other_material_is_refused");
	TAP_EQ_STR(import(svc, id, &p, 1,
			  FOREVER ",\"ImportType\":\"NEW_KEY_MATERIAL\""),
		   "IncorrectKeyMaterialException", "the_same_is_not_new");
	pkey_done(&p.public);
}

static void test_expiry(void)
{
	struct kms_service *svc = test_open("expiry");
	struct params p = {0};
	char id[37], first[65], blob[512], want[256];

	svc->event = tell;
	make(svc, no_spec, id);
	get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &p);
	import(svc, id, &p, 1, valid_to(NOW_MS + DAY_MS));
	snprintf(first, sizeof(first), "%s", test_string("KeyMaterialId"));
	encrypt(svc, id, blob);
	TAP_EQ_STR(meta(svc, id, "ExpirationModel"), "KEY_MATERIAL_EXPIRES",
		   "it_expires");
	TAP_OK(cJSON_GetObjectItem(
		       cJSON_GetObjectItem(test_reply.body, "KeyMetadata"),
		       "ValidTo")
			       ->valuedouble ==
		       (double)(NOW_MS + DAY_MS) / 1000,
	       "when_it_was_told_to");
	test_end(svc);
	svc = test_open("expiry");
	svc->event = tell;
	test_now_ms = NOW_MS + DAY_MS - 1;
	kms_service_tick(svc);
	TAP_EQ_STR(decrypt(svc, blob), HELLO, "not_before_its_time");
	test_now_ms++;
	TAP_EQ_STR(decrypt(svc, blob), "KMSInvalidStateException",
		   "nor_a_moment_longer_job_or_not");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingImport", "as_it_says");
	tell_result = -EIO;
	kms_service_tick(svc);
	TAP_OK(kms_key_find(&svc->regions[0], id, test_now_ms)
		       ->materials.list[0]
		       ->wrapped,
	       "unrecorded_it_is_not_deleted");
	tell_result = 0;
	test_now_ms += 60000;
	kms_service_tick(svc);
	snprintf(want, sizeof(want),
		 "DeleteExpiredKeyMaterial {\"keyId\":\"%s\","
		 "\"keyMaterialId\":\"%s\"}",
		 id, first);
	TAP_EQ_STR(told, want, "then_it_is_and_told");
	TAP_OK(!kms_key_find(&svc->regions[0], id, test_now_ms)
			->materials.list[0]
			->wrapped,
	       "its_bytes_are_gone");
	test_end(svc);
	svc = test_open("expiry");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingImport",
		   "after_a_restart_too");
	TAP_EQ_STR(meta(svc, id, "ExpirationModel"), "", "without_a_model");
	TAP_EQ_STR(of_listed(svc, id, 0, "ImportState"), "PENDING_IMPORT",
		   "its_entry_waits");
	get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &p);
	TAP_EQ_STR(import(svc, id, &p, 2, FOREVER),
		   "IncorrectKeyMaterialException",
		   "relabelled_material_is_refused");
	TAP_EQ_STR(import(svc, id, &p, 1, FOREVER), "", "the_same_is_taken");
	TAP_EQ_STR(test_string("KeyMaterialId"), first, "under_its_old_id");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "Enabled", "enables_it_again");
	TAP_EQ_STR(decrypt(svc, blob), HELLO, "and_opens_the_old_ciphertext");
	pkey_done(&p.public);
	test_end(svc);
	test_now_ms = NOW_MS;
}

static void test_deletion(struct kms_service *svc)
{
	struct params p = {0};
	char id[37], blob[512];

	make(svc, no_spec, id);
	TAP_EQ_STR(on(svc, "DeleteImportedKeyMaterial", id), "",
		   "nothing_to_delete_is_fine");
	get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &p);
	import(svc, id, &p, 1, FOREVER);
	encrypt(svc, id, blob);
	TAP_EQ_STR(test_callf(svc, "DeleteImportedKeyMaterial",
			      "{\"KeyId\":\"%s\",\"KeyMaterialId\":"
			      "\"0000000000000000000000000000000000000000"
			      "000000000000000000000000\"}",
			      id),
		   "NotFoundException", "material_of_nobody_is_not_found");
	TAP_EQ_STR(on(svc, "DeleteImportedKeyMaterial", id), "", "deletion");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingImport", "makes_it_wait");
	TAP_EQ_STR(decrypt(svc, blob), "KMSInvalidStateException",
		   "and_opens_nothing");
	TAP_EQ_STR(on(svc, "EnableKey", id), "KMSInvalidStateException",
		   "nor_is_it_enabled_so");
	on(svc, "ScheduleKeyDeletion", id);
	on(svc, "CancelKeyDeletion", id);
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingImport",
		   "called_back_without_material_it_waits_for_it");
	import(svc, id, &p, 1, FOREVER);
	on(svc, "DisableKey", id);
	import(svc, id, &p, 1, valid_to(NOW_MS + DAY_MS));
	TAP_EQ_STR(meta(svc, id, "KeyState"), "Disabled",
		   "an_import_into_a_disabled_key_leaves_it_so");
	on(svc, "ScheduleKeyDeletion", id);
	TAP_EQ_STR(import(svc, id, &p, 1, FOREVER), "KMSInvalidStateException",
		   "a_key_on_its_way_out_takes_none");
	TAP_EQ_STR(on(svc, "DeleteImportedKeyMaterial", id), "",
		   "but_its_material_can_go");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingDeletion",
		   "which_does_not_save_it");
	pkey_done(&p.public);
}

/* Rotation of imported material: a second one waits for it. */
static void test_rotation(struct kms_service *svc)
{
	static const char new[] =
		FOREVER ",\"ImportType\":\"NEW_KEY_MATERIAL\"";
	struct params p = {0};
	char id[37], first[65], second[65], old[512], young[512];

	make(svc, no_spec, id);
	get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &p);
	import(svc, id, &p, 1, FOREVER);
	snprintf(first, sizeof(first), "%s", test_string("KeyMaterialId"));
	encrypt(svc, id, old);
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "KMSInvalidStateException",
		   "there_is_nothing_to_rotate_to");
	TAP_EQ_STR(import(svc, id, &p, 2, new), "", "a_second_material");
	snprintf(second, sizeof(second), "%s", test_string("KeyMaterialId"));
	TAP_EQ_STR(of_listed(svc, id, 1, "KeyMaterialState"),
		   "PENDING_ROTATION", "waits");
	TAP_EQ_STR(meta(svc, id, "CurrentKeyMaterialId"), first,
		   "the_first_still_encrypts");
	TAP_EQ_STR(import(svc, id, &p, 3, new), "KMSInvalidStateException",
		   "only_one_may_wait");
	test_callf(svc, "DeleteImportedKeyMaterial",
		   "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", id, second);
	TAP_OK(!listed(svc, id, 1), "deleted_it_leaves_no_trace");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "Enabled", "nor_harm");
	import(svc, id, &p, 2, new);
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "", "rotation");
	kms_service_tick(svc);
	TAP_EQ_STR(meta(svc, id, "CurrentKeyMaterialId"), second,
		   "makes_it_the_current");
	TAP_EQ_STR(of_listed(svc, id, 1, "RotationType"), "ON_DEMAND",
		   "on_demand");
	encrypt(svc, id, young);
	TAP_EQ_STR(decrypt(svc, old), HELLO, "the_old_opens");
	TAP_EQ_STR(decrypt(svc, young), HELLO, "and_the_new");
	test_callf(svc, "DeleteImportedKeyMaterial",
		   "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", id, first);
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingImport",
		   "without_an_old_one_the_key_waits");
	TAP_EQ_STR(decrypt(svc, young), "KMSInvalidStateException",
		   "and_does_nothing");
	TAP_EQ_STR(import(svc, id, &p, 2, FOREVER), "",
		   "the_current_one_again");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "PendingImport",
		   "is_not_all_of_it");
	TAP_EQ_STR(import(svc, id, &p, 1, FOREVER), "", "the_old_one");
	TAP_EQ_STR(meta(svc, id, "KeyState"), "Enabled", "completes_it");
	TAP_EQ_STR(meta(svc, id, "CurrentKeyMaterialId"), second,
		   "and_the_current_is_as_it_was");
	TAP_EQ_STR(decrypt(svc, old), HELLO, "the_old_opens_again");

	/* What waits and expires goes, and the key does not notice. */
	import(svc, id, &p, 3,
	       ",\"ImportType\":\"NEW_KEY_MATERIAL\",\"ValidTo\":1790003600");
	TAP_EQ_STR(on(svc, "RotateKeyOnDemand", id), "", "asked_for_in_time");
	test_now_ms = NOW_MS + 2 * HOUR_MS;
	kms_service_tick(svc);
	kms_service_tick(svc);
	TAP_OK(!listed(svc, id, 2), "what_waits_too_long_leaves_no_trace");
	TAP_EQ_STR(meta(svc, id, "CurrentKeyMaterialId"), second,
		   "nothing_is_rotated_to");
	on(svc, "RotateKeyOnDemand", id);
	TAP_EQ_STR(test_reply.error ? test_reply.error->name : "",
		   "KMSInvalidStateException", "and_nothing_is_under_way");
	test_now_ms = NOW_MS;
	pkey_done(&p.public);
}

static void test_other_kinds(struct kms_service *svc)
{
	static const struct {
		const char *spec;
		const char *usage;
		size_t bytes; /* of a MAC; 0: a pair */
		const char *op;
		const char *body;
	} cases[] = {
		{"HMAC_224", "GENERATE_VERIFY_MAC", 28, "GenerateMac",
		 "\"Message\":\"AAAA\",\"MacAlgorithm\":\"HMAC_SHA_224\""},
		{"HMAC_512", "GENERATE_VERIFY_MAC", 64, "GenerateMac",
		 "\"Message\":\"AAAA\",\"MacAlgorithm\":\"HMAC_SHA_512\""},
		{"ECC_NIST_P256", "SIGN_VERIFY", 0, "Sign",
		 "\"Message\":\"AAAA\",\"SigningAlgorithm\":\"ECDSA_SHA_256\""},
		{"ECC_NIST_EDWARDS25519", "SIGN_VERIFY", 0, "Sign",
		 "\"Message\":\"AAAA\","
		 "\"SigningAlgorithm\":\"ED25519_SHA_512\""},
		{"RSA_2048", "SIGN_VERIFY", 0, "Sign",
		 "\"Message\":\"AAAA\","
		 "\"SigningAlgorithm\":\"RSASSA_PSS_SHA_256\""},
	};
	struct params p = {0};
	char id[37], spec[128], name[96];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
		_cleanup_(pkey_done) struct pkey pair = PKEY_INIT;
		uint8_t half[16] = {0};

		snprintf(spec, sizeof(spec),
			 ",\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\"",
			 cases[i].spec, cases[i].usage);
		make(svc, spec, id);
		get(svc, id, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", &p);
		if (cases[i].bytes
			    ? secret_random(&bytes, cases[i].bytes) < 0
			    : pkey_generate(pkey_kind_find(cases[i].spec),
					    &pair) < 0 ||
				      pkey_encode_private(&pair, &bytes) < 0)
			exit(1);
		snprintf(name, sizeof(name), "%s_refuses_16_bytes",
			 cases[i].spec);
		TAP_EQ_STR(
			import_bytes(svc, id, &p, half, sizeof(half), FOREVER),
			"IncorrectKeyMaterialException", name);
		snprintf(name, sizeof(name), "%s_is_imported", cases[i].spec);
		TAP_EQ_STR(import_bytes(svc, id, &p, bytes.bytes, bytes.len,
					FOREVER),
			   "", name);
		TAP_EQ_STR(test_callf(svc, cases[i].op, "{\"KeyId\":\"%s\",%s}",
				      id, cases[i].body),
			   "", "and_used");
		TAP_EQ_STR(import_bytes(svc, id, &p, bytes.bytes, bytes.len,
					FOREVER ",\"ImportType\":"
						"\"NEW_KEY_MATERIAL\""),
			   "ValidationException",
			   "a_second_is_no_affair_of_it");
		bytes.bytes[bytes.len - 1] ^= 1;
		TAP_EQ_STR(import_bytes(svc, id, &p, bytes.bytes, bytes.len,
					FOREVER),
			   "IncorrectKeyMaterialException",
			   "nor_is_other_material");
		bytes.bytes[bytes.len - 1] ^= 1;
		on(svc, "DeleteImportedKeyMaterial", id);
		TAP_EQ_STR(test_callf(svc, cases[i].op, "{\"KeyId\":\"%s\",%s}",
				      id, cases[i].body),
			   "KMSInvalidStateException", "deleted_it_waits");
		TAP_EQ_STR(import_bytes(svc, id, &p, bytes.bytes, bytes.len,
					FOREVER),
			   "", "the_same_is_known_again");
	}
	pkey_done(&p.public);
}

/*
 * Operation x key state, of keys with imported material: cells typed from the
 * table in the AWS KMS Developer Guide, "Key states of AWS KMS keys".
 */
static void test_states(struct kms_service *svc)
{
	static const struct {
		enum kms_state state;
		const char *error;
		const char *is;
	} columns[] = {
		{KMS_STATE_ENABLED, "", ""},
		{KMS_STATE_DISABLED, "DisabledException", " is disabled."},
		{KMS_STATE_PENDING_DELETION, "KMSInvalidStateException",
		 " is pending deletion."},
		{KMS_STATE_PENDING_IMPORT, "KMSInvalidStateException",
		 " is pending import."},
		{KMS_STATE_UNAVAILABLE, "KMSInvalidStateException",
		 " is unavailable."},
		{KMS_STATE_CREATING, "KMSInvalidStateException",
		 " is creating."},
		{KMS_STATE_UPDATING, "KMSInvalidStateException",
		 " is updating."},
	};
	/* 'y' works, 'x' fails by the state, 'u' by footnotes 6 and 7:
	 * UnsupportedOperationException. */
	static const struct {
		const char *op;
		const char *cells;
		const char *more;
	} rows[] = {
		{"GetParametersForImport", "yyxyxxx",
		 ",\"WrappingAlgorithm\":\"RSAES_OAEP_SHA_256\","
		 "\"WrappingKeySpec\":\"RSA_2048\""},
		{"ImportKeyMaterial", "yyxyxxy", NULL},
		{"DeleteImportedKeyMaterial", "yyyyyxx", ""},
		{"EnableKeyRotation", "uuuuuuu", ""},
		{"DisableKeyRotation", "uuuuuuu", ""},
		{"GetKeyRotationStatus", "uuuuuuu", ""},
		{"ListKeyRotations", "yyyyyyy", ""},
		{"GetKeyLastUsage", "yyyyyyy", ""},
	};
	struct params p = {0};
	char id[37], more[4 * MAX], name[96], want[256], got[512];
	uint8_t bytes[32] = {1};

	for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(columns); i++) {
		size_t row = i / ARRAY_SIZE(columns);
		size_t column = i % ARRAY_SIZE(columns);
		char cell = rows[row].cells[column];
		struct kms_key *key;
		const char *error;

		make(svc, no_spec, id);
		if (!rows[row].more)
			get(svc, id, "RSAES_OAEP_SHA_256", "RSA_2048", &p);
		snprintf(more, sizeof(more),
			 FOREVER ",\"ImportToken\":\"%s\","
				 "\"EncryptedKeyMaterial\":\"%s\"",
			 p.token,
			 rows[row].more ? "" : wrap(&p, bytes, sizeof(bytes)));
		key = kms_key_find(&svc->regions[0], id, test_now_ms);
		key->meta.state = columns[column].state;
		key->meta.deletion_ms = test_now_ms + 7 * DAY_MS;
		error = test_callf(svc, rows[row].op, "{\"KeyId\":\"%s\"%s}",
				   id, rows[row].more ? rows[row].more : more);
		snprintf(got, sizeof(got), "%s %s", error, test_message());
		snprintf(want, sizeof(want),
			 "%s arn:aws:kms:" TEST_REGION ":" TEST_ACCOUNT
			 ":key/%s%s",
			 cell == 'u' ? "UnsupportedOperationException"
				     : columns[column].error,
			 id,
			 cell == 'u' ? " origin is EXTERNAL which is not valid "
				       "for this operation."
				     : columns[column].is);
		snprintf(name, sizeof(name), "%s_%s", rows[row].op,
			 kms_state_name(columns[column].state));
		TAP_EQ_STR(got, cell == 'y' ? " " : want, name);
	}
	pkey_done(&p.public);
}

int main(void)
{
	struct kms_service *svc;

	test_begin();
	svc = test_open(NULL);
	test_first(svc);
	test_wrapping(svc);
	test_tokens(svc);
	test_terms(svc);
	test_deletion(svc);
	test_rotation(svc);
	test_other_kinds(svc);
	test_states(svc);
	test_end(svc);
	test_expiry();
	return tap_done();
}
