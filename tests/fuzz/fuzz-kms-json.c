/* SPDX-License-Identifier: MIT */
/*
 * Requests behind authentication: "CALLER OPERATION\n" and a body, through
 * the whole core on a store in memory.  In the body "@key", "@other" and
 * "@blob" stand for two keys' ids and a ciphertext, which no fuzzer guesses.
 */
#include <string.h>

#include "tests/unit/kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRESH_EVERY 2000 /* inputs a service lives for: it grows */

static struct kms_service *svc;
static char key[37], other[37], blob[512];

static void renew(void)
{
	static bool begun;

	if (!begun)
		test_begin();
	else
		test_end(svc);
	begun = true;
	svc = test_open(NULL);
	test_create_key(svc, key);
	test_create_key(svc, other);
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/k\",\"TargetKeyId\":\"%s\"}", key);
	test_callf(svc, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}",
		   key);
	snprintf(blob, sizeof(blob), "%s", test_string("CiphertextBlob"));
}

static void fill_in(cJSON *j)
{
	const struct {
		const char *name;
		const char *value;
	} names[] = {{"@key", key}, {"@other", other}, {"@blob", blob}};

	for (cJSON *c = j->child; c; c = c->next) {
		for (size_t i = 0; cJSON_IsString(c) && i < ARRAY_SIZE(names);
		     i++)
			if (strcmp(c->valuestring, names[i].name) == 0)
				cJSON_SetValuestring(c, names[i].value);
		fill_in(c);
	}
}

/* What holds of every reply, whatever was asked. */
static void check(const struct kms_reply *reply)
{
	if (reply->error && (reply->body || reply->has_secrets))
		abort();
	if (reply->error &&
	    strcmp(reply->error->name, "KMSInternalException") == 0)
		abort();
	if (reply->parameters &&
	    (cJSON_HasObjectItem(reply->parameters, "plaintext") ||
	     cJSON_HasObjectItem(reply->parameters, "ciphertextBlob") ||
	     cJSON_HasObjectItem(reply->parameters, "grantTokens")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kms_principal *const callers[] = {
		&test_root, &test_agent, &test_user};
	static unsigned inputs;
	const uint8_t *end = memchr(data, '\n', size);
	_json_ cJSON *params = NULL;
	char operation[64];
	struct kms_request req = {.region = TEST_REGION,
				  .operation = operation,
				  .request_id = "fuzz",
				  .source_ip = "unix:0",
				  .user_agent = "fuzz"};
	struct kms_reply reply = KMS_REPLY_INIT;

	if (inputs++ % FRESH_EVERY == 0)
		renew();
	if (!end || end - data < 2 || end - data > 60)
		return 0;
	req.who = callers[data[0] % ARRAY_SIZE(callers)];
	snprintf(operation, sizeof(operation), "%.*s", (int)(end - data - 2),
		 (const char *)data + 2);
	end++;
	if (json_parse_object((const char *)end, size - (size_t)(end - data),
			      &params) < 0)
		return 0;
	fill_in(params);
	req.params = params;
	if (kms_dispatch(svc, &req, &reply) < 0)
		abort();
	check(&reply);
	kms_reply_done(&reply);
	return 0;
}
