/* SPDX-License-Identifier: MIT */
/*
 * HMAC under AWS KMS's names for its algorithms.  (kdf.h has HMAC-SHA-256
 * with a key that stays ready.)  Known copy: OpenSSL keeps the padded key in
 * its heap for the duration of a call, and wipes it.
 */
#ifndef KMSAGENT_CRYPTO_MAC_H
#define KMSAGENT_CRYPTO_MAC_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define MAC_MAX_BYTES 64

/* A row of the table of algorithms. */
struct mac_algorithm {
	const char *name;   /* "HMAC_SHA_224" */
	const char *digest; /* OpenSSL's name */
	size_t bytes;	    /* of the MAC */
};

/* NULL: no such algorithm. */
const struct mac_algorithm *mac_find(const char *name);

/*
 * The MAC of @len bytes: a->bytes of them at @ret, which has room for
 * MAC_MAX_BYTES.  Returns 0, -EINVAL (empty key), -ENOMEM, -EIO.
 * Source: RFC 2104, FIPS 198-1.
 */
int mac_compute(const struct mac_algorithm *a, const struct secret *key,
		const void *bytes, size_t len, uint8_t *ret) _must_check_;

/* Compares in a time that depends on lengths only.  Returns 0, -EBADMSG
 * (another MAC, or one of another length), and as mac_compute(). */
int mac_verify(const struct mac_algorithm *a, const struct secret *key,
	       const void *bytes, size_t len, const void *mac,
	       size_t mac_len) _must_check_;

#endif
