/* SPDX-License-Identifier: MIT */
/*
 * The blocking client.  One deadline covers a whole call; a connection on
 * which anything went wrong is closed, so that a late answer is never taken
 * for the next call's.
 */
#include "kmsagent/varlink/client.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include "kmsagent/varlink/message.h"

#define IN_MIN_BYTES ((size_t)4096)

struct varlink_client {
	int fd; /* -1 after a failure */
};

struct deadline {
	int64_t at_ms; /* CLOCK_BOOTTIME; negative = none */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct deadline deadline_in(int timeout_ms)
{
	return (struct deadline){timeout_ms < 0 ? -1 : now_ms() + timeout_ms};
}

/* poll(2)'s argument; 0 once the time has come. */
static int deadline_left(const struct deadline *d)
{
	int64_t left = d->at_ms - now_ms();

	if (d->at_ms < 0)
		return -1;
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static int wait_for(int fd, short events, const struct deadline *d)
{
	struct pollfd p = {.fd = fd, .events = events};
	int left, n;

	do {
		left = deadline_left(d);
		if (left == 0)
			return -ETIMEDOUT;
		n = poll(&p, 1, left);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/* connect(2) on AF_UNIX never is "in progress": EAGAIN = the backlog is full,
 * and there is no event for that to end. */
static int connect_until(int fd, const struct sockaddr_un *addr,
			 const struct deadline *d)
{
	for (;;) {
		if (connect(fd, (const void *)addr, sizeof(*addr)) == 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (deadline_left(d) == 0)
			return -ETIMEDOUT;
		(void)poll(NULL, 0, 10);
	}
}

int varlink_client_connect(const char *path, int timeout_ms,
			   struct varlink_client **ret)
{
	_cleanup_(varlink_client_freep) struct varlink_client *c = NULL;
	struct deadline d = deadline_in(timeout_ms);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return -errno;
	r = connect_until(c->fd, &addr, &d);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

int varlink_client_peer(const struct varlink_client *c, struct ucred *ret)
{
	socklen_t len = sizeof(*ret);

	return getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, ret, &len) < 0
		       ? -errno
		       : 0;
}

/* One sendmsg; the descriptors go with its first byte. */
static ssize_t send_some(int fd, const char *text, size_t len, const int *fds,
			 size_t nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * VARLINK_MAX_FDS)];
	} control = {0};
	struct iovec io = {(void *)(uintptr_t)text, len};
	struct msghdr msg = {.msg_iov = &io, .msg_iovlen = 1};
	ssize_t n;

	if (nfds) {
		struct cmsghdr *h = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(h), fds, sizeof(int) * nfds);
	}
	n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

static int send_all(int fd, const char *text, size_t len, const int *fds,
		    size_t nfds, const struct deadline *d)
{
	while (len > 0) {
		ssize_t n = send_some(fd, text, len, fds, nfds);
		int r;

		if (n > 0) {
			text += n;
			len -= (size_t)n;
			nfds = 0;
			continue;
		}
		if (n != -EAGAIN && n != -EINTR)
			return (int)n;
		r = wait_for(fd, POLLOUT, d);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Read until one whole message stands in *buf; descriptors are not asked for
 * and the kernel drops them. */
static int receive_message(int fd, char **buf, size_t *ret_len,
			   const struct deadline *d)
{
	size_t len = 0, cap = 0;
	int r;

	while ((r = varlink_frame_find(*buf, len, ret_len)) == 0) {
		ssize_t n;

		if (len == cap) {
			char *more;

			cap = cap ? 2 * cap : IN_MIN_BYTES;
			more = realloc(*buf, cap);
			if (!more)
				return -ENOMEM;
			*buf = more;
		}
		n = recv(fd, *buf + len, cap - len, 0);
		if (n > 0) {
			len += (size_t)n;
			continue;
		}
		if (n == 0)
			return -ECONNRESET;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_for(fd, POLLIN, d);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	/* One question, one answer. */
	return len == *ret_len + 1 ? 0 : -EBADMSG;
}

static int parse_reply(const char *bytes, size_t len, cJSON **ret_params,
		       char **ret_error)
{
	_cleanup_(varlink_message_done) struct varlink_message m =
		VARLINK_MESSAGE_INIT;
	_free_ char *error = NULL;
	cJSON *params;
	int r = varlink_message_parse(bytes, len, VARLINK_MAX_REPLY_VALUES, &m);

	if (r < 0)
		return r;
	if (m.method || m.continues)
		return -EBADMSG;
	if (m.error) {
		error = strdup(m.error);
		if (!error)
			return -ENOMEM;
	}
	params = m.params ? cJSON_DetachItemViaPointer(m.root, m.params)
			  : cJSON_CreateObject();
	if (!params)
		return -ENOMEM;
	*ret_params = params;
	*ret_error = take_ptr(error);
	return m.error ? -EREMOTEIO : 0;
}

static void close_given(int *fds, size_t nfds)
{
	for (size_t i = 0; fds && i < nfds; i++)
		fds[i] = close_keep_errno(fds[i]);
}

/* @given: the same descriptors where they are to be closed; else NULL. */
static int call(int fd, const char *method, const cJSON *params, const int *fds,
		int *given, size_t nfds, const struct deadline *d,
		cJSON **ret_params, char **ret_error)
{
	_free_ char *in = NULL;
	char *out;
	size_t len;
	int r = varlink_message_format(method, NULL, params, false, &out, &len);

	if (r < 0)
		return r;
	r = send_all(fd, out, len, fds, nfds, d);
	cJSON_free(out);
	close_given(given, nfds);
	/* Whoever hung up may have said why before. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return r;
	r = receive_message(fd, &in, &len, d);
	if (r < 0)
		return r;
	return parse_reply(in, len, ret_params, ret_error);
}

static int call_checked(struct varlink_client *c, const char *method,
			const cJSON *params, const int *fds, int *given,
			size_t nfds, int timeout_ms, cJSON **ret_params,
			char **ret_error)
{
	struct deadline d = deadline_in(timeout_ms);
	int r;

	if (c->fd < 0)
		return -ENOTCONN;
	if (nfds > VARLINK_MAX_FDS || !varlink_member_is_valid(method))
		return -EINVAL;
	r = call(c->fd, method, params, fds, given, nfds, &d, ret_params,
		 ret_error);
	if (r < 0 && r != -EREMOTEIO) {
		close_keep_errno(c->fd);
		c->fd = -1;
	}
	return r;
}

int varlink_client_call(struct varlink_client *c, const char *method,
			const cJSON *params, const int *fds, size_t nfds,
			int timeout_ms, cJSON **ret_params, char **ret_error)
{
	return call_checked(c, method, params, fds, NULL, nfds, timeout_ms,
			    ret_params, ret_error);
}

int varlink_client_call_giving(struct varlink_client *c, const char *method,
			       const cJSON *params, int *fds, size_t nfds,
			       int timeout_ms, cJSON **ret_params,
			       char **ret_error)
{
	int r = call_checked(c, method, params, fds, fds, nfds, timeout_ms,
			     ret_params, ret_error);

	/* Also where nothing was sent. */
	close_given(fds, nfds);
	return r;
}

void varlink_client_free(struct varlink_client *c)
{
	if (!c)
		return;
	close_keep_errno(c->fd);
	free(c);
}
