/* SPDX-License-Identifier: MIT */
/* Sealing: the one place that makes ciphertext blobs. */
#include "kmsagent/kms/seal.h"

#include "kmsagent/kms/service.h"

int kms_seal(struct kms_task *t, struct kms_key *key,
	     const struct ectx *context, const struct secret *plain,
	     const char *material_member)
{
	uint8_t blob[BLOB_MAX_BYTES];
	struct blob_key material;
	int r = kms_material_get(t->svc, key, NULL, &material);

	if (r < 0)
		return r == -EBADMSG ? -EUCLEAN : r;
	r = blob_seal(&material, context, plain->bytes, plain->len, blob);
	if (r < 0)
		return r;
	r = kms_put_blob(t->reply, "CiphertextBlob", blob,
			 plain->len + BLOB_OVERHEAD_BYTES, false);
	if (r == 0 && material_member)
		r = kms_put_string(t->reply, material_member,
				   material.material_id);
	return r;
}
