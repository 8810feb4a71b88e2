/* SPDX-License-Identifier: MIT */
/*
 * Keys at rest: one key sealed under another, bound to what it is for and to
 * the record that it belongs to, so that records cannot trade keys.
 *
 *	offset	bytes
 *	0	1	version, 1
 *	1	1	role
 *	2	24	nonce
 *	26	n	ciphertext, n >= 1
 *	26+n	16	tag
 *
 * XAES-256-GCM; authenticated beside it: version, role, the record's id.
 */
#ifndef KMSAGENT_CRYPTO_WRAP_H
#define KMSAGENT_CRYPTO_WRAP_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"
#include "kmsagent/crypto/aead.h"

/* Written to disk: never renumber. */
enum wrap_role {
	WRAP_ROLE_KEK = 1,	   /* key-encryption key, under the root key */
	WRAP_ROLE_MATERIAL = 2,	   /* backing key of a CMK, under a KEK */
	WRAP_ROLE_IMPORT = 3,	   /* private key of an import, under a KEK */
	WRAP_ROLE_ACCESS = 4,	   /* secret access key, under a KEK */
	WRAP_ROLE_GRANT_TOKEN = 5, /* no key: names a grant, under a KEK */
};

#define WRAP_HEADER_BYTES    26
#define WRAP_OVERHEAD_BYTES  (WRAP_HEADER_BYTES + AEAD_TAG_BYTES)
#define WRAP_PLAIN_MAX_BYTES 16384

/*
 * Seal @plain under @key.  @id names the record, uniquely within its role:
 * of a backing key "<key ARN>#<key material id>".  The caller frees *ret.
 * Returns 0, -EINVAL (empty id, plain empty or over the maximum), -ENOMEM,
 * -EIO.
 */
int wrap_seal(const struct xaes_key *key, enum wrap_role role, const char *id,
	      const struct secret *plain, uint8_t **ret,
	      size_t *ret_len) _must_check_;

/*
 * Open what wrap_seal() wrote.  Returns 0, -EBADMSG (another key, role or
 * id, or damaged), -ENOMEM, -EIO.
 */
int wrap_open(const struct xaes_key *key, enum wrap_role role, const char *id,
	      const void *wrapped, size_t len, struct secret *ret) _must_check_;

#endif
