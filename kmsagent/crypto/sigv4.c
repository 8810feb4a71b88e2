/* SPDX-License-Identifier: MIT */
/* The signature itself: the key of a day, signing, comparing. */
#include "kmsagent/crypto/sigv4.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/sigv4-canonical.h"

#define KEY_PREFIX "AWS4"
#define YEAR_9999  INT64_C(253402300799) /* its last second */

static int hmac_text(const struct secret *key, const char *text,
		     struct secret *ret)
{
	_cleanup_(hmac_done) struct hmac h = HMAC_INIT;
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	int r;

	r = hmac_init(&h, key);
	if (r < 0)
		return r;
	r = secret_alloc(&out, SHA256_BYTES);
	if (r < 0)
		return r;
	r = hmac_sign(&h, &(struct iovec){(void *)text, strlen(text)}, 1,
		      out.bytes);
	if (r < 0)
		return r;
	secret_move(ret, &out);
	return 0;
}

int sigv4_day_key(const struct secret *secret_access_key, const char *date,
		  const char *region, const char *service, struct secret *ret)
{
	const char *const steps[] = {date, region, service, SIGV4_TERMINATOR};
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	int r;

	if (secret_access_key->len == 0)
		return -EINVAL;
	r = secret_alloc(&key, strlen(KEY_PREFIX) + secret_access_key->len);
	if (r < 0)
		return r;
	memcpy(key.bytes, KEY_PREFIX, strlen(KEY_PREFIX));
	memcpy(key.bytes + strlen(KEY_PREFIX), secret_access_key->bytes,
	       secret_access_key->len);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		r = hmac_text(&key, steps[i], &key);
		if (r < 0)
			return r;
	}
	secret_move(ret, &key);
	return 0;
}

static int signature_of(const struct sigv4_request *req,
			const char *signed_headers, size_t signed_headers_len,
			const char *time, const struct sigv4_scope *scope,
			struct hmac *day_key, char ret[SIGV4_SIGNATURE_LEN + 1])
{
	char text[SIGV4_STRING_BYTES];
	uint8_t mac[SHA256_BYTES];
	int r;

	r = sigv4_string_to_sign(req, signed_headers, signed_headers_len, time,
				 scope, text);
	if (r < 0)
		return r;
	r = hmac_sign(day_key, &(struct iovec){text, (size_t)r}, 1, mac);
	if (r < 0)
		return r;
	hex_encode(mac, sizeof(mac), ret);
	return 0;
}

enum sigv4_refusal sigv4_verify(const struct sigv4_request *req,
				const struct sigv4_auth *auth,
				struct hmac *day_key)
{
	const struct sigv4_scope scope = {auth->date, auth->region,
					  auth->service};
	char ours[SIGV4_SIGNATURE_LEN + 1];

	if (auth->signature_len != SIGV4_SIGNATURE_LEN)
		return SIGV4_MISMATCH;
	if (signature_of(req, auth->signed_headers, auth->signed_headers_len,
			 auth->time, &scope, day_key, ours) < 0)
		return SIGV4_MISMATCH;
	return CRYPTO_memcmp(ours, auth->signature, SIGV4_SIGNATURE_LEN) == 0
		       ? SIGV4_OK
		       : SIGV4_MISMATCH;
}

static int compare_headers(const void *a, const void *b)
{
	const struct sigv4_header *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

/* Not tolower(): that follows the locale. */
static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	return c;
}

/*
 * "a;b;c": the headers' names, sorted, each once, in lower case.  Only the
 * names: values of a name that comes twice are joined as they are sent.
 */
static char *list_names(const struct sigv4_header *headers, size_t count)
{
	_free_ struct sigv4_header *sorted = NULL;
	size_t len = 1;
	char *list, *to;

	for (size_t i = 0; i < count; i++)
		len += strlen(headers[i].name) + 1;
	list = to = calloc(1, len);
	sorted = reallocarray(NULL, count, sizeof(*sorted));
	if (!list || !sorted) {
		free(list);
		return NULL;
	}
	memcpy(sorted, headers, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_headers);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && compare_headers(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		if (i > 0)
			*to++ = ';';
		for (const char *p = sorted[i].name; *p; p++)
			*to++ = lower(*p);
	}
	*to = '\0';
	return list;
}

/* The headers of @req and the two that signing adds; returns how many. */
static size_t add_headers(const struct sigv4_request *req, const char *time,
			  const char *session_token, struct sigv4_header *all)
{
	size_t count = req->header_count;

	if (count > 0)
		memcpy(all, req->headers, count * sizeof(*all));
	all[count++] = (struct sigv4_header){"x-amz-date", time};
	if (session_token)
		all[count++] = (struct sigv4_header){"x-amz-security-token",
						     session_token};
	return count;
}

static bool is_signable(const struct sigv4_request *req)
{
	return sigv4_header(req, "Host") && !sigv4_header(req, "X-Amz-Date") &&
	       !sigv4_header(req, "X-Amz-Security-Token") &&
	       !sigv4_header(req, "Authorization");
}

static int sign(const struct sigv4_request *req, const char *names,
		const char *time, const struct sigv4_scope *scope,
		const struct secret *secret_access_key,
		char ret[SIGV4_SIGNATURE_LEN + 1])
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(hmac_done) struct hmac day_key = HMAC_INIT;
	int r;

	r = sigv4_day_key(secret_access_key, scope->date, scope->region,
			  scope->service, &key);
	if (r < 0)
		return r;
	r = hmac_init(&day_key, &key);
	if (r < 0)
		return r;
	return signature_of(req, names, strlen(names), time, scope, &day_key,
			    ret);
}

int sigv4_sign(const struct sigv4_request *req,
	       const struct sigv4_credentials *creds, const char *region,
	       const char *service, int64_t now_s, struct sigv4_signature *ret)
{
	struct sigv4_signature s = SIGV4_SIGNATURE_INIT;
	struct sigv4_request full = *req;
	_free_ struct sigv4_header *headers = NULL;
	_free_ char *names = NULL;
	char date[SIGV4_DATE_LEN + 1], signature[SIGV4_SIGNATURE_LEN + 1];
	int r;

	if (!is_signable(req) || now_s < 0 || now_s > YEAR_9999)
		return -EINVAL;
	clock_format_basic(now_s, s.time);
	memcpy(date, s.time, SIGV4_DATE_LEN);
	date[SIGV4_DATE_LEN] = '\0';
	headers = reallocarray(NULL, req->header_count + 2, sizeof(*headers));
	if (!headers)
		return -ENOMEM;
	full.headers = headers;
	full.header_count =
		add_headers(req, s.time, creds->session_token, headers);
	names = list_names(headers, full.header_count);
	if (!names)
		return -ENOMEM;
	r = sign(&full, names, s.time,
		 &(struct sigv4_scope){date, region, service},
		 creds->secret_access_key, signature);
	if (r < 0)
		return r;
	if (asprintf(&s.authorization,
		     SIGV4_ALGORITHM " Credential=%s/%s/%s/%s/" SIGV4_TERMINATOR
				     ", SignedHeaders=%s, Signature=%s",
		     creds->access_key_id, date, region, service, names,
		     signature) < 0)
		return -ENOMEM;
	*ret = s;
	return 0;
}

void sigv4_signature_done(struct sigv4_signature *s)
{
	free(s->authorization);
	*s = SIGV4_SIGNATURE_INIT;
}
