/* SPDX-License-Identifier: MIT */
/*
 * Who does AES-256-GCM: the kernel ("kcapi", by libkcapi and AF_ALG) or
 * OpenSSL ("openssl"), behind one struct of functions.  An engine seals and
 * opens single texts in place; it must not know messages or descriptors.
 */
#ifndef KCAPI_ENGINE_H
#define KCAPI_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define BULK_KEY_BYTES	  32
#define BULK_IV_BYTES	  12
#define BULK_TAG_BYTES	  16
#define BULK_AAD_BYTES	  96 /* room before a text: its aad is no longer */
#define BULK_REASON_BYTES 256

/* What a look at an engine found. */
enum bulk_verdict {
	BULK_VERDICT_OK,	/* self-test passed */
	BULK_VERDICT_NO_AF_ALG, /* no such socket family, or switched off */
	BULK_VERDICT_NO_AEAD, /* AF_ALG without aead: algif_aead blacklisted */
	BULK_VERDICT_RESTRICTED, /* aead, but gcm(aes) is not offered */
	BULK_VERDICT_DENIED,	 /* seccomp, LSM, container */
	BULK_VERDICT_BROKEN,	 /* wrong result in the self-test */
	BULK_VERDICT_ERROR,	 /* anything else: see error */
};

struct bulk_probe {
	enum bulk_verdict verdict;
	int error; /* 0 or the negative errno behind the verdict */
	char reason[BULK_REASON_BYTES]; /* a sentence: cause and next step */
};

/*
 * The text and everything about it lie in one buffer:
 *
 *	| aad, aad_len bytes | text, len bytes | tag, 16 bytes |
 *	                      ^ text points here
 *
 * so that the kernel takes and gives it in one piece.  The aad is left as it
 * is.  A session is for one thread; sessions are independent.
 */
struct bulk_engine {
	const char *name;
	size_t max_bytes; /* longest aad + text + tag of one call */

	/* Look whether it works here, self-test included. */
	void (*probe)(struct bulk_probe *ret);

	/* Key a session; copies the key.  -EINVAL (length), errno. */
	int (*open)(const struct secret *key, void **ret_session);

	/* Encrypt in place and write the tag.  0, -EMSGSIZE, errno. */
	int (*seal)(void *session, const uint8_t iv[BULK_IV_BYTES],
		    uint8_t *text, size_t len, size_t aad_len);

	/*
	 * Verify and decrypt in place.  0, -EBADMSG (the tag: what lies at
	 * @text now must not be used), -EMSGSIZE, errno.
	 */
	int (*unseal)(void *session, const uint8_t iv[BULK_IV_BYTES],
		      uint8_t *text, size_t len, size_t aad_len);

	/* Wipe and free; accepts NULL. */
	void (*close)(void *session);
};

extern const struct bulk_engine bulk_engine_kcapi;
extern const struct bulk_engine bulk_engine_openssl;

/* By name, NULL if there is none of that name ("auto" is not one). */
const struct bulk_engine *bulk_engine_find(const char *name) _must_check_;

/* One word for a verdict: "ok", "no-af-alg", "restricted", ... */
const char *bulk_verdict_name(enum bulk_verdict verdict);

/*
 * Encrypt, decrypt and refuse a published vector with @engine: AES-256-GCM
 * test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation".
 * Returns 0, -EBADMSG (wrong result), or the engine's errno.
 */
int bulk_engine_self_test(const struct bulk_engine *engine) _must_check_;

/*
 * Choose for a message whose longest text is @text_bytes: BULK_FRAME_BYTES
 * for writing, esdk_header_text_bytes() for reading.  @name is "kcapi" or
 * "openssl" (that one or failure) or "auto": the kernel when it may and can,
 * else OpenSSL.  NULL counts as "auto".
 *   ret_reason  a sentence: what was chosen or refused, and why
 * Returns 0, -EINVAL (no such name), -EMSGSIZE (the texts are longer than
 * the engine asked for takes), -EOPNOTSUPP (it does not work here).
 * ret_reason is filled in all cases.
 */
int bulk_engine_choose(const char *name, uint32_t text_bytes,
		       const struct bulk_engine **ret_engine,
		       char ret_reason[BULK_REASON_BYTES]) _must_check_;

#endif
