/* SPDX-License-Identifier: MIT */
/*
 * GenerateDataKeyPair, with and without plaintext.
 * Source: AWS KMS API Reference, pages of these names.
 */
#include "kmsagent/kms/seal.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

static const struct kms_sealing sealing = {
	NULL, "EncryptionContext", "PrivateKeyCiphertextBlob", "KeyMaterialId"};

static int find_kind(struct kms_task *t, const struct pkey_kind **ret)
{
	const char *name = kms_arg_string(t, "KeyPairSpec");

	*ret = pkey_kind_find(name);
	if (*ret && pkey_kind_is_available(*ret))
		return 0;
	return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
			"This kmsd does not support KeyPairSpec %s: its "
			"OpenSSL does not have it.",
			name);
}

static int put_pair(struct kms_task *t, const struct ectx *context,
		    bool with_plaintext)
{
	_cleanup_(secret_done) struct secret private = SECRET_INIT;
	uint8_t public[PKEY_PUBLIC_MAX_BYTES];
	size_t len = 0;
	int r = pkey_encode_private(&t->pair, &private);

	if (r == 0)
		r = pkey_encode_public(&t->pair, public, &len);
	if (r == 0)
		r = kms_seal(t, t->key, &sealing, context, &private);
	if (r == 0 && with_plaintext)
		r = kms_put_blob(t->reply, "PrivateKeyPlaintext", private.bytes,
				 private.len, true);
	if (r == 0)
		r = kms_put_blob(t->reply, "PublicKey", public, len, false);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", t->key->arn);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyPairSpec", t->pair.kind->name);
	return r;
}

static int generate(struct kms_task *t, bool with_plaintext)
{
	_cleanup_(ectx_done) struct ectx context = ECTX_INIT;
	const struct pkey_kind *kind = NULL;
	int r = kms_refuse_member(t, "Recipient");

	if (r == 0)
		r = find_kind(t, &kind);
	if (r == 0)
		r = kms_seal_check(t, t->key, &sealing, 0, &context);
	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = kms_task_need_pair(t, kind);
	return r ? r : put_pair(t, &context, with_plaintext);
}

int kms_op_generate_data_key_pair(struct kms_task *t)
{
	return generate(t, true);
}

int kms_op_generate_data_key_pair_without_plaintext(struct kms_task *t)
{
	return generate(t, false);
}
