/* SPDX-License-Identifier: MIT */
/* The audit trail.  It must not know HTTP, nor any operation by name. */
#include "kmsagent/kms/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kmsagent/kms/principal.h"

#define EVENT_VERSION "1.11"
#define EVENT_SOURCE  "kms.amazonaws.com"

static int open_append(const char *path)
{
	int fd = open(path,
		      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			      O_NOFOLLOW,
		      0640);

	return fd < 0 ? -errno : fd;
}

int kms_audit_open(struct kms_audit *a, const char *path)
{
	int fd = open_append(path);

	if (fd < 0)
		return fd;
	a->fd = fd;
	a->path = path;
	atomic_init(&a->torn, false);
	return 0;
}

int kms_audit_reopen(struct kms_audit *a)
{
	_close_ int fd = open_append(a->path);

	if (fd < 0)
		return fd;
	/* The number stays, so that no writer needs a lock to read it. */
	return dup3(fd, a->fd, O_CLOEXEC) < 0 ? -errno : 0;
}

void kms_audit_close(struct kms_audit *a)
{
	close_keep_errno(a->fd);
	a->fd = -1;
}

/* ,"name": and a value.  A macro, so that the name is one copy of known
 * length: every call comes through here. */
#define PUT(kind, t, name, value)                                              \
	do {                                                                   \
		text_literal(t, ",\"" name "\":");                             \
		text_##kind(t, value);                                         \
	} while (0)

static void put_identity(struct text *t, const struct kms_request *req)
{
	const struct kms_principal *who = req->who;

	text_literal(t, ",\"userIdentity\":{\"type\":");
	text_string(t, who ? kms_principal_type_name(who->type) : "Unknown");
	if (who) {
		PUT(string, t, "principalId",
		    who->name ? who->name : who->account);
		PUT(string, t, "arn", who->arn);
		PUT(string, t, "accountId", who->account);
	}
	if (req->access_key_id)
		PUT(string, t, "accessKeyId", req->access_key_id);
	if (who && who->name)
		PUT(string, t, "userName", who->name);
	text_literal(t, "}");
}

static void put_parameters(struct text *t, const struct text *parameters)
{
	if (parameters->failed)
		t->failed = true;
	if (parameters->len == 0) {
		text_literal(t, ",\"requestParameters\":null");
		return;
	}
	text_literal(t, ",\"requestParameters\":{");
	text_put(t, parameters->at, parameters->len);
	text_literal(t, "}");
}

static void put_keys(struct text *t, const char *const *arns, size_t count,
		     const char *account)
{
	bool any = false;

	text_literal(t, ",\"resources\":[");
	for (size_t i = 0; i < count; i++) {
		if (!arns[i])
			continue;
		if (any)
			text_literal(t, ",");
		text_literal(t, "{\"ARN\":");
		text_string(t, arns[i]);
		PUT(string, t, "accountId", account);
		text_literal(t, ",\"type\":\"AWS::KMS::Key\"}");
		any = true;
	}
	text_literal(t, "]");
}

void kms_audit_format_call(const struct kms_audit_call *call, struct text *t)
{
	const struct kms_request *req = call->req;
	const struct kms_reply *reply = call->reply;

	text_literal(t, "{\"eventVersion\":\"" EVENT_VERSION "\"");
	put_identity(t, req);
	PUT(string, t, "eventTime", call->time);
	text_literal(t, ",\"eventSource\":\"" EVENT_SOURCE "\"");
	PUT(string, t, "eventName",
	    *req->operation ? req->operation : "Unknown");
	PUT(string, t, "awsRegion", req->region);
	PUT(string, t, "sourceIPAddress", req->source_ip);
	PUT(string, t, "userAgent", req->user_agent);
	if (call->error)
		PUT(string, t, "errorCode", call->error);
	if (call->error && call->message)
		PUT(string, t, "errorMessage", call->message);
	put_parameters(t, &reply->parameters);
	PUT(json, t, "responseElements", call->error ? NULL : reply->response);
	if (reply->extra)
		PUT(json, t, "additionalEventData", reply->extra);
	PUT(string, t, "requestID", req->request_id);
	PUT(string, t, "eventID", call->event_id);
	PUT(bool, t, "readOnly", reply->read_only);
	put_keys(t, (const char *const *)reply->key_arns, KMS_REPLY_MAX_KEYS,
		 call->account);
	text_literal(t,
		     ",\"eventType\":\"AwsApiCall\",\"managementEvent\":true");
	PUT(string, t, "recipientAccountId", call->account);
	text_literal(t, ",\"eventCategory\":\"Management\"}\n");
}

void kms_audit_format_event(const struct kms_event *event, const char *account,
			    const char *event_id, const char *time,
			    struct text *t)
{
	text_literal(t, "{\"eventVersion\":\"" EVENT_VERSION "\""
			",\"userIdentity\":{\"accountId\":");
	text_string(t, account);
	text_literal(t, ",\"invokedBy\":\"AWS Internal\"}");
	PUT(string, t, "eventTime", time);
	text_literal(t, ",\"eventSource\":\"" EVENT_SOURCE "\"");
	PUT(string, t, "eventName", event->name);
	PUT(string, t, "awsRegion", event->region);
	text_literal(t, ",\"sourceIPAddress\":\"AWS Internal\""
			",\"userAgent\":\"AWS Internal\""
			",\"requestParameters\":null"
			",\"responseElements\":null");
	PUT(string, t, "eventID", event_id);
	PUT(bool, t, "readOnly", false);
	put_keys(t, &event->key_arn, 1, account);
	text_literal(t, ",\"eventType\":\"AwsServiceEvent\""
			",\"managementEvent\":true");
	PUT(string, t, "recipientAccountId", account);
	PUT(json, t, "serviceEventDetails", event->details);
	text_literal(t, ",\"eventCategory\":\"Management\"}\n");
}

int kms_audit_write(struct kms_audit *a, const struct text *t)
{
	struct iovec parts[2] = {{(char[]){'\n'}, 1}, {t->at, t->len}};
	bool torn = atomic_load_explicit(&a->torn, memory_order_relaxed);
	size_t want = t->len + (torn ? 1 : 0);
	ssize_t n;

	if (t->failed)
		return -ENOMEM;
	do {
		n = torn ? writev(a->fd, parts, 2)
			 : write(a->fd, t->at, t->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	/* A disk that fills up takes a piece: it must not swallow the start
	 * of the next record. */
	if ((size_t)n < want) {
		if (n > 0)
			atomic_store(&a->torn, true);
		return -EIO;
	}
	if (torn)
		atomic_store(&a->torn, false);
	return 0;
}
