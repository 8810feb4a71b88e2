/* SPDX-License-Identifier: MIT */
/* Import tokens and unwrapping.  It keeps nothing between two calls. */
#include "kmsagent/crypto/import.h"

#include <endian.h>
#include <string.h>

#include "kmsagent/crypto/wrap.h"

#define TOKEN_VERSION 1
#define ID_MAX_BYTES  512

struct header {
	uint8_t version;
	uint8_t algorithm;
	uint8_t kind;
	uint8_t zero;
	uint64_t valid_to_ms; /* big-endian */
} __attribute__((packed));
_Static_assert(sizeof(struct header) == IMPORT_TOKEN_HEADER_BYTES,
	       "header layout");

static const struct import_algorithm algorithms[] = {
	{1, "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_1", false},
	{2, "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_256", false},
	{3, "RSA_AES_KEY_WRAP_SHA_1", "RSAES_OAEP_SHA_1", true},
	{4, "RSA_AES_KEY_WRAP_SHA_256", "RSAES_OAEP_SHA_256", true},
};

static const struct {
	uint8_t code; /* in tokens: never renumber */
	const char *name;
} kinds[] = {{1, "RSA_2048"}, {2, "RSA_3072"}, {3, "RSA_4096"}};

const struct import_algorithm *import_algorithm_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

const struct pkey_kind *import_kind_find(const char *wrapping_spec)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, wrapping_spec) == 0)
			return pkey_kind_find(wrapping_spec);
	return NULL;
}

static const struct import_algorithm *algorithm_of(uint8_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
		if (algorithms[i].code == code)
			return &algorithms[i];
	return NULL;
}

static const struct pkey_kind *kind_of(uint8_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].code == code)
			return pkey_kind_find(kinds[i].name);
	return NULL;
}

static uint8_t code_of(const struct pkey_kind *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, kind->name) == 0)
			return kinds[i].code;
	return 0;
}

void import_token_done(struct import_token *t)
{
	pkey_done(&t->pair);
}

/* What the private key is bound to: all of the header, and whose it is. */
static int make_id(const struct header *h, const char *arn,
		   char id[ID_MAX_BYTES])
{
	int n = snprintf(id, ID_MAX_BYTES, "%u.%u.%u.%u.%llu#%s", h->version,
			 h->algorithm, h->kind, h->zero,
			 (unsigned long long)be64toh(h->valid_to_ms), arn);

	return n < 0 || n >= ID_MAX_BYTES ? -EINVAL : 0;
}

int import_token_seal(const struct xaes_key *kek, const char *arn,
		      const struct import_token *t, uint8_t **ret,
		      size_t *ret_len)
{
	_cleanup_(secret_done) struct secret private = SECRET_INIT;
	const struct header h = {
		.version = TOKEN_VERSION,
		.algorithm = t->algorithm->code,
		.kind = code_of(t->pair.kind),
		.valid_to_ms = htobe64((uint64_t)t->valid_to_ms),
	};
	_free_ uint8_t *sealed = NULL, *out = NULL;
	char id[ID_MAX_BYTES];
	size_t len = 0;
	int r = h.kind ? make_id(&h, arn, id) : -EINVAL;

	if (r == 0)
		r = pkey_encode_private(&t->pair, &private);
	if (r == 0)
		r = wrap_seal(kek, WRAP_ROLE_IMPORT, id, &private, &sealed,
			      &len);
	if (r < 0)
		return r;
	if (sizeof(h) + len > IMPORT_TOKEN_MAX_BYTES)
		return -EINVAL;
	out = malloc(sizeof(h) + len);
	if (!out)
		return -ENOMEM;
	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), sealed, len);
	*ret = take_ptr(out);
	*ret_len = sizeof(h) + len;
	return 0;
}

int import_token_open(const struct xaes_key *kek, const char *arn,
		      const void *token, size_t len, struct import_token *ret)
{
	_cleanup_(secret_done) struct secret private = SECRET_INIT;
	const struct import_algorithm *algorithm;
	const struct pkey_kind *kind;
	char id[ID_MAX_BYTES];
	struct header h;
	int r;

	if (len <= sizeof(h) || len > IMPORT_TOKEN_MAX_BYTES)
		return -EBADMSG;
	memcpy(&h, token, sizeof(h));
	algorithm = algorithm_of(h.algorithm);
	kind = kind_of(h.kind);
	if (h.version != TOKEN_VERSION || !algorithm || !kind)
		return -EBADMSG;
	r = make_id(&h, arn, id);
	if (r == 0)
		r = wrap_open(kek, WRAP_ROLE_IMPORT, id,
			      (const uint8_t *)token + sizeof(h),
			      len - sizeof(h), &private);
	if (r == 0)
		r = pkey_decode_private(kind, &private, &ret->pair);
	if (r < 0)
		return r;
	ret->algorithm = algorithm;
	ret->valid_to_ms = (int64_t)be64toh(h.valid_to_ms);
	return 0;
}

int import_unwrap(const struct import_token *t, const void *wrapped, size_t len,
		  struct secret *ret)
{
	const struct pkey_cipher *cipher =
		pkey_cipher_find(t->algorithm->cipher);
	size_t first = t->pair.kind->bits / 8; /* what RSA wrapped */
	_cleanup_(secret_done) struct secret plain = SECRET_INIT;
	int r;

	if (t->algorithm->is_hybrid ? len <= first : len != first)
		return -EBADMSG;
	r = pkey_decrypt(&t->pair, cipher, wrapped, first, &plain);
	if (r < 0)
		return r;
	if (plain.len == 0)
		return -EBADMSG;
	if (!t->algorithm->is_hybrid) {
		secret_move(ret, &plain);
		return 0;
	}
	r = kwp_unwrap(&plain, (const uint8_t *)wrapped + first, len - first,
		       ret);
	return r == -EINVAL ? -EBADMSG : r; /* not an AES-256 key */
}
