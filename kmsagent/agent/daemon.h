/* SPDX-License-Identifier: MIT */
/* kmsagentd as a whole: options, start, loop, end. */
#ifndef KMSAGENT_AGENT_DAEMON_H
#define KMSAGENT_AGENT_DAEMON_H

#include "kmsagent/agent/agent.h"

/* main(); returns the exit status: 0 ended by a signal, 1 failed, 2 usage. */
int agent_main(int argc, char *argv[]);

/*
 * Run with @config (moved out of) until SIGTERM or SIGINT.  Logs why it
 * cannot.  Returns 0 or negative errno.
 */
int agent_run(struct agent_config *config) _must_check_;

#endif
