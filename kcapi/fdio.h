/* SPDX-License-Identifier: MIT */
/*
 * Whole reads and writes on any descriptor: short ones go on, interrupted
 * ones are repeated, and one that is non-blocking is waited for.
 */
#ifndef KCAPI_FDIO_H
#define KCAPI_FDIO_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"

/*
 * Read until @len bytes are there or the input ends; *ret_got says how many,
 * on failure too.  Returns 0 or the errno of read(2) or poll(2).
 */
int bulk_read(int fd, uint8_t *to, size_t len, size_t *ret_got) _must_check_;

/*
 * Write all of @len bytes; *ret_put says how many were taken, on failure
 * too.  Returns 0, -EPIPE (SIGPIPE must be ignored), -ENOSPC, -EIO ...
 */
int bulk_write(int fd, const uint8_t *from, size_t len,
	       size_t *ret_put) _must_check_;

#endif
