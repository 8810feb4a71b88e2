/* SPDX-License-Identifier: MIT */
/* SHA-256, HMAC and HKDF by OpenSSL.  Which key is for what is not known here. */
#include "kmsagent/crypto/kdf.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "kmsagent/crypto/evp.h"

#define HKDF_MAX_BYTES ((size_t)255 * SHA256_BYTES)

/* OpenSSL takes strings and buffers that it only reads as not const. */
#define PARAM_SHA256(name)                                                     \
	OSSL_PARAM_construct_utf8_string(name, (char *)"SHA256", 0)
#define PARAM_BYTES(name, p, len)                                              \
	OSSL_PARAM_construct_octet_string(name, (void *)(p), len)

static int evp_failed(void)
{
	ERR_clear_error();
	return -EIO;
}

int sha256(const struct iovec *parts, size_t count, uint8_t ret[SHA256_BYTES])
{
	struct evp_contexts *evp = evp_contexts();

	if (!evp)
		return -ENOMEM;
	if (EVP_DigestInit_ex2(evp->sha256, NULL, NULL) != 1)
		return evp_failed();
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestUpdate(evp->sha256, parts[i].iov_base,
				     parts[i].iov_len) != 1)
			return evp_failed();
	if (EVP_DigestFinal_ex(evp->sha256, ret, NULL) != 1)
		return evp_failed();
	return 0;
}

int hmac_init(struct hmac *h, const struct secret *key)
{
	const struct evp_algorithms *evp = evp_algorithms();
	const OSSL_PARAM params[] = {PARAM_SHA256(OSSL_MAC_PARAM_DIGEST),
				     OSSL_PARAM_END};
	EVP_MAC_CTX *ctx;

	if (!evp)
		return -ENOMEM;
	if (key->len == 0)
		return -EINVAL;
	ctx = EVP_MAC_CTX_new(evp->hmac);
	if (!ctx)
		return -ENOMEM;
	if (EVP_MAC_init(ctx, key->bytes, key->len, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		return evp_failed();
	}
	hmac_done(h);
	h->ctx = ctx;
	return 0;
}

int hmac_sign(struct hmac *h, const struct iovec *parts, size_t count,
	      uint8_t ret[SHA256_BYTES])
{
	size_t len;

	/* Without a key: start again under the one that is there. */
	if (EVP_MAC_init(h->ctx, NULL, 0, NULL) != 1)
		return evp_failed();
	for (size_t i = 0; i < count; i++)
		if (EVP_MAC_update(h->ctx, parts[i].iov_base,
				   parts[i].iov_len) != 1)
			return evp_failed();
	if (EVP_MAC_final(h->ctx, ret, &len, SHA256_BYTES) != 1)
		return evp_failed();
	return 0;
}

void hmac_done(struct hmac *h)
{
	EVP_MAC_CTX_free(h->ctx);
	h->ctx = NULL;
}

int hkdf_sha256(const struct secret *ikm, const void *salt, size_t salt_len,
		const void *info, size_t info_len, size_t len,
		struct secret *ret)
{
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	const struct evp_algorithms *evp = evp_algorithms();
	OSSL_PARAM params[5], *p = params;
	EVP_KDF_CTX *ctx;
	int r;

	if (!evp)
		return -ENOMEM;
	if (ikm->len == 0 || len > HKDF_MAX_BYTES)
		return -EINVAL;
	r = secret_alloc(&out, len);
	if (r < 0)
		return r;
	*p++ = PARAM_SHA256(OSSL_KDF_PARAM_DIGEST);
	*p++ = PARAM_BYTES(OSSL_KDF_PARAM_KEY, ikm->bytes, ikm->len);
	/* No salt is a salt of zeros (RFC 5869 2.2), as HMAC pads it anyway. */
	if (salt_len > 0)
		*p++ = PARAM_BYTES(OSSL_KDF_PARAM_SALT, salt, salt_len);
	if (info_len > 0)
		*p++ = PARAM_BYTES(OSSL_KDF_PARAM_INFO, info, info_len);
	*p = OSSL_PARAM_construct_end();
	ctx = EVP_KDF_CTX_new(evp->hkdf);
	if (!ctx)
		return -ENOMEM;
	r = EVP_KDF_derive(ctx, out.bytes, out.len, params);
	EVP_KDF_CTX_free(ctx);
	if (r != 1)
		return evp_failed();
	secret_move(ret, &out);
	return 0;
}
