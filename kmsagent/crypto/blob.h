/* SPDX-License-Identifier: MIT */
/*
 * The ciphertext blob: what Encrypt and GenerateDataKey hand out.  It names
 * its CMK and the backing key that sealed it, and carries nothing else that
 * is readable.  It must not know where keys are kept or who may use them.
 *
 *	offset	bytes
 *	0	1	version, 1
 *	1	1	cipher, 2 = XAES-256-GCM
 *	2	1	key reference, 2 = key id and key material id
 *	3	36	key id, as text
 *	39	32	key material id
 *	71	24	nonce
 *	95	n	ciphertext, n in 1..4096
 *	95+n	16	tag
 *
 * (So its base64 begins with "AQIC", as that of AWS KMS does: tools look.)
 *
 * Authenticated beside the ciphertext: all of the header; account and region
 * of the CMK, each as u16 length and text; the encoded encryption context.
 * Moving a blob to another key, backing key, account or region, or changing
 * its context, is a change that blob_open() refuses.  The region of a
 * multi-Region key ("mrk-") is taken as empty: its replicas share material,
 * and each opens what the others sealed.
 */
#ifndef KMSAGENT_CRYPTO_BLOB_H
#define KMSAGENT_CRYPTO_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/ectx.h"
#include "keyring/secret.h"
#include "kmsagent/crypto/aead.h"

#define BLOB_KEY_ID_LEN	     36 /* a UUID, or "mrk-" and 32 digits */
#define BLOB_MATERIAL_ID_LEN 64 /* lower-case hexadecimal digits */
#define BLOB_HEADER_BYTES    95
#define BLOB_OVERHEAD_BYTES  (BLOB_HEADER_BYTES + AEAD_TAG_BYTES)
#define BLOB_PLAIN_MAX_BYTES 4096
#define BLOB_MAX_BYTES	     (BLOB_OVERHEAD_BYTES + BLOB_PLAIN_MAX_BYTES)

/* Which backing key, of which CMK.  Borrows all strings. */
struct blob_key {
	const char *account;	 /* 12 digits */
	const char *region;	 /* of the request's, and so the key's ARN */
	const char *key_id;	 /* BLOB_KEY_ID_LEN characters */
	const char *material_id; /* BLOB_MATERIAL_ID_LEN characters */
	const struct xaes_key *material;
};

/* A blob taken apart; the pointers borrow from the parsed buffer. */
struct blob {
	char key_id[BLOB_KEY_ID_LEN + 1];
	char material_id[BLOB_MATERIAL_ID_LEN + 1];
	const uint8_t *header; /* BLOB_HEADER_BYTES, the nonce at its end */
	const uint8_t *sealed; /* ciphertext, tag */
	size_t sealed_len;     /* bytes */
};

/*
 * Take a blob apart, trusting none of it.  Returns 0, or -EBADMSG (length,
 * version, cipher, reference, a key id that is none).
 */
int blob_parse(const void *buf, size_t len, struct blob *ret) _must_check_;

/*
 * Seal @len bytes (1..4096) at @plain, which stay the caller's to wipe, into
 * exactly len + BLOB_OVERHEAD_BYTES at @ret.  Returns 0, -EINVAL (a length,
 * an id or an account that cannot be), -ENOMEM, -EIO.
 */
int blob_seal(const struct blob_key *key, const struct ectx *context,
	      const void *plain, size_t len, uint8_t *ret) _must_check_;

/*
 * Open a parsed blob under a key that the caller found by its ids.  Returns
 * 0, -EBADMSG (other ids, other context, other account or region, or any
 * bit changed: which, is not told), -EINVAL, -ENOMEM, -EIO.
 */
int blob_open(const struct blob_key *key, const struct ectx *context,
	      const struct blob *blob, struct secret *ret) _must_check_;

/* A UUID or "mrk-" with 32 lower-case digits. */
bool blob_key_id_is_valid(const char *s) _must_check_;

/*
 * The id of key material: the same material under the same key id has the
 * same, so that imported material is known again; one way, so that it tells
 * nothing about the bytes.  Returns 0, -EINVAL, -ENOMEM, -EIO.
 */
int blob_material_id(const struct secret *material, const char *key_id,
		     char ret[BLOB_MATERIAL_ID_LEN + 1]) _must_check_;

#endif
