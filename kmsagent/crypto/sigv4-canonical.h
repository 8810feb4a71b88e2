/* SPDX-License-Identifier: MIT */
/*
 * Private to this folder: the string to sign, which client and service must
 * both arrive at, and header look-up.
 */
#ifndef KMSAGENT_CRYPTO_SIGV4_CANONICAL_H
#define KMSAGENT_CRYPTO_SIGV4_CANONICAL_H

#include "kmsagent/crypto/sigv4.h"

#define SIGV4_ALGORITHM	 "AWS4-HMAC-SHA256"
#define SIGV4_TERMINATOR "aws4_request"

/* Algorithm, time, scope, digest in hexadecimal, newlines between. */
#define SIGV4_STRING_BYTES 320

struct sigv4_scope {
	const char *date; /* YYYYMMDD */
	const char *region;
	const char *service;
};

/* The value of the first header of that name (any case), or NULL. */
const char *sigv4_header(const struct sigv4_request *req, const char *name);

/*
 * Write the string to sign of @req for exactly the headers that
 * @signed_headers lists.  Returns its length, or -ENOENT (a listed header is
 * not there), -EINVAL (a scope too long), -ENOMEM, -EIO.
 */
int sigv4_string_to_sign(const struct sigv4_request *req,
			 const char *signed_headers, size_t signed_headers_len,
			 const char *time, const struct sigv4_scope *scope,
			 char buf[SIGV4_STRING_BYTES]) _must_check_;

#endif
