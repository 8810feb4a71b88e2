/* SPDX-License-Identifier: MIT */
/*
 * Key material on its way in: the wrapping key pair that a caller wraps it
 * under, carried by the caller himself in a sealed token, and the unwrapping.
 * It must not know keys' states, nor what may be imported where.
 *
 * The token:
 *	offset	bytes
 *	0	1	version, 1
 *	1	1	wrapping algorithm
 *	2	1	kind of the wrapping pair
 *	3	1	0
 *	4	8	valid until: milliseconds since the epoch, big-endian
 *	12	n	the private key as wrap_seal() writes it
 *
 * Authenticated beside the private key: all before it, and the key's ARN.  So
 * a token serves one key, one algorithm, one day, and nothing has to be kept
 * for it.
 */
#ifndef KMSAGENT_CRYPTO_IMPORT_H
#define KMSAGENT_CRYPTO_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"
#include "kmsagent/crypto/aead.h"
#include "kmsagent/crypto/pkey.h"

#define IMPORT_TOKEN_HEADER_BYTES 12
#define IMPORT_TOKEN_MAX_BYTES	  6144 /* AWS's bound */

/* A row of the table of wrapping algorithms. */
struct import_algorithm {
	uint8_t code;	    /* in tokens: never renumber */
	const char *name;   /* "RSA_AES_KEY_WRAP_SHA_256" */
	const char *cipher; /* struct pkey_cipher.name */
	bool is_hybrid;	    /* RSA wraps an AES key, which wraps the rest */
};

/* NULL: not offered, or no such algorithm; of a pair, no wrapping spec. */
const struct import_algorithm *import_algorithm_find(const char *name);
const struct pkey_kind *import_kind_find(const char *wrapping_spec);

struct import_token {
	const struct import_algorithm *algorithm;
	int64_t valid_to_ms;
	struct pkey pair;
};

#define IMPORT_TOKEN_INIT ((struct import_token){0})

void import_token_done(struct import_token *t);

/*
 * Seal @t for the key @arn under the key-encryption key.  The caller frees
 * *ret.  Returns 0, -EINVAL (the pair is of no wrapping spec), -ENOMEM, -EIO.
 */
int import_token_seal(const struct xaes_key *kek, const char *arn,
		      const struct import_token *t, uint8_t **ret,
		      size_t *ret_len) _must_check_;

/*
 * The way back.  Whether it is still valid is the caller's to see.  Returns
 * 0, -EBADMSG (another key's, another service's, or changed), -ENOMEM, -EIO.
 */
int import_token_open(const struct xaes_key *kek, const char *arn,
		      const void *token, size_t len,
		      struct import_token *ret) _must_check_;

/*
 * Unwrap key material that came with the token.  Returns 0, -EBADMSG (not
 * wrapped so: why is not told), -ENOMEM, -EIO.
 * Source: RFC 8017 7.1 (RSAES-OAEP); PKCS #11 3.0, 2.1.21 (RSA AES key wrap);
 * RFC 5649, NIST SP 800-38F (key wrap with padding).
 */
int import_unwrap(const struct import_token *t, const void *wrapped, size_t len,
		  struct secret *ret) _must_check_;

/*
 * AES-256 key unwrap with padding, KWP: @key of AEAD_KEY_BYTES.  Returns 0,
 * -EINVAL (length of the key), -EBADMSG (not authentic, not whole blocks),
 * -ENOMEM, -EIO.
 */
int kwp_unwrap(const struct secret *key, const void *wrapped, size_t len,
	       struct secret *ret) _must_check_;

#endif
