/* SPDX-License-Identifier: MIT */
/*
 * Sign, Verify, GetPublicKey.
 * Source: AWS KMS API Reference, pages of these names.
 */
#include <string.h>

#include "kmsagent/kms/metadata.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

/* What a request wants signed or verified. */
struct signing {
	const struct pkey_signing *algorithm;
	enum pkey_message type;
	const struct secret *message;
	const struct pkey *pair;
};

static const struct {
	const char *name;
	const char *what; /* whose length may be wrong */
} message_types[PKEY_MESSAGE_COUNT] = {
	[PKEY_MESSAGE_RAW] = {"RAW", "Message"},
	[PKEY_MESSAGE_DIGEST] = {"DIGEST", "Digest"},
	[PKEY_MESSAGE_EXTERNAL_MU] = {"EXTERNAL_MU", "External Mu"},
};

static enum pkey_message message_type(const struct kms_task *t)
{
	const char *name = kms_arg_string(t, "MessageType");
	int m = PKEY_MESSAGE_RAW;

	while (name && strcmp(message_types[m].name, name) != 0)
		m++;
	return (enum pkey_message)m;
}

/* AWS names the key spec where it leaves no choice, else the algorithm. */
static int wrong_type(struct kms_task *t, const struct signing *s)
{
	bool is_ml_dsa = strcmp(s->algorithm->name, "ML_DSA_SHAKE_256") == 0;

	return kms_fail(t->reply, KMS_ERROR_VALIDATION,
			"Message type %s is incompatible with %s %s.",
			message_types[s->type].name,
			is_ml_dsa ? "key spec" : "algorithm",
			is_ml_dsa ? t->key->spec->name : s->algorithm->name);
}

static int check(struct kms_task *t, struct signing *s)
{
	s->algorithm = pkey_signing_find(kms_arg_string(t, "SigningAlgorithm"));
	s->type = message_type(t);
	s->message = kms_arg_blob(t, "Message");
	if (!(s->algorithm->messages & (1u << s->type)))
		return wrong_type(t, s);
	if (!pkey_signing_fits(s->algorithm, s->type, s->message->len))
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"%s is invalid length for algorithm %s.",
				message_types[s->type].what,
				s->algorithm->name);
	if (s->algorithm->is_unavailable)
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"This kmsd does not support the algorithm %s: "
				"its OpenSSL has no call for it.",
				s->algorithm->name);
	return kms_material_pair(t->svc, t->key, &s->pair);
}

static int put_names(struct kms_task *t, const struct signing *s)
{
	int r = kms_put_string(t->reply, "KeyId", t->key->arn);

	return r ? r
		 : kms_put_string(t->reply, "SigningAlgorithm",
				  s->algorithm->name);
}

int kms_op_sign(struct kms_task *t)
{
	uint8_t signature[PKEY_SIGNATURE_MAX_BYTES];
	struct signing s = {0};
	size_t len = 0;
	int r = check(t, &s);

	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = pkey_sign(s.pair, s.algorithm, s.type, s.message->bytes,
			      s.message->len, signature, &len);
	if (r == 0)
		r = kms_put_blob(t->reply, "Signature", signature, len, false);
	return r ? r : put_names(t, &s);
}

int kms_op_verify(struct kms_task *t)
{
	const struct secret *signature = kms_arg_blob(t, "Signature");
	struct signing s = {0};
	int r = check(t, &s);

	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = pkey_verify(s.pair, s.algorithm, s.type, s.message->bytes,
				s.message->len, signature->bytes,
				signature->len);
	if (r == -EKEYREJECTED)
		return kms_fail(t->reply, KMS_ERROR_INVALID_SIGNATURE_VALUE,
				NULL);
	if (r == 0)
		r = kms_put_bool(t->reply, "SignatureValid", true);
	return r ? r : put_names(t, &s);
}

int kms_op_get_public_key(struct kms_task *t)
{
	uint8_t spki[PKEY_PUBLIC_MAX_BYTES];
	const struct kms_key *key = t->key;
	const struct pkey *pair = NULL;
	size_t len = 0;
	int r;

	if (key->spec->type != KMS_MATERIAL_PAIR)
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"%s key spec is %s which is not valid for "
				"GetPublicKey.",
				key->arn, key->spec->name);
	r = kms_material_pair(t->svc, t->key, &pair);
	if (r == 0)
		r = pkey_encode_public(pair, spki, &len);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", key->arn);
	if (r == 0)
		r = kms_put_blob(t->reply, "PublicKey", spki, len, false);
	if (r == 0)
		r = kms_put_string(t->reply, "CustomerMasterKeySpec",
				   key->spec->name);
	if (r == 0)
		r = kms_put_string(t->reply, "KeySpec", key->spec->name);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyUsage",
				   kms_usage_name(key->usage));
	if (r == 0)
		r = kms_put_item(t->reply, kms_usage_list_name(key->usage),
				 kms_algorithm_list(key));
	return r;
}
