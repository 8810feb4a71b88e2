/* SPDX-License-Identifier: MIT */
/*
 * Writes that happen together or not at all, gathered one by one.  Owns the
 * texts; does not know what records mean.
 */
#ifndef KMSAGENT_KMS_BATCH_H
#define KMSAGENT_KMS_BATCH_H

#include "keyring/cleanup.h"
#include "kmsagent/store/store.h"

struct kms_batch {
	struct store_write *writes;
	size_t count;
	size_t cap;
};

#define KMS_BATCH_INIT ((struct kms_batch){0})

/*
 * Add a write.  Takes @id and @text (of json_print(); NULL with kms_batch_put:
 * what made it had no memory), also on failure.  Returns 0 or -ENOMEM.
 */
int kms_batch_put(struct kms_batch *b, const char *kind, char *id, char *text,
		  uint64_t expect) _must_check_;
int kms_batch_delete(struct kms_batch *b, const char *kind, char *id,
		     uint64_t expect) _must_check_;

/* As store_commit().  Of an empty batch: nothing, and *ret_revision stays. */
int kms_batch_commit(const struct kms_batch *b, struct store *store,
		     uint64_t *ret_revision) _must_check_;

void kms_batch_done(struct kms_batch *b);

#endif
