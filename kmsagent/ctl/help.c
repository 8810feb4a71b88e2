/* SPDX-License-Identifier: MIT */
/*
 * --help, written from the tables alone.
 */
#include "kmsagent/ctl/cmd.h"

#include <stdio.h>

static void print_options(const struct cmd_option *o)
{
	for (; o && o->name; o++) {
		char left[64], dash[8] = "    ";

		if (o->letter)
			snprintf(dash, sizeof(dash), "-%c, ", o->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", dash, o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		printf("  %-26s %s%s\n", left, o->help,
		       o->repeats ? "; may be repeated" : "");
	}
}

static void print_overview(void)
{
	puts("Usage: kmsctl [OPTION]... COMMAND [ARGUMENT]...\n\n"
	     "Ask the host's key agent and the key service.\n\nCommands:");
	for (const struct cmd *const *c = cmd_table; *c; c++)
		printf("  %-14s %s\n", (*c)->name, (*c)->summary);
	puts("\nOptions:");
	print_options(cmd_global_options);
	puts("\nkmsctl COMMAND --help tells more; so does kmsctl(1).");
}

void cmd_print_help(const struct cmd *cmd)
{
	if (!cmd) {
		print_overview();
		return;
	}
	printf("Usage: kmsctl %s [OPTION]...%s%s\n\n%s.\n\nOptions:\n",
	       cmd->name, cmd->operands ? " " : "",
	       cmd->operands ? cmd->operands : "", cmd->summary);
	print_options(cmd->options);
	print_options(cmd_global_options);
}
