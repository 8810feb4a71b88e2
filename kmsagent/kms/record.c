/* SPDX-License-Identifier: MIT */
/*
 * Records: how keys and aliases look in the store, and the order of a change:
 * room in memory, then the store, then the readers.  Nothing can fail between
 * the last two.
 */
#include "kmsagent/kms/record.h"

#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/wrap.h"
#include "kmsagent/kms/attached.h"
#include "kmsagent/kms/lastuse.h"
#include "kmsagent/kms/service.h"

#define RECORD_VERSION 1
#define KIND_KEY       "key"
#define KIND_ALIAS     "alias"

/* One record on its way: id and text, owned. */
struct record {
	char *id;
	char *text;
};

static void record_done(struct record *r)
{
	free(r->id);
	json_text_free(r->text);
}

/* A member that is left out where it would say nothing. */
static int add_time(cJSON *obj, const char *name, int64_t value)
{
	return value ? json_add_int(obj, name, value) : 0;
}

static int encode_material(const struct kms_material *m, cJSON *item)
{
	_free_ char *text = NULL;

	if (json_add_string(item, "id", m->id) < 0 ||
	    json_add_int(item, "created", m->created_ms) < 0 ||
	    add_time(item, "rotated", m->rotated_ms) < 0 ||
	    (m->rotation &&
	     json_add_string(item, "rotation", kms_rotation_name(m->rotation)) <
		     0) ||
	    add_time(item, "valid_to", m->valid_to_ms) < 0 ||
	    (m->description &&
	     json_add_string(item, "description", m->description) < 0))
		return -ENOMEM;
	if (!m->wrapped)
		return 0;
	text = malloc(BASE64_LEN(m->wrapped_len) + 1);
	if (!text)
		return -ENOMEM;
	base64_encode(m->wrapped, m->wrapped_len, text);
	if (json_add_string(item, "kek", KMS_KEK_ID) < 0)
		return -ENOMEM;
	return json_add_string(item, "wrapped", text);
}

static int encode_materials(const struct kms_materials *materials, cJSON *obj)
{
	cJSON *list = cJSON_AddArrayToObject(obj, "materials");

	for (size_t i = 0; list && i < materials->count; i++) {
		cJSON *item = cJSON_CreateObject();

		if (!item || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(item);
			return -ENOMEM;
		}
		if (encode_material(materials->list[i], item) < 0)
			return -ENOMEM;
	}
	return list ? 0 : -ENOMEM;
}

static int encode_key(const struct kms_key *key,
		      const struct kms_key_meta *meta,
		      const struct kms_materials *materials, struct record *ret)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_int(obj, "v", RECORD_VERSION) < 0 ||
	    json_add_string(obj, "state", kms_state_name(meta->state)) < 0 ||
	    json_add_string(obj, "spec", key->spec->name) < 0 ||
	    json_add_string(obj, "usage", kms_usage_name(key->usage)) < 0 ||
	    json_add_string(obj, "manager", kms_manager_name(key->manager)) <
		    0 ||
	    json_add_string(obj, "origin", kms_origin_name(key->origin)) < 0 ||
	    json_add_int(obj, "created", key->created_ms) < 0 ||
	    (*key->description &&
	     json_add_string(obj, "description", key->description) < 0) ||
	    add_time(obj, "deletion", meta->deletion_ms) < 0 ||
	    add_time(obj, "pending_days", meta->pending_days) < 0 ||
	    (meta->is_primary && json_add_bool(obj, "primary", true) < 0) ||
	    add_time(obj, "rotation_days", meta->rotation_days) < 0 ||
	    add_time(obj, "rotation_next", meta->rotation_next_ms) < 0 ||
	    add_time(obj, "rotation_asked", meta->rotation_asked_ms) < 0 ||
	    (key->tags && json_add_string(obj, "tags", key->tags) < 0) ||
	    json_add_int(obj, "current", (int64_t)meta->current) < 0 ||
	    encode_materials(materials, obj) < 0)
		return -ENOMEM;
	ret->id = io_format("%s/%s", key->region->name, key->id);
	ret->text = json_print(obj);
	return ret->id && ret->text ? 0 : -ENOMEM;
}

static int encode_alias(const struct kms_alias *alias,
			const struct kms_key *key, int64_t updated_ms,
			struct record *ret)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_int(obj, "v", RECORD_VERSION) < 0 ||
	    json_add_string(obj, "key", key->id) < 0 ||
	    json_add_int(obj, "created", alias->created_ms) < 0 ||
	    json_add_int(obj, "updated", updated_ms) < 0)
		return -ENOMEM;
	ret->id = io_format("%s/%s", key->region->name, alias->name);
	ret->text = json_print(obj);
	return ret->id && ret->text ? 0 : -ENOMEM;
}

static struct store_write put(const char *kind, const struct record *r,
			      uint64_t expect)
{
	return (struct store_write){.kind = kind,
				    .id = r->id,
				    .value = r->text,
				    .len = strlen(r->text),
				    .expect = expect};
}

/* Takes what @r holds. */
static int add(struct kms_batch *b, const char *kind, struct record *r,
	       uint64_t expect)
{
	return kms_batch_put(b, kind, take_ptr(r->id), take_ptr(r->text),
			     expect);
}

int kms_key_write(struct kms_batch *b, const struct kms_key *key,
		  const struct kms_key_meta *meta,
		  const struct kms_materials *materials)
{
	_cleanup_(record_done) struct record k = {0};
	int r = encode_key(key, meta, materials, &k);

	return r ? r : add(b, KIND_KEY, &k, key->revision);
}

int kms_key_erase(struct kms_batch *b, const struct kms_key *key)
{
	const char *region = key->region->name;
	int r = kms_batch_delete(b, KIND_KEY,
				 io_format("%s/%s", region, key->id),
				 key->revision);

	if (r == 0)
		r = kms_batch_delete(b, KMS_KIND_LAST_USE,
				     io_format("%s/%s", region, key->id),
				     STORE_ANY);
	for (size_t i = 0; r == 0 && i < key->aliases.count; i++) {
		struct kms_alias *alias = key->aliases.sorted[i];

		r = kms_batch_delete(b, KIND_ALIAS,
				     io_format("%s/%s", region, alias->name),
				     alias->revision);
	}
	return r ? r : kms_attached_delete(b, key);
}

int kms_material_make(struct kms_service *svc, const struct kms_key *key,
		      const struct secret *given, int64_t now_ms,
		      struct kms_material **ret)
{
	_cleanup_(kms_material_freep) struct kms_material *m =
		calloc(1, sizeof(*m));
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	_free_ char *id = NULL;
	int r = given ? secret_set(&bytes, given->bytes, given->len)
		      : secret_random(&bytes, key->spec->material_bytes);

	if (r != 0)
		return r;
	if (!m)
		return -ENOMEM;
	m->created_ms = now_ms;
	r = blob_material_id(&bytes, key->id, m->id);
	if (r != 0)
		return r;
	id = io_format("%s#%s", key->arn, m->id);
	if (!id)
		return -ENOMEM;
	r = wrap_seal(&svc->kek, WRAP_ROLE_MATERIAL, id, &bytes, &m->wrapped,
		      &m->wrapped_len);
	if (r == 0)
		*ret = take_ptr(m);
	return r;
}

int kms_materials_with(const struct kms_materials *old, size_t at,
		       struct kms_material *m, struct kms_materials *ret)
{
	size_t count = at < old->count ? old->count : old->count + 1;
	struct kms_material **list =
		calloc(count, sizeof(struct kms_material *));

	if (!list)
		return -ENOMEM;
	if (old->count > 0)
		memcpy(list, old->list, old->count * sizeof(*list));
	list[at < old->count ? at : old->count] = m;
	*ret = (struct kms_materials){list, count};
	return 0;
}

int kms_material_new(struct kms_service *svc, struct kms_key *key,
		     const struct secret *given, int64_t now_ms)
{
	_cleanup_(kms_material_freep) struct kms_material *m = NULL;
	struct kms_materials next = {0};
	int r = kms_material_make(svc, key, given, now_ms, &m);

	if (r == 0)
		r = kms_materials_with(&key->materials, SIZE_MAX, m, &next);
	if (r != 0)
		return r;
	take_ptr(m);
	free(key->materials.list);
	key->materials = next;
	kms_key_derive(key);
	return 0;
}

/* Room in both indexes that an alias stands in. */
struct alias_room {
	struct kms_index_room in_region;
	struct kms_index_room in_key;
};

static void alias_room_done(struct alias_room *room)
{
	kms_index_room_done(&room->in_region);
	kms_index_room_done(&room->in_key);
}

static int reserve_alias(const struct kms_key *key, struct alias_room *ret)
{
	int r = kms_index_reserve(&key->region->aliases, &ret->in_region);

	return r < 0 ? r : kms_index_reserve(&key->aliases, &ret->in_key);
}

static void publish_alias(struct kms_alias *alias, struct alias_room *room,
			  uint64_t revision)
{
	alias->revision = revision;
	kms_index_add(&alias->key->region->aliases, &room->in_region, alias);
	kms_index_add(&alias->key->aliases, &room->in_key, alias);
}

int kms_key_add(struct kms_service *svc, struct kms_key *key,
		struct kms_alias *alias)
{
	_cleanup_(kms_index_room_done) struct kms_index_room room =
		KMS_INDEX_ROOM_INIT;
	_cleanup_(alias_room_done) struct alias_room alias_room = {0};
	_cleanup_(kms_batch_done) struct kms_batch b = KMS_BATCH_INIT;
	_cleanup_(record_done) struct record a = {0};
	uint64_t revision;
	int r = kms_index_reserve(&key->region->keys, &room);

	/* Its revision is 0 still, STORE_ABSENT. */
	if (r == 0)
		r = kms_key_write(&b, key, &key->meta, &key->materials);
	if (r == 0)
		r = kms_attached_add(&b, key);
	if (r == 0 && alias)
		r = encode_alias(alias, key, alias->updated_ms, &a);
	if (r == 0 && alias)
		r = add(&b, KIND_ALIAS, &a, STORE_ABSENT);
	if (r == 0 && alias)
		r = reserve_alias(key, &alias_room);
	if (r == 0)
		r = kms_batch_commit(&b, svc->store, &revision);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&svc->table);
	key->revision = revision;
	if (key->policy)
		key->policy_revision = revision;
	kms_index_add(&key->region->keys, &room, key);
	if (alias)
		publish_alias(alias, &alias_room, revision);
	pthread_rwlock_unlock(&svc->table);
	kms_key_note_due(svc, key);
	return 0;
}

int kms_alias_add(struct kms_service *svc, struct kms_alias *alias)
{
	_cleanup_(alias_room_done) struct alias_room room = {0};
	_cleanup_(record_done) struct record a = {0};
	struct store_write w;
	uint64_t revision;
	int r = encode_alias(alias, alias->key, alias->updated_ms, &a);

	if (r == 0)
		r = reserve_alias(alias->key, &room);
	if (r != 0)
		return r;
	w = put(KIND_ALIAS, &a, STORE_ABSENT);
	r = store_commit(svc->store, &w, 1, &revision);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&svc->table);
	publish_alias(alias, &room, revision);
	pthread_rwlock_unlock(&svc->table);
	return 0;
}

int kms_alias_retarget(struct kms_service *svc, struct kms_alias *alias,
		       struct kms_key *key, int64_t now_ms)
{
	_cleanup_(kms_index_room_done) struct kms_index_room room =
		KMS_INDEX_ROOM_INIT;
	_cleanup_(record_done) struct record a = {0};
	struct store_write w;
	uint64_t revision;
	int r = encode_alias(alias, key, now_ms, &a);

	if (r == 0)
		r = kms_index_reserve(&key->aliases, &room);
	if (r != 0)
		return r;
	w = put(KIND_ALIAS, &a, alias->revision);
	r = store_commit(svc->store, &w, 1, &revision);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&svc->table);
	kms_index_remove(&alias->key->aliases, alias->name);
	kms_index_add(&key->aliases, &room, alias);
	alias->key = key;
	alias->updated_ms = now_ms;
	alias->revision = revision;
	pthread_rwlock_unlock(&svc->table);
	return 0;
}

int kms_alias_remove(struct kms_service *svc, struct kms_alias *alias)
{
	_free_ char *id =
		io_format("%s/%s", alias->key->region->name, alias->name);
	struct store_write w = {
		.kind = KIND_ALIAS, .id = id, .expect = alias->revision};
	uint64_t revision;
	int r;

	if (!id)
		return -ENOMEM;
	r = store_commit(svc->store, &w, 1, &revision);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&svc->table);
	kms_index_remove(&alias->key->aliases, alias->name);
	kms_index_remove(&alias->key->region->aliases, alias->name);
	pthread_rwlock_unlock(&svc->table);
	kms_alias_free(alias);
	return 0;
}
