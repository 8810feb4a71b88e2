/* SPDX-License-Identifier: MIT */
/*
 * Where the front of kmsd (HTTP, authentication, audit) meets its core
 * (operations, keys, store).  The front knows who asks and in which form;
 * the core knows what the operation means.  Neither sees the other's
 * insides: the front gives a request, takes a reply, audits it, sends it.
 */
#ifndef KMSAGENT_KMS_REQUEST_H
#define KMSAGENT_KMS_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "kmsagent/kms/text.h"

struct kms_error;   /* kmsagent/kms/error.h */
struct kms_service; /* the core: keys, aliases, store; opaque to the front */

enum kms_principal_type {
	KMS_PRINCIPAL_ROOT, /* the account itself: may all */
	KMS_PRINCIPAL_USER,
	KMS_PRINCIPAL_ROLE,
	KMS_PRINCIPAL_ASSUMED_ROLE,
	KMS_PRINCIPAL_FEDERATED_USER,
};

/* Who asks.  Made from the configuration, constant while kmsd serves. */
struct kms_principal {
	enum kms_principal_type type;
	const char *arn;     /* "arn:aws:iam::111122223333:user/alice" */
	const char *account; /* 12 digits, from the ARN */
	const char *name;    /* after the last '/'; NULL for the root */
	const char *service; /* [service] that names this ARN, "kmsagent", whose
				alias/aws/SERVICE it brings to life; or NULL */
};

/* One call.  Everything is borrowed by the core for the call's duration. */
struct kms_request {
	const struct kms_principal *who;
	const char *access_key_id; /* NULL: known by the socket's peer */
	const char *region;	   /* one of the configured ones */
	const char *operation;	   /* behind "TrentService."; may be unknown */
	const cJSON *params;	   /* the body, always an object */
	const char *request_id;	   /* UUID; also in the answer's header */
	const char *event_id;	   /* UUID of its audit record; or NULL */
	const char *source_ip;	   /* "127.0.0.1", or "unix:UID" */
	const char *user_agent;	   /* never NULL, at most 512 bytes */
	bool tls;
};

#define KMS_REPLY_MAX_KEYS 2 /* ReEncrypt: source and destination */

/*
 * What came of it.  Zeroed by the front (KMS_REPLY_INIT), filled by
 * kms_dispatch(), released by kms_reply_done().
 */
struct kms_reply {
	const struct kms_error *error; /* NULL: success */
	char *message;		       /* owned; NULL: the error has none */
	cJSON *body;		       /* owned; NULL: 200 with an empty body */
	bool has_secrets;	       /* the body holds plaintext */

	/* For the audit record; owned.  NULL members are written as null. */
	bool read_only; /* true also for cryptographic operations */
	/* "name":value,... in camelCase, without braces; empty: none.  No
	 * plaintext, ciphertext, tokens. */
	struct text parameters;
	cJSON *response; /* responseElements: of mutations only */
	cJSON *extra;	 /* additionalEventData */
	char *key_arns[KMS_REPLY_MAX_KEYS];
};

#define KMS_REPLY_INIT ((struct kms_reply){0})

/*
 * Do one operation.  Called from several threads at once.  What it changed
 * is durable when it returns.  An AWS error is a reply, not a failure: the
 * result is 0 whenever @reply says what to answer; negative errno (-ENOMEM)
 * when even that failed, which the front answers as KMSInternalException.
 * An operation not known gives UnknownOperationException.
 */
int kms_dispatch(struct kms_service *svc, const struct kms_request *req,
		 struct kms_reply *reply) _must_check_;

/* The operation may take seconds of computing: not for a thread that others
 * wait for. */
bool kms_is_slow(const char *operation) _must_check_;

void kms_reply_done(struct kms_reply *reply);

/*
 * A service's own event (DeleteKey when the waiting time is over, RotateKey):
 * the front writes it into the audit trail.  Negative errno: it could not be
 * written, and the event must not happen.
 */
struct kms_event {
	const char *name;
	const char *region;
	const char *key_arn;
	const cJSON *details; /* serviceEventDetails */
};
typedef int (*kms_event_fn)(void *userdata, const struct kms_event *event);

/* What the core needs to know to open; borrowed until kms_service_close(). */
struct kms_service_conf {
	const char *state_dir; /* exists, ours, 0700 */
	const char *account;   /* 12 digits */
	const char *const *regions;
	size_t nregions;
	const char *rootkey_provider; /* "file" */
	const char *rootkey_path;     /* never inside state_dir but in --dev */
	kms_event_fn event;
	void *event_userdata;
};

/*
 * Open store and root key, load the keys.  On failure @why (@why_len bytes)
 * holds a sentence for the log: cause and next step.  Returns 0, -EBUSY
 * (another kmsd has the store), -ENOKEY (store without its root key), or
 * errno of the files.
 */
int kms_service_open(const struct kms_service_conf *conf,
		     struct kms_service **ret, char *why,
		     size_t why_len) _must_check_;

/* Work that time brings (keys whose waiting period ended).  The front calls
 * it about once a second from one thread, beside kms_dispatch(). */
void kms_service_tick(struct kms_service *svc);

/* No kms_dispatch() may be running.  Accepts NULL. */
void kms_service_close(struct kms_service *svc);

#endif
