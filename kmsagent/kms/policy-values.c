/* SPDX-License-Identifier: MIT */
/*
 * Values of conditions.
 * Source: IAM User Guide, "Condition operators"; W3C NOTE-datetime; RFC 4291
 * section 2.2, 2.5.5.2 and 2.3.
 */
#include "kmsagent/kms/policy-values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <time.h>

bool policy_read_number(const char *text, double *ret)
{
	char *end;

	if (!*text || strspn(text, "+-.0123456789eE") != strlen(text))
		return false;
	*ret = strtod(text, &end);
	return *end == '\0';
}

bool policy_read_truth(const char *text, bool *ret)
{
	*ret = strcasecmp(text, "true") == 0;
	return *ret || strcasecmp(text, "false") == 0;
}

/* Exactly @digits digits at *s, and move behind them. */
static bool take_digits(const char **s, int digits, int *ret)
{
	int value = 0;

	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)**s))
			return false;
		value = value * 10 + (*(*s)++ - '0');
	}
	*ret = value;
	return true;
}

static bool take(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* "Z", "+01:00": seconds east of UTC. */
static bool take_zone(const char **s, int *ret_s)
{
	int sign = **s == '-' ? -1 : 1, hours, minutes;

	*ret_s = 0;
	if (take(s, 'Z'))
		return true;
	if (!take(s, '+') && !take(s, '-'))
		return false;
	if (!take_digits(s, 2, &hours) || !take(s, ':') ||
	    !take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* "12:00Z", "12:00:00.5+01:00" */
static bool take_clock(const char **s, struct tm *tm, int *ret_ms,
		       int *ret_zone_s)
{
	int weight = 100;

	if (!take_digits(s, 2, &tm->tm_hour) || !take(s, ':') ||
	    !take_digits(s, 2, &tm->tm_min) || tm->tm_hour > 23 ||
	    tm->tm_min > 59)
		return false;
	if (take(s, ':')) {
		if (!take_digits(s, 2, &tm->tm_sec) || tm->tm_sec > 59)
			return false;
		if (take(s, '.')) {
			if (!isdigit((unsigned char)**s))
				return false;
			for (; isdigit((unsigned char)**s); weight /= 10)
				*ret_ms += weight * (*(*s)++ - '0');
		}
	}
	return take_zone(s, ret_zone_s);
}

static bool read_iso(const char *s, int64_t *ret)
{
	struct tm tm = {.tm_mon = 1, .tm_mday = 1};
	int ms = 0, zone_s = 0, day;

	if (!take_digits(&s, 4, &tm.tm_year))
		return false;
	if (take(&s, '-')) {
		if (!take_digits(&s, 2, &tm.tm_mon))
			return false;
		if (take(&s, '-')) {
			if (!take_digits(&s, 2, &tm.tm_mday))
				return false;
			if (take(&s, 'T') && !take_clock(&s, &tm, &ms, &zone_s))
				return false;
		}
	}
	day = tm.tm_mday;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (*s || tm.tm_mon < 0 || tm.tm_mon > 11)
		return false;
	*ret = ((int64_t)timegm(&tm) - zone_s) * 1000 + ms;
	return tm.tm_mday == day; /* timegm() makes 2 March of 30 February */
}

bool policy_read_time_ms(const char *text, int64_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	const char *number = text + (*text == '-' || *text == '+');
	char *end;

	if ((number == text && digits <= 4) ||
	    strspn(number, "0123456789") != strlen(number))
		return read_iso(text, ret);
	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (errno || *ret > INT64_MAX / 1000 || *ret < INT64_MIN / 1000)
		return false;
	*ret *= 1000;
	return *number && *end == '\0';
}

bool policy_read_net(const char *text, struct policy_net *ret)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];
	unsigned most, bits = 0;

	*ret = (struct policy_net){{0}, 0};
	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, ret->address + 12) == 1) {
		memset(ret->address + 10, 0xff, 2);
		most = 32;
	} else if (inet_pton(AF_INET6, address, ret->address) == 1) {
		most = 128;
	} else {
		return false;
	}
	if (!slash) {
		ret->bits = 128;
		return true;
	}
	for (slash++, len = 0; isdigit((unsigned char)*slash); slash++, len++)
		bits = bits * 10 + (unsigned)(*slash - '0');
	ret->bits = 128 - most + bits;
	return !*slash && len >= 1 && len <= 3 && bits <= most;
}

bool policy_net_has(const struct policy_net *net, const struct policy_net *host)
{
	unsigned bytes = net->bits / 8, rest = net->bits % 8;

	if (memcmp(net->address, host->address, bytes) != 0)
		return false;
	return rest == 0 || ((net->address[bytes] ^ host->address[bytes]) >>
			     (8 - rest)) == 0;
}
