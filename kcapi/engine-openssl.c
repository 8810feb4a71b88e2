/* SPDX-License-Identifier: MIT */
/*
 * AES-256-GCM by OpenSSL in this process.  Known copy: the key schedule lies
 * in OpenSSL's heap while a session is open; freeing the context cleanses it.
 */
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "kcapi/engine.h"

static pthread_once_t gcm_once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *gcm; /* for the life of the process: fetching is slow */

static void gcm_fetch(void)
{
	gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
}

static void openssl_close(void *session)
{
	EVP_CIPHER_CTX_free(session);
}

static int openssl_open(const struct secret *key, void **ret_session)
{
	EVP_CIPHER_CTX *ctx;

	if (key->len != BULK_KEY_BYTES)
		return -EINVAL;
	pthread_once(&gcm_once, gcm_fetch);
	if (!gcm)
		return -EOPNOTSUPP;
	ctx = EVP_CIPHER_CTX_new();
	if (!ctx)
		return -ENOMEM;
	/* GCM runs the block cipher forward both ways: one schedule serves. */
	if (EVP_EncryptInit_ex2(ctx, gcm, key->bytes, NULL, NULL) != 1) {
		openssl_close(ctx);
		return -EIO;
	}
	*ret_session = ctx;
	return 0;
}

static const struct bulk_engine *self(void)
{
	return &bulk_engine_openssl;
}

static bool is_too_long(size_t len, size_t aad_len)
{
	size_t max = self()->max_bytes - BULK_TAG_BYTES;

	return len > max || aad_len > max - len;
}

static int openssl_seal(void *session, const uint8_t iv[BULK_IV_BYTES],
			uint8_t *text, size_t len, size_t aad_len)
{
	EVP_CIPHER_CTX *ctx = session;
	int n;

	if (is_too_long(len, aad_len))
		return -EMSGSIZE;
	if (EVP_EncryptInit_ex2(ctx, NULL, NULL, iv, NULL) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &n, text - aad_len, (int)aad_len) !=
		    1 ||
	    EVP_EncryptUpdate(ctx, text, &n, text, (int)len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, text + len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, BULK_TAG_BYTES,
				text + len) != 1)
		return -EIO;
	return 0;
}

static int openssl_unseal(void *session, const uint8_t iv[BULK_IV_BYTES],
			  uint8_t *text, size_t len, size_t aad_len)
{
	EVP_CIPHER_CTX *ctx = session;
	int n;

	if (is_too_long(len, aad_len))
		return -EMSGSIZE;
	if (EVP_DecryptInit_ex2(ctx, NULL, NULL, iv, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, BULK_TAG_BYTES,
				text + len) != 1 ||
	    EVP_DecryptUpdate(ctx, NULL, &n, text - aad_len, (int)aad_len) !=
		    1 ||
	    EVP_DecryptUpdate(ctx, text, &n, text, (int)len) != 1)
		return -EIO;
	/* Nothing but the tag can fail here: GCM has no padding. */
	return EVP_DecryptFinal_ex(ctx, text + len, &n) == 1 ? 0 : -EBADMSG;
}

static void openssl_probe(struct bulk_probe *ret)
{
	int r = bulk_engine_self_test(self());

	ret->error = r;
	ret->verdict = BULK_VERDICT_OK;
	if (r == 0) {
		snprintf(ret->reason, sizeof(ret->reason),
			 "OpenSSL's AES-256-GCM passed its self-test");
	} else if (r == -EBADMSG) {
		ret->verdict = BULK_VERDICT_BROKEN;
		snprintf(ret->reason, sizeof(ret->reason),
			 "OpenSSL's AES-256-GCM gives wrong results: do not "
			 "use this machine for keys");
	} else {
		ret->verdict = BULK_VERDICT_ERROR;
		snprintf(ret->reason, sizeof(ret->reason),
			 "OpenSSL offers no AES-256-GCM (%s): check the "
			 "providers in openssl.cnf",
			 strerrordesc_np(-r));
	}
}

const struct bulk_engine bulk_engine_openssl = {
	.name = "openssl",
	.max_bytes = (size_t)16 << 20,
	.probe = openssl_probe,
	.open = openssl_open,
	.seal = openssl_seal,
	.unseal = openssl_unseal,
	.close = openssl_close,
};
