/* SPDX-License-Identifier: MIT */
/* Removals that wait.  It must not know callers. */
#include "kmsagent/agent/fs-pending.h"

#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "kmsagent/agent/child.h"
#include "kmsagent/agent/fsdir.h"
#include "kmsagent/agent/journal.h"
#include "kmsagent/agent/keys.h"
#include "kmsagent/base/log.h"

#define FIRST_S	    1
#define LAST_S	    30
#define WAITING_MAX 1024
#define SECOND_US   1000000ULL
#define ACCURACY_US 100000ULL

static const struct log_event event_finished = {
	"a2c4e6f80b1d4f3a9c5e7d9f1b3a5c16", "fscrypt-finished"};

struct waiting {
	TAILQ_ENTRY(waiting) link;
	struct agent_fs_pending *all;
	char name[KR_NAME_MAX_BYTES + 1];
	uint64_t device;
	uint8_t id[FSPOLICY_ID_BYTES];
	unsigned delay_s;
	sd_event_source *timer;
	struct agent_child *child;
	bool has_process;
	bool is_over;
};

struct agent_fs_pending {
	struct agent *agent;
	TAILQ_HEAD(, waiting) list;
	unsigned count;
};

int fs_pending_new(struct agent *a, struct agent_fs_pending **ret)
{
	struct agent_fs_pending *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->agent = a;
	TAILQ_INIT(&p->list);
	*ret = p;
	return 0;
}

static void waiting_free(struct waiting *w)
{
	TAILQ_REMOVE(&w->all->list, w, link);
	w->all->count--;
	sd_event_source_disable_unref(w->timer);
	free(w);
}

static void give_up(struct waiting *w, int why)
{
	log_warning("cannot see to it that the key of %s leaves: %s; kmsctl "
		    "fscrypt lock tries again",
		    w->name, strerror(-why));
	w->is_over = true;
}

static void tell_locked(struct waiting *w)
{
	const struct agent_key *k = agent_key_find(w->all->agent, w->name);
	struct agent_event e = AGENT_EVENT_INIT;

	e.what = "FscryptLocked";
	e.name = w->name;
	e.cmk_arn = k ? k->entry.cmk_arn : NULL;
	e.reason = "the last open file was closed";
	agent_audit_note(w->all->agent, &e);
	agent_journal(LOG_LEVEL_NOTICE, &event_finished, &e,
		      "directories of %s are locked: the last open file was "
		      "closed",
		      w->name);
	w->is_over = true;
}

static void judge(struct waiting *w, const struct agent_msg *m)
{
	if (m->error == -ENODEV) {
		log_notice("the agent sees no mount of the file system with "
			   "directories of %s: it was unmounted, with which "
			   "the key went, or ProtectHome= hides it; then "
			   "kmsctl fscrypt lock tries again",
			   w->name);
		w->is_over = true;
	} else if (m->error < 0) {
		give_up(w, m->error);
	} else if (m->key_status == FSDIR_KEY_ABSENT) {
		tell_locked(w);
	} else if (m->key_status == FSDIR_KEY_PRESENT) {
		w->is_over = true; /* somebody has unlocked it again */
	}
}

static void on_message(struct agent_child *c, struct agent_msg *m,
		       void *userdata)
{
	if (m && m->type == AGENT_MSG_DIRECTORY)
		judge(userdata, m);
	agent_child_end(c);
}

static int arm(struct waiting *w);

static void on_gone(void *userdata)
{
	struct waiting *w = userdata;
	int r;

	w->child = NULL;
	w->has_process = false;
	if (!w->is_over) {
		w->delay_s = w->delay_s * 2 > LAST_S ? LAST_S : w->delay_s * 2;
		r = arm(w);
		if (r < 0)
			give_up(w, r);
	}
	if (w->is_over)
		waiting_free(w);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct waiting *w = userdata;
	const struct agent_child_spec spec = {
		.role = AGENT_ROLE_DIRECTORY,
		.on_message = on_message,
		.on_gone = on_gone,
		.userdata = w,
		.buffer = &w->all->agent->buffer,
	};
	struct agent_msg m = {.type = AGENT_MSG_DIR_FINISH,
			      .device = w->device};
	int r;

	(void)s;
	(void)usec;
	memcpy(m.identifier, w->id, sizeof(w->id));
	/* One that hangs is waited for: it is in the way of any other. */
	r = agent_child_new(w->all->agent->event, &spec, &w->child);
	if (r < 0) {
		give_up(w, r);
		waiting_free(w);
		return 0;
	}
	w->has_process = true;
	r = agent_child_send(w->child, &m, NULL, 0);
	if (r < 0)
		agent_child_end(w->child);
	return 0;
}

static int arm(struct waiting *w)
{
	w->timer = sd_event_source_disable_unref(w->timer);
	return sd_event_add_time_relative(
		w->all->agent->event, &w->timer, CLOCK_BOOTTIME,
		w->delay_s * SECOND_US, ACCURACY_US, on_timer, w);
}

int fs_pending_add(struct agent_fs_pending *p, const char *name,
		   uint64_t device, const uint8_t id[FSPOLICY_ID_BYTES])
{
	struct waiting *w;
	int r;

	TAILQ_FOREACH(w, &p->list, link)
	if (w->device == device && memcmp(w->id, id, sizeof(w->id)) == 0)
		return 0;
	if (p->count >= WAITING_MAX)
		return -E2BIG;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->all = p;
	w->device = device;
	w->delay_s = FIRST_S;
	snprintf(w->name, sizeof(w->name), "%s", name);
	memcpy(w->id, id, sizeof(w->id));
	TAILQ_INSERT_TAIL(&p->list, w, link);
	p->count++;
	r = arm(w);
	if (r < 0)
		waiting_free(w);
	return r;
}

void fs_pending_stop(struct agent_fs_pending *p)
{
	struct waiting *w, *next;

	for (w = p ? TAILQ_FIRST(&p->list) : NULL; w; w = next) {
		next = TAILQ_NEXT(w, link);
		w->is_over = true;
		if (w->has_process)
			agent_child_end(w->child);
		else
			waiting_free(w);
	}
}

void fs_pending_free(struct agent_fs_pending *p)
{
	struct waiting *w;

	while (p && (w = TAILQ_FIRST(&p->list)))
		waiting_free(w);
	free(p);
}
