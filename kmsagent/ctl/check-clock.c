/* SPDX-License-Identifier: MIT */
/*
 * Is this host's clock the key service's?  Signatures are refused at 5
 * minutes, and the kernel's key timeouts run on this clock.  Any HTTP answer
 * has a Date, so no credentials are needed.
 */
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/io.h"
#include "kmsagent/ctl/doctor.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/kmsconn.h"

#define SKEW_WARN_S 30
/* AWS refuses a signature that is more than 5 minutes off. */
#define SKEW_FAIL_S 300
#define TIMEOUT_MS  5000L

static size_t find_date(char *line, size_t size, size_t n, void *ret_date_s)
{
	size_t len = size * n;
	char text[CLOCK_HTTP_BYTES];

	if (len < 6 || strncasecmp(line, "Date: ", 6))
		return len;
	if (len - 6 >= CLOCK_HTTP_BYTES - 1) {
		memcpy(text, line + 6, CLOCK_HTTP_BYTES - 1);
		text[CLOCK_HTTP_BYTES - 1] = '\0';
		if (clock_parse_http(text, ret_date_s) < 0)
			*(int64_t *)ret_date_s = 0;
	}
	return len;
}

static size_t drop_body(char *data _unused_, size_t size, size_t n,
			void *unused _unused_)
{
	return size * n;
}

static void curlp(CURL **c)
{
	curl_easy_cleanup(*c);
}

/* The Date of @endpoint, 0 = it sent none; negative: @why says why. */
static int64_t ask_date(const char *endpoint, char why[CURL_ERROR_SIZE])
{
	_cleanup_(curlp) CURL *c = curl_easy_init();
	bool is_unix = !strncmp(endpoint, "unix:", 5);
	_free_ char *url = io_format("%s/healthz",
				     is_unix ? "http://localhost" : endpoint);
	int64_t date_s = 0;
	long err = 0;

	if (!c || !url) {
		snprintf(why, CURL_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	curl_easy_setopt(c, CURLOPT_URL, url);
	if (is_unix)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, endpoint + 5);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, find_date);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, &date_s);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop_body);
	if (getenv("AWS_CA_BUNDLE"))
		curl_easy_setopt(c, CURLOPT_CAINFO, getenv("AWS_CA_BUNDLE"));
	if (curl_easy_perform(c) == CURLE_OK)
		return date_s;
	/* libcurl's words for a Unix socket speak of localhost's port 80. */
	curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &err);
	if (is_unix && err)
		snprintf(why, CURL_ERROR_SIZE, "%s", strerror((int)err));
	return -EIO;
}

void cmd_check_clock(struct doctor *d)
{
	const cJSON *kms =
		d->status ? cJSON_GetObjectItemCaseSensitive(d->status, "kms")
			  : NULL;
	const char *endpoint = kms ? cmd_entry_string(kms, "endpoint")
				   : cmd_kms_endpoint(NULL);
	char why[CURL_ERROR_SIZE] = "";
	int64_t date_s, skew_s;

	if (awskms_global_init() < 0) {
		d->out_of_memory = true;
		return;
	}
	date_s = ask_date(endpoint, why);
	if (date_s <= 0) {
		cmd_doctor_add(d, DOCTOR_WARN,
			       "is the key service running, and may this user "
			       "reach it?",
			       "not compared: %s %s", endpoint,
			       date_s < 0 ? why : "sends no date");
		return;
	}
	skew_s = clock_epoch_s() - date_s;
	if (llabs(skew_s) < SKEW_WARN_S)
		cmd_doctor_add(d, DOCTOR_OK, NULL, "agrees with %s within %d s",
			       endpoint, SKEW_WARN_S);
	else
		cmd_doctor_add(d,
			       llabs(skew_s) < SKEW_FAIL_S ? DOCTOR_WARN
							   : DOCTOR_FAIL,
			       "set the clock (timedatectl set-ntp true): "
			       "signatures are refused at 300 s, leases count "
			       "on it",
			       "%lld s %s of %s", llabs((long long)skew_s),
			       skew_s > 0 ? "ahead" : "behind", endpoint);
}
