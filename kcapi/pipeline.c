/* SPDX-License-Identifier: MIT */
/* The common ground of encrypt.c and decrypt.c.  No format knowledge. */
#include "kcapi/pipeline.h"

#include <string.h>

#include "kcapi/fdio.h"

#define PAGE 4096

static const char *const where_names[] = {
	[BULK_WHERE_NOWHERE] = "nowhere",
	[BULK_WHERE_INPUT] = "input",
	[BULK_WHERE_OUTPUT] = "output",
	[BULK_WHERE_ENGINE] = "engine",
};

const char *bulk_where_name(enum bulk_where where)
{
	if ((unsigned)where >= ARRAY_SIZE(where_names))
		return "unknown";
	return where_names[where];
}

int pipeline_engine_result(struct pipeline *p, int r)
{
	if (r < 0 && r != -EBADMSG)
		p->result->where = BULK_WHERE_ENGINE;
	return r;
}

/* One page of room for head and aad, the text aligned, the tag after it. */
int pipeline_init(struct pipeline *p, const struct bulk_job *job,
		  uint32_t text_bytes, struct bulk_result *result)
{
	const struct bulk_engine *e = job->engine;

	*result = (struct bulk_result){0};
	*p = (struct pipeline){.job = job, .result = result};
	if (text_bytes > e->max_bytes - BULK_AAD_BYTES - BULK_TAG_BYTES)
		return pipeline_engine_result(p, -EMSGSIZE);
	p->cap = PAGE + ((size_t)text_bytes + PAGE - 1) / PAGE * PAGE + PAGE;
	p->buf = aligned_alloc(PAGE, p->cap);
	if (!p->buf)
		return -ENOMEM;
	p->piece = p->buf + PAGE;
	return pipeline_engine_result(p,
				      e->open(job->message_key, &p->session));
}

int pipeline_read(struct pipeline *p, uint8_t *to, size_t len, size_t *ret_got)
{
	int r = bulk_read(p->job->in, to, len, ret_got);

	p->result->bytes_in += *ret_got;
	if (r < 0)
		p->result->where = BULK_WHERE_INPUT;
	return r;
}

int pipeline_write(struct pipeline *p, const uint8_t *from, size_t len)
{
	size_t put;
	int r = bulk_write(p->job->out, from, len, &put);

	p->result->bytes_out += put;
	if (r < 0)
		p->result->where = BULK_WHERE_OUTPUT;
	return r;
}

void pipeline_done(struct pipeline *p)
{
	if (p->session)
		p->job->engine->close(p->session);
	if (p->buf)
		secret_wipe(p->buf, p->cap);
	free(p->buf);
	*p = PIPELINE_INIT;
}
