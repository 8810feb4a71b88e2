/* SPDX-License-Identifier: MIT */
/*
 * A small text from a file or standard input.
 */
#include "kmsagent/ctl/readtext.h"

#include <fcntl.h>
#include <string.h>

#include "kmsagent/base/io.h"

static int read_stdin(size_t max, char **ret)
{
	_free_ char *text = malloc(max + 2);
	ssize_t n;

	if (!text)
		return -ENOMEM;
	n = io_read_full(STDIN_FILENO, text, max + 1);
	if (n < 0)
		return (int)n;
	if ((size_t)n > max)
		return -EFBIG;
	text[n] = '\0';
	if (strlen(text) != (size_t)n)
		return -EILSEQ;
	*ret = take_ptr(text);
	return 0;
}

enum cmd_exit cmd_read_text(const struct cmd_args *args, const char *path,
			    size_t max, char **ret)
{
	bool is_stdin = !strcmp(path, "-");
	int r = is_stdin ? read_stdin(max, ret)
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
