/* SPDX-License-Identifier: MIT */
/*
 * Bounded cursors over big-endian bytes: one reader, one writer.  An error
 * sticks, so a parser reads all its fields and checks once.  They never
 * allocate in the reader, and hold no key bytes in the writer.
 */
#ifndef KEYRING_WIRE_H
#define KEYRING_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"

struct wire_reader {
	const uint8_t *at;
	size_t left; /* bytes not read yet */
	bool failed; /* something ran past the end; all reads since gave 0 */
};

/* Read from @len bytes at @buf, which the caller keeps alive (borrows). */
void wire_reader_init(struct wire_reader *r, const void *buf, size_t len);

uint8_t wire_get_u8(struct wire_reader *r);
uint16_t wire_get_u16(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);

/* @len bytes inside the reader's buffer, NULL (and failed) if too few. */
const uint8_t *wire_get_bytes(struct wire_reader *r, size_t len);

/* A u16 or u32 length, then that many bytes; as wire_get_bytes(). */
const uint8_t *wire_get_v16(struct wire_reader *r, size_t *ret_len);
const uint8_t *wire_get_v32(struct wire_reader *r, size_t *ret_len);

/* Nothing failed and nothing is left over. */
bool wire_reader_is_done(const struct wire_reader *r) _must_check_;

struct wire_writer {
	uint8_t *bytes; /* owned, grown by realloc: never for key bytes */
	size_t len;
	size_t cap;
	bool failed; /* out of memory, or a length over its field */
};

#define WIRE_WRITER_INIT ((struct wire_writer){0})

void wire_put_u8(struct wire_writer *w, uint8_t v);
void wire_put_u16(struct wire_writer *w, uint16_t v);
void wire_put_u32(struct wire_writer *w, uint32_t v);
void wire_put_u64(struct wire_writer *w, uint64_t v);
void wire_put_bytes(struct wire_writer *w, const void *p, size_t len);
void wire_put_v16(struct wire_writer *w, const void *p, size_t len);
void wire_put_v32(struct wire_writer *w, const void *p, size_t len);

/*
 * Hand the bytes to the caller, who frees them; the writer is empty after.
 * Returns 0 or -ENOMEM (also for a length that did not fit its field).
 */
int wire_writer_take(struct wire_writer *w, uint8_t **ret_bytes,
		     size_t *ret_len) _must_check_;

void wire_writer_done(struct wire_writer *w);

#endif
