/* SPDX-License-Identifier: MIT */
/*
 * The end of a key: when its waiting period is over, its record and its
 * aliases go, and with them the only wrapped copy of its material.
 * Source: AWS KMS Developer Guide, "Deleting AWS KMS keys".
 */
#include <string.h>

#include "kmsagent/base/log.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"

#define RETRY_MS 60000 /* after what could not be recorded or written */

/* First the audit record: what cannot be told does not happen. */
static int end_key(struct kms_service *svc, struct kms_key *key)
{
	int r = 0;

	if (svc->event)
		r = svc->event(svc->event_userdata, "DeleteKey",
			       key->region->name, key->arn);
	if (r < 0) {
		log_err("%s: its deletion could not be recorded: %s; trying "
			"again in a minute",
			key->arn, strerror(-r));
		return r;
	}
	r = kms_key_remove(svc, key);
	if (r < 0)
		log_err("%s: could not be deleted: %s; trying again in a "
			"minute",
			key->arn, strerror(-r));
	return r;
}

static void sweep(struct kms_service *svc, struct kms_region *region,
		  int64_t now_ms)
{
	/* From the end: what is removed moves only what was looked at. */
	for (size_t i = region->keys.count; i > 0; i--) {
		struct kms_key *key = region->keys.sorted[i - 1];
		struct kms_key_meta retry = {.deletion_ms = now_ms + RETRY_MS};

		if (!kms_key_is_expired(key, now_ms))
			kms_key_note_deletion(svc, &key->meta);
		else if (end_key(svc, key) < 0)
			kms_key_note_deletion(svc, &retry);
	}
}

void kms_service_tick(struct kms_service *svc)
{
	int64_t now_ms = svc->now_ms();

	pthread_mutex_lock(&svc->mutate);
	if (now_ms >= svc->next_deletion_ms) {
		svc->next_deletion_ms = INT64_MAX;
		for (size_t i = 0; i < svc->nregions; i++)
			sweep(svc, &svc->regions[i], now_ms);
	}
	pthread_mutex_unlock(&svc->mutate);
}
