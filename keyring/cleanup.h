/* SPDX-License-Identifier: MIT */
/*
 * Scope-bound ownership: _cleanup_() and the hand-over helpers.  Every
 * destructor here accepts what a half-built object holds (NULL, -1).
 */
#ifndef KEYRING_CLEANUP_H
#define KEYRING_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _must_check_   __attribute__((warn_unused_result))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_       __attribute__((unused))
#define _public_       __attribute__((visibility("default")))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Move a pointer out of its owner: the owner holds NULL afterwards. */
#define take_ptr(p)                                                            \
	({                                                                     \
		__typeof__(p) *owner_ = &(p);                                  \
		__typeof__(p) taken_ = *owner_;                                \
		*owner_ = NULL;                                                \
		taken_;                                                        \
	})

/* Move a descriptor out of its owner: the owner holds -1 afterwards. */
#define take_fd(fd)                                                            \
	({                                                                     \
		int *owner_ = &(fd);                                           \
		int taken_ = *owner_;                                          \
		*owner_ = -1;                                                  \
		taken_;                                                        \
	})

/* Close without losing the errno that is being reported. */
static inline int close_keep_errno(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	close_keep_errno(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _free_	 _cleanup_(freep)
#define _close_	 _cleanup_(closep)
#define _fclose_ _cleanup_(fclosep)

#endif
