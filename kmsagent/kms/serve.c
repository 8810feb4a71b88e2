/* SPDX-License-Identifier: MIT */
/*
 * One call from bytes to bytes.  It must not know sockets, the HTTP library,
 * nor what any operation does.
 */
#include "kmsagent/kms/serve.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"
#include "kmsagent/kms/error.h"

#define TARGET_PREFIX	   "TrentService."
#define OPERATION_MAX	   64
#define USER_AGENT_MAX	   512
#define AUDIT_LOG_EVERY_MS 10000

/* What a call is while it is worked on. */
struct work {
	struct kms_identity id;
	struct kms_request req;
	struct kms_reply reply;
	cJSON *params;
	char operation[OPERATION_MAX + 1];
	char event_id[UUID_LEN + 1];
	char user_agent[USER_AGENT_MAX + 1];
};

int kms_caller_init(struct kms_caller *c, struct kms_front *front)
{
	*c = (struct kms_caller){.front = front, .line = TEXT_INIT};
	return kms_auth_new(front->config, &c->auth);
}

void kms_caller_done(struct kms_caller *c)
{
	kms_auth_free(c->auth);
	text_done(&c->line);
}

static const char *find_header(const struct kms_incoming *in, const char *name)
{
	for (size_t i = 0; i < in->nheaders; i++)
		if (strcasecmp(in->headers[i].name, name) == 0)
			return in->headers[i].value;
	return NULL;
}

/* Refuse with @message, which is copied; NULL: the error says enough. */
static void refuse(struct work *w, enum kms_error_id error, const char *message)
{
	w->reply.error = kms_error_get(error);
	w->reply.message = message ? strdup(message) : NULL;
}

/*
 * Two parsers that disagree on which of two headers counts are a way around
 * a signature: those that decide anything come once.
 */
static bool is_ambiguous(const struct kms_incoming *in)
{
#define ONCE(name)                                                             \
	{                                                                      \
		name, sizeof(name) - 1                                         \
	}
	static const struct {
		const char *name;
		size_t len;
	} once[] = {ONCE("host"),	  ONCE("authorization"),
		    ONCE("x-amz-date"),	  ONCE("x-amz-target"),
		    ONCE("date"),	  ONCE("x-amz-security-token"),
		    ONCE("content-type"), ONCE("x-kmsd-region")};
#undef ONCE
	unsigned seen = 0; /* a bit for each of them */

	for (size_t i = 0; i < in->nheaders; i++) {
		size_t len = strlen(in->headers[i].name);

		for (size_t k = 0; k < ARRAY_SIZE(once); k++) {
			if (once[k].len != len ||
			    strcasecmp(once[k].name, in->headers[i].name) != 0)
				continue;
			if (seen & 1U << k)
				return true;
			seen |= 1U << k;
		}
	}
	return false;
}

/* "TrentService.Encrypt" to "Encrypt"; "" if it is nothing like that. */
static void get_operation(const struct kms_incoming *in, struct work *w)
{
	const char *target = find_header(in, "x-amz-target");
	size_t len, prefix = strlen(TARGET_PREFIX);

	if (!target || strncmp(target, TARGET_PREFIX, prefix) != 0)
		return;
	target += prefix;
	len = strspn(target, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz");
	if (len <= OPERATION_MAX && target[len] == '\0')
		memcpy(w->operation, target, len);
}

static void get_user_agent(const struct kms_incoming *in, struct work *w)
{
	const char *agent = find_header(in, "user-agent");

	if (agent)
		memcpy(w->user_agent, agent, strnlen(agent, USER_AGENT_MAX));
}

static int authenticate(struct kms_caller *c, const struct kms_incoming *in,
			int64_t now_s, struct work *w)
{
	const struct iovec body = {(void *)(uintptr_t)in->body, in->body_len};
	uint8_t hash[SHA256_BYTES];
	const struct sigv4_request req = {.method = "POST",
					  .path = "/",
					  .headers = in->headers,
					  .header_count = in->nheaders,
					  .body_hash = hash};

	if (in->is_unix) {
		kms_auth_peer(c->auth, in->uid, &req, &w->id);
	} else {
		int r = sha256(&body, 1, hash);

		if (r < 0)
			return r;
		kms_auth_signature(c->auth, &req, now_s, &w->id);
	}
	w->req.who = w->id.who;
	w->req.access_key_id = w->id.access_key_id;
	w->req.region = w->id.region;
	if (w->id.error) {
		w->reply.error = w->id.error;
		w->reply.message = strdup(w->id.message);
	}
	return 0;
}

static int parse_body(const struct kms_incoming *in, struct work *w)
{
	int r;

	if (in->body_len == 0) {
		w->params = cJSON_CreateObject();
		return w->params ? 0 : -ENOMEM;
	}
	r = json_parse_object(in->body, in->body_len, &w->params);
	if (r == -EBADMSG) {
		refuse(w, KMS_ERROR_SERIALIZATION,
		       "The body is not one JSON object with each member "
		       "once.");
		return 0;
	}
	return r;
}

/* Up to the point where @w->reply says what to answer. */
static int work_on(struct kms_caller *c, const struct kms_incoming *in,
		   int64_t now_s, struct work *w)
{
	int r;

	if (in->nheaders > KMS_HEADERS_MAX || is_ambiguous(in)) {
		w->req.region = c->front->config->regions[0];
		refuse(w, KMS_ERROR_INCOMPLETE_SIGNATURE,
		       "The request has too many headers, or one that may "
		       "come once came twice.");
		return 0;
	}
	get_operation(in, w);
	get_user_agent(in, w);
	if (in->is_too_large) {
		w->req.region = c->front->config->regions[0];
		refuse(w, KMS_ERROR_REQUEST_TOO_LARGE,
		       "The body of a request is at most 262144 bytes.");
		return 0;
	}
	r = authenticate(c, in, now_s, w);
	if (r < 0 || w->reply.error)
		return r;
	if (!*w->operation) {
		refuse(w, KMS_ERROR_UNKNOWN_OPERATION, NULL);
		return 0;
	}
	r = parse_body(in, w);
	if (r < 0 || w->reply.error)
		return r;
	w->req.params = w->params;
	return kms_dispatch(c->front->svc, &w->req, &w->reply);
}

static const struct log_event event_no_audit = {
	"10a4cd33fd0742fda096676c4461decc", "audit-failed"};

static void log_audit_failure(struct kms_front *front, int err)
{
	int64_t now = clock_boot_ms();
	int64_t last = atomic_load(&front->audit_error_ms);

	if (last && now - last < AUDIT_LOG_EVERY_MS)
		return;
	if (atomic_compare_exchange_strong(&front->audit_error_ms, &last, now))
		log_event(LOG_LEVEL_CRIT, &event_no_audit, NULL,
			  "calls are refused: the audit trail %s cannot be "
			  "written: %s; make room or mend it, it is tried "
			  "again with every call",
			  front->audit->path, strerror(-err));
}

static int audit(struct kms_caller *c, const struct work *w, int64_t now_s)
{
	const struct kms_reply *reply = &w->reply;
	const struct kms_audit_call record = {
		.req = &w->req,
		.reply = reply,
		.error = reply->error ? reply->error->name : NULL,
		.message = reply->message,
		.account = c->front->config->account,
		.event_id = w->event_id,
		.time = c->time};

	if (!*w->event_id)
		return -EIO; /* no id: no record, and so no answer */
	if (now_s != c->time_s) {
		clock_format_iso(now_s, c->time);
		c->time_s = now_s;
	}
	text_clear(&c->line);
	kms_audit_format_call(&record, &c->line);
	return kms_audit_write(c->front->audit, &c->line);
}

/* {"__type":...,"message":...}, or NULL, which answers with an empty body. */
static char *error_body(const struct kms_error *error, const char *message)
{
	_json_ cJSON *body = cJSON_CreateObject();

	if (!body || json_add_string(body, "__type", error->name) < 0)
		return NULL;
	if (message &&
	    json_add_string(body, error->is_front ? "Message" : "message",
			    message) < 0)
		return NULL;
	return json_print(body);
}

static void answer(const struct kms_reply *reply, struct kms_answer *ret)
{
	ret->error = reply->error;
	ret->body = NULL;
	if (!ret->error && reply->body) {
		ret->body = json_print(reply->body);
		if (!ret->body)
			ret->error = kms_error_get(KMS_ERROR_INTERNAL);
	}
	if (ret->error)
		ret->body = error_body(ret->error, reply->message);
	ret->status = ret->error ? ret->error->status : 200;
}

void kms_serve(struct kms_caller *c, const struct kms_incoming *in,
	       struct kms_answer *ret)
{
	struct work w = {.reply = KMS_REPLY_INIT};
	const struct kms_reply failed = {
		.error = kms_error_get(KMS_ERROR_INTERNAL)};
	int64_t now_s = clock_epoch_s();
	int r = uuid_new(ret->request_id);

	if (r < 0)
		*ret->request_id = '\0';
	if (r >= 0)
		r = uuid_new(w.event_id);
	if (r < 0)
		*w.event_id = '\0';
	w.req = (struct kms_request){.region = c->front->config->regions[0],
				     .operation = w.operation,
				     .request_id = ret->request_id,
				     .event_id = w.event_id,
				     .source_ip = in->source,
				     .tls = in->is_tls,
				     .user_agent = w.user_agent};
	if (r >= 0)
		r = work_on(c, in, now_s, &w);
	if (r < 0 && !w.reply.error)
		w.reply.error = failed.error;
	r = audit(c, &w, now_s);
	if (r < 0)
		log_audit_failure(c->front, r);
	answer(r < 0 ? &failed : &w.reply, ret);
	kms_reply_done(&w.reply);
	cJSON_Delete(w.params);
}
