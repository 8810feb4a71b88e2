/* SPDX-License-Identifier: MIT */
/*
 * A blocking Varlink client: one call at a time, each with a deadline, with
 * descriptors.  It trusts the answer's form only after the same checks that
 * the server makes.
 */
#ifndef KMSAGENT_VARLINK_CLIENT_H
#define KMSAGENT_VARLINK_CLIENT_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <sys/socket.h>

#include "keyring/cleanup.h"

struct varlink_client;

/*
 * Connect to the socket at @path, waiting for a full backlog up to
 * @timeout_ms.  Returns 0, -ENOENT or -ECONNREFUSED (nobody listens),
 * -EACCES, -ENAMETOOLONG, -ETIMEDOUT, other errno of connect(2).
 */
int varlink_client_connect(const char *path, int timeout_ms,
			   struct varlink_client **ret) _must_check_;

/* Who listens there, by SO_PEERCRED. */
int varlink_client_peer(const struct varlink_client *c,
			struct ucred *ret) _must_check_;

/*
 * Call @method and wait for the one reply.  Borrows @params (NULL = none)
 * and @fds.  Returns
 *   0            *ret_params is the reply's parameters (an object, perhaps
 *                empty); the caller deletes.  *ret_error is NULL.
 *   -EREMOTEIO   the service answered with an error: *ret_error names it (the
 *                caller frees), *ret_params holds its parameters.
 *   -ETIMEDOUT   @timeout_ms passed (negative = wait for ever)
 *   -ECONNRESET  the service closed the connection
 *   -EBADMSG, -EILSEQ, -EMSGSIZE   not a reply
 *   -EINVAL      more than 8 descriptors, or not a method's name
 * or errno of sendmsg and recvmsg.  After any error but -EREMOTEIO and
 * -EINVAL the connection is of no more use: further calls give -ENOTCONN.
 */
int varlink_client_call(struct varlink_client *c, const char *method,
			const cJSON *params, const int *fds, size_t nfds,
			int timeout_ms, cJSON **ret_params,
			char **ret_error) _must_check_;

/*
 * The same, but takes @fds: they are closed here, and set to -1, as soon as
 * they are sent, so that only the service has them while it works.
 */
int varlink_client_call_giving(struct varlink_client *c, const char *method,
			       const cJSON *params, int *fds, size_t nfds,
			       int timeout_ms, cJSON **ret_params,
			       char **ret_error) _must_check_;

void varlink_client_free(struct varlink_client *c);
static inline void varlink_client_freep(struct varlink_client **c)
{
	varlink_client_free(*c);
}

#endif
