/* SPDX-License-Identifier: MIT */
/*
 * What encrypting and decrypting share: a session, one buffer that holds one
 * piece with all that belongs to it, and counted input and output.  Private
 * to this folder.
 */
#ifndef KCAPI_PIPELINE_H
#define KCAPI_PIPELINE_H

#include "kcapi/bulk.h"
#include "kcapi/frame.h"

struct pipeline {
	const struct bulk_job *job;
	struct bulk_result *result;
	void *session;
	uint8_t *buf;	/* page-aligned */
	size_t cap;	/* bytes of buf */
	uint8_t *piece; /* where a piece is read to, after room for an aad */
};

#define PIPELINE_INIT ((struct pipeline){0})

/*
 * Open a session and a buffer for texts of @text_bytes.  @result is cleared.
 * Returns 0, -EMSGSIZE (too long for the engine), -ENOMEM, the engine's errno.
 */
int pipeline_init(struct pipeline *p, const struct bulk_job *job,
		  uint32_t text_bytes, struct bulk_result *result) _must_check_;

/* As bulk_read() and bulk_write(), counted, and blamed on failure. */
int pipeline_read(struct pipeline *p, uint8_t *to, size_t len,
		  size_t *ret_got) _must_check_;
int pipeline_write(struct pipeline *p, const uint8_t *from,
		   size_t len) _must_check_;

/* Blame the engine for @r, unless it is a message's fault; gives back @r. */
int pipeline_engine_result(struct pipeline *p, int r);

/* Wipe the buffer: it held somebody's plaintext.  Close the session. */
void pipeline_done(struct pipeline *p);

#endif
