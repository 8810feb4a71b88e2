/* SPDX-License-Identifier: MIT */
/*
 * What came back, as bytes.  A data key is moved out of the text before a
 * JSON parser, which copies all it sees, may look at it.
 */
#include <stdio.h>
#include <string.h>

#include "kmsagent/aws/internal.h"
#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"

struct span {
	size_t at, len;
};

/* The index of the quote that closes the one at @i; @len if there is none. */
static size_t string_end(const uint8_t *s, size_t i, size_t len)
{
	for (i++; i < len && s[i] != '"'; i++)
		if (s[i] == '\\')
			i++;
	return i < len ? i : len;
}

static size_t skip_space(const uint8_t *s, size_t i, size_t len)
{
	while (i < len && strchr(" \t\r\n", s[i]) && s[i])
		i++;
	return i;
}

/*
 * Find the string value of a top-level member, without its quotes.  What is
 * not JSON may be walked over here; the parser refuses it afterwards.
 */
static int find_member(const uint8_t *s, size_t len, const char *name,
		       struct span *ret)
{
	size_t i = skip_space(s, 0, len), end, depth = 0;
	bool expect_name = false, found = false;

	if (i == len || s[i] != '{')
		return -EBADMSG;
	for (; i < len; i++) {
		switch (s[i]) {
		case '{':
		case '[':
			expect_name = ++depth == 1;
			break;
		case '}':
		case ']':
			if (depth-- == 0)
				return -EBADMSG;
			break;
		case ',':
			expect_name = depth == 1;
			break;
		case '"': {
			bool is_name;

			end = string_end(s, i, len);
			if (end == len)
				return -EBADMSG;
			is_name = expect_name && end - i - 1 == strlen(name) &&
				  memcmp(s + i + 1, name, strlen(name)) == 0;
			expect_name = false;
			i = end;
			if (!is_name)
				break;
			if (found)
				return -EBADMSG;
			i = skip_space(s, i + 1, len);
			if (i == len || s[i] != ':')
				return -EBADMSG;
			i = skip_space(s, i + 1, len);
			if (i == len || s[i] != '"')
				return -EBADMSG;
			end = string_end(s, i, len);
			if (end == len)
				return -EBADMSG;
			*ret = (struct span){i + 1, end - i - 1};
			found = true;
			i = end;
			break;
		}
		}
	}
	return found ? 0 : -ENOENT;
}

/*
 * Some JSON writers escape '/', '+' and '='.  In place; returns the new
 * length.  What is no base64 afterwards is refused by the decoder.
 */
static size_t unescape(uint8_t *s, size_t len)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned code;
		char hex[5] = "";

		if (s[i] != '\\' || i + 1 == len) {
			s[out++] = s[i];
		} else if (s[i + 1] == 'u' && i + 5 < len) {
			memcpy(hex, s + i + 2, 4);
			s[out++] = sscanf(hex, "%4x", &code) == 1 && code < 128
					   ? (uint8_t)code
					   : '?';
			i += 5;
		} else {
			s[out++] = s[++i];
		}
	}
	return out;
}

int awskms_secret_take(uint8_t *body, size_t len, const char *name,
		       struct secret *ret)
{
	struct span at = {0};
	int r = find_member(body, len, name, &at);

	if (r < 0)
		return r;
	if (ret)
		r = base64_decode_secret((const char *)body + at.at,
					 unescape(body + at.at, at.len), ret);
	secret_wipe(body + at.at, at.len);
	memset(body + at.at, '*', at.len);
	return r == -EINVAL ? -EBADMSG : r;
}

void awskms_text_copy(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from && n + 1 < size; from++)
		to[n++] = *from >= ' ' && *from <= '~' ? *from : '?';
	to[n] = '\0';
}

/* "com.amazonaws.kms#NotFoundException:http://..." to the bare name. */
static void copy_code(char *to, const char *from)
{
	const char *hash = strchr(from, '#');

	awskms_text_copy(to, AWSKMS_CODE_BYTES, hash ? hash + 1 : from);
	to[strcspn(to, ":")] = '\0';
}

bool awskms_error_parse(const void *body, size_t len, long http_status,
			const char *error_type, struct awskms_error *err)
{
	_json_ cJSON *j = NULL;
	const char *code = error_type, *message = "";

	if (json_parse_object(body, len, &j) == 0) {
		(void)!json_get_string(j, "__type", &code);
		/* Front ends write it with a capital. */
		if (json_get_string(j, "message", &message) < 0)
			(void)!json_get_string(j, "Message", &message);
	}
	if (!code || !*code)
		return false;
	copy_code(err->code, code);
	awskms_text_copy(err->message, sizeof(err->message),
			 *message ? message : err->code);
	err->http_status = http_status;
	err->class = awskms_class_of(err->code, err->message);
	err->may_pass = awskms_code_may_pass(err->code, http_status);
	return true;
}
