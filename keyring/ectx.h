/* SPDX-License-Identifier: MIT */
/*
 * An encryption context: a set of UTF-8 key=value pairs, sorted by the keys'
 * bytes, and its one injective serialisation.  It stands in the lowest
 * library because the message format, the ciphertext blob and the KMS client
 * must all agree on it to the byte.
 */
#ifndef KEYRING_ECTX_H
#define KEYRING_ECTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"

struct ectx_pair {
	char *key;
	char *value;
};

struct ectx {
	struct ectx_pair *pairs; /* sorted, no key twice */
	size_t count;
	size_t encoded_len; /* private: bytes that ectx_encode() will give */
};

#define ECTX_INIT	       ((struct ectx){0})
#define ECTX_MAX_ENCODED_BYTES 65535

/*
 * Add one pair; copies both strings.  Returns 0, -EEXIST (the key is there
 * with another value or the same), -EILSEQ (not UTF-8), -E2BIG (the encoded
 * context would pass 65535 bytes), -ENOMEM.
 */
int ectx_add(struct ectx *c, const char *key, const char *value) _must_check_;

/* "K=V" as a command line gives it: split at the first '='; -EINVAL without. */
int ectx_add_arg(struct ectx *c, const char *arg) _must_check_;

/* The value of @key (borrowed), or NULL. */
const char *ectx_get(const struct ectx *c, const char *key);

/* Same pairs.  Not constant time: a context is no secret. */
bool ectx_equal(const struct ectx *a, const struct ectx *b) _must_check_;

/* Every pair of @part is in @whole. */
bool ectx_is_subset(const struct ectx *part,
		    const struct ectx *whole) _must_check_;

int ectx_copy(struct ectx *to, const struct ectx *from) _must_check_;

/*
 * Serialise: nothing for an empty context, else u16 count, then per pair
 * u16 length, key, u16 length, value; big-endian, ascending by key bytes.
 * The caller frees *ret_bytes (NULL for the empty context).
 * Source: AWS Encryption SDK message format, encryption context.
 */
int ectx_encode(const struct ectx *c, uint8_t **ret_bytes,
		size_t *ret_len) _must_check_;

/*
 * Parse what ectx_encode() wrote; pairs may come unsorted (old writers did).
 * Returns 0, -EBADMSG (zero count, a key twice, a pair past the end, bytes
 * left over, a NUL inside), -EILSEQ (not UTF-8), -ENOMEM.
 */
int ectx_decode(const void *buf, size_t len, struct ectx *ret) _must_check_;

void ectx_done(struct ectx *c);

#endif
