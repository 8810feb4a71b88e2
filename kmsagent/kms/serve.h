/* SPDX-License-Identifier: MIT */
/*
 * What happens to one call, from its bytes to the bytes of its answer:
 * authenticate, parse, dispatch, audit.  It must not know sockets nor the
 * HTTP library, so that tests call it as the network does.
 */
#ifndef KMSAGENT_KMS_SERVE_H
#define KMSAGENT_KMS_SERVE_H

#include <stdatomic.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/kms/audit.h"
#include "kmsagent/kms/auth.h"
#include "kmsagent/kms/config.h"
#include "kmsagent/kms/request.h"

#define KMS_BODY_MAX_BYTES ((size_t)256 << 10)
#define KMS_HEADERS_MAX	   64

/* One a process; borrowed by all threads. */
struct kms_front {
	const struct kms_config *config;
	struct kms_service *svc;
	struct kms_audit *audit;
	_Atomic int64_t audit_error_ms; /* when its failure was last logged */
};

/* One a thread: what is kept ready between calls. */
struct kms_caller {
	struct kms_front *front;
	struct kms_auth *auth;
	struct text line; /* of the audit trail */
	int64_t time_s;	  /* what @time says: written once a second */
	char time[CLOCK_ISO_BYTES];
};

int kms_caller_init(struct kms_caller *c, struct kms_front *front) _must_check_;
void kms_caller_done(struct kms_caller *c);

/* A request as it came.  Borrows everything. */
struct kms_incoming {
	bool is_unix;
	bool is_tls;
	uid_t uid;	    /* of the peer, on a Unix socket */
	const char *source; /* "127.0.0.1" or "unix:UID" */
	const struct sigv4_header *headers;
	size_t nheaders;  /* may exceed KMS_HEADERS_MAX: refused */
	const char *body; /* NULL: none */
	size_t body_len;
	bool is_too_large; /* the body was, and is not here */
};

/* What goes back. */
struct kms_answer {
	int status; /* of HTTP */
	const struct kms_error *error;
	char *body; /* owned, json_text_free() wipes it; NULL: empty */
	char request_id[UUID_LEN + 1];
};

/* Always answers.  The call is POST / by then. */
void kms_serve(struct kms_caller *c, const struct kms_incoming *in,
	       struct kms_answer *ret);

#endif
