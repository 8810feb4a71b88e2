/* SPDX-License-Identifier: MIT */
/*
 * kms-walk ENDPOINT: one data key through the KMS client's typed calls, one
 * "step result" a line, for a script to compare.  Credentials and region come
 * from the environment, unless the endpoint is a Unix socket.
 */
#include <stdio.h>
#include <string.h>

#include "kmsagent/aws/client.h"
#include "kmsagent/base/json.h"

struct walk {
	struct awskms_client *client;
	struct awskms_error err;
	struct awskms_key_info cmk;
	struct awskms_data_key key;
	struct ectx context;
};

/* What came of a step: "ok", or the code, or the errno's name. */
static void say(const struct walk *w, const char *step, int r)
{
	if (r == 0)
		printf("%s ok\n", step);
	else if (r == -EREMOTEIO)
		printf("%s %s %s\n", step, w->err.code,
		       awskms_class_name(w->err.class));
	else
		printf("%s %s (%s)\n", step, strerrorname_np(-r),
		       w->err.message);
}

static void operate(struct walk *w, const char *operation)
{
	_json_ cJSON *request = cJSON_CreateObject(), *body = NULL;

	cJSON_AddStringToObject(request, "KeyId", w->cmk.key_arn);
	say(w, operation,
	    awskms_call(w->client, operation, request, &body, &w->err));
}

static int make_cmk(struct walk *w)
{
	_json_ cJSON *request = cJSON_CreateObject(), *body = NULL;
	const cJSON *metadata;
	const char *arn;
	int r = awskms_call(w->client, "CreateKey", request, &body, &w->err);

	say(w, "CreateKey", r);
	if (r == 0)
		r = json_get_object(body, "KeyMetadata", &metadata);
	if (r == 0)
		r = json_get_string(metadata, "Arn", &arn);
	if (r == 0)
		r = awskms_describe_key(w->client, arn, &w->cmk, &w->err);
	say(w, "DescribeKey", r);
	return r;
}

static void decrypt(struct walk *w, const char *step, const char *cmk,
		    const struct ectx *context)
{
	_cleanup_(secret_done) struct secret got = SECRET_INIT;
	_free_ char *arn = NULL;
	int r = awskms_decrypt(w->client, cmk, context, w->key.blob,
			       w->key.blob_len, &got, &arn, &w->err);

	say(w, step, r);
	if (r == 0)
		printf("same %s %s\n",
		       secret_equal(&got, &w->key.plaintext) ? "key"
							     : "NOTHING",
		       strcmp(arn, w->cmk.key_arn) ? "OTHER" : "cmk");
}

static void dry_run(struct walk *w)
{
	say(w, "DryRun",
	    awskms_decrypt_dry_run(w->client, w->cmk.key_arn, &w->context,
				   w->key.blob, w->key.blob_len, &w->err));
}

static int walk(struct walk *w)
{
	const struct ectx none = ECTX_INIT;
	int r = make_cmk(w);

	if (r == 0)
		r = ectx_add(&w->context, "kmsagent:name", "walk");
	if (r < 0)
		return r;
	r = awskms_generate_data_key(w->client, w->cmk.key_arn, &w->context, 32,
				     &w->key, &w->err);
	say(w, "GenerateDataKey", r);
	if (r < 0)
		return r;
	decrypt(w, "Decrypt", w->cmk.key_arn, &w->context);
	decrypt(w, "without-context", w->cmk.key_arn, &none);
	decrypt(w, "without-cmk", "alias/not-there", &w->context);
	dry_run(w);
	operate(w, "DisableKey");
	dry_run(w);
	operate(w, "EnableKey");
	dry_run(w);
	operate(w, "ScheduleKeyDeletion");
	dry_run(w);
	return 0;
}

int main(int argc, char **argv)
{
	struct awskms_credentials creds = AWSKMS_CREDENTIALS_INIT;
	struct awskms_config config = {.region = getenv("AWS_DEFAULT_REGION")};
	struct walk w = {.context = ECTX_INIT};
	char why[256] = "";
	int r;

	if (argc != 2)
		return 2;
	json_init();
	r = awskms_global_init();
	config.endpoint = argv[1];
	if (r == 0 && strncmp(argv[1], "unix:", 5) != 0) {
		r = awskms_credentials_from_env(&creds);
		config.credentials = &creds;
	}
	if (r == 0)
		r = awskms_new(&config, &w.client, why, sizeof(why));
	if (r == 0)
		r = walk(&w);
	if (r < 0)
		fprintf(stderr, "kms-walk: %s %s %s\n", strerror(-r), why,
			w.err.message);
	awskms_data_key_done(&w.key);
	awskms_key_info_done(&w.cmk);
	ectx_done(&w.context);
	awskms_free(w.client);
	return r < 0 ? 1 : 0;
}
