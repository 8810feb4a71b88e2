/* SPDX-License-Identifier: MIT */
/*
 * Plaintext in, message out.  It must not know where the message key and the
 * encrypted data keys come from.
 */
#include "kcapi/bulk.h"
#include "kcapi/pipeline.h"

/* Sequence number 0: no frame has it. */
static const uint8_t header_iv[ESDK_IV_BYTES];

static int put_header(struct pipeline *p, struct esdk_header *h)
{
	int r = p->job->engine->seal(p->session, header_iv,
				     h->bytes + h->body_len, 0, h->body_len);

	if (r < 0)
		return pipeline_engine_result(p, r);
	return pipeline_write(p, h->bytes, esdk_header_len(h));
}

static int put_frame(struct pipeline *p, const struct esdk_header *h,
		     const struct esdk_frame *f)
{
	uint8_t *text = p->piece;
	size_t aad_len = esdk_frame_put_aad(f, h->message_id, text);
	int r = p->job->engine->seal(p->session, f->iv, text, f->len, aad_len);

	if (r < 0)
		return pipeline_engine_result(p, r);
	r = pipeline_write(p, esdk_frame_put_head(f, text),
			   esdk_frame_wire_len(f));
	if (r == 0)
		p->result->frames++;
	return r;
}

/* A full frame is a regular one, so the end shows as one that is not full. */
static int put_body(struct pipeline *p, const struct esdk_header *h)
{
	struct esdk_frame f;
	uint32_t sequence = 0;
	size_t got;
	int r;

	do {
		r = pipeline_read(p, p->piece, h->frame_bytes, &got);
		if (r < 0)
			return r;
		r = esdk_frame_next(++sequence, (uint32_t)got, h->frame_bytes,
				    &f);
		if (r < 0)
			return r;
		r = put_frame(p, h, &f);
		if (r < 0)
			return r;
	} while (f.piece != ESDK_PIECE_FINAL);
	return 0;
}

int bulk_encrypt(const struct bulk_job *job, struct esdk_header *h,
		 struct bulk_result *result)
{
	_cleanup_(pipeline_done) struct pipeline p = PIPELINE_INIT;
	int r;

	*result = (struct bulk_result){0};
	if (h->frame_bytes == 0)
		h->frame_bytes = BULK_FRAME_BYTES;
	r = esdk_header_build(h);
	if (r < 0)
		return r;
	r = pipeline_init(&p, job, h->frame_bytes, result);
	if (r < 0)
		return r;
	r = put_header(&p, h);
	if (r < 0)
		return r;
	return put_body(&p, h);
}
