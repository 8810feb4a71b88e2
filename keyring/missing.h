/* SPDX-License-Identifier: MIT */
/*
 * Kernel constants that Debian 12's headers (6.1) may lack.  Each names the
 * kernel version that brought it; a kernel without it answers with an errno
 * that the caller handles, so nothing here is decided at compile time.
 */
#ifndef KEYRING_MISSING_H
#define KEYRING_MISSING_H

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Linux 5.14: memory that even the kernel's direct map does not hold. */
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* Linux 5.14: prefault for writing, with an error instead of SIGBUS. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#ifndef AF_ALG
#define AF_ALG 38
#endif
#ifndef SOL_ALG
#define SOL_ALG 279
#endif

/* Linux 6.2: key an AF_ALG socket by the serial of a key in a keyring. */
#ifndef ALG_SET_KEY_BY_KEY_SERIAL
#define ALG_SET_KEY_BY_KEY_SERIAL 7
#endif

/* Linux 2.6.29: the ring a request wants its key in; not in keyutils.h. */
#ifndef KEY_SPEC_REQUESTOR_KEYRING
#define KEY_SPEC_REQUESTOR_KEYRING (-8)
#endif

#endif
