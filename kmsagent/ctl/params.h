/* SPDX-License-Identifier: MIT */
/*
 * From options to the parameters of a call, with the checks that need no
 * agent, so that a mistake is told before anything is connected.
 */
#ifndef KMSAGENT_CTL_PARAMS_H
#define KMSAGENT_CTL_PARAMS_H

#include "kmsagent/ctl/cmd.h"

/*
 * The operand NAME, checked.  CMD_DONE and *ret (borrowed), or CMD_USAGE,
 * reported.
 */
enum cmd_exit cmd_name_operand(const struct cmd_args *args,
			       const char **ret) _must_check_;

/* {"name": NAME} of the operand NAME. */
enum cmd_exit cmd_name_params(const struct cmd_args *args,
			      cJSON **ret) _must_check_;

/*
 * All of option @option ("context"), K=V each, as member "context" of
 * @params; always there, perhaps empty.  Refused with CMD_USAGE: no '=', an
 * empty key, a key twice, not UTF-8, or a key that is the agent's own
 * ("kmsagent:", "aws-").
 */
enum cmd_exit cmd_context_params(const struct cmd_args *args,
				 const char *option,
				 cJSON *params) _must_check_;

/* Option @option as a string member of the same name; absent: no member. */
enum cmd_exit cmd_string_param(const struct cmd_args *args, const char *option,
			       cJSON *params) _must_check_;

#endif
