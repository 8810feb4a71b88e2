/* SPDX-License-Identifier: MIT */
/* Allow lists.  It must not know entries or methods. */
#include "kmsagent/agent/allow.h"

#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>

#include "kmsagent/base/conf.h"

#define NAME_CHARS                                                             \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"                 \
	"0123456789._-@$\\+"
#define NAME_MAX_CHARS 255
#define GROUPS_MAX     1024

enum allow_kind {
	ALLOW_KIND_UID,
	ALLOW_KIND_GID,
	ALLOW_KIND_USER,
	ALLOW_KIND_GROUP,
	ALLOW_KIND_NONE,
};

static const char *const kind_prefix[] = {
	[ALLOW_KIND_UID] = "uid:",
	[ALLOW_KIND_GID] = "gid:",
	[ALLOW_KIND_USER] = "user:",
	[ALLOW_KIND_GROUP] = "group:",
};

static enum allow_kind kind_of(const char *line, const char **ret_value)
{
	for (unsigned k = 0; k < ALLOW_KIND_NONE; k++) {
		size_t len = strlen(kind_prefix[k]);

		if (strncmp(line, kind_prefix[k], len) == 0) {
			*ret_value = line + len;
			return k;
		}
	}
	return ALLOW_KIND_NONE;
}

/* (uid_t)-1 means "nobody in particular" to system calls: never a match. */
static bool parse_id(const char *text, uint32_t *ret)
{
	unsigned long long v;
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 10)
		return false;
	v = strtoull(text, &end, 10);
	if (*end || v >= UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool agent_allow_is_valid(const char *line)
{
	const char *value = NULL;
	uint32_t id;

	switch (kind_of(line, &value)) {
	case ALLOW_KIND_UID:
	case ALLOW_KIND_GID:
		return parse_id(value, &id);
	case ALLOW_KIND_USER:
	case ALLOW_KIND_GROUP:
		return *value && *value != '-' &&
		       strlen(value) <= NAME_MAX_CHARS &&
		       value[strspn(value, NAME_CHARS)] == '\0';
	case ALLOW_KIND_NONE:
		break;
	}
	return false;
}

/* The user database's groups of @who, for when the kernel does not tell. */
static bool is_listed_in(const struct agent_caller *who, gid_t gid)
{
	_free_ gid_t *groups = NULL;
	int count = GROUPS_MAX;
	struct passwd *pw = getpwuid(who->uid);

	groups = calloc(GROUPS_MAX, sizeof(*groups));
	if (!pw || !groups)
		return false;
	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &count) < 0)
		count = GROUPS_MAX;
	for (int i = 0; i < count; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static bool has_gid(const struct agent_caller *who, gid_t gid)
{
	if (who->gid == gid)
		return true;
	for (size_t i = 0; i < who->ngroups; i++)
		if (who->groups[i] == gid)
			return true;
	return !who->groups && is_listed_in(who, gid);
}

static bool line_permits(const char *line, const struct agent_caller *who)
{
	const char *value = NULL;
	uint32_t id;
	struct passwd *pw;
	struct group *gr;

	switch (kind_of(line, &value)) {
	case ALLOW_KIND_UID:
		return parse_id(value, &id) && id == who->uid;
	case ALLOW_KIND_GID:
		return parse_id(value, &id) && has_gid(who, id);
	case ALLOW_KIND_USER:
		pw = getpwnam(value);
		return pw && pw->pw_uid == who->uid;
	case ALLOW_KIND_GROUP:
		gr = getgrnam(value);
		return gr && has_gid(who, gr->gr_gid);
	case ALLOW_KIND_NONE:
		break;
	}
	return false;
}

bool agent_allow_permits(char *const *lines, size_t count,
			 const struct agent_caller *who)
{
	if (who->uid == 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (line_permits(lines[i], who))
			return true;
	return false;
}
