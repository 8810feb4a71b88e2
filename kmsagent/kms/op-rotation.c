/* SPDX-License-Identifier: MIT */
/*
 * EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus,
 * RotateKeyOnDemand, ListKeyRotations.  Which keys can be rotated is the
 * table's affair; the rotation itself is a job (rotation.c).
 * Source: AWS KMS API Reference, pages of these names.
 */
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/kms/metadata.h"
#include "kmsagent/kms/page.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/rotation.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

#define NEAR_MS		((int64_t)20 * 60 * 1000)
#define LIST_DEFAULT	100
#define PLACE_MAX_CHARS 24

int kms_op_enable_key_rotation(struct kms_task *t)
{
	struct kms_key_meta meta = t->key->meta;

	meta.rotation_days = kms_arg_int(t, "RotationPeriodInDays",
					 KMS_ROTATION_DEFAULT_DAYS);
	/* The same again does not put it off. */
	if (meta.rotation_days == t->key->meta.rotation_days)
		return 0;
	meta.rotation_next_ms = kms_service_latest_ms(t->svc, t->now_ms) +
				meta.rotation_days * KMS_DAY_MS;
	return kms_key_change(t->svc, t->key, &meta);
}

int kms_op_disable_key_rotation(struct kms_task *t)
{
	struct kms_key_meta meta = t->key->meta;

	if (!meta.rotation_days)
		return 0;
	meta.rotation_days = 0;
	meta.rotation_next_ms = 0;
	return kms_key_change(t->svc, t->key, &meta);
}

int kms_op_get_key_rotation_status(struct kms_task *t)
{
	const struct kms_key_meta *meta = &t->key->meta;
	/* On its way out a key is not rotated; it is again if called back. */
	bool is_enabled =
		meta->rotation_days && !(KMS_IN_PENDING & (1u << meta->state));
	int r = kms_put_bool(t->reply, "KeyRotationEnabled", is_enabled);

	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", t->key->id);
	if (r == 0 && is_enabled)
		r = kms_put_int(t->reply, "RotationPeriodInDays",
				meta->rotation_days);
	if (r == 0 && is_enabled)
		r = kms_put_time(t->reply, "NextRotationDate",
				 meta->rotation_next_ms);
	if (r == 0 && meta->rotation_asked_ms)
		r = kms_put_time(t->reply, "OnDemandRotationStartDate",
				 meta->rotation_asked_ms);
	return r;
}

static int check_on_demand(struct kms_task *t)
{
	const struct kms_key_meta *meta = &t->key->meta;

	if (meta->rotation_asked_ms)
		return kms_fail(t->reply, KMS_ERROR_CONFLICT,
				"%s is being rotated.", t->key->arn);
	if (meta->rotation_days && meta->rotation_next_ms - t->now_ms < NEAR_MS)
		return kms_fail(t->reply, KMS_ERROR_CONFLICT,
				"An automatic rotation of %s is in progress "
				"or scheduled to begin within the next 20 "
				"minutes.",
				t->key->arn);
	if (kms_rotations_on_demand(t->key) >= KMS_MAX_ROTATIONS_ON_DEMAND)
		return kms_fail(t->reply, KMS_ERROR_LIMIT_EXCEEDED,
				"%s was rotated on demand %d times, which is "
				"the limit.",
				t->key->arn, KMS_MAX_ROTATIONS_ON_DEMAND);
	if (!kms_rotation_has_next(t->key))
		return kms_fail(t->reply, KMS_ERROR_INVALID_STATE,
				"%s has no key material that is pending "
				"rotation; import it first, with ImportType "
				"NEW_KEY_MATERIAL.",
				t->key->arn);
	return 0;
}

int kms_op_rotate_key_on_demand(struct kms_task *t)
{
	struct kms_key_meta meta = t->key->meta;
	int r = check_on_demand(t);

	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", t->key->arn);
	if (r)
		return r;
	/* The job does it, and tells the audit trail so. */
	meta.rotation_asked_ms = t->now_ms;
	return kms_key_change(t->svc, t->key, &meta);
}

/* An entry of the list: materials by their place, for the pages. */
struct entry {
	char *name; /* of the index: points to place */
	const struct kms_key *key;
	const struct kms_material *material;
	size_t index;
	int64_t now_ms;
	char place[PLACE_MAX_CHARS];
};

static const char *state_of(const struct entry *e)
{
	return e->index < e->key->meta.current	  ? "NON_CURRENT"
	       : e->index == e->key->meta.current ? "CURRENT"
						  : "PENDING_ROTATION";
}

/* What only imported material has. */
static int add_imported(cJSON *obj, const struct entry *e)
{
	const struct kms_material *m = e->material;
	bool is_here =
		m->wrapped && (!m->valid_to_ms || e->now_ms < m->valid_to_ms);

	if (e->key->origin != KMS_ORIGIN_EXTERNAL)
		return 0;
	if (m->description &&
	    json_add_string(obj, "KeyMaterialDescription", m->description) < 0)
		return -ENOMEM;
	if (json_add_string(obj, "ImportState",
			    is_here ? "IMPORTED" : "PENDING_IMPORT") < 0)
		return -ENOMEM;
	return is_here ? kms_put_expiry(obj, e->key, m) : 0;
}

static cJSON *show(const void *element)
{
	const struct entry *e = element;
	const struct kms_material *m = e->material;
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_string(obj, "KeyId", e->key->id) < 0 ||
	    json_add_string(obj, "KeyMaterialId", m->id) < 0 ||
	    add_imported(obj, e) < 0 ||
	    json_add_string(obj, "KeyMaterialState", state_of(e)) < 0 ||
	    (m->rotated_ms &&
	     kms_json_time(obj, "RotationDate", m->rotated_ms) < 0) ||
	    (m->rotation &&
	     json_add_string(obj, "RotationType",
			     kms_rotation_name(m->rotation)) < 0))
		return NULL;
	return take_ptr(obj);
}

int kms_op_list_key_rotations(struct kms_task *t)
{
	const struct kms_materials *all = &t->key->materials;
	const char *which = kms_arg_string(t, "IncludeKeyMaterial");
	bool shows_all = which && strcmp(which, "ALL_KEY_MATERIAL") == 0;
	_free_ struct entry *entries = calloc(all->count + 1, sizeof(*entries));
	_free_ void **sorted = calloc(all->count + 1, sizeof(*sorted));
	struct kms_index index = {.sorted = sorted};

	if (!entries || !sorted)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++) {
		struct entry *e = &entries[index.count];

		if (!shows_all && !all->list[i]->rotation)
			continue;
		*e = (struct entry){.key = t->key,
				    .material = all->list[i],
				    .index = i,
				    .now_ms = t->now_ms};
		snprintf(e->place, sizeof(e->place), "%06zu", i);
		e->name = e->place;
		sorted[index.count++] = e;
	}
	return kms_page_list(t, &index, "Rotations", LIST_DEFAULT, NULL, show);
}
