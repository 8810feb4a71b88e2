/* SPDX-License-Identifier: MIT */
/* Sealing under a CMK, as Encrypt, ReEncrypt and the data keys do it. */
#ifndef KMSAGENT_KMS_SEAL_H
#define KMSAGENT_KMS_SEAL_H

#include "keyring/ectx.h"
#include "kmsagent/kms/task.h"

/*
 * Put CiphertextBlob of @plain under @key's current material into the body,
 * and the material's id as member @material_member (NULL: not).
 */
int kms_seal(struct kms_task *t, struct kms_key *key,
	     const struct ectx *context, const struct secret *plain,
	     const char *material_member) _must_check_;

#endif
