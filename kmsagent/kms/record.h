/* SPDX-License-Identifier: MIT */
/*
 * Keys and aliases as records of the store, and changes of them: durable
 * first, then seen by readers.  Records are compact JSON with a version; key
 * material in them is wrapped.
 */
#ifndef KMSAGENT_KMS_RECORD_H
#define KMSAGENT_KMS_RECORD_H

#include "keyring/cleanup.h"
#include "kmsagent/kms/batch.h"
#include "kmsagent/kms/key.h"

struct kms_service;

/*
 * Read all records into memory.  @why gets cause and next step.  Returns 0,
 * -EUCLEAN (a record that cannot be), -ENOMEM, or what the store gave.
 */
int kms_records_load(struct kms_service *svc, char *why,
		     size_t why_len) _must_check_;

/*
 * Changes.  The caller holds service.mutate and no other lock.  On success
 * the object belongs to its region; on failure nothing changed, here and on
 * disk.  Return 0, -ENOSPC, -ENOMEM, -ESTALE (somebody else wrote the store).
 */

/* Add a key, and with @alias (or NULL) its first alias, in one piece.  Takes
 * both on success. */
int kms_key_add(struct kms_service *svc, struct kms_key *key,
		struct kms_alias *alias) _must_check_;

/* Set key->meta to @meta. */
int kms_key_change(struct kms_service *svc, struct kms_key *key,
		   const struct kms_key_meta *meta) _must_check_;

/*
 * The same, and the key's materials become @next (NULL: stay), which shares
 * elements with the old list.  Takes @next whatever comes of it: elements
 * that only the old list had are freed on success, on failure those that
 * only the new one had.  A primary's replicas follow, in the same piece.
 */
int kms_key_change_materials(struct kms_service *svc, struct kms_key *key,
			     const struct kms_key_meta *meta,
			     struct kms_materials *next) _must_check_;

/* Remove @key and its aliases, in one piece; frees them on success. */
int kms_key_remove(struct kms_service *svc, struct kms_key *key) _must_check_;

/* To a batch: @key's record as @meta and @materials make it; the end of all
 * records that are @key's.  0 or -ENOMEM. */
int kms_key_write(struct kms_batch *b, const struct kms_key *key,
		  const struct kms_key_meta *meta,
		  const struct kms_materials *materials) _must_check_;
int kms_key_erase(struct kms_batch *b, const struct kms_key *key) _must_check_;

/* kms_service_tick() is to look in time. */
void kms_key_note_due(struct kms_service *svc, const struct kms_key *key);

/* Several at once, all or none: of each its meta, and its materials if
 * has_next, under the rules above. */
struct kms_change {
	struct kms_key *key;
	struct kms_key_meta meta;
	struct kms_materials next;
	bool has_next;
};
int kms_keys_change(struct kms_service *svc, struct kms_change *changes,
		    size_t n) _must_check_;

/* Set description and tags (JSON array, NULL: none); copies both, which may
 * be the key's own. */
int kms_key_describe(struct kms_service *svc, struct kms_key *key,
		     const char *description, const char *tags) _must_check_;

/* Takes @alias, whose key is set, on success. */
int kms_alias_add(struct kms_service *svc,
		  struct kms_alias *alias) _must_check_;
int kms_alias_retarget(struct kms_service *svc, struct kms_alias *alias,
		       struct kms_key *key, int64_t now_ms) _must_check_;
/* Frees @alias on success. */
int kms_alias_remove(struct kms_service *svc,
		     struct kms_alias *alias) _must_check_;

/* A new backing key for @key, wrapped, and nobody's yet.  Its bytes are
 * @given, NULL: random ones. */
int kms_material_make(struct kms_service *svc, const struct kms_key *key,
		      const struct secret *given, int64_t now_ms,
		      struct kms_material **ret) _must_check_;

/* A list like @old, with @m instead of the element at @at, or behind the last
 * (SIZE_MAX).  For kms_key_change_materials().  0 or -ENOMEM. */
int kms_materials_with(const struct kms_materials *old, size_t at,
		       struct kms_material *m,
		       struct kms_materials *ret) _must_check_;

/* A new backing key for @key, wrapped; becomes the current one.  Its bytes are
 * @given, NULL: random ones.  For keys that are not published yet. */
int kms_material_new(struct kms_service *svc, struct kms_key *key,
		     const struct secret *given, int64_t now_ms) _must_check_;

#endif
