/* SPDX-License-Identifier: MIT */
/*
 * Amazon resource names, and the key identifiers that AWS KMS takes: key id,
 * key ARN, alias name, alias ARN.  Pure text; who may use what is elsewhere.
 */
#ifndef KMSAGENT_BASE_ARN_H
#define KMSAGENT_BASE_ARN_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"

#define ARN_MAX_BYTES	   2048
#define ARN_ACCOUNT_DIGITS 12
#define ARN_KEY_ID_CHARS   36

/* Six fields, each a NUL-terminated piece of @buf. */
struct arn {
	char buf[ARN_MAX_BYTES + 1];
	const char *partition;
	const char *service;
	const char *region;
	const char *account;
	const char *resource; /* "key/ID", "alias/NAME", "user/NAME", "root" */
};

/* Returns 0, or -EINVAL (not "arn:" with six parts, or too long). */
int arn_parse(const char *text, struct arn *ret) _must_check_;

enum key_ref_kind {
	KEY_REF_KEY_ID,
	KEY_REF_KEY_ARN,
	KEY_REF_ALIAS_NAME,
	KEY_REF_ALIAS_ARN,
	KEY_REF_INVALID, /* none of the four */
};

struct key_ref {
	enum key_ref_kind kind;
	struct arn arn;	  /* for the two ARN kinds */
	const char *name; /* key id, or alias name with its "alias/" prefix;
			     points into @arn or into the text parsed */
};

/* Sort @text (borrowed: must outlive @ret) into one of the kinds. */
void key_ref_parse(const char *text, struct key_ref *ret);

/* UUID with dashes, or "mrk-" and 32 lower-case hex digits. */
bool arn_key_id_is_valid(const char *id) _must_check_;
bool arn_account_is_valid(const char *account) _must_check_;
bool arn_region_is_valid(const char *region) _must_check_;
/* "alias/" and 1..250 of [A-Za-z0-9/_-]. */
bool arn_alias_name_is_valid(const char *name) _must_check_;

/* "arn:aws:kms:REGION:ACCOUNT:key/ID" (or any resource); NULL = no memory. */
char *arn_format_kms(const char *region, const char *account,
		     const char *resource) _must_check_;
char *arn_format_key(const char *region, const char *account,
		     const char *id) _must_check_;

#endif
