/* SPDX-License-Identifier: MIT */
/*
 * Requests behind authentication, through the whole core on a store in
 * memory: "CALLER OPERATION\n" and a body; or "CALLER #" and bytes, from
 * which an operation and its members are drawn by the operations' own
 * tables, so that each new one is covered.  In a body "@key", "@rsa" and so
 * on stand for what no fuzzer guesses: see things[].
 */
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/kms/op.h"
#include "tests/unit/kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRESH_EVERY 2000 /* inputs a service lives for: it grows */

static struct kms_service *svc;

/* Keys of every kind, and what was made with them. */
static struct thing {
	const char *name;
	const char *spec; /* NULL: symmetric */
	const char *usage;
	const char *op; /* that made it with the key before it */
	const char *member;
	char value[1024];
} things[] = {
	{.name = "@key"},
	{.name = "@blob", .op = "Encrypt", .member = "CiphertextBlob"},
	{.name = "@other"},
	{.name = "@rsa", .spec = "RSA_2048", .usage = "ENCRYPT_DECRYPT"},
	{.name = "@sealed", .op = "Encrypt", .member = "CiphertextBlob"},
	{.name = "@signer", .spec = "RSA_2048", .usage = "SIGN_VERIFY"},
	{.name = "@ec", .spec = "ECC_NIST_P256", .usage = "SIGN_VERIFY"},
	{.name = "@signature", .op = "Sign", .member = "Signature"},
	{.name = "@ed",
	 .spec = "ECC_NIST_EDWARDS25519",
	 .usage = "SIGN_VERIFY"},
	{.name = "@hmac", .spec = "HMAC_256", .usage = "GENERATE_VERIFY_MAC"},
	{.name = "@mac", .op = "GenerateMac", .member = "Mac"},
	{.name = "@agree", .spec = "ECC_NIST_P256", .usage = "KEY_AGREEMENT"},
	{.name = "@public", .op = "GetPublicKey", .member = "PublicKey"},
};

#define THINGS ARRAY_SIZE(things)

/* A request that each of the operations above finds its members in. */
#define USE                                                                    \
	"{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\",\"Message\":\"AAAA\","       \
	"\"EncryptionAlgorithm\":\"%s\",\"SigningAlgorithm\":"                 \
	"\"ECDSA_SHA_256\",\"MacAlgorithm\":\"HMAC_SHA_256\"}"

static void make_things(void)
{
	const char *id = "";

	for (size_t i = 0; i < THINGS; i++) {
		struct thing *t = &things[i];
		const char *from = t->member;

		if (t->op)
			test_callf(svc, t->op, USE, id,
				   strcmp(t->name, "@sealed") == 0
					   ? "RSAES_OAEP_SHA_1"
					   : "SYMMETRIC_DEFAULT");
		else if (t->spec)
			test_callf(svc, "CreateKey",
				   "{\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\"}",
				   t->spec, t->usage);
		else
			test_call(svc, "CreateKey", "{}");
		snprintf(t->value, sizeof(t->value), "%s",
			 test_string(from ? from : "KeyMetadata.KeyId"));
		if (!*t->value) {
			fprintf(stderr, "%s: %s\n", t->name, test_message());
			abort();
		}
		if (!t->op)
			id = t->value;
	}
}

static void renew(void)
{
	static bool begun;

	if (!begun)
		test_begin();
	else
		test_end(svc);
	begun = true;
	svc = test_open(NULL);
	make_things();
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/k\",\"TargetKeyId\":\"%s\"}",
		   things[0].value);
}

/* RSA pairs are slow to make: those asked for become others. */
static void spare_rsa(cJSON *c)
{
	if (c->string && strstr(c->string, "Spec") &&
	    strncmp(c->valuestring, "RSA_", 4) == 0)
		cJSON_SetValuestring(c, "ECC_NIST_P256");
}

static void fill_in(cJSON *j)
{
	for (cJSON *c = j->child; c; c = c->next) {
		for (size_t i = 0; cJSON_IsString(c) && i < THINGS; i++)
			if (strcmp(c->valuestring, things[i].name) == 0)
				cJSON_SetValuestring(c, things[i].value);
		if (cJSON_IsString(c))
			spare_rsa(c);
		fill_in(c);
	}
}

/* The input's bytes, one after the other; 0 behind their end. */
struct bytes {
	const uint8_t *at, *end;
};

static unsigned draw(struct bytes *b, unsigned below)
{
	return b->at < b->end ? *b->at++ % below : 0;
}

static const char *draw_string(struct bytes *b, const struct kms_param *p)
{
	static const char *const others[] = {"alias/k", "alias/new", "", "AAAA",
					     "x"};
	size_t n = 0;

	while (p->values && p->values[n])
		n++;
	if (n)
		return p->values[draw(b, (unsigned)n)];
	n = draw(b, THINGS + ARRAY_SIZE(others));
	return n < THINGS ? things[n].name : others[n - THINGS];
}

static cJSON *draw_value(struct bytes *b, const struct kms_param *p)
{
	static const char *const odd[] = {"null", "true", "-1",
					  "{}",	  "[{}]", "\"\""};
	cJSON *list;

	if (draw(b, 16) == 15)
		return cJSON_Parse(odd[draw(b, ARRAY_SIZE(odd))]);
	switch (p->type) {
	case KMS_TYPE_INTEGER:
		return cJSON_CreateNumber((double)p->min - 1 + draw(b, 200));
	case KMS_TYPE_BOOLEAN:
		return cJSON_CreateBool((int)draw(b, 2));
	case KMS_TYPE_STRING_MAP:
		return cJSON_Parse(draw(b, 2) ? "{\"a\":\"b\"}" : "{}");
	case KMS_TYPE_STRING_LIST:
		list = cJSON_CreateArray();
		for (unsigned n = draw(b, 4); n > 0; n--)
			cJSON_AddItemToArray(
				list, cJSON_CreateString(draw_string(b, p)));
		return list;
	case KMS_TYPE_TAGS:
		return cJSON_Parse("[{\"TagKey\":\"k\",\"TagValue\":\"v\"}]");
	case KMS_TYPE_OBJECT:
		return cJSON_CreateObject();
	default:
		return cJSON_CreateString(draw_string(b, p));
	}
}

/* An operation of the table's and most of its members. */
static cJSON *draw_request(struct bytes b, char *operation, size_t size)
{
	const struct kms_op *op = &kms_ops[draw(&b, (unsigned)kms_ops_count)];
	cJSON *params = cJSON_CreateObject();

	snprintf(operation, size, "%s", op->name);
	for (const struct kms_param *p = op->params; p && p->name; p++) {
		cJSON *value = NULL;

		/* Rarely what makes an operation stop at once. */
		if (draw(&b, 8) >= (p->is_required ? 1u : 4u))
			value = draw_value(&b, p);
		if (value)
			cJSON_AddItemToObject(params, p->name, value);
	}
	return params;
}

/* What goes on record is JSON, and none of what must not. */
static void check_parameters(const struct text *t)
{
	static const char *const never[] = {"plaintext", "ciphertextBlob",
					    "message", "grantTokens"};
	_free_ char *braced =
		io_format("{%.*s}", (int)t->len, t->at ? t->at : "");
	_json_ cJSON *j = NULL;

	if (!braced || json_parse(braced, strlen(braced), &j) < 0)
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (cJSON_HasObjectItem(j, never[i]))
			abort();
}

/* What holds of every reply, whatever was asked. */
static void check(const struct kms_reply *reply)
{
	if (reply->error && (reply->body || reply->has_secrets))
		abort();
	if (reply->error &&
	    strcmp(reply->error->name, "KMSInternalException") == 0)
		abort();
	check_parameters(&reply->parameters);
}

static bool read_request(const uint8_t *data, size_t size, char *operation,
			 size_t operation_size, cJSON **ret)
{
	const uint8_t *end = memchr(data, '\n', size);

	if (!end || end - data < 2 || end - data > 60)
		return false;
	snprintf(operation, operation_size, "%.*s", (int)(end - data - 2),
		 (const char *)data + 2);
	end++;
	return json_parse_object((const char *)end, size - (size_t)(end - data),
				 ret) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kms_principal *const callers[] = {
		&test_root, &test_agent, &test_user};
	static unsigned inputs;
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
	if (size < 2)
		return 0;
	req.who = callers[data[0] % ARRAY_SIZE(callers)];
	if (data[1] == '#')
		params = draw_request((struct bytes){data + 2, data + size},
				      operation, sizeof(operation));
	else if (!read_request(data, size, operation, sizeof(operation),
			       &params))
		return 0;
	fill_in(params);
	req.params = params;
	if (kms_dispatch(svc, &req, &reply) < 0)
		abort();
	check(&reply);
	kms_reply_done(&reply);
	return 0;
}
