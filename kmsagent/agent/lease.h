/* SPDX-License-Identifier: MIT */
/*
 * The lease of one entry's delivered keys, as a machine: what happened and
 * when goes in, what to do comes out.  No clock, no keys, no KMS in here.
 * Times are CLOCK_BOOTTIME milliseconds.
 */
#ifndef KMSAGENT_AGENT_LEASE_H
#define KMSAGENT_AGENT_LEASE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The agent takes keys back this long before the kernel would let them
 * expire: an expired key answers EKEYEXPIRED for 300 s without an upcall, an
 * invalidated one is asked for anew.
 */
#define LEASE_EARLY_MS 250

enum lease_state {
	LEASE_STATE_UNUSED, /* nothing delivered */
	LEASE_STATE_LIVE,
	LEASE_STATE_DENIED,	 /* AccessDenied, not yet for long enough */
	LEASE_STATE_UNREACHABLE, /* the KMS does not answer: running out */
	LEASE_STATE_REVOKED,
};

enum lease_event {
	LEASE_EVENT_DELIVERED, /* a key was delivered: the KMS said yes */
	LEASE_EVENT_FOUND,     /* keys of an earlier agent are there */
	LEASE_EVENT_OK,	       /* checks' answers */
	LEASE_EVENT_REVOKED,
	LEASE_EVENT_DENIED,
	LEASE_EVENT_UNREACHABLE,
	LEASE_EVENT_TIMER,
	LEASE_EVENT_EMPTY, /* no delivered key is left */
};

enum lease_action {
	LEASE_ACTION_NONE,
	LEASE_ACTION_CHECK,	/* ask the KMS by DryRun */
	LEASE_ACTION_RENEW,	/* set every key's timeout to the lease */
	LEASE_ACTION_TAKE_BACK, /* revoked: invalidate every key */
	LEASE_ACTION_RUN_OUT,	/* the lease has ended: the same */
};

struct lease_terms {
	int64_t lease_ms;
	int64_t interval_ms; /* between checks that succeed */
	int64_t retry_ms;    /* between checks that do not */
	int64_t confirm_ms;  /* how long AccessDenied must hold */
};

struct lease {
	enum lease_state state;
	bool checking;		 /* an answer is awaited */
	int64_t check_ms;	 /* when to ask next */
	int64_t ends_ms;	 /* when the keys go */
	int64_t denied_since_ms; /* 0 = not denied */
};

/*
 * @jitter: any number; it moves the next check by up to a tenth of its
 * distance either way, so that a fleet does not ask in step.
 * @left_ms: with LEASE_EVENT_FOUND, what the kernel still gives the keys.
 */
enum lease_action lease_step(struct lease *l, const struct lease_terms *t,
			     enum lease_event event, int64_t now_ms,
			     int64_t left_ms, unsigned jitter);

/* When to send LEASE_EVENT_TIMER; 0 = never. */
int64_t lease_wake_ms(const struct lease *l);

/* How long between checks: every second where the KMS is a Unix socket away,
 * else as configured, a third of the lease at most; never below half a second. */
int64_t lease_interval_ms(int64_t lease_ms, int64_t configured_ms,
			  bool is_local);

/*
 * The kernel timeout that a key with @left_ms to live gets: the kernel counts
 * in whole seconds of the wall clock, so that the plain number would end it
 * up to a second before its time.
 */
unsigned lease_timeout_s(int64_t left_ms);

/* "unused", "live", "revoked", "unreachable". */
const char *lease_state_name(enum lease_state state);

#endif
