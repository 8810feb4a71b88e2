/* SPDX-License-Identifier: MIT */
/*
 * A small text from a file or, as "-", from standard input.
 */
#ifndef KMSAGENT_CTL_READTEXT_H
#define KMSAGENT_CTL_READTEXT_H

#include "kmsagent/ctl/cmd.h"

/*
 * CMD_DONE: *ret is NUL-terminated, the caller frees.  Otherwise (no file,
 * over @max bytes, a NUL inside) the error has been reported.
 */
enum cmd_exit cmd_read_text(const struct cmd_args *args, const char *path,
			    size_t max, char **ret) _must_check_;

#endif
