/* SPDX-License-Identifier: MIT */
/* JSON into a buffer.  It must not know what the text is for. */
#include "kmsagent/kms/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kmsagent/base/json.h"

#define FIRST_BYTES 2048

static char *reserve(struct text *t, size_t more)
{
	size_t cap = t->cap ? t->cap : FIRST_BYTES;
	char *grown;

	if (t->failed)
		return NULL;
	while (cap - t->len < more)
		cap *= 2;
	if (cap != t->cap) {
		grown = realloc(t->at, cap);
		if (!grown) {
			t->failed = true;
			return NULL;
		}
		t->at = grown;
		t->cap = cap;
	}
	return t->at + t->len;
}

void text_put(struct text *t, const char *s, size_t len)
{
	char *at = reserve(t, len);

	if (!at)
		return;
	memcpy(at, s, len);
	t->len += len;
}

/* Bytes of the well-formed UTF-8 sequence at @s, 0 if it is none. */
static size_t utf8_len(const unsigned char *s)
{
	static const struct {
		unsigned char mask, lead, len;
	} forms[] = {{0xe0, 0xc0, 2}, {0xf0, 0xe0, 3}, {0xf8, 0xf0, 4}};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		size_t len = forms[i].len;

		if ((s[0] & forms[i].mask) != forms[i].lead)
			continue;
		for (size_t k = 1; k < len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		/* Overlong forms, surrogates, beyond U+10FFFF. */
		if (s[0] == 0xc0 || s[0] == 0xc1 || s[0] > 0xf4 ||
		    (s[0] == 0xe0 && s[1] < 0xa0) ||
		    (s[0] == 0xed && s[1] > 0x9f) ||
		    (s[0] == 0xf0 && s[1] < 0x90) ||
		    (s[0] == 0xf4 && s[1] > 0x8f))
			return 0;
		return len;
	}
	return 0;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/*
 * How many bytes at @s, of which @len are there, need no escape.  Eight at a
 * time, as a byte each of a 64-bit word: one of EACH(0x80) is set in @odd for
 * a byte that is not plain, and maybe for one behind such a byte.
 */
#define EACH(n) ((uint64_t)(n)*0x0101010101010101)

static size_t plain_len(const unsigned char *s, size_t len)
{
	size_t n = 0;

	while (len - n >= sizeof(uint64_t)) {
		uint64_t w, quote, backslash, odd;

		memcpy(&w, s + n, sizeof(w));
		quote = w ^ EACH('"');
		backslash = w ^ EACH('\\');
		odd = w | (w + EACH(1)) | (w - EACH(0x20)) | (quote - EACH(1)) |
		      (backslash - EACH(1));
		if (odd & EACH(0x80))
			break;
		n += sizeof(w);
	}
	while (n < len && is_plain(s[n]))
		n++;
	return n;
}

static void put_escaped(struct text *t, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char u[] = "\\u0000", pair[] = "\\?";

	if (c == '"' || c == '\\') {
		pair[1] = (char)c;
		text_put(t, pair, 2);
		return;
	}
	u[4] = digits[c >> 4];
	u[5] = digits[c & 15];
	text_put(t, u, 6);
}

void text_string(struct text *t, const char *value)
{
	const unsigned char *s = (const unsigned char *)value, *end;

	if (!s) {
		text_literal(t, "null");
		return;
	}
	end = s + strlen(value);
	text_literal(t, "\"");
	for (;;) {
		size_t len = plain_len(s, (size_t)(end - s));

		text_put(t, (const char *)s, len);
		s += len;
		if (s == end)
			break;
		len = *s >= 0x80 ? utf8_len(s) : 0;
		if (len > 0)
			text_put(t, (const char *)s, len);
		else if (*s >= 0x80)
			text_put(t, "\xef\xbf\xbd", 3);
		else
			put_escaped(t, *s);
		s += len > 0 ? len : 1;
	}
	text_literal(t, "\"");
}

void text_bool(struct text *t, bool value)
{
	if (value)
		text_literal(t, "true");
	else
		text_literal(t, "false");
}

void text_json(struct text *t, const cJSON *value)
{
	_json_text_ char *printed = NULL;

	if (!value) {
		text_literal(t, "null");
		return;
	}
	if (cJSON_IsString(value)) {
		text_string(t, value->valuestring);
		return;
	}
	printed = json_print(value);
	if (printed)
		text_put(t, printed, strlen(printed));
	else
		t->failed = true;
}

void text_done(struct text *t)
{
	free(t->at);
	*t = TEXT_INIT;
}
