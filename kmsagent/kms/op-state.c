/* SPDX-License-Identifier: MIT */
/*
 * EnableKey, DisableKey, ScheduleKeyDeletion, CancelKeyDeletion.  Which state
 * a key must be in is the table's affair; here is what becomes of it.
 * Source: AWS KMS API Reference, pages of these names.
 */
#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static int set_state(struct kms_task *t, enum kms_state state)
{
	struct kms_key_meta meta = t->key->meta;

	meta.state = state;
	/* Nothing to make durable; and Unavailable ends by itself. */
	if (t->key->meta.state == state ||
	    t->key->meta.state == KMS_STATE_UNAVAILABLE)
		return 0;
	return kms_key_change(t->svc, t->key, &meta);
}

int kms_op_enable_key(struct kms_task *t)
{
	return set_state(t, KMS_STATE_ENABLED);
}

int kms_op_disable_key(struct kms_task *t)
{
	return set_state(t, KMS_STATE_DISABLED);
}

int kms_op_schedule_key_deletion(struct kms_task *t)
{
	int64_t days =
		kms_arg_int(t, "PendingWindowInDays", KMS_MAX_PENDING_DAYS);
	struct kms_key_meta meta = t->key->meta;
	int r;

	if (days < KMS_MIN_PENDING_DAYS || days > KMS_MAX_PENDING_DAYS)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"PendingWindowInDays must be between %d and "
				"%d (inclusive).",
				KMS_MIN_PENDING_DAYS, KMS_MAX_PENDING_DAYS);
	/* A primary waits until its replicas are gone. */
	if (kms_key_count_replicas(t->svc, t->key) > 0) {
		meta.state = KMS_STATE_PENDING_REPLICA_DELETION;
		meta.pending_days = days;
	} else {
		/* A clock that is late must not make it early. */
		meta.state = KMS_STATE_PENDING_DELETION;
		meta.deletion_ms = kms_service_latest_ms(t->svc, t->now_ms) +
				   days * DAY_MS;
	}
	r = kms_put_string(t->reply, "KeyId", t->key->arn);
	if (r == 0 && meta.deletion_ms)
		r = kms_put_time(t->reply, "DeletionDate", meta.deletion_ms);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyState",
				   kms_state_name(meta.state));
	if (r == 0)
		r = kms_put_int(t->reply, "PendingWindowInDays", days);
	return r ? r : kms_key_change(t->svc, t->key, &meta);
}

int kms_op_cancel_key_deletion(struct kms_task *t)
{
	struct kms_key_meta meta = t->key->meta;
	int r = kms_put_string(t->reply, "KeyId", t->key->arn);

	/* Never Enabled: somebody must want that. */
	meta.state = kms_key_is_complete(t->key) ? KMS_STATE_DISABLED
						 : KMS_STATE_PENDING_IMPORT;
	meta.deletion_ms = 0;
	meta.pending_days = 0;
	return r ? r : kms_key_change(t->svc, t->key, &meta);
}
