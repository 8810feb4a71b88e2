/* SPDX-License-Identifier: MIT */
/*
 * Keyrings as a command line names them.  Source: keyrings(7), keyctl(1).
 */
#include "kmsagent/ctl/ring.h"

#include <string.h>

#include "keyring/key.h"
#include "kmsagent/ctl/number.h"

static const struct {
	const char *name;
	key_serial_t special;
} specials[] = {
	{"@s", KEY_SPEC_SESSION_KEYRING},
	{"@u", KEY_SPEC_USER_KEYRING},
	{"@us", KEY_SPEC_USER_SESSION_KEYRING},
};

/* "%keyring:NAME" and "%:NAME", keyctl(1)'s two forms. */
static const char *ring_name(const char *text)
{
	static const char *const prefixes[] = {"%keyring:", "%:"};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
			return text + strlen(prefixes[i]);
	return NULL;
}

int cmd_ring_parse(const char *text, key_serial_t *ret)
{
	const char *name = ring_name(text);
	key_serial_t found;
	uint64_t serial;

	for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
		if (strcmp(text, specials[i].name))
			continue;
		*ret = specials[i].special;
		return 0;
	}
	if (!strcmp(text, "@t") || !strcmp(text, "@p"))
		return -EDOM;
	if (name) {
		if (!*name)
			return -EINVAL;
		found = find_key_by_type_and_desc("keyring", name, 0);
		if (found < 0)
			return -ENOKEY;
		*ret = found;
		return 0;
	}
	if (cmd_number_parse(text, 1, INT32_MAX, &serial) < 0)
		return -EINVAL;
	*ret = (key_serial_t)serial;
	return 0;
}

int cmd_ring_settle_session(void)
{
	key_serial_t session;

	return kr_get_id(KEY_SPEC_SESSION_KEYRING, &session);
}

static int is_the_one(key_serial_t parent _unused_, key_serial_t key,
		      char *desc _unused_, int desc_len _unused_, void *wanted)
{
	return key == *(key_serial_t *)wanted;
}

bool cmd_ring_session_sees_user(void)
{
	key_serial_t session, user;

	if (kr_get_id(KEY_SPEC_SESSION_KEYRING, &session) < 0 ||
	    kr_get_id(KEY_SPEC_USER_KEYRING, &user) < 0)
		return false;
	return recursive_key_scan(session, is_the_one, &user) > 0;
}
