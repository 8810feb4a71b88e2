/* SPDX-License-Identifier: MIT */
/*
 * GenerateDataKey, with and without plaintext, and GenerateRandom.
 * Source: AWS KMS API Reference, pages of these names.
 */
#include <string.h>

#include "kmsagent/kms/seal.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

static const struct kms_sealing sealing = {NULL, "EncryptionContext",
					   "CiphertextBlob", "KeyMaterialId"};

/* Exactly one of the two members says how long the key is to be. */
static int data_key_bytes(struct kms_task *t, size_t *ret)
{
	const char *spec = kms_arg_string(t, "KeySpec");
	bool has_bytes = kms_arg(t, "NumberOfBytes");

	if (!spec == !has_bytes)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"Please specify either number of bytes or key "
				"spec.");
	if (spec)
		*ret = strcmp(spec, "AES_256") == 0 ? 32 : 16;
	else
		*ret = (size_t)kms_arg_int(t, "NumberOfBytes", 0);
	return 0;
}

static int generate(struct kms_task *t, bool with_plaintext)
{
	_cleanup_(secret_done) struct secret key = SECRET_INIT;
	_cleanup_(ectx_done) struct ectx context = ECTX_INIT;
	size_t bytes = 0;
	int r = data_key_bytes(t, &bytes);

	if (r == 0)
		r = kms_refuse_member(t, "Recipient");
	if (r == 0)
		r = kms_seal_check(t, t->key, &sealing, bytes, &context);
	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = secret_random(&key, bytes);
	if (r == 0)
		r = kms_seal(t, t->key, &sealing, &context, &key);
	if (r == 0 && with_plaintext)
		r = kms_put_blob(t->reply, "Plaintext", key.bytes, key.len,
				 true);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", t->key->arn);
	return r;
}

int kms_op_generate_data_key(struct kms_task *t)
{
	return generate(t, true);
}

int kms_op_generate_data_key_without_plaintext(struct kms_task *t)
{
	return generate(t, false);
}

int kms_op_generate_random(struct kms_task *t)
{
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	int r = kms_task_find_store(t, "CustomKeyStoreId");

	if (r == 0)
		r = kms_refuse_member(t, "Recipient");
	if (r)
		return r;
	if (!kms_arg(t, "NumberOfBytes"))
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"NumberOfBytes is required.");
	r = secret_random(&bytes, (size_t)kms_arg_int(t, "NumberOfBytes", 0));
	if (r == 0)
		r = kms_put_blob(t->reply, "Plaintext", bytes.bytes, bytes.len,
				 true);
	return r;
}
