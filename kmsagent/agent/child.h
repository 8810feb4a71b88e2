/* SPDX-License-Identifier: MIT */
/*
 * The keyholder's hold on one child process: its channel, and its end.
 * Ending a child never waits for it: one that hangs in the kernel is counted
 * until it is gone, and stops nobody.
 */
#ifndef KMSAGENT_AGENT_CHILD_H
#define KMSAGENT_AGENT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "keyring/cleanup.h"
#include "kmsagent/agent/msg.h"
#include "kmsagent/agent/role.h"

struct agent_child;

/* What a child's channel brought, or NULL: it closed, or sent rubbish. */
typedef void (*agent_child_message)(struct agent_child *c, struct agent_msg *m,
				    void *userdata);

struct agent_child_spec {
	enum agent_role role;
	uid_t uid;
	gid_t gid;
	agent_child_message on_message;
	void (*on_gone)(void *userdata); /* the process is reaped */
	void *userdata;
	struct secret *buffer; /* borrowed: AGENT_MSG_MAX_BYTES */
};

/*
 * Start one: this program again, an empty environment, /dev/null as stdin
 * and stdout, its channel as descriptor AGENT_ROLE_FD and nothing else.
 * SIGCHLD must be blocked.  Returns 0 or negative errno.
 */
int agent_child_new(sd_event *event, const struct agent_child_spec *spec,
		    struct agent_child **ret) _must_check_;

/* As agent_channel_send(); never blocks. */
int agent_child_send(struct agent_child *c, const struct agent_msg *m,
		     const int *fds, size_t nfds) _must_check_;

/* Whose callbacks are called from now on. */
void agent_child_assign(struct agent_child *c, void *userdata);

/*
 * Kill it and call no on_message any more; on_gone comes when it is reaped.
 * Accepts NULL.  The pointer is void after this.
 */
void agent_child_end(struct agent_child *c);

/* Children of this process that are not reaped yet. */
unsigned agent_children(void);

#endif
