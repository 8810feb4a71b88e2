/* SPDX-License-Identifier: MIT */
/*
 * Bytes as text: base64, lower-case hexadecimal and UUIDs, each in exactly
 * one spelling.  Decoding is strict, since two texts for the same bytes would
 * be two names for the same blob.  Nothing here allocates but secrets.
 */
#ifndef KMSAGENT_CRYPTO_ENCODING_H
#define KMSAGENT_CRYPTO_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

/* Characters of the base64 of @len bytes, without the closing NUL. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)
/* At most so many bytes come out of @len characters of base64. */
#define BASE64_DECODED_MAX(len) ((len) / 4 * 3)

#define UUID_LEN 36 /* characters, without the closing NUL */

/*
 * Write BASE64_LEN(len) characters and a NUL to @ret.  @src may be the bytes
 * of a secret: then @ret is one too, or is wiped by the caller.  @len is at
 * most SECRET_MAX_BYTES.  Source: RFC 4648 section 4.
 */
void base64_encode(const void *src, size_t len, char *ret);

/*
 * Decode @len characters (no NUL needed) to at most @cap bytes at @ret; @ret
 * is wiped if the text turns out bad half-way.  Returns 0, -EINVAL (a length
 * that is no multiple of 4, a character outside the alphabet, white space,
 * padding that is missing, early or over non-zero bits), -ENOBUFS (@cap).
 */
int base64_decode(const char *text, size_t len, void *ret, size_t cap,
		  size_t *ret_len) _must_check_;

/*
 * The same straight into a secret.  The caller owns and wipes @text.
 * Returns also -EINVAL for no bytes at all, -ENOMEM.
 */
int base64_decode_secret(const char *text, size_t len,
			 struct secret *ret) _must_check_;

/* Write 2 * len lower-case digits and a NUL to @ret. */
void hex_encode(const void *src, size_t len, char *ret);

/*
 * Decode exactly 2 * @len lower-case digits, which must end in a NUL, to @len
 * bytes at @ret.  Returns 0 or -EINVAL.
 */
int hex_decode(const char *text, void *ret, size_t len) _must_check_;

/*
 * A new random UUID in lower case.  Returns 0, -ENOMEM, -EIO.
 * Source: RFC 9562 section 5.4 (version 4).
 */
int uuid_new(char ret[UUID_LEN + 1]) _must_check_;

/* 8-4-4-4-12 lower-case digits, of any version. */
bool uuid_is_valid(const char *s) _must_check_;

#endif
