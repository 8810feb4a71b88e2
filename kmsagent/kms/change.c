/* SPDX-License-Identifier: MIT */
/*
 * Changes of keys that are there: what several keys become goes to the store
 * in one piece, then readers see it.  How a record looks is record.c's.
 */
#include <string.h>

#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"

/* Free what @a has and @b has not. */
static void free_difference(const struct kms_materials *a,
			    const struct kms_materials *b)
{
	for (size_t i = 0; i < a->count; i++) {
		size_t j = 0;

		while (j < b->count && b->list[j] != a->list[i])
			j++;
		if (j == b->count)
			kms_material_free(a->list[i]);
	}
	free(a->list);
}

static void changes_undo(struct kms_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (changes[i].has_next)
			free_difference(&changes[i].next,
					&changes[i].key->materials);
}

static int add_change(struct kms_batch *b, const struct kms_change *c)
{
	return kms_key_write(b, c->key, &c->meta,
			     c->has_next ? &c->next : &c->key->materials);
}

/* Readers see it; *c->next are the old materials then. */
static void apply(struct kms_change *c, uint64_t revision)
{
	c->key->meta = c->meta;
	c->key->revision = revision;
	if (c->has_next) {
		const struct kms_materials old = c->key->materials;

		c->key->materials = c->next;
		c->next = old;
	}
	kms_key_derive(c->key);
}

int kms_keys_change(struct kms_service *svc, struct kms_change *changes,
		    size_t n)
{
	_cleanup_(kms_batch_done) struct kms_batch b = KMS_BATCH_INIT;
	uint64_t revision;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_change(&b, &changes[i]);
	if (r == 0)
		r = kms_batch_commit(&b, svc->store, &revision);
	if (r != 0) {
		changes_undo(changes, n);
		return r;
	}
	pthread_rwlock_wrlock(&svc->table);
	for (size_t i = 0; i < n; i++)
		apply(&changes[i], revision);
	pthread_rwlock_unlock(&svc->table);
	for (size_t i = 0; i < n; i++) {
		if (changes[i].has_next)
			free_difference(&changes[i].next,
					&changes[i].key->materials);
		kms_key_note_due(svc, changes[i].key);
	}
	return 0;
}

static bool concerns_replicas(const struct kms_change *c)
{
	const struct kms_key_meta *old = &c->key->meta;

	return c->has_next || c->meta.rotation_days != old->rotation_days ||
	       c->meta.rotation_next_ms != old->rotation_next_ms;
}

/* The replicas follow their primary; what is imported each imports itself. */
static int add_replicas(struct kms_service *svc, struct kms_change *changes,
			size_t *n)
{
	const struct kms_change *c = &changes[0];

	if (!c->meta.is_primary || c->key->origin != KMS_ORIGIN_KMS ||
	    !concerns_replicas(c))
		return 0;
	for (size_t i = 0; i < svc->nregions; i++) {
		struct kms_change *to = &changes[*n];
		struct kms_key *replica =
			kms_index_find(&svc->regions[i].keys, c->key->id);
		int r;

		if (!replica || replica == c->key)
			continue;
		r = kms_replica_follow(svc, c->key, &c->meta,
				       c->has_next ? &c->next : NULL, replica,
				       &to->meta, &to->next);
		if (r < 0)
			return r;
		to->key = replica;
		to->has_next = true;
		++*n;
	}
	return 0;
}

int kms_key_change_materials(struct kms_service *svc, struct kms_key *key,
			     const struct kms_key_meta *meta,
			     struct kms_materials *next)
{
	_free_ struct kms_change *changes =
		calloc(svc->nregions + 1, sizeof(*changes));
	size_t n = 1;
	int r;

	if (!changes) {
		if (next)
			free_difference(next, &key->materials);
		return -ENOMEM;
	}
	changes[0] = (struct kms_change){.key = key, .meta = *meta};
	if (next) {
		changes[0].next = *next;
		changes[0].has_next = true;
	}
	r = add_replicas(svc, changes, &n);
	if (r < 0) {
		changes_undo(changes, n);
		return r;
	}
	return kms_keys_change(svc, changes, n);
}

int kms_key_change(struct kms_service *svc, struct kms_key *key,
		   const struct kms_key_meta *meta)
{
	return kms_key_change_materials(svc, key, meta, NULL);
}

void kms_key_note_due(struct kms_service *svc, const struct kms_key *key)
{
	int64_t due = kms_key_due_ms(key);

	if (due < svc->next_due_ms)
		svc->next_due_ms = due;
}

/* Nobody finds them any more; only then are they freed. */
static void unpublish(struct kms_service *svc, struct kms_key *key)
{
	pthread_rwlock_wrlock(&svc->table);
	for (size_t i = 0; i < key->aliases.count; i++) {
		struct kms_alias *alias = key->aliases.sorted[i];

		kms_index_remove(&key->region->aliases, alias->name);
	}
	kms_index_remove(&key->region->keys, key->id);
	pthread_rwlock_unlock(&svc->table);
	for (size_t i = 0; i < key->aliases.count; i++)
		kms_alias_free(key->aliases.sorted[i]);
	kms_key_free(key);
}

int kms_key_remove(struct kms_service *svc, struct kms_key *key)
{
	_cleanup_(kms_batch_done) struct kms_batch b = KMS_BATCH_INIT;
	struct kms_change primary = {0};
	uint64_t revision;
	int r = kms_key_erase(&b, key);

	primary.key = kms_primary_set_free(
		svc, key, kms_service_latest_ms(svc, svc->clock.now_ms()),
		&primary.meta);
	if (r == 0 && primary.key)
		r = add_change(&b, &primary);
	if (r == 0)
		r = kms_batch_commit(&b, svc->store, &revision);
	if (r != 0)
		return r;
	if (primary.key) {
		pthread_rwlock_wrlock(&svc->table);
		apply(&primary, revision);
		pthread_rwlock_unlock(&svc->table);
		kms_key_note_due(svc, primary.key);
	}
	unpublish(svc, key);
	return 0;
}

int kms_key_describe(struct kms_service *svc, struct kms_key *key,
		     const char *description, const char *tags)
{
	_free_ char *d = strdup(description);
	_free_ char *g = tags ? strdup(tags) : NULL;
	_cleanup_(kms_batch_done) struct kms_batch b = KMS_BATCH_INIT;
	struct kms_key next = *key;
	uint64_t revision;
	int r;

	if (!d || (tags && !g))
		return -ENOMEM;
	next.description = d;
	next.tags = g;
	r = kms_key_write(&b, &next, &key->meta, &key->materials);
	if (r == 0)
		r = kms_batch_commit(&b, svc->store, &revision);
	if (r != 0)
		return r;
	pthread_rwlock_wrlock(&svc->table);
	d = key->description;
	g = key->tags;
	key->description = next.description;
	key->tags = next.tags;
	key->revision = revision;
	pthread_rwlock_unlock(&svc->table);
	return 0;
}
