/* SPDX-License-Identifier: MIT */
/*
 * What a root key provider is: one struct of functions, one source file.
 * The frame around a wrapped key (which provider, which root key) belongs to
 * rootkey.c; a provider sees its own bytes only.
 */
#ifndef KMSAGENT_ROOTKEY_PROVIDER_H
#define KMSAGENT_ROOTKEY_PROVIDER_H

#include "kmsagent/rootkey/rootkey.h"

#define ROOTKEY_FINGERPRINT_LEN 32 /* hexadecimal digits */

struct rootkey_ops {
	const char *name; /* of the configuration; [a-z0-9-] */

	/*
	 * Find or make the key.  Gives its own state, whether the key is new
	 * and a fingerprint that is the key's for ever and gives nothing
	 * away.  On failure writes @why and leaves nothing open.
	 */
	int (*open)(const struct rootkey_conf *conf, void **ret_state,
		    char ret_fingerprint[ROOTKEY_FINGERPRINT_LEN + 1],
		    bool *ret_is_new, char why[ROOTKEY_WHY_BYTES]);

	/* Bind @plain to @id; bytes out are the provider's own. */
	int (*wrap)(void *state, const char *id, const struct secret *plain,
		    uint8_t **ret, size_t *ret_len);

	/* -EBADMSG if the bytes are not what wrap() made for @id. */
	int (*unwrap)(void *state, const char *id, const void *wrapped,
		      size_t len, struct secret *ret);

	void (*close)(void *state);
};

extern const struct rootkey_ops rootkey_file;

/* Write a sentence for the operator; returns @err. */
int rootkey_fail(char why[ROOTKEY_WHY_BYTES], int err, const char *format, ...)
	_printf_(3, 4);

#endif
