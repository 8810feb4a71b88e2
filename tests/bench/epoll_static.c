/* SPDX-License-Identifier: MIT */
/*
 * The floor under an HTTP service: one thread, epoll, keep-alive, finds the
 * end of a POST by its Content-Length and answers 400 fixed bytes.  No
 * authentication, no parsing beyond that, no errors but to hang up.
 *	epoll_static PORT | PATH
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUF_BYTES  8192
#define BODY_BYTES 400

struct client {
	int fd;
	size_t len;
	char buf[BUF_BYTES + 1];
};

static char answer[1024];
static size_t answer_len;

static void make_answer(void)
{
	char body[BODY_BYTES + 1];

	memset(body, 'A', BODY_BYTES);
	body[BODY_BYTES] = '\0';
	answer_len = (size_t)snprintf(
		answer, sizeof(answer),
		"HTTP/1.1 200 OK\r\n"
		"Content-Type: application/x-amz-json-1.1\r\n"
		"x-amzn-RequestId: 00000000-0000-0000-0000-000000000000\r\n"
		"Content-Length: %d\r\n\r\n%s",
		BODY_BYTES, body);
}

static int open_socket(const char *where)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int is_unix = strchr(where, '/') != NULL, one = 1, fd, r;

	fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		err(1, "socket");
	if (is_unix) {
		strncpy(un.sun_path, where, sizeof(un.sun_path) - 1);
		unlink(where);
		r = bind(fd, (struct sockaddr *)&un, sizeof(un));
	} else {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		in.sin_port = htons((in_port_t)atoi(where));
		r = bind(fd, (struct sockaddr *)&in, sizeof(in));
	}
	if (r < 0 || listen(fd, 4096) < 0)
		err(1, "%s", where);
	return fd;
}

static void accept_all(int listener, int ep)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct client *c = calloc(1, sizeof(*c));
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

		if (!c)
			err(1, "calloc");
		c->fd = fd;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	}
}

/* Bytes of the first whole request in the buffer, 0 while there is none. */
static size_t request_len(struct client *c)
{
	char *end, *length;
	size_t head;

	c->buf[c->len] = '\0';
	end = strstr(c->buf, "\r\n\r\n");
	if (!end)
		return 0;
	head = (size_t)(end - c->buf) + 4;
	length = strcasestr(c->buf, "\r\ncontent-length:");
	if (length && length < end)
		head += strtoul(length + strlen("\r\ncontent-length:"), NULL,
				10);
	return head <= c->len ? head : 0;
}

static void serve(struct client *c)
{
	ssize_t n = recv(c->fd, c->buf + c->len, BUF_BYTES - c->len, 0);
	size_t len;

	if (n <= 0) {
		close(c->fd);
		free(c);
		return;
	}
	c->len += (size_t)n;
	while ((len = request_len(c))) {
		(void)send(c->fd, answer, answer_len, MSG_NOSIGNAL);
		c->len -= len;
		memmove(c->buf, c->buf + len, c->len);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event ev = {.events = EPOLLIN}, events[256];
	int listener, ep, n;

	if (argc != 2)
		errx(2, "usage: epoll_static PORT | PATH");
	make_answer();
	listener = open_socket(argv[1]);
	ep = epoll_create1(0);
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
	for (;;) {
		n = epoll_wait(ep, events, 256, -1);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				serve(events[i].data.ptr);
			else
				accept_all(listener, ep);
		}
	}
}
