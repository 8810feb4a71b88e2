/* SPDX-License-Identifier: MIT */
/* Clocks and the date forms of the wire. */
#include "kmsagent/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int64_t clock_read_us(clockid_t id)
{
	struct timespec t;

	/* Cannot fail for these clocks on any kernel that runs this. */
	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_epoch_s(void)
{
	return clock_read_us(CLOCK_REALTIME) / 1000000;
}

int64_t clock_epoch_ms(void)
{
	return clock_read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_boot_ms(void)
{
	return clock_read_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_boot_us(void)
{
	return clock_read_us(CLOCK_BOOTTIME);
}

void clock_format_iso(int64_t epoch_s, char buf[CLOCK_ISO_BYTES])
{
	time_t t = (time_t)epoch_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    !strftime(buf, CLOCK_ISO_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm))
		buf[0] = '\0';
}

void clock_format_basic(int64_t epoch_s, char buf[CLOCK_BASIC_BYTES])
{
	time_t t = (time_t)epoch_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    !strftime(buf, CLOCK_BASIC_BYTES, "%Y%m%dT%H%M%SZ", &tm))
		buf[0] = '\0';
}

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed",
				"Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* Not strftime(): RFC 7231's names must not follow the locale. */
void clock_format_http(int64_t epoch_s, char buf[CLOCK_HTTP_BYTES])
{
	time_t t = (time_t)epoch_s;
	struct tm tm;
	int n;

	buf[0] = '\0';
	if (!gmtime_r(&t, &tm))
		return;
	n = snprintf(buf, CLOCK_HTTP_BYTES,
		     "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
		     tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
		     tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (n >= CLOCK_HTTP_BYTES)
		buf[0] = '\0';
}

/* @width digits at *@p, which moves on; -1 if they are none. */
static int digits(const char **p, int width)
{
	int v = 0;

	for (; width > 0; width--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		v = v * 10 + (**p - '0');
	}
	return v;
}

static int to_epoch(struct tm *tm, int64_t *ret_epoch_s)
{
	const struct tm asked = *tm;
	time_t t;

	if (tm->tm_mon < 0 || tm->tm_mday < 1 || tm->tm_hour < 0 ||
	    tm->tm_min < 0 || tm->tm_sec < 0 || tm->tm_sec > 60)
		return -EINVAL;
	t = timegm(tm);
	/* timegm() turns February 30 into March; that is no date. */
	if (tm->tm_mday != asked.tm_mday || tm->tm_mon != asked.tm_mon ||
	    tm->tm_hour != asked.tm_hour || tm->tm_min != asked.tm_min)
		return -EINVAL;
	*ret_epoch_s = (int64_t)t;
	return 0;
}

int clock_parse_basic(const char *text, int64_t *ret_epoch_s)
{
	const char *p = text;
	struct tm tm = {0};

	if (strlen(text) != CLOCK_BASIC_BYTES - 1)
		return -EINVAL;
	tm.tm_year = digits(&p, 4) - 1900;
	tm.tm_mon = digits(&p, 2) - 1;
	tm.tm_mday = digits(&p, 2);
	if (*p++ != 'T')
		return -EINVAL;
	tm.tm_hour = digits(&p, 2);
	tm.tm_min = digits(&p, 2);
	tm.tm_sec = digits(&p, 2);
	if (strcmp(p, "Z") != 0 || tm.tm_year < 0)
		return -EINVAL;
	return to_epoch(&tm, ret_epoch_s);
}

int clock_parse_http(const char *text, int64_t *ret_epoch_s)
{
	const char *p = text + 5;
	struct tm tm = {.tm_mon = -1};

	if (strlen(text) != CLOCK_HTTP_BYTES - 1 || text[3] != ',' ||
	    text[4] != ' ' || strcmp(text + 25, " GMT") != 0)
		return -EINVAL;
	tm.tm_mday = digits(&p, 2);
	if (*p != ' ')
		return -EINVAL;
	for (int m = 0; m < 12; m++)
		if (strncmp(p + 1, months[m], 3) == 0)
			tm.tm_mon = m;
	p += 4;
	if (tm.tm_mon < 0 || *p++ != ' ')
		return -EINVAL;
	tm.tm_year = digits(&p, 4) - 1900;
	if (tm.tm_year < 0 || *p++ != ' ')
		return -EINVAL;
	tm.tm_hour = digits(&p, 2);
	if (*p++ != ':')
		return -EINVAL;
	tm.tm_min = digits(&p, 2);
	if (*p++ != ':')
		return -EINVAL;
	tm.tm_sec = digits(&p, 2);
	return to_epoch(&tm, ret_epoch_s);
}
