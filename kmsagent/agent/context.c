/* SPDX-License-Identifier: MIT */
/* Pins.  Whether a caller may use a NAME is decided before. */
#include "kmsagent/agent/context.h"

#include <string.h>

#include "kcapi/esdk.h"

#define PURPOSE_MESSAGE "message"

static const char *const purposes[AGENT_PURPOSE_COUNT_] = {
	[AGENT_PURPOSE_RING] = "ring",
	[AGENT_PURPOSE_VOLUME] = "volume",
	[AGENT_PURPOSE_DIRECTORY] = "directory",
};

const char *agent_purpose_name(enum agent_purpose purpose)
{
	return purposes[purpose];
}

int agent_purpose_parse(const char *name, enum agent_purpose *ret)
{
	for (enum agent_purpose p = 0; p < AGENT_PURPOSE_COUNT_; p++)
		if (strcmp(purposes[p], name) == 0) {
			*ret = p;
			return 0;
		}
	return -EINVAL;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool agent_context_key_is_free(const char *key)
{
	return !has_prefix(key, AGENT_CONTEXT_PREFIX) &&
	       !has_prefix(key, ESDK_RESERVED_PREFIX);
}

static int pin(const struct ectx *user, const char *purpose, const char *key,
	       const char *value, struct ectx *ret)
{
	_cleanup_(ectx_done) struct ectx c = ECTX_INIT;
	int r;

	for (size_t i = 0; i < user->count; i++)
		if (!agent_context_key_is_free(user->pairs[i].key))
			return -EINVAL;
	r = ectx_copy(&c, user);
	if (r == 0)
		r = ectx_add(&c, AGENT_CONTEXT_PURPOSE, purpose);
	if (r == 0)
		r = ectx_add(&c, key, value);
	if (r < 0)
		return r;
	*ret = c;
	c = ECTX_INIT;
	return 0;
}

int agent_context_for_entry(const struct ectx *user, enum agent_purpose purpose,
			    const char *name, struct ectx *ret)
{
	return pin(user, purposes[purpose], AGENT_CONTEXT_NAME, name, ret);
}

int agent_context_for_message(const struct ectx *user, const char *name,
			      uid_t uid, struct ectx *ret)
{
	char number[16];

	if (name)
		return pin(user, PURPOSE_MESSAGE, AGENT_CONTEXT_NAME, name,
			   ret);
	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	return pin(user, PURPOSE_MESSAGE, AGENT_CONTEXT_UID, number, ret);
}

static bool pair_is(const struct ectx *c, const char *key, const char *value)
{
	const char *v = ectx_get(c, key);

	return v && strcmp(v, value) == 0;
}

int agent_context_purpose(const struct ectx *c, const char *name,
			  enum agent_purpose *ret)
{
	const char *purpose = ectx_get(c, AGENT_CONTEXT_PURPOSE);

	if (!purpose || !pair_is(c, AGENT_CONTEXT_NAME, name))
		return -EINVAL;
	return agent_purpose_parse(purpose, ret);
}

static bool is_open(const struct agent_reader *who, const char *cmk)
{
	for (size_t i = 0; i < who->open_count; i++)
		if (strcmp(who->open_cmks[i], cmk) == 0)
			return true;
	return false;
}

/* A pin to somebody, and not to this caller. */
static bool is_of_another(const struct ectx *c, uid_t uid)
{
	const char *pinned = ectx_get(c, AGENT_CONTEXT_UID);
	char number[16];

	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	if (pinned)
		return strcmp(pinned, number) != 0;
	return ectx_get(c, AGENT_CONTEXT_NAME) != NULL;
}

int agent_context_judge(const struct ectx *c, const char *edk_arn,
			const struct agent_reader *who, const char **ret_cmk)
{
	const char *purpose = ectx_get(c, AGENT_CONTEXT_PURPOSE);

	/* An entry's own key never opens a message, not even for root. */
	if (purpose && strcmp(purpose, PURPOSE_MESSAGE) != 0)
		return -EPERM;
	if (who->name) {
		if (!purpose || !pair_is(c, AGENT_CONTEXT_NAME, who->name))
			return -EPERM;
		*ret_cmk = who->name_arn;
		return strcmp(edk_arn, who->name_arn) == 0 ? 0 : -EXDEV;
	}
	if (who->uid != 0 && is_of_another(c, who->uid))
		return -EPERM;
	if (who->cmk) {
		if (who->uid != 0 && !is_open(who, who->cmk))
			return -EPERM;
		/* An id or alias: the KMS compares it with the blob. */
		*ret_cmk = who->cmk;
		return has_prefix(who->cmk, "arn:") &&
				       !strstr(who->cmk, ":alias/") &&
				       strcmp(who->cmk, edk_arn) != 0
			       ? -EXDEV
			       : 0;
	}
	if (who->uid == 0 || is_open(who, edk_arn)) {
		*ret_cmk = edk_arn;
		return 0;
	}
	if (!purpose || !ectx_get(c, AGENT_CONTEXT_UID))
		return -EPERM;
	*ret_cmk = who->default_cmk;
	return 0;
}
