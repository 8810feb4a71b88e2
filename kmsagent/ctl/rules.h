/* SPDX-License-Identifier: MIT */
/*
 * Which request-key rule the kernel's request would go to, by the rules of
 * request-key.conf(5) and what keyutils 1.6.3 was seen to do where the
 * manual is silent: rules of request-key.d come first in the folder's own
 * order, only regular files "*.conf" count there, a line that fits so far
 * but ends too early stops everything.
 */
#ifndef KMSAGENT_CTL_RULES_H
#define KMSAGENT_CTL_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

enum cmd_rules_field {
	RULES_OP,
	RULES_TYPE,
	RULES_DESCRIPTION,
	RULES_CALLOUT,
	RULES_FIELDS,
};

struct cmd_rules_ask {
	const char *field[RULES_FIELDS]; /* "create", "logon", "kms:x", "" */
};

struct cmd_rules_match {
	bool found;
	char file[256]; /* as it was given */
	unsigned line;
	size_t skipped[RULES_FIELDS]; /* characters that '*' stands for */
	char program[256];	      /* with its '|', without arguments */
	char arguments[256];
};

/*
 * Does @pattern, with at most one '*', cover @text?  *ret_skipped gets the
 * characters that the asterisk stands for.  Pure.
 */
bool cmd_rules_covers(const char *pattern, const char *text,
		      size_t *ret_skipped);

/*
 * Look through one file's text for a better match than *best has; a rule met
 * earlier wins a tie.  @file goes into the match.  Returns 0, or -EBADMSG at
 * a line that request-key refuses (too short, over 4094 bytes), whose number
 * is in best->line and @file in best->file: nothing is found then.  Pure.
 */
int cmd_rules_scan(const char *file, const char *text,
		   const struct cmd_rules_ask *ask,
		   struct cmd_rules_match *best) _must_check_;

/*
 * The same over @dir/request-key.d and @dir/request-key.conf ("/etc").
 * Missing ones are no error.  Returns as above, or errno of reading.
 */
int cmd_rules_find(const char *dir, const struct cmd_rules_ask *ask,
		   struct cmd_rules_match *ret) _must_check_;

#endif
