/* SPDX-License-Identifier: MIT */
/*
 * Key unwrap with padding against NIST's vectors (tests/data/kwp-nist.txt),
 * and import tokens: what one is bound to.
 */
#include "kmsagent/crypto/import.h"
#include "tests/unit/tap.h"
#include "tests/unit/vectors.h"

#define ARN "arn:aws:kms:us-east-1:111122223333:key/a"

static void test_kwp(void)
{
	FILE *f = vector_open("tests/data/kwp-nist.txt");
	unsigned opened = 0, refused = 0, wrong = 0;
	struct vector v;

	while (vector_next(f, &v)) {
		_cleanup_(secret_done) struct secret key = SECRET_INIT;
		_cleanup_(secret_done) struct secret got = SECRET_INIT;
		struct vector_bytes k = vector_bytes(&v, "K");
		struct vector_bytes c = vector_bytes(&v, "C");
		int r = secret_set(&key, k.p, k.len);

		if (r == 0)
			r = kwp_unwrap(&key, c.p, c.len, &got);
		if (!vector_find(&v, "P")) {
			wrong += r != -EBADMSG || got.len != 0;
			refused++;
		} else {
			struct vector_bytes p = vector_bytes(&v, "P");

			wrong += r != 0 || got.len != p.len ||
				 memcmp(got.bytes, p.p, p.len) != 0;
			opened++;
			free(p.p);
		}
		free(k.p);
		free(c.p);
		vector_done(&v);
	}
	fclose(f);
	tap_diag("%u to open, %u to refuse", opened, refused);
	TAP_OK(opened > 20 && refused > 5, "there_are_vectors");
	TAP_EQ_INT(wrong, 0, "each_gives_what_NIST_says");
}

static void test_lengths(void)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(secret_done) struct secret got = SECRET_INIT;
	const uint8_t bytes[24] = {0};

	if (secret_random(&key, 16) < 0)
		exit(1);
	TAP_EQ_INT(kwp_unwrap(&key, bytes, 24, &got), -EINVAL,
		   "a_key_of_128_bits_is_refused");
	if (secret_random(&key, 32) < 0)
		exit(1);
	TAP_EQ_INT(kwp_unwrap(&key, bytes, 0, &got), -EBADMSG, "nothing");
	TAP_EQ_INT(kwp_unwrap(&key, bytes, 8, &got), -EBADMSG, "one_block");
	TAP_EQ_INT(kwp_unwrap(&key, bytes, 23, &got), -EBADMSG,
		   "no_whole_blocks");
}

static void test_tokens(void)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	_cleanup_(xaes_key_done) struct xaes_key kek = XAES_KEY_INIT;
	_cleanup_(xaes_key_done) struct xaes_key other = XAES_KEY_INIT;
	_cleanup_(import_token_done) struct import_token made = {
		.algorithm = import_algorithm_find("RSA_AES_KEY_WRAP_SHA_1"),
		.valid_to_ms = 1790000000123};
	_cleanup_(import_token_done) struct import_token got =
		IMPORT_TOKEN_INIT;
	_free_ uint8_t *token = NULL;
	size_t len = 0, taken = 0;

	if (secret_random(&bytes, AEAD_KEY_BYTES) < 0 ||
	    xaes_key_init(&kek, &bytes) < 0 ||
	    secret_random(&bytes, AEAD_KEY_BYTES) < 0 ||
	    xaes_key_init(&other, &bytes) < 0 ||
	    pkey_generate(pkey_kind_find("RSA_2048"), &made.pair) < 0 ||
	    import_token_seal(&kek, ARN, &made, &token, &len) < 0)
		exit(1);
	TAP_EQ_INT(import_token_open(&kek, ARN, token, len, &got), 0,
		   "a_token_opens");
	TAP_OK(got.algorithm == made.algorithm &&
		       got.valid_to_ms == made.valid_to_ms,
	       "to_what_was_put_in");
	TAP_EQ_INT(import_token_open(&other, ARN, token, len, &got), -EBADMSG,
		   "not_under_another_key");
	TAP_EQ_INT(import_token_open(&kek, ARN "b", token, len, &got), -EBADMSG,
		   "not_for_another_key");
	for (size_t n = 0; n < len; n++)
		taken += import_token_open(&kek, ARN, token, n, &got) !=
			 -EBADMSG;
	TAP_EQ_INT(taken, 0, "nor_if_it_is_cut_short");
	for (size_t i = 0; i < len * 8; i++) {
		token[i / 8] ^= (uint8_t)(1u << i % 8);
		taken += import_token_open(&kek, ARN, token, len, &got) !=
			 -EBADMSG;
		token[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	TAP_EQ_INT(taken, 0, "nor_with_any_bit_changed");
	pkey_done(&made.pair);
	if (pkey_generate(pkey_kind_find("ECC_NIST_P256"), &made.pair) < 0)
		exit(1);
	TAP_EQ_INT(import_token_seal(&kek, ARN, &made, &token, &len), -EINVAL,
		   "a_pair_that_wraps_nothing_has_no_token");
}

int main(void)
{
	test_kwp();
	test_lengths();
	test_tokens();
	return tap_done();
}
