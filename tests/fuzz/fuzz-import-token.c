/* SPDX-License-Identifier: MIT */
/*
 * Import tokens and wrapped key material as clients send them.  Nobody makes
 * a token by chance; behind a good one any bytes may come as the material.
 * The first byte says which of the four algorithms.
 */
#include <string.h>

#include "kmsagent/crypto/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARN "arn:aws:kms:us-east-1:111122223333:key/a"

static const char *const algorithms[] = {
	"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1",
	"RSA_AES_KEY_WRAP_SHA_256"};

static struct xaes_key kek;
static struct import_token good;
static uint8_t *token;
static size_t token_len;

static void set_up(void)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;

	good.algorithm = import_algorithm_find(algorithms[0]);
	good.valid_to_ms = 1790000000123;
	if (secret_random(&bytes, AEAD_KEY_BYTES) < 0 ||
	    xaes_key_init(&kek, &bytes) < 0 ||
	    pkey_generate(import_kind_find("RSA_2048"), &good.pair) < 0 ||
	    import_token_seal(&kek, ARN, &good, &token, &token_len) < 0)
		abort();
}

/* A good token with the input laid over it: good only where they agree. */
static void try_patched(const uint8_t *data, size_t size)
{
	struct import_token got = IMPORT_TOKEN_INIT;
	uint8_t patched[IMPORT_TOKEN_MAX_BYTES];
	size_t n = size < token_len ? size : token_len;
	int r;

	memcpy(patched, token, token_len);
	memcpy(patched, data, n);
	r = import_token_open(&kek, ARN, patched, token_len, &got);
	if ((r == 0) != (memcmp(patched, token, token_len) == 0))
		abort();
	import_token_done(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(secret_done) struct secret plain = SECRET_INIT;
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	struct import_token got = IMPORT_TOKEN_INIT;
	int r;

	if (!token)
		set_up();
	r = import_token_open(&kek, ARN, data, size, &got);
	if (r != -EBADMSG)
		abort();
	try_patched(data, size);
	if (size == 0)
		return 0;
	good.algorithm = import_algorithm_find(algorithms[data[0] % 4]);
	r = import_unwrap(&good, data + 1, size - 1, &plain);
	if (r != 0 && r != -EBADMSG)
		abort();
	/* OAEP takes any bytes for itself; the key wrap it would lead to. */
	if (secret_set(&key, "0123456789abcdef0123456789abcdef", 32) < 0)
		abort();
	r = kwp_unwrap(&key, data + 1, size - 1, &plain);
	if (r != -EBADMSG)
		abort();
	return 0;
}
