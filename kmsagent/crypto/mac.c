/* SPDX-License-Identifier: MIT */
/* HMAC by OpenSSL.  Which key goes with which algorithm is not known here. */
#include "kmsagent/crypto/mac.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "kmsagent/crypto/evp.h"

static const struct mac_algorithm table[] = {
	{"HMAC_SHA_224", "SHA224", 28},
	{"HMAC_SHA_256", "SHA256", 32},
	{"HMAC_SHA_384", "SHA384", 48},
	{"HMAC_SHA_512", "SHA512", 64},
};

const struct mac_algorithm *mac_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

int mac_compute(const struct mac_algorithm *a, const struct secret *key,
		const void *bytes, size_t len, uint8_t *ret)
{
	const struct evp_algorithms *evp = evp_algorithms();
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)a->digest, 0),
		OSSL_PARAM_END};
	size_t mac_len = 0;
	EVP_MAC_CTX *ctx;
	bool ok;

	if (!evp)
		return -ENOMEM;
	if (key->len == 0)
		return -EINVAL;
	ctx = EVP_MAC_CTX_new(evp->hmac);
	if (!ctx)
		return -ENOMEM;
	ok = EVP_MAC_init(ctx, key->bytes, key->len, params) == 1 &&
	     EVP_MAC_update(ctx, bytes, len) == 1 &&
	     EVP_MAC_final(ctx, ret, &mac_len, MAC_MAX_BYTES) == 1;
	EVP_MAC_CTX_free(ctx);
	ERR_clear_error();
	return ok && mac_len == a->bytes ? 0 : -EIO;
}

int mac_verify(const struct mac_algorithm *a, const struct secret *key,
	       const void *bytes, size_t len, const void *mac, size_t mac_len)
{
	uint8_t want[MAC_MAX_BYTES];
	int r = mac_compute(a, key, bytes, len, want);

	if (r < 0)
		return r;
	if (mac_len != a->bytes || CRYPTO_memcmp(mac, want, mac_len) != 0)
		r = -EBADMSG;
	secret_wipe(want, sizeof(want));
	return r;
}
