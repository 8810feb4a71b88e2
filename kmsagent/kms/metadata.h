/* SPDX-License-Identifier: MIT */
/* KeyMetadata, as CreateKey, DescribeKey and others answer it. */
#ifndef KMSAGENT_KMS_METADATA_H
#define KMSAGENT_KMS_METADATA_H

#include "kmsagent/kms/task.h"

/* Put KeyMetadata of @key into the body.  0 or -ENOMEM. */
int kms_put_metadata(struct kms_task *t,
		     const struct kms_key *key) _must_check_;

/* The same as @member, and with that state.  0 or -ENOMEM. */
int kms_put_metadata_as(struct kms_task *t, const char *member,
			const struct kms_key *key,
			enum kms_state state) _must_check_;

/* ExpirationModel and ValidTo of imported material that is here, else
 * nothing.  0 or -ENOMEM. */
int kms_put_expiry(cJSON *obj, const struct kms_key *key,
		   const struct kms_material *m) _must_check_;

/* The algorithms of @key's spec and usage; NULL: no memory. */
cJSON *kms_algorithm_list(const struct kms_key *key);

#endif
