/* SPDX-License-Identifier: MIT */
/* Values of configuration files and command lines: spans, users, flags. */
#include <ctype.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>

#include "kmsagent/base/conf.h"

/* Units of systemd.time(7) that make sense for whole seconds. */
static const struct {
	const char *name;
	int64_t seconds;
} units[] = {
	{"", 1},	 {"s", 1},	   {"sec", 1},	      {"second", 1},
	{"seconds", 1},	 {"m", 60},	   {"min", 60},	      {"minute", 60},
	{"minutes", 60}, {"h", 3600},	   {"hr", 3600},      {"hour", 3600},
	{"hours", 3600}, {"d", 86400},	   {"day", 86400},    {"days", 86400},
	{"w", 604800},	 {"week", 604800}, {"weeks", 604800},
};

static int unit_seconds(const char *name, size_t len, int64_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == len &&
		    strncmp(units[i].name, name, len) == 0) {
			*ret = units[i].seconds;
			return 0;
		}
	return -EINVAL;
}

int conf_parse_duration_s(const char *text, int64_t *ret_s)
{
	const char *p = text;
	int64_t total = 0;
	bool any = false;

	for (;;) {
		int64_t count = 0, unit, part;
		const char *name;
		size_t len = 0;

		while (isspace((unsigned char)*p))
			p++;
		if (!*p)
			break;
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		for (; isdigit((unsigned char)*p); p++)
			if (__builtin_mul_overflow(count, 10, &count) ||
			    __builtin_add_overflow(count, *p - '0', &count))
				return -EINVAL;
		while (*p == ' ')
			p++;
		name = p;
		while (isalpha((unsigned char)name[len]))
			len++;
		if (unit_seconds(name, len, &unit) < 0 ||
		    __builtin_mul_overflow(count, unit, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return -EINVAL;
		p += len;
		any = true;
	}
	if (!any)
		return -EINVAL;
	*ret_s = total;
	return 0;
}

static int parse_u32(const char *text, uint32_t *ret)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	v = strtoul(text, &end, 10);
	/* (uid_t)-1 means "no change" to chown(2), never a user. */
	if (errno || *end || v >= UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

static bool skip_prefix(const char **text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*text, prefix, len) != 0)
		return false;
	*text += len;
	return true;
}

static int find_user(const char *name, uint32_t *ret)
{
	struct passwd pw, *found = NULL;
	char buf[16384];

	if (getpwnam_r(name, &pw, buf, sizeof(buf), &found) != 0 || !found)
		return -ENOENT;
	*ret = pw.pw_uid;
	return 0;
}

static int find_group(const char *name, uint32_t *ret)
{
	struct group gr, *found = NULL;
	char buf[65536];

	if (getgrnam_r(name, &gr, buf, sizeof(buf), &found) != 0 || !found)
		return -ENOENT;
	*ret = gr.gr_gid;
	return 0;
}

static int parse_id(const char *text, const char *by_number,
		    const char *by_name,
		    int (*find)(const char *name, uint32_t *ret), uint32_t *ret)
{
	if (skip_prefix(&text, by_number))
		return parse_u32(text, ret);
	if (skip_prefix(&text, by_name))
		return *text ? find(text, ret) : -EINVAL;
	if (parse_u32(text, ret) == 0)
		return 0;
	return *text ? find(text, ret) : -EINVAL;
}

int conf_parse_uid(const char *text, uint32_t *ret_uid)
{
	return parse_id(text, "uid:", "user:", find_user, ret_uid);
}

int conf_parse_gid(const char *text, uint32_t *ret_gid)
{
	return parse_id(text, "gid:", "group:", find_group, ret_gid);
}

int conf_set_string(void *target, const struct conf_place *place,
		    const char *value, char *why, size_t why_len)
{
	char **field = target;
	char *copy = strdup(value);

	(void)place;
	(void)why;
	(void)why_len;
	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int conf_set_duration_s(void *target, const struct conf_place *place,
			const char *value, char *why, size_t why_len)
{
	(void)place;
	if (conf_parse_duration_s(value, target) == 0)
		return 0;
	snprintf(why, why_len, "\"%s\" is no time span; write 90s, 8h or 2d",
		 value);
	return -EINVAL;
}

int conf_set_unsigned(void *target, const struct conf_place *place,
		      const char *value, char *why, size_t why_len)
{
	uint32_t v;

	(void)place;
	if (parse_u32(value, &v) < 0 || v > INT_MAX) {
		snprintf(why, why_len, "\"%s\" is no whole number from 0 to %d",
			 value, INT_MAX);
		return -EINVAL;
	}
	*(unsigned *)target = v;
	return 0;
}

int conf_set_bool(void *target, const struct conf_place *place,
		  const char *value, char *why, size_t why_len)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};

	(void)place;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(value, yes[i]) == 0) {
			*(bool *)target = true;
			return 0;
		}
		if (strcasecmp(value, no[i]) == 0) {
			*(bool *)target = false;
			return 0;
		}
	}
	snprintf(why, why_len, "\"%s\" is neither yes nor no", value);
	return -EINVAL;
}
