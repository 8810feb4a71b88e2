/* SPDX-License-Identifier: MIT */
/*
 * Keyrings as a command line names them, and whether a session can see the
 * user's ring.
 */
#ifndef KMSAGENT_CTL_RING_H
#define KMSAGENT_CTL_RING_H

#include <keyutils.h>
#include <stdbool.h>

#include "keyring/cleanup.h"

/*
 * "@s", "@u", "@us", "%keyring:NAME", "%:NAME" or a serial to what a keyring
 * call takes.  A ring by name is looked for in /proc/keys.  Returns 0,
 * -EINVAL (syntax), -EDOM (@t, @p: they end with this process), -ENOKEY.
 */
int cmd_ring_parse(const char *text, key_serial_t *ret) _must_check_;

/*
 * Have a session ring that outlives this process: without one, the first
 * write to @s would make an anonymous ring that ends with kmsctl.  Asking for
 * its id (not to create it) puts the user-session ring in its place.
 * Returns 0, errno of keyctl(2).
 */
int cmd_ring_settle_session(void) _must_check_;

/*
 * Is the user ring @u linked, directly or through other rings, from the
 * session ring?  Keys that lie in @u alone are not found without.
 */
bool cmd_ring_session_sees_user(void);

#endif
