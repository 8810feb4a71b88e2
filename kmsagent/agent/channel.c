/* SPDX-License-Identifier: MIT */
/* Packets in and out.  It must not know what a message means. */
#include "kmsagent/agent/channel.h"

#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(AGENT_MSG_MAX_FDS * sizeof(int))];
};

int agent_channel_pair(int ret_fds[2])
{
	int r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds);

	return r < 0 ? -errno : 0;
}

int agent_channel_send(int fd, const struct agent_msg *m, const int *fds,
		       size_t nfds)
{
	_free_ uint8_t *head = NULL;
	union control control;
	struct iovec iov[2];
	struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 1};
	size_t len = 0;
	int r;

	if (nfds > AGENT_MSG_MAX_FDS)
		return -EINVAL;
	r = agent_msg_encode(m, &head, &len);
	if (r < 0)
		return r;
	iov[0] = (struct iovec){head, len};
	if (agent_msg_has_key(m->type) && m->key.len) {
		/* The head's last field says how long the key is. */
		iov[1] = (struct iovec){m->key.bytes, m->key.len};
		mh.msg_iovlen = 2;
	}
	if (nfds) {
		struct cmsghdr *c = &control.align;

		memset(&control, 0, sizeof(control));
		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	while (sendmsg(fd, &mh, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Move the descriptors of @mh to @got, whatever their number. */
static size_t take_fds(struct msghdr *mh, int got[AGENT_MSG_MAX_FDS])
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		/* One control message at most fits the room. */
		n = bytes / sizeof(int);
		memcpy(got, CMSG_DATA(c), n * sizeof(int));
	}
	return n;
}

static int recv_packet(int fd, struct secret *buffer, size_t *ret_len,
		       int got[AGENT_MSG_MAX_FDS], size_t *ret_nfds)
{
	union control control;
	struct iovec iov = {buffer->bytes, buffer->len};
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	do
		n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	*ret_nfds = take_fds(&mh, got);
	*ret_len = (size_t)n;
	if (n == 0)
		return -EPIPE;
	return mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG : 0;
}

int agent_channel_recv(int fd, struct secret *buffer, struct agent_msg *ret,
		       int *fds, size_t *ret_nfds)
{
	int got[AGENT_MSG_MAX_FDS];
	size_t nfds = 0, len = 0;
	int r = recv_packet(fd, buffer, &len, got, &nfds);

	if (r == 0 && nfds && !fds)
		r = -EBADMSG;
	if (r == 0)
		r = agent_msg_decode(buffer->bytes, len, ret);
	secret_wipe(buffer->bytes, len);
	if (r < 0) {
		for (size_t i = 0; i < nfds; i++)
			close(got[i]);
		return r;
	}
	if (fds) {
		memcpy(fds, got, nfds * sizeof(int));
		*ret_nfds = nfds;
	}
	return 0;
}
