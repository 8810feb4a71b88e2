/* SPDX-License-Identifier: MIT */
/*
 * What keys do of themselves when their time comes: end, rotate, lose
 * material that has expired.  One job a file; kms_service_tick() sees to
 * when.  Each is recorded in the audit trail first: what cannot be told does
 * not happen.  The caller holds service.mutate and no other lock.
 */
#ifndef KMSAGENT_KMS_JOBS_H
#define KMSAGENT_KMS_JOBS_H

#include "kmsagent/kms/key.h"

struct kms_service;

/*
 * Tell the audit trail; 0 or negative errno.  @details are pairs of name and
 * value, ended by NULL, beside the key's id.
 */
int kms_job_tell(struct kms_service *svc, const char *event,
		 const struct kms_key *key,
		 const char *const *details) _must_check_;

/* The waiting period is over; frees @key on success. */
int kms_job_delete(struct kms_service *svc, struct kms_key *key) _must_check_;

/* Its material from now on is a new one, or the one that was imported for
 * this.  Errors as kms_key_change(). */
int kms_job_rotate(struct kms_service *svc, struct kms_key *key,
		   int64_t now_ms) _must_check_;

/* Imported material whose time is over by @now_ms goes. */
int kms_job_expire(struct kms_service *svc, struct kms_key *key,
		   int64_t now_ms) _must_check_;

#endif
