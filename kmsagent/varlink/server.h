/* SPDX-License-Identifier: MIT */
/*
 * A Varlink server on one listening AF_UNIX socket, for any event loop: it
 * keeps an epoll descriptor of its own that the caller watches.  One thread.
 * It knows caps, peers and descriptors; what a method may do, and who may
 * call it, is the handler's.
 *
 *	varlink_server_new(&config, &s);
 *	watch varlink_server_fd(s) for reading -> varlink_server_dispatch(s);
 *
 * A connection's calls are taken one after the other: the next is not read
 * before the last is answered, so a client's memory here is bounded by one
 * message in and one out.
 * Source: varlink.org (Service, Interface-Definition, Method-Call).
 */
#ifndef KMSAGENT_VARLINK_SERVER_H
#define KMSAGENT_VARLINK_SERVER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "kmsagent/varlink/message.h"

struct varlink_server;
struct varlink_call;

/*
 * Answer @call by exactly one varlink_reply*() or varlink_error*(), now or
 * later; @call lives until then, or until its cancel callback has run.
 * @params is borrowed from the call: an object, never NULL.
 */
typedef void (*varlink_handler)(struct varlink_call *call, const cJSON *params,
				void *userdata);

enum varlink_flags {
	VARLINK_NONE = 0,
	VARLINK_TAKES_FDS = 1 << 0, /* else a message with descriptors is an
				       error and they are closed */
	VARLINK_ROOT_ONLY = 1 << 1, /* other uids get PermissionDenied */
};

struct varlink_method {
	const char *name; /* within the interface: "CreateKey" */
	varlink_handler handle;
	enum varlink_flags flags;
};

struct varlink_config {
	int listen_fd;	    /* taken: closed by _free() and on failure */
	const char *vendor; /* for GetInfo; all strings borrowed */
	const char *product;
	const char *version;
	const char *url;
	const char *interface; /* "io.kmsagent.Agent" */
	const char *idl;       /* its definition, for GetInterfaceDescription */
	const struct varlink_method *methods; /* ends with a NULL name */
	void *userdata;
	/* What a connection over a cap is told, with a "reason"; NULL = it is
	 * closed without a word. */
	const char *busy_error;
	/* Caps; 0 takes the default in brackets. */
	unsigned max_connections;	  /* all uids [1024] */
	unsigned max_connections_per_uid; /* uids other than 0 [64] */
	unsigned io_timeout_ms; /* for a started message to come whole, and
				   for a reply to be read [10000] */
};

/*
 * Copies the config, makes listen_fd non-blocking.  Returns 0, -EINVAL (no
 * interface, IDL or methods), or errno of epoll and timerfd.
 */
int varlink_server_new(const struct varlink_config *config,
		       struct varlink_server **ret) _must_check_;

/* Closes every connection (cancelling their calls) and the socket.  Never
 * from inside a handler. */
void varlink_server_free(struct varlink_server *s);
static inline void varlink_server_freep(struct varlink_server **s)
{
	varlink_server_free(*s);
}

/* Readable when varlink_server_dispatch() has something to do. */
int varlink_server_fd(const struct varlink_server *s);

/* Do what is ready; never blocks.  0 or negative errno of epoll_wait. */
int varlink_server_dispatch(struct varlink_server *s) _must_check_;

/*
 * Accept no more and close the socket.  Who connects waits in its backlog, if
 * somebody else has it open too, and is refused if not.
 */
void varlink_server_shut(struct varlink_server *s);

/*
 * Is no call being handled, none partly received, no answer partly sent, and
 * has nothing come or gone for @quiet_ms (clients that make calls in a row)?
 */
bool varlink_server_is_idle(const struct varlink_server *s, unsigned quiet_ms);

/* Connections open now. */
unsigned varlink_server_connections(const struct varlink_server *s);

/* ---- a call ---- */

/* Who connected (not who passed the socket on), by SO_PEERCRED. */
const struct ucred *varlink_call_peer(const struct varlink_call *call);

/*
 * The peer's supplementary groups at connect; the caller frees *ret.
 * Returns 0 or errno of getsockopt.  Source: socket(7), SO_PEERGROUPS.
 */
int varlink_call_peer_groups(const struct varlink_call *call, gid_t **ret,
			     size_t *ret_count) _must_check_;

const char *varlink_call_method(const struct varlink_call *call);

/* Descriptors that came with the call; those not taken are closed with it. */
size_t varlink_call_fd_count(const struct varlink_call *call);
/* Move one out (close-on-exec); -EBADF: no such index, or taken before. */
int varlink_call_take_fd(struct varlink_call *call, size_t index) _must_check_;

/* The handler's own pointer, and what to run if the connection goes away
 * before the answer: @call is freed right after it returns. */
typedef void (*varlink_cancel)(struct varlink_call *call, void *data);
void varlink_call_on_cancel(struct varlink_call *call, varlink_cancel cancel,
			    void *data);
void *varlink_call_data(const struct varlink_call *call);

/*
 * Answer and free @call.  Both take @params (NULL = none).  Should memory
 * run out, or the answer be over-long, the connection is closed instead: the
 * client never sees half an answer.
 */
void varlink_reply(struct varlink_call *call, cJSON *params);
void varlink_error(struct varlink_call *call, const char *error, cJSON *params);

/* org.varlink.service.InvalidParameter, and PermissionDenied. */
void varlink_error_parameter(struct varlink_call *call, const char *parameter);
void varlink_error_permission(struct varlink_call *call);

/*
 * A listening socket at @path: an old socket there is replaced, anything else
 * there is -EEXIST; -ENAMETOOLONG over 107 bytes; -EADDRINUSE if somebody
 * still answers there.  Non-blocking, close-on-exec.
 */
int varlink_listen(const char *path, mode_t mode, int *ret_fd) _must_check_;

#endif
