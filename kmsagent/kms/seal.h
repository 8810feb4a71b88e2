/* SPDX-License-Identifier: MIT */
/*
 * Sealing and opening under a CMK, as Encrypt, ReEncrypt and the data keys do
 * it: a ciphertext blob under a symmetric key, what its algorithm gives under
 * a key pair.
 */
#ifndef KMSAGENT_KMS_SEAL_H
#define KMSAGENT_KMS_SEAL_H

#include "keyring/ectx.h"
#include "kmsagent/kms/task.h"

/* How an operation names the parts of what it seals. */
struct kms_sealing {
	const char *algorithm_member; /* NULL: SYMMETRIC_DEFAULT alone */
	const char *context_member;
	const char *blob_member;     /* of the answer */
	const char *material_member; /* of the answer, or NULL */
};

/* The algorithm that a request names by @member (or NULL). */
const char *kms_encryption_algorithm(const struct kms_task *t,
				     const char *member);

/*
 * @key takes the request's context, which is put in @ret_context, and @len
 * bytes; else ValidationException.
 */
int kms_seal_check(struct kms_task *t, const struct kms_key *key,
		   const struct kms_sealing *s, size_t len,
		   struct ectx *ret_context) _must_check_;

/* What kms_seal_check() has passed: put the ciphertext of @plain under @key's
 * current material into the body, and the material's id. */
int kms_seal(struct kms_task *t, struct kms_key *key,
	     const struct kms_sealing *s, const struct ectx *context,
	     const struct secret *plain) _must_check_;

/* ValidationException if the request has a context, other than an empty one:
 * a key pair binds nothing to its ciphertext. */
int kms_refuse_context(struct kms_task *t, const char *member) _must_check_;

/* Open what was sealed for a key pair.  -EBADMSG: it was not. */
int kms_open_pair(struct kms_task *t, struct kms_key *key,
		  const char *algorithm, const struct secret *sealed,
		  struct secret *ret) _must_check_;

#endif
