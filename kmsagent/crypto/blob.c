/* SPDX-License-Identifier: MIT */
/* The ciphertext blob's layout and what is authenticated beside it. */
#include "kmsagent/crypto/blob.h"

#include <string.h>

#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/kdf.h"
#include "kmsagent/crypto/random.h"

#define MATERIAL_ID_BYTES (BLOB_MATERIAL_ID_LEN / 2)
#define SCOPE_PART_MAX	  63 /* characters of an account or a region */
#define MULTI_REGION	  "mrk-"

/* Byte for byte what is sent; all fields are bytes, so there is no padding. */
struct header {
	uint8_t version;
	uint8_t cipher;
	uint8_t reference;
	char key_id[BLOB_KEY_ID_LEN];
	uint8_t material_id[MATERIAL_ID_BYTES];
	uint8_t nonce[XAES_NONCE_BYTES];
};
_Static_assert(sizeof(struct header) == BLOB_HEADER_BYTES, "header layout");

static const uint8_t preamble[] = {1, 2, 2};

/* Account and region as they are authenticated. */
struct scope {
	uint8_t bytes[2 * (2 + SCOPE_PART_MAX)];
	size_t len;
};

static bool is_multi_region(const char *key_id)
{
	return strncmp(key_id, MULTI_REGION, strlen(MULTI_REGION)) == 0;
}

bool blob_key_id_is_valid(const char *s)
{
	uint8_t unused[16];

	if (is_multi_region(s))
		return hex_decode(s + strlen(MULTI_REGION), unused,
				  sizeof(unused)) == 0;
	return uuid_is_valid(s);
}

int blob_parse(const void *buf, size_t len, struct blob *ret)
{
	const struct header *h = buf;
	struct blob b = {.header = buf};

	if (len <= BLOB_OVERHEAD_BYTES || len > BLOB_MAX_BYTES)
		return -EBADMSG;
	if (memcmp(buf, preamble, sizeof(preamble)) != 0)
		return -EBADMSG;
	memcpy(b.key_id, h->key_id, sizeof(h->key_id));
	if (!blob_key_id_is_valid(b.key_id))
		return -EBADMSG;
	hex_encode(h->material_id, sizeof(h->material_id), b.material_id);
	b.sealed = b.header + BLOB_HEADER_BYTES;
	b.sealed_len = len - BLOB_HEADER_BYTES;
	*ret = b;
	return 0;
}

static int scope_add(struct scope *s, const char *part)
{
	size_t len = strnlen(part, SCOPE_PART_MAX + 1);

	if (len > SCOPE_PART_MAX)
		return -EINVAL;
	s->bytes[s->len++] = 0;
	s->bytes[s->len++] = (uint8_t)len;
	memcpy(s->bytes + s->len, part, len);
	s->len += len;
	return 0;
}

static int scope_encode(const struct blob_key *key, struct scope *ret)
{
	int r;

	ret->len = 0;
	if (!blob_key_id_is_valid(key->key_id) || !*key->account ||
	    !*key->region)
		return -EINVAL;
	r = scope_add(ret, key->account);
	if (r < 0)
		return r;
	return scope_add(ret, is_multi_region(key->key_id) ? "" : key->region);
}

/* Everything that is authenticated; header and scope delimit themselves. */
#define AAD_OF(header, scope, ctx, ctx_len)                                    \
	((struct aad){                                                         \
		.parts =                                                       \
			(const struct iovec[]){                                \
				{(void *)(header), BLOB_HEADER_BYTES},         \
				{(scope)->bytes, (scope)->len},                \
				{(ctx), (ctx_len)},                            \
			},                                                     \
		.count = 3,                                                    \
	})

int blob_seal(const struct blob_key *key, const struct ectx *context,
	      const void *plain, size_t len, uint8_t *ret)
{
	_free_ uint8_t *ctx = NULL;
	struct header h;
	struct scope scope;
	size_t ctx_len;
	int r;

	if (len == 0 || len > BLOB_PLAIN_MAX_BYTES)
		return -EINVAL;
	r = scope_encode(key, &scope);
	if (r < 0)
		return r;
	memcpy(&h, preamble, sizeof(preamble));
	memcpy(h.key_id, key->key_id, sizeof(h.key_id));
	r = hex_decode(key->material_id, h.material_id, sizeof(h.material_id));
	if (r < 0)
		return r;
	r = random_nonce(h.nonce, sizeof(h.nonce));
	if (r < 0)
		return r;
	r = ectx_encode(context, &ctx, &ctx_len);
	if (r < 0)
		return r;
	memcpy(ret, &h, sizeof(h));
	return xaes_seal(key->material, h.nonce,
			 AAD_OF(ret, &scope, ctx, ctx_len), plain, len,
			 ret + BLOB_HEADER_BYTES);
}

int blob_open(const struct blob_key *key, const struct ectx *context,
	      const struct blob *blob, struct secret *ret)
{
	_cleanup_(secret_done) struct secret plain = SECRET_INIT;
	_free_ uint8_t *ctx = NULL;
	const struct header *h = (const void *)blob->header;
	struct scope scope;
	size_t ctx_len;
	int r;

	r = scope_encode(key, &scope);
	if (r < 0)
		return r;
	if (strcmp(key->key_id, blob->key_id) != 0 ||
	    strcmp(key->material_id, blob->material_id) != 0)
		return -EBADMSG;
	r = secret_alloc(&plain, blob->sealed_len - AEAD_TAG_BYTES);
	if (r < 0)
		return r;
	r = ectx_encode(context, &ctx, &ctx_len);
	if (r < 0)
		return r;
	r = xaes_open(key->material, h->nonce,
		      AAD_OF(blob->header, &scope, ctx, ctx_len), blob->sealed,
		      blob->sealed_len, plain.bytes);
	if (r < 0)
		return r;
	secret_move(ret, &plain);
	return 0;
}

int blob_material_id(const struct secret *material, const char *key_id,
		     char ret[BLOB_MATERIAL_ID_LEN + 1])
{
	static const char label[] = "kmsagent key material id 1 ";
	char info[sizeof(label) + BLOB_KEY_ID_LEN];
	_cleanup_(secret_done) struct secret id = SECRET_INIT;
	int r;

	if (!blob_key_id_is_valid(key_id))
		return -EINVAL;
	snprintf(info, sizeof(info), "%s%s", label, key_id);
	r = hkdf_sha256(material, NULL, 0, info, strlen(info),
			MATERIAL_ID_BYTES, &id);
	if (r < 0)
		return r;
	hex_encode(id.bytes, id.len, ret);
	return 0;
}
