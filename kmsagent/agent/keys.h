/* SPDX-License-Identifier: MIT */
/*
 * The named keys of this host: an entry each, as a file in STATE/keys, and
 * what the kernel holds of it now.
 */
#ifndef KMSAGENT_AGENT_KEYS_H
#define KMSAGENT_AGENT_KEYS_H

#include <keyutils.h>
#include <sys/queue.h>

#include "kmsagent/agent/agent.h"
#include "kmsagent/agent/entry.h"
#include "kmsagent/agent/fetch.h"
#include "kmsagent/agent/lease.h"

/* One delivered kernel key. */
struct agent_serial {
	key_serial_t serial;
	int64_t uid; /* who asked for it; -1 = found after a restart */
};

/* An open volume's mapping, as it was when last looked at. */
struct agent_mapping {
	char name[128]; /* "" = none */
	dev_t dev;
};

struct volume_job;

TAILQ_HEAD(agent_upcall_list, agent_upcall);

struct agent_key {
	struct agent *agent;
	struct agent_entry entry;
	struct lease lease;
	struct agent_serial *serials;
	size_t serial_count;
	sd_event_source *timer;	   /* the lease's; made when first needed */
	struct agent_fetch *check; /* a dry run under way */
	/* Upcalls that wait for the next Decrypt, and those it is for. */
	struct agent_upcall_list waiting;
	struct agent_upcall_list served;
	struct agent_fetch *decrypt;
	/* a volume's */
	struct agent_mapping mapping;
	struct volume_job *volume_job; /* NULL = nothing under way */
};

/*
 * Open STATE/keys and read every NAME.json there.  A file that is no entry
 * is logged, told in status and left as it is.  Returns 0 or errno of the
 * folder.
 */
int agent_keys_load(struct agent *a) _must_check_;
/* Ask nothing more for any of them; the kernel's keys stay. */
void agent_keys_stop(struct agent *a);
void agent_keys_free(struct agent *a);

/* NULL: no such entry. */
struct agent_key *agent_key_find(const struct agent *a, const char *name);

/*
 * Write @e (moved out of) as a new entry.  Returns 0, -EEXIST (the name is
 * taken, perhaps by a damaged file), errno of io_write_atomic().
 */
int agent_key_add(struct agent *a, struct agent_entry *e,
		  struct agent_key **ret) _must_check_;

/* Write the entry, which was changed, to its file. */
int agent_key_save(struct agent_key *k) _must_check_;

/* Remove the entry and its file for good.  errno of unlink and fsync. */
int agent_key_remove(struct agent_key *k) _must_check_;

/* ---- what the kernel holds ---- */

/* Remember a delivered key.  -ENOMEM. */
int agent_key_note_serial(struct agent_key *k, key_serial_t serial,
			  int64_t uid) _must_check_;

/* Forget the serials whose keys are gone. */
void agent_key_prune(struct agent_key *k);

/* Set every delivered key's timeout. */
void agent_key_retime(struct agent_key *k, unsigned ttl_s);

/* Invalidate them, of @uid only unless that is -1.  Returns how many. */
size_t agent_key_invalidate(struct agent_key *k, int64_t uid);

/* Find what an earlier agent delivered, and start its leases. */
int agent_keys_find_delivered(struct agent *a) _must_check_;

/*
 * Have the KMS open (AGENT_MSG_DECRYPT), or say that it would open
 * (AGENT_MSG_CHECK), the key's blob under the CMK and context of its entry.
 * The rest is as agent_fetch_new(), or -ENOMEM.
 */
int agent_key_fetch(struct agent_key *k, enum agent_msg_type type,
		    unsigned timeout_ms, agent_fetched done, void *userdata,
		    struct agent_fetch **ret) _must_check_;

#endif
