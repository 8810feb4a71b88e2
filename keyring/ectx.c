/* SPDX-License-Identifier: MIT */
/* Encryption contexts.  No policy here: which pairs must exist is elsewhere. */
#include "keyring/ectx.h"

#include <string.h>

#include "keyring/utf8.h"
#include "keyring/wire.h"

/* Where @key is, or would be inserted; strcmp orders by unsigned bytes. */
static size_t position(const struct ectx *c, const char *key, bool *ret_found)
{
	size_t low = 0, high = c->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(c->pairs[mid].key, key);

		if (order == 0) {
			*ret_found = true;
			return mid;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_found = false;
	return low;
}

int ectx_add(struct ectx *c, const char *key, const char *value)
{
	_free_ char *k = NULL;
	_free_ char *v = NULL;
	struct ectx_pair *pairs;
	bool found;
	size_t at, added;

	if (!utf8_is_valid(key) || !utf8_is_valid(value))
		return -EILSEQ;
	at = position(c, key, &found);
	if (found)
		return -EEXIST;
	added = (c->count ? 4 : 6) + strlen(key) + strlen(value);
	if (added > ECTX_MAX_ENCODED_BYTES - c->encoded_len)
		return -E2BIG;
	k = strdup(key);
	v = strdup(value);
	if (!k || !v)
		return -ENOMEM;
	pairs = reallocarray(c->pairs, c->count + 1, sizeof(*pairs));
	if (!pairs)
		return -ENOMEM;
	c->pairs = pairs;
	memmove(pairs + at + 1, pairs + at, (c->count - at) * sizeof(*pairs));
	pairs[at] = (struct ectx_pair){take_ptr(k), take_ptr(v)};
	c->count++;
	c->encoded_len += added;
	return 0;
}

int ectx_add_arg(struct ectx *c, const char *arg)
{
	const char *eq = strchr(arg, '=');
	_free_ char *key = NULL;

	if (!eq)
		return -EINVAL;
	key = strndup(arg, (size_t)(eq - arg));
	if (!key)
		return -ENOMEM;
	return ectx_add(c, key, eq + 1);
}

const char *ectx_get(const struct ectx *c, const char *key)
{
	bool found;
	size_t at = position(c, key, &found);

	return found ? c->pairs[at].value : NULL;
}

bool ectx_is_subset(const struct ectx *part, const struct ectx *whole)
{
	for (size_t i = 0; i < part->count; i++) {
		const char *v = ectx_get(whole, part->pairs[i].key);

		if (!v || strcmp(v, part->pairs[i].value) != 0)
			return false;
	}
	return true;
}

bool ectx_equal(const struct ectx *a, const struct ectx *b)
{
	return a->count == b->count && ectx_is_subset(a, b);
}

int ectx_copy(struct ectx *to, const struct ectx *from)
{
	_cleanup_(ectx_done) struct ectx new = ECTX_INIT;

	for (size_t i = 0; i < from->count; i++) {
		int r = ectx_add(&new, from->pairs[i].key,
				 from->pairs[i].value);

		if (r < 0)
			return r;
	}
	ectx_done(to);
	*to = new;
	new = ECTX_INIT;
	return 0;
}

int ectx_encode(const struct ectx *c, uint8_t **ret_bytes, size_t *ret_len)
{
	_cleanup_(wire_writer_done) struct wire_writer w = WIRE_WRITER_INIT;

	if (c->count)
		wire_put_u16(&w, (uint16_t)c->count);
	for (size_t i = 0; i < c->count; i++) {
		const struct ectx_pair *p = &c->pairs[i];

		wire_put_v16(&w, p->key, strlen(p->key));
		wire_put_v16(&w, p->value, strlen(p->value));
	}
	return wire_writer_take(&w, ret_bytes, ret_len);
}

/* A counted string of the wire as a C string; a NUL inside is refused. */
static int get_string(struct wire_reader *r, char **ret)
{
	size_t len = 0;
	const uint8_t *p = wire_get_v16(r, &len);
	char *s;

	if (!p || memchr(p, 0, len))
		return -EBADMSG;
	s = strndup((const char *)p, len);
	if (!s)
		return -ENOMEM;
	*ret = s;
	return 0;
}

static int decode_pair(struct wire_reader *r, struct ectx *c)
{
	_free_ char *key = NULL;
	_free_ char *value = NULL;
	int err;

	err = get_string(r, &key);
	if (err < 0)
		return err;
	err = get_string(r, &value);
	if (err < 0)
		return err;
	err = ectx_add(c, key, value);
	return err == -EEXIST || err == -E2BIG ? -EBADMSG : err;
}

int ectx_decode(const void *buf, size_t len, struct ectx *ret)
{
	_cleanup_(ectx_done) struct ectx c = ECTX_INIT;
	struct wire_reader r;
	size_t count;

	wire_reader_init(&r, buf, len);
	if (len) {
		count = wire_get_u16(&r);
		if (count == 0)
			return -EBADMSG;
		for (; count > 0; count--) {
			int err = decode_pair(&r, &c);

			if (err < 0)
				return err;
		}
	}
	if (!wire_reader_is_done(&r))
		return -EBADMSG;
	*ret = c;
	c = ECTX_INIT;
	return 0;
}

void ectx_done(struct ectx *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->pairs[i].key);
		free(c->pairs[i].value);
	}
	free(c->pairs);
	*c = ECTX_INIT;
}
