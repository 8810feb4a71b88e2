/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and small files: whole reads and writes, atomic replacement.
 * All descriptors made here are close-on-exec.
 */
#ifndef KMSAGENT_BASE_IO_H
#define KMSAGENT_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

/* Read until @len bytes or end of file; the bytes read, or negative errno. */
ssize_t io_read_full(int fd, void *buf, size_t len) _must_check_;

/* Write all @len bytes.  0 or negative errno (-EPIPE without a signal only
 * if the process ignores SIGPIPE). */
int io_write_full(int fd, const void *buf, size_t len) _must_check_;

/*
 * A small text file as a NUL-terminated string that the caller frees.
 * Returns -EFBIG above @max bytes, -EILSEQ with a NUL inside, or errno of
 * open and read.  @dirfd as openat(2); AT_FDCWD for plain paths.
 */
int io_read_text(int dirfd, const char *path, size_t max,
		 char **ret) _must_check_;

/*
 * The bits of @mode that let somebody else at the file @path.  A credential of
 * our unit may have the group's read bit: there it is the mask of an access
 * control list that names our user.  Source: systemd.exec(5), LoadCredential=.
 */
mode_t io_open_bits(const char *path, mode_t mode);

/* The same of an open descriptor (borrowed), to its end. */
int io_read_text_fd(int fd, size_t max, char **ret) _must_check_;

/*
 * A small file straight into a secret; trailing newline kept.  The file must be
 * regular, owned by root or the caller and closed to group and others
 * (io_open_bits()), else -EPERM.
 */
int io_read_secret(int dirfd, const char *path, size_t max,
		   struct secret *ret) _must_check_;

/*
 * Replace (or create) @name in the folder @dirfd: temporary file, fsync,
 * rename, fsync of the folder.  After 0 the content survives power loss;
 * after an error the old content is whole.
 */
int io_write_atomic(int dirfd, const char *name, const void *buf, size_t len,
		    mode_t mode) _must_check_;

/* Make @path and its missing parents with @mode.  0 also if it is there. */
int io_mkdir_p(const char *path, mode_t mode) _must_check_;

/* Open a folder for *at(2) calls. */
int io_open_dir(const char *path, int *ret_fd) _must_check_;

/* printf into a fresh string; NULL when out of memory. */
char *io_format(const char *format, ...) _printf_(1, 2) _must_check_;

#endif
