/* SPDX-License-Identifier: MIT */
/*
 * An fscrypt v2 policy as names and numbers: the pairs of modes that may be
 * asked for, and the identifier by which the kernel knows a master key, so
 * that a key is known before any file system sees it.  Pure.
 * Source: kernel Documentation/filesystems/fscrypt.rst.
 */
#ifndef KMSAGENT_AGENT_FSPOLICY_H
#define KMSAGENT_AGENT_FSPOLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

#define FSPOLICY_ID_BYTES      16
#define FSPOLICY_ID_TEXT_BYTES (2 * FSPOLICY_ID_BYTES + 1)
/* Every pair of modes here is of AES-256's strength: not less goes in. */
#define FSPOLICY_KEY_MIN_BYTES 32

struct fspolicy {
	uint8_t identifier[FSPOLICY_ID_BYTES];
	uint32_t contents;  /* FSCRYPT_MODE_* */
	uint32_t filenames; /* FSCRYPT_MODE_* */
	uint32_t flags;	    /* FSCRYPT_POLICY_FLAGS_* */
};

/*
 * @identifier = HKDF-SHA512 of the master key, no salt, info "fscrypt\0" and
 * 1, 16 bytes.  -EINVAL (under FSPOLICY_KEY_MIN_BYTES or over 64), -ENOMEM.
 */
int fspolicy_identify(const struct secret *key,
		      uint8_t ret[FSPOLICY_ID_BYTES]) _must_check_;

void fspolicy_id_format(const uint8_t id[FSPOLICY_ID_BYTES],
			char buf[FSPOLICY_ID_TEXT_BYTES]);
/* 32 lower-case hexadecimal digits.  -EINVAL. */
int fspolicy_id_parse(const char *text,
		      uint8_t ret[FSPOLICY_ID_BYTES]) _must_check_;

/*
 * Modes by name; NULL: the default, or what goes with the other.  Padding of
 * names 4, 8, 16 or 32 bytes.  Returns 0, or -EINVAL with a sentence in @why.
 */
int fspolicy_choose(const char *contents, const char *filenames,
		    int64_t padding, struct fspolicy *ret, char *why,
		    size_t why_len) _must_check_;

/* "aes-256-xts"; "mode-N" for one that is not ours. */
#define FSPOLICY_MODE_BYTES 24
void fspolicy_mode_format(uint32_t mode, char buf[FSPOLICY_MODE_BYTES]);
unsigned fspolicy_padding(const struct fspolicy *p);

#endif
