/* SPDX-License-Identifier: MIT */
/*
 * Readers and changes at the same time.  Built with -fsanitize=thread it
 * shows races; without, that answers stay whole: a key is enabled or it is
 * disabled, and a commit that waits for the disk holds no reader up.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "kmsagent/crypto/encoding.h"
#include "tests/unit/kms.h"

#define READERS 3
#define ROUNDS	150

static struct kms_service *svc;
static char ids[2][37];
static char blob[512];
static atomic_bool stop;
static atomic_ulong answers, odd;

/* A call of this thread's own; the error's name. */
static const char *call_as(const struct kms_principal *who, const char *op,
			   const char *body)
{
	struct kms_reply reply = KMS_REPLY_INIT;
	_json_ cJSON *params = NULL;
	const char *error;
	struct kms_request req = {.who = who,
				  .region = TEST_REGION,
				  .operation = op,
				  .request_id = "t",
				  .source_ip = "unix:0",
				  .user_agent = "t"};

	if (json_parse_object(body, strlen(body), &params) < 0)
		return "(parse)";
	req.params = params;
	if (kms_dispatch(svc, &req, &reply) < 0)
		return "(failed)";
	error = reply.error ? reply.error->name : "";
	kms_reply_done(&reply);
	return error;
}

static const char *call(const char *op, const char *body)
{
	return call_as(&test_root, op, body);
}

static void *reader(void *arg)
{
	static const char *const ops[] = {"Encrypt", "Decrypt", "DescribeKey",
					  "ListAliases", "ListKeys"};
	size_t n = (size_t)arg;
	char bodies[5][1024];

	snprintf(bodies[0], 1024, "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}",
		 ids[0]);
	snprintf(bodies[1], 1024, "{\"CiphertextBlob\":\"%s\"}", blob);
	snprintf(bodies[2], 1024, "{\"KeyId\":\"alias/moving\"}");
	snprintf(bodies[3], 1024, "{}");
	snprintf(bodies[4], 1024, "{\"Limit\":1000}");
	while (!atomic_load(&stop)) {
		const char *error = call(ops[n % 5], bodies[n % 5]);

		atomic_fetch_add(&answers, 1);
		if (*error && strcmp(error, "DisabledException") != 0)
			atomic_fetch_add(&odd, 1);
		n++;
	}
	return NULL;
}

/* The next key in the list that is enabled and none of ours comes to its
 * end, under the readers' eyes. */
static unsigned end_a_key(void)
{
	struct kms_region *region = kms_service_region(svc, TEST_REGION);
	char body[256];

	for (size_t i = 0; i < region->keys.count; i++) {
		struct kms_key *key = region->keys.sorted[i];
		size_t before = region->keys.count;

		if (strcmp(key->id, ids[0]) == 0 ||
		    strcmp(key->id, ids[1]) == 0)
			continue;
		snprintf(body, sizeof(body),
			 "{\"AliasName\":\"alias/doomed\","
			 "\"TargetKeyId\":\"%s\"}",
			 key->id);
		if (*call("CreateAlias", body))
			return 1;
		snprintf(body, sizeof(body), "{\"KeyId\":\"%s\"}", key->id);
		if (*call("ScheduleKeyDeletion", body))
			return 1;
		atomic_fetch_add(&test_now_ms, 31 * 86400000LL);
		kms_service_tick(svc);
		return region->keys.count != before - 1;
	}
	return 1;
}

/* Keys, aliases and states change; indexes grow. */
static unsigned change(void)
{
	unsigned failed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		char body[256];

		snprintf(body, sizeof(body), "{\"KeyId\":\"%s\"}", ids[0]);
		failed += !!*call(i % 2 ? "EnableKey" : "DisableKey", body);
		failed += !!*call("CreateKey", "{}");
		snprintf(body, sizeof(body),
			 "{\"AliasName\":\"alias/moving\","
			 "\"TargetKeyId\":\"%s\"}",
			 ids[i % 2]);
		failed += !!*call("UpdateAlias", body);
		snprintf(body, sizeof(body),
			 "{\"AliasName\":\"alias/short-lived\","
			 "\"TargetKeyId\":\"%s\"}",
			 ids[1]);
		failed += !!*call("CreateAlias", body);
		failed += !!*call("DeleteAlias",
				  "{\"AliasName\":\"alias/short-lived\"}");
		if (i % 10 == 9)
			failed += end_a_key();
	}
	return failed;
}

/* A store whose commits take their time; all else is the real one's. */
static struct store_ops slow_ops;
static const struct store_ops *real_ops;

static int slow_commit(struct store *s, const struct store_write *writes,
		       size_t nwrites, uint64_t *ret_revision)
{
	usleep(300000);
	return real_ops->commit(s, writes, nwrites, ret_revision);
}

static void *disable(void *arg)
{
	return (void *)(uintptr_t)call("DisableKey", arg);
}

static void test_slow_disk(void)
{
	char body[128], encrypt[128];
	unsigned during = 0;
	pthread_t thread;

	real_ops = svc->store->ops;
	slow_ops = *real_ops;
	slow_ops.commit = slow_commit;
	svc->store->ops = &slow_ops;
	snprintf(body, sizeof(body), "{\"KeyId\":\"%s\"}", ids[1]);
	snprintf(encrypt, sizeof(encrypt),
		 "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}", ids[1]);
	pthread_create(&thread, NULL, disable, body);
	while (!*call("Encrypt", encrypt))
		during++;
	pthread_join(thread, NULL);
	svc->store->ops = real_ops;
	TAP_OK(during > 100, "readers_go_on_while_a_commit_waits");
	tap_diag("%u calls", during);
	TAP_EQ_STR(call("Encrypt", encrypt), "DisabledException",
		   "and_see_the_change_when_it_is_durable");
}

/* All come at once to an AWS-managed key that is not there yet. */
static void *first_use(void *arg)
{
	(void)arg;
	if (*call_as(&test_agent, "GenerateDataKey",
		     "{\"KeyId\":\"alias/aws/kmsagent\","
		     "\"KeySpec\":\"AES_256\"}"))
		atomic_fetch_add(&odd, 1);
	return NULL;
}

static void test_first_use(void)
{
	struct kms_region *region = kms_service_region(svc, TEST_REGION);
	size_t before = region->keys.count;
	pthread_t threads[8];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, first_use, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	TAP_EQ_INT(atomic_load(&odd), 0, "a_first_use_by_many_succeeds");
	TAP_EQ_INT(region->keys.count - before, 1, "and_makes_one_key");
}

int main(void)
{
	pthread_t threads[READERS];

	test_begin();
	svc = test_open("threads");
	test_create_key(svc, ids[0]);
	test_create_key(svc, ids[1]);
	test_callf(svc, "Encrypt", "{\"KeyId\":\"%s\",\"Plaintext\":\"AAAA\"}",
		   ids[1]);
	snprintf(blob, sizeof(blob), "%s", test_string("CiphertextBlob"));
	test_callf(svc, "CreateAlias",
		   "{\"AliasName\":\"alias/moving\",\"TargetKeyId\":\"%s\"}",
		   ids[0]);
	/* So that the readers' first use of the material is in parallel. */
	test_end(svc);
	svc = test_open("threads");
	for (size_t i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, reader, (void *)i);
	TAP_EQ_INT(change(), 0, "every_change_succeeds_beside_readers");
	atomic_store(&stop, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	TAP_EQ_INT(atomic_load(&odd), 0, "no_reader_sees_half_a_change");
	TAP_OK(atomic_load(&answers) > ROUNDS, "and_there_were_readers");
	test_first_use();
	test_slow_disk();
	test_end(svc);
	return tap_done();
}
