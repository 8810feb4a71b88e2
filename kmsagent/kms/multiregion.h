/* SPDX-License-Identifier: MIT */
/*
 * Multi-Region keys: keys of several regions with one id and one material.
 * One is the primary, the others are its replicas; policy, grants, aliases,
 * tags, description and state are each one's own.  Those related are found by
 * their id; a region that is not served now is not seen.
 * Source: AWS KMS Developer Guide, "Multi-Region keys in AWS KMS".
 */
#ifndef KMSAGENT_KMS_MULTIREGION_H
#define KMSAGENT_KMS_MULTIREGION_H

#include <cjson/cJSON.h>

#include "kmsagent/kms/key.h"

/* An id as only multi-Region keys have it.  Errors as uuid_new(). */
int kms_multi_region_id_new(char ret[ARN_KEY_ID_CHARS + 1]) _must_check_;
bool kms_key_is_multi_region(const struct kms_key *key);
bool kms_key_is_replica(const struct kms_key *key);

/* The related key in the service's region number @i, which may be @key
 * itself, also before it is published; NULL if there is none. */
const struct kms_key *kms_key_related(const struct kms_service *svc,
				      const struct kms_key *key, size_t i);

/* The primary's replicas; 0 for other keys. */
size_t kms_key_count_replicas(const struct kms_service *svc,
			      const struct kms_key *key);

/* MultiRegionConfiguration; NULL: no memory. */
cJSON *kms_multi_region_show(const struct kms_service *svc,
			     const struct kms_key *key) _must_check_;

/*
 * A replica of @primary in @region, not published yet.  It shares material
 * made here; imported material has to be imported there too, the same.
 */
int kms_replica_new(struct kms_service *svc, const struct kms_key *primary,
		    struct kms_region *region, const char *description,
		    int64_t now_ms, struct kms_key **ret) _must_check_;

/*
 * What a replica's materials and rotation become when its primary's become
 * @next (NULL: stay) and @meta.  *ret_next is for the change of the replica;
 * its elements are the replica's, or new ones.
 */
int kms_replica_follow(struct kms_service *svc, const struct kms_key *primary,
		       const struct kms_key_meta *meta,
		       const struct kms_materials *next,
		       const struct kms_key *replica,
		       struct kms_key_meta *ret_meta,
		       struct kms_materials *ret_next) _must_check_;

/*
 * The primary that waited for @replica, its last, to go, and what becomes of
 * it then: its own waiting period begins.  NULL: there is none.
 */
struct kms_key *kms_primary_set_free(const struct kms_service *svc,
				     const struct kms_key *replica,
				     int64_t now_ms, struct kms_key_meta *ret);

#endif
