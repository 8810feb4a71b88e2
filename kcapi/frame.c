/* SPDX-License-Identifier: MIT */
/* Heads and additional data of body pieces.  It must not know ciphers. */
#include "kcapi/frame.h"

#include <string.h>

#include "keyring/wire.h"

#define FINAL_MARK 0xffffffffu

/* Heads: sequence, IV | mark, sequence, IV, length | IV, length of 64 bits. */
static const struct piece {
	const char *label;
	size_t head_len;
} pieces[] = {
	[ESDK_PIECE_FRAME] = {"AWSKMSEncryptionClient Frame",
			      4 + ESDK_IV_BYTES},
	[ESDK_PIECE_FINAL] = {"AWSKMSEncryptionClient Final Frame",
			      4 + 4 + ESDK_IV_BYTES + 4},
	[ESDK_PIECE_SINGLE] = {"AWSKMSEncryptionClient Single Block",
			       ESDK_IV_BYTES + 8},
};

static uint8_t *put_be(uint8_t *to, uint64_t v, size_t width)
{
	for (size_t i = width; i-- > 0; v >>= 8)
		to[i] = (uint8_t)v;
	return to + width;
}

static uint8_t *put_bytes(uint8_t *to, const void *p, size_t len)
{
	memcpy(to, p, len);
	return to + len;
}

int esdk_frame_next(uint32_t sequence, uint32_t len, uint32_t frame_bytes,
		    struct esdk_frame *ret)
{
	bool full = len == frame_bytes;

	/* A regular frame of that number would read as the final mark. */
	if (sequence == 0 || (full && sequence == ESDK_SEQUENCE_MAX))
		return -EFBIG;
	*ret = (struct esdk_frame){
		.piece = full ? ESDK_PIECE_FRAME : ESDK_PIECE_FINAL,
		.sequence = sequence,
		.len = len,
	};
	ret->head_len = pieces[ret->piece].head_len;
	put_be(ret->iv, sequence, sizeof(ret->iv));
	return 0;
}

uint8_t *esdk_frame_put_head(const struct esdk_frame *f, uint8_t *text)
{
	uint8_t *head = text - f->head_len;
	uint8_t *at = head;

	if (f->piece == ESDK_PIECE_FINAL)
		at = put_be(at, FINAL_MARK, 4);
	at = put_be(at, f->sequence, 4);
	at = put_bytes(at, f->iv, sizeof(f->iv));
	if (f->piece == ESDK_PIECE_FINAL)
		put_be(at, f->len, 4);
	return head;
}

size_t esdk_frame_put_aad(const struct esdk_frame *f,
			  const uint8_t message_id[ESDK_MESSAGE_ID_BYTES],
			  uint8_t *text)
{
	const char *label = pieces[f->piece].label;
	size_t len = ESDK_MESSAGE_ID_BYTES + strlen(label) + 4 + 8;
	uint8_t *at = text - len;

	at = put_bytes(at, message_id, ESDK_MESSAGE_ID_BYTES);
	at = put_bytes(at, label, strlen(label));
	at = put_be(at, f->sequence, 4);
	put_be(at, f->len, 8);
	return len;
}

static int refuse(enum esdk_stage *ret_stage, enum esdk_stage stage)
{
	*ret_stage = stage;
	return -EBADMSG;
}

static int get_iv(struct wire_reader *r, struct esdk_frame *f)
{
	const uint8_t *p = wire_get_bytes(r, ESDK_IV_BYTES);

	if (!p)
		return -EBADMSG;
	memcpy(f->iv, p, ESDK_IV_BYTES);
	return 0;
}

/* The IV is taken as written: messages of before 2017 have random ones. */
static int parse_single(struct wire_reader *r, struct esdk_frame *f,
			enum esdk_stage *ret_stage)
{
	uint64_t len;

	f->piece = ESDK_PIECE_SINGLE;
	f->sequence = 1;
	if (get_iv(r, f) < 0)
		return refuse(ret_stage, ESDK_STAGE_BODY);
	len = wire_get_u64(r);
	if (r->failed)
		return refuse(ret_stage, ESDK_STAGE_BODY);
	if (len > ESDK_MAX_FRAME_BYTES)
		return refuse(ret_stage, ESDK_STAGE_LIMIT);
	f->len = (uint32_t)len;
	return 0;
}

static int parse_framed(struct wire_reader *r, uint32_t frame_bytes,
			uint32_t expected, struct esdk_frame *f,
			enum esdk_stage *ret_stage)
{
	f->sequence = wire_get_u32(r);
	f->len = frame_bytes;
	if (f->sequence == FINAL_MARK) {
		f->piece = ESDK_PIECE_FINAL;
		f->sequence = wire_get_u32(r);
	}
	if (r->failed)
		return refuse(ret_stage, ESDK_STAGE_BODY);
	if (f->sequence != expected)
		return refuse(ret_stage, ESDK_STAGE_SEQUENCE);
	if (get_iv(r, f) < 0)
		return refuse(ret_stage, ESDK_STAGE_BODY);
	if (f->piece == ESDK_PIECE_FINAL)
		f->len = wire_get_u32(r);
	if (r->failed)
		return refuse(ret_stage, ESDK_STAGE_BODY);
	if (f->len > frame_bytes)
		return refuse(ret_stage, ESDK_STAGE_FINAL_LENGTH);
	return 0;
}

int esdk_frame_parse(const uint8_t *buf, size_t len,
		     const struct esdk_header *h, uint32_t expected,
		     struct esdk_frame *ret, enum esdk_stage *ret_stage)
{
	struct esdk_frame f = {.piece = ESDK_PIECE_FRAME};
	struct wire_reader reader;
	int r;

	wire_reader_init(&reader, buf, len);
	if (h->content == ESDK_CONTENT_UNFRAMED)
		r = parse_single(&reader, &f, ret_stage);
	else
		r = parse_framed(&reader, h->frame_bytes, expected, &f,
				 ret_stage);
	if (r < 0)
		return r;
	f.head_len = pieces[f.piece].head_len;
	*ret = f;
	return 0;
}
