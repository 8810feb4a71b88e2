/* SPDX-License-Identifier: MIT */
/*
 * Load for an HTTP server on a Unix socket, where wrk cannot go: the same
 * request again and again on some keep-alive connections, for some seconds.
 *	unixload PATH REQUEST-FILE CONNECTIONS SECONDS
 * Prints: requests, median microseconds, answers that were not 200.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS 100000 /* of a microsecond */

static char request[65536];
static size_t request_len;
static unsigned long counts[BUCKETS + 1], total, bad;

struct client {
	int fd;
	int64_t sent_ns;
	size_t len;
	char buf[16385];
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void ask(struct client *c)
{
	c->len = 0;
	c->sent_ns = now_ns();
	if (send(c->fd, request, request_len, MSG_NOSIGNAL) !=
	    (ssize_t)request_len)
		err(1, "send");
}

static int is_whole(struct client *c)
{
	char *end, *length;

	c->buf[c->len] = '\0';
	end = strstr(c->buf, "\r\n\r\n");
	if (!end)
		return 0;
	length = strcasestr(c->buf, "\r\ncontent-length:");
	if (!length)
		errx(1, "an answer without a length");
	return c->len >=
	       (size_t)(end - c->buf) + 4 + strtoul(length + 17, NULL, 10);
}

static void hear(struct client *c)
{
	ssize_t n =
		recv(c->fd, c->buf + c->len, sizeof(c->buf) - 1 - c->len, 0);
	int64_t us;

	if (n <= 0)
		errx(1, "the server hung up");
	c->len += (size_t)n;
	if (!is_whole(c))
		return;
	us = (now_ns() - c->sent_ns) / 1000;
	counts[us < BUCKETS ? us : BUCKETS]++;
	total++;
	if (strncmp(c->buf, "HTTP/1.1 200", 12) != 0)
		bad++;
	ask(c);
}

static void start(int ep, const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	if (!c)
		err(1, "calloc");
	strncpy(un.sun_path, path, sizeof(un.sun_path) - 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(c->fd, (struct sockaddr *)&un, sizeof(un)) < 0)
		err(1, "%s", path);
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
	ask(c);
}

int main(int argc, char **argv)
{
	struct epoll_event events[256];
	unsigned long seen = 0, us = 0;
	int64_t end;
	ssize_t n;
	int fd, ep = epoll_create1(0);

	if (argc != 5)
		errx(2, "usage: unixload PATH REQUEST-FILE COUNT SECONDS");
	fd = open(argv[2], O_RDONLY);
	n = fd < 0 ? -1 : read(fd, request, sizeof(request));
	if (n <= 0)
		err(1, "%s", argv[2]);
	request_len = (size_t)n;
	for (int i = atoi(argv[3]); i > 0; i--)
		start(ep, argv[1]);
	end = now_ns() + atoi(argv[4]) * 1000000000LL;
	while (now_ns() < end) {
		int count = epoll_wait(ep, events, 256, 1000);

		for (int i = 0; i < count; i++)
			hear(events[i].data.ptr);
	}
	while (us < BUCKETS && (seen += counts[us]) * 2 < total)
		us++;
	printf("%lu %lu %lu\n", total, us, bad);
	return 0;
}
