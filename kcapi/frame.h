/* SPDX-License-Identifier: MIT */
/*
 * The pieces of a message's body, as bytes: what stands before and after a
 * text on the wire, and what is authenticated with it.  Pure.
 * Source: AWS Encryption SDK specification, data-format/message-body.md and
 * message-body-aad.md.
 */
#ifndef KCAPI_FRAME_H
#define KCAPI_FRAME_H

#include "kcapi/esdk.h"

enum esdk_piece {
	ESDK_PIECE_FRAME,  /* a regular frame: exactly the frame length */
	ESDK_PIECE_FINAL,  /* the last frame: 0 .. frame length */
	ESDK_PIECE_SINGLE, /* all of an unframed message */
};

#define ESDK_HEAD_MAX_BYTES 24 /* the longest head: a final frame's */
#define ESDK_AAD_MAX_BYTES  (ESDK_MESSAGE_ID_BYTES + 35 + 4 + 8)
#define ESDK_SEQUENCE_MAX   UINT32_MAX /* of the final frame; the others less */

/* What a head says. */
struct esdk_frame {
	enum esdk_piece piece;
	uint32_t sequence;
	uint32_t len; /* bytes of text */
	uint8_t iv[ESDK_IV_BYTES];
	size_t head_len; /* bytes before the text */
};

/* Bytes of the whole piece on the wire. */
static inline size_t esdk_frame_wire_len(const struct esdk_frame *f)
{
	return f->head_len + f->len + ESDK_TAG_BYTES;
}

/*
 * The next frame of a writer that has @len bytes left to put in, of which a
 * full frame, @frame_bytes, makes it a regular one.  Returns 0, or -EFBIG
 * (the sequence numbers are used up; 0 is the header's and stays unused).
 */
int esdk_frame_next(uint32_t sequence, uint32_t len, uint32_t frame_bytes,
		    struct esdk_frame *ret) _must_check_;

/*
 * Write the head that belongs before @text; the room there, at least
 * ESDK_HEAD_MAX_BYTES, is the caller's.  Returns where it starts.
 */
uint8_t *esdk_frame_put_head(const struct esdk_frame *f, uint8_t *text);

/*
 * Write the additional data before @text, over whatever is there (room of at
 * least ESDK_AAD_MAX_BYTES).  Returns its length; it ends at @text.
 */
size_t esdk_frame_put_aad(const struct esdk_frame *f,
			  const uint8_t message_id[ESDK_MESSAGE_ID_BYTES],
			  uint8_t *text);

/*
 * Read a head at the start of @len bytes of a body; @expected is the sequence
 * number that must come (1 for the first).  Whether the text is there too is
 * not checked.  Returns 0, or -EBADMSG with *ret_stage set: BODY (too few
 * bytes), SEQUENCE, FINAL_LENGTH, LIMIT (unframed and too long for us).
 */
int esdk_frame_parse(const uint8_t *buf, size_t len,
		     const struct esdk_header *h, uint32_t expected,
		     struct esdk_frame *ret,
		     enum esdk_stage *ret_stage) _must_check_;

#endif
