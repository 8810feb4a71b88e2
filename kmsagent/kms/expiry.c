/* SPDX-License-Identifier: MIT */
/*
 * The end of imported material: it goes, its entry stays, so that the same
 * material is known again.  What waited for a rotation leaves no trace.
 * Source: AWS KMS Developer Guide, "Importing key material".
 */
#include <string.h>

#include "kmsagent/kms/import.h"
#include "kmsagent/kms/jobs.h"
#include "kmsagent/kms/record.h"

static bool is_over(const struct kms_material *m, int64_t now_ms)
{
	return m->wrapped && m->valid_to_ms && now_ms >= m->valid_to_ms;
}

int kms_material_remove(struct kms_service *svc, struct kms_key *key, size_t at)
{
	_cleanup_(kms_material_freep) struct kms_material *empty = NULL;
	struct kms_key_meta meta = key->meta;
	struct kms_materials next = {0};
	int r;

	if (at > meta.current) {
		r = kms_materials_with(&key->materials, at,
				       key->materials.list[at], &next);
		if (r < 0)
			return r;
		/* The last one: only one may wait. */
		next.count--;
		meta.rotation_asked_ms = 0;
		return kms_key_change_materials(svc, key, &meta, &next);
	}
	r = kms_material_copy(key->materials.list[at], &empty);
	if (r < 0)
		return r;
	free(take_ptr(empty->wrapped));
	empty->wrapped_len = 0;
	empty->valid_to_ms = 0;
	r = kms_materials_with(&key->materials, at, empty, &next);
	if (r < 0)
		return r;
	take_ptr(empty);
	if (KMS_IN_EXPIRABLE & (1u << meta.state))
		meta.state = KMS_STATE_PENDING_IMPORT;
	return kms_key_change_materials(svc, key, &meta, &next);
}

int kms_job_expire(struct kms_service *svc, struct kms_key *key, int64_t now_ms)
{
	/* From the end, where one may leave the list. */
	for (size_t i = key->materials.count; i > 0; i--) {
		int r;

		if (!is_over(key->materials.list[i - 1], now_ms))
			continue;
		r = kms_job_tell(svc, "DeleteExpiredKeyMaterial", key,
				 (const char *const[]){
					 "keyMaterialId",
					 key->materials.list[i - 1]->id, NULL});
		if (r == 0)
			r = kms_material_remove(svc, key, i - 1);
		if (r < 0)
			return r;
	}
	return 0;
}
