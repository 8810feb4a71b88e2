/* SPDX-License-Identifier: MIT */
/* read(2) and write(2) to the end.  It must not know what the bytes are. */
#include "kcapi/fdio.h"

#include <poll.h>

/* 0 = try again, else the errno that is final. */
static int settle(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	if (errno == EINTR)
		return 0;
	if (errno != EAGAIN)
		return -errno;
	if (poll(&p, 1, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

int bulk_read(int fd, uint8_t *to, size_t len, size_t *ret_got)
{
	*ret_got = 0;
	while (*ret_got < len) {
		ssize_t n = read(fd, to + *ret_got, len - *ret_got);
		int r;

		if (n == 0)
			return 0;
		if (n > 0) {
			*ret_got += (size_t)n;
			continue;
		}
		r = settle(fd, POLLIN);
		if (r < 0)
			return r;
	}
	return 0;
}

int bulk_write(int fd, const uint8_t *from, size_t len, size_t *ret_put)
{
	*ret_put = 0;
	while (*ret_put < len) {
		ssize_t n = write(fd, from + *ret_put, len - *ret_put);
		int r;

		if (n >= 0) {
			*ret_put += (size_t)n;
			continue;
		}
		r = settle(fd, POLLOUT);
		if (r < 0)
			return r;
	}
	return 0;
}
