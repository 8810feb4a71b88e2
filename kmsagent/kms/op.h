/* SPDX-License-Identifier: MIT */
/*
 * The operations' table: what exists, who runs it, which permission it
 * needs, which keys in which states it takes.  To offer an operation, write
 * its handler in an op-*.c and fill in its row.
 */
#ifndef KMSAGENT_KMS_OP_H
#define KMSAGENT_KMS_OP_H

#include "kmsagent/kms/key.h"
#include "kmsagent/kms/state.h"
#include "kmsagent/kms/validate.h"

struct kms_task;

enum kms_op_flag {
	KMS_OP_CHANGES = 1 << 0,       /* metadata: runs under service.mutate */
	KMS_OP_READ_ONLY = 1 << 1,     /* to the audit record */
	KMS_OP_ALIAS = 1 << 2,	       /* its key member takes aliases */
	KMS_OP_CROSS_ACCOUNT = 1 << 3, /* others' principals may, by ARN */
	KMS_OP_OWN_CHECKS = 1 << 4,    /* the handler resolves, authorises */
	KMS_OP_SYMMETRIC = 1 << 5,     /* its key seals ciphertext blobs */
	KMS_OP_SLOW = 1 << 6,	  /* may make or check an RSA pair: seconds */
	KMS_OP_ROTATES = 1 << 7,  /* its key is of a kind that rotates */
	KMS_OP_OURS = 1 << 8,	  /* its key's material is not imported */
	KMS_OP_IMPORTED = 1 << 9, /* its key's material is */
	KMS_OP_USES = 1 << 10,	  /* counts as a use of its key */
	KMS_OP_PRIMARY = 1 << 11, /* its key is no replica */
};

struct kms_op {
	const char *name; /* "Encrypt" */

	/* Runs behind all checks.  NULL: known, not offered by this build. */
	int (*run)(struct kms_task *task);

	const char *permission; /* "kms:Encrypt" */
	const char *key_member; /* "KeyId", or NULL: no key, or own checks */
	const char *algorithm_member; /* that the key must serve; or NULL */
	enum kms_usage usage;	      /* that the key must have */
	unsigned states;	      /* KMS_IN_...: that the key may be in */
	unsigned flags;		      /* enum kms_op_flag */
	const struct kms_param *params;
};

/* NULL if AWS has no such operation either. */
const struct kms_op *kms_op_find(const char *name);

/* The whole table, for tests and documentation. */
extern const struct kms_op kms_ops[];
extern const size_t kms_ops_count;

int kms_op_create_key(struct kms_task *c) _must_check_;
int kms_op_describe_key(struct kms_task *c) _must_check_;
int kms_op_list_keys(struct kms_task *c) _must_check_;
int kms_op_enable_key(struct kms_task *c) _must_check_;
int kms_op_disable_key(struct kms_task *c) _must_check_;
int kms_op_schedule_key_deletion(struct kms_task *c) _must_check_;
int kms_op_cancel_key_deletion(struct kms_task *c) _must_check_;
int kms_op_create_alias(struct kms_task *c) _must_check_;
int kms_op_update_alias(struct kms_task *c) _must_check_;
int kms_op_delete_alias(struct kms_task *c) _must_check_;
int kms_op_list_aliases(struct kms_task *c) _must_check_;
int kms_op_encrypt(struct kms_task *c) _must_check_;
int kms_op_decrypt(struct kms_task *c) _must_check_;
int kms_op_reencrypt(struct kms_task *c) _must_check_;
int kms_op_generate_data_key(struct kms_task *c) _must_check_;
int kms_op_generate_data_key_without_plaintext(struct kms_task *c) _must_check_;
int kms_op_generate_random(struct kms_task *c) _must_check_;
int kms_op_generate_data_key_pair(struct kms_task *c) _must_check_;
int kms_op_generate_data_key_pair_without_plaintext(struct kms_task *c)
	_must_check_;
int kms_op_get_public_key(struct kms_task *c) _must_check_;
int kms_op_sign(struct kms_task *c) _must_check_;
int kms_op_verify(struct kms_task *c) _must_check_;
int kms_op_generate_mac(struct kms_task *c) _must_check_;
int kms_op_verify_mac(struct kms_task *c) _must_check_;
int kms_op_describe_custom_key_stores(struct kms_task *c) _must_check_;
int kms_op_use_custom_key_store(struct kms_task *c) _must_check_;
int kms_op_create_grant(struct kms_task *c) _must_check_;
int kms_op_list_grants(struct kms_task *c) _must_check_;
int kms_op_list_retirable_grants(struct kms_task *c) _must_check_;
int kms_op_retire_grant(struct kms_task *c) _must_check_;
int kms_op_revoke_grant(struct kms_task *c) _must_check_;
int kms_op_replicate_key(struct kms_task *c) _must_check_;
int kms_op_update_primary_region(struct kms_task *c) _must_check_;
int kms_op_put_key_policy(struct kms_task *c) _must_check_;
int kms_op_get_key_policy(struct kms_task *c) _must_check_;
int kms_op_list_key_policies(struct kms_task *c) _must_check_;
int kms_op_tag_resource(struct kms_task *c) _must_check_;
int kms_op_untag_resource(struct kms_task *c) _must_check_;
int kms_op_list_resource_tags(struct kms_task *c) _must_check_;
int kms_op_update_key_description(struct kms_task *c) _must_check_;
int kms_op_derive_shared_secret(struct kms_task *c) _must_check_;
int kms_op_enable_key_rotation(struct kms_task *c) _must_check_;
int kms_op_disable_key_rotation(struct kms_task *c) _must_check_;
int kms_op_get_key_rotation_status(struct kms_task *c) _must_check_;
int kms_op_rotate_key_on_demand(struct kms_task *c) _must_check_;
int kms_op_list_key_rotations(struct kms_task *c) _must_check_;
int kms_op_get_parameters_for_import(struct kms_task *c) _must_check_;
int kms_op_import_key_material(struct kms_task *c) _must_check_;
int kms_op_delete_imported_key_material(struct kms_task *c) _must_check_;
int kms_op_get_key_last_usage(struct kms_task *c) _must_check_;

#endif
