/* SPDX-License-Identifier: MIT */
/*
 * The directory child: fscrypt on the one directory that came along, and out.
 * Keys are added and taken back as the directory's owner, so that the claim
 * on a key, and the quota, are his, and nothing is done to a file system that
 * he could not do.  The key itself is found by the kernel, in a ring that is
 * linked into this process's session ring for that moment.  It must not know
 * entries or callers.
 */
#include <signal.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "keyring/loan.h"
#include "kmsagent/agent/channel.h"
#include "kmsagent/agent/fsbusy.h"
#include "kmsagent/agent/fsdir.h"
#include "kmsagent/agent/role.h"

struct order {
	int channel;
	int fd; /* the directory, or one above it */
	const struct agent_msg *q;
	struct fsdir dir;
	const char *step; /* what was being done */
	uint32_t busy;
};

/* setfsuid() tells no error: ask again.  Its side effects are undone. */
static int act_as(uid_t uid)
{
	setfsuid(uid);
	if ((uid_t)setfsuid((uid_t)-1) != uid)
		return -EPERM;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static int do_look(struct order *o)
{
	o->step = "look";
	return fsdir_look(o->fd, &o->dir);
}

/* Take a key back that has no business here, whatever comes of it. */
static int undo(struct order *o, const uint8_t id[FSPOLICY_ID_BYTES], int why)
{
	(void)!fsdir_remove(o->fd, id, false);
	return why;
}

/* With the ring in reach, as the owner. */
static int add(struct order *o)
{
	const struct agent_msg *q = o->q;
	uint8_t id[FSPOLICY_ID_BYTES];
	struct fspolicy p = {.contents = q->contents,
			     .filenames = q->filenames,
			     .flags = q->policy_flags};
	struct fsdir_status before;
	int r;

	o->step = "status";
	r = fsdir_status(o->fd, q->identifier, &before);
	if (r < 0)
		return r;
	o->step = "add";
	r = fsdir_add(o->fd, (key_serial_t)q->serial, id);
	if (r < 0)
		return r;
	/* The kernel derives as we do, or the directory stays locked. */
	if (memcmp(id, q->identifier, sizeof(id)) != 0) {
		o->step = "identifier";
		return undo(o, id, -EKEYREJECTED);
	}
	if (q->type != AGENT_MSG_DIR_SETUP)
		return 0;
	o->step = "policy";
	memcpy(p.identifier, id, sizeof(id));
	r = fsdir_set(o->fd, &p);
	return r < 0 && !before.is_mine ? undo(o, id, r) : r;
}

static int do_add(struct order *o)
{
	key_serial_t ring = (key_serial_t)o->q->ring;
	int r;

	o->step = "key";
	r = kr_loan_take(ring);
	if (r < 0)
		return r;
	o->step = "owner";
	r = act_as(o->q->uid);
	if (r == 0)
		r = add(o);
	if (act_as(0) < 0)
		return -EPERM;
	kr_loan_give_back(ring);
	return r;
}

static void tell_busy(const struct fsbusy *b, void *data)
{
	struct order *o = data;
	struct agent_msg m = {
		.type = AGENT_MSG_BUSY,
		.pid = (uint32_t)b->pid,
		.uid = b->uid,
		.command = (char *)b->command,
		.path = (char *)b->path,
	};

	/* The count at the end tells of what did not get there. */
	(void)!agent_channel_send(o->channel, &m, NULL, 0);
}

static int remove_as(struct order *o)
{
	bool all = o->q->flags & AGENT_DIR_ALL_USERS;
	int r = act_as(all ? 0 : o->q->uid);

	o->step = "remove";
	if (r == 0)
		r = fsdir_remove(o->fd, o->q->identifier, all);
	return act_as(0) < 0 ? -EPERM : r;
}

static int look_for_busy(struct order *o)
{
	struct fsdir_status s;
	int n, r = fsdir_status(o->fd, o->q->identifier, &s);

	if (r < 0 || s.key != FSDIR_KEY_LEAVING)
		return r;
	o->step = "busy";
	n = fsbusy_scan(o->dir.dev, o->q->identifier, AGENT_BUSY_MAX, tell_busy,
			o);
	if (n < 0)
		return n;
	o->busy = (uint32_t)n;
	return 0;
}

/* From above, or this process itself would keep the key from leaving. */
static int do_remove(struct order *o)
{
	int above = -1, r;

	o->step = "above";
	r = fsdir_above(o->fd, o->q->identifier, &above);
	if (r < 0 && r != -EXDEV)
		return r;
	if (above >= 0) {
		close(o->fd);
		o->fd = above;
	}
	r = remove_as(o);
	return r < 0 ? r : look_for_busy(o);
}

/* A removal that was begun; the file system may be unmounted since. */
static int do_finish(struct order *o)
{
	struct fsdir_status s;
	int r;

	o->step = "find";
	r = fsdir_find((dev_t)o->q->device, o->q->identifier, &o->fd);
	if (r < 0)
		return r;
	o->step = "status";
	r = fsdir_status(o->fd, o->q->identifier, &s);
	if (r < 0 || s.key != FSDIR_KEY_LEAVING)
		return r;
	o->step = "remove";
	return fsdir_remove(o->fd, o->q->identifier, false);
}

static const struct {
	int (*run)(struct order *o);
} orders[AGENT_MSG_COUNT_] = {
	[AGENT_MSG_DIR_LOOK] = {do_look},
	[AGENT_MSG_DIR_ADD] = {do_add},
	[AGENT_MSG_DIR_SETUP] = {do_add},
	[AGENT_MSG_DIR_REMOVE] = {do_remove},
	[AGENT_MSG_DIR_FINISH] = {do_finish},
};

/* Of the key that the order is about, or of the directory's own. */
static int add_status(struct order *o, struct agent_msg *m)
{
	const uint8_t *id = o->q->identifier;
	struct fsdir_status s = {.key = FSDIR_KEY_ABSENT};
	uid_t owner =
		o->q->type == AGENT_MSG_DIR_LOOK ? o->dir.owner : o->q->uid;
	int r;

	if (o->q->type == AGENT_MSG_DIR_LOOK && o->dir.has_policy &&
	    !o->dir.is_v1)
		id = o->dir.policy.identifier;
	r = act_as(owner);
	if (r == 0)
		r = fsdir_status(o->fd, id, &s);
	if (act_as(0) < 0)
		return -EPERM;
	m->key_status = s.key;
	m->users = s.users;
	if (s.is_mine)
		m->flags |= AGENT_DIR_KEY_IS_OWNERS;
	return r;
}

/* What is so afterwards is looked at, not inferred. */
static int answer(struct order *o, int error)
{
	const struct fsdir *d = &o->dir;
	struct agent_msg m = {
		.type = AGENT_MSG_DIRECTORY,
		.error = error,
		.uid = d->owner,
		.device = d->dev,
		.count = o->busy,
		.contents = d->policy.contents,
		.filenames = d->policy.filenames,
		.policy_flags = d->policy.flags,
		.flags = (d->has_policy ? AGENT_DIR_HAS_POLICY : 0) |
			 (d->is_v1 ? AGENT_DIR_IS_V1 : 0) |
			 (d->is_empty ? AGENT_DIR_IS_EMPTY : 0),
	};
	char link[32], path[FSBUSY_PATH_BYTES];
	ssize_t n;

	memcpy(m.identifier, d->policy.identifier, FSPOLICY_ID_BYTES);
	if (error == 0 && o->fd >= 0)
		m.error = add_status(o, &m);
	/* For people: a name that it has somewhere. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", o->fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n > 0 && o->q->type == AGENT_MSG_DIR_LOOK) {
		path[n] = '\0';
		for (char *c = path; *c; c++)
			if (*c < ' ' || *c > '~')
				*c = '?';
		m.path = path;
	}
	m.code = (char *)o->step;
	return agent_channel_send(o->channel, &m, NULL, 0);
}

int agent_directory_run(int channel)
{
	_cleanup_(secret_done) struct secret buffer = SECRET_INIT;
	struct order o = {.channel = channel, .fd = -1, .step = "start"};
	int r = secret_alloc(&buffer, AGENT_MSG_MAX_BYTES);

	while (r == 0) {
		_cleanup_(agent_msg_done) struct agent_msg q = AGENT_MSG_INIT;
		int fds[AGENT_MSG_MAX_FDS];
		size_t nfds = 0;

		r = agent_channel_recv(channel, &buffer, &q, fds, &nfds);
		if (r < 0)
			break;
		/* One directory for a child's life. */
		if (nfds > (o.fd < 0 ? 1U : 0U) || !orders[q.type].run)
			return EXIT_FAILURE;
		if (nfds)
			o.fd = fds[0];
		o.q = &q;
		r = answer(&o, orders[q.type].run(&o));
	}
	return r == -EPIPE ? EXIT_SUCCESS : EXIT_FAILURE;
}
