/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 and what is built on it: HMAC with a key that is kept ready, HKDF.
 * Algorithms are fetched once a process.  Known copy: a struct hmac keeps its
 * key in OpenSSL's heap until hmac_done(), which wipes it.
 */
#ifndef KMSAGENT_CRYPTO_KDF_H
#define KMSAGENT_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define SHA256_BYTES 32

/* Digest of the pieces, one after the other.  Returns 0, -ENOMEM, -EIO. */
int sha256(const struct iovec *parts, size_t count,
	   uint8_t ret[SHA256_BYTES]) _must_check_;

/* A keyed HMAC-SHA256, for one thread at a time. */
struct hmac {
	struct evp_mac_ctx_st *ctx; /* private: OpenSSL's EVP_MAC_CTX */
};

#define HMAC_INIT ((struct hmac){0})

/*
 * Copies @key, of any length but 0.  Returns 0, -EINVAL (empty key), -ENOMEM,
 * -EIO.  Source: RFC 2104, FIPS 198-1.
 */
int hmac_init(struct hmac *h, const struct secret *key) _must_check_;

/*
 * Authenticate the pieces, one after the other; the key stays for the next
 * call.  Returns 0 or -EIO.
 */
int hmac_sign(struct hmac *h, const struct iovec *parts, size_t count,
	      uint8_t ret[SHA256_BYTES]) _must_check_;
void hmac_done(struct hmac *h);

/*
 * HKDF-SHA256: @len bytes (1..8160) from @ikm.  @salt may be empty, and @info
 * says what the result is for: two purposes never share one.  Returns 0,
 * -EINVAL (lengths), -ENOMEM, -EIO.  Source: RFC 5869.
 */
int hkdf_sha256(const struct secret *ikm, const void *salt, size_t salt_len,
		const void *info, size_t info_len, size_t len,
		struct secret *ret) _must_check_;

#endif
