/* SPDX-License-Identifier: MIT */
/* AES key unwrap with padding, by OpenSSL.  See import.h. */
#include <openssl/err.h>
#include <openssl/evp.h>

#include "kmsagent/crypto/import.h"

#define BLOCK_BYTES 8
#define MIN_BYTES   (2UL * BLOCK_BYTES)

static void ctx_freep(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}

static void cipher_freep(EVP_CIPHER **cipher)
{
	EVP_CIPHER_free(*cipher);
}

int kwp_unwrap(const struct secret *key, const void *wrapped, size_t len,
	       struct secret *ret)
{
	_cleanup_(secret_done) struct secret plain = SECRET_INIT;
	_cleanup_(ctx_freep) EVP_CIPHER_CTX *ctx = NULL;
	_cleanup_(cipher_freep) EVP_CIPHER *cipher = NULL;
	int out = 0, r;

	if (key->len != AEAD_KEY_BYTES)
		return -EINVAL;
	if (len < MIN_BYTES || len % BLOCK_BYTES || len > SECRET_MAX_BYTES / 2)
		return -EBADMSG;
	r = secret_alloc(&plain, len); /* OpenSSL writes all blocks first */
	if (r < 0)
		return r;
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	ctx = EVP_CIPHER_CTX_new();
	if (!cipher || !ctx)
		return -ENOMEM;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_DecryptInit_ex2(ctx, cipher, key->bytes, NULL, NULL) != 1)
		r = -EIO;
	else if (EVP_DecryptUpdate(ctx, plain.bytes, &out, wrapped, (int)len) !=
			 1 ||
		 out <= 0)
		r = -EBADMSG;
	ERR_clear_error();
	if (r < 0)
		return r;
	secret_truncate(&plain, (size_t)out);
	secret_move(ret, &plain);
	return 0;
}
