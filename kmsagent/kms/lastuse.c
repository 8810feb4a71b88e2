/* SPDX-License-Identifier: MIT */
/* Last use of keys, and GetKeyLastUsage.
 * Source: AWS KMS API Reference, GetKeyLastUsage. */
#include "kmsagent/kms/lastuse.h"

#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/service.h"

#define VERSION	     1
#define BATCH	     500
#define EPOCH_MS_MAX 253402300800000 /* the year 10000 */

static bool is_fresh(const struct kms_last_use *u, const struct kms_task *t)
{
	return atomic_load_explicit(&u->operation, memory_order_relaxed) ==
		       t->op->name &&
	       t->now_ms - atomic_load_explicit(&u->time_ms,
						memory_order_relaxed) <
		       KMS_LAST_USE_GRANULARITY_MS;
}

void kms_last_use_note(const struct kms_task *t, struct kms_key *key)
{
	struct kms_last_use *u = &key->last_use;

	/* Somebody else notes a use of this very moment: as good as ours. */
	if (is_fresh(u, t) || pthread_mutex_trylock(&t->svc->usage) != 0)
		return;
	atomic_store_explicit(&u->operation, t->op->name, memory_order_relaxed);
	atomic_store_explicit(&u->time_ms, t->now_ms, memory_order_relaxed);
	snprintf(u->request_id, sizeof(u->request_id), "%s",
		 t->req->request_id);
	snprintf(u->event_id, sizeof(u->event_id), "%s",
		 t->req->event_id ? t->req->event_id : "");
	u->is_unsaved = true;
	pthread_mutex_unlock(&t->svc->usage);
}

static int load_one(struct kms_service *svc, const char *id, const cJSON *obj)
{
	const char *slash = strchr(id, '/'), *operation, *request, *event;
	_free_ char *name = slash ? strndup(id, (size_t)(slash - id)) : NULL;
	struct kms_region *region;
	const struct kms_op *op;
	struct kms_last_use *u;
	struct kms_key *key;
	int64_t version, time;

	if (!slash)
		return -EUCLEAN;
	if (!name)
		return -ENOMEM;
	region = kms_service_region(svc, name);
	key = region ? kms_index_find(&region->keys, slash + 1) : NULL;
	if (!key)
		return 0;
	if (json_get_int(obj, "v", VERSION, VERSION, &version) < 0 ||
	    json_get_string(obj, "operation", &operation) < 0 ||
	    json_get_int(obj, "time", 1, EPOCH_MS_MAX, &time) < 0 ||
	    json_get_string(obj, "request", &request) < 0 ||
	    json_get_string(obj, "event", &event) < 0)
		return -EUCLEAN;
	op = kms_op_find(operation);
	if (!op)
		return -EUCLEAN;
	u = &key->last_use;
	u->operation = op->name;
	u->time_ms = time;
	snprintf(u->request_id, sizeof(u->request_id), "%s", request);
	snprintf(u->event_id, sizeof(u->event_id), "%s", event);
	return 0;
}

static int load_record(void *userdata, const char *id, const void *value,
		       size_t len, uint64_t revision)
{
	_json_ cJSON *obj = NULL;
	int r = json_parse_object(value, len, &obj);

	(void)revision;
	if (r < 0)
		return r == -EBADMSG ? -EUCLEAN : r;
	return load_one(userdata, id, obj);
}

int kms_last_use_load(struct kms_service *svc)
{
	return store_scan(svc->store, KMS_KIND_LAST_USE, load_record, svc);
}

static char *encode(const struct kms_last_use *u)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_int(obj, "v", VERSION) < 0 ||
	    json_add_string(obj, "operation", u->operation) < 0 ||
	    json_add_int(obj, "time", u->time_ms) < 0 ||
	    json_add_string(obj, "request", u->request_id) < 0 ||
	    json_add_string(obj, "event", u->event_id) < 0)
		return NULL;
	return json_print(obj);
}

/* Records on their way, and the keys that they are of. */
struct batch {
	struct store_write writes[BATCH];
	struct kms_key *keys[BATCH];
	size_t count;
};

static void batch_done(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		free((char *)(uintptr_t)b->writes[i].id);
		json_text_free((char *)(uintptr_t)b->writes[i].value);
	}
}

static int batch_add(struct batch *b, struct kms_key *key)
{
	_free_ char *id = io_format("%s/%s", key->region->name, key->id);
	char *text = encode(&key->last_use);

	if (!id || !text) {
		json_text_free(text);
		return -ENOMEM;
	}
	b->keys[b->count] = key;
	b->writes[b->count++] = (struct store_write){.kind = KMS_KIND_LAST_USE,
						     .id = take_ptr(id),
						     .value = text,
						     .len = strlen(text),
						     .expect = STORE_ANY};
	return 0;
}

/* Returns 1 if there is more than one batch. */
static int gather(struct kms_service *svc, struct batch *b)
{
	int r = 0;

	pthread_mutex_lock(&svc->usage);
	for (size_t i = 0; r == 0 && i < svc->nregions; i++) {
		const struct kms_index *keys = &svc->regions[i].keys;

		for (size_t k = 0; r == 0 && k < keys->count; k++) {
			struct kms_key *key = keys->sorted[k];

			if (!key->last_use.is_unsaved)
				continue;
			if (b->count == BATCH) {
				r = 1;
				break;
			}
			r = batch_add(b, key);
			if (r == 0)
				key->last_use.is_unsaved = false;
		}
	}
	pthread_mutex_unlock(&svc->usage);
	return r;
}

int kms_last_use_save(struct kms_service *svc)
{
	_cleanup_(batch_done) struct batch b = {.count = 0};
	uint64_t revision;
	int r = gather(svc, &b), stored = 0;

	if (r >= 0 && b.count > 0)
		stored = store_commit(svc->store, b.writes, b.count, &revision);
	if (r >= 0 && stored == 0)
		return r;
	/* Next time, then. */
	pthread_mutex_lock(&svc->usage);
	for (size_t i = 0; i < b.count; i++)
		b.keys[i]->last_use.is_unsaved = true;
	pthread_mutex_unlock(&svc->usage);
	return r < 0 ? r : stored;
}

static cJSON *show(const struct kms_last_use *u)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_string(obj, "Operation", u->operation) < 0 ||
	    kms_json_time(obj, "Timestamp", u->time_ms) < 0 ||
	    (*u->event_id &&
	     json_add_string(obj, "CloudTrailEventId", u->event_id) < 0) ||
	    json_add_string(obj, "KmsRequestId", u->request_id) < 0)
		return NULL;
	return take_ptr(obj);
}

int kms_op_get_key_last_usage(struct kms_task *t)
{
	const struct kms_key *key = t->key;
	int r = kms_put_string(t->reply, "KeyId", key->id);

	pthread_mutex_lock(&t->svc->usage);
	if (r == 0 && key->last_use.time_ms)
		r = kms_put_item(t->reply, "KeyLastUsage",
				 show(&key->last_use));
	pthread_mutex_unlock(&t->svc->usage);
	/* It has been tracked since it was made. */
	if (r == 0)
		r = kms_put_time(t->reply, "TrackingStartDate",
				 key->created_ms);
	return r ? r
		 : kms_put_time(t->reply, "KeyCreationDate", key->created_ms);
}
