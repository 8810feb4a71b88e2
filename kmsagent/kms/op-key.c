/* SPDX-License-Identifier: MIT */
/*
 * CreateKey, DescribeKey, ListKeys.
 * Source: AWS KMS API Reference, pages of these names, and KeyMetadata.
 */
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/kms/metadata.h"
#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/page.h"
#include "kmsagent/kms/policy.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/tags.h"
#include "kmsagent/kms/task.h"

#define LIST_KEYS_DEFAULT 100

cJSON *kms_algorithm_list(const struct kms_key *key)
{
	const char *const *names = key->spec->algorithms[key->usage];
	int n = 0;

	while (names[n])
		n++;
	return cJSON_CreateStringArray(names, n);
}

int kms_put_expiry(cJSON *obj, const struct kms_key *key,
		   const struct kms_material *m)
{
	if (key->origin != KMS_ORIGIN_EXTERNAL || !m->wrapped)
		return 0;
	if (json_add_string(obj, "ExpirationModel",
			    m->valid_to_ms
				    ? "KEY_MATERIAL_EXPIRES"
				    : "KEY_MATERIAL_DOES_NOT_EXPIRE") < 0)
		return -ENOMEM;
	return m->valid_to_ms ? kms_json_time(obj, "ValidTo", m->valid_to_ms)
			      : 0;
}

static int fill_metadata(const struct kms_task *t, const struct kms_key *key,
			 enum kms_state state, cJSON *obj)
{
	const struct kms_material *current = kms_key_current(key);
	bool has_material =
		current && current->wrapped &&
		(!current->valid_to_ms || t->now_ms < current->valid_to_ms);

	if (json_add_string(obj, "AWSAccountId", t->svc->account) < 0 ||
	    json_add_string(obj, "KeyId", key->id) < 0 ||
	    json_add_string(obj, "Arn", key->arn) < 0 ||
	    kms_json_time(obj, "CreationDate", key->created_ms) < 0 ||
	    json_add_bool(obj, "Enabled", state == KMS_STATE_ENABLED) < 0 ||
	    json_add_string(obj, "Description", key->description) < 0 ||
	    json_add_string(obj, "KeyUsage", kms_usage_name(key->usage)) < 0 ||
	    json_add_string(obj, "KeyState", kms_state_name(state)) < 0 ||
	    (key->meta.deletion_ms &&
	     kms_json_time(obj, "DeletionDate", key->meta.deletion_ms) < 0) ||
	    json_add_string(obj, "Origin", kms_origin_name(key->origin)) < 0 ||
	    (has_material && kms_put_expiry(obj, key, current) < 0) ||
	    json_add_string(obj, "KeyManager", kms_manager_name(key->manager)) <
		    0 ||
	    json_add_string(obj, "CustomerMasterKeySpec", key->spec->name) <
		    0 ||
	    json_add_string(obj, "KeySpec", key->spec->name) < 0 ||
	    json_add_item(obj, kms_usage_list_name(key->usage),
			  kms_algorithm_list(key)) < 0 ||
	    json_add_bool(obj, "MultiRegion", kms_key_is_multi_region(key)) <
		    0 ||
	    (kms_key_is_multi_region(key) &&
	     json_add_item(obj, "MultiRegionConfiguration",
			   kms_multi_region_show(t->svc, key)) < 0) ||
	    (key->meta.pending_days &&
	     json_add_int(obj, "PendingDeletionWindowInDays",
			  key->meta.pending_days) < 0) ||
	    (key->spec->type == KMS_MATERIAL_SYMMETRIC && has_material &&
	     json_add_string(obj, "CurrentKeyMaterialId", current->id) < 0))
		return -ENOMEM;
	return 0;
}

int kms_put_metadata_as(struct kms_task *t, const char *member,
			const struct kms_key *key, enum kms_state state)
{
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || fill_metadata(t, key, state, obj) < 0)
		return -ENOMEM;
	return kms_put_item(t->reply, member, take_ptr(obj));
}

int kms_put_metadata(struct kms_task *t, const struct kms_key *key)
{
	return kms_put_metadata_as(t, "KeyMetadata", key,
				   kms_key_state(key, t->now_ms));
}

/*
 * What AWS takes and this build would have to pass over.
 */
static int refuse_unbuilt(struct kms_task *t)
{
	const char *origin = kms_arg_string(t, "Origin");
	int r = kms_task_find_store(t, "CustomKeyStoreId");

	if (r == 0)
		r = kms_refuse_member(t, "XksKeyId");
	if (r)
		return r;
	if (origin && kms_origin_find(origin) == KMS_ORIGIN_COUNT)
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"This kmsd does not support Origin %s of "
				"CreateKey.",
				origin);
	return 0;
}

static int choose_spec(struct kms_task *t, const struct kms_spec **ret_spec,
		       enum kms_usage *ret_usage)
{
	const char *new_name = kms_arg_string(t, "KeySpec");
	const char *old_name = kms_arg_string(t, "CustomerMasterKeySpec");
	const char *usage = kms_arg_string(t, "KeyUsage");
	const char *name = new_name   ? new_name
			   : old_name ? old_name
				      : "SYMMETRIC_DEFAULT";
	const struct kms_spec *spec = kms_spec_find(name);

	if (new_name && old_name)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"You cannot specify KeySpec and "
				"CustomerMasterKeySpec in the same request. "
				"CustomerMasterKeySpec is deprecated.");
	if (!usage && strcmp(name, "SYMMETRIC_DEFAULT") != 0)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"You must specify a KeyUsage value for all "
				"KMS keys except for symmetric encryption "
				"keys.");
	*ret_usage = usage ? kms_usage_find(usage) : spec->default_usage;
	if (!kms_spec_serves(spec, *ret_usage))
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"KeyUsage %s is not compatible with KeySpec "
				"%s",
				usage, name);
	if (!kms_spec_is_available(spec, *ret_usage))
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"This kmsd does not support KeySpec %s with "
				"KeyUsage %s: its OpenSSL does not have it.",
				name, kms_usage_name(*ret_usage));
	*ret_spec = spec;
	return 0;
}

static int create_key(struct kms_task *t, const struct kms_spec *spec,
		      enum kms_usage usage)
{
	_cleanup_(kms_key_freep) struct kms_key *key = NULL;
	_cleanup_(secret_done) struct secret private = SECRET_INIT;
	const char *description = kms_arg_string(t, "Description");
	const char *policy = kms_arg_string(t, "Policy");
	const cJSON *tags = kms_arg(t, "Tags");
	const char *origin = kms_arg_string(t, "Origin");
	bool is_pair = t->pair.kind;
	int r = is_pair ? pkey_encode_private(&t->pair, &private) : 0;

	if (r == 0)
		r = kms_service_new_key(
			t->svc, t->region, spec, usage, KMS_MANAGER_CUSTOMER,
			origin ? kms_origin_find(origin) : KMS_ORIGIN_KMS,
			kms_arg_bool(t, "MultiRegion"),
			description ? description : "",
			is_pair ? &private : NULL, t->now_ms, &key);
	if (r < 0)
		return r;
	if (tags) {
		key->tags = json_print(tags);
		if (!key->tags)
			return -ENOMEM;
	}
	if (policy) {
		key->policy = strdup(policy);
		if (!key->policy)
			return -ENOMEM;
	}
	/* All that can fail in the answer, before what cannot be undone. */
	r = kms_put_metadata(t, key);
	if (r == 0)
		r = kms_reply_note_key(t->reply, key->arn);
	if (r == 0)
		r = kms_key_add(t->svc, key, NULL);
	if (r == 0)
		take_ptr(key);
	return r;
}

static bool is_imported(const struct kms_task *t)
{
	const char *origin = kms_arg_string(t, "Origin");

	return origin && kms_origin_find(origin) == KMS_ORIGIN_EXTERNAL;
}

int kms_op_create_key(struct kms_task *t)
{
	const struct kms_spec *spec = NULL;
	enum kms_usage usage = KMS_USAGE_ANY;
	const cJSON *tags = kms_arg(t, "Tags");
	int r = choose_spec(t, &spec, &usage);

	if (r == 0)
		r = refuse_unbuilt(t);
	if (r == 0 && tags)
		r = kms_tags_check(t, tags);
	if (r == 0)
		r = kms_task_check_policy(t);
	if (r)
		return r;
	if (t->region->keys.count >= t->svc->max_keys)
		return kms_fail(t->reply, KMS_ERROR_LIMIT_EXCEEDED,
				"This region has %zu keys, which is the "
				"limit.",
				t->region->keys.count);
	if (spec->type == KMS_MATERIAL_PAIR && !is_imported(t))
		r = kms_task_need_pair(t, pkey_kind_find(spec->name));
	return r ? r : create_key(t, spec, usage);
}

int kms_op_describe_key(struct kms_task *t)
{
	return kms_put_metadata(t, t->key);
}

static bool is_gone(const struct kms_task *t, const void *element)
{
	return kms_key_is_expired(element, t->now_ms);
}

static cJSON *show_key(const void *element)
{
	const struct kms_key *key = element;
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_string(obj, "KeyId", key->id) < 0 ||
	    json_add_string(obj, "KeyArn", key->arn) < 0)
		return NULL;
	return take_ptr(obj);
}

int kms_op_list_keys(struct kms_task *t)
{
	return kms_page_list(t, &t->region->keys, "Keys", LIST_KEYS_DEFAULT,
			     is_gone, show_key);
}
