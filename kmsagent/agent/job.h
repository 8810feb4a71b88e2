/* SPDX-License-Identifier: MIT */
/*
 * Bulk encryption from the keyholder's side: one worker a job.  The
 * keyholder decides, asks the KMS and derives; a worker gets the message key
 * and the caller's descriptors, and nothing else.
 */
#ifndef KMSAGENT_AGENT_JOB_H
#define KMSAGENT_AGENT_JOB_H

#include <sys/queue.h>
#include <sys/types.h>

#include "kcapi/engine.h"
#include "kmsagent/agent/agent.h"
#include "kmsagent/agent/allow.h"
#include "kmsagent/agent/child.h"
#include "kmsagent/agent/keys.h"

/* What the engines said when last asked. */
struct agent_engines {
	char choice[32];
	char reason[BULK_REASON_BYTES];
	char kcapi[BULK_REASON_BYTES];
	char openssl[BULK_REASON_BYTES];
};

struct agent_job {
	TAILQ_ENTRY(agent_job) link;
	struct agent *agent;
	struct varlink_call *call; /* NULL once answered */
	struct agent_child *child; /* NULL: not started, or let go */
	bool has_process;	   /* its worker is not reaped yet */
	struct agent_fetch *fetch;
	struct agent_caller caller; /* without groups */
	char *name;		    /* -k, or NULL */
	char *name_arn;		    /* that entry's CMK */
	char *cmk;		    /* --cmk, or NULL */
	char *arn;		    /* the CMK of the data key */
	char *engine;
	struct ectx user;	    /* pairs that the caller gave */
	struct ectx context;	    /* whole */
	int fds[AGENT_MSG_MAX_FDS]; /* input, output */
	struct agent_msg header;    /* decryption: as the worker read it */
	size_t next_edk;
	bool is_decrypt;
	bool is_keyed; /* the worker has the message key */
};

/* -ENOENT, -EINVAL: the workers' user, as agent_config_user(). */
int agent_jobs_new(struct agent *a, struct agent_jobs **ret) _must_check_;
/* After the server, which cancels them; as agent_fetchers_stop(). */
void agent_jobs_stop(struct agent_jobs *j);
void agent_jobs_free(struct agent_jobs *j);
unsigned agent_jobs_count(const struct agent_jobs *j);
/* Also looks again soon, when the last look is long ago. */
const struct agent_engines *agent_jobs_engines(struct agent_jobs *j);

/* ---- for the two methods ---- */

/*
 * Arguments, permission, caps: a job that owns its copies, or NULL and the
 * call is answered.
 */
struct agent_job *agent_job_new(struct agent *a, struct varlink_call *call,
				const cJSON *params, bool is_decrypt);

/* Start its worker.  @first is sent with the descriptors, which are closed
 * here.  Answers come to @on_message. */
int agent_job_start(struct agent_job *job, const struct agent_msg *first,
		    agent_child_message on_message) _must_check_;

/* Ask the KMS for it; @request is moved out of. */
int agent_job_fetch(struct agent_job *job, struct agent_msg *request,
		    agent_fetched done) _must_check_;

/*
 * End it with an answer.  _refuse writes the audit record with the true
 * reason; what is told is vague.
 */
void agent_job_done(struct agent_job *job, const struct agent_msg *result);
void agent_job_refuse(struct agent_job *job, const char *error,
		      const char *reason);
void agent_job_fail(struct agent_job *job, int error, const char *what);
void agent_job_fail_kms(struct agent_job *job, const struct agent_msg *answer);
void agent_job_invalid(struct agent_job *job, const char *field,
		       const char *reason);

/* The record that must be there before the worker gets its key. */
int agent_job_audit_key(struct agent_job *job) _must_check_;

#endif
