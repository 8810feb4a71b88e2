/* SPDX-License-Identifier: MIT */
/* The audit trail.  It must not know HTTP, nor any operation by name. */
#include "kmsagent/kms/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kmsagent/base/clock.h"
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

static void put_identity(struct text *t, const struct kms_request *req)
{
	const struct kms_principal *who = req->who;

	text_open(t, "userIdentity");
	if (who) {
		text_string(t, "type", kms_principal_type_name(who->type));
		text_string(t, "principalId",
			    who->name ? who->name : who->account);
		text_string(t, "arn", who->arn);
		text_string(t, "accountId", who->account);
	} else {
		text_string(t, "type", "Unknown");
	}
	if (req->access_key_id)
		text_string(t, "accessKeyId", req->access_key_id);
	if (who && who->name)
		text_string(t, "userName", who->name);
	text_raw(t, "}");
}

static void put_key(struct text *t, const char *arn, const char *account)
{
	text_raw(t, "{");
	text_string(t, "ARN", arn);
	text_string(t, "accountId", account);
	text_raw(t, ",\"type\":\"AWS::KMS::Key\"}");
}

static void put_keys(struct text *t, const char *const *arns, size_t count,
		     const char *account)
{
	bool any = false;

	text_raw(t, ",\"resources\":[");
	for (size_t i = 0; i < count; i++) {
		if (!arns[i])
			continue;
		if (any)
			text_raw(t, ",");
		put_key(t, arns[i], account);
		any = true;
	}
	text_raw(t, "]");
}

static void put_time(struct text *t, int64_t now_s)
{
	char iso[CLOCK_ISO_BYTES];

	clock_format_iso(now_s, iso);
	text_string(t, "eventTime", iso);
}

void kms_audit_format_call(const struct kms_audit_call *call, struct text *t)
{
	const struct kms_request *req = call->req;
	const struct kms_reply *reply = call->reply;

	text_raw(t, "{\"eventVersion\":\"" EVENT_VERSION "\"");
	put_identity(t, req);
	put_time(t, call->now_s);
	text_raw(t, ",\"eventSource\":\"" EVENT_SOURCE "\"");
	text_string(t, "eventName",
		    *req->operation ? req->operation : "Unknown");
	text_string(t, "awsRegion", req->region);
	text_string(t, "sourceIPAddress", req->source_ip);
	text_string(t, "userAgent", req->user_agent);
	if (call->error)
		text_string(t, "errorCode", call->error);
	if (call->error && call->message)
		text_string(t, "errorMessage", call->message);
	text_json(t, "requestParameters", reply->parameters);
	text_json(t, "responseElements", call->error ? NULL : reply->response);
	if (reply->extra)
		text_json(t, "additionalEventData", reply->extra);
	text_string(t, "requestID", req->request_id);
	text_string(t, "eventID", call->event_id);
	text_bool(t, "readOnly", reply->read_only);
	put_keys(t, (const char *const *)reply->key_arns, KMS_REPLY_MAX_KEYS,
		 call->account);
	text_raw(t, ",\"eventType\":\"AwsApiCall\",\"managementEvent\":true");
	text_string(t, "recipientAccountId", call->account);
	text_raw(t, ",\"eventCategory\":\"Management\"}\n");
}

void kms_audit_format_event(const char *name, const char *region,
			    const char *account, const char *key_arn,
			    const char *event_id, int64_t now_s, struct text *t)
{
	text_raw(t, "{\"eventVersion\":\"" EVENT_VERSION "\"");
	text_open(t, "userIdentity");
	text_string(t, "accountId", account);
	text_raw(t, ",\"invokedBy\":\"AWS Internal\"}");
	put_time(t, now_s);
	text_raw(t, ",\"eventSource\":\"" EVENT_SOURCE "\"");
	text_string(t, "eventName", name);
	text_string(t, "awsRegion", region);
	text_raw(t, ",\"sourceIPAddress\":\"AWS Internal\""
		    ",\"userAgent\":\"AWS Internal\""
		    ",\"requestParameters\":null,\"responseElements\":null");
	text_string(t, "eventID", event_id);
	text_bool(t, "readOnly", false);
	put_keys(t, &key_arn, 1, account);
	text_raw(t, ",\"eventType\":\"AwsServiceEvent\""
		    ",\"managementEvent\":true");
	text_string(t, "recipientAccountId", account);
	text_raw(t, ",\"eventCategory\":\"Management\"}\n");
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
