/* SPDX-License-Identifier: MIT */
/*
 * GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial.
 * Source: AWS KMS API Reference, pages of these names; Developer Guide,
 * "Importing key material".
 */
#include <string.h>

#include "kmsagent/crypto/import.h"
#include "kmsagent/kms/import.h"
#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/rotation.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

#define NEW_MATERIAL "NEW_KEY_MATERIAL"
#define EXPIRES	     "KEY_MATERIAL_EXPIRES"

/* What AWS takes in China, or took once. */
static int not_offered(struct kms_task *t, const char *member)
{
	return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
			"This kmsd does not support %s %s.", member,
			kms_arg_string(t, member));
}

static int answer_parameters(struct kms_task *t,
			     const struct import_token *token)
{
	uint8_t spki[PKEY_PUBLIC_MAX_BYTES];
	_free_ uint8_t *sealed = NULL;
	size_t sealed_len = 0, spki_len = 0;
	int r = import_token_seal(&t->svc->kek, t->key->arn, token, &sealed,
				  &sealed_len);

	if (r == 0)
		r = pkey_encode_public(&token->pair, spki, &spki_len);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", t->key->arn);
	if (r == 0)
		r = kms_put_blob(t->reply, "ImportToken", sealed, sealed_len,
				 false);
	if (r == 0)
		r = kms_put_blob(t->reply, "PublicKey", spki, spki_len, false);
	return r ? r
		 : kms_put_time(t->reply, "ParametersValidTo",
				token->valid_to_ms);
}

int kms_op_get_parameters_for_import(struct kms_task *t)
{
	const struct pkey_kind *kind =
		import_kind_find(kms_arg_string(t, "WrappingKeySpec"));
	struct import_token token = {
		.algorithm = import_algorithm_find(
			kms_arg_string(t, "WrappingAlgorithm")),
		.valid_to_ms = t->now_ms + KMS_IMPORT_TOKEN_VALID_MS,
	};
	int r;

	if (!token.algorithm)
		return not_offered(t, "WrappingAlgorithm");
	if (!kind)
		return not_offered(t, "WrappingKeySpec");
	r = kms_task_need_pair(t, kind);
	if (r)
		return r;
	token.pair = t->pair; /* lent */
	return answer_parameters(t, &token);
}

/* What an import says of the material beside its bytes. */
struct terms {
	int64_t valid_to_ms; /* 0: does not expire */
	bool is_new;	     /* other material than any before */
};

static int invalid(struct kms_task *t, const char *why)
{
	return kms_fail(t->reply, KMS_ERROR_VALIDATION, "%s", why);
}

static int read_expiry(struct kms_task *t, struct terms *ret)
{
	const char *model = kms_arg_string(t, "ExpirationModel");
	bool expires = !model || strcmp(model, EXPIRES) == 0;

	if (!expires)
		return kms_arg(t, "ValidTo")
			       ? invalid(t, "A validTo date cannot be set if "
					    "the ExpirationModel is "
					    "KEY_MATERIAL_DOES_NOT_EXPIRE")
			       : 0;
	if (!kms_arg(t, "ValidTo"))
		return invalid(t, "A validTo date must be set if the "
				  "ExpirationModel is KEY_MATERIAL_EXPIRES");
	ret->valid_to_ms = kms_arg_time_ms(t, "ValidTo");
	if (ret->valid_to_ms <= t->now_ms)
		return invalid(t, "The validTo date must be in the future");
	if (ret->valid_to_ms > t->now_ms + KMS_IMPORT_MAX_DAYS * KMS_DAY_MS)
		return invalid(t, "The validTo date must be within 365 days "
				  "of now");
	return 0;
}

/* Members that only keys with several materials have a use for. */
static int check_symmetric_members(struct kms_task *t)
{
	static const char *const members[] = {
		"ImportType", "KeyMaterialDescription", "KeyMaterialId"};

	if (t->key->spec->type == KMS_MATERIAL_SYMMETRIC)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (kms_arg(t, members[i]))
			return kms_fail(t->reply, KMS_ERROR_VALIDATION,
					"%s is valid only for symmetric "
					"encryption keys; the key spec of %s "
					"is %s.",
					members[i], t->key->arn,
					t->key->spec->name);
	return 0;
}

static int read_terms(struct kms_task *t, struct terms *ret)
{
	const char *type = kms_arg_string(t, "ImportType");
	const struct kms_materials *all = &t->key->materials;
	int r = read_expiry(t, ret);

	if (r == 0)
		r = check_symmetric_members(t);
	if (r)
		return r;
	ret->is_new = type ? strcmp(type, NEW_MATERIAL) == 0 : all->count == 0;
	if (type && ret->is_new && kms_arg(t, "KeyMaterialId"))
		return invalid(t, "KeyMaterialId cannot be set if the "
				  "ImportType is NEW_KEY_MATERIAL");
	if (ret->is_new && t->key->meta.current + 1 < all->count)
		return kms_fail(t->reply, KMS_ERROR_INVALID_STATE,
				"%s has key material that is pending "
				"rotation; rotate to it, or delete it, first.",
				t->key->arn);
	return 0;
}

static int open_token(struct kms_task *t, struct import_token *ret)
{
	const struct secret *bytes = kms_arg_blob(t, "ImportToken");
	int r = import_token_open(&t->svc->kek, t->key->arn, bytes->bytes,
				  bytes->len, ret);

	if (r == -EBADMSG)
		return kms_fail(t->reply, KMS_ERROR_INVALID_IMPORT_TOKEN,
				"The import token is not one of %s; call "
				"GetParametersForImport for it.",
				t->key->arn);
	if (r == 0 && t->now_ms > ret->valid_to_ms)
		return kms_fail(t->reply, KMS_ERROR_EXPIRED_IMPORT_TOKEN,
				"The import token has expired; call "
				"GetParametersForImport for another.");
	return r;
}

static int incorrect(struct kms_task *t, const char *why)
{
	return kms_fail(t->reply, KMS_ERROR_INCORRECT_KEY_MATERIAL, "%s", why);
}

/* Material of a pair is kept in one form, so that it is known again. */
static int canonical_pair(struct kms_task *t, struct secret *bytes)
{
	struct pkey pair = PKEY_INIT;
	int r = pkey_decode_private(pkey_kind_find(t->key->spec->name), bytes,
				    &pair);

	if (r == 0)
		r = pkey_check(&pair);
	if (r == 0)
		r = pkey_encode_private(&pair, bytes);
	pkey_done(&pair);
	return r == -EBADMSG
		       ? kms_fail(t->reply, KMS_ERROR_INCORRECT_KEY_MATERIAL,
				  "The key material is not a PKCS #8 private "
				  "key of key spec %s in DER.",
				  t->key->spec->name)
		       : r;
}

static int unwrap(struct kms_task *t, struct secret *ret)
{
	const struct secret *wrapped = kms_arg_blob(t, "EncryptedKeyMaterial");
	struct import_token token = IMPORT_TOKEN_INIT;
	size_t want = t->key->spec->material_bytes;
	int r = open_token(t, &token);

	if (r == 0)
		r = import_unwrap(&token, wrapped->bytes, wrapped->len, ret);
	import_token_done(&token);
	if (r == -EBADMSG)
		return kms_fail(t->reply, KMS_ERROR_INVALID_CIPHERTEXT, NULL);
	if (r)
		return r;
	if (t->key->spec->type == KMS_MATERIAL_PAIR)
		return canonical_pair(t, ret);
	if (ret->len != want)
		return kms_fail(t->reply, KMS_ERROR_INCORRECT_KEY_MATERIAL,
				"Key material of key spec %s is %zu bytes "
				"long, not %zu.",
				t->key->spec->name, want, ret->len);
	return 0;
}

/* The place in the list that the material belongs to; SIZE_MAX: a new one. */
static int find_place(struct kms_task *t, const struct terms *terms,
		      const char *id, size_t *ret)
{
	const char *wanted = kms_arg_string(t, "KeyMaterialId");

	*ret = SIZE_MAX;
	/* Related keys would not have the same material any more. */
	if (terms->is_new && t->key->materials.count > 0 &&
	    kms_key_is_multi_region(t->key))
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"%s is a multi-Region key, to which this kmsd "
				"does not import new material.",
				t->key->arn);
	if (wanted && strcmp(wanted, id) != 0)
		return incorrect(t, "The key material is not that of the "
				    "KeyMaterialId in the request.");
	if (!kms_key_material(t->key, id, ret) && !terms->is_new)
		return incorrect(t, "The key material is not the same that "
				    "was imported before.");
	if (*ret != SIZE_MAX && terms->is_new)
		return incorrect(t, "The key material is not new: it is "
				    "already associated with the key.");
	return 0;
}

/* What the old entry of the same material knew goes on. */
static int inherit(struct kms_task *t, const struct kms_material *old,
		   struct kms_material *m)
{
	const char *description = kms_arg_string(t, "KeyMaterialDescription");

	if (old) {
		m->created_ms = old->created_ms;
		m->rotated_ms = old->rotated_ms;
		m->rotation = old->rotation;
		if (!description)
			description = old->description;
	}
	if (!description)
		return 0;
	m->description = strdup(description);
	return m->description ? 0 : -ENOMEM;
}

static bool completes(const struct kms_key *key,
		      const struct kms_materials *next)
{
	for (size_t i = 0; i <= key->meta.current; i++)
		if (i >= next->count || !next->list[i]->wrapped)
			return false;
	return true;
}

static int publish(struct kms_task *t, struct kms_material **m, size_t place)
{
	struct kms_key_meta meta = t->key->meta;
	struct kms_materials next = {0};
	int r = kms_materials_with(&t->key->materials, place, *m, &next);

	if (r < 0)
		return r;
	take_ptr(*m);
	if (kms_key_state(t->key, t->now_ms) == KMS_STATE_PENDING_IMPORT &&
	    completes(t->key, &next))
		meta.state = KMS_STATE_ENABLED;
	return kms_key_change_materials(t->svc, t->key, &meta, &next);
}

static int put_names(struct kms_task *t, const char *material_id)
{
	int r = kms_put_string(t->reply, "KeyId", t->key->arn);

	if (r == 0 && t->key->spec->type == KMS_MATERIAL_SYMMETRIC)
		r = kms_put_string(t->reply, "KeyMaterialId", material_id);
	return r;
}

int kms_op_import_key_material(struct kms_task *t)
{
	_cleanup_(kms_material_freep) struct kms_material *m = NULL;
	_cleanup_(secret_done) struct secret bytes = SECRET_INIT;
	struct terms terms = {0};
	size_t place = SIZE_MAX;
	int r = read_terms(t, &terms);

	if (r == 0)
		r = unwrap(t, &bytes);
	if (r == 0)
		r = kms_material_make(t->svc, t->key, &bytes, t->now_ms, &m);
	if (r == 0)
		r = find_place(t, &terms, m->id, &place);
	if (r)
		return r;
	m->valid_to_ms = terms.valid_to_ms;
	r = inherit(t, place == SIZE_MAX ? NULL : t->key->materials.list[place],
		    m);
	if (r == 0)
		r = put_names(t, m->id);
	return r ? r : publish(t, &m, place);
}

int kms_op_delete_imported_key_material(struct kms_task *t)
{
	const char *id = kms_arg_string(t, "KeyMaterialId");
	const struct kms_material *m = kms_key_current(t->key);
	size_t place = t->key->meta.current;
	int r;

	if (id) {
		m = kms_key_material(t->key, id, &place);
		if (!m)
			return kms_fail(t->reply, KMS_ERROR_NOT_FOUND,
					"Key material '%s' is not associated "
					"with %s",
					id, t->key->arn);
	}
	r = m ? put_names(t, m->id)
	      : kms_put_string(t->reply, "KeyId", t->key->arn);
	if (r || !m || !m->wrapped)
		return r;
	return kms_material_remove(t->svc, t->key, place);
}
