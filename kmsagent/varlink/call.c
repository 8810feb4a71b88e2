/* SPDX-License-Identifier: MIT */
/*
 * A call from its dispatch to its one answer.
 */
#include <string.h>

#include "kmsagent/varlink/internal.h"

static const struct varlink_method *find(const struct varlink_method *methods,
					 const char *name)
{
	for (; methods->name; methods++)
		if (strcmp(methods->name, name) == 0)
			return methods;
	return NULL;
}

/* An object with one string; NULL when out of memory. */
static cJSON *one_string(const char *name, const char *value)
{
	cJSON *j = cJSON_CreateObject();

	if (j && cJSON_AddStringToObject(j, name, value))
		return j;
	cJSON_Delete(j);
	return NULL;
}

static void dispatch_to(struct varlink_call *call,
			const struct varlink_method *m, void *userdata)
{
	if (!m) {
		varlink_error(call, VARLINK_SERVICE ".MethodNotFound",
			      one_string("method", call->message.method));
		return;
	}
	if (m->flags & VARLINK_ROOT_ONLY && call->conn->peer.uid != 0) {
		varlink_error_permission(call);
		return;
	}
	if (call->nfds && !(m->flags & VARLINK_TAKES_FDS)) {
		varlink_error_parameter(call, "descriptors");
		return;
	}
	if (!call->message.params)
		call->message.params = cJSON_AddObjectToObject(
			call->message.root, "parameters");
	if (!call->message.params) {
		varlink_conn_abort(call->conn);
		return;
	}
	m->handle(call, call->message.params, userdata);
}

void varlink_call_dispatch(struct varlink_call *call)
{
	const struct varlink_config *config = &call->conn->server->config;
	const char *method = call->message.method;
	const char *dot = strrchr(method, '.');
	_free_ char *interface = strndup(method, (size_t)(dot - method));

	if (!interface) {
		varlink_conn_abort(call->conn);
		return;
	}
	if (call->message.upgrade)
		varlink_error_parameter(call, "upgrade");
	else if (strcmp(interface, config->interface) == 0)
		dispatch_to(call, find(config->methods, dot + 1),
			    config->userdata);
	else if (strcmp(interface, VARLINK_SERVICE) == 0)
		dispatch_to(call, find(varlink_service_methods, dot + 1),
			    (void *)(uintptr_t)config);
	else
		varlink_error(call, VARLINK_SERVICE ".InterfaceNotFound",
			      one_string("interface", interface));
}

void varlink_call_free(struct varlink_call *call)
{
	for (size_t i = 0; i < call->nfds; i++)
		close_keep_errno(call->fds[i]);
	varlink_message_done(&call->message);
	free(call);
}

const struct ucred *varlink_call_peer(const struct varlink_call *call)
{
	return &call->conn->peer;
}

int varlink_call_peer_groups(const struct varlink_call *call, gid_t **ret,
			     size_t *ret_count)
{
	_free_ gid_t *groups = NULL;
	socklen_t len = 64 * sizeof(gid_t);

	/* -ERANGE tells the length that is needed: Linux 4.13. */
	for (;;) {
		gid_t *more = realloc(groups, len ? len : 1);

		if (!more)
			return -ENOMEM;
		groups = more;
		if (getsockopt(call->conn->fd, SOL_SOCKET, SO_PEERGROUPS,
			       groups, &len) == 0)
			break;
		if (errno != ERANGE)
			return -errno;
	}
	*ret_count = len / sizeof(gid_t);
	*ret = take_ptr(groups);
	return 0;
}

const char *varlink_call_method(const struct varlink_call *call)
{
	return call->message.method;
}

size_t varlink_call_fd_count(const struct varlink_call *call)
{
	return call->nfds;
}

int varlink_call_take_fd(struct varlink_call *call, size_t index)
{
	if (index >= call->nfds || call->fds[index] < 0)
		return -EBADF;
	return take_fd(call->fds[index]);
}

void varlink_call_on_cancel(struct varlink_call *call, varlink_cancel cancel,
			    void *data)
{
	call->cancel = cancel;
	call->data = data;
}

void *varlink_call_data(const struct varlink_call *call)
{
	return call->data;
}

static void answer(struct varlink_call *call, const char *error, cJSON *params)
{
	struct varlink_conn *c = call->conn;
	bool oneway = call->message.oneway;
	char *text = NULL;
	size_t len = 0;
	int r = 0;

	if (!oneway)
		r = varlink_message_format(NULL, error, params, false, &text,
					   &len);
	cJSON_Delete(params);
	c->call = NULL;
	varlink_call_free(call);
	if (r < 0)
		varlink_conn_abort(c);
	else if (oneway)
		varlink_conn_resume(c);
	else
		varlink_conn_send(c, text, len);
}

void varlink_reply(struct varlink_call *call, cJSON *params)
{
	answer(call, NULL, params);
}

void varlink_error(struct varlink_call *call, const char *error, cJSON *params)
{
	answer(call, error, params);
}

void varlink_error_parameter(struct varlink_call *call, const char *parameter)
{
	varlink_error(call, VARLINK_SERVICE ".InvalidParameter",
		      one_string("parameter", parameter));
}

void varlink_error_permission(struct varlink_call *call)
{
	varlink_error(call, VARLINK_SERVICE ".PermissionDenied", NULL);
}
