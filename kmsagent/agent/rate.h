/* SPDX-License-Identifier: MIT */
/*
 * A token bucket for each uid, so that one user's storm leaves the others
 * their turn.  Pure: the time is given.
 */
#ifndef KMSAGENT_AGENT_RATE_H
#define KMSAGENT_AGENT_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

/*
 * Uids share slots by their remainder: a fixed table cannot be filled up by
 * somebody with many uids, who at worst shares a bucket.
 */
#define AGENT_RATE_SLOTS 1024

struct agent_rate {
	unsigned per_s;
	unsigned burst;
	struct {
		int64_t used_ms; /* last time */
		int64_t milli;	 /* thousandths of a token left */
		bool is_known;
	} slots[AGENT_RATE_SLOTS];
};

/* Take one token of @uid.  false: there is none now. */
bool agent_rate_take(struct agent_rate *r, uid_t uid,
		     int64_t now_ms) _must_check_;

#endif
