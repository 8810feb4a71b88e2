/* SPDX-License-Identifier: MIT */
/* Related keys: who they are, and what a replica shares with its primary. */
#include "kmsagent/kms/multiregion.h"

#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"

#define PREFIX "mrk-"

int kms_multi_region_id_new(char ret[ARN_KEY_ID_CHARS + 1])
{
	char uuid[UUID_LEN + 1];
	size_t n = strlen(PREFIX);
	int r = uuid_new(uuid);

	if (r < 0)
		return r;
	memcpy(ret, PREFIX, n);
	for (const char *p = uuid; *p; p++)
		if (*p != '-')
			ret[n++] = *p;
	ret[n] = '\0';
	return 0;
}

bool kms_key_is_multi_region(const struct kms_key *key)
{
	return strncmp(key->id, PREFIX, strlen(PREFIX)) == 0;
}

bool kms_key_is_replica(const struct kms_key *key)
{
	return kms_key_is_multi_region(key) && !key->meta.is_primary;
}

static struct kms_key *related(const struct kms_service *svc,
			       const struct kms_key *key, size_t i)
{
	return kms_key_is_multi_region(key)
		       ? kms_index_find(&svc->regions[i].keys, key->id)
		       : NULL;
}

const struct kms_key *kms_key_related(const struct kms_service *svc,
				      const struct kms_key *key, size_t i)
{
	return &svc->regions[i] == key->region ? key : related(svc, key, i);
}

size_t kms_key_count_replicas(const struct kms_service *svc,
			      const struct kms_key *key)
{
	size_t n = 0;

	if (!key->meta.is_primary)
		return 0;
	for (size_t i = 0; i < svc->nregions; i++)
		n += &svc->regions[i] != key->region && related(svc, key, i);
	return n;
}

static cJSON *show_one(const struct kms_key *key)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_string(obj, "Arn", key->arn) < 0 ||
	    json_add_string(obj, "Region", key->region->name) < 0)
		return NULL;
	return take_ptr(obj);
}

cJSON *kms_multi_region_show(const struct kms_service *svc,
			     const struct kms_key *key)
{
	_json_ cJSON *obj = cJSON_CreateObject();
	cJSON *replicas = NULL;

	if (!obj ||
	    json_add_string(obj, "MultiRegionKeyType",
			    key->meta.is_primary ? "PRIMARY" : "REPLICA") < 0)
		return NULL;
	for (size_t i = 0; i < svc->nregions; i++) {
		const struct kms_key *k = kms_key_related(svc, key, i);

		if (k && k->meta.is_primary &&
		    json_add_item(obj, "PrimaryKey", show_one(k)) < 0)
			return NULL;
	}
	replicas = cJSON_AddArrayToObject(obj, "ReplicaKeys");
	if (!replicas)
		return NULL;
	for (size_t i = 0; i < svc->nregions; i++) {
		const struct kms_key *k = kms_key_related(svc, key, i);
		cJSON *item;

		if (!k || k->meta.is_primary)
			continue;
		item = show_one(k);
		if (!item || !cJSON_AddItemToArray(replicas, item)) {
			cJSON_Delete(item);
			return NULL;
		}
	}
	return take_ptr(obj);
}

/* @m of @from, wrapped anew for @to: records cannot trade keys. */
static int rewrap(struct kms_service *svc, const struct kms_key *from,
		  const struct kms_material *m, const struct kms_key *to,
		  struct kms_material **ret)
{
	_cleanup_(kms_material_freep) struct kms_material *copy = NULL;
	_cleanup_(kms_material_freep) struct kms_material *anew = NULL;
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	int r = kms_material_copy(m, &copy);

	if (r < 0)
		return r;
	free(take_ptr(copy->wrapped));
	copy->wrapped_len = 0;
	if (from->origin == KMS_ORIGIN_EXTERNAL) {
		copy->valid_to_ms = 0;
		*ret = take_ptr(copy);
		return 0;
	}
	r = kms_material_unwrap(svc, from, m, &bytes);
	if (r == 0)
		r = kms_material_make(svc, to, &bytes, m->created_ms, &anew);
	if (r < 0)
		return r;
	copy->wrapped = take_ptr(anew->wrapped);
	copy->wrapped_len = anew->wrapped_len;
	*ret = take_ptr(copy);
	return 0;
}

static void materials_free(struct kms_materials *m, const struct kms_key *owner)
{
	for (size_t i = 0; i < m->count; i++)
		if (!m->list[i] ||
		    kms_key_material(owner, m->list[i]->id, NULL) != m->list[i])
			kms_material_free(m->list[i]);
	free(m->list);
	*m = (struct kms_materials){0};
}

/* @theirs, of @primary, as @replica has them: what it has already stays. */
static int share(struct kms_service *svc, const struct kms_key *primary,
		 const struct kms_materials *theirs,
		 const struct kms_key *replica, struct kms_materials *ret)
{
	struct kms_materials m = {0};

	m.list = calloc(theirs->count + 1, sizeof(struct kms_material *));
	if (!m.list)
		return -ENOMEM;
	for (size_t i = 0; i < theirs->count; i++) {
		const struct kms_material *one = theirs->list[i];
		struct kms_material *here =
			kms_key_material(replica, one->id, NULL);
		int r = here ? 0 : rewrap(svc, primary, one, replica, &here);

		if (r < 0) {
			materials_free(&m, replica);
			return r;
		}
		m.list[m.count++] = here;
	}
	*ret = m;
	return 0;
}

int kms_replica_new(struct kms_service *svc, const struct kms_key *primary,
		    struct kms_region *region, const char *description,
		    int64_t now_ms, struct kms_key **ret)
{
	_cleanup_(kms_key_freep) struct kms_key *key = calloc(1, sizeof(*key));
	bool is_imported = primary->origin == KMS_ORIGIN_EXTERNAL;
	int r;

	if (!key)
		return -ENOMEM;
	memcpy(key->id, primary->id, sizeof(key->id));
	key->name = key->id;
	key->region = region;
	key->spec = primary->spec;
	key->usage = primary->usage;
	key->manager = primary->manager;
	key->origin = primary->origin;
	key->created_ms = now_ms;
	key->meta = primary->meta;
	key->meta.is_primary = false;
	key->meta.rotation_asked_ms = 0;
	key->meta.state =
		is_imported ? KMS_STATE_PENDING_IMPORT : KMS_STATE_ENABLED;
	key->description = strdup(description);
	key->arn = arn_format_key(region->name, svc->account, key->id);
	if (!key->description || !key->arn)
		return -ENOMEM;
	r = share(svc, primary, &primary->materials, key, &key->materials);
	if (r < 0)
		return r;
	kms_key_derive(key);
	*ret = take_ptr(key);
	return 0;
}

int kms_replica_follow(struct kms_service *svc, const struct kms_key *primary,
		       const struct kms_key_meta *meta,
		       const struct kms_materials *next,
		       const struct kms_key *replica,
		       struct kms_key_meta *ret_meta,
		       struct kms_materials *ret_next)
{
	*ret_meta = replica->meta;
	ret_meta->rotation_days = meta->rotation_days;
	ret_meta->rotation_next_ms = meta->rotation_next_ms;
	ret_meta->current = meta->current;
	return share(svc, primary, next ? next : &primary->materials, replica,
		     ret_next);
}

struct kms_key *kms_primary_set_free(const struct kms_service *svc,
				     const struct kms_key *replica,
				     int64_t now_ms, struct kms_key_meta *ret)
{
	struct kms_key *primary = NULL;

	if (!kms_key_is_replica(replica))
		return NULL;
	for (size_t i = 0; i < svc->nregions && !primary; i++) {
		primary = related(svc, replica, i);
		if (primary && !primary->meta.is_primary)
			primary = NULL;
	}
	if (!primary ||
	    primary->meta.state != KMS_STATE_PENDING_REPLICA_DELETION ||
	    kms_key_count_replicas(svc, primary) > 1)
		return NULL;
	*ret = primary->meta;
	ret->state = KMS_STATE_PENDING_DELETION;
	ret->deletion_ms = now_ms + ret->pending_days * KMS_DAY_MS;
	ret->pending_days = 0;
	return primary;
}
