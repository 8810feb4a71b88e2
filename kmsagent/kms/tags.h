/* SPDX-License-Identifier: MIT */
/* Tags on keys: JSON arrays of {TagKey, TagValue}, as the API has them. */
#ifndef KMSAGENT_KMS_TAGS_H
#define KMSAGENT_KMS_TAGS_H

#include "kmsagent/kms/task.h"

/* What may not be put on a key: TagException.  AWS's own prefix, a key twice,
 * more than KMS_MAX_TAGS. */
int kms_tags_check(struct kms_task *t, const cJSON *tags) _must_check_;

/* The reserved prefix, for one key: TagException. */
int kms_tag_key_check(struct kms_task *t, const char *key) _must_check_;

#endif
