/* SPDX-License-Identifier: MIT */
/*
 * The core's state.  request.h is what the front sees of it; this is for the
 * core's own files and for tests, which bring their own store and clock.
 */
#ifndef KMSAGENT_KMS_SERVICE_H
#define KMSAGENT_KMS_SERVICE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "kmsagent/crypto/aead.h"
#include "kmsagent/kms/key.h"
#include "kmsagent/kms/request.h"
#include "kmsagent/rootkey/rootkey.h"
#include "kmsagent/store/store.h"

#define KMS_KEK_ID	      "1"
#define KMS_MAX_KEYS	      100000 /* per region */
#define KMS_MAX_ALIASES	      50     /* per key */
#define KMS_MAX_CONTEXT_BYTES 8192   /* serialised */
#define KMS_MIN_PENDING_DAYS  7
#define KMS_MAX_PENDING_DAYS  30
#define KMS_MAX_TAGS	      50

struct kms_service {
	char *account;
	struct kms_region *regions;
	size_t nregions;
	struct store *store;
	struct rootkey *rootkey;
	struct xaes_key kek; /* wraps all material */
	int64_t (*now_ms)(void);
	size_t max_keys;
	kms_event_fn event;
	void *event_userdata;
	int64_t next_deletion_ms; /* none is due before; under mutate */

	pthread_mutex_t mutate; /* one change at a time: key.h */
	pthread_rwlock_t table; /* what readers look at */
	pthread_mutex_t unwrap; /* first use of a backing key */
};

/*
 * A service over an open store and root key; takes both on success.  Makes
 * the key-encryption key in an empty store.  @now_ms NULL: the real clock.
 * @conf: only account, regions, event and event_userdata are read.
 * Returns 0, -EINVAL (the store is another account's), and what the store,
 * the root key and the records gave; @why has the sentence.
 */
int kms_service_new(const struct kms_service_conf *conf, struct store *store,
		    struct rootkey *rootkey, int64_t (*now_ms)(void),
		    struct kms_service **ret, char *why,
		    size_t why_len) _must_check_;

struct kms_region *kms_service_region(struct kms_service *svc,
				      const char *name);

/*
 * The AWS-managed key behind alias/aws/@service, made if it is not there.
 * Takes service.mutate itself.
 */
int kms_service_make_managed(struct kms_service *svc, struct kms_region *region,
			     const char *service, int64_t now_ms) _must_check_;

/* A customer's or managed key, not published yet; its material's bytes are
 * @given, NULL: random ones. */
int kms_service_new_key(struct kms_service *svc, struct kms_region *region,
			const struct kms_spec *spec, enum kms_usage usage,
			enum kms_manager manager, const char *description,
			const struct secret *given, int64_t now_ms,
			struct kms_key **ret) _must_check_;

/* "alias/x" of @key, not published yet. */
int kms_service_new_alias(struct kms_service *svc, struct kms_key *key,
			  const char *name, int64_t now_ms,
			  struct kms_alias **ret) _must_check_;

#endif
