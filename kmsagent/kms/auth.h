/* SPDX-License-Identifier: MIT */
/*
 * Who asks: the uid behind a Unix socket, or the signature of a request over
 * TCP.  What they may do is not decided here.
 */
#ifndef KMSAGENT_KMS_AUTH_H
#define KMSAGENT_KMS_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "kmsagent/crypto/sigv4.h"
#include "kmsagent/kms/config.h"
#include "kmsagent/kms/error.h"

/* One a thread: signing keys are kept ready for the thread that uses them. */
struct kms_auth;

/* Borrows @config.  Returns 0 or -ENOMEM. */
int kms_auth_new(const struct kms_config *config,
		 struct kms_auth **ret) _must_check_;
void kms_auth_free(struct kms_auth *a);

/* What is known once somebody is let in, and what to tell if not.  Points into
 * itself: not to be copied. */
struct kms_identity {
	const struct kms_principal *who; /* NULL: refused */
	const char *access_key_id;     /* as given, verified or not; or NULL */
	const char *region;	       /* a configured one */
	const struct kms_error *error; /* why it is refused */
	char message[SIGV4_EXPLAIN_BYTES];
	char given_key_id[SIGV4_ACCESS_KEY_ID_MAX + 1]; /* private */
};

/*
 * By the socket's peer.  The region is the one that X-Kmsd-Region names, the
 * first configured one without it; Authorization is not looked at: nobody
 * may be somebody else there.
 */
void kms_auth_peer(struct kms_auth *a, uid_t uid,
		   const struct sigv4_request *req, struct kms_identity *ret);

/*
 * By Signature Version 4.  @now_s is the epoch.  A failure of ours (no
 * memory) refuses with KMSInternalException.
 */
void kms_auth_signature(struct kms_auth *a, const struct sigv4_request *req,
			int64_t now_s, struct kms_identity *ret);

#endif
