/* SPDX-License-Identifier: MIT */
/*
 * A connection and the request that is arriving on it: peer, deadline, body.
 * It must not know the HTTP library; one thread owns each connection.
 */
#ifndef KMSAGENT_KMS_CONN_H
#define KMSAGENT_KMS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

enum conn_phase {
	CONN_IDLE,	/* between requests */
	CONN_ARRIVING,	/* a request line came */
	CONN_HEADERS,	/* all headers are there, the body is arriving */
	CONN_WORKED_ON, /* elsewhere: the library has put it aside */
	CONN_ANSWERED,	/* the answer is on its way */
};

/* What a request is for. */
enum conn_route {
	CONN_ROUTE_NOWHERE,
	CONN_ROUTE_CALL,   /* POST / */
	CONN_ROUTE_HEALTH, /* GET /healthz */
};

struct conn {
	struct conn *prev, *next; /* of its thread */
	int fd;			  /* borrowed from the HTTP library */
	int64_t deadline_ms;	  /* of CLOCK_BOOTTIME */
	enum conn_phase phase;
	bool is_unix;
	bool is_tls;
	bool is_trusted; /* TLS: the client's certificate was looked at */
	uid_t uid;	 /* of the peer, on a Unix socket */
	char source[64]; /* "127.0.0.1", "unix:1000" */
	enum conn_route route;
	bool is_too_large; /* body over its limit: not kept */
	char *body;	   /* owned; wiped before it is freed */
	size_t body_len;
	size_t body_cap;
	void *job; /* the HTTP front's, while the call is worked on elsewhere */
};

/*
 * Describe the peer of the accepted socket @fd.  Returns a new connection
 * that does not own @fd, or NULL (no memory, no peer).
 */
struct conn *conn_new(int fd, bool is_unix,
		      const struct sockaddr_storage *peer);

/*
 * Add @len bytes to the body.  Above @max the body is dropped and
 * is_too_large set.  Returns 0 or -ENOMEM.
 */
int conn_add_body(struct conn *c, const void *bytes, size_t len,
		  size_t max) _must_check_;

/* Forget the request, wiping its body. */
void conn_clear_request(struct conn *c);
void conn_free(struct conn *c);

#endif
