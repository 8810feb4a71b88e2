/* SPDX-License-Identifier: MIT */
/*
 * Signing, trying again, and what a reply means.  It must not know which
 * operation carries a key.
 */
#include "kmsagent/aws/client.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "kmsagent/aws/internal.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/crypto/sigv4.h"

#define CONTENT_TYPE	   "application/x-amz-json-1.1"
#define DEFAULT_CONNECT_MS 3000
#define DEFAULT_TOTAL_MS   8000
#define MAX_TRIES	   5
#define PAUSE_MS	   50

static int copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

int awskms_new(const struct awskms_config *config, struct awskms_client **ret,
	       char *why, size_t why_len)
{
	_cleanup_(awskms_freep) struct awskms_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = awskms_endpoint_parse(config->endpoint, &c->endpoint, why, why_len);
	if (r < 0)
		return r;
	if (config->credentials) {
		c->credentials = *config->credentials;
		*config->credentials = AWSKMS_CREDENTIALS_INIT;
	}
	if (!c->endpoint.socket_path && !c->credentials.access_key_id) {
		snprintf(why, why_len,
			 "endpoint %s: credentials are needed; only a Unix "
			 "socket tells the service who we are",
			 config->endpoint);
		return -EINVAL;
	}
	if (c->credentials.access_key_id &&
	    (!config->region || !*config->region)) {
		snprintf(why, why_len, "a region is needed to sign requests");
		return -EINVAL;
	}
	r = copy(&c->region, config->region);
	if (r == 0)
		r = copy(&c->ca_file, config->ca_file);
	if (r == 0)
		r = secret_alloc(&c->room, AWSKMS_MAX_REPLY_BYTES);
	if (r < 0)
		return r;
	c->connect_timeout_ms = config->connect_timeout_ms
					? config->connect_timeout_ms
					: DEFAULT_CONNECT_MS;
	c->total_timeout_ms = config->total_timeout_ms
				      ? config->total_timeout_ms
				      : DEFAULT_TOTAL_MS;
	c->tries = config->tries ? config->tries : 1;
	if (c->tries > MAX_TRIES)
		c->tries = MAX_TRIES;
	*ret = take_ptr(c);
	return 0;
}

void awskms_free(struct awskms_client *c)
{
	if (!c)
		return;
	if (c->curl)
		curl_easy_cleanup(c->curl);
	secret_done(&c->room);
	awskms_credentials_done(&c->credentials);
	awskms_endpoint_done(&c->endpoint);
	free(c->ca_file);
	free(c->region);
	free(c);
}

static void slist_freep(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static int header_add(struct curl_slist **list, const char *name,
		      const char *value)
{
	_free_ char *line = io_format("%s: %s", name, value);
	struct curl_slist *more = line ? curl_slist_append(*list, line) : NULL;

	if (!more)
		return -ENOMEM;
	*list = more;
	return 0;
}

static int sign(const struct awskms_client *c, const char *target,
		const char *body, struct curl_slist **list)
{
	_cleanup_(sigv4_signature_done) struct sigv4_signature s =
		SIGV4_SIGNATURE_INIT;
	const struct sigv4_header headers[] = {
		{"host", c->endpoint.host},
		{"content-type", CONTENT_TYPE},
		{"x-amz-target", target},
	};
	uint8_t hash[SHA256_BYTES];
	const struct iovec body_part = {(void *)(uintptr_t)body, strlen(body)};
	const struct sigv4_request req = {
		.method = "POST",
		.path = "/",
		.headers = headers,
		.header_count = ARRAY_SIZE(headers),
		.body_hash = hash,
	};
	const struct sigv4_credentials creds = {
		.access_key_id = c->credentials.access_key_id,
		.secret_access_key = &c->credentials.secret_access_key,
		.session_token = c->credentials.session_token,
	};
	int r = sha256(&body_part, 1, hash);

	if (r < 0)
		return r;
	r = sigv4_sign(&req, &creds, c->region, "kms",
		       clock_epoch_s() + c->skew_s, &s);
	if (r == 0)
		r = header_add(list, "X-Amz-Date", s.time);
	if (r == 0)
		r = header_add(list, "Authorization", s.authorization);
	if (r == 0 && creds.session_token)
		r = header_add(list, "X-Amz-Security-Token",
			       creds.session_token);
	return r;
}

static int headers_make(const struct awskms_client *c, const char *operation,
			const char *body, struct curl_slist **list)
{
	_free_ char *target = io_format("TrentService.%s", operation);
	int r = target ? 0 : -ENOMEM;

	if (r == 0)
		r = header_add(list, "Host", c->endpoint.host);
	if (r == 0)
		r = header_add(list, "Content-Type", CONTENT_TYPE);
	if (r == 0)
		r = header_add(list, "X-Amz-Target", target);
	/* No "100-continue" round trip, no compression. */
	if (r == 0)
		r = header_add(list, "Expect", "");
	if (r == 0)
		r = header_add(list, "Accept-Encoding", "identity");
	if (r == 0 && c->credentials.access_key_id)
		r = sign(c, target, body, list);
	return r;
}

/* What the reply means: 0 for a 200, else as awskms_call() says. */
static int judge(struct awskms_client *c, struct awskms_error *err)
{
	int r;

	if (c->http_status == 200)
		return 0;
	err->http_status = c->http_status;
	if (awskms_error_parse(c->room.bytes, c->got, c->http_status,
			       c->error_type, err)) {
		r = -EREMOTEIO;
	} else {
		err->may_pass = c->http_status >= 500;
		snprintf(err->message, sizeof(err->message),
			 "HTTP status %ld without an AWS error",
			 c->http_status);
		r = -EPROTO;
	}
	awskms_reply_wipe(c);
	return r;
}

static bool may_pass(int r)
{
	static const int passing[] = {ECONNREFUSED, ENOENT,	  ECONNRESET,
				      ETIMEDOUT,    EHOSTUNREACH, ENETUNREACH};

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (r == -passing[i])
			return true;
	return false;
}

static int once(struct awskms_client *c, const char *operation,
		const char *body, struct awskms_error *err)
{
	_cleanup_(slist_freep) struct curl_slist *headers = NULL;
	int r = headers_make(c, operation, body, &headers);

	*err = (struct awskms_error){.class = AWSKMS_CLASS_UNREACHABLE};
	if (r < 0) {
		snprintf(err->message, sizeof(err->message),
			 "the request was not made: %s", strerror(-r));
		return r;
	}
	r = awskms_post(c, headers, body, strlen(body));
	if (r < 0) {
		awskms_text_copy(err->message, sizeof(err->message),
				 c->curl_error);
		err->may_pass = may_pass(r);
		return r;
	}
	r = judge(c, err);
	if (r == 0)
		err->class = AWSKMS_CLASS_OK;
	return r;
}

/* A signature refused for its time, by a service that tells its own. */
static bool learn_skew(struct awskms_client *c, const struct awskms_error *err)
{
	if (strcmp(err->code, "InvalidSignatureException") != 0 || !c->date_s)
		return false;
	if (!strstr(err->message, "Signature expired") &&
	    !strstr(err->message, "Signature not yet current"))
		return false;
	c->skew_s = c->date_s - clock_epoch_s();
	return true;
}

/* Twice as long each time, half of it by chance. */
static void pause_before(unsigned try)
{
	int64_t ms = (int64_t)PAUSE_MS << try;
	uint16_t chance = 0;
	struct timespec t;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = 0x8000;
	ms = ms / 2 + ms / 2 * chance / 0xffff;
	t.tv_sec = ms / 1000;
	t.tv_nsec = ms % 1000 * 1000000;
	nanosleep(&t, NULL);
}

int awskms_exchange(struct awskms_client *c, const char *operation,
		    const char *body, bool is_safe, struct awskms_error *err)
{
	struct awskms_error ours;
	bool clock_tried = false;
	unsigned try = 0;
	int r;

	if (!err)
		err = &ours;
	for (;;) {
		r = once(c, operation, body, err);
		if (r == -EREMOTEIO && !clock_tried && learn_skew(c, err)) {
			clock_tried = true;
			continue;
		}
		if (r == 0 || !is_safe || !err->may_pass || ++try >= c->tries)
			return r;
		pause_before(try);
	}
}

/* Read-only by their names, as AWS has them. */
static bool is_safe_operation(const char *operation)
{
	static const char *const prefixes[] = {"Describe", "List", "Get"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(operation, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_operation(const char *operation)
{
	return *operation &&
	       operation[strspn(operation, "abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] ==
		       '\0';
}

static int exchange_text(struct awskms_client *c, const char *operation,
			 const char *request, struct awskms_error *err)
{
	if (is_operation(operation))
		return awskms_exchange(c, operation, request,
				       is_safe_operation(operation), err);
	if (err) {
		*err = (struct awskms_error){.class = AWSKMS_CLASS_UNREACHABLE};
		strcpy(err->message, "an operation's name has only letters");
	}
	return -EINVAL;
}

int awskms_call_text(struct awskms_client *c, const char *operation,
		     const char *request, struct secret *ret_body,
		     struct awskms_error *err)
{
	int r = exchange_text(c, operation, request, err);

	if (r < 0)
		return r;
	/* Some operations answer with nothing. */
	r = c->got ? secret_set(ret_body, c->room.bytes, c->got)
		   : secret_set(ret_body, "{}", 2);
	awskms_reply_wipe(c);
	return r;
}

int awskms_call(struct awskms_client *c, const char *operation,
		const cJSON *request, cJSON **ret_body,
		struct awskms_error *err)
{
	static const char *const secrets[] = {
		"Plaintext", "PrivateKeyPlaintext", "SharedSecret"};
	_json_text_ char *text = json_print(request);
	int r = text ? exchange_text(c, operation, text, err) : -ENOMEM;

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(secrets) && c->got; i++) {
		r = awskms_secret_take(c->room.bytes, c->got, secrets[i], NULL);
		if (r < 0 && r != -ENOENT)
			break;
	}
	if (r == 0 || r == -ENOENT)
		r = c->got ? json_parse_object((const char *)c->room.bytes,
					       c->got, ret_body)
			   : json_parse_object("{}", 2, ret_body);
	awskms_reply_wipe(c);
	return r;
}
