/* SPDX-License-Identifier: MIT */
/* What the server's own files share; nobody else includes it. */
#ifndef KMSAGENT_VARLINK_INTERNAL_H
#define KMSAGENT_VARLINK_INTERNAL_H

#include <stdint.h>

#include "kmsagent/varlink/server.h"

struct varlink_conn;

struct varlink_server {
	struct varlink_config config;
	int epoll_fd;
	int timer_fd;
	bool accepting;
	int64_t timer_ms; /* when the timer fires, 0 = it rests */
	int64_t busy_ms;  /* when something came or went last */
	unsigned count;
	struct varlink_conn *conns; /* doubly linked */
};

struct varlink_call {
	struct varlink_conn *conn;
	struct varlink_message message;
	int fds[VARLINK_MAX_FDS]; /* -1 once taken */
	size_t nfds;
	varlink_cancel cancel;
	void *data;
};

struct varlink_conn {
	struct varlink_server *server;
	struct varlink_conn *prev, *next;
	int fd;
	struct ucred peer;
	uint32_t events;
	char *in; /* bytes received and not handled yet */
	size_t in_len, in_cap;
	int fds[VARLINK_MAX_FDS]; /* received with the bytes in @in */
	size_t nfds;
	char *out; /* one reply with its NUL; from cJSON */
	size_t out_len, out_sent;
	bool closing;		   /* once @out has been sent */
	int64_t deadline_ms;	   /* for the input or output under way */
	struct varlink_call *call; /* the one that is being handled */
};

/* CLOCK_BOOTTIME. */
int64_t varlink_now_ms(void);

/* conn.c.  _new takes @fd; NULL = out of memory. */
struct varlink_conn *varlink_conn_new(struct varlink_server *s, int fd,
				      const struct ucred *peer);
void varlink_conn_free(struct varlink_conn *c);
/* Do what @events allow; may free @c. */
void varlink_conn_ready(struct varlink_conn *c, uint32_t events);
/* Queue one message and start to send it; takes @text.  Never frees @c. */
void varlink_conn_send(struct varlink_conn *c, char *text, size_t len);
/* A oneway call is done: go on with the next. */
void varlink_conn_resume(struct varlink_conn *c);
/* Close at the next dispatch, without another word. */
void varlink_conn_abort(struct varlink_conn *c);

/* server.c: see that the timer fires no later than at @deadline_ms. */
void varlink_server_wake_at(struct varlink_server *s, int64_t deadline_ms);

/* call.c.  Both free descriptors that nobody took. */
void varlink_call_dispatch(struct varlink_call *call);
void varlink_call_free(struct varlink_call *call);

/* service.c: the org.varlink.service interface, by bare method name. */
#define VARLINK_SERVICE "org.varlink.service"
extern const struct varlink_method varlink_service_methods[];

#endif
