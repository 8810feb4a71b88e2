/* SPDX-License-Identifier: MIT */
/*
 * Private to the HTTP front: one serving thread, its loop, its connections.
 */
#ifndef KMSAGENT_KMS_WORKER_H
#define KMSAGENT_KMS_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "kmsagent/kms/conn.h"
#include "kmsagent/kms/lane.h"
#include "kmsagent/kms/listen.h"
#include "kmsagent/kms/serve.h"

/* A connection's memory in the library: all headers must fit beside a piece
 * of the body.  The library zeroes all of it after each request, which is
 * welcome, and costs more the larger it is. */
#define HTTP_POOL_BYTES ((size_t)8 << 10)

struct MHD_Daemon;
struct MHD_Connection;

struct worker {
	struct kms_front *front;
	struct kms_caller caller;
	struct MHD_Daemon *daemon;
	struct MHD_Daemon *tls_daemon;	      /* NULL: no listener speaks TLS */
	const struct kms_listener *listeners; /* shared by all workers */
	size_t nlisteners;
	atomic_uint *nconns;   /* of all workers */
	struct kms_lane *lane; /* shared by all workers */
	int epoll_fd;
	int stop_fd; /* eventfd, shared: readable when to stop */
	pthread_t thread;
	bool is_running;   /* thread is there to be joined */
	bool is_accepting; /* the listeners are in the epoll set */
	bool is_draining;
	_Atomic int64_t busy_ms; /* since when at this round; 0: waiting */
	int64_t now_ms;		 /* CLOCK_BOOTTIME, once a round */
	int64_t sweep_ms;	 /* when deadlines are looked at again */
	int64_t drain_end_ms;
	struct conn *conns;    /* a list */
	struct conn *arriving; /* accepted, not yet with the library */
};

/* The library's side: callbacks that end in kms_serve(). */
int http_daemon_new(struct worker *w, bool is_tls,
		    struct MHD_Daemon **ret) _must_check_;

/* The library took over the connection just accepted: the connection, which
 * is in the list from now. */
struct conn *worker_attach(struct worker *w);
void worker_detach(struct worker *w, struct conn *c);

#endif
