/* SPDX-License-Identifier: MIT */
/*
 * Requests for kernel keys, from the handler's call to the settled key: who
 * asks, may he, ask the KMS, deliver.  One Decrypt serves all that wait for
 * the same entry when it is sent, never one that came later.
 */
#ifndef KMSAGENT_AGENT_UPCALL_H
#define KMSAGENT_AGENT_UPCALL_H

#include "kmsagent/agent/agent.h"
#include "kmsagent/agent/keys.h"

/* State of the rate limits and counters.  -ENOMEM. */
int agent_upcalls_new(struct agent *a, struct agent_upcalls **ret) _must_check_;
/* After the server and the entries. */
void agent_upcalls_free(struct agent_upcalls *u);

/* The method: settles @key, whose authorisation key is @auth, then answers. */
void agent_upcall_start(struct agent *a, struct varlink_call *call,
			key_serial_t key, key_serial_t auth);

/* @k goes away: end what waits for it. */
void agent_upcalls_forget(struct agent_key *k);

/* Upcalls answered since the start. */
uint64_t agent_upcalls_count(const struct agent_upcalls *u);

#endif
