/* SPDX-License-Identifier: MIT */
/*
 * How an encrypted directory is shown.
 */
#ifndef KMSAGENT_CTL_DIRECTORY_H
#define KMSAGENT_CTL_DIRECTORY_H

#include "kmsagent/ctl/cmd.h"

/*
 * Print the Directory object inside @answer: as text, or the object itself
 * with --json.  An answer without one is an error.
 */
enum cmd_exit cmd_directory_print(const struct cmd_args *args,
				  const cJSON *answer) _must_check_;

/* Its key leaves when files are closed. */
bool cmd_directory_is_busy(const cJSON *answer) _must_check_;

#endif
