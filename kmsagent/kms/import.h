/* SPDX-License-Identifier: MIT */
/* Imported material: changes that more than one operation makes. */
#ifndef KMSAGENT_KMS_IMPORT_H
#define KMSAGENT_KMS_IMPORT_H

#include "kmsagent/kms/key.h"

#define KMS_IMPORT_TOKEN_VALID_MS ((int64_t)24 * 3600 * 1000)
#define KMS_IMPORT_MAX_DAYS	  365 /* that material may be valid */

struct kms_service;

/* Remove the bytes of the material at @at; key and entry stay, pending
 * import.  Of material that waits for a rotation the entry goes too.  Under
 * mutate; errors as kms_key_change(). */
int kms_material_remove(struct kms_service *svc, struct kms_key *key,
			size_t at) _must_check_;

#endif
