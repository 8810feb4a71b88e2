/* SPDX-License-Identifier: MIT */
/* Key pairs: the kinds, making them, DER.  Using them is in pkey-*.c. */
#include "kmsagent/crypto/pkey.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#define PRIVATE_MAX_BYTES 8192
#define GROUP_MAX_CHARS	  64

static const struct pkey_kind kinds[] = {
	{"RSA_2048", "RSA", NULL, 2048},
	{"RSA_3072", "RSA", NULL, 3072},
	{"RSA_4096", "RSA", NULL, 4096},
	{"ECC_NIST_P256", "EC", "prime256v1", 0},
	{"ECC_NIST_P384", "EC", "secp384r1", 0},
	{"ECC_NIST_P521", "EC", "secp521r1", 0},
	{"ECC_SECG_P256K1", "EC", "secp256k1", 0},
	{"ECC_NIST_EDWARDS25519", "ED25519", NULL, 0},
	{"ML_DSA_44", "ML-DSA-44", NULL, 0}, /* OpenSSL 3.5 */
	{"ML_DSA_65", "ML-DSA-65", NULL, 0},
	{"ML_DSA_87", "ML-DSA-87", NULL, 0},
	{"SM2", "SM2", "SM2", 0},
};

const struct pkey_kind *pkey_kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

static void ctx_freep(EVP_PKEY_CTX **ctx)
{
	EVP_PKEY_CTX_free(*ctx);
}

/* Ready to generate.  -EOPNOTSUPP: this OpenSSL cannot. */
static int start(const struct pkey_kind *kind, EVP_PKEY_CTX **ret)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_name(NULL, kind->type, NULL);
	unsigned bits = kind->bits;
	OSSL_PARAM params[] = {OSSL_PARAM_END, OSSL_PARAM_END};
	bool ok;

	if (kind->bits)
		params[0] = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_BITS,
						      &bits);
	else if (kind->group)
		params[0] = OSSL_PARAM_construct_utf8_string(
			OSSL_PKEY_PARAM_GROUP_NAME, (char *)kind->group, 0);
	ok = ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
	     (!params[0].key || EVP_PKEY_CTX_set_params(ctx, params) == 1);
	ERR_clear_error();
	if (!ok)
		return -EOPNOTSUPP;
	*ret = take_ptr(ctx);
	return 0;
}

bool pkey_kind_is_available(const struct pkey_kind *kind)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx = NULL;

	return start(kind, &ctx) == 0;
}

void pkey_done(struct pkey *p)
{
	EVP_PKEY_free(p->evp);
	*p = PKEY_INIT;
}

static void pkey_set(struct pkey *p, const struct pkey_kind *kind,
		     EVP_PKEY *evp)
{
	pkey_done(p);
	p->kind = kind;
	p->evp = evp;
}

int pkey_generate(const struct pkey_kind *kind, struct pkey *ret)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *evp = NULL;
	int r = start(kind, &ctx);

	if (r < 0)
		return r;
	if (EVP_PKEY_generate(ctx, &evp) != 1) {
		ERR_clear_error();
		return -EIO;
	}
	pkey_set(ret, kind, evp);
	return 0;
}

/* DER of @structure into @cap bytes at @ret. */
static int encode(const struct pkey *p, int selection, const char *structure,
		  uint8_t *ret, size_t cap, size_t *ret_len)
{
	OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(
		p->evp, selection, "DER", structure, NULL);
	size_t left = cap;
	int ok;

	if (!ctx)
		return -ENOMEM;
	ok = OSSL_ENCODER_to_data(ctx, &ret, &left);
	OSSL_ENCODER_CTX_free(ctx);
	ERR_clear_error();
	if (ok != 1)
		return -EIO;
	*ret_len = cap - left;
	return 0;
}

int pkey_encode_private(const struct pkey *p, struct secret *ret)
{
	_cleanup_(secret_done) struct secret room = SECRET_INIT;
	size_t len = 0;
	int r = secret_alloc(&room, PRIVATE_MAX_BYTES);

	if (r == 0)
		r = encode(p, EVP_PKEY_KEYPAIR, "PrivateKeyInfo", room.bytes,
			   room.len, &len);
	return r < 0 ? r : secret_set(ret, room.bytes, len);
}

int pkey_encode_public(const struct pkey *p, uint8_t *ret, size_t *ret_len)
{
	return encode(p, EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo", ret,
		      PKEY_PUBLIC_MAX_BYTES, ret_len);
}

static bool is_of_kind(const EVP_PKEY *evp, const struct pkey_kind *kind)
{
	char group[GROUP_MAX_CHARS] = "";

	if (!EVP_PKEY_is_a(evp, kind->type))
		return false;
	if (kind->bits && EVP_PKEY_get_bits(evp) != (int)kind->bits)
		return false;
	return !kind->group ||
	       (EVP_PKEY_get_group_name(evp, group, sizeof(group), NULL) == 1 &&
		strcmp(group, kind->group) == 0);
}

static int decode(const struct pkey_kind *kind, int selection,
		  const char *structure, const uint8_t *der, size_t len,
		  EVP_PKEY **ret)
{
	EVP_PKEY *evp = NULL;
	OSSL_DECODER_CTX *ctx;
	int r = pkey_kind_is_available(kind) ? 0 : -EOPNOTSUPP;

	if (r < 0)
		return r;
	ctx = OSSL_DECODER_CTX_new_for_pkey(&evp, "DER", structure, kind->type,
					    selection, NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	if (OSSL_DECODER_from_data(ctx, &der, &len) != 1 || len != 0 || !evp ||
	    !is_of_kind(evp, kind))
		r = -EBADMSG;
	OSSL_DECODER_CTX_free(ctx);
	ERR_clear_error();
	if (r < 0)
		EVP_PKEY_free(evp);
	else
		*ret = evp;
	return r;
}

int pkey_decode_private(const struct pkey_kind *kind,
			const struct secret *pkcs8, struct pkey *ret)
{
	EVP_PKEY *evp = NULL;
	int r = decode(kind, EVP_PKEY_KEYPAIR, "PrivateKeyInfo", pkcs8->bytes,
		       pkcs8->len, &evp);

	if (r == 0)
		pkey_set(ret, kind, evp);
	return r;
}

int pkey_check(const struct pkey *p)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx =
		EVP_PKEY_CTX_new_from_pkey(NULL, p->evp, NULL);
	bool ok;

	if (!ctx)
		return -ENOMEM;
	ok = EVP_PKEY_pairwise_check(ctx) == 1;
	ERR_clear_error();
	return ok ? 0 : -EBADMSG;
}

int pkey_decode_public(const struct pkey_kind *kind, const void *spki,
		       size_t len, struct pkey *ret)
{
	_cleanup_(ctx_freep) EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *evp = NULL;
	int r = decode(kind, EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo", spki,
		       len, &evp);

	if (r < 0)
		return r;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, evp, NULL);
	if (!ctx)
		r = -ENOMEM;
	else if (EVP_PKEY_public_check(ctx) != 1)
		r = -EBADMSG;
	ERR_clear_error();
	if (r < 0)
		EVP_PKEY_free(evp);
	else
		pkey_set(ret, kind, evp);
	return r;
}
