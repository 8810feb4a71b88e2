/* SPDX-License-Identifier: MIT */
/* Connections.  They must not know the HTTP library. */
#include "kmsagent/kms/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyring/secret.h"

#define FIRST_BODY_BYTES 1024

static int describe_unix(struct conn *c)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	c->uid = peer.uid;
	snprintf(c->source, sizeof(c->source), "unix:%u", (unsigned)peer.uid);
	return 0;
}

static int describe_inet(struct conn *c, const struct sockaddr_storage *peer)
{
	const void *address;

	if (peer->ss_family == AF_INET)
		address = &((const struct sockaddr_in *)peer)->sin_addr;
	else if (peer->ss_family == AF_INET6)
		address = &((const struct sockaddr_in6 *)peer)->sin6_addr;
	else
		return -EAFNOSUPPORT;
	if (!inet_ntop(peer->ss_family, address, c->source, sizeof(c->source)))
		return -errno;
	return 0;
}

struct conn *conn_new(int fd, bool is_unix, const struct sockaddr_storage *peer)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = fd;
	c->is_unix = is_unix;
	if ((is_unix ? describe_unix(c) : describe_inet(c, peer)) < 0) {
		free(c);
		return NULL;
	}
	return c;
}

static void drop_body(struct conn *c)
{
	if (c->body)
		secret_wipe(c->body, c->body_len);
	free(c->body);
	c->body = NULL;
	c->body_len = 0;
	c->body_cap = 0;
}

/* By hand, since realloc() may leave the old bytes behind. */
static int grow_body(struct conn *c, size_t need)
{
	size_t cap = c->body_cap ? c->body_cap : FIRST_BODY_BYTES;
	char *grown;

	while (cap < need)
		cap *= 2;
	if (cap == c->body_cap)
		return 0;
	grown = malloc(cap);
	if (!grown)
		return -ENOMEM;
	if (c->body) {
		memcpy(grown, c->body, c->body_len);
		secret_wipe(c->body, c->body_len);
		free(c->body);
	}
	c->body = grown;
	c->body_cap = cap;
	return 0;
}

int conn_add_body(struct conn *c, const void *bytes, size_t len, size_t max)
{
	int r;

	if (c->is_too_large || len > max - c->body_len) {
		drop_body(c);
		c->is_too_large = true;
		return 0;
	}
	r = grow_body(c, c->body_len + len);
	if (r < 0)
		return r;
	memcpy(c->body + c->body_len, bytes, len);
	c->body_len += len;
	return 0;
}

void conn_clear_request(struct conn *c)
{
	/* A small buffer stays for the next request, empty. */
	if (c->body_cap > FIRST_BODY_BYTES)
		drop_body(c);
	else if (c->body)
		secret_wipe(c->body, c->body_len);
	c->body_len = 0;
	c->is_too_large = false;
	c->route = CONN_ROUTE_NOWHERE;
	c->phase = CONN_IDLE;
}

void conn_free(struct conn *c)
{
	if (!c)
		return;
	drop_body(c);
	free(c);
}
