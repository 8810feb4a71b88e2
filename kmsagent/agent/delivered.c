/* SPDX-License-Identifier: MIT */
/*
 * What the kernel holds of our keys.  Serials are drawn at random and used
 * again, so each is looked at before it is touched.
 */
#include <string.h>

#include "keyring/key.h"
#include "kmsagent/agent/keys.h"
#include "kmsagent/agent/renew.h"
#include "kmsagent/base/log.h"

int agent_key_note_serial(struct agent_key *k, key_serial_t serial, int64_t uid)
{
	struct agent_serial *list =
		reallocarray(k->serials, k->serial_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	k->serials = list;
	list[k->serial_count++] = (struct agent_serial){serial, uid};
	return 0;
}

static bool is_still_ours(const struct agent_key *k, key_serial_t serial)
{
	struct kr_info info;
	const char *name;

	if (kr_describe(serial, &info) < 0 || info.uid != 0 ||
	    info.perm != KR_DELIVERED_PERM ||
	    strcmp(info.type, k->entry.type->name) != 0)
		return false;
	name = kr_name_of_desc(info.desc);
	return name && strcmp(name, k->entry.name) == 0;
}

/* Keep the serials that @keep says to. */
static void filter(struct agent_key *k,
		   bool (*keep)(struct agent_key *k, struct agent_serial *s,
				int64_t arg),
		   int64_t arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->serial_count; i++)
		if (keep(k, &k->serials[i], arg))
			k->serials[kept++] = k->serials[i];
	k->serial_count = kept;
	if (kept == 0)
		agent_lease_event(k, LEASE_EVENT_EMPTY, 0);
}

static bool keep_ours(struct agent_key *k, struct agent_serial *s, int64_t arg)
{
	(void)arg;
	return is_still_ours(k, s->serial);
}

void agent_key_prune(struct agent_key *k)
{
	if (k->serial_count)
		filter(k, keep_ours, 0);
}

static bool keep_retimed(struct agent_key *k, struct agent_serial *s,
			 int64_t ttl_s)
{
	return is_still_ours(k, s->serial) &&
	       kr_set_timeout(s->serial, (unsigned)ttl_s) == 0;
}

void agent_key_retime(struct agent_key *k, unsigned ttl_s)
{
	if (k->serial_count)
		filter(k, keep_retimed, ttl_s);
}

static bool keep_others(struct agent_key *k, struct agent_serial *s,
			int64_t uid)
{
	int r;

	if (!is_still_ours(k, s->serial))
		return false;
	if (uid != -1 && s->uid != uid)
		return true;
	r = kr_invalidate(s->serial);
	if (r < 0 && is_still_ours(k, s->serial)) {
		log_crit("cannot take back key %d of %s: %s", s->serial,
			 k->entry.name, strerror(-r));
		return true;
	}
	return false;
}

size_t agent_key_invalidate(struct agent_key *k, int64_t uid)
{
	size_t before;

	agent_key_prune(k);
	before = k->serial_count;
	if (before)
		filter(k, keep_others, uid);
	return before - k->serial_count;
}

/*
 * /proc/keys rounds what is left down to its unit.  The longest that it can
 * mean: the kernel's own timeout ends the key in any case, and ending it
 * before its lease would be wrong.
 */
static int64_t longest_left_ms(int64_t hint_s)
{
	static const int64_t units[] = {604800, 86400, 3600, 60, 1};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (hint_s >= units[i])
			return (hint_s + units[i]) * 1000;
	return 1000;
}

int agent_keys_find_delivered(struct agent *a)
{
	_free_ struct kr_delivered *found = NULL;
	size_t count = 0;
	int r = kr_procs_scan(&found, &count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		struct agent_event e = AGENT_EVENT_INIT;
		struct agent_key *k = agent_key_find(a, found[i].name);

		if (!k || k->entry.type != found[i].type) {
			log_warning("key %d is of no entry here (%s): its "
				    "lease runs out by itself",
				    found[i].serial, found[i].name);
			continue;
		}
		r = agent_key_note_serial(k, found[i].serial, -1);
		if (r < 0)
			return r;
		e.what = "KeyFound";
		e.name = k->entry.name;
		e.cmk_arn = k->entry.cmk_arn;
		e.serial = found[i].serial;
		agent_audit_note(a, &e);
		agent_lease_event(k, LEASE_EVENT_FOUND,
				  longest_left_ms(found[i].ttl_hint_s));
	}
	return 0;
}
