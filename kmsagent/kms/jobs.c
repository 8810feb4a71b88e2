/* SPDX-License-Identifier: MIT */
/*
 * The service's clockwork.  Once a second: how far is the clock to be
 * believed (trustclock.h)? which key is due? is there anything to write down?
 */
#include "kmsagent/kms/jobs.h"

#include <string.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"
#include "kmsagent/kms/lastuse.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"

#define RETRY_MS      60000 /* after what could not be recorded or written */
#define SAVE_TRUST_MS ((int64_t)10 * 60 * 1000)
#define KIND_CLOCK    "clock"
#define ID_CLOCK      "1"

int kms_job_tell(struct kms_service *svc, const char *name,
		 const struct kms_key *key, const char *const *details)
{
	_json_ cJSON *obj = cJSON_CreateObject();
	const struct kms_event event = {.name = name,
					.region = key->region->name,
					.key_arn = key->arn,
					.details = obj};

	if (!svc->event)
		return 0;
	if (!obj || json_add_string(obj, "keyId", key->id) < 0)
		return -ENOMEM;
	for (; details && *details; details += 2)
		if (json_add_string(obj, details[0], details[1]) < 0)
			return -ENOMEM;
	return svc->event(svc->event_userdata, &event);
}

static bool is_ended(const struct kms_key *key, int64_t now_ms)
{
	return key->meta.state == KMS_STATE_PENDING_DELETION &&
	       now_ms >= key->meta.deletion_ms;
}

static bool has_expired(const struct kms_key *key, int64_t now_ms)
{
	for (size_t i = 0; i < key->materials.count; i++) {
		const struct kms_material *m = key->materials.list[i];

		if (m->wrapped && m->valid_to_ms && now_ms >= m->valid_to_ms)
			return true;
	}
	return false;
}

/* One job of a key that is due; the next comes with the next tick. */
static int work_on(struct kms_service *svc, struct kms_key *key, int64_t now_ms)
{
	if (is_ended(key, now_ms))
		return kms_job_delete(svc, key);
	if (has_expired(key, now_ms))
		return kms_job_expire(svc, key, now_ms);
	return kms_job_rotate(svc, key, now_ms);
}

static void sweep(struct kms_service *svc, struct kms_region *region,
		  int64_t now_ms)
{
	/* From the end: what is removed moves only what was looked at. */
	for (size_t i = region->keys.count; i > 0; i--) {
		struct kms_key *key = region->keys.sorted[i - 1];
		int r;

		if (kms_key_due_ms(key) > now_ms) {
			kms_key_note_due(svc, key);
			continue;
		}
		r = work_on(svc, key, now_ms);
		if (r >= 0)
			continue;
		log_err("%s: what is due could not be done or recorded: %s; "
			"trying again in a minute",
			key->arn, strerror(-r));
		if (now_ms + RETRY_MS < svc->next_due_ms)
			svc->next_due_ms = now_ms + RETRY_MS;
	}
}

static void tell_trust(const struct kms_service *svc, enum kms_trust_news news)
{
	const struct kms_trust *t = &svc->trust;
	char believed[CLOCK_ISO_BYTES], seen[CLOCK_ISO_BYTES];

	clock_format_iso(t->believed_ms / 1000, believed);
	clock_format_iso(t->seen_ms / 1000, seen);
	switch (news) {
	case KMS_TRUST_SAME:
		break;
	case KMS_TRUST_LEAPT:
		log_crit("the clock leapt ahead, from %s to %s: nothing is "
			 "deleted or rotated by it until it has stayed so for "
			 "%lld hours of running; set the clock if it is wrong",
			 believed, seen,
			 (long long)(KMS_TRUST_PROBATION_MS / 3600000));
		break;
	case KMS_TRUST_AGREED:
		log_notice("the clock is believed again: %s", seen);
		break;
	}
}

static int save_trust(struct kms_service *svc)
{
	_json_text_ char *text = kms_trust_encode(&svc->trust);
	uint64_t revision;

	if (!text)
		return -ENOMEM;
	return store_commit(svc->store,
			    &(struct store_write){KIND_CLOCK, ID_CLOCK, text,
						  strlen(text), STORE_ANY},
			    1, &revision);
}

static void look_at_clock(struct kms_service *svc, int64_t wall_ms,
			  int64_t boot_ms)
{
	enum kms_trust_news news =
		kms_trust_look(&svc->trust, wall_ms, boot_ms);
	int r;

	tell_trust(svc, news);
	if (news == KMS_TRUST_SAME && boot_ms < svc->save_trust_boot_ms)
		return;
	svc->save_trust_boot_ms = boot_ms + SAVE_TRUST_MS;
	r = save_trust(svc);
	if (r < 0)
		log_err("the time could not be written down: %s; trying again "
			"in ten minutes",
			strerror(-r));
}

static void save_last_uses(struct kms_service *svc, int64_t boot_ms)
{
	int r;

	if (boot_ms < svc->save_uses_boot_ms)
		return;
	r = kms_last_use_save(svc);
	if (r == 1)
		return; /* the rest with the next tick */
	svc->save_uses_boot_ms = boot_ms + KMS_LAST_USE_SAVE_MS;
	if (r < 0)
		log_err("last uses of keys could not be written down: %s; "
			"trying again in five minutes",
			strerror(-r));
}

void kms_service_tick(struct kms_service *svc)
{
	int64_t wall_ms = svc->clock.now_ms(), boot_ms = svc->clock.boot_ms();
	int64_t now_ms;

	pthread_mutex_lock(&svc->mutate);
	look_at_clock(svc, wall_ms, boot_ms);
	now_ms = wall_ms < svc->trust.believed_ms ? wall_ms
						  : svc->trust.believed_ms;
	if (now_ms >= svc->next_due_ms) {
		svc->next_due_ms = INT64_MAX;
		for (size_t i = 0; i < svc->nregions; i++)
			sweep(svc, &svc->regions[i], now_ms);
	}
	save_last_uses(svc, boot_ms);
	pthread_mutex_unlock(&svc->mutate);
}

void kms_service_settle(struct kms_service *svc)
{
	int r = save_trust(svc);

	while (r == 0 || r == 1) {
		r = kms_last_use_save(svc);
		if (r == 0)
			return;
	}
	log_err("last uses of keys could not be written down: %s",
		strerror(-r));
}

int64_t kms_service_latest_ms(const struct kms_service *svc, int64_t now_ms)
{
	int64_t believed_ms = svc->trust.believed_ms;

	return believed_ms - now_ms > KMS_TRUST_SLACK_MS ? believed_ms : now_ms;
}

static int take_saved(void *userdata, const char *id, const void *value,
		      size_t len, uint64_t revision)
{
	struct kms_trust *saved = userdata;
	int r = kms_trust_decode(value, len, saved);

	(void)id;
	(void)revision;
	return r == -EBADMSG ? -EUCLEAN : r;
}

int kms_service_start_clock(struct kms_service *svc)
{
	struct kms_trust saved = {0};
	char boot_id[KMS_BOOT_ID_BYTES] = "";
	int64_t boot_ms = svc->clock.boot_ms();
	int r = store_scan(svc->store, KIND_CLOCK, take_saved, &saved);

	if (r < 0)
		return r;
	svc->clock.boot_id(boot_id);
	kms_trust_start(&svc->trust, saved.anchor_ms ? &saved : NULL, boot_id,
			svc->clock.now_ms(), boot_ms);
	/* On a full disk the first tick says so, and what needs no disk is
	 * served. */
	svc->save_trust_boot_ms = boot_ms;
	if (save_trust(svc) == 0)
		svc->save_trust_boot_ms += SAVE_TRUST_MS;
	svc->save_uses_boot_ms = boot_ms + KMS_LAST_USE_SAVE_MS;
	return 0;
}
