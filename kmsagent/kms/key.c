/* SPDX-License-Identifier: MIT */
/* Keys in memory.  No storage, no requests. */
#include "kmsagent/kms/key.h"

#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/crypto/wrap.h"
#include "kmsagent/kms/grant.h"
#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/service.h"

const char *kms_manager_name(enum kms_manager manager)
{
	return manager == KMS_MANAGER_AWS ? "AWS" : "CUSTOMER";
}

static const char *const origins[KMS_ORIGIN_COUNT] = {
	[KMS_ORIGIN_KMS] = "AWS_KMS",
	[KMS_ORIGIN_EXTERNAL] = "EXTERNAL",
};
static const char *const rotations[KMS_ROTATION_COUNT] = {
	[KMS_ROTATION_NONE] = "",
	[KMS_ROTATION_AUTOMATIC] = "AUTOMATIC",
	[KMS_ROTATION_ON_DEMAND] = "ON_DEMAND",
};

const char *kms_origin_name(enum kms_origin origin)
{
	return origins[origin];
}

const char *kms_rotation_name(enum kms_rotation rotation)
{
	return rotations[rotation];
}

static int find_name(const char *const *names, int count, const char *name)
{
	int i = 0;

	while (i < count && strcmp(names[i], name) != 0)
		i++;
	return i;
}

enum kms_origin kms_origin_find(const char *name)
{
	return (enum kms_origin)find_name(origins, KMS_ORIGIN_COUNT, name);
}

enum kms_rotation kms_rotation_find(const char *name)
{
	return (enum kms_rotation)find_name(rotations, KMS_ROTATION_COUNT,
					    name);
}

void kms_material_free(struct kms_material *m)
{
	if (!m)
		return;
	xaes_key_done(&m->key);
	secret_done(&m->mac_key);
	pkey_done(&m->pair);
	free(m->description);
	free(m->wrapped);
	free(m);
}

void kms_material_freep(struct kms_material **m)
{
	kms_material_free(*m);
}

int kms_material_copy(const struct kms_material *m, struct kms_material **ret)
{
	_cleanup_(kms_material_freep) struct kms_material *copy =
		calloc(1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy->id, m->id, sizeof(copy->id));
	copy->created_ms = m->created_ms;
	copy->rotated_ms = m->rotated_ms;
	copy->rotation = m->rotation;
	copy->valid_to_ms = m->valid_to_ms;
	if (m->description) {
		copy->description = strdup(m->description);
		if (!copy->description)
			return -ENOMEM;
	}
	if (m->wrapped) {
		copy->wrapped = malloc(m->wrapped_len);
		if (!copy->wrapped)
			return -ENOMEM;
		memcpy(copy->wrapped, m->wrapped, m->wrapped_len);
		copy->wrapped_len = m->wrapped_len;
	}
	*ret = take_ptr(copy);
	return 0;
}

struct kms_material *kms_key_current(const struct kms_key *key)
{
	return key->meta.current < key->materials.count
		       ? key->materials.list[key->meta.current]
		       : NULL;
}

struct kms_material *kms_key_material(const struct kms_key *key, const char *id,
				      size_t *ret_index)
{
	/* Newest first: that is what most blobs are sealed with. */
	for (size_t i = key->materials.count; i > 0; i--) {
		if (strcmp(key->materials.list[i - 1]->id, id) != 0)
			continue;
		if (ret_index)
			*ret_index = i - 1;
		return key->materials.list[i - 1];
	}
	return NULL;
}

bool kms_key_is_complete(const struct kms_key *key)
{
	for (size_t i = 0; i <= key->meta.current; i++)
		if (i >= key->materials.count ||
		    !key->materials.list[i]->wrapped)
			return false;
	return true;
}

void kms_key_derive(struct kms_key *key)
{
	key->usable_until_ms = INT64_MAX;
	for (size_t i = 0; i < key->materials.count; i++) {
		const struct kms_material *m = key->materials.list[i];

		if (i <= key->meta.current && m->wrapped && m->valid_to_ms &&
		    m->valid_to_ms < key->usable_until_ms)
			key->usable_until_ms = m->valid_to_ms;
	}
}

enum kms_state kms_key_state(const struct kms_key *key, int64_t now_ms)
{
	enum kms_state state = key->meta.state;

	if (now_ms >= key->usable_until_ms &&
	    (KMS_IN_EXPIRABLE & (1u << state)))
		return KMS_STATE_PENDING_IMPORT;
	return state;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t kms_key_due_ms(const struct kms_key *key)
{
	const struct kms_key_meta *meta = &key->meta;
	int64_t due = INT64_MAX;

	if (meta->state == KMS_STATE_PENDING_DELETION)
		due = earlier(due, meta->deletion_ms);
	if ((KMS_IN_USE & (1u << meta->state)) && !kms_key_is_replica(key)) {
		if (meta->rotation_asked_ms)
			due = 0; /* whatever the clock says */
		if (meta->rotation_days)
			due = earlier(due, meta->rotation_next_ms);
	}
	for (size_t i = 0; i < key->materials.count; i++) {
		const struct kms_material *m = key->materials.list[i];

		if (m->wrapped && m->valid_to_ms)
			due = earlier(due, m->valid_to_ms);
	}
	return due;
}

void kms_key_free(struct kms_key *key)
{
	if (!key)
		return;
	for (size_t i = 0; i < key->materials.count; i++)
		kms_material_free(key->materials.list[i]);
	free(key->materials.list);
	free(key->arn);
	free(key->description);
	free(key->tags);
	free(key->policy);
	kms_index_done(&key->aliases);
	for (size_t i = 0; i < key->grants.count; i++)
		kms_grant_free(key->grants.sorted[i]);
	kms_index_done(&key->grants);
	free(key);
}

void kms_key_freep(struct kms_key **key)
{
	kms_key_free(*key);
}

void kms_alias_free(struct kms_alias *alias)
{
	if (!alias)
		return;
	free((char *)alias->name);
	free(alias->arn);
	free(alias);
}

void kms_alias_freep(struct kms_alias **alias)
{
	kms_alias_free(*alias);
}

bool kms_key_is_expired(const struct kms_key *key, int64_t now_ms)
{
	return key->meta.state == KMS_STATE_PENDING_DELETION &&
	       now_ms >= key->meta.deletion_ms;
}

struct kms_key *kms_key_find(const struct kms_region *region, const char *id,
			     int64_t now_ms)
{
	struct kms_key *key = kms_index_find(&region->keys, id);

	return key && !kms_key_is_expired(key, now_ms) ? key : NULL;
}

struct kms_alias *kms_alias_find(const struct kms_region *region,
				 const char *name, int64_t now_ms)
{
	struct kms_alias *alias = kms_index_find(&region->aliases, name);

	return alias && !kms_key_is_expired(alias->key, now_ms) ? alias : NULL;
}

/* From the record's bytes to what operations use. */
static int prepare(const struct kms_spec *spec, struct secret *bytes,
		   struct kms_material *m)
{
	switch (spec->type) {
	case KMS_MATERIAL_SYMMETRIC:
		return xaes_key_init(&m->key, bytes);
	case KMS_MATERIAL_MAC:
		secret_move(&m->mac_key, bytes);
		return 0;
	case KMS_MATERIAL_PAIR:
		return pkey_decode_private(pkey_kind_find(spec->name), bytes,
					   &m->pair);
	}
	return -EINVAL;
}

int kms_material_unwrap(struct kms_service *svc, const struct kms_key *key,
			const struct kms_material *m, struct secret *ret)
{
	_free_ char *id = io_format("%s#%s", key->arn, m->id);

	return id ? wrap_open(&svc->kek, WRAP_ROLE_MATERIAL, id, m->wrapped,
			      m->wrapped_len, ret)
		  : -ENOMEM;
}

static int unwrap(struct kms_service *svc, const struct kms_key *key,
		  struct kms_material *m)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	int r = kms_material_unwrap(svc, key, m, &bytes);

	return r < 0 ? r : prepare(key->spec, &bytes, m);
}

/* Readers may come together to a key that was never used before. */
static int make_ready(struct kms_service *svc, const struct kms_key *key,
		      struct kms_material *m)
{
	int r = 0;

	if (atomic_load_explicit(&m->is_ready, memory_order_acquire))
		return 0;
	pthread_mutex_lock(&svc->unwrap);
	if (!atomic_load_explicit(&m->is_ready, memory_order_relaxed)) {
		r = unwrap(svc, key, m);
		if (r >= 0)
			atomic_store_explicit(&m->is_ready, true,
					      memory_order_release);
	}
	pthread_mutex_unlock(&svc->unwrap);
	return r;
}

int kms_material_get(struct kms_service *svc, struct kms_key *key,
		     const char *id, struct blob_key *ret)
{
	struct kms_material *m = NULL;
	int r;

	if (key->spec->type != KMS_MATERIAL_SYMMETRIC)
		return -ENOENT;
	m = id ? kms_key_material(key, id, NULL) : kms_key_current(key);
	if (!m || !m->wrapped)
		return -ENOENT;
	r = make_ready(svc, key, m);
	if (r < 0)
		return r;
	*ret = (struct blob_key){
		.account = svc->account,
		.region = key->region->name,
		.key_id = key->id,
		.material_id = m->id,
		.material = &m->key,
	};
	return 0;
}

static int current(struct kms_service *svc, struct kms_key *key,
		   struct kms_material **ret)
{
	int r;

	*ret = kms_key_current(key);
	if (!*ret || !(*ret)->wrapped)
		return -ENOENT;
	r = make_ready(svc, key, *ret);
	return r == -EBADMSG ? -EUCLEAN : r;
}

int kms_material_pair(struct kms_service *svc, struct kms_key *key,
		      const struct pkey **ret)
{
	struct kms_material *m = NULL;
	int r = current(svc, key, &m);

	if (r == 0)
		*ret = &m->pair;
	return r;
}

int kms_material_mac(struct kms_service *svc, struct kms_key *key,
		     const struct secret **ret)
{
	struct kms_material *m = NULL;
	int r = current(svc, key, &m);

	if (r == 0)
		*ret = &m->mac_key;
	return r;
}
