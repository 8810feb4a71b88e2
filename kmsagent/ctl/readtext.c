/* SPDX-License-Identifier: MIT */
/*
 * A small text from a file or standard input.
 */
#include "kmsagent/ctl/readtext.h"

#include <fcntl.h>
#include <string.h>

#include "kmsagent/base/io.h"

enum cmd_exit cmd_read_text(const struct cmd_args *args, const char *path,
			    size_t max, char **ret)
{
	bool is_stdin = !strcmp(path, "-");
	int r = is_stdin ? io_read_text_fd(STDIN_FILENO, max, ret)
			 : io_read_text(AT_FDCWD, path, max, ret);

	if (is_stdin)
		path = "standard input";
	if (r == -EFBIG)
		return cmd_fail(args, "System", "it is not what belongs here",
				"%s is over %zu bytes", path, max);
	if (r == -EILSEQ)
		return cmd_fail(args, "System", "it is not what belongs here",
				"%s is not text", path);
	if (r < 0)
		return cmd_fail_errno(
			args, r, "check the name and who may read it", path);
	return CMD_DONE;
}
