/* SPDX-License-Identifier: MIT */
/*
 * Random bytes that anybody may see: nonces and identifiers.  Never for keys:
 * those come by secret_random() straight into locked memory.
 */
#ifndef KMSAGENT_CRYPTO_RANDOM_H
#define KMSAGENT_CRYPTO_RANDOM_H

#include <stddef.h>

#include "keyring/cleanup.h"

/*
 * Fill @buf with @len bytes of the kernel's generator, by way of a pool of
 * this thread's that a forked child finds empty.  Returns 0, -ENOMEM (the
 * thread's first call), -EIO (getrandom failed).  Source: getrandom(2),
 * madvise(2) MADV_WIPEONFORK.
 */
int random_nonce(void *buf, size_t len) _must_check_;

#endif
