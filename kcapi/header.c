/* SPDX-License-Identifier: MIT */
/*
 * The header of a message, read forward and written whole.  Pure but for the
 * source it is given.  It must not know keys: nothing here is authentic.
 * Source: AWS Encryption SDK specification, data-format/message-header.md.
 */
#include <string.h>

#include "kcapi/esdk.h"
#include "keyring/wire.h"

#define VERSION_1      0x01
#define VERSION_2      0x02
#define TYPE_CUSTOMER  0x80 /* version 1 only */
#define START_BYTES    4    /* enough to name the suite of either version */
#define MESSAGE_ID_AT  3
#define CONTEXT_LEN_AT (MESSAGE_ID_AT + ESDK_MESSAGE_ID_BYTES)
#define CONTEXT_AT     (CONTEXT_LEN_AT + 2)
#define LAST_BYTES     (1 + 4 + ESDK_COMMITMENT_BYTES) /* after the EDKs */

struct cursor {
	esdk_source_fn source;
	void *userdata;
	uint8_t *bytes; /* ESDK_MAX_HEADER_BYTES, so that nothing moves */
	size_t len;	/* bytes taken */
	struct esdk_refusal *why;
};

static int refuse(struct cursor *c, enum esdk_stage stage)
{
	c->why->stage = stage;
	return -EBADMSG;
}

/* The next @len bytes; they stay where they are until the header is done. */
static int take(struct cursor *c, size_t len, const uint8_t **ret)
{
	uint8_t *to = c->bytes + c->len;
	int r;

	if (len > ESDK_MAX_HEADER_BYTES - c->len)
		return refuse(c, ESDK_STAGE_LIMIT);
	if (len) {
		r = c->source(c->userdata, to, len);
		if (r == -ENODATA)
			return refuse(c, ESDK_STAGE_PARSE);
		if (r < 0)
			return r;
	}
	c->len += len;
	*ret = to;
	return 0;
}

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static int take_v16(struct cursor *c, const uint8_t **ret, size_t *ret_len)
{
	const uint8_t *p;
	int r = take(c, 2, &p);

	if (r < 0)
		return r;
	*ret_len = be16(p);
	return take(c, *ret_len, ret);
}

static bool is_base64_letter(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') ||
	       (b >= '0' && b <= '9') || b == '+' || b == '/';
}

/* 02 04 and 02 05 start "AgQ".."AgX"; 01 80 starts "AYA".."AYD". */
static bool is_base64_text(const uint8_t *p)
{
	return p[0] == 'A' && (p[1] == 'g' || p[1] == 'Y') &&
	       is_base64_letter(p[2]) && is_base64_letter(p[3]);
}

static int read_start(struct cursor *c)
{
	const uint8_t *p;
	int r = take(c, START_BYTES, &p);

	if (r < 0)
		return r;
	if (is_base64_text(p))
		return refuse(c, ESDK_STAGE_BASE64);
	if (p[0] != VERSION_1 && p[0] != VERSION_2)
		return refuse(c, ESDK_STAGE_VERSION);
	c->why->version = p[0];
	if (p[0] == VERSION_1 && p[1] != TYPE_CUSTOMER)
		return refuse(c, ESDK_STAGE_TYPE);
	c->why->suite = be16(p + (p[0] == VERSION_1 ? 2 : 1));
	if (p[0] != VERSION_2 || c->why->suite != ESDK_SUITE)
		return refuse(c, ESDK_STAGE_SUITE);
	return 0;
}

static int read_context(struct cursor *c, struct esdk_header *h)
{
	const uint8_t *p;
	size_t len;
	int r;

	r = take(c, CONTEXT_AT - START_BYTES, &p);
	if (r < 0)
		return r;
	memcpy(h->message_id, c->bytes + MESSAGE_ID_AT, sizeof(h->message_id));
	len = be16(c->bytes + CONTEXT_LEN_AT);
	r = take(c, len, &p);
	if (r < 0)
		return r;
	r = ectx_decode(p, len, &h->context);
	if (r == -EBADMSG || r == -EILSEQ)
		return refuse(c, ESDK_STAGE_EC);
	return r;
}

static int read_edks(struct cursor *c, struct esdk_header *h)
{
	const uint8_t *p;
	size_t count;
	int r = take(c, 2, &p);

	if (r < 0)
		return r;
	count = be16(p);
	if (count == 0)
		return refuse(c, ESDK_STAGE_EDKS);
	if (count > ESDK_MAX_EDKS)
		return refuse(c, ESDK_STAGE_LIMIT);
	for (; h->edk_count < count; h->edk_count++) {
		struct esdk_edk *e = &h->edks[h->edk_count];

		r = take_v16(c, &e->provider_id, &e->provider_id_len);
		if (r < 0)
			return r;
		r = take_v16(c, &e->info, &e->info_len);
		if (r < 0)
			return r;
		r = take_v16(c, &e->ciphertext, &e->ciphertext_len);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_rest(struct cursor *c, struct esdk_header *h)
{
	const uint8_t *p;
	int r = take(c, LAST_BYTES, &p);

	if (r < 0)
		return r;
	if (p[0] != ESDK_CONTENT_UNFRAMED && p[0] != ESDK_CONTENT_FRAMED)
		return refuse(c, ESDK_STAGE_CONTENT_TYPE);
	h->content = (enum esdk_content)p[0];
	h->frame_bytes = be32(p + 1);
	if ((h->frame_bytes == 0) != (h->content == ESDK_CONTENT_UNFRAMED))
		return refuse(c, ESDK_STAGE_FRAME_LENGTH);
	if (h->frame_bytes > ESDK_MAX_FRAME_BYTES)
		return refuse(c, ESDK_STAGE_LIMIT);
	memcpy(h->commitment, p + 5, sizeof(h->commitment));
	h->body_len = c->len;
	r = take(c, ESDK_TAG_BYTES, &p);
	if (r < 0)
		return r;
	/* An unsigned message that carries a signer's key was tampered with. */
	if (ectx_get(&h->context, ESDK_PUBLIC_KEY_CONTEXT))
		return refuse(c, ESDK_STAGE_PUBLIC_KEY);
	return 0;
}

int esdk_header_read(esdk_source_fn source, void *userdata,
		     struct esdk_header *ret, struct esdk_refusal *ret_why)
{
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	struct cursor c = {source, userdata, NULL, 0, ret_why};
	int r;

	*ret = ESDK_HEADER_INIT;
	*ret_why = (struct esdk_refusal){0};
	h.bytes = malloc(ESDK_MAX_HEADER_BYTES);
	if (!h.bytes)
		return -ENOMEM;
	c.bytes = h.bytes;
	r = read_start(&c);
	if (r == 0)
		r = read_context(&c, &h);
	if (r == 0)
		r = read_edks(&c, &h);
	if (r == 0)
		r = read_rest(&c, &h);
	if (r < 0)
		return r;
	*ret = h;
	h = ESDK_HEADER_INIT;
	return 0;
}

static int from_memory(void *userdata, uint8_t *to, size_t len)
{
	struct wire_reader *r = userdata;
	const uint8_t *p = wire_get_bytes(r, len);

	if (!p)
		return -ENODATA;
	memcpy(to, p, len);
	return 0;
}

int esdk_header_parse(const void *buf, size_t len, struct esdk_header *ret,
		      size_t *ret_used, struct esdk_refusal *ret_why)
{
	struct wire_reader reader;
	int r;

	wire_reader_init(&reader, buf, len);
	r = esdk_header_read(from_memory, &reader, ret, ret_why);
	if (r == 0)
		*ret_used = len - reader.left;
	return r;
}

static bool edk_fits(const struct esdk_edk *e)
{
	return e->provider_id_len <= UINT16_MAX && e->info_len <= UINT16_MAX &&
	       e->ciphertext_len <= UINT16_MAX;
}

static int check_parts(const struct esdk_header *h)
{
	if (h->edk_count == 0 || h->edk_count > ESDK_MAX_EDKS ||
	    h->frame_bytes == 0 || h->frame_bytes > ESDK_MAX_FRAME_BYTES ||
	    ectx_get(&h->context, ESDK_PUBLIC_KEY_CONTEXT))
		return -EINVAL;
	for (size_t i = 0; i < h->edk_count; i++)
		if (!edk_fits(&h->edks[i]))
			return -E2BIG;
	return 0;
}

int esdk_header_build(struct esdk_header *h)
{
	static const uint8_t no_tag[ESDK_TAG_BYTES];
	_cleanup_(wire_writer_done) struct wire_writer w = WIRE_WRITER_INIT;
	_free_ uint8_t *context = NULL;
	size_t context_len, len;
	uint8_t *bytes;
	int r = check_parts(h);

	if (r < 0)
		return r;
	r = ectx_encode(&h->context, &context, &context_len);
	if (r < 0)
		return r;
	wire_put_u8(&w, VERSION_2);
	wire_put_u16(&w, ESDK_SUITE);
	wire_put_bytes(&w, h->message_id, sizeof(h->message_id));
	wire_put_v16(&w, context, context_len);
	wire_put_u16(&w, (uint16_t)h->edk_count);
	for (size_t i = 0; i < h->edk_count; i++) {
		const struct esdk_edk *e = &h->edks[i];

		wire_put_v16(&w, e->provider_id, e->provider_id_len);
		wire_put_v16(&w, e->info, e->info_len);
		wire_put_v16(&w, e->ciphertext, e->ciphertext_len);
	}
	wire_put_u8(&w, ESDK_CONTENT_FRAMED);
	wire_put_u32(&w, h->frame_bytes);
	wire_put_bytes(&w, h->commitment, sizeof(h->commitment));
	wire_put_bytes(&w, no_tag, sizeof(no_tag));
	r = wire_writer_take(&w, &bytes, &len);
	if (r < 0)
		return r;
	if (len > ESDK_MAX_HEADER_BYTES) {
		free(bytes);
		return -E2BIG;
	}
	free(h->bytes);
	h->bytes = bytes;
	h->body_len = len - ESDK_TAG_BYTES;
	h->content = ESDK_CONTENT_FRAMED;
	return 0;
}

void esdk_header_done(struct esdk_header *h)
{
	ectx_done(&h->context);
	free(h->bytes);
	*h = ESDK_HEADER_INIT;
}
