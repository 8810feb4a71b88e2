/* SPDX-License-Identifier: MIT */
/* Encryption and key agreement with key pairs. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "kmsagent/crypto/pkey.h"

#define SM2_PLAIN_MAX_BYTES 1024 /* AWS's bound: the scheme has none */

static const struct pkey_cipher table[] = {
	{"RSAES_OAEP_SHA_1", "RSA", "SHA1", 20},
	{"RSAES_OAEP_SHA_256", "RSA", "SHA256", 32},
	{"SM2PKE", "SM2", NULL, 0},
};

const struct pkey_cipher *pkey_cipher_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

size_t pkey_cipher_max(const struct pkey_cipher *c,
		       const struct pkey_kind *kind)
{
	/* RFC 8017 7.1.1: k - 2 hLen - 2. */
	return c->digest ? kind->bits / 8 - 2 * c->digest_bytes - 2
			 : SM2_PLAIN_MAX_BYTES;
}

static void ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

#define PARAM_TEXT(name, text)                                                 \
	OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)(text), 0)

static bool set_up(EVP_PKEY_CTX *ctx, const struct pkey_cipher *c)
{
	const OSSL_PARAM params[] = {
		PARAM_TEXT(OSSL_ASYM_CIPHER_PARAM_PAD_MODE,
			   OSSL_PKEY_RSA_PAD_MODE_OAEP),
		PARAM_TEXT(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, c->digest),
		PARAM_TEXT(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, c->digest),
		OSSL_PARAM_END,
	};

	return !c->digest || EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

int pkey_encrypt(const struct pkey *p, const struct pkey_cipher *c,
		 const void *plain, size_t len, uint8_t *ret, size_t *ret_len)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx = NULL;
	size_t sealed_len = PKEY_CIPHERTEXT_MAX_BYTES;
	bool ok;

	if (strcmp(c->type, p->kind->type) != 0 || len == 0 ||
	    len > pkey_cipher_max(c, p->kind))
		return -EINVAL;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, p->evp, NULL);
	if (!ctx)
		return -ENOMEM;
	ok = EVP_PKEY_encrypt_init(ctx) == 1 && set_up(ctx, c) &&
	     EVP_PKEY_encrypt(ctx, ret, &sealed_len, plain, len) == 1;
	ERR_clear_error();
	if (!ok)
		return -EIO;
	*ret_len = sealed_len;
	return 0;
}

int pkey_decrypt(const struct pkey *p, const struct pkey_cipher *c,
		 const void *sealed, size_t len, struct secret *ret)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx = NULL;
	_cleanup_(secret_done) struct secret plain = SECRET_INIT;
	size_t plain_len = 0;
	int r = 0;

	if (strcmp(c->type, p->kind->type) != 0)
		return -EINVAL;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, p->evp, NULL);
	if (!ctx)
		return -ENOMEM;
	if (EVP_PKEY_decrypt_init(ctx) != 1 || !set_up(ctx, c))
		r = -EIO;
	else if (EVP_PKEY_decrypt(ctx, NULL, &plain_len, sealed, len) != 1)
		r = -EBADMSG; /* of SM2, which looks at it already here */
	if (r == 0)
		r = secret_alloc(&plain, plain_len);
	if (r == 0 &&
	    EVP_PKEY_decrypt(ctx, plain.bytes, &plain_len, sealed, len) != 1)
		r = -EBADMSG;
	ERR_clear_error();
	if (r < 0)
		return r;
	secret_truncate(&plain, plain_len);
	secret_move(ret, &plain);
	return 0;
}

bool pkey_kind_can_derive(const struct pkey_kind *kind)
{
	return strcmp(kind->type, "EC") == 0;
}

int pkey_derive(const struct pkey *own, const struct pkey *peer,
		struct secret *ret)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx = NULL;
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	size_t len = 0;
	int r;

	if (own->kind != peer->kind || !pkey_kind_can_derive(own->kind))
		return -EINVAL;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own->evp, NULL);
	if (!ctx)
		return -ENOMEM;
	r = EVP_PKEY_derive_init(ctx) == 1 ? 0 : -EIO;
	if (r == 0 && (EVP_PKEY_derive_set_peer(ctx, peer->evp) != 1 ||
		       EVP_PKEY_derive(ctx, NULL, &len) != 1))
		r = -EBADMSG;
	if (r == 0)
		r = secret_alloc(&out, len);
	if (r == 0 && EVP_PKEY_derive(ctx, out.bytes, &len) != 1)
		r = -EBADMSG;
	ERR_clear_error();
	if (r < 0)
		return r;
	secret_truncate(&out, len);
	secret_move(ret, &out);
	return 0;
}
