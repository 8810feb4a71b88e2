/* SPDX-License-Identifier: MIT */
/*
 * Endpoints as an operator writes them.  Pure: nothing is resolved.
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "kmsagent/aws/internal.h"

static void curl_freep(char **p)
{
	curl_free(*p);
}
#define _curl_text_ _cleanup_(curl_freep) char

static void curlu_freep(CURLU **u)
{
	curl_url_cleanup(*u);
}

static int _printf_(3, 4)
	refuse(char *why, size_t why_len, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, why_len, format, ap);
	va_end(ap);
	return -EINVAL;
}

static int parse_unix(const char *path, struct awskms_endpoint *ret, char *why,
		      size_t why_len)
{
	if (path[0] != '/')
		return refuse(why, why_len,
			      "endpoint unix:%s: the path must begin with '/'",
			      path);
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return refuse(why, why_len,
			      "endpoint unix:%s: longer than 107 bytes", path);
	ret->socket_path = strdup(path);
	ret->url = strdup("http://localhost/");
	strcpy(ret->host, "localhost");
	return ret->socket_path && ret->url ? 0 : -ENOMEM;
}

/* Data keys must not cross a network in the clear. */
static bool is_loopback(const char *host)
{
	struct in_addr a;

	if (inet_pton(AF_INET, host, &a) == 1)
		return ntohl(a.s_addr) >> 24 == IN_LOOPBACKNET;
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static bool has(CURLU *u, CURLUPart part)
{
	_curl_text_ *text = NULL;

	return curl_url_get(u, part, &text, 0) == CURLUE_OK && *text;
}

static int parse_url(const char *text, struct awskms_endpoint *ret, char *why,
		     size_t why_len)
{
	_cleanup_(curlu_freep) CURLU *u = curl_url();
	_curl_text_ *scheme = NULL, *host = NULL, *port = NULL, *path = NULL,
		    *url = NULL;

	if (!u)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_URL, &url, 0) != CURLUE_OK)
		return refuse(why, why_len,
			      "endpoint %s: not a URL; unix:/PATH, "
			      "https://HOST[:PORT] or http://127.0.0.1:PORT is "
			      "expected",
			      text);
	if (strcmp(path, "/") != 0 || has(u, CURLUPART_QUERY) ||
	    has(u, CURLUPART_FRAGMENT) || has(u, CURLUPART_USER) ||
	    has(u, CURLUPART_PASSWORD))
		return refuse(why, why_len,
			      "endpoint %s: only scheme, host and port may "
			      "stand there",
			      scheme);
	if (strcmp(scheme, "http") == 0 && !is_loopback(host))
		return refuse(
			why, why_len,
			"endpoint http://%s: keys would cross the network "
			"in the clear; use https, or http to a loopback "
			"address",
			host);
	/* As HTTP clients do: the port stands there unless it is the default. */
	(void)curl_url_get(u, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
	if ((size_t)snprintf(ret->host, sizeof(ret->host), "%s%s%s", host,
			     port ? ":" : "",
			     port ? port : "") >= sizeof(ret->host))
		return refuse(why, why_len, "endpoint: the host is too long");
	ret->url = strdup(url);
	return ret->url ? 0 : -ENOMEM;
}

int awskms_endpoint_parse(const char *text, struct awskms_endpoint *ret,
			  char *why, size_t why_len)
{
	_cleanup_(awskms_endpoint_done) struct awskms_endpoint e = {0};
	int r;

	if (strncmp(text, "unix:", 5) == 0)
		r = parse_unix(text + 5, &e, why, why_len);
	else if (strncmp(text, "http://", 7) == 0 ||
		 strncmp(text, "https://", 8) == 0)
		r = parse_url(text, &e, why, why_len);
	else
		r = refuse(why, why_len,
			   "endpoint '%s': unix:/PATH, https://HOST[:PORT] or "
			   "http://127.0.0.1:PORT is expected",
			   text);
	if (r < 0)
		return r;
	*ret = e;
	e = (struct awskms_endpoint){0};
	return 0;
}

void awskms_endpoint_done(struct awskms_endpoint *e)
{
	free(e->url);
	free(e->socket_path);
	*e = (struct awskms_endpoint){0};
}
