/* SPDX-License-Identifier: MIT */
/*
 * What hangs on a key in records of its own: its policy, its grants.  They
 * change without the key's record, and go with it.  Locks and results are
 * those of record.h.
 */
#ifndef KMSAGENT_KMS_ATTACHED_H
#define KMSAGENT_KMS_ATTACHED_H

#include "kmsagent/kms/batch.h"
#include "kmsagent/kms/key.h"

struct kms_grant;
struct kms_service;

/* Set the policy's document; copies. */
int kms_policy_put(struct kms_service *svc, struct kms_key *key,
		   const char *policy) _must_check_;

/* Takes @grant, whose key is set, on success. */
int kms_grant_add(struct kms_service *svc,
		  struct kms_grant *grant) _must_check_;
/* Frees @grant on success. */
int kms_grant_remove(struct kms_service *svc,
		     struct kms_grant *grant) _must_check_;

/* To the batch that makes a key: what it has from the beginning. */
int kms_attached_add(struct kms_batch *b,
		     const struct kms_key *key) _must_check_;
/* To the batch that ends it: all that hangs on it. */
int kms_attached_delete(struct kms_batch *b,
			const struct kms_key *key) _must_check_;

/* When the keys are in memory; as kms_records_load(). */
int kms_attached_load(struct kms_service *svc, char *why,
		      size_t why_len) _must_check_;

#endif
