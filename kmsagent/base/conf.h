/* SPDX-License-Identifier: MIT */
/*
 * INI configuration by table: what sections and keys exist is data that the
 * caller gives, so that an unknown one is an error with its place and the
 * nearest valid name, and the manual can be checked against the table.
 */
#ifndef KMSAGENT_BASE_CONF_H
#define KMSAGENT_BASE_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"

/* Where a value was found, for messages. */
struct conf_place {
	const char *file;
	unsigned line;
	const char *section; /* "peer", or "access-key AKIA..." whole */
	const char *key;
};

/*
 * Store @value into @target.  0, or negative errno with a sentence in @why
 * (@why_len bytes) that says what is accepted.
 */
typedef int (*conf_setter)(void *target, const struct conf_place *place,
			   const char *value, char *why, size_t why_len);

/*
 * One key of one section.  @key "*" accepts any key (as in [peer]).  A
 * section "access-key *" matches [access-key NAME]; NAME is in the place.
 */
struct conf_key {
	const char *section;
	const char *key;
	conf_setter set;
	size_t offset; /* added to the target pointer given to conf_parse() */
};

/*
 * Parse @len bytes of text; @file names it in errors.  Stops at the first
 * error with "file:line: cause; next step" in @why.  Returns 0, -EINVAL
 * (syntax, unknown section or key), or what a setter gave.
 */
int conf_parse(const char *file, const char *text, size_t len,
	       const struct conf_key *keys, size_t nkeys, void *target,
	       char *why, size_t why_len) _must_check_;

/* Read and parse a file; also errno of open and read, -EFBIG over 256 KiB. */
int conf_load(const char *path, const struct conf_key *keys, size_t nkeys,
	      void *target, char *why, size_t why_len) _must_check_;

/* Ready setters: the target field is char * (freed and replaced), int64_t
 * seconds, unsigned, bool. */
int conf_set_string(void *target, const struct conf_place *place,
		    const char *value, char *why, size_t why_len);
int conf_set_duration_s(void *target, const struct conf_place *place,
			const char *value, char *why, size_t why_len);
int conf_set_unsigned(void *target, const struct conf_place *place,
		      const char *value, char *why, size_t why_len);
int conf_set_bool(void *target, const struct conf_place *place,
		  const char *value, char *why, size_t why_len);

/*
 * systemd's time spans: "90s", "1h 30min", "2d"; a bare number is seconds.
 * Returns 0 or -EINVAL (syntax, overflow).  Source: systemd.time(7).
 */
int conf_parse_duration_s(const char *text, int64_t *ret_s) _must_check_;

/*
 * "user:NAME", "uid:N", "NAME" or "N" to a number; likewise for groups.
 * Returns 0, -ENOENT (no such name), -EINVAL.
 */
int conf_parse_uid(const char *text, uint32_t *ret_uid) _must_check_;
int conf_parse_gid(const char *text, uint32_t *ret_gid) _must_check_;

#endif
