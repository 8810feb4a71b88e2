/* SPDX-License-Identifier: MIT */
/*
 * GenerateMac, VerifyMac.  That key and algorithm fit is the table's affair.
 * Source: AWS KMS API Reference, pages of these names.
 */
#include "kmsagent/crypto/mac.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

static int put_names(struct kms_task *t, const struct mac_algorithm *a)
{
	int r = kms_put_string(t->reply, "MacAlgorithm", a->name);

	return r ? r : kms_put_string(t->reply, "KeyId", t->key->arn);
}

int kms_op_generate_mac(struct kms_task *t)
{
	const struct mac_algorithm *a =
		mac_find(kms_arg_string(t, "MacAlgorithm"));
	const struct secret *message = kms_arg_blob(t, "Message");
	const struct secret *key = NULL;
	uint8_t mac[MAC_MAX_BYTES];
	int r = kms_material_mac(t->svc, t->key, &key);

	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = mac_compute(a, key, message->bytes, message->len, mac);
	if (r == 0)
		r = kms_put_blob(t->reply, "Mac", mac, a->bytes, false);
	return r ? r : put_names(t, a);
}

int kms_op_verify_mac(struct kms_task *t)
{
	const struct mac_algorithm *a =
		mac_find(kms_arg_string(t, "MacAlgorithm"));
	const struct secret *message = kms_arg_blob(t, "Message");
	const struct secret *mac = kms_arg_blob(t, "Mac");
	const struct secret *key = NULL;
	int r = kms_material_mac(t->svc, t->key, &key);

	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = mac_verify(a, key, message->bytes, message->len, mac->bytes,
			       mac->len);
	if (r == -EBADMSG)
		return kms_fail(t->reply, KMS_ERROR_INVALID_MAC, NULL);
	if (r == 0)
		r = kms_put_bool(t->reply, "MacValid", true);
	return r ? r : put_names(t, a);
}
