/* SPDX-License-Identifier: MIT */
/* Policies as numbers and text.  It must not touch a file. */
#include "kmsagent/agent/fspolicy.h"

#include <linux/fscrypt.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#include "keyring/missing.h"

/* Its NUL is part of it, and the context number of identifiers follows. */
static const uint8_t id_info[] = "fscrypt\0\1";

static const struct {
	const char *name;
	uint32_t mode;
} modes[] = {
	{"aes-256-xts", FSCRYPT_MODE_AES_256_XTS},
	{"aes-256-cts", FSCRYPT_MODE_AES_256_CTS},
	{"aes-256-hctr2", FSCRYPT_MODE_AES_256_HCTR2},
	{"adiantum", FSCRYPT_MODE_ADIANTUM},
};

/* The pairs that the kernel takes; the first with a mode is its default. */
static const struct {
	uint32_t contents;
	uint32_t filenames;
} pairs[] = {
	{FSCRYPT_MODE_AES_256_XTS, FSCRYPT_MODE_AES_256_CTS},
	{FSCRYPT_MODE_AES_256_XTS, FSCRYPT_MODE_AES_256_HCTR2},
	{FSCRYPT_MODE_ADIANTUM, FSCRYPT_MODE_ADIANTUM},
};

static const struct {
	int64_t bytes;
	uint32_t flag;
} paddings[] = {
	{4, FSCRYPT_POLICY_FLAGS_PAD_4},
	{8, FSCRYPT_POLICY_FLAGS_PAD_8},
	{16, FSCRYPT_POLICY_FLAGS_PAD_16},
	{32, FSCRYPT_POLICY_FLAGS_PAD_32},
};

static void kdf_freep(EVP_KDF **kdf)
{
	EVP_KDF_free(*kdf);
}

static void kdf_ctx_freep(EVP_KDF_CTX **ctx)
{
	EVP_KDF_CTX_free(*ctx);
}

/* OpenSSL's copy of the key is wiped when the context is freed. */
int fspolicy_identify(const struct secret *key, uint8_t ret[FSPOLICY_ID_BYTES])
{
	_cleanup_(kdf_ctx_freep) EVP_KDF_CTX *ctx = NULL;
	_cleanup_(kdf_freep) EVP_KDF *kdf = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA512", 6),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, key->bytes,
					key->len),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)id_info,
					sizeof(id_info) - 1),
		OSSL_PARAM_END,
	};

	if (key->len < FSPOLICY_KEY_MIN_BYTES ||
	    key->len > FSCRYPT_MAX_KEY_SIZE)
		return -EINVAL;
	kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
	ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	if (!ctx)
		return -ENOMEM;
	return EVP_KDF_derive(ctx, ret, FSPOLICY_ID_BYTES, params) == 1
		       ? 0
		       : -ENOMEM;
}

void fspolicy_id_format(const uint8_t id[FSPOLICY_ID_BYTES],
			char buf[FSPOLICY_ID_TEXT_BYTES])
{
	for (size_t i = 0; i < FSPOLICY_ID_BYTES; i++)
		snprintf(buf + 2 * i, 3, "%02x", id[i]);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int fspolicy_id_parse(const char *text, uint8_t ret[FSPOLICY_ID_BYTES])
{
	uint8_t id[FSPOLICY_ID_BYTES];

	if (strlen(text) != FSPOLICY_ID_TEXT_BYTES - 1)
		return -EINVAL;
	for (size_t i = 0; i < FSPOLICY_ID_BYTES; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		id[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret, id, sizeof(id));
	return 0;
}

/* 0, which is no mode, for NULL; -EINVAL. */
static int mode_parse(const char *name, uint32_t *ret)
{
	*ret = 0;
	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (strcmp(modes[i].name, name) == 0) {
			*ret = modes[i].mode;
			return 0;
		}
	return -EINVAL;
}

static int choose_modes(const char *contents, const char *filenames,
			struct fspolicy *p, char *why, size_t why_len)
{
	uint32_t c, f;

	if (mode_parse(contents, &c) < 0 || mode_parse(filenames, &f) < 0) {
		snprintf(why, why_len,
			 "contents are aes-256-xts or adiantum, filenames "
			 "aes-256-cts, aes-256-hctr2 or adiantum");
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if ((!c || c == pairs[i].contents) &&
		    (!f || f == pairs[i].filenames)) {
			p->contents = pairs[i].contents;
			p->filenames = pairs[i].filenames;
			return 0;
		}
	snprintf(why, why_len,
		 "the kernel takes no contents of %s with filenames of %s: "
		 "adiantum goes with itself, aes-256-xts with aes-256-cts or "
		 "aes-256-hctr2",
		 contents ?: "any mode", filenames ?: "any mode");
	return -EINVAL;
}

int fspolicy_choose(const char *contents, const char *filenames,
		    int64_t padding, struct fspolicy *ret, char *why,
		    size_t why_len)
{
	struct fspolicy p = {.contents = 0};
	int r = choose_modes(contents, filenames, &p, why, why_len);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(paddings); i++)
		if (paddings[i].bytes == padding) {
			p.flags = paddings[i].flag;
			*ret = p;
			return 0;
		}
	snprintf(why, why_len, "names are padded to 4, 8, 16 or 32 bytes");
	return -EINVAL;
}

void fspolicy_mode_format(uint32_t mode, char buf[FSPOLICY_MODE_BYTES])
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i].mode == mode) {
			snprintf(buf, FSPOLICY_MODE_BYTES, "%s", modes[i].name);
			return;
		}
	snprintf(buf, FSPOLICY_MODE_BYTES, "mode-%u", mode);
}

unsigned fspolicy_padding(const struct fspolicy *p)
{
	return 4U << (p->flags & FSCRYPT_POLICY_FLAGS_PAD_MASK);
}
