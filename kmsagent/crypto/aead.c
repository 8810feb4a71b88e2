/* SPDX-License-Identifier: MIT */
/*
 * AES-256-GCM by OpenSSL, and XAES-256-GCM over it.  A context is keyed for
 * one call and then keyed with zeros, which overwrites the expanded key; that
 * is cheaper than freeing it, and leaves no key in OpenSSL's heap.
 */
#include "kmsagent/crypto/aead.h"

#include <string.h>

#include <openssl/err.h>

#include "kmsagent/crypto/evp.h"

#define BLOCK_BYTES ((size_t)16)

static const uint8_t zeros[AEAD_KEY_BYTES];

/* An error that OpenSSL queued is of no use to anybody: drop it. */
static int evp_failed(void)
{
	ERR_clear_error();
	return -EIO;
}

static bool forget_key(EVP_CIPHER_CTX *ctx)
{
	return EVP_EncryptInit_ex2(ctx, NULL, zeros, NULL, NULL) == 1;
}

static bool gcm_add(EVP_CIPHER_CTX *ctx, struct aad aad)
{
	int n;

	for (size_t i = 0; i < aad.count; i++) {
		const struct iovec *part = &aad.parts[i];

		if (part->iov_len > SECRET_MAX_BYTES)
			return false;
		if (part->iov_len > 0 &&
		    EVP_CipherUpdate(ctx, NULL, &n, part->iov_base,
				     (int)part->iov_len) != 1)
			return false;
	}
	return true;
}

static bool encrypt(EVP_CIPHER_CTX *ctx, const uint8_t *key,
		    const uint8_t *nonce, struct aad aad, const void *plain,
		    size_t len, uint8_t *ret)
{
	int n;

	return EVP_EncryptInit_ex2(ctx, NULL, key, nonce, NULL) == 1 &&
	       gcm_add(ctx, aad) &&
	       (len == 0 ||
		EVP_EncryptUpdate(ctx, ret, &n, plain, (int)len) == 1) &&
	       EVP_EncryptFinal_ex(ctx, ret + len, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES,
				   ret + len) == 1;
}

static int seal(const uint8_t *key, const uint8_t *nonce, struct aad aad,
		const void *plain, size_t len, uint8_t *ret)
{
	struct evp_contexts *evp = evp_contexts();
	bool ok;

	if (!evp)
		return -ENOMEM;
	if (len > SECRET_MAX_BYTES)
		return -EINVAL;
	ok = encrypt(evp->gcm, key, nonce, aad, plain, len, ret);
	ok = forget_key(evp->gcm) && ok;
	return ok ? 0 : evp_failed();
}

/* 1 authentic, 0 not, -1 OpenSSL failed */
static int decrypt(EVP_CIPHER_CTX *ctx, const uint8_t *key,
		   const uint8_t *nonce, struct aad aad, const uint8_t *sealed,
		   size_t len, uint8_t *ret)
{
	uint8_t tag[AEAD_TAG_BYTES];
	int n;

	memcpy(tag, sealed + len, sizeof(tag));
	if (EVP_DecryptInit_ex2(ctx, NULL, key, nonce, NULL) != 1 ||
	    !gcm_add(ctx, aad) ||
	    (len > 0 &&
	     EVP_DecryptUpdate(ctx, ret, &n, sealed, (int)len) != 1) ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) !=
		    1)
		return -1;
	return EVP_DecryptFinal_ex(ctx, tag, &n) == 1;
}

static int open_sealed(const uint8_t *key, const uint8_t *nonce, struct aad aad,
		       const void *sealed, size_t len, uint8_t *ret)
{
	struct evp_contexts *evp = evp_contexts();
	int authentic;

	if (!evp)
		return -ENOMEM;
	if (len < AEAD_TAG_BYTES)
		return -EBADMSG;
	len -= AEAD_TAG_BYTES;
	if (len > SECRET_MAX_BYTES)
		return -EINVAL;
	authentic = decrypt(evp->gcm, key, nonce, aad, sealed, len, ret);
	if (!forget_key(evp->gcm))
		authentic = -1;
	if (authentic == 1)
		return 0;
	secret_wipe(ret, len);
	(void)evp_failed();
	return authentic == 0 ? -EBADMSG : -EIO;
}

int gcm_seal(const struct secret *key, const uint8_t nonce[GCM_NONCE_BYTES],
	     struct aad aad, const void *plain, size_t len, uint8_t *ret)
{
	if (key->len != AEAD_KEY_BYTES)
		return -EINVAL;
	return seal(key->bytes, nonce, aad, plain, len, ret);
}

int gcm_open(const struct secret *key, const uint8_t nonce[GCM_NONCE_BYTES],
	     struct aad aad, const void *sealed, size_t len, uint8_t *ret)
{
	if (key->len != AEAD_KEY_BYTES)
		return -EINVAL;
	return open_sealed(key->bytes, nonce, aad, sealed, len, ret);
}

/* AES-256 of whole blocks, in place. */
static int aes_blocks(const uint8_t *key, uint8_t *blocks, size_t len)
{
	struct evp_contexts *evp = evp_contexts();
	bool ok;
	int n;

	if (!evp)
		return -ENOMEM;
	ok = EVP_EncryptInit_ex2(evp->ecb, NULL, key, NULL, NULL) == 1 &&
	     EVP_EncryptUpdate(evp->ecb, blocks, &n, blocks, (int)len) == 1;
	ok = forget_key(evp->ecb) && ok;
	return ok ? 0 : evp_failed();
}

int xaes_key_init(struct xaes_key *k, const struct secret *key)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	uint8_t *k1, msb;
	int r;

	if (key->len != AEAD_KEY_BYTES)
		return -EINVAL;
	r = secret_alloc(&s, AEAD_KEY_BYTES + BLOCK_BYTES); /* K1's is zero */
	if (r < 0)
		return r;
	memcpy(s.bytes, key->bytes, AEAD_KEY_BYTES);
	k1 = s.bytes + AEAD_KEY_BYTES;
	r = aes_blocks(s.bytes, k1, BLOCK_BYTES);
	if (r < 0)
		return r;
	/* Double it in GF(2^128): RFC 4493, figure 2.2. */
	msb = k1[0] >> 7;
	for (size_t i = 0; i < BLOCK_BYTES - 1; i++)
		k1[i] = (uint8_t)(k1[i] << 1 | k1[i + 1] >> 7);
	k1[BLOCK_BYTES - 1] =
		(uint8_t)(k1[BLOCK_BYTES - 1] << 1 ^ (0x87 & (0 - msb)));
	secret_move(&k->bytes, &s);
	return 0;
}

void xaes_key_done(struct xaes_key *k)
{
	secret_done(&k->bytes);
}

/*
 * The AES-256-GCM key for a nonce: two blocks of the counter mode KDF of
 * NIST SP 800-108 over CMAC, which for a message of one whole block is
 * AES(message xor K1).
 */
static int derive(const struct xaes_key *key, const uint8_t *nonce,
		  uint8_t ret[AEAD_KEY_BYTES])
{
	const uint8_t *k1 = key->bytes.bytes + AEAD_KEY_BYTES;

	if (key->bytes.len != AEAD_KEY_BYTES + BLOCK_BYTES)
		return -EINVAL;
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t *block = ret + i * BLOCK_BYTES;

		block[0] = 0; /* counter, 16 bits */
		block[1] = i + 1;
		block[2] = 'X'; /* label */
		block[3] = 0;	/* end of label; then the context */
		memcpy(block + 4, nonce, XAES_NONCE_BYTES - GCM_NONCE_BYTES);
		for (size_t j = 0; j < BLOCK_BYTES; j++)
			block[j] ^= k1[j];
	}
	return aes_blocks(key->bytes.bytes, ret, AEAD_KEY_BYTES);
}

int xaes_seal(const struct xaes_key *key, const uint8_t nonce[XAES_NONCE_BYTES],
	      struct aad aad, const void *plain, size_t len, uint8_t *ret)
{
	uint8_t subkey[AEAD_KEY_BYTES];
	int r = derive(key, nonce, subkey);

	if (r == 0)
		r = seal(subkey, nonce + XAES_NONCE_BYTES - GCM_NONCE_BYTES,
			 aad, plain, len, ret);
	secret_wipe(subkey, sizeof(subkey));
	return r;
}

int xaes_open(const struct xaes_key *key, const uint8_t nonce[XAES_NONCE_BYTES],
	      struct aad aad, const void *sealed, size_t len, uint8_t *ret)
{
	uint8_t subkey[AEAD_KEY_BYTES];
	int r = derive(key, nonce, subkey);

	if (r == 0)
		r = open_sealed(subkey,
				nonce + XAES_NONCE_BYTES - GCM_NONCE_BYTES, aad,
				sealed, len, ret);
	secret_wipe(subkey, sizeof(subkey));
	return r;
}
