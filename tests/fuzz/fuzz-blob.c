/* SPDX-License-Identifier: MIT */
/*
 * Ciphertext blobs as clients send them.  What parses must be taken apart
 * right, and must not open: nobody finds a tag by chance.
 */
#include <string.h>

#include "kmsagent/crypto/blob.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/wrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct xaes_key key;

static void set_up(void)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;

	if (secret_random(&bytes, AEAD_KEY_BYTES) < 0 ||
	    xaes_key_init(&key, &bytes) < 0)
		abort();
}

static void check_base64(const uint8_t *data, size_t size)
{
	_free_ uint8_t *bytes = malloc(size + 1);
	_free_ char *text = malloc(size + 5);
	size_t len;

	if (!bytes || !text)
		abort();
	if (base64_decode((const char *)data, size, bytes, size, &len) < 0)
		return;
	/* Bytes have one text: what was taken is what we would write. */
	base64_encode(bytes, len, text);
	if (strlen(text) != size || memcmp(text, data, size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(secret_done) struct secret plain = SECRET_INIT;
	const struct ectx none = ECTX_INIT;
	struct blob b;
	struct blob_key k = {"111122223333", "us-east-1", b.key_id,
			     b.material_id, &key};

	if (!key.bytes.bytes)
		set_up();
	check_base64(data, size);
	if (wrap_open(&key, WRAP_ROLE_MATERIAL, "id", data, size, &plain) !=
	    -EBADMSG)
		abort();
	if (blob_parse(data, size, &b) < 0)
		return 0;
	if (!blob_key_id_is_valid(b.key_id) ||
	    strlen(b.material_id) != BLOB_MATERIAL_ID_LEN || b.header != data ||
	    b.sealed + b.sealed_len != data + size)
		abort();
	if (blob_open(&k, &none, &b, &plain) != -EBADMSG)
		abort();
	return 0;
}
