/* SPDX-License-Identifier: MIT */
/*
 * DeriveSharedSecret.
 * Source: AWS KMS API Reference, page of this name.
 */
#include <string.h>

#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

static void pkey_donep(struct pkey *p)
{
	pkey_done(p);
}

static int bad_peer(struct kms_task *t)
{
	return kms_fail(t->reply, KMS_ERROR_VALIDATION,
			"PublicKey must be the DER-encoded "
			"SubjectPublicKeyInfo of a public key of the key spec "
			"%s.",
			t->key->spec->name);
}

int kms_op_derive_shared_secret(struct kms_task *t)
{
	_cleanup_(secret_done) struct secret shared = SECRET_INIT;
	_cleanup_(pkey_donep) struct pkey peer = PKEY_INIT;
	const struct secret *spki = kms_arg_blob(t, "PublicKey");
	const struct pkey *own = NULL;
	int r = kms_refuse_member(t, "Recipient");

	if (r == 0)
		r = kms_material_pair(t->svc, t->key, &own);
	if (r == 0)
		r = pkey_decode_public(own->kind, spki->bytes, spki->len,
				       &peer);
	if (r == -EBADMSG)
		return bad_peer(t);
	if (r == 0)
		r = kms_task_dry_run(t);
	if (r == 0)
		r = pkey_derive(own, &peer, &shared);
	if (r == -EBADMSG)
		return bad_peer(t);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyId", t->key->arn);
	if (r == 0)
		r = kms_put_blob(t->reply, "SharedSecret", shared.bytes,
				 shared.len, true);
	if (r == 0)
		r = kms_put_string(t->reply, "KeyAgreementAlgorithm",
				   kms_arg_string(t, "KeyAgreementAlgorithm"));
	if (r == 0)
		r = kms_put_string(t->reply, "KeyOrigin",
				   kms_origin_name(t->key->origin));
	return r;
}
