/* SPDX-License-Identifier: MIT */
/*
 * AES-256-GCM by the kernel: libkcapi over AF_ALG.  The key is copied into
 * the kernel and nowhere else.  libkcapi opens its sockets and pipes without
 * close-on-exec: a process with an open session must not exec.
 */
#include <kcapi.h>

#include "kcapi/engine.h"
#include "kcapi/probe.h"

/*
 * An AF_ALG socket holds one request whole, within its send buffer, which
 * cannot be enlarged through libkcapi: 64 KiB fits in everywhere.
 */
#define MAX_BYTES (((size_t)64 << 10) + BULK_AAD_BYTES + BULK_TAG_BYTES)

static void alg_close(void *session)
{
	if (session)
		kcapi_aead_destroy(session);
}

static int alg_open(const struct secret *key, void **ret_session)
{
	struct kcapi_handle *handle = NULL;
	int r;

	if (key->len != BULK_KEY_BYTES)
		return -EINVAL;
	/* It would print errors on stderr; here they are returned. */
	kcapi_set_verbosity(KCAPI_LOG_NONE);
	r = kcapi_aead_init(&handle, BULK_ALG_NAME, 0);
	if (r < 0)
		return r;
	r = kcapi_aead_setkey(handle, key->bytes, (uint32_t)key->len);
	if (r == 0)
		r = kcapi_aead_settaglen(handle, BULK_TAG_BYTES);
	if (r < 0) {
		alg_close(handle);
		return r;
	}
	*ret_session = handle;
	return 0;
}

static bool is_too_long(size_t len, size_t aad_len)
{
	size_t max = MAX_BYTES - BULK_TAG_BYTES;

	return len > max || aad_len > max - len;
}

/*
 * Always KCAPI_ACCESS_SENDMSG: vmsplice pins pages, which memfd_secret
 * forbids, and a request beside an unaligned one would span more than the 16
 * pages that a splice takes; and only a request that was copied in may be
 * answered into the same buffer.
 */
static int alg_seal(void *session, const uint8_t iv[BULK_IV_BYTES],
		    uint8_t *text, size_t len, size_t aad_len)
{
	uint8_t *start = text - aad_len;
	size_t total = aad_len + len + BULK_TAG_BYTES;
	ssize_t n;

	if (is_too_long(len, aad_len))
		return -EMSGSIZE;
	kcapi_aead_setassoclen(session, aad_len);
	n = kcapi_aead_encrypt(session, start, aad_len + len, iv, start, total,
			       KCAPI_ACCESS_SENDMSG);
	if (n < 0)
		return (int)n;
	return (size_t)n == total ? 0 : -EIO;
}

static int alg_unseal(void *session, const uint8_t iv[BULK_IV_BYTES],
		      uint8_t *text, size_t len, size_t aad_len)
{
	uint8_t *start = text - aad_len;
	size_t total = aad_len + len + BULK_TAG_BYTES;
	ssize_t n;

	if (is_too_long(len, aad_len))
		return -EMSGSIZE;
	kcapi_aead_setassoclen(session, aad_len);
	n = kcapi_aead_decrypt(session, start, total, iv, start, aad_len + len,
			       KCAPI_ACCESS_SENDMSG);
	if (n < 0)
		return (int)n;
	return (size_t)n == aad_len + len ? 0 : -EIO;
}

const struct bulk_engine bulk_engine_kcapi = {
	.name = "kcapi",
	.max_bytes = MAX_BYTES,
	.probe = bulk_probe_kernel,
	.open = alg_open,
	.seal = alg_seal,
	.unseal = alg_unseal,
	.close = alg_close,
};
