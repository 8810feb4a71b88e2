/* SPDX-License-Identifier: MIT */
/* What is to be known of a key's rotations. */
#ifndef KMSAGENT_KMS_ROTATION_H
#define KMSAGENT_KMS_ROTATION_H

#include "kmsagent/kms/key.h"

#define KMS_MAX_ROTATIONS_ON_DEMAND 25 /* in a key's life */
#define KMS_ROTATION_MIN_DAYS	    90
#define KMS_ROTATION_MAX_DAYS	    2560
#define KMS_ROTATION_DEFAULT_DAYS   365

/* How many were done. */
size_t kms_rotations_on_demand(const struct kms_key *key);

/* There is material to rotate to, or it can be made. */
bool kms_rotation_has_next(const struct kms_key *key);

#endif
