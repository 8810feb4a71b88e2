/* SPDX-License-Identifier: MIT */
/*
 * The only home of key bytes.  A secret knows its length, lies in locked
 * memory that no core dump, child or other process sees (memfd_secret where
 * the kernel has it, else mlock with MADV_DONTDUMP and MADV_DONTFORK), and
 * is wiped when its scope ends.
 *
 *	_cleanup_(secret_done) struct secret key = SECRET_INIT;
 *
 * memfd_secret pages cannot be pinned: never hand such a buffer to O_DIRECT,
 * vmsplice or io_uring fixed buffers.  Ordinary read, write, sendmsg and
 * add_key copy and work.  A forked child must exec before it allocates a
 * secret: the arena is not its own and not mapped there.
 */
#ifndef KEYRING_SECRET_H
#define KEYRING_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"

struct secret {
	uint8_t *bytes;
	size_t len; /* bytes in use */
	size_t cap; /* private: bytes owned; 0 = owns nothing */
};

#define SECRET_INIT	 ((struct secret){0})
#define SECRET_MAX_BYTES ((size_t)1 << 20)

/* What the arena stands on; for status and doctor. */
enum secret_backing {
	SECRET_BACKING_MEMFD_SECRET,
	SECRET_BACKING_MLOCK,
	SECRET_BACKING_UNLOCKED, /* RLIMIT_MEMLOCK exhausted, no privilege */
};

/*
 * Give an empty secret @len zeroed bytes; what it held before is wiped.
 * Returns 0, -EINVAL (0 or more than SECRET_MAX_BYTES), -ENOMEM.
 */
int secret_alloc(struct secret *s, size_t len) _must_check_;

/*
 * Replace the content by a copy of @src.  The caller still owns and wipes
 * @src.  Returns as secret_alloc().
 */
int secret_set(struct secret *s, const void *src, size_t len) _must_check_;

/* Fill with @len bytes of getrandom(2).  Returns as secret_alloc(), -EIO. */
int secret_random(struct secret *s, size_t len) _must_check_;

/* Shorten to @len bytes; the rest is wiped.  @len must not exceed s->len. */
void secret_truncate(struct secret *s, size_t len);

/* Move @from to @to; @to's old content is wiped, @from is empty after. */
void secret_move(struct secret *to, struct secret *from);

/* Equal in length and content; time depends on the length only. */
bool secret_equal(const struct secret *a, const struct secret *b) _must_check_;

/* Wipe and release.  Accepts an empty secret. */
void secret_done(struct secret *s);

/* Wipe a buffer that is not a secret, in a way no compiler drops. */
void secret_wipe(void *p, size_t len);

/* The weakest backing that any secret of this process has had so far. */
enum secret_backing secret_backing(void);

/*
 * For a process that holds keys: no core file, no ptrace by the same uid,
 * no swap of secrets.  Returns 0 or negative errno of prctl/setrlimit.
 * Source: prctl(2) PR_SET_DUMPABLE, getrlimit(2) RLIMIT_CORE.
 */
int secret_harden_process(void) _must_check_;

#endif
