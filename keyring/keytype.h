/* SPDX-License-Identifier: MIT */
/*
 * The kernel key types that are delivered, as one table, and the names that
 * entries bear: the kernel's description of entry NAME is "kms:NAME".
 */
#ifndef KEYRING_KEYTYPE_H
#define KEYRING_KEYTYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define KR_DESC_PREFIX	  "kms:"
#define KR_NAME_MAX_BYTES 64 /* without the NUL */

struct kr_keytype {
	const char *name; /* the kernel's */
	size_t min_bytes; /* of key material, before encode() */
	size_t max_bytes;
	size_t default_bytes;
	bool readable; /* user space can read the payload back */
	/*
	 * Key material to the payload that add_key and instantiate take;
	 * NULL = as it is.  Returns as secret_alloc().
	 */
	int (*encode)(const struct secret *material,
		      struct secret *ret_payload);
};

/* All types; ends with a NULL name.  The first is the default. */
extern const struct kr_keytype kr_keytypes[];

/* NULL if @name is none of ours. */
const struct kr_keytype *kr_keytype_find(const char *name) _must_check_;

/*
 * The payload for @material: checks the length against the table, encodes.
 * Returns 0, -EINVAL (length), -ENOMEM.
 */
int kr_keytype_payload(const struct kr_keytype *type,
		       const struct secret *material,
		       struct secret *ret_payload) _must_check_;

/* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
bool kr_name_is_valid(const char *name) _must_check_;

/* NAME inside "kms:NAME" (borrowed), NULL if it is not of that form. */
const char *kr_name_of_desc(const char *desc) _must_check_;

/* "kms:NAME" and a NUL. */
#define KR_NAME_DESC_BYTES (sizeof(KR_DESC_PREFIX) + KR_NAME_MAX_BYTES)

/* -EINVAL: @name is not valid. */
int kr_desc_format(const char *name, char buf[KR_NAME_DESC_BYTES]) _must_check_;

#endif
