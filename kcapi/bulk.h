/* SPDX-License-Identifier: MIT */
/*
 * The pipeline: a message from descriptor to descriptor, frame by frame.
 * Any descriptor that can be read or written serves: file, pipe, socket,
 * blocking or not.  SIGPIPE must be ignored by the caller.  No policy, no
 * data keys, no KMS: whoever calls already has the message key.
 */
#ifndef KCAPI_BULK_H
#define KCAPI_BULK_H

#include <stdint.h>

#include "kcapi/engine.h"
#include "kcapi/esdk.h"

/*
 * Frame length of what we write: with head and tag a frame takes 16 KiB on
 * the wire.  Measured: with OpenSSL as fast as 64 KiB, and a third faster
 * than the SDKs' default of 4096; the kernel engine loses up to 30 % to 64 KiB
 * where system calls are slow.  But the SDK for JavaScript before 4.2.4 and
 * 5.0.2 silently drops plaintext in its one-shot decrypt when frames are of
 * 16 KiB or more (its pull request 1670), and files written here must open
 * there.  Whoever needs the difference sets esdk_header.frame_bytes.
 */
#define BULK_FRAME_BYTES ((uint32_t)(16384 - 32))

/* Where a job that failed with something else than -EBADMSG failed. */
enum bulk_where {
	BULK_WHERE_NOWHERE,
	BULK_WHERE_INPUT,
	BULK_WHERE_OUTPUT,
	BULK_WHERE_ENGINE,
};

struct bulk_job {
	int in;	 /* borrowed */
	int out; /* borrowed */
	const struct bulk_engine *engine;
	const struct secret *message_key; /* borrowed */
};

/*
 * How far a job came; filled in on failure too.  After a failed decryption
 * exactly bytes_out bytes, all authenticated, are a prefix of the plaintext:
 * the one who reads must be told that it is no more than that.
 */
struct bulk_result {
	uint64_t bytes_in;  /* taken from job->in by this call */
	uint64_t bytes_out; /* given to job->out */
	uint32_t frames;
	enum bulk_where where;
	struct esdk_refusal refusal; /* after -EBADMSG */
};

/*
 * Encrypt all of job->in.  @h has its parts filled in (message_id, context,
 * edks, commitment) and is built here; frame_bytes 0 means BULK_FRAME_BYTES.
 * Whole multiples of the frame length end in an empty final frame, as the
 * SDKs for JavaScript, Python and C write it.
 * Returns 0; as esdk_header_build(); -EFBIG (2^32-1 frames are used up);
 * -EPIPE, -ENOSPC, -EIO ... of read(2) and write(2); the engine's errno.
 */
int bulk_encrypt(const struct bulk_job *job, struct esdk_header *h,
		 struct bulk_result *result) _must_check_;

/*
 * Read the header of a message from @in and not a byte more, so that the
 * body can be read later and by another.  Returns as esdk_header_read().
 */
int bulk_decrypt_header(int in, struct esdk_header *ret,
			struct esdk_refusal *ret_why) _must_check_;

/*
 * Check @h against the message key, then decrypt the rest of job->in up to
 * its end.  The plaintext of a frame is written once its tag is verified,
 * never before.  The commitment has been compared by then: the message key
 * comes from esdk_derive_committed().
 * Returns 0 (the whole message, nothing after it), -EBADMSG (refused: see
 * result->refusal), -EMSGSIZE (frames longer than the engine takes: ask
 * bulk_engine_choose() first), -ENOMEM, errno as bulk_encrypt().
 */
int bulk_decrypt_body(const struct bulk_job *job, const struct esdk_header *h,
		      struct bulk_result *result) _must_check_;

/* "input", "output", "engine", for the log.  Never NULL. */
const char *bulk_where_name(enum bulk_where where);

#endif
