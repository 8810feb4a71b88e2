/* SPDX-License-Identifier: MIT */
/* Big-endian cursors.  They must not know any format. */
#include "keyring/wire.h"

#include <string.h>

void wire_reader_init(struct wire_reader *r, const void *buf, size_t len)
{
	*r = (struct wire_reader){.at = buf, .left = len};
}

const uint8_t *wire_get_bytes(struct wire_reader *r, size_t len)
{
	const uint8_t *p = r->at;

	if (r->failed || len > r->left) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return p;
}

static uint64_t get_be(struct wire_reader *r, size_t width)
{
	const uint8_t *p = wire_get_bytes(r, width);
	uint64_t v = 0;

	for (size_t i = 0; p && i < width; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t wire_get_u8(struct wire_reader *r)
{
	return (uint8_t)get_be(r, 1);
}

uint16_t wire_get_u16(struct wire_reader *r)
{
	return (uint16_t)get_be(r, 2);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
	return (uint32_t)get_be(r, 4);
}

uint64_t wire_get_u64(struct wire_reader *r)
{
	return get_be(r, 8);
}

static const uint8_t *get_counted(struct wire_reader *r, size_t len,
				  size_t *ret_len)
{
	const uint8_t *p = wire_get_bytes(r, len);

	if (p)
		*ret_len = len;
	return p;
}

const uint8_t *wire_get_v16(struct wire_reader *r, size_t *ret_len)
{
	return get_counted(r, wire_get_u16(r), ret_len);
}

const uint8_t *wire_get_v32(struct wire_reader *r, size_t *ret_len)
{
	return get_counted(r, wire_get_u32(r), ret_len);
}

bool wire_reader_is_done(const struct wire_reader *r)
{
	return !r->failed && r->left == 0;
}

static uint8_t *put_room(struct wire_writer *w, size_t len)
{
	if (w->failed || len > SIZE_MAX / 2 - w->len) {
		w->failed = true;
		return NULL;
	}
	if (w->len + len > w->cap) {
		size_t cap = w->cap ? w->cap : 256;
		uint8_t *p;

		while (cap < w->len + len)
			cap *= 2;
		p = realloc(w->bytes, cap);
		if (!p) {
			w->failed = true;
			return NULL;
		}
		w->bytes = p;
		w->cap = cap;
	}
	w->len += len;
	return w->bytes + w->len - len;
}

static void put_be(struct wire_writer *w, uint64_t v, size_t width)
{
	uint8_t *p = put_room(w, width);

	for (size_t i = width; p && i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
}

void wire_put_u8(struct wire_writer *w, uint8_t v)
{
	put_be(w, v, 1);
}

void wire_put_u16(struct wire_writer *w, uint16_t v)
{
	put_be(w, v, 2);
}

void wire_put_u32(struct wire_writer *w, uint32_t v)
{
	put_be(w, v, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t v)
{
	put_be(w, v, 8);
}

void wire_put_bytes(struct wire_writer *w, const void *p, size_t len)
{
	uint8_t *to = put_room(w, len);

	if (to && len)
		memcpy(to, p, len);
}

void wire_put_v16(struct wire_writer *w, const void *p, size_t len)
{
	if (len > UINT16_MAX)
		w->failed = true;
	wire_put_u16(w, (uint16_t)len);
	wire_put_bytes(w, p, len);
}

void wire_put_v32(struct wire_writer *w, const void *p, size_t len)
{
	if (len > UINT32_MAX)
		w->failed = true;
	wire_put_u32(w, (uint32_t)len);
	wire_put_bytes(w, p, len);
}

int wire_writer_take(struct wire_writer *w, uint8_t **ret_bytes,
		     size_t *ret_len)
{
	if (w->failed) {
		wire_writer_done(w);
		return -ENOMEM;
	}
	*ret_bytes = w->bytes;
	*ret_len = w->len;
	*w = WIRE_WRITER_INIT;
	return 0;
}

void wire_writer_done(struct wire_writer *w)
{
	free(w->bytes);
	*w = WIRE_WRITER_INIT;
}
