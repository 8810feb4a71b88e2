/* SPDX-License-Identifier: MIT */
/*
 * One connection: bytes and descriptors in, one call at a time, its answer
 * out.  Whatever is wrong with what the peer sends, it gets one sentence and
 * the connection ends; nothing that others do depends on it.
 */
#include <string.h>
#include <sys/epoll.h>

#include "kmsagent/varlink/internal.h"

#define IN_MIN_BYTES  ((size_t)4096)
#define IN_KEEP_BYTES ((size_t)64 << 10)
#define IN_MAX_BYTES  (VARLINK_MAX_MESSAGE_BYTES + 1)
#define FRAMES_A_TURN 16

static void watch_for(struct varlink_conn *c, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = c};

	if (c->events == events)
		return;
	/* Cannot fail: the descriptor is in the set and needs no memory. */
	if (epoll_ctl(c->server->epoll_fd, EPOLL_CTL_MOD, c->fd, &e) == 0)
		c->events = events;
}

static void deadline_start(struct varlink_conn *c)
{
	if (c->deadline_ms)
		return;
	c->deadline_ms =
		varlink_now_ms() + (int64_t)c->server->config.io_timeout_ms;
	varlink_server_wake_at(c->server, c->deadline_ms);
}

static bool has_frame(const struct varlink_conn *c)
{
	return c->in_len && memchr(c->in, '\0', c->in_len);
}

/*
 * Wait for what comes next.  A call under way needs nothing: that the peer
 * went away is told without asking (EPOLLHUP).
 */
static void rearm(struct varlink_conn *c)
{
	if (c->out || c->closing)
		watch_for(c, EPOLLOUT);
	else if (c->call)
		watch_for(c, 0);
	else if (has_frame(c))
		/* A whole call waits already; this fires at once. */
		watch_for(c, EPOLLIN | EPOLLOUT);
	else
		watch_for(c, EPOLLIN);
}

struct varlink_conn *varlink_conn_new(struct varlink_server *s, int fd,
				      const struct ucred *peer)
{
	struct varlink_conn *c = calloc(1, sizeof(*c));
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

	if (!c || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
		free(c);
		close_keep_errno(fd);
		return NULL;
	}
	c->server = s;
	c->fd = fd;
	c->peer = *peer;
	c->events = EPOLLIN;
	c->next = s->conns;
	if (c->next)
		c->next->prev = c;
	s->conns = c;
	s->count++;
	return c;
}

static void close_fds(struct varlink_conn *c)
{
	while (c->nfds)
		close_keep_errno(c->fds[--c->nfds]);
}

void varlink_conn_free(struct varlink_conn *c)
{
	struct varlink_call *call = take_ptr(c->call);

	if (call) {
		if (call->cancel)
			call->cancel(call, call->data);
		varlink_call_free(call);
	}
	if (c->prev)
		c->prev->next = c->next;
	else
		c->server->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->server->count--;
	close_fds(c);
	/*
	 * Closing alone would not do: a child that this process spawns may
	 * hold a copy of the descriptor until its exec is through, and the
	 * epoll set would go on naming a connection that is no more.
	 */
	(void)epoll_ctl(c->server->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
	close_keep_errno(c->fd);
	cJSON_free(c->out);
	free(c->in);
	free(c);
}

/* 0 = all sent or the peer is slow; negative = it is gone. */
static int flush(struct varlink_conn *c)
{
	while (c->out_sent < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_sent,
				 c->out_len - c->out_sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			c->out_sent += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		else if (errno != EINTR)
			return -errno;
	}
	cJSON_free(c->out);
	c->out = NULL;
	c->out_len = c->out_sent = 0;
	c->deadline_ms = 0;
	return 0;
}

void varlink_conn_resume(struct varlink_conn *c)
{
	rearm(c);
}

void varlink_conn_abort(struct varlink_conn *c)
{
	c->closing = true;
	cJSON_free(c->out);
	c->out = NULL;
	c->out_len = c->out_sent = 0;
	rearm(c);
}

void varlink_conn_send(struct varlink_conn *c, char *text, size_t len)
{
	c->out = text;
	c->out_len = len;
	c->out_sent = 0;
	c->deadline_ms = 0;
	deadline_start(c);
	if (flush(c) < 0)
		varlink_conn_abort(c);
	else
		rearm(c);
}

/* Say what is wrong with the peer's bytes, and end. */
static void refuse(struct varlink_conn *c, const char *what)
{
	cJSON *params = cJSON_CreateObject();
	char *text;
	size_t len;

	close_fds(c);
	c->in_len = 0;
	c->closing = true;
	if (params && cJSON_AddStringToObject(params, "parameter", what) &&
	    varlink_message_format(NULL, VARLINK_SERVICE ".InvalidParameter",
				   params, false, &text, &len) == 0)
		varlink_conn_send(c, text, len);
	else
		varlink_conn_abort(c);
	cJSON_Delete(params);
}

static const char *sentence(int err)
{
	switch (err) {
	case -EMSGSIZE:
		return "message: longer than 1048576 bytes";
	case -EILSEQ:
		return "message: not UTF-8";
	case -ENOMEM:
		return "message: the service is out of memory, try again";
	default:
		return "message: not a Varlink call; one JSON object with "
		       "\"method\" is expected, then a NUL";
	}
}

/* Take the first frame of the buffer out and handle it. */
static void handle_frame(struct varlink_conn *c, size_t len)
{
	_cleanup_(varlink_message_done) struct varlink_message m =
		VARLINK_MESSAGE_INIT;
	int r = varlink_message_parse(c->in, len, VARLINK_MAX_CALL_VALUES, &m);
	struct varlink_call *call;

	if (r < 0 || !m.method) {
		refuse(c, sentence(r));
		return;
	}
	call = calloc(1, sizeof(*call));
	if (!call) {
		refuse(c, sentence(-ENOMEM));
		return;
	}
	c->in_len -= len + 1;
	memmove(c->in, c->in + len + 1, c->in_len);
	if (c->in_len == 0 && c->in_cap > IN_KEEP_BYTES) {
		free(take_ptr(c->in));
		c->in_cap = 0;
	}
	call->conn = c;
	call->message = m;
	m = VARLINK_MESSAGE_INIT;
	memcpy(call->fds, c->fds, sizeof(c->fds));
	call->nfds = c->nfds;
	c->nfds = 0;
	c->deadline_ms = 0;
	c->call = call;
	varlink_call_dispatch(call);
}

/*
 * Handle what is whole; stops at a call that is answered later, and after a
 * few, so that other connections have their turn.
 */
static void handle_input(struct varlink_conn *c)
{
	size_t len;
	int r = 0;

	for (int i = 0; i < FRAMES_A_TURN; i++) {
		if (c->call || c->out || c->closing)
			return;
		r = varlink_frame_find(c->in, c->in_len, &len);
		if (r <= 0)
			break;
		handle_frame(c, len);
	}
	if (r < 0)
		refuse(c, sentence(r));
	else if (r == 0 && c->in_len)
		deadline_start(c);
}

static int grow(struct varlink_conn *c)
{
	size_t cap = c->in_cap ? 2 * c->in_cap : IN_MIN_BYTES;
	char *more;

	if (c->in_len < c->in_cap)
		return 0;
	if (cap > IN_MAX_BYTES)
		cap = IN_MAX_BYTES;
	more = realloc(c->in, cap);
	if (!more)
		return -ENOMEM;
	c->in = more;
	c->in_cap = cap;
	return 0;
}

/* Keep what came; -E2BIG if it is more than one message may bring. */
static int keep_fds(struct varlink_conn *c, struct msghdr *msg)
{
	int r = msg->msg_flags & MSG_CTRUNC ? -E2BIG : 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h;
	     h = CMSG_NXTHDR(msg, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd;

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(fd), sizeof(fd));
			if (r == 0 && c->nfds == VARLINK_MAX_FDS)
				r = -E2BIG;
			if (r < 0)
				close_keep_errno(fd);
			else
				c->fds[c->nfds++] = fd;
		}
	}
	return r;
}

/*
 * One recvmsg.  The kernel ends it behind the bytes that a set of descriptors
 * came with, but it may begin with bytes of an earlier message: so whoever
 * sends descriptors waits for the answers to what he sent before.
 * Returns bytes read, 0 at the end of input, negative errno.
 */
static ssize_t receive(struct varlink_conn *c, const char **ret_refusal)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * VARLINK_MAX_FDS)];
	} control;
	struct iovec io = {c->in + c->in_len, c->in_cap - c->in_len};
	struct msghdr msg = {
		.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	size_t had = c->nfds, len;
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return -errno;
	c->in_len += (size_t)n;
	if (keep_fds(c, &msg) < 0)
		*ret_refusal = "message: more than 8 descriptors";
	else if (c->nfds > had &&
		 varlink_frame_find(c->in, c->in_len, &len) == 1 &&
		 c->in_len > len + 1)
		*ret_refusal = "message: descriptors with a pipelined call";
	return n;
}

void varlink_conn_ready(struct varlink_conn *c, uint32_t events)
{
	const char *refusal = NULL;
	ssize_t n;

	if (c->out && flush(c) < 0)
		goto gone;
	if (c->closing && !c->out)
		goto gone;
	if (c->out || c->call) {
		/* The peer closed both ways: nobody waits for an answer. */
		if (events & (EPOLLHUP | EPOLLERR))
			goto gone;
		rearm(c);
		return;
	}
	handle_input(c);
	if (!c->call && !c->out && !c->closing && !has_frame(c)) {
		if (grow(c) < 0)
			goto gone;
		n = receive(c, &refusal);
		if (n == 0)
			goto gone;
		if (n < 0 && n != -EAGAIN && n != -EINTR)
			goto gone;
		if (refusal)
			refuse(c, refusal);
		else if (n > 0)
			handle_input(c);
	}
	rearm(c);
	return;
gone:
	varlink_conn_free(c);
}
