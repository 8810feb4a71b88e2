/* SPDX-License-Identifier: MIT */
/*
 * Rotation: new material becomes the current one, all the old stays to
 * decrypt with.
 * Source: AWS KMS Developer Guide, "Rotating AWS KMS keys".
 */
#include "kmsagent/kms/rotation.h"
#include "kmsagent/kms/jobs.h"
#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"

size_t kms_rotations_on_demand(const struct kms_key *key)
{
	size_t n = 0;

	for (size_t i = 0; i < key->materials.count; i++)
		n += key->materials.list[i]->rotation == KMS_ROTATION_ON_DEMAND;
	return n;
}

bool kms_rotation_has_next(const struct kms_key *key)
{
	size_t next = key->meta.current + 1;

	return key->origin == KMS_ORIGIN_KMS ||
	       (next < key->materials.count &&
		key->materials.list[next]->wrapped);
}

static int next_material(struct kms_service *svc, const struct kms_key *key,
			 int64_t now_ms, struct kms_material **ret)
{
	if (key->origin == KMS_ORIGIN_EXTERNAL)
		return kms_material_copy(
			key->materials.list[key->meta.current + 1], ret);
	return kms_material_make(svc, key, NULL, now_ms, ret);
}

/* A rotation that was late is not made up for twice. */
static int64_t following(const struct kms_key_meta *meta, int64_t now_ms)
{
	int64_t period = meta->rotation_days * KMS_DAY_MS;
	int64_t next = meta->rotation_next_ms + period;

	return next > now_ms ? next : now_ms + period;
}

/* The replicas get the new material with it (record.h). */
static int tell_replicas(struct kms_service *svc, const struct kms_key *key)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < svc->nregions; i++) {
		const struct kms_key *k = kms_key_related(svc, key, i);

		if (k && k != key && key->origin == KMS_ORIGIN_KMS)
			r = kms_job_tell(svc, "SynchronizeMultiRegionKey", k,
					 NULL);
	}
	return r;
}

int kms_job_rotate(struct kms_service *svc, struct kms_key *key, int64_t now_ms)
{
	_cleanup_(kms_material_freep) struct kms_material *m = NULL;
	bool is_asked = key->meta.rotation_asked_ms;
	struct kms_key_meta meta = key->meta;
	struct kms_materials next = {0};
	int r = 0;

	if (is_asked)
		meta.rotation_asked_ms = 0;
	else
		meta.rotation_next_ms = following(&key->meta, now_ms);
	/* What was imported to be rotated to has expired meanwhile. */
	if (!kms_rotation_has_next(key))
		return kms_key_change(svc, key, &meta);
	r = next_material(svc, key, now_ms, &m);
	if (r < 0)
		return r;
	m->rotated_ms = now_ms;
	m->rotation =
		is_asked ? KMS_ROTATION_ON_DEMAND : KMS_ROTATION_AUTOMATIC;
	meta.current++;
	r = kms_materials_with(&key->materials, meta.current, m, &next);
	if (r < 0)
		return r;
	r = tell_replicas(svc, key);
	if (r == 0)
		r = kms_job_tell(
			svc, "RotateKey", key,
			(const char *const[]){
				"rotationType", kms_rotation_name(m->rotation),
				"keyOrigin", kms_origin_name(key->origin),
				"previousKeyMaterialId",
				kms_key_current(key)->id,
				"currentKeyMaterialId", m->id, NULL});
	if (r < 0) {
		free(next.list);
		return r;
	}
	take_ptr(m);
	return kms_key_change_materials(svc, key, &meta, &next);
}
