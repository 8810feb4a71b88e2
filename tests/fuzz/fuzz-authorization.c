/* SPDX-License-Identifier: MIT */
/*
 * Requests as clients send them, up to the signature.  The input is lines:
 * path, query, date, Authorization header, then "name:value" headers.
 */
#include <string.h>

#include "kmsagent/crypto/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_HEADERS 16

static struct hmac day_key;

static void set_up(void)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;

	if (secret_random(&bytes, SHA256_BYTES) < 0 ||
	    hmac_init(&day_key, &bytes) < 0)
		abort();
}

static char *next_line(char **rest)
{
	char *line = strsep(rest, "\n");

	return line ? line : (char *)"";
}

static size_t take_headers(char *rest, struct sigv4_header *headers, size_t n)
{
	char *line;

	while ((line = strsep(&rest, "\n")) && n < MAX_HEADERS) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue;
		*colon = '\0';
		headers[n++] = (struct sigv4_header){line, colon + 1};
	}
	return n;
}

/* All that a refusal says must be printable and end in the buffer. */
static void check_words(enum sigv4_refusal why, const struct sigv4_auth *auth,
			const struct sigv4_policy *policy)
{
	char text[SIGV4_EXPLAIN_BYTES];

	memset(text, 1, sizeof(text));
	sigv4_explain(why, auth, policy, text);
	if (!memchr(text, 0, sizeof(text)) || !text[0] != (why == SIGV4_OK))
		abort();
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t body_hash[SHA256_BYTES];
	static const char *const regions[] = {"us-east-1", NULL};
	struct sigv4_header headers[MAX_HEADERS];
	_free_ char *text = strndup((const char *)data, size);
	char *rest = text;
	struct sigv4_request req = {
		.method = "POST",
		.headers = headers,
		.body_hash = body_hash,
	};
	struct sigv4_policy policy = {regions, "kms", 0};
	struct sigv4_auth auth;
	enum sigv4_refusal why;

	if (!text)
		abort();
	if (!day_key.ctx)
		set_up();
	req.path = next_line(&rest);
	req.query = next_line(&rest);
	headers[0] = (struct sigv4_header){"X-Amz-Date", next_line(&rest)};
	headers[1] = (struct sigv4_header){"Authorization", next_line(&rest)};
	req.header_count = take_headers(rest, headers, 2);
	why = sigv4_parse(&req, &auth);
	check_words(why, &auth, &policy);
	if (why)
		return 0;
	policy.now_s = auth.time_s + (int64_t)(size % 1024) - 512;
	why = sigv4_check(&req, &auth, &policy);
	check_words(why, &auth, &policy);
	/* Whatever the check says: the parser below it must hold. */
	if (sigv4_verify(&req, &auth, &day_key) != SIGV4_MISMATCH)
		abort();
	return 0;
}
