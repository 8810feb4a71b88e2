/* SPDX-License-Identifier: MIT */
/*
 * Key states, and what an operation meets when a key is in the wrong one.
 * Which states an operation takes is a column of the operations' table.
 * Source: AWS KMS Developer Guide, "Key states of AWS KMS keys".
 */
#ifndef KMSAGENT_KMS_STATE_H
#define KMSAGENT_KMS_STATE_H

#include <stdint.h>

#include "keyring/cleanup.h"

enum kms_state {
	KMS_STATE_ENABLED,
	KMS_STATE_DISABLED,
	KMS_STATE_PENDING_DELETION,
	KMS_STATE_PENDING_REPLICA_DELETION,
	KMS_STATE_PENDING_IMPORT,
	KMS_STATE_UNAVAILABLE,
	KMS_STATE_CREATING,
	KMS_STATE_UPDATING,
	KMS_STATE_COUNT,
};

/* Sets of states, for the column. */
#define KMS_IN(state) (1u << KMS_STATE_##state)
#define KMS_IN_ANY    ((1u << KMS_STATE_COUNT) - 1)
#define KMS_IN_PENDING                                                         \
	(KMS_IN(PENDING_DELETION) | KMS_IN(PENDING_REPLICA_DELETION))
#define KMS_IN_USE	 (KMS_IN(ENABLED) | KMS_IN(UPDATING))
#define KMS_IN_UNPENDING (KMS_IN_ANY & ~KMS_IN_PENDING)
/* Where the end of its material shows: then it is pending import. */
#define KMS_IN_EXPIRABLE (KMS_IN_USE | KMS_IN(DISABLED))

struct kms_key;
struct kms_reply;

/* "PendingDeletion" and back; KMS_STATE_COUNT for a name that is none. */
const char *kms_state_name(enum kms_state state);
enum kms_state kms_state_find(const char *name);

/*
 * 0 if @key is now in one of @states; else fills the reply with DisabledException
 * or KMSInvalidStateException and returns 1 (as kms_fail()).
 */
int kms_state_check(const struct kms_key *key, int64_t now_ms, unsigned states,
		    struct kms_reply *reply) _must_check_;

#endif
