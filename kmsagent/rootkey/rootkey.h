/* SPDX-License-Identifier: MIT */
/*
 * The root key: what all keys at rest hang from.  A provider never gives it
 * out: it wraps and unwraps key-encryption keys, so that a TPM or an HSM can
 * take a file's place.  Errors that an operator meets come with a sentence
 * that ends in the next step; nothing here logs.
 */
#ifndef KMSAGENT_ROOTKEY_ROOTKEY_H
#define KMSAGENT_ROOTKEY_ROOTKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define ROOTKEY_WHY_BYTES 768
#define ROOTKEY_ID_MAX	  127 /* characters */

struct rootkey_conf {
	const char *provider; /* a name of rootkey_providers() */
	const char *path;     /* file: where it is */
	/*
	 * Make a root key if there is none.  True only while the store has
	 * no keys: a new root key cannot open what an old one closed.
	 */
	bool may_create;
};

struct rootkey;

/*
 * Open the root key.  On failure @why holds a sentence.  Returns 0, or
 *   -EINVAL	  unknown provider, no path, a path that is not absolute
 *   -ENOENT	  no root key, and may_create is false
 *   -EPERM	  owner or mode lets others at it
 *   -EBADMSG	  not a root key: wrong kind or length of file
 *   -ENOMEM, and errno of open(2), read(2), fsync(2)
 */
int rootkey_open(const struct rootkey_conf *conf, struct rootkey **ret,
		 char why[ROOTKEY_WHY_BYTES]) _must_check_;

/*
 * Which root key this is, as text that tells nothing about it (borrowed):
 * provider, colon, fingerprint.  For start-up messages and `status`.
 */
const char *rootkey_id(const struct rootkey *rk);

/* Whether rootkey_open() made it just now. */
bool rootkey_is_new(const struct rootkey *rk);

/*
 * Wrap a key-encryption key of 32 bytes for the record @kek_id.  The caller
 * frees *ret, which is safe to store.  Returns 0, -EINVAL, -ENOMEM, -EIO.
 */
int rootkey_wrap(struct rootkey *rk, const char *kek_id,
		 const struct secret *kek, uint8_t **ret,
		 size_t *ret_len) _must_check_;

/*
 * The way back.  On failure @why holds a sentence.  Returns 0, or
 *   -EKEYREJECTED  wrapped by another root key, which @why names
 *   -EBADMSG	    by this one, but damaged, or another record's
 *   -ENOMEM, -EIO
 */
int rootkey_unwrap(struct rootkey *rk, const char *kek_id, const void *wrapped,
		   size_t len, struct secret *ret,
		   char why[ROOTKEY_WHY_BYTES]) _must_check_;

void rootkey_close(struct rootkey *rk);
void rootkey_closep(struct rootkey **rk);

/* The names of all providers, for messages: "file". */
const char *rootkey_providers(void);

#endif
