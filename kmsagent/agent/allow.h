/* SPDX-License-Identifier: MIT */
/*
 * An entry's allow list: "uid:N", "gid:N", "user:NAME", "group:NAME".  Names
 * are looked up when somebody asks, as they are in /etc/passwd then.
 */
#ifndef KMSAGENT_AGENT_ALLOW_H
#define KMSAGENT_AGENT_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

#define AGENT_ALLOW_MAX 64 /* lines of one list */

/* Somebody who asks.  groups: supplementary ones, where they are known. */
struct agent_caller {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* 0 = not known; for the audit only */
	const gid_t *groups;
	size_t ngroups;
};

/* One of the four forms; a name need not exist yet. */
bool agent_allow_is_valid(const char *line) _must_check_;

/*
 * One of @lines lets @who in.  uid 0 needs a line no more than elsewhere in
 * the system: it is always let in.  Where the groups are not known (an
 * upcall tells uid and gid only) the user database is asked about "group:"
 * and "gid:" lines too.
 */
bool agent_allow_permits(char *const *lines, size_t count,
			 const struct agent_caller *who) _must_check_;

#endif
