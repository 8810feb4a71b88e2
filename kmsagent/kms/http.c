/* SPDX-License-Identifier: MIT */
/*
 * From the HTTP library's callbacks to kms_serve() and back.  Threads, sockets
 * and deadlines are worker.c's; what a call means is serve.c's.
 * Known copies: the library's pool holds a request until the next one on the
 * connection; bodies are wiped out of it here as they are taken over.
 */
#include "kmsagent/kms/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdint.h>
#include <string.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/error.h"
#include "kmsagent/kms/tls.h"
#include "kmsagent/kms/worker.h"

#define CONTENT_TYPE "application/x-amz-json-1.1"

/* Headers as the signature check wants them; one too many shows as such. */
struct header_list {
	struct sigv4_header at[KMS_HEADERS_MAX];
	size_t count;
};

static enum MHD_Result add_header(void *userdata, enum MHD_ValueKind kind,
				  const char *name, const char *value)
{
	struct header_list *list = userdata;

	(void)kind;
	if (list->count < KMS_HEADERS_MAX)
		list->at[list->count] =
			(struct sigv4_header){name, value ? value : ""};
	list->count++;
	return list->count <= KMS_HEADERS_MAX ? MHD_YES : MHD_NO;
}

static void free_body(void *body)
{
	json_text_free(body);
}

/*
 * Queue an answer; takes @body.  @request_id and @error may be NULL.  MHD_NO
 * makes the library close the connection.
 */
static enum MHD_Result send_answer(struct worker *w, struct conn *c,
				   struct MHD_Connection *connection,
				   int status, char *body,
				   const char *request_id,
				   const struct kms_error *error)
{
	struct MHD_Response *response;
	enum MHD_Result ok;

	if (body)
		response = MHD_create_response_from_buffer_with_free_callback(
			strlen(body), body, free_body);
	else
		response = MHD_create_response_from_buffer(
			0, NULL, MHD_RESPMEM_PERSISTENT);
	if (!response) {
		json_text_free(body);
		return MHD_NO;
	}
	ok = MHD_add_response_header(response, "Content-Type", CONTENT_TYPE);
	if (ok && request_id)
		ok = MHD_add_response_header(response, "x-amzn-RequestId",
					     request_id);
	if (ok && error)
		ok = MHD_add_response_header(response, "x-amzn-ErrorType",
					     error->name);
	if (ok && w->is_draining)
		ok = MHD_add_response_header(response, "Connection", "close");
	if (ok)
		ok = MHD_queue_response(connection, (unsigned)status, response);
	MHD_destroy_response(response);
	c->phase = CONN_ANSWERED;
	c->deadline_ms = w->now_ms + KMS_HTTP_REQUEST_MS;
	return ok;
}

static void describe(const struct conn *c, struct MHD_Connection *connection,
		     struct header_list *headers, struct kms_incoming *ret)
{
	headers->count = 0;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header,
				  headers);
	*ret = (struct kms_incoming){.is_unix = c->is_unix,
				     .is_tls = c->is_tls,
				     .uid = c->uid,
				     .source = c->source,
				     .headers = headers->at,
				     .nheaders = headers->count,
				     .body = c->body,
				     .body_len = c->body_len,
				     .is_too_large = c->is_too_large};
}

static enum MHD_Result answer_call(struct worker *w, struct conn *c,
				   struct MHD_Connection *connection)
{
	struct header_list headers;
	struct kms_incoming in;
	struct kms_answer answer;

	describe(c, connection, &headers, &in);
	kms_serve(&w->caller, &in, &answer);
	return send_answer(w, c, connection, answer.status, answer.body,
			   answer.request_id, answer.error);
}

/* A call put aside while the lane works on it; it borrows from both. */
struct slow_call {
	struct kms_job job;
	struct header_list headers;
	struct MHD_Connection *connection;
};

static bool is_slow(struct MHD_Connection *connection)
{
	static const char prefix[] = "TrentService.";
	const char *target = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, "X-Amz-Target");

	return target && strncmp(target, prefix, strlen(prefix)) == 0 &&
	       kms_is_slow(target + strlen(prefix));
}

/* On the lane's thread: the connection's own looks at it again. */
static void slow_call_done(struct kms_job *job)
{
	struct slow_call *s = job->userdata;

	MHD_resume_connection(s->connection);
}

static enum MHD_Result put_aside(struct worker *w, struct conn *c,
				 struct MHD_Connection *connection)
{
	struct slow_call *s = calloc(1, sizeof(*s));

	if (!s)
		return MHD_NO;
	s->connection = connection;
	s->job.done = slow_call_done;
	s->job.userdata = s;
	describe(c, connection, &s->headers, &s->job.in);
	c->job = s;
	c->phase = CONN_WORKED_ON;
	c->deadline_ms = w->now_ms + KMS_HTTP_SLOW_MS;
	MHD_suspend_connection(connection);
	kms_lane_push(w->lane, &s->job);
	return MHD_YES;
}

static enum MHD_Result answer_slow_call(struct worker *w, struct conn *c,
					struct MHD_Connection *connection)
{
	struct slow_call *s = c->job;
	struct kms_answer *answer = &s->job.answer;

	if (!answer->status)
		return MHD_NO;
	return send_answer(w, c, connection, answer->status,
			   take_ptr(answer->body), answer->request_id,
			   answer->error);
}

static void forget_slow_call(struct conn *c)
{
	struct slow_call *s = c->job;

	if (s)
		json_text_free(s->job.answer.body);
	free(s);
	c->job = NULL;
}

/* For load balancers and humans; says nothing about keys. */
static enum MHD_Result answer_health(struct worker *w, struct conn *c,
				     struct MHD_Connection *connection)
{
	_json_ cJSON *body = cJSON_CreateObject();

	if (!body ||
	    json_add_string(body, "status",
			    w->is_draining ? "stopping" : "ok") < 0 ||
	    json_add_string(body, "version", KMSAGENT_VERSION) < 0)
		return MHD_NO;
	return send_answer(w, c, connection, MHD_HTTP_OK, json_print(body),
			   NULL, NULL);
}

static enum MHD_Result refuse(struct worker *w, struct conn *c,
			      struct MHD_Connection *connection, int status,
			      enum kms_error_id id, const char *message)
{
	const struct kms_error *error = kms_error_get(id);
	_json_ cJSON *body = cJSON_CreateObject();

	if (!body || json_add_string(body, "__type", error->name) < 0 ||
	    json_add_string(body, "message", message) < 0)
		return MHD_NO;
	return send_answer(w, c, connection, status, json_print(body), NULL,
			   error);
}

/* Once a connection: its handshake is over by then.  Here, where there is
 * somebody to tell why, and no call yet. */
static bool is_welcome(struct conn *c, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;

	if (c->is_trusted || !c->is_tls || !kms_tls_wants_clients())
		return true;
	info = MHD_get_connection_info(connection,
				       MHD_CONNECTION_INFO_GNUTLS_SESSION);
	c->is_trusted = info && kms_tls_client_is_trusted(info->tls_session);
	return c->is_trusted;
}

/* All headers are there; a body may follow. */
static enum MHD_Result on_headers(struct worker *w, struct conn *c,
				  struct MHD_Connection *connection,
				  const char *method)
{
	const char *length;

	c->phase = CONN_HEADERS;
	if (!is_welcome(c, connection))
		return refuse(w, c, connection, MHD_HTTP_FORBIDDEN,
			      KMS_ERROR_ACCESS_DENIED,
			      "A client certificate by an authority of [tls] "
			      "client_ca is needed here.");
	if (strcmp(method, c->route == CONN_ROUTE_CALL ? "POST" : "GET") != 0)
		c->route = CONN_ROUTE_NOWHERE;
	length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					     "Content-Length");
	/* The library has checked that it is a number.  Answered at once, so
	 * that a client which asked first (RFC 9110, 100-continue) sends
	 * nothing; the connection ends with the answer. */
	if (length && strtoull(length, NULL, 10) > KMS_BODY_MAX_BYTES) {
		c->is_too_large = true;
		return answer_call(w, c, connection);
	}
	return MHD_YES;
}

static enum MHD_Result on_body(struct conn *c, const char *bytes, size_t len)
{
	if (conn_add_body(c, bytes, len, KMS_BODY_MAX_BYTES) < 0)
		return MHD_NO;
	/* It points into the library's own, writable pool. */
	secret_wipe((void *)(uintptr_t)bytes, len);
	return MHD_YES;
}

static enum MHD_Result on_complete(struct worker *w, struct conn *c,
				   struct MHD_Connection *connection)
{
	switch (c->route) {
	case CONN_ROUTE_CALL:
		if (c->job)
			return answer_slow_call(w, c, connection);
		return is_slow(connection) ? put_aside(w, c, connection)
					   : answer_call(w, c, connection);
	case CONN_ROUTE_HEALTH:
		return answer_health(w, c, connection);
	case CONN_ROUTE_NOWHERE:
		break;
	}
	return refuse(w, c, connection, MHD_HTTP_NOT_FOUND,
		      KMS_ERROR_UNKNOWN_OPERATION,
		      "Calls are POST /, health is GET /healthz.");
}

/*
 * The library calls this once with the headers, then for each piece of the
 * body, then once more when it is complete.
 */
static enum MHD_Result on_request(void *userdata,
				  struct MHD_Connection *connection,
				  const char *path, const char *method,
				  const char *version, const char *bytes,
				  size_t *len, void **request)
{
	struct worker *w = userdata;
	struct conn *c = *request;
	size_t piece = *len;

	(void)path;
	(void)version;
	if (!c)
		return MHD_NO;
	if (c->phase == CONN_ARRIVING)
		return on_headers(w, c, connection, method);
	*len = 0;
	return piece ? on_body(c, bytes, piece) : on_complete(w, c, connection);
}

/* The request line is there: from now the whole request has its deadline. */
static void *on_request_line(void *userdata, const char *uri,
			     struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct worker *w = userdata;
	struct conn *c = info->socket_context;

	/* Here, because the library hands on a path without its query. */
	if (strcmp(uri, "/") == 0)
		c->route = CONN_ROUTE_CALL;
	else if (strcmp(uri, "/healthz") == 0)
		c->route = CONN_ROUTE_HEALTH;
	c->phase = CONN_ARRIVING;
	if (c->deadline_ms > w->now_ms + KMS_HTTP_REQUEST_MS)
		c->deadline_ms = w->now_ms + KMS_HTTP_REQUEST_MS;
	return c;
}

static void on_completed(void *userdata, struct MHD_Connection *connection,
			 void **request, enum MHD_RequestTerminationCode why)
{
	struct worker *w = userdata;
	struct conn *c = *request;

	(void)connection;
	(void)why;
	if (!c)
		return;
	forget_slow_call(c);
	conn_clear_request(c);
	c->deadline_ms = w->now_ms + KMS_HTTP_IDLE_MS;
}

static void on_connection(void *userdata, struct MHD_Connection *connection,
			  void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct worker *w = userdata;

	(void)connection;
	switch (what) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		*context = worker_attach(w);
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		worker_detach(w, *context);
		*context = NULL;
		break;
	}
}

/* A path is compared as it was sent: nothing to undo in it. */
static size_t no_unescape(void *userdata, struct MHD_Connection *connection,
			  char *text)
{
	(void)userdata;
	(void)connection;
	return strlen(text);
}

int http_daemon_new(struct worker *w, bool is_tls, struct MHD_Daemon **ret)
{
	struct MHD_Daemon *d = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
			MHD_ALLOW_SUSPEND_RESUME |
			(is_tls ? MHD_USE_TLS : MHD_USE_TURBO),
		0, NULL, NULL, on_request, w, MHD_OPTION_CONNECTION_LIMIT,
		w->front->config->max_connections + 1,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, HTTP_POOL_BYTES,
		MHD_OPTION_URI_LOG_CALLBACK, on_request_line, w,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, w,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, w,
		MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		/* Passed over without MHD_USE_TLS. */
		MHD_OPTION_HTTPS_PRIORITIES, KMS_TLS_PRIORITIES,
		MHD_OPTION_HTTPS_CERT_CALLBACK, kms_tls_retrieve,
		MHD_OPTION_HTTPS_MEM_TRUST, kms_tls_client_ca(),
		MHD_OPTION_END);

	if (!d)
		return -EIO;
	*ret = d;
	return 0;
}
