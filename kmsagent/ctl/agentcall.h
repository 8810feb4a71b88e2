/* SPDX-License-Identifier: MIT */
/*
 * Calls to the agent as the commands make them: connect, call, and turn
 * every way in which that can fail into a cause and a next step.
 */
#ifndef KMSAGENT_CTL_AGENTCALL_H
#define KMSAGENT_CTL_AGENTCALL_H

#include "kmsagent/ctl/cmd.h"

#define CMD_AGENT_SOCKET "/run/kmsagent/io.kmsagent.Agent"
#define CMD_CONNECT_MS	 5000
/* The agent gives the KMS 10 s, so it answers before this. */
#define CMD_CALL_MS	 30000
#define CMD_CALL_FOREVER (-1)

/*
 * Call io.kmsagent.Agent.@method.  Takes @params (NULL = none, also for "no
 * memory": say so with cmd_fail_memory() before).  @fds are passed along.
 * CMD_DONE: *ret holds the answer's parameters, to be deleted by the caller.
 * Otherwise the error has been reported.
 */
enum cmd_exit cmd_agent_call(const struct cmd_args *args, const char *method,
			     cJSON *params, const int *fds, size_t nfds,
			     int timeout_ms, cJSON **ret) _must_check_;

/* The same, but takes @fd, which is closed as soon as the agent has it. */
enum cmd_exit cmd_agent_call_giving(const struct cmd_args *args,
				    const char *method, cJSON *params, int fd,
				    int timeout_ms, cJSON **ret) _must_check_;

/* An answer or a failure in words, not reported yet; for doctor and load. */
struct cmd_agent_error {
	char code[64];
	char message[512];
	char next_step[256]; /* "" = none */
};

/* As cmd_agent_call(), but 0 or negative errno with the words in *ret_error. */
int cmd_agent_try(const char *socket, const char *method, const cJSON *params,
		  const int *fds, size_t nfds, int timeout_ms, cJSON **ret,
		  struct cmd_agent_error *ret_error) _must_check_;

/*
 * Words for a Varlink error of the agent: @name is the whole error name,
 * @params its parameters (may be NULL).  Pure.
 */
void cmd_agent_error_words(const char *name, const cJSON *params,
			   struct cmd_agent_error *ret);

#endif
