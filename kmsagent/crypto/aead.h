/* SPDX-License-Identifier: MIT */
/*
 * Authenticated encryption: AES-256-GCM, and XAES-256-GCM for keys that seal
 * more messages than 96-bit random nonces allow.  Algorithms are fetched once
 * a process and contexts are kept a thread.  Known copy: OpenSSL expands a
 * key in its own heap; it is overwritten before each call here returns.
 */
#ifndef KMSAGENT_CRYPTO_AEAD_H
#define KMSAGENT_CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define AEAD_KEY_BYTES	 32
#define AEAD_TAG_BYTES	 16
#define GCM_NONCE_BYTES	 12
#define XAES_NONCE_BYTES 24

/*
 * Additional data is given in pieces that are authenticated as if they were
 * one; where pieces end is not, so a caller whose pieces vary in length must
 * make them self-delimiting.
 */
struct aad {
	const struct iovec *parts;
	size_t count;
};

#define AAD_NONE ((struct aad){0})

/*
 * Encrypt @len bytes to @ret, len + AEAD_TAG_BYTES of them: ciphertext, tag.
 * A nonce never serves twice under one key; random ones are safe for 2^32
 * messages.  @ret may be @plain.  Returns 0, -EINVAL (key length, more than
 * SECRET_MAX_BYTES), -ENOMEM, -EIO (OpenSSL refused).
 * Source: NIST SP 800-38D.
 */
int gcm_seal(const struct secret *key, const uint8_t nonce[GCM_NONCE_BYTES],
	     struct aad aad, const void *plain, size_t len,
	     uint8_t *ret) _must_check_;

/*
 * Decrypt @len bytes (ciphertext, tag) to len - AEAD_TAG_BYTES bytes at @ret,
 * which may be @sealed.  Returns 0 or -EBADMSG (too short or not authentic:
 * @ret is wiped), else as gcm_seal().
 */
int gcm_open(const struct secret *key, const uint8_t nonce[GCM_NONCE_BYTES],
	     struct aad aad, const void *sealed, size_t len,
	     uint8_t *ret) _must_check_;

/*
 * A key made ready for XAES-256-GCM: a subkey for every nonce comes from it,
 * so random nonces are safe for 2^80 messages.  Read-only once made: threads
 * may share it.
 */
struct xaes_key {
	struct secret bytes; /* private: the key, then CMAC's subkey K1 */
};

#define XAES_KEY_INIT ((struct xaes_key){.bytes = SECRET_INIT})

/*
 * Copies @key, AEAD_KEY_BYTES long, which stays the caller's.  Returns 0,
 * -EINVAL (length), -ENOMEM, -EIO.  Source: C2SP, XAES-256-GCM; RFC 4493
 * section 2.3 (subkeys of CMAC).
 */
int xaes_key_init(struct xaes_key *k, const struct secret *key) _must_check_;
void xaes_key_done(struct xaes_key *k);

/* As gcm_seal() and gcm_open(), with 192-bit nonces. */
int xaes_seal(const struct xaes_key *key, const uint8_t nonce[XAES_NONCE_BYTES],
	      struct aad aad, const void *plain, size_t len,
	      uint8_t *ret) _must_check_;
int xaes_open(const struct xaes_key *key, const uint8_t nonce[XAES_NONCE_BYTES],
	      struct aad aad, const void *sealed, size_t len,
	      uint8_t *ret) _must_check_;

#endif
