/* SPDX-License-Identifier: MIT */
/* Descriptors and small files.  It must not know what they hold. */
#include "kmsagent/base/io.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

ssize_t io_read_full(int fd, void *buf, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)buf + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int io_write_full(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_read_text_fd(int fd, size_t max, char **ret)
{
	_free_ char *text = malloc(max + 2);
	ssize_t n;

	if (!text)
		return -ENOMEM;
	n = io_read_full(fd, text, max + 1);
	if (n < 0)
		return (int)n;
	if ((size_t)n > max)
		return -EFBIG;
	text[n] = '\0';
	if (strlen(text) != (size_t)n)
		return -EILSEQ;
	*ret = take_ptr(text);
	return 0;
}

int io_read_text(int dirfd, const char *path, size_t max, char **ret)
{
	_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : io_read_text_fd(fd, max, ret);
}

mode_t io_open_bits(const char *path, mode_t mode)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t len = folder ? strlen(folder) : 0;
	bool is_credential = len > 1 && strncmp(path, folder, len) == 0 &&
			     path[len] == '/' && !strchr(path + len + 1, '/');

	return mode & (S_IRWXG | S_IRWXO) & ~(is_credential ? S_IRGRP : 0);
}

int io_read_secret(int dirfd, const char *path, size_t max, struct secret *ret)
{
	_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	struct stat st;
	ssize_t n;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || io_open_bits(path, st.st_mode) ||
	    (st.st_uid != 0 && st.st_uid != geteuid()))
		return -EPERM;
	r = secret_alloc(&s, max + 1);
	if (r < 0)
		return r;
	n = io_read_full(fd, s.bytes, max + 1);
	if (n < 0)
		return (int)n;
	if ((size_t)n > max)
		return -EFBIG;
	if (n == 0)
		return -ENODATA;
	secret_truncate(&s, (size_t)n);
	secret_move(ret, &s);
	return 0;
}

static int write_temporary(int dirfd, const char *name, const void *buf,
			   size_t len, mode_t mode)
{
	_close_ int fd = openat(
		dirfd, name,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, mode) < 0)
		return -errno;
	r = io_write_full(fd, buf, len);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

int io_write_atomic(int dirfd, const char *name, const void *buf, size_t len,
		    mode_t mode)
{
	_free_ char *temporary = io_format(".%s.tmp", name);
	int r;

	if (!temporary)
		return -ENOMEM;
	r = write_temporary(dirfd, temporary, buf, len, mode);
	if (r == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, temporary, 0);
		return r;
	}
	/* The rename itself is only durable once the folder is. */
	return fsync(dirfd) < 0 ? -errno : 0;
}

int io_mkdir_p(const char *path, mode_t mode)
{
	_free_ char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return -errno;
	if (stat(copy, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int io_open_dir(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

char *io_format(const char *format, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	return n < 0 ? NULL : text;
}
