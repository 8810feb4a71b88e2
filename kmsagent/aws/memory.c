/* SPDX-License-Identifier: MIT */
/*
 * libcurl's memory: what it gives back is wiped first, because its receive
 * buffer has held a data key.
 */
#include <malloc.h>
#include <string.h>

#include "kmsagent/aws/internal.h"

static void wiping_free(void *p)
{
	if (p)
		secret_wipe(p, malloc_usable_size(p));
	free(p);
}

static void *wiping_realloc(void *p, size_t len)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *new;

	if (p && len <= had)
		return p;
	new = malloc(len ? len : 1);
	if (!new)
		return NULL;
	if (p)
		memcpy(new, p, had);
	wiping_free(p);
	return new;
}

int awskms_global_init(void)
{
	/* libcurl would write the session keys of TLS to the file it names. */
	unsetenv("SSLKEYLOGFILE");
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free,
				    wiping_realloc, strdup, calloc) == CURLE_OK
		       ? 0
		       : -EIO;
}
