/* SPDX-License-Identifier: MIT */
/*
 * Which members each operation takes, one table each, closed by an empty
 * row.  What a row can say is validate.h's.
 */
#ifndef KMSAGENT_KMS_PARAMS_H
#define KMSAGENT_KMS_PARAMS_H

#include "kmsagent/kms/validate.h"

extern const struct kms_param kms_params_key_only[];
extern const struct kms_param kms_params_create_alias[];
extern const struct kms_param kms_params_create_grant[];
extern const struct kms_param kms_params_create_key[];
extern const struct kms_param kms_params_custom_key_store[];
extern const struct kms_param kms_params_decrypt[];
extern const struct kms_param kms_params_describe_custom_key_stores[];
extern const struct kms_param kms_params_delete_alias[];
extern const struct kms_param kms_params_delete_imported_key_material[];
extern const struct kms_param kms_params_derive_shared_secret[];
extern const struct kms_param kms_params_describe_key[];
extern const struct kms_param kms_params_enable_key_rotation[];
extern const struct kms_param kms_params_encrypt[];
extern const struct kms_param kms_params_generate_data_key[];
extern const struct kms_param kms_params_generate_data_key_pair[];
extern const struct kms_param kms_params_generate_mac[];
extern const struct kms_param kms_params_generate_random[];
extern const struct kms_param kms_params_get_parameters_for_import[];
extern const struct kms_param kms_params_import_key_material[];
extern const struct kms_param kms_params_list_aliases[];
extern const struct kms_param kms_params_list_key_rotations[];
extern const struct kms_param kms_params_list_keys[];
extern const struct kms_param kms_params_get_key_policy[];
extern const struct kms_param kms_params_list_grants[];
extern const struct kms_param kms_params_list_key_policies[];
extern const struct kms_param kms_params_list_resource_tags[];
extern const struct kms_param kms_params_list_retirable_grants[];
extern const struct kms_param kms_params_put_key_policy[];
extern const struct kms_param kms_params_replicate_key[];
extern const struct kms_param kms_params_retire_grant[];
extern const struct kms_param kms_params_revoke_grant[];
extern const struct kms_param kms_params_reencrypt[];
extern const struct kms_param kms_params_schedule_key_deletion[];
extern const struct kms_param kms_params_sign[];
extern const struct kms_param kms_params_tag_resource[];
extern const struct kms_param kms_params_untag_resource[];
extern const struct kms_param kms_params_update_key_description[];
extern const struct kms_param kms_params_update_primary_region[];
extern const struct kms_param kms_params_verify[];
extern const struct kms_param kms_params_verify_mac[];

#endif
