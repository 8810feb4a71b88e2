/* SPDX-License-Identifier: MIT */
/*
 * The AWS Encryption SDK's message format, version 2, suite 0x0478 (AES-256-
 * GCM, HKDF-SHA-512, key commitment, no signature): the header and the keys.
 * Bytes in, structures out: no descriptor and no cipher of a body in here.
 * Source: AWS Encryption SDK specification, data-format/message-header.md.
 */
#ifndef KCAPI_ESDK_H
#define KCAPI_ESDK_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/ectx.h"
#include "keyring/secret.h"

#define ESDK_SUITE		0x0478
#define ESDK_MESSAGE_ID_BYTES	32
#define ESDK_KEY_BYTES		32 /* data key and message key alike */
#define ESDK_COMMITMENT_BYTES	32
#define ESDK_IV_BYTES		12
#define ESDK_TAG_BYTES		16
#define ESDK_RESERVED_PREFIX	"aws-crypto-"
#define ESDK_PUBLIC_KEY_CONTEXT "aws-crypto-public-key"

/*
 * What we read at most.  The format's own limits come to 12.9 GB of header
 * and 4 GiB a frame, all of it to be held before anything is authenticated.
 */
#define ESDK_MAX_HEADER_BYTES ((size_t)64 << 10) /* with the tag */
#define ESDK_MAX_EDKS	      16
#define ESDK_MAX_FRAME_BYTES  ((uint32_t)1 << 20)

/*
 * Which check refused a message, in the order in which they are made.  The
 * name is for the log and the audit; a caller gets esdk_refusal_explain().
 */
enum esdk_stage {
	ESDK_STAGE_NONE,
	ESDK_STAGE_BASE64,	 /* base64 text of a message */
	ESDK_STAGE_VERSION,	 /* no message at all */
	ESDK_STAGE_TYPE,	 /* version 1, type not 0x80 */
	ESDK_STAGE_SUITE,	 /* unknown, of the other version, not ours */
	ESDK_STAGE_LIMIT,	 /* above a limit of ours */
	ESDK_STAGE_EC,		 /* encryption context */
	ESDK_STAGE_EDKS,	 /* no encrypted data key */
	ESDK_STAGE_CONTENT_TYPE, /* neither framed nor unframed */
	ESDK_STAGE_FRAME_LENGTH, /* 0 in a framed message, or the reverse */
	ESDK_STAGE_PARSE,	 /* the input ends inside the header */
	ESDK_STAGE_PUBLIC_KEY,	 /* signer's key in an unsigned message */
	ESDK_STAGE_EDK,		 /* data key of a wrong length */
	ESDK_STAGE_COMMITMENT,	 /* another data key than the writer's */
	ESDK_STAGE_HEADER_TAG,
	ESDK_STAGE_BODY,	 /* the input ends inside the body */
	ESDK_STAGE_SEQUENCE,	 /* frame repeated, dropped, moved */
	ESDK_STAGE_FINAL_LENGTH, /* final frame longer than a frame */
	ESDK_STAGE_FRAME_TAG,
	ESDK_STAGE_TRAILING, /* bytes after the end */
	ESDK_STAGE_COUNT_,
};

struct esdk_refusal {
	enum esdk_stage stage;
	uint8_t version; /* as read; 0 = not read */
	uint16_t suite;	 /* as read; 0 = not read */
	uint32_t frame;	 /* sequence number at a body's stage, else 0 */
};

/* "frame-tag" and the like: one word, for the log.  Never NULL. */
const char *esdk_stage_name(enum esdk_stage stage);

/*
 * What the one who gave us the message may be told, with the next step: what
 * it is when it is no message of ours (base64, another suite, beyond a
 * limit), and the same vague sentence for all the rest.  Always terminated.
 */
void esdk_refusal_explain(const struct esdk_refusal *why, char *buf,
			  size_t size);

/* One encrypted data key.  The bytes belong to somebody else (borrows). */
struct esdk_edk {
	const uint8_t *provider_id; /* "aws-kms" for a KMS key */
	size_t provider_id_len;
	const uint8_t *info; /* the CMK's ARN */
	size_t info_len;
	const uint8_t *ciphertext; /* the CiphertextBlob */
	size_t ciphertext_len;
};

enum esdk_content {
	ESDK_CONTENT_UNFRAMED = 1, /* read, never written */
	ESDK_CONTENT_FRAMED = 2,
};

/*
 * A header: what a writer fills in and esdk_header_build() puts into bytes,
 * or what esdk_header_parse() found, with its EDKs pointing into its bytes.
 */
struct esdk_header {
	uint8_t message_id[ESDK_MESSAGE_ID_BYTES];
	struct ectx context; /* owned */
	struct esdk_edk edks[ESDK_MAX_EDKS];
	size_t edk_count;
	enum esdk_content content;
	uint32_t frame_bytes; /* 0 when unframed */
	uint8_t commitment[ESDK_COMMITMENT_BYTES];
	uint8_t *bytes;	 /* owned: header body, then the tag */
	size_t body_len; /* bytes before the tag: the tag's AAD */
};

#define ESDK_HEADER_INIT ((struct esdk_header){0})

/* Bytes of the whole header, tag included. */
static inline size_t esdk_header_len(const struct esdk_header *h)
{
	return h->body_len + ESDK_TAG_BYTES;
}

/* Longest text that an engine must take at once for this message. */
static inline uint32_t esdk_header_text_bytes(const struct esdk_header *h)
{
	return h->content == ESDK_CONTENT_UNFRAMED ? ESDK_MAX_FRAME_BYTES
						   : h->frame_bytes;
}

/*
 * Put message_id, context, edks, frame_bytes and commitment into h->bytes,
 * always framed, with room for the tag, which only the message key can make
 * (engine.h's seal at h->bytes + h->body_len).  Borrows the EDKs' bytes.
 * Returns 0, -EINVAL (no EDK, more than ESDK_MAX_EDKS, a frame length of 0 or
 * above ESDK_MAX_FRAME_BYTES, the signer's key in the context), -E2BIG (above
 * ESDK_MAX_HEADER_BYTES), -ENOMEM.
 */
int esdk_header_build(struct esdk_header *h) _must_check_;

/*
 * Where a header comes from: fill exactly @len bytes at @to.  Returns 0,
 * -ENODATA (the input ended before), or the errno of the source.
 */
typedef int (*esdk_source_fn)(void *userdata, uint8_t *to, size_t len);

/*
 * Take one header from a source and not a byte more.  Nothing in it is
 * authentic yet: that comes with the commitment and the header tag.  @ret and
 * @ret_why are both initialised by this call, whatever it returns.
 * Returns 0, -EBADMSG (refused: @ret_why says at which stage), -ENOMEM, or
 * the source's errno.  Release @ret with esdk_header_done() after 0.
 */
int esdk_header_read(esdk_source_fn source, void *userdata,
		     struct esdk_header *ret,
		     struct esdk_refusal *ret_why) _must_check_;

/*
 * The same from memory; *ret_used is the header's length, what follows is
 * the body.  Copies what it needs of @buf.
 */
int esdk_header_parse(const void *buf, size_t len, struct esdk_header *ret,
		      size_t *ret_used,
		      struct esdk_refusal *ret_why) _must_check_;

void esdk_header_done(struct esdk_header *h);

/*
 * From a message's data key (32 bytes, fresh for each message) its message
 * key and its commitment: HKDF-SHA-512, salt = message id, info = suite id
 * and "DERIVEKEY", or "COMMITKEY".
 * Returns 0, -EINVAL (data key not 32 bytes), -ENOMEM, -EIO (OpenSSL).
 * Source: RFC 5869; algorithm-suites.md.
 */
int esdk_derive(const struct secret *data_key,
		const uint8_t message_id[ESDK_MESSAGE_ID_BYTES],
		struct secret *ret_message_key,
		uint8_t ret_commitment[ESDK_COMMITMENT_BYTES]) _must_check_;

/*
 * For reading: derive, then compare with the header's commitment in constant
 * time before the key is given out.  Returns as esdk_derive(), or -EBADMSG
 * with the stage in @ret_why (EDK for a length, COMMITMENT).
 */
int esdk_derive_committed(const struct secret *data_key,
			  const uint8_t message_id[ESDK_MESSAGE_ID_BYTES],
			  const uint8_t commitment[ESDK_COMMITMENT_BYTES],
			  struct secret *ret_message_key,
			  struct esdk_refusal *ret_why) _must_check_;

#endif
