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
#include "kmsagent/crypto/pkey.h"
#include "kmsagent/kms/index.h"
#include "kmsagent/kms/spec.h"
#include "kmsagent/kms/state.h"

struct kms_service;

enum kms_manager {
	KMS_MANAGER_CUSTOMER,
	KMS_MANAGER_AWS,
};

/* One backing key.  Unwrapped on first use, then kept. */
struct kms_material {
	char id[BLOB_MATERIAL_ID_LEN + 1];
	int64_t created_ms;
	uint8_t *wrapped;
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
	int64_t deletion_ms; /* 0: none; else when the key ceases to be */
};

struct kms_key {
	const char *name; /* for the index: points to id */
	char id[ARN_KEY_ID_CHARS + 1];
	char *arn;
	struct kms_region *region;
	const struct kms_spec *spec;
	enum kms_usage usage;
	enum kms_manager manager;
	int64_t created_ms;
	char *description;
	char *tags; /* JSON array as given, or NULL */
	struct kms_key_meta meta;
	uint64_t revision; /* of the record in the store */
	struct kms_material *materials;
	size_t nmaterials; /* the last one encrypts, all decrypt */
	struct kms_index aliases;
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

/* Half-built ones too; NULL is fine.  Wipes the material. */
void kms_key_free(struct kms_key *key);
void kms_key_freep(struct kms_key **key);
void kms_alias_free(struct kms_alias *alias);
void kms_alias_freep(struct kms_alias **alias);

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
