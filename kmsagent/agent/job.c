/* SPDX-License-Identifier: MIT */
/*
 * The life of a job.  It must not know which of the two ways it goes: that
 * is encrypt.c's and decrypt.c's.
 */
#include "kmsagent/agent/job.h"

#include <string.h>
#include <time.h>

#include "kmsagent/agent/journal.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"

#define FETCH_TIMEOUT_MS 10000
#define PROBE_AGAIN_MS	 30000

static const struct log_event event_refused = {
	"c1a5d9e8f7b64c3d9a2e1f0b8c7d6e05", "message-refused"};

TAILQ_HEAD(job_list, agent_job);

struct agent_jobs {
	struct agent *agent;
	struct job_list list;
	unsigned count;
	uid_t uid;
	gid_t gid;
	struct agent_child *probe;
	int64_t probed_ms;
	struct agent_engines engines;
};

static void job_free(struct agent_job *job)
{
	struct agent_jobs *all = job->agent->jobs;

	TAILQ_REMOVE(&all->list, job, link);
	all->count--;
	for (size_t i = 0; i < ARRAY_SIZE(job->fds); i++)
		close_keep_errno(job->fds[i]);
	free(job->name);
	free(job->name_arn);
	free(job->cmk);
	free(job->arn);
	free(job->engine);
	ectx_done(&job->user);
	ectx_done(&job->context);
	agent_msg_done(&job->header);
	free(job);
}

/* Answered or cancelled: what is left is the worker's end. */
static void job_end(struct agent_job *job)
{
	agent_fetch_cancel(take_ptr(job->fetch));
	agent_child_end(take_ptr(job->child));
	if (!job->has_process)
		job_free(job);
}

static void on_gone(void *userdata)
{
	struct agent_job *job = userdata;

	job->has_process = false;
	if (!job->call)
		job_free(job);
}

/* As a failure; the callers that tell of something else say so. */
static void describe_event(const struct agent_job *job, struct agent_event *e)
{
	*e = AGENT_EVENT_INIT;
	e->what = job->is_decrypt ? "DecryptFailed" : "EncryptFailed";
	e->uid = job->caller.uid;
	e->pid = job->caller.pid;
	e->name = job->name;
	e->cmk_arn = job->arn;
}

static void on_cancel(struct varlink_call *call, void *data)
{
	struct agent_job *job = data;
	struct agent_event e;

	(void)call;
	describe_event(job, &e);
	e.error = "cancelled";
	e.reason = "the caller hung up";
	agent_audit_note(job->agent, &e);
	job->call = NULL;
	job_end(job);
}

static struct varlink_call *let_go(struct agent_job *job)
{
	struct varlink_call *call = take_ptr(job->call);

	varlink_call_on_cancel(call, NULL, NULL);
	return call;
}

static unsigned count_of(const struct agent_jobs *all, uid_t uid)
{
	const struct agent_job *job;
	unsigned n = 0;

	TAILQ_FOREACH(job, &all->list, link)
	if (job->caller.uid == uid)
		n++;
	return n;
}

static bool has_room(struct agent *a, struct varlink_call *call)
{
	uid_t uid = varlink_call_peer(call)->uid;

	if (a->jobs->count >= a->config.jobs) {
		agent_reply_busy(call, "as many jobs as allowed are running");
		return false;
	}
	if (uid != 0 && count_of(a->jobs, uid) >= a->config.jobs_per_uid) {
		agent_reply_busy(call, "as many jobs as one user may have are "
				       "running");
		return false;
	}
	return true;
}

static bool take_fds(struct agent_job *job, const cJSON *params)
{
	static const char *const names[] = {"input", "output"};
	struct varlink_call *call = job->call;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int64_t index;

		if (!agent_arg_int(call, params, names[i], true, 0,
				   VARLINK_MAX_FDS - 1, &index))
			return false;
		job->fds[i] = varlink_call_take_fd(call, (size_t)index);
		if (job->fds[i] < 0) {
			agent_reply_invalid(call, names[i],
					    "no descriptor of this index came "
					    "along, or it is used twice");
			return false;
		}
	}
	return true;
}

static bool copy(struct varlink_call *call, char **to, const char *from)
{
	if (!from)
		return true;
	*to = strdup(from);
	if (!*to)
		agent_reply_with(call, NULL);
	return *to;
}

/* -k NAME: the entry's allow list, and its CMK from here on. */
static bool take_name(struct agent_job *job, const char *name)
{
	_free_ gid_t *groups = NULL;
	struct agent_caller caller;
	struct agent_key *k;

	if (!name)
		return true;
	k = agent_key_find(job->agent, name);
	if (!k) {
		agent_reply_no_such_key(job->call, name);
		return false;
	}
	agent_caller_of(job->call, &caller, &groups);
	if (!agent_allow_permits(k->entry.allow, k->entry.allow_count,
				 &caller)) {
		struct agent_event e;

		describe_event(job, &e);
		e.name = name;
		e.error = "denied";
		e.reason = "the entry's allow list does not have this caller";
		agent_audit_note(job->agent, &e);
		agent_reply_denied(job->call, e.reason,
				   "root changes it by making the entry with "
				   "another --allow");
		return false;
	}
	return copy(job->call, &job->name, name) &&
	       copy(job->call, &job->name_arn, k->entry.cmk_arn);
}

static bool take_arguments(struct agent_job *job, const cJSON *params)
{
	const char *name = NULL, *cmk = NULL;
	const char *engine = job->agent->config.engine;
	struct varlink_call *call = job->call;

	if (!agent_arg_string(call, params, "name", false, &name) ||
	    !agent_arg_string(call, params, "cmk", false, &cmk) ||
	    !agent_arg_string(call, params, "engine", false, &engine) ||
	    !agent_arg_context(call, params, &job->user))
		return false;
	if (name && cmk) {
		agent_reply_invalid(call, "cmk", "a name has its own CMK");
		return false;
	}
	if (strcmp(engine, "auto") != 0 && !bulk_engine_find(engine)) {
		agent_reply_invalid(call, "engine",
				    "it is auto, kcapi or openssl");
		return false;
	}
	return copy(call, &job->engine, engine) && copy(call, &job->cmk, cmk) &&
	       take_name(job, name) && take_fds(job, params);
}

struct agent_job *agent_job_new(struct agent *a, struct varlink_call *call,
				const cJSON *params, bool is_decrypt)
{
	const struct ucred *peer = varlink_call_peer(call);
	struct agent_job *job;

	if (!has_room(a, call))
		return NULL;
	job = calloc(1, sizeof(*job));
	if (!job) {
		agent_reply_with(call, NULL);
		return NULL;
	}
	job->agent = a;
	job->call = call;
	job->caller = (struct agent_caller){
		.uid = peer->uid, .gid = peer->gid, .pid = peer->pid};
	job->fds[0] = job->fds[1] = -1;
	job->is_decrypt = is_decrypt;
	TAILQ_INSERT_TAIL(&a->jobs->list, job, link);
	a->jobs->count++;
	if (!take_arguments(job, params)) {
		job_free(job);
		return NULL;
	}
	varlink_call_on_cancel(call, on_cancel, job);
	return job;
}

int agent_job_start(struct agent_job *job, const struct agent_msg *first,
		    agent_child_message on_message)
{
	struct agent_jobs *all = job->agent->jobs;
	struct agent_child_spec spec = {
		.role = AGENT_ROLE_WORKER,
		.uid = all->uid,
		.gid = all->gid,
		.on_message = on_message,
		.on_gone = on_gone,
		.userdata = job,
		.buffer = &job->agent->buffer,
	};
	int r = agent_child_new(job->agent->event, &spec, &job->child);

	if (r < 0)
		return r;
	job->has_process = true;
	r = agent_child_send(job->child, first, job->fds, ARRAY_SIZE(job->fds));
	/* From here on only the worker holds them: its end is their end. */
	for (size_t i = 0; i < ARRAY_SIZE(job->fds); i++)
		job->fds[i] = close_keep_errno(job->fds[i]);
	return r;
}

int agent_job_fetch(struct agent_job *job, struct agent_msg *request,
		    agent_fetched done)
{
	return agent_fetch_new(job->agent->fetchers, request, FETCH_TIMEOUT_MS,
			       done, job, &job->fetch);
}

static void audit_end(struct agent_job *job, const char *error,
		      const char *reason, int64_t bytes)
{
	struct agent_event e;

	describe_event(job, &e);
	if (!error)
		e.what = job->is_decrypt ? "MessageDecrypted"
					 : "MessageEncrypted";
	e.error = error;
	e.reason = reason;
	e.bytes = bytes;
	agent_audit_note(job->agent, &e);
}

int agent_job_audit_key(struct agent_job *job)
{
	struct agent_event e;

	describe_event(job, &e);
	e.what = "MessageKeyReleased";
	return agent_audit(job->agent, &e);
}

static void log_refusal(struct agent_job *job, const char *error,
			const char *reason)
{
	struct agent_event e;

	describe_event(job, &e);
	e.error = error;
	e.reason = reason;
	agent_journal(LOG_LEVEL_NOTICE, &event_refused, &e,
		      "refused a message to uid %u: %s: %s",
		      (unsigned)job->caller.uid, error, reason);
}

/* What a caller may know of a refusal: nothing that tells why. */
void agent_job_refuse(struct agent_job *job, const char *error,
		      const char *reason)
{
	log_refusal(job, error, reason);
	audit_end(job, error, reason, -1);
	if (strcmp(error, "denied") == 0)
		agent_reply_denied(let_go(job), reason,
				   "give -k NAME if it was encrypted with "
				   "that; else its writer or root opens it, "
				   "or [message] open_cmks in kmsagent.conf "
				   "lists its CMK");
	else
		agent_reply_bad_message(let_go(job), reason);
	job_end(job);
}

void agent_job_fail(struct agent_job *job, int error, const char *what)
{
	log_warning("a job of uid %u failed: %s: %s", (unsigned)job->caller.uid,
		    what, strerror(-error));
	audit_end(job, "failed", strerror(-error), -1);
	agent_reply_system(let_go(job), error, what);
	job_end(job);
}

void agent_job_fail_kms(struct agent_job *job, const struct agent_msg *answer)
{
	log_notice("a job of uid %u got no key: %s%s%s",
		   (unsigned)job->caller.uid, answer->code ?: "",
		   answer->code ? ": " : "",
		   answer->text ?: strerror(-answer->error));
	audit_end(job, answer->code ?: "unreachable", answer->text, -1);
	agent_reply_kms(let_go(job), answer);
	job_end(job);
}

void agent_job_invalid(struct agent_job *job, const char *field,
		       const char *reason)
{
	agent_reply_invalid(let_go(job), field, reason);
	job_end(job);
}

static void reply_success(struct agent_job *job, const struct agent_msg *m)
{
	_json_ cJSON *j = cJSON_CreateObject();
	int r = j ? 0 : -ENOMEM;

	if (r == 0)
		r = json_add_string(j, "engine", m->engine ?: "");
	if (r == 0)
		r = json_add_string(j, "engine_reason", m->text ?: "");
	if (r == 0)
		r = json_add_int(j, "bytes_in", (int64_t)m->bytes_in);
	if (r == 0)
		r = json_add_int(j, "bytes_out", (int64_t)m->bytes_out);
	if (r == 0 && job->is_decrypt)
		r = json_add_ectx(j, "context", &job->context);
	agent_reply_with(let_go(job), r == 0 ? take_ptr(j) : NULL);
}

void agent_job_done(struct agent_job *job, const struct agent_msg *m)
{
	if (m->error == -EBADMSG) {
		log_refusal(job, "bad-message", m->code ?: "?");
		audit_end(job, "bad-message", m->code, -1);
		agent_reply_bad_message(let_go(job), m->text ?: "refused");
		job_end(job);
		return;
	}
	if (m->error == -EOPNOTSUPP || m->error == -EMSGSIZE) {
		audit_end(job, "engine", m->text, -1);
		agent_reply_engine(let_go(job), job->engine, m->text ?: "");
		job_end(job);
		return;
	}
	if (m->error < 0) {
		agent_job_fail(job, m->error, m->code ?: "worker");
		return;
	}
	audit_end(job, NULL, NULL,
		  (int64_t)(job->is_decrypt ? m->bytes_out : m->bytes_in));
	reply_success(job, m);
	job_end(job);
}

static void on_probed(struct agent_child *c, struct agent_msg *m,
		      void *userdata)
{
	struct agent_jobs *all = userdata;
	struct agent_engines *e = &all->engines;

	all->probe = NULL;
	agent_child_end(c);
	if (!m || m->type != AGENT_MSG_PROBED) {
		snprintf(e->reason, sizeof(e->reason),
			 "the worker that looked ended without an answer");
		return;
	}
	snprintf(e->choice, sizeof(e->choice), "%s", m->engine ?: "none");
	snprintf(e->reason, sizeof(e->reason), "%s", m->text ?: "");
	snprintf(e->kcapi, sizeof(e->kcapi), "%s", m->kcapi ?: "");
	snprintf(e->openssl, sizeof(e->openssl), "%s", m->openssl ?: "");
}

/* Engines are looked at where they run: without privileges. */
static int probe(struct agent_jobs *all)
{
	const struct agent_msg m = {.type = AGENT_MSG_PROBE};
	struct agent_child_spec spec = {
		.role = AGENT_ROLE_WORKER,
		.uid = all->uid,
		.gid = all->gid,
		.on_message = on_probed,
		.userdata = all,
		.buffer = &all->agent->buffer,
	};
	int r;

	if (all->probe)
		return 0;
	all->probed_ms = clock_boot_ms();
	r = agent_child_new(all->agent->event, &spec, &all->probe);
	if (r == 0)
		r = agent_child_send(all->probe, &m, NULL, 0);
	return r;
}

int agent_jobs_new(struct agent *a, struct agent_jobs **ret)
{
	_free_ struct agent_jobs *all = calloc(1, sizeof(*all));
	int r;

	if (!all)
		return -ENOMEM;
	all->agent = a;
	TAILQ_INIT(&all->list);
	strcpy(all->engines.choice, "unknown");
	strcpy(all->engines.reason, "not looked at yet");
	strcpy(all->engines.kcapi, "unknown");
	strcpy(all->engines.openssl, "unknown");
	r = agent_config_user(a->config.worker_user, &all->uid, &all->gid);
	if (r == 0)
		r = probe(all);
	if (r < 0)
		return r;
	*ret = take_ptr(all);
	return 0;
}

void agent_jobs_stop(struct agent_jobs *all)
{
	if (all)
		agent_child_end(take_ptr(all->probe));
}

void agent_jobs_free(struct agent_jobs *all)
{
	struct agent_job *job;

	if (!all)
		return;
	while ((job = TAILQ_FIRST(&all->list)))
		job_free(job);
	free(all);
}

unsigned agent_jobs_count(const struct agent_jobs *all)
{
	return all->count;
}

const struct agent_engines *agent_jobs_engines(struct agent_jobs *all)
{
	if (clock_boot_ms() - all->probed_ms > PROBE_AGAIN_MS && probe(all) < 0)
		log_warning("cannot look at the engines again");
	return &all->engines;
}
