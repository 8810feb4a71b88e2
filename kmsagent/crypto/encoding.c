/* SPDX-License-Identifier: MIT */
/*
 * Text encodings.  Encoding base64 is OpenSSL's; decoding is ours, since
 * EVP_DecodeBlock() skips white space, takes stray bits in the last group
 * and cannot say where padding was.  No branch or index depends on decoded
 * bytes: they may be a key.
 */
#include "kmsagent/crypto/encoding.h"

#include <endian.h>
#include <string.h>

#include <openssl/evp.h>

#include "kmsagent/crypto/random.h"

void base64_encode(const void *src, size_t len, char *ret)
{
	EVP_EncodeBlock((unsigned char *)ret, src, (int)len);
}

/*
 * Eight characters at a time, a byte of a 64-bit word each.  EACH(n) is n in
 * every byte; no sum below carries out of its byte.
 */
#define EACH(n) ((uint64_t)(n)*0x0101010101010101)
#define GROUP	8 /* characters */
#define DECODED 6 /* bytes that come of them */

/* 0xff in each byte that lies in low..high, else 0; of bytes below 0x80. */
static uint64_t in_range(uint64_t word, unsigned low, unsigned high)
{
	uint64_t in = (word + EACH(0x80 - low)) & ~(word + EACH(0x7f - high));

	return ((in >> 7) & EACH(1)) * 0xff;
}

/* Returns not 0 if any character is not of the alphabet. */
static uint64_t decode_group(const char text[GROUP], uint8_t ret[DECODED])
{
	uint64_t word, high, upper, lower, digit, plus, slash, bits;

	memcpy(&word, text, sizeof(word));
	word = be64toh(word);
	high = word & EACH(0x80);
	word &= EACH(0x7f);
	upper = in_range(word, 'A', 'Z');
	lower = in_range(word, 'a', 'z');
	digit = in_range(word, '0', '9');
	plus = in_range(word, '+', '+');
	slash = in_range(word, '/', '/');
	/* Six bits a character: subtract above a borrowed bit, then add. */
	bits = (word | EACH(0x80)) -
	       ((upper & EACH('A')) | (lower & EACH('a' - 26)));
	bits = (bits & EACH(0x7f)) + ((digit & EACH(52 - '0')) |
				      (plus & EACH(62 - '+')) |
				      (slash & EACH(63 - '/')));
	/* Close the gaps: two of 6 bits to one of 12, two of those to 24. */
	bits = (bits & 0x003f003f003f003f) | (bits & 0x3f003f003f003f00) >> 2;
	bits = (bits & 0x00000fff00000fff) | (bits & 0x0fff00000fff0000) >> 4;
	bits = htobe64((bits >> 32 << 40) | (bits & 0xffffff) << 16);
	memcpy(ret, &bits, DECODED);
	return high | ~(upper | lower | digit | plus | slash);
}

int base64_decode(const char *text, size_t len, void *ret, size_t cap,
		  size_t *ret_len)
{
	uint8_t tail[DECODED], *out = ret;
	char last[GROUP];
	size_t pad = 0, out_len, i, o;
	uint64_t bad = 0;

	if (len % 4 != 0)
		return -EINVAL;
	if (len > 0 && text[len - 1] == '=')
		pad = text[len - 2] == '=' ? 2 : 1;
	out_len = BASE64_DECODED_MAX(len) - pad;
	if (out_len > cap)
		return -ENOBUFS;
	for (i = 0, o = 0; len - i > GROUP; i += GROUP, o += DECODED)
		bad |= decode_group(text + i, out + o);
	/* The rest, filled up with zero bits; no bit beyond it may be set. */
	memset(last, 'A', sizeof(last));
	if (len > 0)
		memcpy(last, text + i, len - i - pad);
	bad |= decode_group(last, tail);
	for (i = out_len - o; i < DECODED; i++)
		bad |= tail[i];
	if (out_len > 0)
		memcpy(out + o, tail, out_len - o);
	secret_wipe(tail, sizeof(tail));
	secret_wipe(last, sizeof(last));
	if (bad) {
		secret_wipe(out, out_len);
		return -EINVAL;
	}
	*ret_len = out_len;
	return 0;
}

int base64_decode_secret(const char *text, size_t len, struct secret *ret)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	size_t out_len;
	int r;

	if (len == 0 || len % 4 != 0)
		return -EINVAL;
	r = secret_alloc(&s, BASE64_DECODED_MAX(len));
	if (r < 0)
		return r;
	r = base64_decode(text, len, s.bytes, s.len, &out_len);
	if (r < 0)
		return r;
	secret_truncate(&s, out_len);
	secret_move(ret, &s);
	return 0;
}

void hex_encode(const void *src, size_t len, char *ret)
{
	const uint8_t *in = src;

	for (size_t i = 0; i < len; i++) {
		*ret++ = "0123456789abcdef"[in[i] >> 4];
		*ret++ = "0123456789abcdef"[in[i] & 15];
	}
	*ret = '\0';
}

/* The value of a lower-case digit, or -1. */
static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int hex_decode(const char *text, void *ret, size_t len)
{
	uint8_t *out = ret;

	for (size_t i = 0; i < len; i++) {
		int high = nibble(text[2 * i]);
		int low = high < 0 ? -1 : nibble(text[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * len] == '\0' ? 0 : -EINVAL;
}

int uuid_new(char ret[UUID_LEN + 1])
{
	uint8_t b[16];
	int r = random_nonce(b, sizeof(b));

	if (r < 0)
		return r;
	b[6] = (b[6] & 0x0f) | 0x40; /* version 4 */
	b[8] = (b[8] & 0x3f) | 0x80; /* variant 10 */
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*ret++ = '-';
		hex_encode(&b[i], 1, ret);
		ret += 2;
	}
	return 0;
}

bool uuid_is_valid(const char *s)
{
	for (size_t i = 0; i < UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : nibble(s[i]) < 0)
			return false;
	}
	return s[UUID_LEN] == '\0';
}
