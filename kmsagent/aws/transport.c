/* SPDX-License-Identifier: MIT */
/*
 * One POST by libcurl into locked memory.  Nothing of the environment, no
 * redirect and no proxy decides where a request goes.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kmsagent/aws/internal.h"
#include "kmsagent/base/clock.h"

#define MAX_HEADER_BYTES ((size_t)32 << 10)

static size_t on_body(char *data, size_t one, size_t len, void *client)
{
	struct awskms_client *c = client;

	(void)one;
	if (len > c->room.len - c->got) {
		c->too_large = true;
		return 0;
	}
	memcpy(c->room.bytes + c->got, data, len);
	c->got += len;
	return len;
}

/* The value of header @name in a line that has no NUL; false if another. */
static bool header_value(const char *line, size_t len, const char *name,
			 char *ret, size_t size)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return false;
	line += n + 1;
	len -= n + 1;
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len && strchr(" \t\r\n", line[len - 1]))
		len--;
	snprintf(ret, size, "%.*s", (int)len, line);
	return true;
}

static size_t on_header(char *line, size_t one, size_t len, void *client)
{
	struct awskms_client *c = client;
	char value[AWSKMS_CODE_BYTES];

	(void)one;
	c->header_bytes += len;
	if (c->header_bytes > MAX_HEADER_BYTES) {
		c->too_large = true;
		return 0;
	}
	if (header_value(line, len, "date", value, sizeof(value))) {
		if (clock_parse_http(value, &c->date_s) < 0)
			c->date_s = 0;
	} else if (header_value(line, len, "x-amzn-errortype", value,
				sizeof(value))) {
		awskms_text_copy(c->error_type, sizeof(c->error_type), value);
	}
	return len;
}

static int curl_errno(const struct awskms_client *c, CURLcode code)
{
	static const struct {
		CURLcode code;
		int err;
	} table[] = {
		{CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH},
		{CURLE_COULDNT_CONNECT, ECONNREFUSED},
		{CURLE_OPERATION_TIMEDOUT, ETIMEDOUT},
		{CURLE_SEND_ERROR, ECONNRESET},
		{CURLE_RECV_ERROR, ECONNRESET},
		{CURLE_GOT_NOTHING, ECONNRESET},
		{CURLE_PARTIAL_FILE, ECONNRESET},
		{CURLE_OUT_OF_MEMORY, ENOMEM},
	};
	long os = 0;

	if (c->too_large)
		return -EMSGSIZE;
	/* Why connect(2) failed: a socket that is not there, or no right. */
	if (code == CURLE_COULDNT_CONNECT &&
	    curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &os) == CURLE_OK &&
	    os > 0)
		return -(int)os;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].code == code)
			return -table[i].err;
	return -EPROTO;
}

/* Options that a client keeps; all of them must hold, or nothing is sent. */
static CURLcode set_up(struct awskms_client *c)
{
	CURL *h = c->curl;
	CURLcode r = CURLE_OK;

#define SET(option, value)                                                     \
	(r = r ? r : curl_easy_setopt(h, CURLOPT_##option, value))
	SET(URL, c->endpoint.url);
	SET(UNIX_SOCKET_PATH, c->endpoint.socket_path);
	SET(PROTOCOLS_STR, "http,https");
	SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(FOLLOWLOCATION, 0L);
	SET(PROXY, "");
	SET(NOPROXY, "*");
	SET(NETRC, (long)CURL_NETRC_IGNORED);
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 2L);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->ca_file) {
		SET(CAINFO, c->ca_file);
		/* That file alone, not also the system's folder. */
		SET(CAPATH, NULL);
	}
	SET(NOSIGNAL, 1L);
	SET(CONNECTTIMEOUT_MS, (long)c->connect_timeout_ms);
	SET(TIMEOUT_MS, (long)c->total_timeout_ms);
	SET(USERAGENT, "kmsagent/" KMSAGENT_VERSION);
	SET(ERRORBUFFER, c->curl_error);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, c);
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, c);
#undef SET
	return r;
}

static CURLcode perform(struct awskms_client *c,
			const struct curl_slist *headers, const char *body,
			size_t body_len)
{
	CURLcode r;

	if (!c->curl) {
		c->curl = curl_easy_init();
		if (!c->curl)
			return CURLE_OUT_OF_MEMORY;
		r = set_up(c);
		if (r != CURLE_OK)
			return r;
	}
	r = curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
				     (curl_off_t)body_len);
	if (r == CURLE_OK)
		r = curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
	return r == CURLE_OK ? curl_easy_perform(c->curl) : r;
}

void awskms_reply_wipe(struct awskms_client *c)
{
	secret_wipe(c->room.bytes, c->got);
	c->got = 0;
}

int awskms_post(struct awskms_client *c, const struct curl_slist *headers,
		const char *body, size_t body_len)
{
	CURLcode r;

	awskms_reply_wipe(c);
	c->header_bytes = 0;
	c->too_large = false;
	c->http_status = 0;
	c->date_s = 0;
	c->error_type[0] = c->curl_error[0] = '\0';
	r = perform(c, headers, body, body_len);
	if (r != CURLE_OK) {
		int err = curl_errno(c, r);

		if (c->too_large)
			strcpy(c->curl_error,
			       "the reply is longer than 64 KiB");
		else if (r == CURLE_COULDNT_CONNECT && c->endpoint.socket_path)
			/* libcurl would name localhost and port 80. */
			snprintf(c->curl_error, sizeof(c->curl_error), "%s: %s",
				 c->endpoint.socket_path, strerror(-err));
		else if (!c->curl_error[0])
			snprintf(c->curl_error, sizeof(c->curl_error), "%s",
				 curl_easy_strerror(r));
		awskms_reply_wipe(c);
		/* Whatever state it is in, the next call starts afresh. */
		curl_easy_cleanup(c->curl);
		c->curl = NULL;
		return err;
	}
	(void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE,
				&c->http_status);
	return 0;
}
