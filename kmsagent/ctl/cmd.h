/* SPDX-License-Identifier: MIT */
/*
 * What every command of kmsctl is: one constant in a file of its own, listed
 * in one table, from which the parser, --help, the manual's check and the
 * completion's check all read.  kmsctl never holds a key byte.
 */
#ifndef KMSAGENT_CTL_CMD_H
#define KMSAGENT_CTL_CMD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

/* Exit statuses; the manual's EXIT STATUS. */
enum cmd_exit {
	CMD_DONE = 0,
	CMD_FAILED = 1,
	CMD_USAGE = 2,
};

struct cmd_option {
	char letter;	   /* 0: only the long form */
	bool repeats;	   /* may be given more than once */
	const char *name;  /* without the dashes; NULL ends a list */
	const char *value; /* what it takes, for --help; NULL: a flag */
	const char *help;
};

struct cmd_given {
	const struct cmd_option *option;
	const char *value; /* NULL for a flag */
};

/* One parsed command line; everything in it is borrowed from argv. */
struct cmd_args {
	const struct cmd *cmd; /* NULL: only global options */
	const char *socket;    /* of the agent */
	bool json;
	bool help;
	bool version;
	struct cmd_given *given; /* owned: the command's own options */
	size_t ngiven;
	char **operands;
	size_t noperands;
};

struct cmd {
	const char *name;     /* one or two words: "key create" */
	const char *operands; /* for the usage line: "NAME", "[IN]", NULL */
	const char *summary;  /* one line, no full stop */
	const struct cmd_option *options; /* NULL: none of its own */
	size_t min_operands;
	size_t max_operands;
	enum cmd_exit (*run)(const struct cmd_args *args);
};

/* All commands, in the order of --help; ends with NULL. */
extern const struct cmd *const cmd_table[];
/* --socket, --json, --help, --version: valid everywhere. */
extern const struct cmd_option cmd_global_options[];

/*
 * Parse argv.  Pure but for getopt's own state and the environment variable
 * KMSAGENT_SOCKET.  Returns 0, -ENOMEM, or -EINVAL with the cause in @why.
 * *ret is filled as far as parsing came, also on failure, so that an error
 * can be reported in the form asked for; the caller calls cmd_args_done().
 */
int cmd_args_parse(int argc, char **argv, struct cmd_args *ret, char *why,
		   size_t why_len) _must_check_;
void cmd_args_done(struct cmd_args *args);

/* The value of option @name, or NULL; of one that repeats, the nth from 0. */
const char *cmd_get(const struct cmd_args *args, const char *name);
const char *cmd_get_nth(const struct cmd_args *args, const char *name,
			size_t nth);
bool cmd_has(const struct cmd_args *args, const char *name);

void cmd_print_help(const struct cmd *cmd);

/*
 * Report an error on stderr, as text or as {"error":{...}}: what happened
 * (a printf format) and what to do next (NULL: nothing sensible).
 * Returns CMD_FAILED; cmd_misuse() is code "Usage" and CMD_USAGE.
 */
enum cmd_exit cmd_fail(const struct cmd_args *args, const char *code,
		       const char *next_step, const char *format, ...)
	_printf_(4, 5);
enum cmd_exit cmd_misuse(const struct cmd_args *args, const char *format, ...)
	_printf_(2, 3);
/* The errno @err (negative or positive) met while doing @what. */
enum cmd_exit cmd_fail_errno(const struct cmd_args *args, int err,
			     const char *next_step, const char *what);
enum cmd_exit cmd_fail_memory(const struct cmd_args *args);

/* A remark on stderr that changes nothing about success. */
void cmd_warn(const char *format, ...) _printf_(1, 2);

/* One object on stdout, one line.  Reports its own errors. */
enum cmd_exit cmd_print_json(const struct cmd_args *args, const cJSON *object);

#endif
