/* SPDX-License-Identifier: MIT */
/*
 * Reading what a client says about its signature, and checking all of it
 * that needs no key.  Every byte here is the client's.
 */
#include "kmsagent/crypto/sigv4.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/crypto/sigv4-canonical.h"

struct slice {
	const char *at;
	size_t len;
};

/* The parameters of the Authorization header. */
enum parameter {
	PARAMETER_CREDENTIAL,
	PARAMETER_SIGNED_HEADERS,
	PARAMETER_SIGNATURE,
	PARAMETER_COUNT,
};

static const struct {
	const char *name;
	enum sigv4_missing missing;
} parameters[PARAMETER_COUNT] = {
	[PARAMETER_CREDENTIAL] = {"Credential", SIGV4_MISSING_CREDENTIAL},
	[PARAMETER_SIGNED_HEADERS] = {"SignedHeaders",
				      SIGV4_MISSING_SIGNED_HEADERS},
	[PARAMETER_SIGNATURE] = {"Signature", SIGV4_MISSING_SIGNATURE},
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(const char *at, size_t len)
{
	while (len > 0 && is_blank(*at)) {
		at++;
		len--;
	}
	while (len > 0 && is_blank(at[len - 1]))
		len--;
	return (struct slice){at, len};
}

struct found {
	bool given;
	struct slice value;
};

/* Store "key=value"; an unknown key is ignored, a known one comes once. */
static bool take_pair(struct slice pair, struct found found[PARAMETER_COUNT])
{
	const char *equals = memchr(pair.at, '=', pair.len);
	size_t key_len;

	if (!equals)
		return false;
	key_len = (size_t)(equals - pair.at);
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		if (strlen(parameters[i].name) != key_len ||
		    memcmp(parameters[i].name, pair.at, key_len) != 0)
			continue;
		if (found[i].given)
			return false;
		found[i].given = true;
		found[i].value =
			(struct slice){equals + 1, pair.len - key_len - 1};
	}
	return true;
}

static enum sigv4_refusal parse_pairs(const char *text,
				      struct found found[PARAMETER_COUNT])
{
	for (; *text; text += *text == ',') {
		size_t len = strcspn(text, ",");
		struct slice pair = trim(text, len);

		if (pair.len > 0 && !take_pair(pair, found))
			return SIGV4_BAD_PAIR;
		text += len;
	}
	return SIGV4_OK;
}

/* What access key ids consist of.  Source: IAM API, AccessKey. */
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* KEYID/DATE/REGION/SERVICE/TERMINATOR, none empty. */
static enum sigv4_refusal parse_credential(struct slice c,
					   struct sigv4_auth *ret)
{
	const struct {
		char *to;
		size_t cap;
	} parts[] = {
		{ret->access_key_id, sizeof(ret->access_key_id)},
		{ret->date, sizeof(ret->date)},
		{ret->region, sizeof(ret->region)},
		{ret->service, sizeof(ret->service)},
		{ret->terminator, sizeof(ret->terminator)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const char *slash = memchr(c.at, '/', c.len);
		bool is_last = i == ARRAY_SIZE(parts) - 1;
		size_t len = slash ? (size_t)(slash - c.at) : c.len;

		if (is_last == (slash != NULL) || len == 0 ||
		    len >= parts[i].cap)
			return SIGV4_BAD_CREDENTIAL;
		memcpy(parts[i].to, c.at, len);
		parts[i].to[len] = '\0';
		len += slash != NULL;
		c.at += len;
		c.len -= len;
	}
	/* The id goes into audit records as it is. */
	if (ret->access_key_id[strspn(ret->access_key_id, WORD)]) {
		ret->access_key_id[0] = '\0';
		return SIGV4_BAD_CREDENTIAL;
	}
	return SIGV4_OK;
}

static const char *date_header(const struct sigv4_request *req,
			       const char **ret_name)
{
	const char *value = sigv4_header(req, "X-Amz-Date");

	*ret_name = "X-Amz-Date";
	if (value)
		return value;
	*ret_name = "Date";
	return sigv4_header(req, "Date");
}

static enum sigv4_refusal parse_date(const char *value, struct sigv4_auth *ret)
{
	char text[CLOCK_HTTP_BYTES];
	struct slice t = trim(value, strlen(value));

	if (t.len >= sizeof(text))
		return SIGV4_BAD_DATE;
	memcpy(text, t.at, t.len);
	text[t.len] = '\0';
	if (clock_parse_basic(text, &ret->time_s) == 0)
		memcpy(ret->time, text, sizeof(ret->time));
	else if (clock_parse_http(text, &ret->time_s) == 0)
		clock_format_basic(ret->time_s, ret->time);
	else
		return SIGV4_BAD_DATE;
	return SIGV4_OK;
}

/* What comes behind the name of the scheme, NULL if it is another scheme. */
static const char *skip_scheme(const char *text)
{
	const size_t len = strlen(SIGV4_ALGORITHM);

	while (is_blank(*text))
		text++;
	if (strncmp(text, SIGV4_ALGORITHM, len) != 0)
		return NULL;
	return text[len] == '\0' || is_blank(text[len]) ? text + len : NULL;
}

enum sigv4_refusal sigv4_parse(const struct sigv4_request *req,
			       struct sigv4_auth *ret)
{
	struct found found[PARAMETER_COUNT] = {
		[0 ... PARAMETER_COUNT - 1] = {.value = {"", 0}},
	};
	const char *pairs = NULL, *date, *date_name;
	enum sigv4_refusal why;

	*ret = (struct sigv4_auth){
		.session_token = sigv4_header(req, "X-Amz-Security-Token"),
		.authorization = sigv4_header(req, "Authorization"),
	};
	if (ret->authorization)
		pairs = skip_scheme(ret->authorization);
	if (!pairs)
		return SIGV4_NO_AUTHORIZATION;
	why = parse_pairs(pairs, found);
	if (why)
		return why;
	for (size_t i = 0; i < PARAMETER_COUNT; i++)
		if (!found[i].given || found[i].value.len == 0)
			ret->missing |= parameters[i].missing;
	date = date_header(req, &date_name);
	if (!date)
		ret->missing |= SIGV4_MISSING_DATE;
	if (ret->missing)
		return SIGV4_INCOMPLETE;
	ret->signed_headers = found[PARAMETER_SIGNED_HEADERS].value.at;
	ret->signed_headers_len = found[PARAMETER_SIGNED_HEADERS].value.len;
	ret->signature = found[PARAMETER_SIGNATURE].value.at;
	ret->signature_len = found[PARAMETER_SIGNATURE].value.len;
	why = parse_credential(found[PARAMETER_CREDENTIAL].value, ret);
	if (why)
		return why;
	return parse_date(date, ret);
}

static bool is_signed(const struct sigv4_auth *auth, const char *name)
{
	const char *list = auth->signed_headers;
	size_t left = auth->signed_headers_len;

	while (left > 0) {
		const char *end = memchr(list, ';', left);
		size_t len = end ? (size_t)(end - list) : left;

		if (strncasecmp(name, list, len) == 0 && name[len] == '\0')
			return true;
		len += end != NULL;
		list += len;
		left -= len;
	}
	return false;
}

/* The name of a header that should be signed and is not, or NULL. */
static const char *find_unsigned(const struct sigv4_request *req,
				 const struct sigv4_auth *auth)
{
	static const char *const if_there[] = {"X-Amz-Target",
					       "X-Amz-Security-Token"};
	const char *date_name;

	if (!is_signed(auth, "Host"))
		return "Host";
	(void)date_header(req, &date_name);
	if (!is_signed(auth, date_name))
		return date_name;
	for (size_t i = 0; i < ARRAY_SIZE(if_there); i++)
		if (sigv4_header(req, if_there[i]) &&
		    !is_signed(auth, if_there[i]))
			return if_there[i];
	return NULL;
}

static bool is_one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

enum sigv4_refusal sigv4_check(const struct sigv4_request *req,
			       struct sigv4_auth *auth,
			       const struct sigv4_policy *policy)
{
	if (!is_one_of(auth->region, policy->regions))
		return SIGV4_WRONG_REGION;
	if (strcmp(auth->service, policy->service) != 0)
		return SIGV4_WRONG_SERVICE;
	if (strcmp(auth->terminator, SIGV4_TERMINATOR) != 0)
		return SIGV4_WRONG_TERMINATOR;
	if (strncmp(auth->date, auth->time, SIGV4_DATE_LEN) != 0)
		return SIGV4_WRONG_DATE;
	auth->unsigned_header = find_unsigned(req, auth);
	if (auth->unsigned_header)
		return SIGV4_UNSIGNED_HEADER;
	if (auth->time_s < policy->now_s - SIGV4_SKEW_S)
		return SIGV4_EXPIRED;
	if (auth->time_s > policy->now_s + SIGV4_SKEW_S)
		return SIGV4_NOT_YET_CURRENT;
	return SIGV4_OK;
}
