/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's memory: what it gives back is overwritten first, since its coders
 * free buffers that held a private key as they are (3.0: ASN1_i2d_bio() for
 * one).
 */
#include <malloc.h>
#include <string.h>

#include <openssl/crypto.h>

#include "kmsagent/crypto/pkey.h"

static void *get(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return len > 0 ? malloc(len) : NULL; /* as OpenSSL's own */
}

static void wipe_and_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

static void *move(void *p, size_t len, const char *file, int line)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *new;

	if (len > 0 && len <= had)
		return p;
	new = get(len, file, line);
	if (!new &&len > 0)
		return NULL;
	if (p && new)
		memcpy(new, p, had);
	wipe_and_free(p, file, line);
	return new;
}

int crypto_wipe_freed(void)
{
	return CRYPTO_set_mem_functions(get, move, wipe_and_free) == 1 ? 0
								       : -EBUSY;
}
