/* SPDX-License-Identifier: MIT */
/*
 * When each key was last used.  Noted in memory by the data plane, which
 * touches no storage; written out by the service's jobs every few minutes and
 * at the end.  What was noted since is lost with a process that is killed.
 */
#ifndef KMSAGENT_KMS_LASTUSE_H
#define KMSAGENT_KMS_LASTUSE_H

#include "kmsagent/kms/task.h"

#define KMS_KIND_LAST_USE	    "last-use"
#define KMS_LAST_USE_SAVE_MS	    ((int64_t)5 * 60 * 1000)
#define KMS_LAST_USE_GRANULARITY_MS 1000 /* of the same operation */

/* The task's operation succeeded with @key. */
void kms_last_use_note(const struct kms_task *t, struct kms_key *key);

/* Once the keys are loaded; errors of the store, -EUCLEAN. */
int kms_last_use_load(struct kms_service *svc) _must_check_;

/*
 * Write what is not written yet, a bounded number of records: returns 1 if
 * some are left, 0, or errors of the store.  Under mutate, or alone.
 */
int kms_last_use_save(struct kms_service *svc) _must_check_;

#endif
