/* SPDX-License-Identifier: MIT */
/*
 * The core's beginning and end: root key, key-encryption key, regions, and
 * the keys that the service makes of itself.
 */
#include "kmsagent/kms/service.h"

#include <fcntl.h>
#include <string.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/kms/grant.h"
#include "kmsagent/kms/lastuse.h"
#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/rotation.h"

#define KIND_SERVICE "service"
#define ID_ACCOUNT   "account"
#define KIND_STORE   "store"
#define ID_STORE     "id"
#define KIND_KEK     "kek"
#define MAX_WRAPPED  4096

/* The records that are not a key's: found by a scan of their kind. */
struct found {
	char *text;
	size_t len;
};

static void found_done(struct found *f)
{
	free(f->text);
}

static int find(void *userdata, const char *id, const void *value, size_t len,
		uint64_t revision)
{
	struct found *f = userdata;

	(void)id;
	(void)revision;
	free(f->text);
	f->text = strndup(value, len);
	f->len = len;
	return f->text ? 0 : -ENOMEM;
}

static int check_account(struct kms_service *svc, const struct found *f,
			 char *why, size_t why_len)
{
	if (strcmp(f->text, svc->account) == 0)
		return 0;
	snprintf(why, why_len,
		 "key store: it holds the keys of account %s, not %s; set "
		 "account = %s, or name another state folder",
		 f->text, svc->account, f->text);
	return -EINVAL;
}

/*
 * The key-encryption key is this store's: its name under the root key bears
 * the store's own id, so that two stores of one root key cannot trade.
 */
static char *kek_name(const char *store_id)
{
	return io_format("%s/%s", store_id, KMS_KEK_ID);
}

static int open_kek(struct kms_service *svc, const struct found *f,
		    const char *store_id, char *why, size_t why_len)
{
	_free_ char *name = kek_name(store_id);
	_cleanup_(secret_done) struct secret kek = SECRET_INIT;
	char rootkey_why[ROOTKEY_WHY_BYTES] = "";
	uint8_t wrapped[MAX_WRAPPED];
	size_t len = 0;
	int r = base64_decode(f->text, f->len, wrapped, sizeof(wrapped), &len);

	if (!name)
		return -ENOMEM;
	if (r < 0) {
		snprintf(why, why_len,
			 "key store: the key-encryption key is damaged; "
			 "restore the store from a backup");
		return -EUCLEAN;
	}
	r = rootkey_unwrap(svc->rootkey, name, wrapped, len, &kek, rootkey_why);
	if (r < 0) {
		snprintf(why, why_len, "%s", rootkey_why);
		return r;
	}
	return xaes_key_init(&svc->kek, &kek);
}

/* An empty store becomes this account's. */
static int found_service(struct kms_service *svc)
{
	_cleanup_(secret_done) struct secret kek = SECRET_INIT;
	_free_ uint8_t *wrapped = NULL;
	_free_ char *text = NULL, *name = NULL;
	char store_id[UUID_LEN + 1];
	uint64_t revision;
	size_t len = 0;
	int r = secret_random(&kek, AEAD_KEY_BYTES);

	if (r == 0)
		r = uuid_new(store_id);
	if (r < 0)
		return r;
	name = kek_name(store_id);
	r = name ? rootkey_wrap(svc->rootkey, name, &kek, &wrapped, &len)
		 : -ENOMEM;
	if (r < 0)
		return r;
	text = malloc(BASE64_LEN(len) + 1);
	if (!text)
		return -ENOMEM;
	base64_encode(wrapped, len, text);
	r = store_commit(svc->store,
			 (struct store_write[]){
				 {KIND_KEK, KMS_KEK_ID, text, strlen(text),
				  STORE_ABSENT},
				 {KIND_SERVICE, ID_ACCOUNT, svc->account,
				  strlen(svc->account), STORE_ABSENT},
				 {KIND_STORE, ID_STORE, store_id,
				  strlen(store_id), STORE_ABSENT},
			 },
			 3, &revision);
	return r < 0 ? r : xaes_key_init(&svc->kek, &kek);
}

static int load(struct kms_service *svc, char *why, size_t why_len)
{
	_cleanup_(found_done) struct found account = {0};
	_cleanup_(found_done) struct found kek = {0};
	_cleanup_(found_done) struct found store = {0};
	int r = store_scan(svc->store, KIND_SERVICE, find, &account);

	if (r == 0)
		r = store_scan(svc->store, KIND_STORE, find, &store);
	if (r == 0)
		r = store_scan(svc->store, KIND_KEK, find, &kek);
	if (r < 0)
		return r;
	if (!account.text && !kek.text && !store.text)
		return found_service(svc);
	if (!account.text || !kek.text || !store.text) {
		snprintf(why, why_len,
			 "key store: its own records are missing; restore it "
			 "from a backup");
		return -EUCLEAN;
	}
	r = check_account(svc, &account, why, why_len);
	if (r == 0)
		r = open_kek(svc, &kek, store.text, why, why_len);
	if (r == 0)
		r = kms_records_load(svc, why, why_len);
	return r < 0 ? r : kms_last_use_load(svc);
}

static void read_boot_id(char buf[KMS_BOOT_ID_BYTES])
{
	_free_ char *text = NULL;

	*buf = '\0';
	if (io_read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id",
			 KMS_BOOT_ID_BYTES - 1, &text) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	memcpy(buf, text, strlen(text) + 1);
}

static const struct kms_clock machine_clock = {
	.now_ms = clock_epoch_ms,
	.boot_ms = clock_boot_ms,
	.boot_id = read_boot_id,
};

static int init(struct kms_service *svc, const struct kms_service_conf *conf)
{
	pthread_rwlockattr_t attr;

	/* A steady stream of readers must not keep a change out for ever. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(
		&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&svc->table, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&svc->mutate, NULL);
	pthread_mutex_init(&svc->unwrap, NULL);
	svc->max_keys = KMS_MAX_KEYS;
	svc->max_grants = KMS_MAX_GRANTS;
	pthread_mutex_init(&svc->usage, NULL);
	svc->next_due_ms = INT64_MAX;
	svc->event = conf->event;
	svc->event_userdata = conf->event_userdata;
	svc->account = strdup(conf->account);
	svc->regions = calloc(conf->nregions, sizeof(*svc->regions));
	if (!svc->account || !svc->regions)
		return -ENOMEM;
	for (size_t i = 0; i < conf->nregions; i++) {
		svc->regions[i].name = strdup(conf->regions[i]);
		if (!svc->regions[i].name)
			return -ENOMEM;
		svc->nregions++;
	}
	return 0;
}

static void free_region(struct kms_region *region)
{
	for (size_t i = 0; i < region->aliases.count; i++)
		kms_alias_free(region->aliases.sorted[i]);
	for (size_t i = 0; i < region->keys.count; i++)
		kms_key_free(region->keys.sorted[i]);
	kms_index_done(&region->aliases);
	kms_index_done(&region->keys);
	free(region->name);
}

void kms_service_close(struct kms_service *svc)
{
	if (!svc)
		return;
	if (svc->store)
		kms_service_settle(svc);
	for (size_t i = 0; i < svc->nregions; i++)
		free_region(&svc->regions[i]);
	free(svc->regions);
	free(svc->account);
	xaes_key_done(&svc->kek);
	store_close(svc->store);
	rootkey_close(svc->rootkey);
	pthread_mutex_destroy(&svc->mutate);
	pthread_mutex_destroy(&svc->unwrap);
	pthread_mutex_destroy(&svc->usage);
	pthread_rwlock_destroy(&svc->table);
	free(svc);
}

static void service_freep(struct kms_service **svc)
{
	kms_service_close(*svc);
}

int kms_service_new(const struct kms_service_conf *conf, struct store *store,
		    struct rootkey *rootkey, const struct kms_clock *clock,
		    struct kms_service **ret, char *why, size_t why_len)
{
	_cleanup_(service_freep) struct kms_service *svc = NULL;
	int r;

	json_init();
	why[0] = '\0';
	svc = calloc(1, sizeof(*svc));
	if (!svc)
		return -ENOMEM;
	svc->clock = clock ? *clock : machine_clock;
	r = init(svc, conf);
	if (r < 0)
		return r;
	svc->store = store;
	svc->rootkey = rootkey;
	r = load(svc, why, why_len);
	if (r == 0)
		r = kms_service_start_clock(svc);
	if (r < 0) {
		if (!why[0])
			snprintf(why, why_len, "key store: %s", strerror(-r));
		svc->store = NULL;
		svc->rootkey = NULL;
		return r;
	}
	*ret = take_ptr(svc);
	return 0;
}

struct kms_region *kms_service_region(struct kms_service *svc, const char *name)
{
	for (size_t i = 0; i < svc->nregions; i++)
		if (strcmp(svc->regions[i].name, name) == 0)
			return &svc->regions[i];
	return NULL;
}

int kms_service_new_key(struct kms_service *svc, struct kms_region *region,
			const struct kms_spec *spec, enum kms_usage usage,
			enum kms_manager manager, enum kms_origin origin,
			bool is_multi_region, const char *description,
			const struct secret *given, int64_t now_ms,
			struct kms_key **ret)
{
	_cleanup_(kms_key_freep) struct kms_key *key = calloc(1, sizeof(*key));
	int r;

	if (!key)
		return -ENOMEM;
	r = is_multi_region ? kms_multi_region_id_new(key->id)
			    : uuid_new(key->id);
	if (r < 0)
		return r;
	key->meta.is_primary = is_multi_region;
	key->name = key->id;
	key->region = region;
	key->spec = spec;
	key->usage = usage;
	key->manager = manager;
	key->origin = origin;
	key->created_ms = now_ms;
	key->usable_until_ms = INT64_MAX;
	key->meta.state = origin == KMS_ORIGIN_EXTERNAL
				  ? KMS_STATE_PENDING_IMPORT
				  : KMS_STATE_ENABLED;
	key->description = strdup(description);
	key->arn = arn_format_key(region->name, svc->account, key->id);
	if (!key->description || !key->arn)
		return -ENOMEM;
	if (origin == KMS_ORIGIN_KMS)
		r = kms_material_new(svc, key, given, now_ms);
	if (r < 0)
		return r;
	*ret = take_ptr(key);
	return 0;
}

int kms_service_new_alias(struct kms_service *svc, struct kms_key *key,
			  const char *name, int64_t now_ms,
			  struct kms_alias **ret)
{
	_cleanup_(kms_alias_freep) struct kms_alias *alias =
		calloc(1, sizeof(*alias));

	if (!alias)
		return -ENOMEM;
	alias->name = strdup(name);
	alias->arn = arn_format_kms(key->region->name, svc->account, name);
	if (!alias->name || !alias->arn)
		return -ENOMEM;
	alias->key = key;
	alias->created_ms = now_ms;
	alias->updated_ms = now_ms;
	*ret = take_ptr(alias);
	return 0;
}

static int make_managed(struct kms_service *svc, struct kms_region *region,
			const char *service, int64_t now_ms)
{
	_cleanup_(kms_key_freep) struct kms_key *key = NULL;
	_cleanup_(kms_alias_freep) struct kms_alias *alias = NULL;
	_free_ char *name = io_format("alias/aws/%s", service);
	_free_ char *description = io_format(
		"Default key that protects what %s stores when no other key "
		"is named",
		service);
	int r;

	if (!name || !description)
		return -ENOMEM;
	/* Somebody else may have been faster. */
	if (kms_index_find(&region->aliases, name))
		return 0;
	r = kms_service_new_key(svc, region, kms_spec_find("SYMMETRIC_DEFAULT"),
				KMS_USAGE_ENCRYPT_DECRYPT, KMS_MANAGER_AWS,
				KMS_ORIGIN_KMS, false, description, NULL,
				now_ms, &key);
	if (r < 0)
		return r;
	key->meta.rotation_days = KMS_ROTATION_DEFAULT_DAYS;
	key->meta.rotation_next_ms =
		now_ms + KMS_ROTATION_DEFAULT_DAYS * KMS_DAY_MS;
	if (r == 0)
		r = kms_service_new_alias(svc, key, name, now_ms, &alias);
	if (r == 0)
		r = kms_key_add(svc, key, alias);
	if (r < 0)
		return r;
	take_ptr(key);
	take_ptr(alias);
	return 0;
}

int kms_service_make_managed(struct kms_service *svc, struct kms_region *region,
			     const char *service, int64_t now_ms)
{
	int r;

	pthread_mutex_lock(&svc->mutate);
	r = make_managed(svc, region, service, now_ms);
	pthread_mutex_unlock(&svc->mutate);
	return r;
}
