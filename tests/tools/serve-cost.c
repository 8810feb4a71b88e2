/* SPDX-License-Identifier: MIT */
/*
 * One signed request through kms_serve(), again and again: for counting what
 * a call costs without sockets, by an instrument or by the clock.
 *	serve-cost OPERATION COUNT
 * The audit trail is real and lies, like all else, in a folder that goes.
 * Prints microseconds of CPU a call.
 */
#include <err.h>
#include <sys/resource.h>

#include "kmsagent/crypto/sigv4.h"
#include "kmsagent/kms/serve.h"
#include "tests/unit/kms.h"

#define ACCESS_KEY "AKIAIOSFODNN7EXAMPLE"
#define SECRET	   "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define CONTEXT                                                                \
	"\"EncryptionContext\":{\"service\":\"bench\","                        \
	"\"tenant\":\"0123456789\"}"

static struct kms_config config = KMS_CONFIG_INIT;
static struct kms_audit audit;
static struct kms_front front = {.config = &config, .audit = &audit};

static void check(int r, const char *what)
{
	if (r < 0) {
		errno = -r;
		err(1, "%s", what);
	}
}

static void configure(void)
{
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	char why[1024] = "", path[128];

	snprintf(path, sizeof(path), "%s/audit.jsonl", test_dir);
	check(kms_audit_open(&audit, path), path);
	check(secret_set(&secret, SECRET, strlen(SECRET)), "secret");
	check(kms_config_set(&config.account, TEST_ACCOUNT), "account");
	check(kms_config_set(&config.rootkey_path, "/nowhere"), "path");
	check(kms_config_add_regions(&config, TEST_REGION), "region");
	check(kms_config_add_access_key(&config, ACCESS_KEY, &secret,
					test_root.arn),
	      "access key");
	check(kms_config_finish(&config, why, sizeof(why)), why);
	front.svc = test_open(NULL);
}

static char *make_body(const char *operation)
{
	static char body[4096];
	char plain[89];

	memset(plain, 'A', sizeof(plain) - 1);
	plain[sizeof(plain) - 1] = '\0';
	if (*test_call(front.svc, "CreateKey", "{}"))
		errx(1, "CreateKey: %s", test_message());
	snprintf(body, sizeof(body),
		 "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\"," CONTEXT "}",
		 test_string("KeyMetadata.KeyId"));
	if (strcmp(operation, "GenerateDataKey") == 0)
		return body;
	snprintf(body, sizeof(body),
		 "{\"KeyId\":\"%s\",\"Plaintext\":\"%s\"," CONTEXT "}",
		 test_string("KeyMetadata.KeyId"), plain);
	if (strcmp(operation, "Encrypt") == 0)
		return body;
	if (strcmp(operation, "Decrypt") != 0)
		errx(2, "Encrypt, Decrypt or GenerateDataKey");
	if (*test_call(front.svc, "Encrypt", body))
		errx(1, "Encrypt: %s", test_message());
	snprintf(body, sizeof(body),
		 "{\"KeyId\":\"%s\",\"CiphertextBlob\":\"%s\"," CONTEXT "}",
		 test_string("KeyId"), test_string("CiphertextBlob"));
	return body;
}

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main(int argc, char **argv)
{
	_cleanup_(sigv4_signature_done) struct sigv4_signature sig =
		SIGV4_SIGNATURE_INIT;
	_cleanup_(secret_done) struct secret secret = SECRET_INIT;
	const struct sigv4_credentials creds = {ACCESS_KEY, &secret, NULL};
	uint8_t hash[SHA256_BYTES];
	struct kms_caller caller;
	char target[64], *body;
	double start;
	int count;

	if (argc != 3 || (count = atoi(argv[2])) < 1)
		errx(2, "usage: serve-cost OPERATION COUNT");
	test_begin();
	json_init();
	configure();
	check(kms_caller_init(&caller, &front), "caller");
	body = make_body(argv[1]);
	snprintf(target, sizeof(target), "TrentService.%s", argv[1]);
	check(sha256(&(struct iovec){body, strlen(body)}, 1, hash), "sha256");
	check(secret_set(&secret, SECRET, strlen(SECRET)), "secret");

	/* As wrk sends them. */
	struct sigv4_header headers[] = {
		{"Host", "127.0.0.1:8080"},
		{"Content-Type", "application/x-amz-json-1.1"},
		{"X-Amz-Target", target},
		{"X-Amz-Date", sig.time},
		{"Authorization", NULL},
		{"Content-Length", "300"},
	};
	const struct sigv4_request req = {.method = "POST",
					  .path = "/",
					  .headers = headers,
					  .header_count = 3,
					  .body_hash = hash};

	check(sigv4_sign(&req, &creds, TEST_REGION, "kms", clock_epoch_s(),
			 &sig),
	      "sign");
	headers[4].value = sig.authorization;

	const struct kms_incoming in = {.source = "127.0.0.1",
					.headers = headers,
					.nheaders = ARRAY_SIZE(headers),
					.body = body,
					.body_len = strlen(body)};

	start = cpu_us();
	for (int i = 0; i < count; i++) {
		struct kms_answer answer;

		kms_serve(&caller, &in, &answer);
		if (answer.status != 200)
			errx(1, "%s: %s", argv[1], answer.body);
		json_text_free(answer.body);
	}
	printf("%.2f\n", (cpu_us() - start) / count);
	kms_caller_done(&caller);
	kms_service_close(front.svc);
	kms_audit_close(&audit);
	kms_config_done(&config);
	kms_reply_done(&test_reply);
	return 0;
}
