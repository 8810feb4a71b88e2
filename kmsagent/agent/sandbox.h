/* SPDX-License-Identifier: MIT */
/*
 * A seccomp filter for the agent's children: what none of them ever needs is
 * refused with EPERM, whatever a flaw in a parser could do otherwise.
 */
#ifndef KMSAGENT_AGENT_SANDBOX_H
#define KMSAGENT_AGENT_SANDBOX_H

#include "keyring/cleanup.h"
#include "kmsagent/agent/role.h"

/*
 * For the rest of this process's life: no other program, no keys, no look
 * into other processes, no mounts, namespaces or modules, no io_uring (which
 * would get around the filter), and sockets only of the families that @role
 * needs.  System calls of another architecture end the process.  Sets
 * no_new_privs.  Returns 0 or negative errno; -EINVAL where the kernel has
 * no seccomp filters.  Source: seccomp(2), seccomp_rule_add(3).
 */
int agent_sandbox_enter(enum agent_role role) _must_check_;

#endif
