/* SPDX-License-Identifier: MIT */
/*
 * How the agent's record of a key is shown.
 */
#ifndef KMSAGENT_CTL_ENTRY_H
#define KMSAGENT_CTL_ENTRY_H

#include "kmsagent/ctl/cmd.h"

/*
 * Print the Key object inside @answer (member "key"): its members as text,
 * or the object itself with --json.  An answer without one is an error.
 */
enum cmd_exit cmd_entry_print(const struct cmd_args *args,
			      const cJSON *answer) _must_check_;

/* A string member, borrowed; @fallback when it is absent or no string. */
const char *cmd_entry_string_or(const cJSON *key, const char *name,
				const char *fallback);
/* For a table: "-" when absent; 0 when absent. */
const char *cmd_entry_string(const cJSON *key, const char *name);
long long cmd_entry_int(const cJSON *key, const char *name);

#endif
