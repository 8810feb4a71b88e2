/* SPDX-License-Identifier: MIT */
/* Jobs on directories.  What is asked for and answered is fscrypt.c's. */
#include "kmsagent/agent/fs-job.h"

#include <string.h>
#include <time.h>

#include "kmsagent/agent/journal.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"

#define DECRYPT_MS 10000
#define CHILD_S	   15
/* A key on loan dies by itself should the keyholder die. */
#define LOAN_S (CHILD_S + 5)

static const struct log_event event_refused = {
	"b4f0a6f6c0d24f0e8d0f5b7d3c1e9a11", "fscrypt-refused"};
static const struct log_event event_left = {"9e1c7d52a83b4f64b0a7c6d5e4f30a12",
					    "fscrypt-key-left"};

TAILQ_HEAD(fs_job_list, fs_job);

struct agent_fs {
	struct fs_job_list list;
	unsigned count; /* names loans, which must differ */
};

int fs_jobs_new(struct agent_fs **ret)
{
	struct agent_fs *all = calloc(1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	TAILQ_INIT(&all->list);
	*ret = all;
	return 0;
}

bool fs_jobs_has(const struct agent_fs *all, const struct agent_key *k)
{
	const struct fs_job *j;

	TAILQ_FOREACH(j, &all->list, link)
	if (j->key == k && j->work->changes)
		return true;
	return false;
}

static bool take_directory(struct fs_job *j, const cJSON *params)
{
	int64_t index;

	if (!agent_arg_int(j->call, params, "directory", true, 0,
			   VARLINK_MAX_FDS - 1, &index))
		return false;
	j->fd = varlink_call_take_fd(j->call, (size_t)index);
	if (j->fd < 0)
		agent_reply_invalid(j->call, "directory",
				    "no descriptor of this index came along");
	return j->fd >= 0;
}

struct fs_job *fs_job_new(struct agent_key *k, struct varlink_call *call,
			  const cJSON *params, const struct fs_work *work)
{
	struct agent_fs *all = k->agent->fs;
	const struct ucred *peer = varlink_call_peer(call);
	struct fs_job *j;

	if (work->changes && fs_jobs_has(all, k)) {
		agent_reply_busy(call, "something is being done with this key "
				       "already");
		return NULL;
	}
	j = calloc(1, sizeof(*j));
	if (!j) {
		agent_reply_with(call, NULL);
		return NULL;
	}
	*j = (struct fs_job){
		.agent = k->agent,
		.key = k,
		.work = work,
		.call = call,
		.uid = peer->uid,
		.pid = peer->pid,
		.fd = -1,
	};
	TAILQ_INSERT_TAIL(&all->list, j, link);
	if (take_directory(j, params))
		return j;
	j->call = NULL;
	fs_job_free(j);
	return NULL;
}

void fs_job_free(struct fs_job *j)
{
	if (!j)
		return;
	if (j->call)
		varlink_call_on_cancel(j->call, NULL, NULL);
	TAILQ_REMOVE(&j->agent->fs->list, j, link);
	agent_fetch_cancel(j->fetch);
	kr_loan_end(&j->loan, j->agent->holder.session);
	sd_event_source_disable_unref(j->deadline);
	close_keep_errno(j->fd);
	agent_msg_done(&j->order);
	agent_msg_done(&j->seen);
	agent_msg_done(&j->answer);
	cJSON_Delete(j->busy);
	free(j);
}

struct varlink_call *fs_job_take_call(struct fs_job *j)
{
	if (j->call)
		varlink_call_on_cancel(j->call, NULL, NULL);
	return take_ptr(j->call);
}

void fs_job_event(const struct fs_job *j, const char *what, const char *error,
		  const char *reason, struct agent_event *e)
{
	*e = AGENT_EVENT_INIT;
	e->what = what;
	e->uid = j->uid;
	e->pid = j->pid;
	e->name = j->key->entry.name;
	e->cmk_arn = j->key->entry.cmk_arn;
	e->directory = j->seen.path;
	e->error = error;
	e->reason = reason;
}

int fs_job_audit(const struct fs_job *j, const char *what, const char *error,
		 const char *reason)
{
	struct agent_event e;

	fs_job_event(j, what, error, reason, &e);
	return agent_audit(j->agent, &e);
}

void fs_job_note(const struct fs_job *j, const char *what, const char *error,
		 const char *reason)
{
	struct agent_event e;

	fs_job_event(j, what, error, reason, &e);
	agent_audit_note(j->agent, &e);
}

/* Refusals and failures: status, which changes nothing, is not audited. */
void fs_job_note_failure(const struct fs_job *j, const char *error,
			 const char *reason)
{
	struct agent_event e;

	if (!j->work->changes)
		return;
	fs_job_event(j, "FscryptRefused", error, reason, &e);
	agent_audit_note(j->agent, &e);
	agent_journal(LOG_LEVEL_NOTICE, &event_refused, &e,
		      "directory %s of %s, uid %u: %s: %s", j->seen.path ?: "?",
		      j->key->entry.name, (unsigned)j->uid, error, reason);
}

/* No copy of the key may outlive its loan, in whoever's ring. */
static void look_for_left(struct fs_job *j)
{
	struct agent_event e;
	bool is_left = false;
	int r = j->lent ? kr_loan_is_left(j->lent, &is_left) : 0;

	j->lent = 0;
	if (r < 0)
		log_err("cannot read /proc/keys: %s", strerror(-r));
	if (!is_left)
		return;
	fs_job_event(j, "FscryptKeyLeft", "left", "after its loan", &e);
	agent_audit_note(j->agent, &e);
	agent_journal(LOG_LEVEL_CRIT, &event_left, &e,
		      "a key of %s is still in the kernel's keyrings; it ends "
		      "by its timeout within %d s",
		      j->key->entry.name, LOAN_S);
}

static void end_loan(struct fs_job *j)
{
	kr_loan_end(&j->loan, j->agent->holder.session);
	look_for_left(j);
}

static int start_child(struct fs_job *j);

static bool adds(const struct fs_job *j)
{
	return j->order.type == AGENT_MSG_DIR_ADD ||
	       j->order.type == AGENT_MSG_DIR_SETUP;
}

/* It may have added the key, and nobody knows: take it back. */
static bool needs_repair(const struct fs_job *j)
{
	return j->phase == FS_PHASE_ORDER && adds(j) &&
	       j->answer.type == AGENT_MSG_NONE &&
	       !(j->seen.flags & AGENT_DIR_KEY_IS_OWNERS);
}

static void finish(struct fs_job *j)
{
	if (j->phase == FS_PHASE_ORDER && j->answer.type != AGENT_MSG_NONE)
		j->work->on_done(j);
	else if (j->call)
		fs_job_fail(j, -EPIPE, "child");
	fs_job_free(j);
}

static void repair(struct fs_job *j)
{
	int r;

	j->phase = FS_PHASE_REPAIR;
	j->order.type = AGENT_MSG_DIR_REMOVE;
	j->order.flags = 0;
	r = start_child(j);
	if (r == 0)
		r = agent_child_send(j->child, &j->order, &j->fd, 1);
	if (r == 0)
		return;
	log_crit("cannot take the key of %s back from %s: %s; kmsctl fscrypt "
		 "lock does",
		 j->key->entry.name, j->seen.path ?: "?", strerror(-r));
	if (!j->has_process)
		finish(j);
}

static void on_gone(void *userdata)
{
	struct fs_job *j = userdata;

	j->has_process = false;
	j->child = NULL;
	end_loan(j);
	if (needs_repair(j))
		repair(j);
	else
		finish(j);
}

static void note_busy(struct fs_job *j, const struct agent_msg *m)
{
	_json_ cJSON *one = cJSON_CreateObject();
	int r = one ? json_add_int(one, "pid", m->pid) : -ENOMEM;

	if (!j->busy)
		j->busy = cJSON_CreateArray();
	if (r == 0)
		r = json_add_int(one, "uid", m->uid);
	if (r == 0)
		r = json_add_string(one, "command", m->command ?: "");
	if (r == 0)
		r = json_add_string(one, "path", m->path ?: "");
	/* The count says how many there are. */
	if (r == 0 && j->busy && cJSON_AddItemToArray(j->busy, one))
		(void)take_ptr(one);
}

static void keep(struct agent_msg *to, struct agent_msg *m)
{
	agent_msg_done(to);
	*to = *m;
	*m = AGENT_MSG_INIT;
}

static void on_looked(struct fs_job *j, struct agent_msg *m)
{
	int error = m->error;

	keep(&j->seen, m);
	if (error < 0)
		fs_job_fail(j, error, j->seen.code);
	else
		j->work->on_look(j);
	/* Answered: then it is over. */
	if (!j->call)
		agent_child_end(j->child);
}

static void on_message(struct agent_child *c, struct agent_msg *m,
		       void *userdata)
{
	struct fs_job *j = userdata;

	if (m && m->type == AGENT_MSG_BUSY) {
		note_busy(j, m);
		return;
	}
	if (!m || m->type != AGENT_MSG_DIRECTORY || m->error > 0) {
		agent_child_end(c);
		return;
	}
	switch (j->phase) {
	case FS_PHASE_LOOK:
		on_looked(j, m);
		return;
	case FS_PHASE_FETCH:
		break;
	case FS_PHASE_ORDER:
		end_loan(j);
		keep(&j->answer, m);
		break;
	case FS_PHASE_REPAIR:
		if (m->error < 0 && m->error != -ENOKEY)
			log_crit("cannot take the key of %s back from %s: %s; "
				 "kmsctl fscrypt lock does",
				 j->key->entry.name, j->seen.path ?: "?",
				 strerror(-m->error));
		break;
	}
	agent_child_end(c);
}

/* Whoever waits is told now; the child may hang in a file system for long. */
static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct fs_job *j = userdata;

	(void)s;
	(void)usec;
	log_err("a directory child for %s did not end within %d s",
		j->key->entry.name, CHILD_S);
	if (j->call)
		fs_job_fail(j, -ETIMEDOUT, "child");
	end_loan(j);
	agent_child_end(j->child);
	return 0;
}

static int start_deadline(struct fs_job *j)
{
	j->deadline = sd_event_source_disable_unref(j->deadline);
	return sd_event_add_time_relative(j->agent->event, &j->deadline,
					  CLOCK_BOOTTIME, CHILD_S * 1000000ULL,
					  0, on_deadline, j);
}

static int start_child(struct fs_job *j)
{
	const struct agent_child_spec spec = {
		.role = AGENT_ROLE_DIRECTORY,
		.on_message = on_message,
		.on_gone = on_gone,
		.userdata = j,
		.buffer = &j->agent->buffer,
	};
	int r = start_deadline(j);

	if (r == 0)
		r = agent_child_new(j->agent->event, &spec, &j->child);
	j->has_process = r == 0;
	return r;
}

/* The caller went away.  An order that is being carried out goes on. */
static void on_cancel(struct varlink_call *call, void *data)
{
	struct fs_job *j = data;

	(void)call;
	j->call = NULL;
	if (j->phase == FS_PHASE_ORDER || j->phase == FS_PHASE_REPAIR)
		return;
	agent_fetch_cancel(take_ptr(j->fetch));
	if (j->has_process)
		agent_child_end(j->child);
	else
		fs_job_free(j);
}

void fs_job_look(struct fs_job *j)
{
	const struct agent_entry *e = &j->key->entry;
	struct agent_msg m = {.type = AGENT_MSG_DIR_LOOK};
	int r;

	memcpy(m.identifier, e->policy_id, sizeof(m.identifier));
	j->phase = FS_PHASE_LOOK;
	varlink_call_on_cancel(j->call, on_cancel, j);
	r = start_child(j);
	if (r == 0)
		r = agent_child_send(j->child, &m, &j->fd, 1);
	if (r == 0)
		return;
	fs_job_fail(j, r, "child");
	if (j->has_process)
		agent_child_end(j->child);
	else
		fs_job_free(j);
}

void fs_job_run(struct fs_job *j)
{
	int r;

	j->phase = FS_PHASE_ORDER;
	j->order.uid = j->seen.uid;
	/* An open directory would keep its own key from leaving. */
	if (j->order.type == AGENT_MSG_DIR_REMOVE)
		j->fd = close_keep_errno(j->fd);
	r = start_deadline(j);
	if (r == 0)
		r = agent_child_send(j->child, &j->order, NULL, 0);
	/* Then it is gone already, and on_gone() will say so. */
	if (r < 0)
		agent_child_end(j->child);
}

static int lend(struct fs_job *j, const struct secret *key)
{
	char name[32];
	int r;

	/* Loans of one moment differ in name; the serial is what is used. */
	snprintf(name, sizeof(name), "fscrypt.%u", ++j->agent->fs->count);
	r = kr_loan_make(&j->loan, j->agent->holder.session, name,
			 j->key->entry.type, key, LOAN_S);
	j->lent = j->loan.key;
	j->order.ring = (uint32_t)j->loan.ring;
	j->order.serial = (uint32_t)j->loan.key;
	return r;
}

static bool is_the_entrys(const struct agent_msg *m,
			  const struct agent_entry *e)
{
	return m->key.len == e->bytes && m->key_arn &&
	       strcmp(m->key_arn, e->cmk_arn) == 0;
}

static void run_with_key(struct fs_job *j, const struct agent_msg *m)
{
	int r;

	if (!is_the_entrys(m, &j->key->entry)) {
		fs_job_fail(j, -EKEYREJECTED, "kms");
		return;
	}
	r = fspolicy_identify(&m->key, j->id);
	if (r < 0) {
		fs_job_fail(j, r, "identifier");
		return;
	}
	if (!j->work->on_key(j))
		return;
	memcpy(j->order.identifier, j->id, sizeof(j->id));
	r = fs_job_audit(j, "FscryptKeyReleased", NULL, NULL);
	if (r == 0)
		r = lend(j, &m->key);
	if (r < 0)
		fs_job_fail(j, r, "loan");
	else
		fs_job_run(j);
}

static void on_decrypted(struct agent_msg *m, void *userdata)
{
	struct fs_job *j = userdata;

	j->fetch = NULL;
	if (m->error < 0) {
		fs_job_note_failure(j, m->code ?: "unreachable",
				    m->text ?: strerror(-m->error));
		agent_reply_kms(fs_job_take_call(j), m);
	} else {
		run_with_key(j, m);
	}
	secret_done(&m->key);
	if (!j->call)
		agent_child_end(j->child);
}

void fs_job_fetch(struct fs_job *j)
{
	int r;

	j->phase = FS_PHASE_FETCH;
	/* The fetch has a time of its own. */
	j->deadline = sd_event_source_disable_unref(j->deadline);
	r = agent_key_fetch(j->key, AGENT_MSG_DECRYPT, DECRYPT_MS, on_decrypted,
			    j, &j->fetch);
	if (r < 0)
		fs_job_fail(j, r, "kms");
}

void fs_jobs_stop(struct agent_fs *all)
{
	struct fs_job *j, *next;

	for (j = all ? TAILQ_FIRST(&all->list) : NULL; j; j = next) {
		next = TAILQ_NEXT(j, link);
		if (j->phase == FS_PHASE_ORDER || j->phase == FS_PHASE_REPAIR)
			continue;
		agent_fetch_cancel(take_ptr(j->fetch));
		if (j->has_process)
			agent_child_end(j->child);
		else
			fs_job_free(j);
	}
}

void fs_jobs_free(struct agent_fs *all)
{
	struct fs_job *j;

	while (all && (j = TAILQ_FIRST(&all->list)))
		fs_job_free(j);
	free(all);
}
