/* SPDX-License-Identifier: MIT */
/* Sealing: the one place that makes ciphertexts. */
#include "kmsagent/kms/seal.h"

#include "kmsagent/kms/service.h"

const char *kms_encryption_algorithm(const struct kms_task *t,
				     const char *member)
{
	const char *name = member ? kms_arg_string(t, member) : NULL;

	return name ? name : KMS_SYMMETRIC_DEFAULT;
}

int kms_refuse_context(struct kms_task *t, const char *member)
{
	const cJSON *context = kms_arg(t, member);

	if (!context || !context->child)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_VALIDATION,
			"%s is not supported when encrypting/decrypting with "
			"asymmetric CMKs.",
			member);
}

int kms_seal_check(struct kms_task *t, const struct kms_key *key,
		   const struct kms_sealing *s, size_t len,
		   struct ectx *ret_context)
{
	const char *algorithm =
		kms_encryption_algorithm(t, s->algorithm_member);
	size_t max;
	int r;

	if (key->spec->type == KMS_MATERIAL_SYMMETRIC)
		return kms_arg_context(t, s->context_member, ret_context);
	r = kms_refuse_context(t, s->context_member);
	if (r)
		return r;
	max = pkey_cipher_max(pkey_cipher_find(algorithm),
			      pkey_kind_find(key->spec->name));
	if (len <= max)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_VALIDATION,
			"Algorithm %s and key spec %s cannot encrypt data "
			"larger than %zu bytes.",
			algorithm, key->spec->name, max);
}

static int seal_blob(struct kms_task *t, struct kms_key *key,
		     const struct kms_sealing *s, const struct ectx *context,
		     const struct secret *plain)
{
	uint8_t blob[BLOB_MAX_BYTES];
	struct blob_key material;
	int r = kms_material_get(t->svc, key, NULL, &material);

	if (r < 0)
		return r == -EBADMSG ? -EUCLEAN : r;
	r = blob_seal(&material, context, plain->bytes, plain->len, blob);
	if (r < 0)
		return r;
	r = kms_put_blob(t->reply, s->blob_member, blob,
			 plain->len + BLOB_OVERHEAD_BYTES, false);
	if (r == 0 && s->material_member)
		r = kms_put_string(t->reply, s->material_member,
				   material.material_id);
	return r;
}

static int seal_pair(struct kms_task *t, struct kms_key *key,
		     const struct kms_sealing *s, const struct secret *plain)
{
	const char *algorithm =
		kms_encryption_algorithm(t, s->algorithm_member);
	uint8_t sealed[PKEY_CIPHERTEXT_MAX_BYTES];
	const struct pkey *pair = NULL;
	size_t len = 0;
	int r = kms_material_pair(t->svc, key, &pair);

	if (r == 0)
		r = pkey_encrypt(pair, pkey_cipher_find(algorithm),
				 plain->bytes, plain->len, sealed, &len);
	return r < 0 ? r
		     : kms_put_blob(t->reply, s->blob_member, sealed, len,
				    false);
}

int kms_seal(struct kms_task *t, struct kms_key *key,
	     const struct kms_sealing *s, const struct ectx *context,
	     const struct secret *plain)
{
	return key->spec->type == KMS_MATERIAL_SYMMETRIC
		       ? seal_blob(t, key, s, context, plain)
		       : seal_pair(t, key, s, plain);
}

int kms_open_pair(struct kms_task *t, struct kms_key *key,
		  const char *algorithm, const struct secret *sealed,
		  struct secret *ret)
{
	const struct pkey *pair = NULL;
	int r = kms_material_pair(t->svc, key, &pair);

	return r < 0 ? r
		     : pkey_decrypt(pair, pkey_cipher_find(algorithm),
				    sealed->bytes, sealed->len, ret);
}
