/* SPDX-License-Identifier: MIT */
/*
 * The KMS client against a small server in another process, which behaves as
 * the KeyId of each request says.  The server knows nothing of what the
 * client does inside: it verifies the signature of the bytes that came.
 */
#include "kmsagent/aws/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/sigv4.h"
#include "tests/unit/tap.h"

#define ID     "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define KEY_ARN                                                                \
	"arn:aws:kms:eu-west-1:111122223333:key/"                              \
	"1234abcd-12ab-34cd-56ef-1234567890ab"
#define HOUR_S 3600

/* Shared between the processes. */
static struct shared {
	atomic_uint requests;
	atomic_uint bad_signatures;
	char last[4096]; /* the last request's text */
} * shared;

/* ---- the server's process ---- */

struct request {
	char text[16384];
	struct sigv4_header headers[64];
	size_t header_count;
	char *body;
	size_t body_len;
};

static bool read_request(int fd, struct request *q)
{
	size_t len = 0, want = 0;
	char *end = NULL, *line, *save;

	q->header_count = 0;
	while (!end || len < want) {
		ssize_t n = read(fd, q->text + len, sizeof(q->text) - 1 - len);

		if (n <= 0)
			return false;
		len += (size_t)n;
		q->text[len] = '\0';
		if (!end && (end = strstr(q->text, "\r\n\r\n"))) {
			char *length = strcasestr(q->text, "content-length:");

			q->body = end + 4;
			q->body_len =
				length ? strtoul(length + 15, NULL, 10) : 0;
			want = (size_t)(q->body - q->text) + q->body_len;
		}
	}
	snprintf(shared->last, sizeof(shared->last), "%.4000s", q->text);
	*end = '\0';
	line = strtok_r(q->text, "\r\n", &save);
	while ((line = strtok_r(NULL, "\r\n", &save)) &&
	       q->header_count < ARRAY_SIZE(q->headers)) {
		char *colon = strchr(line, ':');

		*colon = '\0';
		q->headers[q->header_count++] = (struct sigv4_header){
			line, colon + 1 + strspn(colon + 1, " ")};
	}
	return true;
}

static const char *header(const struct request *q, const char *name)
{
	for (size_t i = 0; i < q->header_count; i++)
		if (!strcasecmp(q->headers[i].name, name))
			return q->headers[i].value;
	return "";
}

/* As the service would: NULL, or what is wrong. */
static const char *check_signature(const struct request *q, int64_t now_s)
{
	static char why[SIGV4_EXPLAIN_BYTES];
	static const char *const regions[] = {"eu-west-1", NULL};
	const struct sigv4_policy policy = {regions, "kms", now_s};
	_cleanup_(secret_done) struct secret secret = SECRET_INIT,
					     day = SECRET_INIT;
	struct hmac hmac = HMAC_INIT;
	struct sigv4_auth auth;
	uint8_t hash[SHA256_BYTES];
	struct iovec body = {q->body, q->body_len};
	struct sigv4_request req = {
		.method = "POST",
		.path = "/",
		.headers = q->headers,
		.header_count = q->header_count,
		.body_hash = hash,
	};
	enum sigv4_refusal r;

	if (sha256(&body, 1, hash) < 0)
		return "sha256";
	r = sigv4_parse(&req, &auth);
	if (r == SIGV4_OK)
		r = sigv4_check(&req, &auth, &policy);
	if (r == SIGV4_OK &&
	    (secret_set(&secret, SECRET, strlen(SECRET)) < 0 ||
	     sigv4_day_key(&secret, auth.date, auth.region, "kms", &day) < 0 ||
	     hmac_init(&hmac, &day) < 0))
		return "day key";
	if (r == SIGV4_OK)
		r = sigv4_verify(&req, &auth, &hmac);
	hmac_done(&hmac);
	if (r == SIGV4_OK)
		return strcmp(auth.access_key_id, ID) ? "access key" : NULL;
	sigv4_explain(r, &auth, &policy, why);
	return why;
}

static void reply_at(int fd, int64_t date_s, int status, const char *body)
{
	char date[CLOCK_HTTP_BYTES], head[512];
	int n;

	clock_format_http(date_s, date);
	n = snprintf(head, sizeof(head),
		     "HTTP/1.1 %d X\r\nDate: %s\r\n"
		     "Content-Type: application/x-amz-json-1.1\r\n"
		     "Content-Length: %zu\r\n\r\n",
		     status, date, strlen(body));
	(void)!send(fd, head, (size_t)n, MSG_NOSIGNAL);
	(void)!send(fd, body, strlen(body), MSG_NOSIGNAL);
}

static void reply(int fd, int status, const char *body)
{
	reply_at(fd, clock_epoch_s(), status, body);
}

static void reply_error(int fd, int status, const char *type,
			const char *message)
{
	char body[2048];

	snprintf(body, sizeof(body), "{\"__type\":\"%s\",\"message\":\"%s\"}",
		 type, message);
	reply(fd, status, body);
}

/* The bytes of the key, which the client's process must not hold. */
static void key_bytes(struct secret *key)
{
	if (secret_alloc(key, 32) < 0)
		exit(1);
	for (size_t i = 0; i < key->len; i++)
		key->bytes[i] = (uint8_t)(i * 73 + 41 + (i * i ^ 0x5a));
}

static void reply_key(int fd)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	char text[BASE64_LEN(32) + 1], body[512];

	key_bytes(&key);
	base64_encode(key.bytes, key.len, text);
	snprintf(body, sizeof(body),
		 "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"" KEY_ARN "\","
		 "\"KeyMaterialId\":\"m1\",\"Plaintext\":\"%s\"}",
		 text);
	reply(fd, 200, body);
}

static void oversize(int fd)
{
	char kib[1024];

	dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
	memset(kib, 'x', sizeof(kib));
	while (send(fd, kib, sizeof(kib), MSG_NOSIGNAL) > 0)
		;
}

static void headers_without_end(int fd)
{
	static const char line[] = "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n";

	dprintf(fd, "HTTP/1.1 200 OK\r\n");
	while (send(fd, line, strlen(line), MSG_NOSIGNAL) > 0)
		;
}

static void act(int fd, const struct request *q, const char *mode)
{
	const char *wrong;

	if (!strcmp(mode, "key")) {
		reply_key(fd);
	} else if (!strcmp(mode, "no-plaintext")) {
		reply(fd, 200,
		      "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"" KEY_ARN
		      "\"}");
	} else if (!strcmp(mode, "describe")) {
		reply(fd, 200,
		      "{\"KeyMetadata\":{\"Arn\":\"" KEY_ARN
		      "\",\"KeyId\":\"1234abcd-12ab-34cd-56ef-1234567890ab\","
		      "\"KeyState\":\"Enabled\",\"Future\":[1]}}");
	} else if (!strcmp(mode, "signed")) {
		wrong = check_signature(q, clock_epoch_s());
		if (wrong)
			reply_error(fd, 400, "InvalidSignatureException",
				    wrong);
		else
			reply(fd, 200, "{\"Keys\":[]}");
	} else if (!strcmp(mode, "ahead")) {
		/* A service whose clock is an hour ahead. */
		wrong = check_signature(q, clock_epoch_s() + HOUR_S);
		if (wrong) {
			char body[2048];

			shared->bad_signatures++;
			snprintf(body, sizeof(body),
				 "{\"__type\":\"InvalidSignatureException\","
				 "\"message\":\"%s\"}",
				 wrong);
			reply_at(fd, clock_epoch_s() + HOUR_S, 400, body);
		} else {
			reply(fd, 200, "{\"Keys\":[]}");
		}
	} else if (!strcmp(mode, "disabled")) {
		reply_error(fd, 400, "DisabledException", "k is disabled.");
	} else if (!strcmp(mode, "deleting")) {
		reply_error(fd, 400, "KMSInvalidStateException",
			    "k is pending deletion.");
	} else if (!strcmp(mode, "denied")) {
		reply_error(fd, 400, "AccessDeniedException", "no");
	} else if (!strcmp(mode, "dry")) {
		reply_error(fd, 412, "DryRunOperationException", "would");
	} else if (!strcmp(mode, "throttle")) {
		if (shared->requests % 3)
			reply_error(fd, 400, "ThrottlingException", "slow");
		else
			reply_key(fd);
	} else if (!strcmp(mode, "fault")) {
		reply_error(fd, 500, "KMSInternalException", "oops");
	} else if (!strcmp(mode, "page")) {
		reply(fd, 502, "<html>bad gateway</html>");
	} else if (!strcmp(mode, "redirect")) {
		dprintf(fd, "HTTP/1.1 307 X\r\nLocation: /elsewhere\r\n"
			    "Content-Length: 0\r\n\r\n");
	} else if (!strcmp(mode, "not-json")) {
		reply(fd, 200, "hello");
	} else if (!strcmp(mode, "short-key")) {
		reply(fd, 200,
		      "{\"CiphertextBlob\":\"YmxvYg==\",\"KeyId\":\"" KEY_ARN
		      "\",\"Plaintext\":\"AAAA\"}");
	} else if (!strcmp(mode, "truncate")) {
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
			    "{\"Plaintext\":");
		shutdown(fd, SHUT_RDWR);
	} else if (!strcmp(mode, "hang-up")) {
		shutdown(fd, SHUT_RDWR);
	} else if (!strcmp(mode, "oversize")) {
		oversize(fd);
	} else if (!strcmp(mode, "headers")) {
		headers_without_end(fd);
	} else if (!strcmp(mode, "slow")) {
		dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{");
		pause();
	} else if (!strcmp(mode, "empty")) {
		reply(fd, 200, "");
	}
}

static void serve_connection(int fd)
{
	static struct request q;

	while (read_request(fd, &q)) {
		_json_ cJSON *j = NULL;
		const char *mode = "signed";

		shared->requests++;
		if (json_parse_object(q.body, q.body_len, &j) == 0)
			(void)!json_get_string(j, "KeyId", &mode);
		if (!*header(&q, "x-amz-target"))
			mode = "page";
		act(fd, &q, mode);
	}
	close(fd);
}

static pid_t serve(int lfd)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(lfd, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve_connection(fd);
			_exit(0);
		}
		close(fd);
	}
}

/* ---- the client's process ---- */

static char unix_endpoint[128], tcp_endpoint[64];

static struct awskms_client *client(const char *endpoint, unsigned tries,
				    const char *token)
{
	struct awskms_credentials creds = AWSKMS_CREDENTIALS_INIT;
	struct awskms_config config = {
		.endpoint = endpoint,
		.region = "eu-west-1",
		.total_timeout_ms = 500,
		.tries = tries,
	};
	struct awskms_client *c = NULL;
	char why[256];

	if (endpoint == tcp_endpoint) {
		if (awskms_credentials_set(&creds, ID, SECRET, strlen(SECRET),
					   token) < 0)
			exit(1);
		config.credentials = &creds;
	}
	if (awskms_new(&config, &c, why, sizeof(why)) < 0) {
		puts(why);
		exit(1);
	}
	return c;
}

static void configurations(void)
{
	struct awskms_config config = {.endpoint = "https://kms.example",
				       .region = "eu-west-1"};
	struct awskms_credentials creds = AWSKMS_CREDENTIALS_INIT;
	struct awskms_client *c;
	char why[256] = "";

	TAP_EQ_INT(awskms_new(&config, &c, why, sizeof(why)), -EINVAL,
		   "a_network_endpoint_without_credentials_is_refused");
	TAP_OK(strstr(why, "credentials"), "and_says_so");
	if (awskms_credentials_set(&creds, "a", "b", 1, NULL) < 0)
		exit(1);
	config.credentials = &creds;
	config.region = NULL;
	TAP_EQ_INT(awskms_new(&config, &c, why, sizeof(why)), -EINVAL,
		   "an_endpoint_without_region_is_refused");
}

static void data_keys(const char *endpoint)
{
	_cleanup_(awskms_freep) struct awskms_client *c =
		client(endpoint, 1, NULL);
	_cleanup_(awskms_data_key_done) struct awskms_data_key k =
		AWSKMS_DATA_KEY_INIT;
	_cleanup_(secret_done) struct secret want = SECRET_INIT,
					     got = SECRET_INIT;
	_cleanup_(awskms_key_info_done) struct awskms_key_info info =
		AWSKMS_KEY_INFO_INIT;
	_cleanup_(ectx_done) struct ectx ctx = ECTX_INIT;
	_free_ char *arn = NULL;
	struct awskms_error e;

	key_bytes(&want);
	if (ectx_add(&ctx, "kmsagent:name", "n") < 0)
		exit(1);
	TAP_OK(awskms_generate_data_key(c, "key", &ctx, 32, &k, &e) == 0 &&
		       secret_equal(&k.plaintext, &want),
	       "a_data_key_comes_as_a_secret");
	TAP_OK(k.blob_len == 4 && !memcmp(k.blob, "blob", 4) &&
		       !strcmp(k.key_arn, KEY_ARN) &&
		       !strcmp(k.key_material_id, "m1") &&
		       e.class == AWSKMS_CLASS_OK,
	       "with_its_blob_and_names");
	TAP_OK(strstr(shared->last, "X-Amz-Target: "
				    "TrentService.GenerateDataKey\r\n") &&
		       strstr(shared->last,
			      "\r\n\r\n{\"KeyId\":\"key\","
			      "\"EncryptionContext\":{\"kmsagent:name\":\"n\"},"
			      "\"NumberOfBytes\":32}"),
	       "asked_for_as_aws_has_it");
	TAP_OK(awskms_decrypt(c, "key", &ctx, "blob", 4, &got, &arn, &e) == 0 &&
		       secret_equal(&got, &want) && !strcmp(arn, KEY_ARN),
	       "a_blob_is_decrypted");
	TAP_OK(strstr(shared->last, "\"CiphertextBlob\":\"YmxvYg==\""),
	       "and_was_sent_as_base64");
	TAP_EQ_INT(awskms_decrypt_dry_run(c, "dry", &ctx, "blob", 4, &e), 0,
		   "a_dry_run_that_would_work");
	TAP_OK(strstr(shared->last, "\"DryRun\":true"), "says_dry_run");
	TAP_EQ_INT(awskms_decrypt_dry_run(c, "key", &ctx, "blob", 4, &e),
		   -EPROTO, "a_service_without_dry_run_is_noticed");
	TAP_OK(awskms_describe_key(c, "describe", &info, &e) == 0 &&
		       !strcmp(info.key_arn, KEY_ARN) &&
		       !strcmp(info.key_state, "Enabled") && !info.key_spec,
	       "a_key_is_described");

	awskms_data_key_done(&k);
	TAP_OK(awskms_generate_data_key_without_plaintext(
		       c, "no-plaintext", NULL, 32, &k, &e) == 0 &&
		       !k.plaintext.len && k.blob_len == 4,
	       "a_data_key_without_plaintext");
	awskms_data_key_done(&k);
	TAP_EQ_INT(awskms_generate_data_key_without_plaintext(c, "key", NULL,
							      32, &k, &e),
		   -EBADMSG, "a_plaintext_nobody_asked_for_is_refused");
	TAP_EQ_INT(
		awskms_generate_data_key(c, "no-plaintext", NULL, 32, &k, &e),
		-EBADMSG, "a_missing_plaintext_is_refused");
	TAP_EQ_INT(awskms_generate_data_key(c, "short-key", NULL, 32, &k, &e),
		   -EBADMSG, "a_plaintext_of_another_length_is_refused");
	TAP_OK(!k.plaintext.len && !k.blob, "a_failure_leaves_nothing");
}

static void failures(void)
{
	static const struct {
		const char *mode;
		int result;
		enum awskms_class class;
		const char *code;
	} table[] = {
		{"disabled", -EREMOTEIO, AWSKMS_CLASS_REVOKED,
		 "DisabledException"},
		{"deleting", -EREMOTEIO, AWSKMS_CLASS_REVOKED,
		 "KMSInvalidStateException"},
		{"denied", -EREMOTEIO, AWSKMS_CLASS_DENIED,
		 "AccessDeniedException"},
		{"fault", -EREMOTEIO, AWSKMS_CLASS_UNREACHABLE,
		 "KMSInternalException"},
		{"page", -EPROTO, AWSKMS_CLASS_UNREACHABLE, ""},
		{"redirect", -EPROTO, AWSKMS_CLASS_UNREACHABLE, ""},
		{"not-json", -EBADMSG, AWSKMS_CLASS_UNREACHABLE, ""},
		{"empty", -EBADMSG, AWSKMS_CLASS_UNREACHABLE, ""},
		{"truncate", -ECONNRESET, AWSKMS_CLASS_UNREACHABLE, ""},
		{"hang-up", -ECONNRESET, AWSKMS_CLASS_UNREACHABLE, ""},
		{"oversize", -EMSGSIZE, AWSKMS_CLASS_UNREACHABLE, ""},
		{"headers", -EMSGSIZE, AWSKMS_CLASS_UNREACHABLE, ""},
		{"slow", -ETIMEDOUT, AWSKMS_CLASS_UNREACHABLE, ""},
	};
	_cleanup_(awskms_freep) struct awskms_client *c =
		client(unix_endpoint, 1, NULL);
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	struct awskms_error e;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char name[64];

		snprintf(name, sizeof(name), "a_reply_that_is_%s",
			 table[i].mode);
		TAP_EQ_INT(awskms_decrypt(c, table[i].mode, NULL, "b", 1, &s,
					  NULL, &e),
			   table[i].result, name);
		if (!TAP_OK(e.class == table[i].class &&
				    !strcmp(e.code, table[i].code) &&
				    e.message[0],
			    "has_its_class_code_and_sentence"))
			tap_diag("%s %s: %s", awskms_class_name(e.class),
				 e.code, e.message);
	}
	TAP_OK(awskms_decrypt(c, "key", NULL, "b", 1, &s, NULL, &e) == 0,
	       "after_all_that_it_still_works");
}

static void no_service(void)
{
	_cleanup_(awskms_freep) struct awskms_client *absent =
		client("unix:/nonexistent/kmsd.sock", 1, NULL);
	_cleanup_(awskms_freep) struct awskms_client *closed = NULL;
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	struct awskms_error e;

	TAP_EQ_INT(awskms_decrypt(absent, "key", NULL, "b", 1, &s, NULL, &e),
		   -ENOENT, "a_socket_that_is_not_there");
	TAP_OK(e.class == AWSKMS_CLASS_UNREACHABLE && e.may_pass,
	       "is_unreachable_and_may_pass");
	TAP_OK(strstr(e.message, "/nonexistent/kmsd.sock: No such file"),
	       "the_message_names_the_socket_and_why");
	/* Port 1 of loopback: nobody listens. */
	snprintf(tcp_endpoint, sizeof(tcp_endpoint), "http://127.0.0.1:1");
	closed = client(tcp_endpoint, 1, NULL);
	TAP_EQ_INT(awskms_decrypt(closed, "key", NULL, "b", 1, &s, NULL, &e),
		   -ECONNREFUSED, "a_port_where_nobody_listens");
}

static void tries(void)
{
	_cleanup_(awskms_freep) struct awskms_client *c =
		client(unix_endpoint, 3, NULL);
	_cleanup_(awskms_data_key_done) struct awskms_data_key k =
		AWSKMS_DATA_KEY_INIT;
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	struct awskms_error e;

	shared->requests = 0;
	TAP_EQ_INT(awskms_decrypt(c, "throttle", NULL, "b", 1, &s, NULL, &e), 0,
		   "a_throttled_call_is_tried_again");
	TAP_EQ_INT(shared->requests, 3, "until_it_works");
	shared->requests = 0;
	TAP_EQ_INT(awskms_decrypt(c, "fault", NULL, "b", 1, &s, NULL, &e),
		   -EREMOTEIO, "a_failing_call_is_given_up");
	TAP_EQ_INT(shared->requests, 3, "after_the_tries_asked_for");
	shared->requests = 0;
	TAP_EQ_INT(awskms_decrypt(c, "disabled", NULL, "b", 1, &s, NULL, &e),
		   -EREMOTEIO, "a_refusal_is_final");
	TAP_EQ_INT(shared->requests, 1, "and_asked_for_once");
	shared->requests = 0;
	TAP_EQ_INT(awskms_generate_data_key(c, "fault", NULL, 32, &k, &e),
		   -EREMOTEIO, "a_data_key_is_never_asked_for_twice");
	TAP_EQ_INT(shared->requests, 1, "but_once");
}

static void signing(void)
{
	_cleanup_(awskms_freep) struct awskms_client *c =
		client(tcp_endpoint, 1, "token//+=");
	_json_ cJSON *request = cJSON_CreateObject(), *body = NULL;
	_cleanup_(awskms_freep) struct awskms_client *ahead =
		client(tcp_endpoint, 1, NULL);
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	struct awskms_error e = AWSKMS_ERROR_INIT;

	if (!TAP_EQ_INT(awskms_call(c, "ListKeys", request, &body, &e), 0,
			"what_arrives_is_what_was_signed"))
		tap_diag("%s", e.message);
	TAP_OK(strstr(shared->last, "X-Amz-Security-Token: token//+=\r\n"),
	       "with_the_session_token");
	TAP_OK(strstr(shared->last, "User-Agent: kmsagent/"),
	       "and_says_who_asks");
	TAP_OK(!strcasestr(shared->last, "Expect:"), "and_expects_nothing");

	shared->requests = shared->bad_signatures = 0;
	cJSON_AddStringToObject(request, "KeyId", "ahead");
	cJSON_Delete(body);
	body = NULL;
	TAP_EQ_INT(awskms_call(ahead, "ListKeys", request, &body, &e), 0,
		   "a_service_whose_clock_is_ahead_is_followed");
	TAP_EQ_INT(shared->requests, 2, "after_one_refusal");
	cJSON_Delete(body);
	body = NULL;
	TAP_EQ_INT(awskms_call(ahead, "ListKeys", request, &body, &e), 0,
		   "and_from_then_on");
	TAP_EQ_INT(shared->bad_signatures, 1, "without_another");

	TAP_OK(awskms_call_text(c, "ListKeys", "{}", &s, &e) == 0 &&
		       s.len == 11 && !memcmp(s.bytes, "{\"Keys\":[]}", 11),
	       "a_call_may_be_text");
	TAP_EQ_INT(awskms_call_text(c, "List\r\nX: y", "{}", &s, &e), -EINVAL,
		   "an_operation_with_a_newline_is_refused");
}

static void environment(void)
{
	_cleanup_(awskms_freep) struct awskms_client *c =
		client(tcp_endpoint, 1, NULL);
	_json_ cJSON *request = cJSON_CreateObject(), *body = NULL;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	TAP_EQ_INT(awskms_call(c, "ListKeys", request, &body, NULL), 0,
		   "a_proxy_of_the_environment_is_not_used");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

/* ---- what is left in memory ---- */

#define NEEDLE_BYTES 15
struct needle {
	uint8_t inverted[NEEDLE_BYTES]; /* so that it does not find itself */
};

static void needle_set(struct needle *n, const void *from)
{
	for (size_t i = 0; i < NEEDLE_BYTES; i++)
		n->inverted[i] = (uint8_t) ~((const uint8_t *)from)[i];
}

/* Raw, hexadecimal, and base64 at its three alignments. */
static size_t needles_make(struct needle *n)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT,
					     text = SECRET_INIT;
	size_t count = 0;

	key_bytes(&key);
	if (secret_alloc(&text, 128) < 0)
		exit(1);
	needle_set(&n[count++], key.bytes);
	needle_set(&n[count++], key.bytes + 16);
	hex_encode(key.bytes, key.len, (char *)text.bytes);
	needle_set(&n[count++], text.bytes);
	for (size_t shift = 0; shift < 3; shift++) {
		base64_encode(key.bytes + shift, 24, (char *)text.bytes);
		needle_set(&n[count++], text.bytes + 2);
	}
	return count;
}

static bool matches(const uint8_t *at, const struct needle *n)
{
	for (size_t i = 0; i < NEEDLE_BYTES; i++)
		if ((at[i] ^ n->inverted[i]) != 0xff)
			return false;
	return true;
}

/* Every readable byte of this process.  Pages of memfd_secret read as errors
 * here, as they do for everybody. */
static unsigned scan(const struct needle *n, size_t count)
{
	static uint8_t page[1 << 16];
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long from, to;
	unsigned hits = 0;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		for (unsigned long at = from; at < to;) {
			unsigned long want = to - at;
			ssize_t len;

			/* What was read last time is no hit. */
			memset(page, 0, sizeof(page));
			if (want > sizeof(page))
				want = sizeof(page);
			/* The scanner does not scan its own buffer. */
			if (at <= (unsigned long)page &&
			    (unsigned long)page < at + want) {
				if (at == ((unsigned long)page & ~4095UL)) {
					at += sizeof(page) + 4096;
					continue;
				}
				want = ((unsigned long)page & ~4095UL) - at;
			}
			len = pread(mem, page, want, (off_t)at);
			if (len <= 0) {
				at += 4096;
				continue;
			}
			for (ssize_t i = 0; i + NEEDLE_BYTES <= len; i++)
				for (size_t k = 0; k < count; k++)
					hits += matches(page + i, &n[k]);
			/* Overlap, for what lies across. */
			at += want > 4096 && at + want < to
				      ? (unsigned long)len - 4096
				      : (unsigned long)want;
		}
	}
	memset(page, 0, sizeof(page));
	if (maps)
		fclose(maps);
	close_keep_errno(mem);
	return hits;
}

static void _unused_ memory(const char *endpoint, const char *where)
{
	_cleanup_(awskms_freep) struct awskms_client *c =
		client(endpoint, 1, NULL);
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	_cleanup_(awskms_data_key_done) struct awskms_data_key k =
		AWSKMS_DATA_KEY_INIT;
	struct needle n[8];
	size_t count = needles_make(n);
	uint8_t *control = malloc(64);
	char name[96];
	int r;

	r = awskms_generate_data_key(c, "key", NULL, 32, &k, NULL);
	if (r == 0)
		r = awskms_decrypt(c, "key", NULL, "b", 1, &s, NULL, NULL);
	snprintf(name, sizeof(name), "two_keys_came_over_%s", where);
	TAP_EQ_INT(r, 0, name);
	if (secret_backing() != SECRET_BACKING_MEMFD_SECRET) {
		/* They would be found where they belong. */
		secret_done(&s);
		secret_done(&k.plaintext);
	}
	snprintf(name, sizeof(name), "no_copy_is_left_while_connected_over_%s",
		 where);
	TAP_EQ_INT(scan(n, count), 0, name);

	/* The positive control: each form of it is found when it is there. */
	for (size_t i = 0; control && i < count; i++) {
		for (size_t b = 0; b < NEEDLE_BYTES; b++)
			control[b] = (uint8_t)~n[i].inverted[b];
		TAP_OK(scan(n, count) >= 1, "the_scan_finds_each_form");
		secret_wipe(control, 64);
	}
	free(control);
	TAP_EQ_INT(scan(n, count), 0, "and_nothing_once_it_is_wiped");
}

static int listen_tcp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (void *)&a, sizeof(a)) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (void *)&a, &len) < 0)
		exit(1);
	snprintf(tcp_endpoint, sizeof(tcp_endpoint), "http://127.0.0.1:%u",
		 ntohs(a.sin_port));
	return fd;
}

static int listen_unix(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, path);
	if (bind(fd, (void *)&a, sizeof(a)) < 0 || listen(fd, 16) < 0)
		exit(1);
	return fd;
}

int main(void)
{
	char dir[] = "/tmp/awskms.XXXXXX", path[64];
	int lfd[2];
	pid_t pid[2];

	json_init();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!mkdtemp(dir) || shared == MAP_FAILED || awskms_global_init() < 0)
		return 1;
	snprintf(path, sizeof(path), "%s/kmsd.sock", dir);
	snprintf(unix_endpoint, sizeof(unix_endpoint), "unix:%s", path);
	lfd[0] = listen_tcp();
	lfd[1] = listen_unix(path);
	for (int i = 0; i < 2; i++)
		pid[i] = serve(lfd[i]);

		/* First: later tests use the same bytes in this process. */
#ifdef __SANITIZE_ADDRESS__
	tap_skip("no_copy_is_left_while_connected",
		 "the sanitizer's shadow is terabytes to scan");
#else
	memory(unix_endpoint, "a_unix_socket");
	memory(tcp_endpoint, "tcp");
#endif
	configurations();
	data_keys(unix_endpoint);
	data_keys(tcp_endpoint);
	failures();
	tries();
	signing();
	environment();
	no_service();
	for (int i = 0; i < 2; i++) {
		kill(-pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
		close(lfd[i]);
	}
	unlink(path);
	rmdir(dir);
	return tap_done();
}
