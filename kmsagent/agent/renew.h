/* SPDX-License-Identifier: MIT */
/*
 * Leases at work: timers and dry runs go into the machine of lease.h, and
 * what it says is done to the kernel's keys, logged and audited.
 */
#ifndef KMSAGENT_AGENT_RENEW_H
#define KMSAGENT_AGENT_RENEW_H

#include "kmsagent/agent/keys.h"

/* Something happened to @k's lease; @left_ms as lease_step(). */
void agent_lease_event(struct agent_key *k, enum lease_event event,
		       int64_t left_ms);

/*
 * Notice when somebody sets the clock: the kernel counts timeouts on the
 * wall clock, so that they must be set again.
 */
int agent_renew_watch_clock(struct agent *a) _must_check_;

#endif
