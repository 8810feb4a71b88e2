/* SPDX-License-Identifier: MIT */
/*
 * Signatures.  A message goes in by EVP_DigestSign(), which hashes it, a
 * digest by EVP_PKEY_sign().  Algorithms are fetched by name at each call:
 * beside the arithmetic that costs nothing.
 */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "kmsagent/crypto/pkey.h"

#define MU_PARAM "mu" /* OSSL_SIGNATURE_PARAM_MU, OpenSSL 3.5 */

static const char *const rsa[] = {"RSA", NULL};
static const char *const ec[] = {"EC", NULL};
static const char *const ed25519[] = {"ED25519", NULL};
static const char *const ml_dsa[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87",
				     NULL};
static const char *const sm2[] = {"SM2", NULL};

#define RAW    (1u << PKEY_MESSAGE_RAW)
#define DIGEST (1u << PKEY_MESSAGE_DIGEST)
#define MU     (1u << PKEY_MESSAGE_EXTERNAL_MU)

#define PSS(bits)                                                              \
	{                                                                      \
		.name = "RSASSA_PSS_SHA_" #bits, .digest = "SHA" #bits,        \
		.padding = OSSL_PKEY_RSA_PAD_MODE_PSS,                         \
		.digest_bytes = (bits) / 8, .messages = RAW | DIGEST,          \
		.for_types = rsa                                               \
	}
#define PKCS1(bits)                                                            \
	{                                                                      \
		.name = "RSASSA_PKCS1_V1_5_SHA_" #bits, .digest = "SHA" #bits, \
		.padding = OSSL_PKEY_RSA_PAD_MODE_PKCSV15,                     \
		.digest_bytes = (bits) / 8, .messages = RAW | DIGEST,          \
		.for_types = rsa                                               \
	}
#define ECDSA(bits)                                                            \
	{                                                                      \
		.name = "ECDSA_SHA_" #bits, .digest = "SHA" #bits,             \
		.digest_bytes = (bits) / 8, .messages = RAW | DIGEST,          \
		.for_types = ec                                                \
	}

static const struct pkey_signing table[] = {
	PSS(256),
	PSS(384),
	PSS(512),
	PKCS1(256),
	PKCS1(384),
	PKCS1(512),
	ECDSA(256),
	ECDSA(384),
	ECDSA(512),
	{.name = "ED25519_SHA_512", .messages = RAW, .for_types = ed25519},
	/* OpenSSL has Ed25519ph from 3.2, but until EVP_PKEY_sign_init_ex2()
	 * of 3.4 it wants the message, and ours is the digest. */
	{.name = "ED25519_PH_SHA_512",
	 .digest_bytes = 64,
	 .messages = DIGEST,
	 .for_types = ed25519,
	 .is_unavailable = true},
	{.name = "ML_DSA_SHAKE_256",
	 .digest_bytes = 64,
	 .messages = RAW | MU,
	 .for_types = ml_dsa},
	/* The id that GM/T 0009 has users take who have none of their own. */
	{.name = "SM2DSA",
	 .digest = "SM3",
	 .id = "1234567812345678",
	 .digest_bytes = 32,
	 .messages = RAW | DIGEST,
	 .for_types = sm2},
};

const struct pkey_signing *pkey_signing_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

bool pkey_signing_fits(const struct pkey_signing *a, enum pkey_message message,
		       size_t len)
{
	return message == PKEY_MESSAGE_RAW || len == a->digest_bytes;
}

static int check(const struct pkey *p, const struct pkey_signing *a,
		 enum pkey_message message, size_t len)
{
	const char *const *type = a->for_types;

	while (*type && strcmp(*type, p->kind->type) != 0)
		type++;
	if (!*type || !(a->messages & (1u << message)) ||
	    !pkey_signing_fits(a, message, len))
		return -EINVAL;
	return a->is_unavailable ? -EOPNOTSUPP : 0;
}

#define PARAM_TEXT(name, text)                                                 \
	OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)(text), 0)

/* What the algorithm wants of a context that is ready. */
static bool set_up(EVP_PKEY_CTX *ctx, const struct pkey_signing *a,
		   enum pkey_message message)
{
	OSSL_PARAM params[5], *p = params;
	int is_mu = 1;

	if (message == PKEY_MESSAGE_DIGEST)
		*p++ = PARAM_TEXT(OSSL_SIGNATURE_PARAM_DIGEST, a->digest);
	if (message == PKEY_MESSAGE_EXTERNAL_MU)
		*p++ = OSSL_PARAM_construct_int(MU_PARAM, &is_mu);
	/* A digest has the signer's id in it already. */
	if (a->id && message == PKEY_MESSAGE_RAW)
		*p++ = OSSL_PARAM_construct_octet_string(
			OSSL_PKEY_PARAM_DIST_ID, (char *)(uintptr_t)a->id,
			strlen(a->id));
	if (a->padding)
		*p++ = PARAM_TEXT(OSSL_SIGNATURE_PARAM_PAD_MODE, a->padding);
	if (a->padding && strcmp(a->padding, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0)
		*p++ = PARAM_TEXT(OSSL_SIGNATURE_PARAM_PSS_SALTLEN,
				  OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST);
	*p = OSSL_PARAM_construct_end();
	return p == params || EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

static void ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

static void md_ctx_freep(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

static int sign_message(const struct pkey *p, const struct pkey_signing *a,
			enum pkey_message message, const void *bytes,
			size_t len, uint8_t *ret, size_t *ret_len)
{
	_cleanup_(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *inner = NULL; /* the other's */

	if (!ctx)
		return -ENOMEM;
	return EVP_DigestSignInit_ex(ctx, &inner, a->digest, NULL, NULL, p->evp,
				     NULL) == 1 &&
			       set_up(inner, a, message) &&
			       EVP_DigestSign(ctx, ret, ret_len, bytes, len) ==
				       1
		       ? 0
		       : -EIO;
}

static int sign_digest(const struct pkey *p, const struct pkey_signing *a,
		       const void *bytes, size_t len, uint8_t *ret,
		       size_t *ret_len)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(NULL, p->evp, NULL);

	if (!ctx)
		return -ENOMEM;
	return EVP_PKEY_sign_init(ctx) == 1 &&
			       set_up(ctx, a, PKEY_MESSAGE_DIGEST) &&
			       EVP_PKEY_sign(ctx, ret, ret_len, bytes, len) == 1
		       ? 0
		       : -EIO;
}

int pkey_sign(const struct pkey *p, const struct pkey_signing *a,
	      enum pkey_message message, const void *bytes, size_t len,
	      uint8_t *ret, size_t *ret_len)
{
	size_t signature_len = PKEY_SIGNATURE_MAX_BYTES;
	int r = check(p, a, message, len);

	if (r < 0)
		return r;
	if (message == PKEY_MESSAGE_DIGEST)
		r = sign_digest(p, a, bytes, len, ret, &signature_len);
	else
		r = sign_message(p, a, message, bytes, len, ret,
				 &signature_len);
	ERR_clear_error();
	if (r == 0)
		*ret_len = signature_len;
	return r;
}

/* Below 0: the library failed; 0: the signature is none of this. */
static int verify_message(const struct pkey *p, const struct pkey_signing *a,
			  enum pkey_message message, const void *bytes,
			  size_t len, const void *signature,
			  size_t signature_len)
{
	_cleanup_(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *inner = NULL;

	if (!ctx)
		return -ENOMEM;
	if (EVP_DigestVerifyInit_ex(ctx, &inner, a->digest, NULL, NULL, p->evp,
				    NULL) != 1 ||
	    !set_up(inner, a, message))
		return -EIO;
	return EVP_DigestVerify(ctx, signature, signature_len, bytes, len) == 1;
}

static int verify_digest(const struct pkey *p, const struct pkey_signing *a,
			 const void *bytes, size_t len, const void *signature,
			 size_t signature_len)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(NULL, p->evp, NULL);

	if (!ctx)
		return -ENOMEM;
	if (EVP_PKEY_verify_init(ctx) != 1 ||
	    !set_up(ctx, a, PKEY_MESSAGE_DIGEST))
		return -EIO;
	return EVP_PKEY_verify(ctx, signature, signature_len, bytes, len) == 1;
}

int pkey_verify(const struct pkey *p, const struct pkey_signing *a,
		enum pkey_message message, const void *bytes, size_t len,
		const void *signature, size_t signature_len)
{
	int r = check(p, a, message, len);

	if (r < 0)
		return r;
	if (message == PKEY_MESSAGE_DIGEST)
		r = verify_digest(p, a, bytes, len, signature, signature_len);
	else
		r = verify_message(p, a, message, bytes, len, signature,
				   signature_len);
	ERR_clear_error();
	if (r < 0)
		return r;
	return r ? 0 : -EKEYREJECTED;
}
