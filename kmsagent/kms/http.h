/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 for kmsd, on libmicrohttpd: a daemon a thread, each driven from a
 * loop of its own over shared listening sockets.  (The library's internal
 * epoll loop stalls in 0.9.75 when exactly 128, 256, ... connections are
 * active: it waits again, without end, before it serves a full batch.)
 * It knows framing, limits and deadlines; what a call means is serve.h's.
 */
#ifndef KMSAGENT_KMS_HTTP_H
#define KMSAGENT_KMS_HTTP_H

#include "kmsagent/kms/listen.h"
#include "kmsagent/kms/serve.h"

/*
 * Deadlines run from their start to their end, however many bytes trickle in
 * meanwhile: a slow client costs a connection for that long and no more.
 */
#define KMS_HTTP_IDLE_MS 75000 /* from an answer to the next request line */
#define KMS_HTTP_REQUEST_MS                                                    \
	10000			 /* from there to the whole request; to the
				     first one; to the answer's last byte */
#define KMS_HTTP_SLOW_MS  120000 /* to an answer that takes computing */
#define KMS_HTTP_DRAIN_MS 5000	 /* to end what was begun, when stopping */

struct kms_http; /* all threads */

/*
 * Start @front->config->threads threads on @listeners (borrows both, until
 * kms_http_stop()).  Returns 0, -ENOMEM, -EAGAIN (threads), -EIO (the library
 * refused).
 */
int kms_http_start(struct kms_front *front,
		   const struct kms_listener *listeners, size_t nlisteners,
		   struct kms_http **ret) _must_check_;

/* Some thread has been at one round of its loop for @limit_ms. */
bool kms_http_is_stuck(struct kms_http *h, int64_t limit_ms) _must_check_;

/*
 * Accept no more, close idle connections, finish requests that were begun
 * within KMS_HTTP_DRAIN_MS, end the threads.  Accepts NULL.
 */
void kms_http_stop(struct kms_http *h);

#endif
