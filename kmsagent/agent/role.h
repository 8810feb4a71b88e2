/* SPDX-License-Identifier: MIT */
/*
 * The processes beside the keyholder: the same binary, exec'd with a role,
 * that gives up everything before it reads its first byte.
 */
#ifndef KMSAGENT_AGENT_ROLE_H
#define KMSAGENT_AGENT_ROLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

#define AGENT_ROLE_FD 3 /* a child's channel to the keyholder */

enum agent_role {
	AGENT_ROLE_FETCHER,   /* talks to the KMS */
	AGENT_ROLE_WORKER,    /* encrypts and decrypts */
	AGENT_ROLE_DEVICE,    /* speaks to the device mapper; root's uid */
	AGENT_ROLE_DIRECTORY, /* fscrypt on one directory; root's uid */
	AGENT_ROLE_COUNT_,
};

const char *agent_role_name(enum agent_role role);

/*
 * main() of a child whose arguments are "--as ROLE:UID:GID".  Refuses to run
 * by hand.  Returns the exit status.
 */
int agent_role_main(const char *arg);

/*
 * From root with everything to @uid with nothing, or, where the role needs
 * some, to uid 0 with those capabilities alone: descriptors above
 * AGENT_ROLE_FD closed, a fresh anonymous session keyring (the keyholder's
 * is inherited), no groups, no capabilities, no way to new privileges, no
 * core, not traceable, ended with its parent, bounded resources, and only
 * the system calls of its role.  Returns 0 or negative errno; then exit.
 */
int agent_role_confine(enum agent_role role, uid_t uid, gid_t gid) _must_check_;

/* The children's own loops; each returns an exit status. */
int agent_fetcher_run(int fd);
int agent_worker_run(int fd);
int agent_device_run(int fd);
int agent_directory_run(int fd);

#endif
