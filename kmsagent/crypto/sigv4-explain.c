/* SPDX-License-Identifier: MIT */
/*
 * The words for a refusal.  The signature and the whole header are not
 * repeated, as answers end up in logs and a signature is good for minutes.
 */
#include "kmsagent/crypto/sigv4.h"

#include <stdbool.h>
#include <stdio.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/crypto/sigv4-canonical.h"

/* Sentences that need nothing filled in. */
static const char *const plain_text[SIGV4_REFUSAL_COUNT] = {
	[SIGV4_OK] = "",
	[SIGV4_NO_AUTHORIZATION] = "Missing Authentication Token",
	[SIGV4_BAD_PAIR] =
		"Authorization header is not a list of key=value pairs, each "
		"key once.",
	[SIGV4_BAD_CREDENTIAL] =
		"Credential must have exactly 5 slash-delimited elements, e.g. "
		"keyid/date/region/service/term.",
	[SIGV4_BAD_DATE] = "Date must be in ISO-8601 'basic format'.",
	[SIGV4_WRONG_REGION] = "Credential should be scoped to a valid region.",
	[SIGV4_MISMATCH] =
		"The request signature we calculated does not match the "
		"signature you provided. Check your AWS Secret Access Key and "
		"signing method. Consult the service documentation for "
		"details.",
};

static const struct {
	enum sigv4_missing bit;
	const char *text;
} missing_texts[] = {
	{SIGV4_MISSING_CREDENTIAL,
	 "Authorization header requires 'Credential' parameter."},
	{SIGV4_MISSING_SIGNATURE,
	 "Authorization header requires 'Signature' parameter."},
	{SIGV4_MISSING_SIGNED_HEADERS,
	 "Authorization header requires 'SignedHeaders' parameter."},
	{SIGV4_MISSING_DATE,
	 "Authorization header requires existence of either a 'X-Amz-Date' or "
	 "a 'Date' header."},
};

static void explain_missing(unsigned missing, char buf[SIGV4_EXPLAIN_BYTES])
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(missing_texts); i++)
		if (missing & missing_texts[i].bit)
			len += (size_t)snprintf(
				buf + len, SIGV4_EXPLAIN_BYTES - len, "%s%s",
				len ? " " : "", missing_texts[i].text);
}

static void explain_skew(bool is_old, const char *time, int64_t now_s,
			 char buf[SIGV4_EXPLAIN_BYTES])
{
	char limit[CLOCK_BASIC_BYTES], now[CLOCK_BASIC_BYTES];

	clock_format_basic(now_s + (is_old ? -SIGV4_SKEW_S : SIGV4_SKEW_S),
			   limit);
	clock_format_basic(now_s, now);
	snprintf(buf, SIGV4_EXPLAIN_BYTES,
		 is_old ? "Signature expired: %s is now earlier than %s "
			  "(%s - 5 min.)"
			: "Signature not yet current: %s is still later than "
			  "%s (%s + 5 min.)",
		 time, limit, now);
}

/* What a client sent goes back as printable ASCII only. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

void sigv4_explain(enum sigv4_refusal why, const struct sigv4_auth *auth,
		   const struct sigv4_policy *policy,
		   char buf[SIGV4_EXPLAIN_BYTES])
{
	const char *text = why < SIGV4_REFUSAL_COUNT ? plain_text[why] : NULL;

	snprintf(buf, SIGV4_EXPLAIN_BYTES, "%s", text ? text : "");
	if (why == SIGV4_INCOMPLETE)
		explain_missing(auth->missing, buf);
	else if (why == SIGV4_WRONG_SERVICE)
		snprintf(buf, SIGV4_EXPLAIN_BYTES,
			 "Credential should be scoped to correct service: "
			 "'%s'.",
			 policy->service);
	else if (why == SIGV4_WRONG_TERMINATOR)
		snprintf(buf, SIGV4_EXPLAIN_BYTES,
			 "Credential should be scoped with a valid terminator: "
			 "'" SIGV4_TERMINATOR "', not '%s'.",
			 auth->terminator);
	else if (why == SIGV4_WRONG_DATE)
		snprintf(buf, SIGV4_EXPLAIN_BYTES,
			 "Date in Credential scope does not match YYYYMMDD "
			 "from ISO-8601 version of date from HTTP: '%s' != "
			 "'%.8s', from '%s'.",
			 auth->date, auth->time, auth->time);
	else if (why == SIGV4_EXPIRED || why == SIGV4_NOT_YET_CURRENT)
		explain_skew(why == SIGV4_EXPIRED, auth->time, policy->now_s,
			     buf);
	else if (why == SIGV4_UNSIGNED_HEADER)
		snprintf(buf, SIGV4_EXPLAIN_BYTES,
			 "'%s' must be a 'SignedHeader' in the AWS "
			 "Authorization.",
			 auth->unsigned_header);
	make_printable(buf);
}
