/* SPDX-License-Identifier: MIT */
/*
 * The keys and aliases that kmsd holds in memory, per region.  Storage knows
 * them as records (record.h); who may use them is decided elsewhere.
 *
 * Locking.  Readers hold service.table for reading while they look at a key.
 * A change holds service.mutate from its first look to its end, makes the
 * store durable, and only then takes service.table for writing, for as long
 * as it takes to set a few fields.  So readers never wait for a disk.
 */
#ifndef KMSAGENT_KMS_KEY_H
#define KMSAGENT_KMS_KEY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "kmsagent/base/arn.h"
#include "kmsagent/crypto/aead.h"
#include "kmsagent/crypto/blob.h"
#include "kmsagent/crypto/encoding.h"
#include "kmsagent/crypto/pkey.h"
#include "kmsagent/kms/index.h"
#include "kmsagent/kms/spec.h"
#include "kmsagent/kms/state.h"

struct kms_service;

enum kms_manager {
	KMS_MANAGER_CUSTOMER,
	KMS_MANAGER_AWS,
};

/* Where its material comes from. */
enum kms_origin {
	KMS_ORIGIN_KMS,
	KMS_ORIGIN_EXTERNAL, /* imported */
	KMS_ORIGIN_COUNT,
};

enum kms_rotation {
	KMS_ROTATION_NONE, /* the first material, or one not rotated to yet */
	KMS_ROTATION_AUTOMATIC,
	KMS_ROTATION_ON_DEMAND,
	KMS_ROTATION_COUNT,
};

/*
 * One backing key.  Unwrapped on first use, then kept.  Once published it is
 * not changed but replaced, whole (record.h).
 */
struct kms_material {
	char id[BLOB_MATERIAL_ID_LEN + 1];
	int64_t created_ms;
	int64_t rotated_ms; /* when it became the current one; 0: see next */
	enum kms_rotation rotation;
	int64_t valid_to_ms; /* of imported material; 0: does not expire */
	char *description;   /* of imported material; NULL: none */
	uint8_t *wrapped;    /* NULL: imported once, not here now */
	size_t wrapped_len;
	atomic_bool is_ready;
	/* Valid once is_ready: the one that the spec's type says. */
	struct xaes_key key;
	struct secret mac_key;
	struct pkey pair;
};

/* What an operation may change, in one piece. */
struct kms_key_meta {
	enum kms_state state;
	int64_t deletion_ms;	   /* 0: none; else when the key ceases to be */
	int64_t rotation_days;	   /* 0: not rotated of itself */
	int64_t rotation_next_ms;  /* when it is due */
	int64_t rotation_asked_ms; /* 0: none; else since when one on demand
				      is under way */
	int64_t pending_days;	   /* a primary's that waits for its replicas to
				 go: how long it waits then */
	bool is_primary;	   /* of a multi-Region key: not a replica */
	size_t current;		   /* the material that encrypts; later ones
				      wait for a rotation */
};

/* The list is owned; so are its elements, but see record.h. */
struct kms_materials {
	struct kms_material **list;
	size_t count;
};

/* When it last served; under service.usage. */
struct kms_last_use {
	/* 0: never.  Threads look at these two without the lock. */
	_Atomic int64_t time_ms;
	_Atomic(const char *) operation; /* a name of the operations' table */
	char request_id[UUID_LEN + 1];
	char event_id[UUID_LEN + 1];
	bool is_unsaved;
};

struct kms_key {
	const char *name; /* for the index: points to id */
	char id[ARN_KEY_ID_CHARS + 1];
	char *arn;
	struct kms_region *region;
	const struct kms_spec *spec;
	enum kms_usage usage;
	enum kms_manager manager;
	enum kms_origin origin;
	int64_t created_ms;
	char *description;
	char *tags;		  /* JSON array as given, or NULL */
	char *policy;		  /* the document; NULL: the default one */
	uint64_t policy_revision; /* of its record; 0: none */
	struct kms_key_meta meta;
	uint64_t revision;		/* of the record in the store */
	struct kms_materials materials; /* all up to the current one decrypt */
	int64_t usable_until_ms;	/* when the first of those expires */
	struct kms_last_use last_use;
	struct kms_index aliases;
	struct kms_index grants; /* owned */
};

struct kms_alias {
	const char *name; /* "alias/x"; owned */
	char *arn;
	struct kms_key *key;
	int64_t created_ms;
	int64_t updated_ms;
	uint64_t revision;
};

struct kms_region {
	char *name;
	struct kms_index keys;
	struct kms_index aliases;
};

const char *kms_manager_name(enum kms_manager manager);
const char *kms_origin_name(enum kms_origin origin);
const char *kms_rotation_name(enum kms_rotation rotation);
/* The _COUNT for a name that is none. */
enum kms_origin kms_origin_find(const char *name);
enum kms_rotation kms_rotation_find(const char *name);

/* Half-built ones too; NULL is fine.  Wipes the material. */
void kms_key_free(struct kms_key *key);
void kms_key_freep(struct kms_key **key);
void kms_alias_free(struct kms_alias *alias);
void kms_alias_freep(struct kms_alias **alias);

/* All but what is made of it on first use.  0 or -ENOMEM. */
int kms_material_copy(const struct kms_material *m,
		      struct kms_material **ret) _must_check_;

/* NULL is fine. */
void kms_material_free(struct kms_material *m);
void kms_material_freep(struct kms_material **m);

/* The one that encrypts; NULL: none was ever imported. */
struct kms_material *kms_key_current(const struct kms_key *key);

/* The bytes of @m, which is there, of @key.  Errors of wrap_open(). */
int kms_material_unwrap(struct kms_service *svc, const struct kms_key *key,
			const struct kms_material *m,
			struct secret *ret) _must_check_;

/* By its id, NULL if there is none; *ret_index (or NULL) is its place. */
struct kms_material *kms_key_material(const struct kms_key *key, const char *id,
				      size_t *ret_index);

/* All material that is the key's for good is here: it could be used. */
bool kms_key_is_complete(const struct kms_key *key);

/* What the key does of itself, and when first: INT64_MAX is never. */
int64_t kms_key_due_ms(const struct kms_key *key);

/* The key's state as of now: material that has expired is as good as gone,
 * whether or not the job that deletes it came by yet. */
enum kms_state kms_key_state(const struct kms_key *key, int64_t now_ms);

/* Set what is derived from the materials.  Under table, or unpublished. */
void kms_key_derive(struct kms_key *key);

/* The waiting period is over: the key is as good as gone. */
bool kms_key_is_expired(const struct kms_key *key, int64_t now_ms);

/* By id or alias name within a region; NULL if unknown or expired. */
struct kms_key *kms_key_find(const struct kms_region *region, const char *id,
			     int64_t now_ms);
struct kms_alias *kms_alias_find(const struct kms_region *region,
				 const char *name, int64_t now_ms);

/*
 * The material of @key with this id, NULL: the current one.  *ret_key is
 * borrowed from the key.  Returns 0, -ENOENT (no such material), -EBADMSG
 * (the record was tampered with), -ENOMEM, -EIO.
 */
int kms_material_get(struct kms_service *svc, struct kms_key *key,
		     const char *id, struct blob_key *ret) _must_check_;

/* The current material of a key whose spec has this type; borrowed.  Returns
 * 0, -ENOENT (none), -EUCLEAN (tampered with), -EOPNOTSUPP (a pair that this
 * OpenSSL does not know), -ENOMEM, -EIO. */
int kms_material_pair(struct kms_service *svc, struct kms_key *key,
		      const struct pkey **ret) _must_check_;
int kms_material_mac(struct kms_service *svc, struct kms_key *key,
		     const struct secret **ret) _must_check_;

#endif
