/* SPDX-License-Identifier: MIT */
/* Keys in memory.  No storage, no requests. */
#include "kmsagent/kms/key.h"

#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/crypto/wrap.h"
#include "kmsagent/kms/service.h"

const char *kms_manager_name(enum kms_manager manager)
{
	return manager == KMS_MANAGER_AWS ? "AWS" : "CUSTOMER";
}

void kms_key_free(struct kms_key *key)
{
	if (!key)
		return;
	for (size_t i = 0; i < key->nmaterials; i++) {
		xaes_key_done(&key->materials[i].key);
		secret_done(&key->materials[i].mac_key);
		pkey_done(&key->materials[i].pair);
		free(key->materials[i].wrapped);
	}
	free(key->materials);
	free(key->arn);
	free(key->description);
	free(key->tags);
	kms_index_done(&key->aliases);
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

static int unwrap(struct kms_service *svc, const struct kms_key *key,
		  struct kms_material *m)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	_free_ char *id = io_format("%s#%s", key->arn, m->id);
	int r;

	if (!id)
		return -ENOMEM;
	r = wrap_open(&svc->kek, WRAP_ROLE_MATERIAL, id, m->wrapped,
		      m->wrapped_len, &bytes);
	if (r < 0)
		return r;
	return prepare(key->spec, &bytes, m);
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
	/* Newest first: that is what most blobs are sealed with. */
	for (size_t i = key->nmaterials; i > 0 && !m; i--)
		if (!id || strcmp(key->materials[i - 1].id, id) == 0)
			m = &key->materials[i - 1];
	if (!m)
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

	if (key->nmaterials == 0)
		return -ENOENT;
	*ret = &key->materials[key->nmaterials - 1];
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
