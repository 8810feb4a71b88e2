/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-2 appendix B), HMAC (RFC 4231), HKDF (RFC 5869 app. A). */
#include "kmsagent/crypto/kdf.h"

#include "kmsagent/crypto/encoding.h"
#include "tests/unit/tap.h"

static void set(struct secret *s, const void *bytes, size_t len)
{
	if (secret_set(s, bytes, len) < 0)
		abort();
}

static void eq_hex(const uint8_t *got, size_t len, const char *want,
		   const char *name)
{
	char text[256];

	hex_encode(got, len, text);
	TAP_EQ_STR(text, want, name);
}

static void test_sha256(void)
{
	const struct iovec abc[] = {
		{(void *)"a", 1}, {NULL, 0}, {(void *)"bc", 2}};
	uint8_t out[SHA256_BYTES];

	TAP_OK(sha256(abc, 3, out) == 0, "sha256_works");
	eq_hex(out, sizeof(out),
	       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	       "sha256_of_abc_in_pieces");
	TAP_OK(sha256(NULL, 0, out) == 0, "sha256_of_nothing_works");
	eq_hex(out, sizeof(out),
	       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	       "sha256_of_nothing");
}

static void test_hmac(void)
{
	static const char case2[] =
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38"
		"43";
	static const char case6[] =
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f"
		"54";
	static const char text2[] = "what do ya want for nothing?";
	static const char text6[] =
		"Test Using Larger Than Block-Size Key - Hash Key First";
	const struct iovec split[] = {{(void *)text2, 5},
				      {(void *)(text2 + 5), 23}};
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(hmac_done) struct hmac h = HMAC_INIT;
	uint8_t out[SHA256_BYTES], big[131];

	TAP_EQ_INT(hmac_init(&h, &key), -EINVAL, "hmac_refuses_an_empty_key");
	set(&key, "Jefe", 4);
	TAP_OK(hmac_init(&h, &key) == 0 && hmac_sign(&h, split, 2, out) == 0,
	       "hmac_signs");
	eq_hex(out, sizeof(out), case2, "hmac_of_rfc_4231_case_2_in_pieces");
	memset(out, 0, sizeof(out));
	TAP_OK(hmac_sign(&h, split, 2, out) == 0, "hmac_signs_again");
	eq_hex(out, sizeof(out), case2, "hmac_keeps_its_key");
	memset(big, 0xaa, sizeof(big));
	set(&key, big, sizeof(big));
	TAP_OK(hmac_init(&h, &key) == 0 &&
		       hmac_sign(&h,
				 &(struct iovec){(void *)text6, strlen(text6)},
				 1, out) == 0,
	       "hmac_takes_another_key");
	eq_hex(out, sizeof(out), case6, "hmac_of_rfc_4231_case_6");
}

static void test_hkdf(void)
{
	_cleanup_(secret_done) struct secret ikm = SECRET_INIT;
	_cleanup_(secret_done) struct secret out = SECRET_INIT;
	uint8_t b[80], salt[80], info[80];

	memset(b, 0x0b, sizeof(b));
	set(&ikm, b, 22);
	for (int i = 0; i < 80; i++)
		salt[i] = (uint8_t)i;
	for (int i = 0; i < 10; i++)
		info[i] = (uint8_t)(0xf0 + i);
	TAP_EQ_INT(hkdf_sha256(&ikm, salt, 13, info, 10, 42, &out), 0,
		   "hkdf_derives");
	eq_hex(out.bytes, out.len,
	       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5b"
	       "f34007208d5b887185865",
	       "hkdf_of_rfc_5869_case_1");
	for (int i = 0; i < 80; i++) {
		b[i] = (uint8_t)i;
		salt[i] = (uint8_t)(0x60 + i);
		info[i] = (uint8_t)(0xb0 + i);
	}
	set(&ikm, b, 80);
	TAP_EQ_INT(hkdf_sha256(&ikm, salt, 80, info, 80, 82, &out), 0,
		   "hkdf_derives_long");
	eq_hex(out.bytes, out.len,
	       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97"
	       "c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db"
	       "71cc30c58179ec3e87c14c01d5c1f3434f1d87",
	       "hkdf_of_rfc_5869_case_2");
	memset(b, 0x0b, sizeof(b));
	set(&ikm, b, 22);
	TAP_EQ_INT(hkdf_sha256(&ikm, NULL, 0, NULL, 0, 42, &out), 0,
		   "hkdf_derives_without_salt_and_info");
	eq_hex(out.bytes, out.len,
	       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2"
	       "d9d201395faa4b61a96c8",
	       "hkdf_of_rfc_5869_case_3");
	TAP_EQ_INT(hkdf_sha256(&ikm, NULL, 0, NULL, 0, 8161, &out), -EINVAL,
		   "hkdf_refuses_over_255_blocks");
	TAP_EQ_INT(hkdf_sha256(&ikm, NULL, 0, NULL, 0, 0, &out), -EINVAL,
		   "hkdf_refuses_no_bytes");
	TAP_EQ_INT((long long)out.len, 42, "a_refused_hkdf_changes_nothing");
	secret_done(&ikm);
	TAP_EQ_INT(hkdf_sha256(&ikm, NULL, 0, NULL, 0, 32, &out), -EINVAL,
		   "hkdf_refuses_no_key");
}

int main(void)
{
	test_sha256();
	test_hmac();
	test_hkdf();
	return tap_done();
}
