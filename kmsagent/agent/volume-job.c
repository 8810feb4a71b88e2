/* SPDX-License-Identifier: MIT */
/* Jobs on volumes.  What is asked for and answered is dmcrypt.c's. */
#include "kmsagent/agent/volume-job.h"

#include <string.h>
#include <time.h>

#include "kmsagent/agent/journal.h"
#include "kmsagent/agent/mapping.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/base/log.h"

#define DECRYPT_MS 10000
#define CHILD_S	   15
/* A key on loan dies by itself should the keyholder die: after the child's
 * time, and a little. */
#define LOAN_S (CHILD_S + 5)

static const struct log_event event_refused = {
	"6d1f8a3b2c4e4d7f9a0b5c6e7d8f9a05", "volume-refused"};
static const struct log_event event_left = {"0b7c2d9e4f5a4b1c8d6e3f2a1b0c9d06",
					    "volume-key-left"};

struct volume_job *volume_job_new(struct agent_key *k,
				  struct varlink_call *call,
				  enum agent_msg_type type)
{
	char uuid[VOLUME_UUID_BYTES];
	struct volume_job *j;

	if (k->volume_job) {
		agent_reply_busy(call, "something is being done to this "
				       "volume already");
		return NULL;
	}
	mapping_uuid(k->entry.name, uuid);
	j = calloc(1, sizeof(*j));
	if (j) {
		j->agent = k->agent;
		j->key = k;
		j->call = call;
		j->uid = call ? (int64_t)varlink_call_peer(call)->uid : -1;
		j->pid = call ? varlink_call_peer(call)->pid : 0;
		j->order.type = type;
		j->order.uuid = strdup(uuid);
		j->order.key_ref = volume_key_ref(
			k->entry.type->name, k->entry.bytes, k->entry.name);
	}
	if (!j || !j->order.uuid || !j->order.key_ref) {
		volume_job_free(j);
		if (call)
			agent_reply_with(call, NULL);
		return NULL;
	}
	k->volume_job = j;
	return j;
}

void volume_job_free(struct volume_job *j)
{
	if (!j)
		return;
	if (j->call)
		varlink_call_on_cancel(j->call, NULL, NULL);
	if (j->key)
		j->key->volume_job = NULL;
	agent_fetch_cancel(j->fetch);
	kr_loan_end(&j->loan, j->agent->holder.session);
	sd_event_source_disable_unref(j->deadline);
	agent_msg_done(&j->order);
	agent_msg_done(&j->answer);
	free(j);
}

struct varlink_call *volume_job_take_call(struct volume_job *j)
{
	if (j->call)
		varlink_call_on_cancel(j->call, NULL, NULL);
	return take_ptr(j->call);
}

void volume_job_describe(const struct volume_job *j, const char *what,
			 struct agent_event *ret)
{
	const struct agent_key *k = j->key;

	*ret = AGENT_EVENT_INIT;
	ret->what = what;
	ret->uid = j->uid;
	ret->pid = j->pid;
	ret->name = k->entry.name;
	ret->cmk_arn = k->entry.cmk_arn;
	ret->device = j->wanted.device[0] ? j->wanted.device : NULL;
	ret->mapping = j->order.mapping ?: k->mapping.name;
}

int volume_job_audit(const struct volume_job *j, const char *what,
		     const char *error, const char *reason)
{
	struct agent_event e;

	volume_job_describe(j, what, &e);
	e.error = error;
	e.reason = reason;
	return agent_audit(j->agent, &e);
}

void volume_job_note_failure(const struct volume_job *j, const char *error,
			     const char *reason)
{
	struct agent_event e;

	if (!j->refusal)
		return;
	volume_job_describe(j, j->refusal, &e);
	e.error = error;
	e.reason = reason;
	agent_audit_note(j->agent, &e);
	agent_journal(LOG_LEVEL_NOTICE, &event_refused, &e, "volume %s, %s: %s",
		      j->key->entry.name, error, reason);
}

/* No copy of the key may outlive its loan, in whoever's ring. */
static void look_for_left(const struct volume_job *j)
{
	struct agent_event e;
	bool is_left = false;
	int r = j->lent ? kr_loan_is_left(j->lent, &is_left) : 0;

	if (r < 0)
		log_err("cannot read /proc/keys: %s", strerror(-r));
	if (!is_left)
		return;
	volume_job_describe(j, "VolumeKeyLeft", &e);
	e.serial = j->lent;
	e.error = "left";
	agent_audit_note(j->agent, &e);
	agent_journal(LOG_LEVEL_CRIT, &event_left, &e,
		      "key %d of volume %s is still in the kernel's keyrings; "
		      "it ends by its timeout within %d s",
		      j->lent, j->key->entry.name, LOAN_S);
}

static void finish(struct volume_job *j)
{
	j->deadline = sd_event_source_disable_unref(j->deadline);
	look_for_left(j);
	if (j->done)
		j->done(j);
	volume_job_free(j);
}

static int start_child(struct volume_job *j);

/* Its child is gone without an answer: another one looks after it. */
static void repair(struct volume_job *j)
{
	int r;

	j->is_repair = true;
	j->repaired = j->order.type;
	j->order.flags = j->order.type == AGENT_MSG_MAP ? AGENT_MAP_REMOVE : 0;
	if (!j->order.mapping)
		j->order.mapping = strdup(j->key->mapping.name);
	j->order.type = AGENT_MSG_REPAIR;
	j->order.cookie = j->cookie;
	r = start_child(j);
	if (r < 0) {
		log_crit("cannot repair mapping of volume %s: %s",
			 j->key->entry.name, strerror(-r));
		finish(j);
	}
}

static bool changes(enum agent_msg_type type)
{
	return type == AGENT_MSG_MAP || type == AGENT_MSG_REMAP ||
	       type == AGENT_MSG_UNMAP;
}

static void on_gone(void *userdata)
{
	struct volume_job *j = userdata;

	j->has_process = false;
	j->child = NULL;
	if (j->is_stopped)
		volume_job_free(j);
	else if (j->answer.type == AGENT_MSG_NONE && !j->is_repair &&
		 changes(j->order.type))
		repair(j);
	else
		finish(j);
}

/* What a repair finds: the first child was killed, but not before it had
 * done what it was to do. */
static bool was_done(const struct volume_job *j, const struct agent_msg *m)
{
	if (m->error < 0)
		return false;
	if (j->repaired == AGENT_MSG_UNMAP)
		return !(m->flags & AGENT_MAP_EXISTS);
	return j->repaired == AGENT_MSG_REMAP && m->sectors == j->order.sectors;
}

/* Its last word, or none: the loan ends at once, and so does the child. */
static void on_message(struct agent_child *c, struct agent_msg *m,
		       void *userdata)
{
	struct volume_job *j = userdata;

	if (m && m->type == AGENT_MSG_COOKIE) {
		j->cookie = m->cookie;
		return;
	}
	kr_loan_end(&j->loan, j->agent->holder.session);
	if (m && m->type == AGENT_MSG_MAPPED && m->error <= 0) {
		if (j->is_repair && m->error < 0) {
			log_crit("cannot repair the mapping of volume %s: %s: "
				 "%s",
				 j->key->entry.name, m->text ?: "",
				 strerror(-m->error));
			/* So it is there, and can be closed. */
			mappings_look(j->agent);
		}
		if (!j->is_repair || was_done(j, m)) {
			j->answer = *m;
			*m = AGENT_MSG_INIT;
		}
	}
	agent_child_end(c);
}

/* Whoever waits is told now; the child may hang in the kernel for long. */
static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct volume_job *j = userdata;

	(void)s;
	(void)usec;
	log_err("a device child for volume %s did not end within %d s",
		j->key->entry.name, CHILD_S);
	if (j->call) {
		agent_reply_advice(volume_job_take_call(j), -ETIMEDOUT,
				   "the device mapper does not answer",
				   "look at the kernel's log and at the device "
				   "below; dmsetup info shows whether the "
				   "mapping is suspended");
	}
	kr_loan_end(&j->loan, j->agent->holder.session);
	agent_child_end(j->child);
	return 0;
}

static int start_child(struct volume_job *j)
{
	const struct agent_child_spec spec = {
		.role = AGENT_ROLE_DEVICE,
		.on_message = on_message,
		.on_gone = on_gone,
		.userdata = j,
		.buffer = &j->agent->buffer,
	};
	int r;

	j->deadline = sd_event_source_disable_unref(j->deadline);
	r = sd_event_add_time_relative(j->agent->event, &j->deadline,
				       CLOCK_BOOTTIME, CHILD_S * 1000000ULL, 0,
				       on_deadline, j);
	if (r == 0)
		r = agent_child_new(j->agent->event, &spec, &j->child);
	if (r < 0)
		return r;
	j->has_process = true;
	r = agent_child_send(j->child, &j->order, NULL, 0);
	/* Then it is gone already, and on_gone() will say so. */
	if (r < 0)
		agent_child_end(j->child);
	return 0;
}

static void fail(struct volume_job *j, int error, const char *what)
{
	volume_job_note_failure(j, "failed", strerror(-error));
	if (j->call)
		agent_reply_system(volume_job_take_call(j), error, what);
	volume_job_free(j);
}

/* The caller went away.  What a child does for him is seen to its end. */
static void on_cancel(struct varlink_call *call, void *data)
{
	struct volume_job *j = data;

	(void)call;
	j->call = NULL;
	if (!j->has_process)
		volume_job_free(j);
}

void volume_job_run(struct volume_job *j)
{
	int r;

	if (j->call)
		varlink_call_on_cancel(j->call, on_cancel, j);
	r = start_child(j);
	if (r < 0)
		fail(j, r, "starting the device child");
}

static int lend(struct volume_job *j, const struct secret *key)
{
	const struct agent_entry *e = &j->key->entry;
	int r = kr_loan_make(&j->loan, j->agent->holder.session, e->name,
			     e->type, key, LOAN_S);

	j->lent = j->loan.key;
	j->order.ring = (uint32_t)j->loan.ring;
	return r;
}

static bool is_the_entrys(const struct agent_msg *m,
			  const struct agent_entry *e)
{
	return m->key.len == e->bytes && m->key_arn &&
	       strcmp(m->key_arn, e->cmk_arn) == 0;
}

static void on_decrypted(struct agent_msg *m, void *userdata)
{
	struct volume_job *j = userdata;
	int r;

	j->fetch = NULL;
	if (m->error < 0) {
		volume_job_note_failure(j, m->code ?: "unreachable",
					m->text ?: strerror(-m->error));
		agent_reply_kms(volume_job_take_call(j), m);
		volume_job_free(j);
		return;
	}
	if (!is_the_entrys(m, &j->key->entry)) {
		fail(j, -EKEYREJECTED,
		     "the KMS gave another key than the "
		     "entry's");
		return;
	}
	if (!j->on_key(j, &m->key))
		return;
	r = lend(j, &m->key);
	secret_done(&m->key);
	if (r < 0)
		fail(j, r, "lending the key");
	else
		volume_job_run(j);
}

void volume_job_fetch(struct volume_job *j)
{
	int r = agent_key_fetch(j->key, AGENT_MSG_DECRYPT, DECRYPT_MS,
				on_decrypted, j, &j->fetch);

	if (r < 0)
		fail(j, r, "asking the KMS");
	else
		varlink_call_on_cancel(j->call, on_cancel, j);
}

void volume_repair(struct agent_key *k)
{
	struct volume_job *j;

	if (k->volume_job)
		return;
	j = volume_job_new(k, NULL, AGENT_MSG_REPAIR);
	if (!j)
		return;
	log_warning("mapping %s of volume %s is half made: removing it",
		    k->mapping.name, k->entry.name);
	j->is_repair = true;
	j->order.mapping = strdup(k->mapping.name);
	volume_job_run(j);
}

void volume_job_stop(struct agent_key *k)
{
	struct volume_job *j = k->volume_job;

	if (!j)
		return;
	j->is_stopped = true;
	agent_fetch_cancel(take_ptr(j->fetch));
	kr_loan_end(&j->loan, j->agent->holder.session);
	if (j->has_process)
		agent_child_end(j->child);
	else
		volume_job_free(j);
}

/* The loop has ended: no child's end is told any more. */
void volume_job_forget(struct agent_key *k)
{
	volume_job_free(k->volume_job);
}
