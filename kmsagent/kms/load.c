/* SPDX-License-Identifier: MIT */
/*
 * Start: every record of the store becomes a key or an alias.  A record that
 * cannot be is a damaged store, and kmsd does not serve from one: to leave
 * out a key silently would be to lose it.
 */
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/wrap.h"
#include "kmsagent/kms/attached.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"

#define RECORD_VERSION 1
#define EPOCH_MS_MAX   253402300800000 /* the year 10000 */
#define MAX_WRAPPED    (WRAP_OVERHEAD_BYTES + WRAP_PLAIN_MAX_BYTES)

struct loading {
	struct kms_service *svc;
	char *why;
	size_t why_len;
};

static int damaged(struct loading *l, const char *id, const char *what)
{
	snprintf(l->why, l->why_len,
		 "key store: record '%s': %s; restore the store from a backup",
		 id, what);
	return -EUCLEAN;
}

/* Members that say nothing where they are not. */
static int get_time(const cJSON *obj, const char *name, int64_t *ret)
{
	int r = json_get_int(obj, name, 0, EPOCH_MS_MAX, ret);

	return r == -ENOENT ? 0 : r;
}

static int get_bool(const cJSON *obj, const char *name, bool *ret)
{
	int r = json_get_bool(obj, name, ret);

	return r == -ENOENT ? 0 : r;
}

static int get_text(const cJSON *obj, const char *name, const char **ret)
{
	int r = json_get_string(obj, name, ret);

	return r == -ENOENT ? 0 : r;
}

static int decode_material(const cJSON *item, struct kms_material *m)
{
	const char *id, *kek, *text, *rotation = "", *description;
	size_t cap;

	if (json_get_string(item, "id", &id) < 0 ||
	    strlen(id) != BLOB_MATERIAL_ID_LEN ||
	    json_get_int(item, "created", 0, EPOCH_MS_MAX, &m->created_ms) <
		    0 ||
	    get_time(item, "rotated", &m->rotated_ms) < 0 ||
	    get_time(item, "valid_to", &m->valid_to_ms) < 0 ||
	    get_text(item, "rotation", &rotation) < 0)
		return -EBADMSG;
	memcpy(m->id, id, BLOB_MATERIAL_ID_LEN + 1);
	m->rotation = kms_rotation_find(rotation);
	if (m->rotation == KMS_ROTATION_COUNT)
		return -EBADMSG;
	if (json_get_string(item, "description", &description) == 0) {
		m->description = strdup(description);
		if (!m->description)
			return -ENOMEM;
	}
	if (json_get_string(item, "wrapped", &text) == -ENOENT)
		return 0;
	if (json_get_string(item, "wrapped", &text) < 0 ||
	    json_get_string(item, "kek", &kek) < 0 ||
	    strcmp(kek, KMS_KEK_ID) != 0)
		return -EBADMSG;
	cap = BASE64_DECODED_MAX(strlen(text));
	if (cap == 0 || cap > MAX_WRAPPED)
		return -EBADMSG;
	m->wrapped = malloc(cap);
	if (!m->wrapped)
		return -ENOMEM;
	return base64_decode(text, strlen(text), m->wrapped, cap,
			     &m->wrapped_len) < 0
		       ? -EBADMSG
		       : 0;
}

static int decode_materials(const cJSON *obj, struct kms_key *key)
{
	const cJSON *list, *item;
	struct kms_materials *all = &key->materials;
	int r;

	if (json_get_array(obj, "materials", &list) < 0)
		return -EBADMSG;
	all->list = calloc((size_t)cJSON_GetArraySize(list) + 1,
			   sizeof(*all->list));
	if (!all->list)
		return -ENOMEM;
	cJSON_ArrayForEach(item, list)
	{
		struct kms_material *m = calloc(1, sizeof(*m));

		if (!m)
			return -ENOMEM;
		all->list[all->count++] = m;
		r = decode_material(item, m);
		if (r < 0)
			return r;
	}
	/* Only what is imported may be away. */
	if (key->origin == KMS_ORIGIN_EXTERNAL
		    ? key->meta.current > 0 && !kms_key_current(key)
		    : !kms_key_is_complete(key))
		return -EBADMSG;
	kms_key_derive(key);
	return 0;
}

static int decode_key(const cJSON *obj, struct kms_key *key)
{
	const char *state, *spec, *usage, *manager, *origin, *text = "";
	struct kms_key_meta *meta = &key->meta;
	int64_t version, current;
	int r;

	if (json_get_int(obj, "v", RECORD_VERSION, RECORD_VERSION, &version) <
		    0 ||
	    json_get_string(obj, "state", &state) < 0 ||
	    json_get_string(obj, "spec", &spec) < 0 ||
	    json_get_string(obj, "usage", &usage) < 0 ||
	    json_get_string(obj, "manager", &manager) < 0 ||
	    json_get_string(obj, "origin", &origin) < 0 ||
	    json_get_int(obj, "created", 0, EPOCH_MS_MAX, &key->created_ms) <
		    0 ||
	    get_time(obj, "deletion", &meta->deletion_ms) < 0 ||
	    get_time(obj, "pending_days", &meta->pending_days) < 0 ||
	    get_bool(obj, "primary", &meta->is_primary) < 0 ||
	    get_time(obj, "rotation_days", &meta->rotation_days) < 0 ||
	    get_time(obj, "rotation_next", &meta->rotation_next_ms) < 0 ||
	    get_time(obj, "rotation_asked", &meta->rotation_asked_ms) < 0 ||
	    json_get_int(obj, "current", 0, INT32_MAX, &current) < 0)
		return -EBADMSG;
	key->meta.state = kms_state_find(state);
	key->spec = kms_spec_find(spec);
	key->usage = kms_usage_find(usage);
	key->manager = strcmp(manager, "AWS") == 0 ? KMS_MANAGER_AWS
						   : KMS_MANAGER_CUSTOMER;
	key->origin = kms_origin_find(origin);
	meta->current = (size_t)current;
	if (key->meta.state == KMS_STATE_COUNT || !key->spec || !key->usage ||
	    key->origin == KMS_ORIGIN_COUNT)
		return -EBADMSG;
	r = get_text(obj, "description", &text);
	if (r < 0)
		return r;
	key->description = strdup(text);
	if (!key->description)
		return -ENOMEM;
	if (json_get_string(obj, "tags", &text) == 0) {
		key->tags = strdup(text);
		if (!key->tags)
			return -ENOMEM;
	}
	return decode_materials(obj, key);
}

/* "REGION/REST": the region that we serve, and the rest. */
static struct kms_region *split(struct loading *l, const char *id,
				const char **ret_rest)
{
	const char *slash = strchr(id, '/');

	if (!slash)
		return NULL;
	*ret_rest = slash + 1;
	for (size_t i = 0; i < l->svc->nregions; i++) {
		struct kms_region *r = &l->svc->regions[i];

		if (strlen(r->name) == (size_t)(slash - id) &&
		    memcmp(r->name, id, (size_t)(slash - id)) == 0)
			return r;
	}
	return NULL;
}

/* A region that is not configured now keeps its records, unseen. */
static bool is_elsewhere(const char *id)
{
	return strchr(id, '/') != NULL;
}

static int load_key(void *userdata, const char *id, const void *value,
		    size_t len, uint64_t revision)
{
	struct loading *l = userdata;
	_cleanup_(kms_key_freep) struct kms_key *key = NULL;
	_json_ cJSON *obj = NULL;
	const char *name = NULL;
	struct kms_region *region = split(l, id, &name);
	int r;

	if (!region)
		return is_elsewhere(id) ? 0 : damaged(l, id, "no region");
	if (!arn_key_id_is_valid(name))
		return damaged(l, id, "not a key id");
	r = json_parse_object(value, len, &obj);
	if (r < 0)
		return r == -EBADMSG ? damaged(l, id, "not JSON") : r;
	key = calloc(1, sizeof(*key));
	if (!key)
		return -ENOMEM;
	memcpy(key->id, name, ARN_KEY_ID_CHARS + 1);
	key->name = key->id;
	key->region = region;
	key->revision = revision;
	key->arn = arn_format_key(region->name, l->svc->account, key->id);
	if (!key->arn)
		return -ENOMEM;
	r = decode_key(obj, key);
	if (r < 0)
		return r == -EBADMSG ? damaged(l, id,
					       "a field is missing or "
					       "of a newer kmsd")
				     : r;
	r = kms_index_insert(&region->keys, key);
	if (r < 0)
		return r;
	kms_key_note_due(l->svc, key);
	take_ptr(key);
	return 0;
}

static int load_alias(void *userdata, const char *id, const void *value,
		      size_t len, uint64_t revision)
{
	struct loading *l = userdata;
	_cleanup_(kms_alias_freep) struct kms_alias *alias = NULL;
	_json_ cJSON *obj = NULL;
	const char *name = NULL, *target;
	struct kms_region *region = split(l, id, &name);
	struct kms_key *key;
	int64_t version;
	int r;

	if (!region)
		return is_elsewhere(id) ? 0 : damaged(l, id, "no region");
	if (!arn_alias_name_is_valid(name))
		return damaged(l, id, "not an alias name");
	r = json_parse_object(value, len, &obj);
	if (r < 0)
		return r == -EBADMSG ? damaged(l, id, "not JSON") : r;
	if (json_get_int(obj, "v", RECORD_VERSION, RECORD_VERSION, &version) <
		    0 ||
	    json_get_string(obj, "key", &target) < 0)
		return damaged(l, id, "a field is missing or of a newer kmsd");
	key = kms_index_find(&region->keys, target);
	if (!key)
		return damaged(l, id, "its key is not there");
	r = kms_service_new_alias(l->svc, key, name, 0, &alias);
	if (r < 0)
		return r;
	alias->revision = revision;
	if (json_get_int(obj, "created", 0, EPOCH_MS_MAX, &alias->created_ms) <
		    0 ||
	    json_get_int(obj, "updated", 0, EPOCH_MS_MAX, &alias->updated_ms) <
		    0)
		return damaged(l, id, "a time is missing");
	r = kms_index_insert(&key->aliases, alias);
	if (r < 0)
		return r;
	r = kms_index_insert(&region->aliases, alias);
	if (r < 0)
		kms_index_remove(&key->aliases, alias->name);
	else
		take_ptr(alias);
	return r;
}

int kms_records_load(struct kms_service *svc, char *why, size_t why_len)
{
	struct loading l = {.svc = svc, .why = why, .why_len = why_len};
	int r = store_scan(svc->store, "key", load_key, &l);

	if (r == 0)
		r = store_scan(svc->store, "alias", load_alias, &l);
	if (r == 0)
		r = kms_attached_load(svc, why, why_len);
	if (r < 0 && !why[0])
		snprintf(why, why_len, "key store: cannot be read: %s",
			 strerror(-r));
	return r;
}
