/* SPDX-License-Identifier: MIT */
/*
 * Message key and commitment from a data key.  Known copies: OpenSSL holds
 * the data key and the extracted key in its heap during a call and cleanses
 * both before it returns.  It must not know where a data key comes from.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>
#include <string.h>

#include "kcapi/esdk.h"

static pthread_once_t hkdf_once = PTHREAD_ONCE_INIT;
static EVP_KDF *hkdf; /* for the life of the process: fetching is slow */

static void hkdf_fetch(void)
{
	hkdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
}

static void kdf_ctx_freep(EVP_KDF_CTX **ctx)
{
	EVP_KDF_CTX_free(*ctx);
}

/* OpenSSL's parameters are not const, but are only read. */
static OSSL_PARAM octets(const char *name, const void *p, size_t len)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)p,
						 len);
}

static int expand(const struct secret *data_key,
		  const uint8_t message_id[ESDK_MESSAGE_ID_BYTES],
		  const void *info, size_t info_len, uint8_t *to, size_t len)
{
	static char digest[] = "SHA2-512";
	_cleanup_(kdf_ctx_freep) EVP_KDF_CTX *ctx = NULL;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest,
						 0),
		octets(OSSL_KDF_PARAM_KEY, data_key->bytes, data_key->len),
		octets(OSSL_KDF_PARAM_SALT, message_id, ESDK_MESSAGE_ID_BYTES),
		octets(OSSL_KDF_PARAM_INFO, info, info_len),
		OSSL_PARAM_construct_end(),
	};

	pthread_once(&hkdf_once, hkdf_fetch);
	if (!hkdf)
		return -EIO;
	ctx = EVP_KDF_CTX_new(hkdf);
	if (!ctx)
		return -ENOMEM;
	return EVP_KDF_derive(ctx, to, len, params) == 1 ? 0 : -EIO;
}

int esdk_derive(const struct secret *data_key,
		const uint8_t message_id[ESDK_MESSAGE_ID_BYTES],
		struct secret *ret_message_key,
		uint8_t ret_commitment[ESDK_COMMITMENT_BYTES])
{
	/* Only the message key's info names the suite. */
	static const char key_info[] = "\x04\x78"
				       "DERIVEKEY";
	static const char commit_info[] = "COMMITKEY";
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	uint8_t commitment[ESDK_COMMITMENT_BYTES];
	int r;

	if (data_key->len != ESDK_KEY_BYTES)
		return -EINVAL;
	r = secret_alloc(&key, ESDK_KEY_BYTES);
	if (r < 0)
		return r;
	r = expand(data_key, message_id, key_info, sizeof(key_info) - 1,
		   key.bytes, key.len);
	if (r < 0)
		return r;
	r = expand(data_key, message_id, commit_info, sizeof(commit_info) - 1,
		   commitment, sizeof(commitment));
	if (r < 0)
		return r;
	secret_move(ret_message_key, &key);
	memcpy(ret_commitment, commitment, sizeof(commitment));
	return 0;
}

int esdk_derive_committed(const struct secret *data_key,
			  const uint8_t message_id[ESDK_MESSAGE_ID_BYTES],
			  const uint8_t commitment[ESDK_COMMITMENT_BYTES],
			  struct secret *ret_message_key,
			  struct esdk_refusal *ret_why)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	uint8_t own[ESDK_COMMITMENT_BYTES];
	int r;

	*ret_why = (struct esdk_refusal){.version = 2, .suite = ESDK_SUITE};
	if (data_key->len != ESDK_KEY_BYTES) {
		ret_why->stage = ESDK_STAGE_EDK;
		return -EBADMSG;
	}
	r = esdk_derive(data_key, message_id, &key, own);
	if (r < 0)
		return r;
	if (CRYPTO_memcmp(own, commitment, sizeof(own)) != 0) {
		ret_why->stage = ESDK_STAGE_COMMITMENT;
		return -EBADMSG;
	}
	secret_move(ret_message_key, &key);
	return 0;
}
