/* SPDX-License-Identifier: MIT */
/*
 * The canonical request, hashed as it is written: it can be as long as all
 * headers together, and nobody needs it in one piece.
 */
#include "kmsagent/crypto/sigv4-canonical.h"

#include <string.h>
#include <strings.h>

#include <openssl/err.h>

#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/evp.h"

/* Gathers small writes: each update of a digest costs a call and checks. */
struct sink {
	EVP_MD_CTX *digest;
	bool failed;
	size_t len;
	char buf[1024];
};

static void sink_flush(struct sink *s)
{
	if (EVP_DigestUpdate(s->digest, s->buf, s->len) != 1)
		s->failed = true;
	s->len = 0;
}

static void put_char(struct sink *s, char c)
{
	if (s->len == sizeof(s->buf))
		sink_flush(s);
	s->buf[s->len++] = c;
}

static void put(struct sink *s, const char *p, size_t len)
{
	if (len <= sizeof(s->buf) - s->len) {
		memcpy(s->buf + s->len, p, len);
		s->len += len;
		return;
	}
	for (size_t i = 0; i < len; i++)
		put_char(s, p[i]);
}

static void put_str(struct sink *s, const char *p)
{
	put(s, p, strlen(p));
}

static bool is_unreserved(char c)
{
	/* Not isalnum(): that follows the locale. */
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c));
}

/* Encode one byte as RFC 3986 section 2.1 has it; returns where it ended. */
static char *encode_byte(char *to, char c)
{
	static const char digits[] = "0123456789ABCDEF";

	if (is_unreserved(c)) {
		*to++ = c;
		return to;
	}
	*to++ = '%';
	*to++ = digits[(unsigned char)c >> 4];
	*to++ = digits[(unsigned char)c & 15];
	return to;
}

/* Without empty, "." and ".." segments; RFC 3986 section 5.2.4. */
static void remove_dots(const char *path, char *out)
{
	char *end = out;

	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");
		bool up = len == 2 && p[0] == '.' && p[1] == '.';

		if (up)
			while (end > out && *--end != '/')
				;
		else if (len > 0 && !(len == 1 && *p == '.')) {
			*end++ = '/';
			memcpy(end, p, len);
			end += len;
		}
		p += len;
		p += *p == '/';
	}
	if (end == out || path[strlen(path) - 1] == '/')
		*end++ = '/';
	*end = '\0';
}

static int put_path(struct sink *s, const char *path)
{
	_free_ char *clean = NULL;

	if (path[0] == '\0' || strcmp(path, "/") == 0) {
		put_char(s, '/');
		return 0;
	}
	clean = malloc(strlen(path) + 2);
	if (!clean)
		return -ENOMEM;
	remove_dots(path, clean);
	for (const char *p = clean; *p; p++) {
		char encoded[3];

		if (*p == '/')
			put_char(s, '/');
		else
			put(s, encoded,
			    (size_t)(encode_byte(encoded, *p) - encoded));
	}
	return 0;
}

struct parameter {
	char *name;
	char *value;
};

static int compare_parameters(const void *a, const void *b)
{
	const struct parameter *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->value, y->value);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode what the client encoded and encode it our way; returns the end. */
static char *recode(const char *from, size_t len, char *to)
{
	for (size_t i = 0; i < len; i++) {
		char c = from[i];

		if (c == '%' && len - i > 2 && hex_digit(from[i + 1]) >= 0 &&
		    hex_digit(from[i + 2]) >= 0) {
			c = (char)(hex_digit(from[i + 1]) << 4 |
				   hex_digit(from[i + 2]));
			i += 2;
		}
		to = encode_byte(to, c);
	}
	*to++ = '\0';
	return to;
}

/* Cut @query into @params; their text goes to @text.  Returns how many. */
static size_t split_query(const char *query, struct parameter *params,
			  char *text)
{
	size_t count = 0;

	while (*query) {
		size_t len = strcspn(query, "&");
		const char *equals = memchr(query, '=', len);
		size_t name_len = equals ? (size_t)(equals - query) : len;

		if (len > 0) {
			struct parameter *p = &params[count++];

			p->name = text;
			text = recode(query, name_len, text);
			p->value = text;
			text = recode(equals ? equals + 1 : "",
				      equals ? len - name_len - 1 : 0, text);
		}
		query += len;
		query += *query == '&';
	}
	return count;
}

static int put_query(struct sink *s, const char *query)
{
	_free_ struct parameter *params = NULL;
	_free_ char *text = NULL;
	size_t count = 1;

	if (!query || !*query)
		return 0;
	for (const char *p = query; *p; p++)
		count += *p == '&';
	params = reallocarray(NULL, count, sizeof(*params));
	text = reallocarray(NULL, strlen(query) + count, 3);
	if (!params || !text)
		return -ENOMEM;
	count = split_query(query, params, text);
	qsort(params, count, sizeof(*params), compare_parameters);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			put_char(s, '&');
		put_str(s, params[i].name);
		put_char(s, '=');
		put_str(s, params[i].value);
	}
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Trimmed, and each run of white space as one space: no newline gets by. */
static void put_value(struct sink *s, const char *v)
{
	while (is_space(*v))
		v++;
	while (*v) {
		size_t len = strcspn(v, " \t\n\v\f\r");

		put(s, v, len);
		v += len;
		while (is_space(*v))
			v++;
		if (len > 0 && *v)
			put_char(s, ' ');
	}
}

/* Most names differ in their first letter: that spares most calls. */
static bool is_named(const char *name, const char *wanted, size_t len)
{
	return ((name[0] ^ wanted[0]) & 0x5f) == 0 &&
	       strncasecmp(name, wanted, len) == 0 && name[len] == '\0';
}

/* "name:value,value\n" */
static int put_header(struct sink *s, const struct sigv4_request *req,
		      const char *name, size_t len)
{
	bool found = false;

	put(s, name, len);
	put_char(s, ':');
	for (size_t i = 0; i < req->header_count; i++) {
		const struct sigv4_header *h = &req->headers[i];

		if (!is_named(h->name, name, len))
			continue;
		if (found)
			put_char(s, ',');
		put_value(s, h->value);
		found = true;
	}
	put_char(s, '\n');
	return found ? 0 : -ENOENT;
}

static int put_headers(struct sink *s, const struct sigv4_request *req,
		       const char *list, size_t list_len)
{
	while (list_len > 0) {
		const char *end = memchr(list, ';', list_len);
		size_t len = end ? (size_t)(end - list) : list_len;
		int r = put_header(s, req, list, len);

		if (r < 0)
			return r;
		len += end != NULL;
		list += len;
		list_len -= len;
	}
	return 0;
}

/* The lines of the canonical request, one after the other. */
static int put_request(struct sink *s, const struct sigv4_request *req,
		       const char *list, size_t list_len)
{
	char body_hex[2 * SHA256_BYTES + 1];
	int r;

	put_str(s, req->method);
	put_char(s, '\n');
	r = put_path(s, req->path);
	if (r < 0)
		return r;
	put_char(s, '\n');
	r = put_query(s, req->query);
	if (r < 0)
		return r;
	put_char(s, '\n');
	r = put_headers(s, req, list, list_len);
	if (r < 0)
		return r;
	put_char(s, '\n');
	put(s, list, list_len);
	put_char(s, '\n');
	hex_encode(req->body_hash, SHA256_BYTES, body_hex);
	put(s, body_hex, sizeof(body_hex) - 1);
	return 0;
}

const char *sigv4_header(const struct sigv4_request *req, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < req->header_count; i++)
		if (is_named(req->headers[i].name, name, len))
			return req->headers[i].value;
	return NULL;
}

/* Not snprintf(): every request comes through here. */
static int join(const char *const *parts, char buf[SIGV4_STRING_BYTES])
{
	size_t total = 0;

	for (; *parts; parts++) {
		size_t len = strlen(*parts);

		if (len > SIGV4_STRING_BYTES - total)
			return -EINVAL;
		memcpy(buf + total, *parts, len);
		total += len;
	}
	return (int)total;
}

int sigv4_string_to_sign(const struct sigv4_request *req,
			 const char *signed_headers, size_t signed_headers_len,
			 const char *time, const struct sigv4_scope *scope,
			 char buf[SIGV4_STRING_BYTES])
{
	struct evp_contexts *evp = evp_contexts();
	uint8_t digest[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];
	struct sink s;
	int r;

	if (!evp)
		return -ENOMEM;
	s.digest = evp->sha256;
	s.len = 0;
	s.failed = EVP_DigestInit_ex2(s.digest, NULL, NULL) != 1;
	r = put_request(&s, req, signed_headers, signed_headers_len);
	if (r < 0)
		return r;
	sink_flush(&s);
	if (s.failed || EVP_DigestFinal_ex(s.digest, digest, NULL) != 1) {
		ERR_clear_error();
		return -EIO;
	}
	hex_encode(digest, sizeof(digest), hex);
	return join((const char *const[]){SIGV4_ALGORITHM "\n", time, "\n",
					  scope->date, "/", scope->region, "/",
					  scope->service,
					  "/" SIGV4_TERMINATOR "\n", hex, NULL},
		    buf);
}
