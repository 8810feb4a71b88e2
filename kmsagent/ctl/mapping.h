/* SPDX-License-Identifier: MIT */
/* How an open volume is shown. */
#ifndef KMSAGENT_CTL_MAPPING_H
#define KMSAGENT_CTL_MAPPING_H

#include "kmsagent/ctl/cmd.h"

/* The "volume" of an answer, as text or, with --json, as it came. */
enum cmd_exit cmd_mapping_print(const struct cmd_args *args,
				const cJSON *answer) _must_check_;

/* Option @option, a number of sectors, as member @member; absent: none. */
enum cmd_exit cmd_sectors_param(const struct cmd_args *args, const char *option,
				const char *member, cJSON *params) _must_check_;

#endif
