/* SPDX-License-Identifier: MIT */
/*
 * Policies as records "REGION/KEY", grants as "REGION/KEY/GRANT": durable
 * first, then seen by readers.  What they say is not this file's business.
 */
#include "kmsagent/kms/attached.h"

#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/grant.h"
#include "kmsagent/kms/service.h"

#define RECORD_VERSION 1
#define KIND_POLICY    "policy"
#define KIND_GRANT     "grant"

static char *policy_id(const struct kms_key *key)
{
	return io_format("%s/%s", key->region->name, key->id);
}

static int add_policy(struct kms_batch *b, const struct kms_key *key,
		      const char *policy)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_int(obj, "v", RECORD_VERSION) < 0 ||
	    json_add_string(obj, "policy", policy) < 0)
		return -ENOMEM;
	return kms_batch_put(b, KIND_POLICY, policy_id(key), json_print(obj),
			     key->policy_revision);
}

int kms_policy_put(struct kms_service *svc, struct kms_key *key,
		   const char *policy)
{
	_cleanup_(kms_batch_done) struct kms_batch b = KMS_BATCH_INIT;
	_free_ char *copy = strdup(policy);
	uint64_t revision;
	char *old;
	int r = copy ? add_policy(&b, key, policy) : -ENOMEM;

	if (r == 0)
		r = kms_batch_commit(&b, svc->store, &revision);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&svc->table);
	old = key->policy;
	key->policy = take_ptr(copy);
	key->policy_revision = revision;
	pthread_rwlock_unlock(&svc->table);
	free(old);
	return 0;
}

static char *grant_id(const struct kms_grant *g)
{
	return io_format("%s/%s/%s", g->key->region->name, g->key->id, g->id);
}

int kms_grant_add(struct kms_service *svc, struct kms_grant *g)
{
	_cleanup_(kms_index_room_done) struct kms_index_room room =
		KMS_INDEX_ROOM_INIT;
	_cleanup_(kms_batch_done) struct kms_batch b = KMS_BATCH_INIT;
	int r = kms_batch_put(&b, KIND_GRANT, grant_id(g), kms_grant_encode(g),
			      STORE_ABSENT);

	if (r == 0)
		r = kms_index_reserve(&g->key->grants, &room);
	if (r == 0)
		r = kms_batch_commit(&b, svc->store, &g->revision);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&svc->table);
	kms_index_add(&g->key->grants, &room, g);
	pthread_rwlock_unlock(&svc->table);
	return 0;
}

int kms_grant_remove(struct kms_service *svc, struct kms_grant *g)
{
	_cleanup_(kms_batch_done) struct kms_batch b = KMS_BATCH_INIT;
	uint64_t revision;
	int r = kms_batch_delete(&b, KIND_GRANT, grant_id(g), g->revision);

	if (r == 0)
		r = kms_batch_commit(&b, svc->store, &revision);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&svc->table);
	kms_index_remove(&g->key->grants, g->id);
	pthread_rwlock_unlock(&svc->table);
	kms_grant_free(g);
	return 0;
}

int kms_attached_add(struct kms_batch *b, const struct kms_key *key)
{
	return key->policy ? add_policy(b, key, key->policy) : 0;
}

int kms_attached_delete(struct kms_batch *b, const struct kms_key *key)
{
	int r = 0;

	if (key->policy_revision)
		r = kms_batch_delete(b, KIND_POLICY, policy_id(key),
				     key->policy_revision);
	for (size_t i = 0; r == 0 && i < key->grants.count; i++) {
		const struct kms_grant *g = key->grants.sorted[i];

		r = kms_batch_delete(b, KIND_GRANT, grant_id(g), g->revision);
	}
	return r;
}

struct loading {
	struct kms_service *svc;
	char *why;
	size_t why_len;
};

static int damaged(struct loading *l, const char *kind, const char *id,
		   const char *what)
{
	snprintf(l->why, l->why_len,
		 "key store: %s '%s': %s; restore the store from a backup",
		 kind, id, what);
	return -EUCLEAN;
}

/*
 * The key of "REGION/KEY" or "REGION/KEY/REST", and *ret_rest.  0 with *ret
 * NULL: of a region that is not served now, whose records stay, unseen.
 */
static int find_key(struct loading *l, const char *kind, const char *id,
		    struct kms_key **ret, const char **ret_rest)
{
	_free_ char *text = strdup(id);
	char *save = NULL, *region_name, *key_id;
	struct kms_region *region;

	*ret = NULL;
	if (!text)
		return -ENOMEM;
	region_name = strtok_r(text, "/", &save);
	key_id = strtok_r(NULL, "/", &save);
	if (!region_name || !key_id)
		return damaged(l, kind, id, "no key");
	region = kms_service_region(l->svc, region_name);
	if (!region)
		return 0;
	*ret = kms_index_find(&region->keys, key_id);
	if (!*ret)
		return damaged(l, kind, id, "its key is not there");
	*ret_rest = save && *save ? id + (save - text) : NULL;
	return 0;
}

/* The record's object, of a version that we know. */
static int parse(struct loading *l, const char *kind, const char *id,
		 const void *value, size_t len, cJSON **ret)
{
	int64_t version;
	int r = json_parse_object(value, len, ret);

	if (r == -EBADMSG)
		return damaged(l, kind, id, "not JSON");
	if (r < 0)
		return r;
	return json_get_int(*ret, "v", RECORD_VERSION, RECORD_VERSION,
			    &version) < 0
		       ? damaged(l, kind, id, "of a newer kmsd")
		       : 0;
}

static int load_policy(void *userdata, const char *id, const void *value,
		       size_t len, uint64_t revision)
{
	struct loading *l = userdata;
	_json_ cJSON *obj = NULL;
	const char *rest = NULL, *policy;
	struct kms_key *key = NULL;
	int r = find_key(l, KIND_POLICY, id, &key, &rest);

	if (r < 0 || !key)
		return r;
	r = parse(l, KIND_POLICY, id, value, len, &obj);
	if (r < 0)
		return r;
	if (rest || json_get_string(obj, "policy", &policy) < 0)
		return damaged(l, KIND_POLICY, id, "a field is missing");
	key->policy = strdup(policy);
	key->policy_revision = revision;
	return key->policy ? 0 : -ENOMEM;
}

static int load_grant(void *userdata, const char *id, const void *value,
		      size_t len, uint64_t revision)
{
	struct loading *l = userdata;
	_cleanup_(kms_grant_freep) struct kms_grant *g = NULL;
	_json_ cJSON *obj = NULL;
	const char *rest = NULL;
	struct kms_key *key = NULL;
	int r = find_key(l, KIND_GRANT, id, &key, &rest);

	if (r < 0 || !key)
		return r;
	if (!rest || !kms_grant_id_is_valid(rest))
		return damaged(l, KIND_GRANT, id, "not a grant id");
	r = parse(l, KIND_GRANT, id, value, len, &obj);
	if (r < 0)
		return r;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	r = kms_grant_decode(obj, g);
	if (r == -EBADMSG)
		return damaged(l, KIND_GRANT, id, "a field is missing");
	if (r < 0)
		return r;
	memcpy(g->id, rest, KMS_GRANT_ID_LEN + 1);
	g->name = g->id;
	g->key = key;
	g->revision = revision;
	r = kms_index_insert(&key->grants, g);
	if (r == 0)
		take_ptr(g);
	return r;
}

int kms_attached_load(struct kms_service *svc, char *why, size_t why_len)
{
	struct loading l = {.svc = svc, .why = why, .why_len = why_len};
	int r = store_scan(svc->store, KIND_POLICY, load_policy, &l);

	return r < 0 ? r : store_scan(svc->store, KIND_GRANT, load_grant, &l);
}
