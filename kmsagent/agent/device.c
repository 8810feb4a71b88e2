/* SPDX-License-Identifier: MIT */
/*
 * The device child: one order to the device mapper, by root with the few
 * capabilities for it, and out.  The key is found by the kernel, in a ring
 * that is linked into this process's session ring for that moment; no byte
 * of it is ever here.  It must not know entries, callers or devices.
 */
#include <string.h>
#include <time.h>

#include "keyring/loan.h"
#include "kmsagent/agent/channel.h"
#include "kmsagent/agent/devmap.h"
#include "kmsagent/agent/role.h"
#include "kmsagent/agent/volume.h"

/* udev and its kin look at a mapping when it appears or has been closed. */
#define BUSY_TRIES   20
#define BUSY_WAIT_NS 50000000

struct order {
	int channel;
	const struct agent_msg *q;
	struct devmap map;
	const char *step; /* what was being done */
	uint32_t cookie;
};

/* Before the first thing that a killed child would leave. */
static int begin(struct order *o)
{
	struct agent_msg m = {.type = AGENT_MSG_COOKIE};
	int r = devmap_cookie(&o->cookie);

	m.cookie = o->cookie;
	if (r == 0 && o->cookie)
		r = agent_channel_send(o->channel, &m, NULL, 0);
	return r;
}

static int look(struct order *o)
{
	devmap_done(&o->map);
	o->step = "look";
	return devmap_look(o->q->uuid, &o->map);
}

static int do_map(struct order *o)
{
	const struct agent_msg *q = o->q;
	int r = look(o);

	/* Without a table it is what a keyholder that was killed left; sysfs
	 * does not show it before it has one (since Linux 5.15). */
	if (r == 0 && !o->map.has_table) {
		r = devmap_remove(&o->map, false, 0);
		if (r == 0)
			r = -ENXIO;
	}
	if (r != -ENXIO)
		return r < 0 ? r : -EEXIST;
	o->step = "name";
	if (devmap_has_name(q->mapping))
		return -EEXIST;
	o->step = "key";
	r = kr_loan_take((key_serial_t)q->ring);
	if (r < 0)
		return r;
	o->step = "load";
	r = devmap_create(q->mapping, q->uuid, (int64_t)q->sectors, q->table,
			  q->flags & AGENT_MAP_READ_ONLY, o->cookie);
	kr_loan_give_back((key_serial_t)q->ring);
	return r;
}

static int do_remap(struct order *o)
{
	const struct agent_msg *q = o->q;
	int r = look(o);

	if (r < 0)
		return r;
	/* Somebody else's table is not loaded again in our name. */
	o->step = "table";
	if (!o->map.table || !volume_table_has_key(o->map.table, q->key_ref))
		return -EUCLEAN;
	o->step = "key";
	r = kr_loan_take((key_serial_t)q->ring);
	if (r < 0)
		return r;
	o->step = "load";
	r = devmap_resize(&o->map, (int64_t)q->sectors, o->cookie);
	if (r < 0)
		(void)!devmap_clear(&o->map);
	kr_loan_give_back((key_serial_t)q->ring);
	return r;
}

static int remove_map(struct order *o, bool deferred)
{
	const struct timespec wait = {0, BUSY_WAIT_NS};
	int r;

	for (unsigned i = 0;; i++) {
		o->step = "remove";
		r = devmap_remove(&o->map, deferred, o->cookie);
		if (r != -EBUSY || i == BUSY_TRIES)
			return r;
		nanosleep(&wait, NULL);
		r = look(o);
		if (r < 0)
			return r;
	}
}

static int do_unmap(struct order *o)
{
	int r = look(o);

	return r < 0 ? r : remove_map(o, o->q->flags & AGENT_MAP_DEFERRED);
}

static int do_inspect(struct order *o)
{
	(void)o;
	return 0;
}

static int do_repair(struct order *o)
{
	int r;

	devmap_drop_cookie(o->q->cookie);
	r = look(o);
	if (r == 0 && (!o->map.has_table || o->q->flags & AGENT_MAP_REMOVE)) {
		r = remove_map(o, false);
	} else if (r == 0 && o->map.has_new_table) {
		o->step = "clear";
		r = devmap_clear(&o->map);
	}
	if (o->q->mapping)
		devmap_mend_node(o->q->mapping);
	return r == -ENXIO ? 0 : r;
}

static const struct {
	int (*run)(struct order *o);
	bool changes; /* udev is told of it */
} orders[AGENT_MSG_COUNT_] = {
	[AGENT_MSG_MAP] = {do_map, true},
	[AGENT_MSG_REMAP] = {do_remap, true},
	[AGENT_MSG_UNMAP] = {do_unmap, true},
	[AGENT_MSG_INSPECT] = {do_inspect, false},
	[AGENT_MSG_REPAIR] = {do_repair, true},
};

static uint32_t flags_of(const struct devmap *d, const char *key_ref)
{
	return AGENT_MAP_EXISTS | (d->is_read_only ? AGENT_MAP_READ_ONLY : 0) |
	       (d->has_table ? AGENT_MAP_HAS_TABLE : 0) |
	       (d->is_suspended ? AGENT_MAP_SUSPENDED : 0) |
	       (d->is_going ? AGENT_MAP_GOING : 0) |
	       (d->table && key_ref && volume_table_has_key(d->table, key_ref)
			? AGENT_MAP_HAS_KEY
			: 0);
}

/* What is so afterwards is looked at, not inferred. */
static int answer(struct order *o, int error)
{
	struct agent_msg m = {
		.type = AGENT_MSG_MAPPED,
		.error = error,
		.code = (char *)o->step,
		.text = (char *)(error < 0 ? devmap_last_words() : NULL),
	};
	char step[32];
	int r;

	/* Borrowed for the sending; look() says its own step. */
	snprintf(step, sizeof(step), "%s", o->step);
	if (error == 0) {
		r = look(o);
		if (r < 0 && r != -ENXIO)
			m.error = r;
		if (r == 0) {
			m.mapping = o->map.name;
			m.table = o->map.table;
			m.flags = flags_of(&o->map, o->q->key_ref);
			m.open_count = (uint32_t)o->map.open_count;
			m.sectors = (uint64_t)o->map.sectors;
			m.device = o->map.dev;
		}
	}
	m.code = step;
	return agent_channel_send(o->channel, &m, NULL, 0);
}

int agent_device_run(int fd)
{
	_cleanup_(secret_done) struct secret buffer = SECRET_INIT;
	_cleanup_(agent_msg_done) struct agent_msg q = AGENT_MSG_INIT;
	struct order o = {.channel = fd, .q = &q, .step = "start"};
	int r;

	if (secret_alloc(&buffer, AGENT_MSG_MAX_BYTES) < 0 ||
	    agent_channel_recv(fd, &buffer, &q, NULL, NULL) < 0 ||
	    !orders[q.type].run || !q.uuid)
		return EXIT_FAILURE;
	devmap_init();
	r = orders[q.type].changes ? begin(&o) : 0;
	if (r == 0)
		r = orders[q.type].run(&o);
	devmap_wait(o.cookie);
	r = answer(&o, r);
	devmap_done(&o.map);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
