/* SPDX-License-Identifier: MIT */
/*
 * One thing to be done to an encrypted directory: a child that looks at it,
 * the key from the KMS where it takes one, on loan to that child for one
 * order, and what the child saw afterwards.  A child that dies with the key
 * is followed by another that takes the key back from the file system.
 */
#ifndef KMSAGENT_AGENT_FS_JOB_H
#define KMSAGENT_AGENT_FS_JOB_H

#include "keyring/loan.h"
#include "kmsagent/agent/child.h"
#include "kmsagent/agent/fspolicy.h"
#include "kmsagent/agent/keys.h"

struct fs_job;

/* What a kind of job says at its turns. */
struct fs_work {
	bool changes; /* one at a time for each entry */
	/*
	 * The directory was looked at (j->seen): go on with fs_job_fetch() or
	 * fs_job_run(), or answer: then it is over.
	 */
	void (*on_look)(struct fs_job *j);
	/* The key has come and is of the identifier j->id.  False: answered. */
	bool (*on_key)(struct fs_job *j);
	/* The order has its answer (j->answer); so shall the call, if somebody
	 * still waits for it. */
	void (*on_done)(struct fs_job *j);
};

enum fs_phase {
	FS_PHASE_LOOK,
	FS_PHASE_FETCH,
	FS_PHASE_ORDER,
	FS_PHASE_REPAIR,
};

struct fs_job {
	TAILQ_ENTRY(fs_job) link;
	struct agent *agent;
	struct agent_key *key;
	const struct fs_work *work;
	struct varlink_call *call; /* NULL: answered, or nobody waits */
	uid_t uid;		   /* who asked */
	pid_t pid;
	struct agent_msg order;	       /* for the child; its type says which */
	struct agent_msg seen;	       /* the directory, before */
	struct agent_msg answer;       /* and after; of type NONE: none came */
	cJSON *busy;		       /* list of who keeps files of it open */
	uint8_t id[FSPOLICY_ID_BYTES]; /* of the key that came */

	/* private */
	enum fs_phase phase;
	int fd;
	struct kr_loan loan;
	key_serial_t lent;
	struct agent_fetch *fetch;
	struct agent_child *child;
	bool has_process;
	sd_event_source *deadline;
};

struct agent_fs; /* all jobs */

int fs_jobs_new(struct agent_fs **ret) _must_check_;
/* End what is not amid an order: orders are short and are seen through. */
void fs_jobs_stop(struct agent_fs *all);
void fs_jobs_free(struct agent_fs *all);

/* A job of @k that changes something is under way. */
bool fs_jobs_has(const struct agent_fs *all, const struct agent_key *k);

/*
 * A job on the descriptor that @params name as "directory"; NULL: @call is
 * answered.
 */
struct fs_job *fs_job_new(struct agent_key *k, struct varlink_call *call,
			  const cJSON *params, const struct fs_work *work);
/* Drop a job that was not started. */
void fs_job_free(struct fs_job *j);

/* Start: the child looks at the directory. */
void fs_job_look(struct fs_job *j);
/* Get the key, then run j->order with it. */
void fs_job_fetch(struct fs_job *j);
/* Run j->order, as the directory's owner. */
void fs_job_run(struct fs_job *j);

/* The call, to be answered: its end is no cancellation. */
struct varlink_call *fs_job_take_call(struct fs_job *j);

/* It as an event.  @error NULL: it is done, or about to be. */
void fs_job_event(const struct fs_job *j, const char *what, const char *error,
		  const char *reason, struct agent_event *ret);
/* The audit's record of it; nothing is released without. */
int fs_job_audit(const struct fs_job *j, const char *what, const char *error,
		 const char *reason) _must_check_;

/* The same, where nothing is released by it. */
void fs_job_note(const struct fs_job *j, const char *what, const char *error,
		 const char *reason);
/* Log and audit a refusal or failure. */
void fs_job_note_failure(const struct fs_job *j, const char *error,
			 const char *reason);
/* That, and answer with what helps.  @step: the child's, or another word of
 * fscrypt.c's table. */
void fs_job_fail(struct fs_job *j, int error, const char *step);

#endif
