/* SPDX-License-Identifier: MIT */
/*
 * Message in, plaintext out, and of it only what a tag has vouched for.  It
 * must not know how the message key was come by.
 */
#include "kcapi/bulk.h"
#include "kcapi/fdio.h"
#include "kcapi/pipeline.h"

static const uint8_t header_iv[ESDK_IV_BYTES];

static int from_fd(void *userdata, uint8_t *to, size_t len)
{
	size_t got;
	int r = bulk_read(*(int *)userdata, to, len, &got);

	if (r < 0)
		return r;
	return got == len ? 0 : -ENODATA;
}

int bulk_decrypt_header(int in, struct esdk_header *ret,
			struct esdk_refusal *ret_why)
{
	return esdk_header_read(from_fd, &in, ret, ret_why);
}

static int refuse(struct pipeline *p, enum esdk_stage stage, uint32_t frame)
{
	p->result->refusal = (struct esdk_refusal){
		.stage = stage,
		.version = 2,
		.suite = ESDK_SUITE,
		.frame = frame,
	};
	return -EBADMSG;
}

/* An engine leaves the aad as it is, so the header's own bytes will do. */
static int check_header(struct pipeline *p, const struct esdk_header *h)
{
	int r = p->job->engine->unseal(p->session, header_iv,
				       h->bytes + h->body_len, 0, h->body_len);

	if (r == -EBADMSG)
		return refuse(p, ESDK_STAGE_HEADER_TAG, 0);
	return pipeline_engine_result(p, r);
}

/*
 * Read one piece whole to p->piece; returns 1 if more than it came along.  A
 * regular frame's length is known before it is read.  The last piece may be
 * shorter, or longer by its head, and then nothing may follow it.
 */
static int get_piece(struct pipeline *p, const struct esdk_header *h,
		     uint32_t sequence, struct esdk_frame *ret)
{
	size_t want =
		4 + ESDK_IV_BYTES + esdk_header_text_bytes(h) + ESDK_TAG_BYTES;
	size_t got, more = 0, whole;
	enum esdk_stage stage;
	int r = pipeline_read(p, p->piece, want, &got);

	if (r < 0)
		return r;
	r = esdk_frame_parse(p->piece, got, h, sequence, ret, &stage);
	if (r < 0)
		return refuse(p, stage, sequence);
	whole = esdk_frame_wire_len(ret);
	if (whole > got) {
		if (got < want)
			return refuse(p, ESDK_STAGE_BODY, sequence);
		r = pipeline_read(p, p->piece + got, whole - got, &more);
		if (r < 0)
			return r;
	}
	if (got + more < whole)
		return refuse(p, ESDK_STAGE_BODY, sequence);
	return got > whole ? 1 : 0;
}

static int open_piece(struct pipeline *p, const struct esdk_header *h,
		      const struct esdk_frame *f)
{
	uint8_t *text = p->piece + f->head_len;
	size_t aad_len = esdk_frame_put_aad(f, h->message_id, text);
	int r = p->job->engine->unseal(p->session, f->iv, text, f->len,
				       aad_len);

	if (r == -EBADMSG)
		return refuse(p, ESDK_STAGE_FRAME_TAG, f->sequence);
	return pipeline_engine_result(p, r);
}

static int check_end(struct pipeline *p, uint32_t sequence)
{
	uint8_t beyond;
	size_t got;
	int r = pipeline_read(p, &beyond, 1, &got);

	if (r < 0)
		return r;
	return got ? refuse(p, ESDK_STAGE_TRAILING, sequence) : 0;
}

/* The last text goes out once the input has proved to end there. */
static int get_body(struct pipeline *p, const struct esdk_header *h)
{
	struct esdk_frame f;
	uint32_t sequence = 1;
	int trailing, r;

	for (;; sequence++) {
		trailing = get_piece(p, h, sequence, &f);
		if (trailing < 0)
			return trailing;
		r = open_piece(p, h, &f);
		if (r < 0)
			return r;
		if (trailing)
			return refuse(p, ESDK_STAGE_TRAILING, sequence);
		if (f.piece != ESDK_PIECE_FRAME) {
			r = check_end(p, sequence);
			if (r < 0)
				return r;
		}
		r = pipeline_write(p, p->piece + f.head_len, f.len);
		if (r < 0)
			return r;
		p->result->frames++;
		if (f.piece != ESDK_PIECE_FRAME)
			return 0;
	}
}

int bulk_decrypt_body(const struct bulk_job *job, const struct esdk_header *h,
		      struct bulk_result *result)
{
	_cleanup_(pipeline_done) struct pipeline p = PIPELINE_INIT;
	int r;

	r = pipeline_init(&p, job, esdk_header_text_bytes(h), result);
	if (r < 0)
		return r;
	r = check_header(&p, h);
	if (r < 0)
		return r;
	return get_body(&p, h);
}
