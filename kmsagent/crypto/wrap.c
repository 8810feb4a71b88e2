/* SPDX-License-Identifier: MIT */
/* Keys at rest.  Which key wraps which is the caller's. */
#include "kmsagent/crypto/wrap.h"

#include <string.h>

#include "kmsagent/crypto/random.h"

struct header {
	uint8_t version;
	uint8_t role;
	uint8_t nonce[XAES_NONCE_BYTES];
};
_Static_assert(sizeof(struct header) == WRAP_HEADER_BYTES, "header layout");

#define WRAP_VERSION 1

/* The id comes last, so it needs no length. */
#define AAD_OF(header, id)                                                     \
	((struct aad){                                                         \
		.parts =                                                       \
			(const struct iovec[]){                                \
				{(void *)(header), WRAP_HEADER_BYTES},         \
				{(void *)(id), strlen(id)},                    \
			},                                                     \
		.count = 2,                                                    \
	})

int wrap_seal(const struct xaes_key *key, enum wrap_role role, const char *id,
	      const struct secret *plain, uint8_t **ret, size_t *ret_len)
{
	_free_ uint8_t *out = NULL;
	struct header *h;
	int r;

	if (!*id || plain->len == 0 || plain->len > WRAP_PLAIN_MAX_BYTES)
		return -EINVAL;
	out = malloc(plain->len + WRAP_OVERHEAD_BYTES);
	if (!out)
		return -ENOMEM;
	h = (struct header *)out;
	h->version = WRAP_VERSION;
	h->role = (uint8_t)role;
	r = random_nonce(h->nonce, sizeof(h->nonce));
	if (r < 0)
		return r;
	r = xaes_seal(key, h->nonce, AAD_OF(h, id), plain->bytes, plain->len,
		      out + WRAP_HEADER_BYTES);
	if (r < 0)
		return r;
	*ret = take_ptr(out);
	*ret_len = plain->len + WRAP_OVERHEAD_BYTES;
	return 0;
}

int wrap_open(const struct xaes_key *key, enum wrap_role role, const char *id,
	      const void *wrapped, size_t len, struct secret *ret)
{
	_cleanup_(secret_done) struct secret plain = SECRET_INIT;
	const struct header *h = wrapped;
	int r;

	if (len <= WRAP_OVERHEAD_BYTES ||
	    len > WRAP_OVERHEAD_BYTES + WRAP_PLAIN_MAX_BYTES ||
	    h->version != WRAP_VERSION || h->role != (uint8_t)role)
		return -EBADMSG;
	r = secret_alloc(&plain, len - WRAP_OVERHEAD_BYTES);
	if (r < 0)
		return r;
	r = xaes_open(key, h->nonce, AAD_OF(h, id),
		      (const uint8_t *)wrapped + WRAP_HEADER_BYTES,
		      len - WRAP_HEADER_BYTES, plain.bytes);
	if (r < 0)
		return r;
	secret_move(ret, &plain);
	return 0;
}
