/* SPDX-License-Identifier: MIT */
/*
 * One thing to be done to a volume: the key from the KMS where it takes one,
 * on loan to a device child for as long as that lives, and what the child
 * saw afterwards.  One at a time for each entry.  A child that dies, or does
 * not end, is followed by another that undoes what it left.
 */
#ifndef KMSAGENT_AGENT_VOLUME_JOB_H
#define KMSAGENT_AGENT_VOLUME_JOB_H

#include "keyring/loan.h"
#include "kmsagent/agent/child.h"
#include "kmsagent/agent/keys.h"
#include "kmsagent/agent/volume.h"

struct volume_job {
	struct agent *agent;
	struct agent_key *key;
	struct varlink_call *call; /* NULL: nobody waits for it any more */
	struct agent_msg order;	   /* for the child */
	struct agent_msg answer;   /* its; of type NONE: it gave none */
	/*
	 * The key has come, checked against the entry; look at it further.
	 * False: the job is answered and freed.
	 */
	bool (*on_key)(struct volume_job *j, const struct secret *key);
	/* All is over; answer.  The job is freed afterwards. */
	void (*done)(struct volume_job *j);
	const char *refusal; /* the audit's event when it fails; NULL = none */
	/* an opening's */
	struct volume wanted;
	struct volume before; /* what was bound, to be put back */
	bool binds;

	/* private */
	int64_t uid; /* who asked */
	pid_t pid;
	struct kr_loan loan;
	key_serial_t lent;
	struct agent_fetch *fetch;
	struct agent_child *child;
	bool has_process;
	bool is_repair;
	enum agent_msg_type repaired; /* what the killed child was to do */
	bool is_stopped;
	sd_event_source *deadline;
	uint32_t cookie;
};

/*
 * A job for @k; its order is of @type, about @k's mapping.  NULL: @call is
 * answered (another job is under way, no memory).
 */
struct volume_job *volume_job_new(struct agent_key *k,
				  struct varlink_call *call,
				  enum agent_msg_type type);

/* Start: ask for the key, or go to the child at once.  Both end in done(),
 * or have answered when they cannot begin. */
void volume_job_fetch(struct volume_job *j);
void volume_job_run(struct volume_job *j);

/* The call, to be answered: its end is no cancellation. */
struct varlink_call *volume_job_take_call(struct volume_job *j);

/* Drop a job that was not started. */
void volume_job_free(struct volume_job *j);

/* Undo what a child that is gone left of @k's mapping. */
void volume_repair(struct agent_key *k);

/* The agent ends, or the entry goes: end what is under way for it. */
void volume_job_stop(struct agent_key *k);
void volume_job_forget(struct agent_key *k);

/* What is known of it, as an event @what of the audit or the log. */
void volume_job_describe(const struct volume_job *j, const char *what,
			 struct agent_event *ret);

/* Write the audit's record of it.  @error NULL: it is done, or about to be. */
int volume_job_audit(const struct volume_job *j, const char *what,
		     const char *error, const char *reason) _must_check_;

/* Refused or failed: logged, audited, and answered by the caller of this. */
void volume_job_note_failure(const struct volume_job *j, const char *error,
			     const char *reason);

#endif
