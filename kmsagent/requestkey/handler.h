/* SPDX-License-Identifier: MIT */
/*
 * The request-key handler's one job: hand the kernel's authority over one key
 * to the agent and wait.  It never sees a key, and believes nothing but the
 * serial that the kernel gave it.
 */
#ifndef KMSAGENT_REQUESTKEY_HANDLER_H
#define KMSAGENT_REQUESTKEY_HANDLER_H

#include <keyutils.h>
#include <stddef.h>

#include "keyring/cleanup.h"

#define HANDLER_SOCKET	   "/run/kmsagent/io.kmsagent.Agent"
#define HANDLER_WAIT_MS	   9000 /* for the whole conversation */
#define HANDLER_DEADLINE_S 10	/* whatever happens, it ends then */
#define HANDLER_NEGATIVE_S 5	/* how long the answer "not now" is kept */

/*
 * Hand @key over to the agent at @socket and wait until it says that the key
 * is settled.  Returns 0, or negative errno with one sentence in @why:
 * -ENOKEY (not called for this key), -ENOENT, -ECONNREFUSED, -EACCES (no
 * agent), -EPERM (what listens there is not root's), -ECONNRESET (it went
 * away), -ETIMEDOUT, -EBADMSG (not our protocol), -EREMOTEIO (it refused).
 */
int handler_run(const char *socket, key_serial_t key, key_serial_t auth,
		char *why, size_t why_len) _must_check_;

/* The errno that the requester gets when handler_run() failed with @err. */
int handler_answer(int err);

/*
 * Give up what a handler does not need: environment, descriptors, core
 * files, privileges of root beyond its uid.  Returns 0 or negative errno.
 */
int handler_harden(void) _must_check_;

#endif
