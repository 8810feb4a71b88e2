/* SPDX-License-Identifier: MIT */
/*
 * While RSA pairs are made, keys are changed and looked at: no lock is held
 * meanwhile.  With one held, some change would take as long as a pair, which
 * is half of the time from the first pair to the third.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "kmsagent/base/clock.h"
#include "tests/unit/kms.h"

#define PAIRS 3
struct making {
	struct kms_service *svc;
	const char *op;
	const char *body;
	atomic_int made;
	int failed;
};

static void *make_pairs(void *userdata)
{
	struct making *m = userdata;

	for (int i = 0; i < PAIRS; i++) {
		_json_ cJSON *params = cJSON_Parse(m->body);
		struct kms_reply reply = KMS_REPLY_INIT;
		const struct kms_request req = {.who = &test_root,
						.region = TEST_REGION,
						.operation = m->op,
						.params = params,
						.request_id = "test",
						.source_ip = "unix:0",
						.user_agent = "test"};

		if (kms_dispatch(m->svc, &req, &reply) < 0 || reply.error)
			m->failed++;
		kms_reply_done(&reply);
		atomic_fetch_add(&m->made, 1);
	}
	return NULL;
}

static void test_beside(struct kms_service *svc, const char *op,
			const char *body, const char *id)
{
	struct making m = {.svc = svc, .op = op, .body = body};
	int64_t begin_ms = 0, longest_ms = 0, all_ms;
	unsigned changes = 0, odd = 0;
	char name[96];
	pthread_t thread;

	if (pthread_create(&thread, NULL, make_pairs, &m) != 0)
		exit(1);
	while (atomic_load(&m.made) < PAIRS) {
		int64_t now_ms = clock_boot_ms(), took_ms;

		if (!begin_ms && atomic_load(&m.made) > 0)
			begin_ms = now_ms;
		odd += *test_callf(svc,
				   changes++ % 2 ? "EnableKey" : "DisableKey",
				   "{\"KeyId\":\"%s\"}", id) != '\0';
		odd += *test_callf(svc, "DescribeKey", "{\"KeyId\":\"%s\"}",
				   id) != '\0';
		took_ms = clock_boot_ms() - now_ms;
		if (begin_ms && took_ms > longest_ms)
			longest_ms = took_ms;
	}
	all_ms = clock_boot_ms() - begin_ms;
	pthread_join(thread, NULL);
	snprintf(name, sizeof(name), "%s_makes_its_pairs", op);
	TAP_EQ_INT(m.failed, 0, name);
	TAP_EQ_INT(odd, 0, "every_change_meanwhile_is_made");
	TAP_OK(longest_ms < all_ms / 4, "and_none_waits_for_a_pair");
	tap_diag("%u changes; the longest took %lld of %lld ms", changes,
		 (long long)longest_ms, (long long)all_ms);
}

int main(void)
{
	struct kms_service *svc;
	char id[37], master[37], body[256];

	test_begin();
	svc = test_open(NULL);
	test_create_key(svc, id);
	test_create_key(svc, master);
	test_beside(svc, "CreateKey",
		    "{\"KeySpec\":\"RSA_3072\",\"KeyUsage\":\"SIGN_VERIFY\"}",
		    id);
	snprintf(body, sizeof(body),
		 "{\"KeyId\":\"%s\",\"KeyPairSpec\":\"RSA_3072\"}", master);
	test_beside(svc, "GenerateDataKeyPair", body, id);
	TAP_OK(kms_is_slow("CreateKey") && kms_is_slow("GenerateDataKeyPair") &&
		       kms_is_slow("GenerateDataKeyPairWithoutPlaintext"),
	       "what_makes_pairs_is_called_slow");
	TAP_OK(!kms_is_slow("Encrypt") && !kms_is_slow("Sign") &&
		       !kms_is_slow("CreateAlias") && !kms_is_slow(""),
	       "and_nothing_else");
	test_end(svc);
	return tap_done();
}
