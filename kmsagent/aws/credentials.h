/* SPDX-License-Identifier: MIT */
/*
 * Where AWS credentials come from: given, environment, shared credentials
 * file.  Nothing here talks to a network.
 * Source: AWS SDKs and Tools Reference Guide, "Standardized credential
 * providers" and "Shared config and credentials files".
 */
#ifndef KMSAGENT_AWS_CREDENTIALS_H
#define KMSAGENT_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

struct awskms_credentials {
	char *access_key_id;
	struct secret secret_access_key; /* text, no NUL */
	char *session_token;		 /* NULL for long-term credentials */
};

#define AWSKMS_CREDENTIALS_INIT ((struct awskms_credentials){0})

/*
 * Given ones; copies all.  @secret is text of @secret_len bytes, which the
 * caller still owns.  Returns 0, -EINVAL (an empty part, or a character that
 * no access key has), -ENOMEM.
 */
int awskms_credentials_set(struct awskms_credentials *c,
			   const char *access_key_id, const char *secret,
			   size_t secret_len,
			   const char *session_token) _must_check_;

/*
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.  The three are
 * wiped from this process's environment block afterwards.  Returns 0, -ENOENT
 * (not set), -EINVAL (one without the other), -ENOMEM.
 */
int awskms_credentials_from_env(struct awskms_credentials *c) _must_check_;

/*
 * Section [@profile] of the file at @path (@profile NULL = "default").  The
 * file must be regular and closed to group and others.  Returns 0, -ENOENT
 * (no file, or no such profile in it), -EPERM (mode or owner), -EINVAL (a key
 * missing, or syntax), -EFBIG (over 64 KiB), -ENOMEM, errno of open and read.
 */
int awskms_credentials_from_file(struct awskms_credentials *c, const char *path,
				 const char *profile) _must_check_;

/*
 * The parser of the above: @text holds @len bytes of such a file.  Pure; the
 * copies it makes are the secret and what @c holds.
 */
int awskms_credentials_parse(struct awskms_credentials *c,
			     const struct secret *text,
			     const char *profile) _must_check_;

void awskms_credentials_done(struct awskms_credentials *c);

#endif
