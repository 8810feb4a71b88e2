/* SPDX-License-Identifier: MIT */
/*
 * Encrypt, Decrypt, ReEncrypt.  A ciphertext names its key; a caller who may
 * not know whether that key exists learns nothing from the answer.
 * Source: AWS KMS API Reference, Encrypt, Decrypt, ReEncrypt.
 */
#include <string.h>

#include "kmsagent/kms/lastuse.h"
#include "kmsagent/kms/seal.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

#define IGNORE_CIPHERTEXT "IGNORE_CIPHERTEXT"

/* How an operation names the parts of what it opens. */
struct source {
	const char *key_member;
	const char *context_member;
	const char *algorithm_member;
	const char *permission;
};

static const struct source decrypt_source = {
	"KeyId", "EncryptionContext", "EncryptionAlgorithm", "kms:Decrypt"};
static const struct source reencrypt_source = {
	"SourceKeyId", "SourceEncryptionContext", "SourceEncryptionAlgorithm",
	"kms:ReEncryptFrom"};

static const struct kms_sealing encrypt_sealing = {
	"EncryptionAlgorithm", "EncryptionContext", "CiphertextBlob", NULL};
static const struct kms_sealing reencrypt_sealing = {
	"DestinationEncryptionAlgorithm", "DestinationEncryptionContext",
	"CiphertextBlob", "DestinationKeyMaterialId"};

/* What was opened. */
struct opened {
	struct kms_key *key;
	const char *algorithm;
	char material_id[BLOB_MATERIAL_ID_LEN + 1]; /* "": of a key pair */
	struct secret plain;
};

static void opened_done(struct opened *o)
{
	secret_done(&o->plain);
}

int kms_op_encrypt(struct kms_task *t)
{
	_cleanup_(ectx_done) struct ectx context = ECTX_INIT;
	const struct secret *plain = kms_arg_blob(t, "Plaintext");
	int r = kms_seal_check(t, t->key, &encrypt_sealing, plain->len,
			       &context);

	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = kms_seal(t, t->key, &encrypt_sealing, &context, plain);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", t->key->arn);
	if (r == 0)
		r = kms_put_string(
			t->reply, "EncryptionAlgorithm",
			kms_encryption_algorithm(t, "EncryptionAlgorithm"));
	return r;
}

/* The same words whether the key is unknown or forbidden: no oracle. */
static int not_yours(struct kms_task *t)
{
	return kms_fail(t->reply, KMS_ERROR_ACCESS_DENIED,
			"The ciphertext refers to a customer master key that "
			"does not exist, does not exist in this region, or "
			"you are not allowed to access.");
}

static int invalid_ciphertext(struct kms_task *t)
{
	return kms_fail(t->reply, KMS_ERROR_INVALID_CIPHERTEXT, NULL);
}

static int incorrect_key(struct kms_task *t)
{
	return kms_fail(t->reply, KMS_ERROR_INCORRECT_KEY,
			"The key ID in the request does not identify a CMK "
			"that can perform this operation.");
}

/* The caller said which key. */
static int find_named(struct kms_task *t, const struct source *s,
		      struct kms_key **ret)
{
	int r = kms_task_resolve(t, kms_arg_string(t, s->key_member), ret);

	if (r == 0)
		r = kms_task_authorize(t, s->permission, *ret);
	if (r == 0 && (*ret)->usage != t->op->usage)
		return incorrect_key(t);
	return r;
}

/* The ciphertext says which key. */
static int find_by_blob(struct kms_task *t, const struct source *s,
			const struct blob *blob, struct kms_key **ret)
{
	struct kms_key *key = kms_key_find(t->region, blob->key_id, t->now_ms);
	int r;

	if (!key)
		return not_yours(t);
	r = kms_reply_note_key(t->reply, key->arn);
	if (r == 0)
		r = kms_task_authorize(t, s->permission, key);
	if (r == KMS_REPLIED)
		return not_yours(t);
	if (r == 0 && key->spec->type != KMS_MATERIAL_SYMMETRIC)
		return invalid_ciphertext(t); /* made up */
	*ret = key;
	return r;
}

static int open_blob(struct kms_task *t, const struct source *s,
		     const struct blob *blob, struct opened *ret)
{
	_cleanup_(ectx_done) struct ectx context = ECTX_INIT;
	struct blob_key key;
	int r = kms_arg_context(t, s->context_member, &context);

	if (r)
		return r;
	r = kms_material_get(t->svc, ret->key, blob->material_id, &key);
	if (r == -ENOENT)
		return invalid_ciphertext(t);
	if (r < 0)
		return r == -EBADMSG ? -EUCLEAN : r;
	r = blob_open(&key, &context, blob, &ret->plain);
	if (r == -EBADMSG)
		return invalid_ciphertext(t);
	memcpy(ret->material_id, blob->material_id, sizeof(ret->material_id));
	return r;
}

/* A ciphertext of nothing can be made with the public key: nobody here did. */
static int open_pair(struct kms_task *t, const struct source *s,
		     struct opened *ret)
{
	int r = kms_refuse_context(t, s->context_member);

	if (r == 0)
		r = kms_open_pair(t, ret->key, ret->algorithm,
				  kms_arg_blob(t, "CiphertextBlob"),
				  &ret->plain);
	if (r == -EBADMSG || (r == 0 && ret->plain.len == 0))
		return invalid_ciphertext(t);
	return r;
}

static int check_named(struct kms_task *t, const struct source *s,
		       const struct kms_key *key)
{
	int r = kms_task_check_algorithm(t, key, s->algorithm_member);

	return r ? r : kms_state_check(key, t->now_ms, t->op->states, t->reply);
}

/*
 * Key and ciphertext fit and all checks pass; @ret holds the plaintext.  A
 * key pair has to be named: its ciphertext says nothing.
 */
static int open_source(struct kms_task *t, const struct source *s,
		       struct opened *ret)
{
	bool is_named = kms_arg(t, s->key_member);
	const struct secret *bytes = kms_arg_blob(t, "CiphertextBlob");
	struct blob blob;
	int r = 0, parsed;

	if (is_named)
		r = find_named(t, s, &ret->key);
	if (r)
		return r;
	ret->algorithm = kms_encryption_algorithm(t, s->algorithm_member);
	if (is_named && ret->key->spec->type == KMS_MATERIAL_PAIR) {
		r = check_named(t, s, ret->key);
		return r ? r : open_pair(t, s, ret);
	}
	parsed = blob_parse(bytes->bytes, bytes->len, &blob);
	if (parsed < 0 && !is_named)
		return invalid_ciphertext(t);
	if (!is_named)
		r = find_by_blob(t, s, &blob, &ret->key);
	else if (parsed == 0 && strcmp(blob.key_id, ret->key->id) != 0)
		r = incorrect_key(t);
	if (r == 0)
		r = check_named(t, s, ret->key);
	if (r == 0 && parsed < 0)
		r = invalid_ciphertext(t);
	return r ? r : open_blob(t, s, &blob, ret);
}

/* IGNORE_CIPHERTEXT: everything but the ciphertext is checked. */
static int check_source(struct kms_task *t, const struct source *s)
{
	struct kms_key *key;
	int r;

	if (!kms_arg_bool(t, "DryRun"))
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"DryRunModifiers can be used only with "
				"DryRun.");
	if (!kms_arg(t, s->key_member))
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"%s is required with the DryRunModifier "
				"IGNORE_CIPHERTEXT.",
				s->key_member);
	r = find_named(t, s, &key);
	return r ? r : check_named(t, s, key);
}

static bool ignores_ciphertext(const struct kms_task *t)
{
	return kms_arg(t, "DryRunModifiers") != NULL;
}

static int need_ciphertext(struct kms_task *t)
{
	if (kms_arg_blob(t, "CiphertextBlob"))
		return 0;
	return kms_fail(t->reply, KMS_ERROR_VALIDATION,
			"1 validation error detected: Value null at "
			"'ciphertextBlob' failed to satisfy constraint: "
			"Member must not be null");
}

int kms_op_decrypt(struct kms_task *t)
{
	_cleanup_(opened_done) struct opened o = {0};
	int r = kms_refuse_member(t, "Recipient");

	if (r == 0 && ignores_ciphertext(t)) {
		r = check_source(t, &decrypt_source);
		return r ? r : kms_task_dry_run(t);
	}
	if (r == 0)
		r = need_ciphertext(t);
	if (r == 0)
		r = open_source(t, &decrypt_source, &o);
	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", o.key->arn);
	if (r == 0)
		r = kms_put_blob(t->reply, "Plaintext", o.plain.bytes,
				 o.plain.len, true);
	if (r == 0)
		r = kms_put_string(t->reply, "EncryptionAlgorithm",
				   o.algorithm);
	if (r == 0 && *o.material_id)
		r = kms_put_string(t->reply, "KeyMaterialId", o.material_id);
	if (r == 0)
		kms_last_use_note(t, o.key);
	return r;
}

static int find_destination(struct kms_task *t, struct kms_key **ret)
{
	int r = kms_task_resolve(t, kms_arg_string(t, "DestinationKeyId"), ret);

	if (r == 0)
		r = kms_task_authorize(t, "kms:ReEncryptTo", *ret);
	if (r == 0)
		r = kms_task_check_usage(t, *ret);
	if (r == 0)
		r = kms_task_check_algorithm(t, *ret,
					     "DestinationEncryptionAlgorithm");
	if (r == 0)
		r = kms_state_check(*ret, t->now_ms, t->op->states, t->reply);
	return r;
}

static int put_reencrypted(struct kms_task *t, const struct opened *from,
			   const struct kms_key *to)
{
	int r = kms_put_string(t->reply, "SourceKeyId", from->key->arn);

	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", to->arn);
	if (r == 0)
		r = kms_put_string(t->reply, "SourceEncryptionAlgorithm",
				   from->algorithm);
	if (r == 0)
		r = kms_put_string(
			t->reply, reencrypt_sealing.algorithm_member,
			kms_encryption_algorithm(
				t, reencrypt_sealing.algorithm_member));
	if (r == 0 && *from->material_id)
		r = kms_put_string(t->reply, "SourceKeyMaterialId",
				   from->material_id);
	return r;
}

/* With IGNORE_CIPHERTEXT, and so with DryRun: check_source() saw to that. */
static int check_reencrypt(struct kms_task *t)
{
	struct kms_key *to = NULL;
	int r = check_source(t, &reencrypt_source);

	if (r == 0)
		r = find_destination(t, &to);
	return r ? r : kms_task_dry_run(t);
}

int kms_op_reencrypt(struct kms_task *t)
{
	_cleanup_(ectx_done) struct ectx context = ECTX_INIT;
	_cleanup_(opened_done) struct opened from = {0};
	struct kms_key *to = NULL;
	int r;

	if (ignores_ciphertext(t))
		return check_reencrypt(t);
	r = need_ciphertext(t);
	if (r == 0)
		r = open_source(t, &reencrypt_source, &from);
	if (r == 0)
		r = find_destination(t, &to);
	if (r == 0)
		r = kms_seal_check(t, to, &reencrypt_sealing, from.plain.len,
				   &context);
	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = kms_seal(t, to, &reencrypt_sealing, &context, &from.plain);
	if (r == 0)
		r = put_reencrypted(t, &from, to);
	if (r == 0) {
		kms_last_use_note(t, from.key);
		kms_last_use_note(t, to);
	}
	return r;
}
