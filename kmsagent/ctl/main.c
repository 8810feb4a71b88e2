/* SPDX-License-Identifier: MIT */
/*
 * kmsctl: parse, run one command, make sure that what was printed arrived.
 */
#include <stdio.h>

#include "kmsagent/base/json.h"
#include "kmsagent/ctl/cmd.h"

static enum cmd_exit run(int argc, char **argv, struct cmd_args *args)
{
	char why[256];
	int r = cmd_args_parse(argc, argv, args, why, sizeof(why));

	if (r == -EINVAL)
		return cmd_misuse(args, "%s", why);
	if (r < 0)
		return cmd_fail_memory(args);
	if (args->help) {
		cmd_print_help(args->cmd);
		return CMD_DONE;
	}
	if (args->version) {
		puts("kmsctl " KMSAGENT_VERSION);
		return CMD_DONE;
	}
	return args->cmd->run(args);
}

int main(int argc, char **argv)
{
	_cleanup_(cmd_args_done) struct cmd_args args = {0};
	enum cmd_exit status;

	json_init();
	status = run(argc, argv, &args);
	if (fflush(stdout) == EOF || ferror(stdout))
		return cmd_fail_errno(&args, errno,
				      "free space, or look at what reads it",
				      "cannot write to standard output");
	return status;
}
