/* SPDX-License-Identifier: MIT */
/* Text encodings; base64 vectors of RFC 4648 section 10, and OpenSSL's. */
#include "kmsagent/crypto/encoding.h"

#include <openssl/evp.h>

#include "kmsagent/crypto/random.h"
#include "tests/unit/tap.h"

static const struct {
	const char *plain, *text;
} rfc4648[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
};

static void test_rfc4648(void)
{
	bool encoded = true, decoded = true;

	for (size_t i = 0; i < ARRAY_SIZE(rfc4648); i++) {
		size_t len = strlen(rfc4648[i].plain), got = 99;
		char text[16];
		uint8_t bytes[16];

		base64_encode(rfc4648[i].plain, len, text);
		encoded &= strcmp(text, rfc4648[i].text) == 0 &&
			   strlen(text) == BASE64_LEN(len);
		decoded &= base64_decode(text, strlen(text), bytes,
					 sizeof(bytes), &got) == 0 &&
			   got == len &&
			   memcmp(bytes, rfc4648[i].plain, len) == 0;
	}
	TAP_OK(encoded, "base64_encodes_the_vectors_of_rfc_4648");
	TAP_OK(decoded, "base64_decodes_the_vectors_of_rfc_4648");
}

/* Against OpenSSL's encoder, every length and every byte value. */
static void test_all_lengths(void)
{
	uint8_t bytes[300], back[300];
	char text[BASE64_LEN(300) + 1];
	bool same = true;

	for (size_t len = 0; len < sizeof(bytes); len++) {
		size_t got;
		int n;

		for (size_t i = 0; i < len; i++)
			bytes[i] = (uint8_t)(i * 167 + len);
		n = EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
		memset(back, 0xaa, sizeof(back));
		same &= base64_decode(text, (size_t)n, back, len, &got) == 0 &&
			got == len && memcmp(back, bytes, len) == 0;
	}
	TAP_OK(same, "base64_decodes_what_openssl_encodes_at_every_length");
}

static void test_each_character(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				       "mnopqrstuvwxyz0123456789+/";
	size_t wrong = 0;

	/* In each of eight places of a whole group and of the last one. */
	for (size_t at = 0; at < 12; at++)
		for (int c = 0; c < 256; c++) {
			char text[12];
			uint8_t out[9];
			size_t got;
			bool good = c && strchr(alphabet, c);

			if (c == '=' && at == 11)
				continue; /* padding, tried below */
			memset(text, 'A', sizeof(text));
			text[at] = (char)c;
			wrong += good !=
				 (base64_decode(text, 12, out, 9, &got) == 0);
		}
	TAP_EQ_INT((long long)wrong, 0,
		   "base64_takes_its_alphabet_and_nothing_else");
}

static const struct {
	const char *name, *text;
} bad[] = {
	{"base64_refuses_a_length_of_5", "Zm9vY"},
	{"base64_refuses_missing_padding", "Zm8"},
	{"base64_refuses_three_equals_signs", "Z==="},
	{"base64_refuses_only_equals_signs", "===="},
	{"base64_refuses_padding_inside", "Zg==Zg=="},
	{"base64_refuses_padding_before_a_letter", "Zg=A"},
	{"base64_refuses_bits_under_two_equals_signs", "Zh=="},
	{"base64_refuses_bits_under_one_equals_sign", "Zm9="},
	{"base64_refuses_bits_in_a_second_group", "Zm9vZh=="},
	{"base64_refuses_a_newline_at_the_end", "Zm9\n"},
	{"base64_refuses_white_space_inside", "Zm 9"},
	{"base64_refuses_the_alphabet_of_urls", "Zm-_"},
};

static void test_refusals(void)
{
	uint8_t out[16];
	size_t got = 99;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(out, 0, sizeof(out));
		TAP_OK(base64_decode(bad[i].text, strlen(bad[i].text), out,
				     sizeof(out), &got) == -EINVAL &&
			       got == 99,
		       bad[i].name);
	}
	memset(out, 0xaa, sizeof(out));
	TAP_OK(base64_decode("Zm9vYmFy", 8, out, 5, &got) == -ENOBUFS &&
		       out[0] == 0xaa,
	       "base64_refuses_more_than_the_buffer_holds");
	TAP_OK(base64_decode("Zm9vYmFyZm9v*mFy", 16, out, 16, &got) < 0 &&
		       out[0] == 0 && out[5] == 0 && out[11] == 0,
	       "base64_wipes_what_it_decoded_of_bad_text");
}

static void test_secret(void)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;

	TAP_OK(base64_decode_secret("Zm9vYg==", 8, &s) == 0 && s.len == 4 &&
		       memcmp(s.bytes, "foob", 4) == 0,
	       "base64_decodes_into_a_secret");
	TAP_OK(base64_decode_secret("Zm9vYg=!", 8, &s) == -EINVAL &&
		       s.len == 4 && memcmp(s.bytes, "foob", 4) == 0,
	       "a_secret_survives_bad_text");
	TAP_EQ_INT(base64_decode_secret("", 0, &s), -EINVAL,
		   "no_text_is_no_secret");
}

static void test_hex(void)
{
	uint8_t b[4] = {0x00, 0x9f, 0xa0, 0xff};
	char text[9];

	hex_encode(b, 4, text);
	TAP_EQ_STR(text, "009fa0ff", "hex_encodes");
	memset(b, 0, 4);
	TAP_OK(hex_decode("009fa0ff", b, 4) == 0 && b[1] == 0x9f &&
		       b[3] == 0xff,
	       "hex_decodes");
	TAP_EQ_INT(hex_decode("009FA0FF", b, 4), -EINVAL,
		   "hex_refuses_upper_case");
	TAP_EQ_INT(hex_decode("009fa0f", b, 4), -EINVAL,
		   "hex_refuses_too_few_digits");
	TAP_EQ_INT(hex_decode("009fa0ff0", b, 4), -EINVAL,
		   "hex_refuses_too_many_digits");
	TAP_EQ_INT(hex_decode("009fa0f ", b, 4), -EINVAL, "hex_refuses_spaces");
}

static void test_uuid(void)
{
	char a[UUID_LEN + 1], b[UUID_LEN + 1];
	bool shaped = true;

	for (int i = 0; i < 200; i++)
		shaped &= uuid_new(a) == 0 && uuid_is_valid(a) &&
			  a[14] == '4' && strchr("89ab", a[19]);
	TAP_OK(shaped, "uuids_are_of_version_4");
	TAP_OK(uuid_new(b) == 0 && strcmp(a, b) != 0, "uuids_differ");
	TAP_OK(!uuid_is_valid("1234abcd12ab34cd56ef1234567890ab"),
	       "a_uuid_needs_dashes");
	TAP_OK(!uuid_is_valid("1234ABCD-12ab-34cd-56ef-1234567890ab"),
	       "a_uuid_is_lower_case");
	TAP_OK(!uuid_is_valid("1234abcd-12ab-34cd-56ef-1234567890abc"),
	       "a_uuid_has_36_characters");
	TAP_OK(!uuid_is_valid(""), "nothing_is_no_uuid");
}

int main(void)
{
	test_rfc4648();
	test_all_lengths();
	test_each_character();
	test_refusals();
	test_secret();
	test_hex();
	test_uuid();
	return tap_done();
}
