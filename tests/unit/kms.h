/* SPDX-License-Identifier: MIT */
/*
 * A service of its own for a unit test: real store (a file, or in memory),
 * real root key in a folder of its own, and a clock that the test sets.
 */
#ifndef TESTS_UNIT_KMS_H
#define TESTS_UNIT_KMS_H

#include <ftw.h>
#include <stdint.h>
#include <sys/stat.h>

#include "kmsagent/base/json.h"
#include "kmsagent/kms/error.h"
#include "kmsagent/kms/service.h"
#include "tests/unit/tap.h"

#define TEST_ACCOUNT "111122223333"
#define TEST_REGION  "eu-central-1"
#define OTHER_REGION "us-west-2"
#define NOW_MS	     ((int64_t)1790000000123)

static const struct kms_principal test_root = {
	.type = KMS_PRINCIPAL_ROOT,
	.arn = "arn:aws:iam::" TEST_ACCOUNT ":root",
	.account = TEST_ACCOUNT,
};
static const struct kms_principal test_agent = {
	.type = KMS_PRINCIPAL_USER,
	.arn = "arn:aws:iam::" TEST_ACCOUNT ":user/agent",
	.account = TEST_ACCOUNT,
	.name = "agent",
	.service = "kmsagent",
};
static const struct kms_principal test_user = {
	.type = KMS_PRINCIPAL_USER,
	.arn = "arn:aws:iam::" TEST_ACCOUNT ":user/bob",
	.account = TEST_ACCOUNT,
	.name = "bob",
};

static _Atomic int64_t test_now_ms = NOW_MS; /* threads may look */

static int64_t test_clock(void)
{
	return test_now_ms;
}

/* CLOCK_BOOTTIME goes with the wall clock, unless a test pulls them apart;
 * "1" is the boot. */
static _Atomic int64_t test_boot_offset_ms = 3600000;
static char test_boot[KMS_BOOT_ID_BYTES] = "1";

static int64_t test_boot_clock(void)
{
	return test_now_ms - NOW_MS + test_boot_offset_ms;
}

static void test_boot_id(char buf[KMS_BOOT_ID_BYTES])
{
	memcpy(buf, test_boot, sizeof(test_boot));
}

static const struct kms_clock test_clocks = {test_clock, test_boot_clock,
					     test_boot_id};

static char test_dir[] = "/tmp/kms-test.XXXXXX";

static int test_rm(const char *path, const struct stat *st, int type,
		   struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline void test_cleanup(void)
{
	nftw(test_dir, test_rm, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void test_begin(void)
{
	if (!mkdtemp(test_dir)) {
		perror("mkdtemp");
		exit(1);
	}
	atexit(test_cleanup);
}

/*
 * Open a service whose store is the file @name in the test's folder, NULL:
 * in memory.  Returns NULL and a sentence in @why if it refuses.
 */
static inline struct kms_service *test_try_open(const char *name, char *why,
						size_t why_len)
{
	static const char *const regions[] = {TEST_REGION, OTHER_REGION};
	const struct kms_service_conf conf = {
		.account = TEST_ACCOUNT, .regions = regions, .nregions = 2};
	struct kms_service *svc = NULL;
	struct rootkey *rootkey = NULL;
	struct store *store = NULL;
	char root[128], path[128], root_why[ROOTKEY_WHY_BYTES] = "";

	snprintf(root, sizeof(root), "%s/root.key", test_dir);
	snprintf(path, sizeof(path), "%s/%s", test_dir, name ? name : "");
	why[0] = '\0';
	if (store_sqlite_open(name ? path : NULL, NULL, &store, why, why_len) <
	    0)
		return NULL;
	if (rootkey_open(&(struct rootkey_conf){.provider = "file",
						.path = root,
						.may_create = true},
			 &rootkey, root_why) < 0) {
		snprintf(why, why_len, "%s", root_why);
		store_close(store);
		return NULL;
	}
	if (kms_service_new(&conf, store, rootkey, &test_clocks, &svc, why,
			    why_len) < 0) {
		store_close(store);
		rootkey_close(rootkey);
		return NULL;
	}
	return svc;
}

static inline struct kms_service *test_open(const char *name)
{
	char why[1024] = "";
	struct kms_service *svc = test_try_open(name, why, sizeof(why));

	if (!svc) {
		printf("Bail out! %s\n", why);
		exit(1);
	}
	return svc;
}

/* The last reply; valid until the next call. */
static struct kms_reply test_reply;

/* One call by @who in @region; the error's name, or "" for success. */
static inline const char *test_call_as(struct kms_service *svc,
				       const struct kms_principal *who,
				       const char *region, const char *op,
				       const char *json)
{
	_json_ cJSON *params = NULL;
	struct kms_request req = {.who = who,
				  .region = region,
				  .operation = op,
				  .request_id = "test",
				  .source_ip = "unix:0",
				  .user_agent = "test"};

	kms_reply_done(&test_reply);
	json_init();
	if (json_parse_object(json, strlen(json), &params) < 0) {
		printf("Bail out! not JSON: %s\n", json);
		exit(1);
	}
	req.params = params;
	if (kms_dispatch(svc, &req, &test_reply) < 0)
		return "(failed)";
	return test_reply.error ? test_reply.error->name : "";
}

static inline const char *test_call(struct kms_service *svc, const char *op,
				    const char *json)
{
	return test_call_as(svc, &test_root, TEST_REGION, op, json);
}

/* printf-style body. */
static inline const char *__attribute__((format(printf, 3, 4)))
test_callf(struct kms_service *svc, const char *op, const char *format, ...)
{
	char *json = NULL;
	const char *result;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&json, format, ap) < 0)
		exit(1);
	va_end(ap);
	result = test_call(svc, op, json);
	free(json);
	return result;
}

/* The parameters in the last reply's audit record; valid until the next. */
static inline const cJSON *test_parameters(void)
{
	static cJSON *parameters;
	const struct text *t = &test_reply.parameters;
	_cleanup_(text_done) struct text object = TEXT_INIT;

	text_literal(&object, "{");
	if (t->len > 0)
		text_put(&object, t->at, t->len);
	text_literal(&object, "}");
	cJSON_Delete(parameters);
	parameters = cJSON_ParseWithLength(object.at, object.len);
	return parameters;
}

static inline const char *test_message(void)
{
	return test_reply.message ? test_reply.message : "";
}

/* A string of the last reply's body, "a.b" one level down; "" if none. */
static inline const char *test_string(const char *path)
{
	const char *dot = strchr(path, '.');
	const cJSON *j = test_reply.body;
	char outer[64];

	if (dot) {
		snprintf(outer, sizeof(outer), "%.*s", (int)(dot - path), path);
		j = cJSON_GetObjectItemCaseSensitive(j, outer);
		path = dot + 1;
	}
	j = cJSON_GetObjectItemCaseSensitive(j, path);
	return cJSON_IsString(j) ? j->valuestring : "";
}

/* A new key; @id gets its id. */
static inline void test_create_key(struct kms_service *svc, char id[37])
{
	if (*test_call(svc, "CreateKey", "{}")) {
		printf("Bail out! CreateKey: %s\n", test_message());
		exit(1);
	}
	snprintf(id, 37, "%s", test_string("KeyMetadata.KeyId"));
}

/* The same of another kind. */
static inline void test_create(struct kms_service *svc, const char *spec,
			       const char *usage, char id[37])
{
	if (*test_callf(svc, "CreateKey",
			"{\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\"}", spec,
			usage)) {
		printf("Bail out! CreateKey: %s\n", test_message());
		exit(1);
	}
	snprintf(id, 37, "%s", test_string("KeyMetadata.KeyId"));
}

/* A string of the last reply's body, for the caller to free. */
static inline char *test_keep(const char *path)
{
	char *copy = strdup(test_string(path));

	if (!copy)
		exit(1);
	return copy;
}

/* Two points: what test_call() gave, and the message. */
static inline void test_says(const char *got, const char *error,
			     const char *message, const char *name)
{
	TAP_EQ_STR(got, error, name);
	TAP_EQ_STR(test_message(), message, "in_these_words");
}

static inline void test_end(struct kms_service *svc)
{
	kms_reply_done(&test_reply);
	kms_service_close(svc);
}

#endif
