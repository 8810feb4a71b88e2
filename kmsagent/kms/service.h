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
#include "kmsagent/kms/trustclock.h"
#include "kmsagent/rootkey/rootkey.h"
#include "kmsagent/store/store.h"

#define KMS_KEK_ID	      "1"
#define KMS_MAX_KEYS	      100000 /* per region */
#define KMS_MAX_ALIASES	      50     /* per key */
#define KMS_MAX_CONTEXT_BYTES 8192   /* serialised */
#define KMS_MIN_PENDING_DAYS  7
#define KMS_MAX_PENDING_DAYS  30
#define KMS_MAX_TAGS	      50

#define KMS_DAY_MS ((int64_t)24 * 3600 * 1000)

/* The clocks of a service: the machine's, or a test's. */
struct kms_clock {
	int64_t (*now_ms)(void);  /* wall clock */
	int64_t (*boot_ms)(void); /* CLOCK_BOOTTIME */
	/* Which boot that counts from; "": nobody knows. */
	void (*boot_id)(char buf[KMS_BOOT_ID_BYTES]);
};

struct kms_service {
	char *account;
	struct kms_region *regions;
	size_t nregions;
	struct store *store;
	struct rootkey *rootkey;
	struct xaes_key kek; /* wraps all material */
	struct kms_clock clock;
	size_t max_keys;
	size_t max_grants; /* per key */
	kms_event_fn event;
	void *event_userdata;
	int64_t next_due_ms;	    /* no key is before; under mutate */
	struct kms_trust trust;	    /* under mutate, as the next two */
	int64_t save_trust_boot_ms; /* by CLOCK_BOOTTIME: when to write down */
	int64_t save_uses_boot_ms;

	pthread_mutex_t mutate; /* one change at a time: key.h */
	pthread_rwlock_t table; /* what readers look at */
	pthread_mutex_t unwrap; /* first use of a backing key */
	pthread_mutex_t usage;	/* keys' last use */
};

/*
 * A service over an open store and root key; takes both on success.  Makes
 * the key-encryption key in an empty store.  @clock NULL: the real ones.
 * @conf: only account, regions, event and event_userdata are read.
 * Returns 0, -EINVAL (the store is another account's), and what the store,
 * the root key and the records gave; @why has the sentence.
 */
int kms_service_new(const struct kms_service_conf *conf, struct store *store,
		    struct rootkey *rootkey, const struct kms_clock *clock,
		    struct kms_service **ret, char *why,
		    size_t why_len) _must_check_;

/* Of jobs.c: take up the clocks at start; write down at the end what is not
 * written yet. */
int kms_service_start_clock(struct kms_service *svc) _must_check_;
void kms_service_settle(struct kms_service *svc);

/* @now_ms, or the latest time that was believed if the clock is behind that:
 * never too early to count from.  Under mutate. */
int64_t kms_service_latest_ms(const struct kms_service *svc, int64_t now_ms);

struct kms_region *kms_service_region(struct kms_service *svc,
				      const char *name);

/*
 * The AWS-managed key behind alias/aws/@service, made if it is not there.
 * Takes service.mutate itself.
 */
int kms_service_make_managed(struct kms_service *svc, struct kms_region *region,
			     const char *service, int64_t now_ms) _must_check_;

/* A customer's or managed key, not published yet; its material's bytes are
 * @given, NULL: random ones.  One of external origin has none yet.
 * A multi-Region key is a primary. */
int kms_service_new_key(struct kms_service *svc, struct kms_region *region,
			const struct kms_spec *spec, enum kms_usage usage,
			enum kms_manager manager, enum kms_origin origin,
			bool is_multi_region, const char *description,
			const struct secret *given, int64_t now_ms,
			struct kms_key **ret) _must_check_;

/* "alias/x" of @key, not published yet. */
int kms_service_new_alias(struct kms_service *svc, struct kms_key *key,
			  const char *name, int64_t now_ms,
			  struct kms_alias **ret) _must_check_;

#endif
