/* SPDX-License-Identifier: MIT */
/*
 * ReplicateKey, UpdatePrimaryRegion, between the regions that are served.
 * Source: AWS KMS API Reference, pages of these names.
 */
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/metadata.h"
#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/policy.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/tags.h"

static int need_primary(struct kms_task *t)
{
	if (t->key->meta.is_primary)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
			"%s is not a multi-Region primary key.", t->key->arn);
}

/* The region that @member names, another one than the key's. */
static int find_region(struct kms_task *t, const char *member,
		       struct kms_region **ret)
{
	const char *name = kms_arg_string(t, member);

	*ret = kms_service_region(t->svc, name);
	if (*ret)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_VALIDATION,
			"This kmsd does not serve the region %s.", name);
}

/* The parts of the replica that are its own. */
static int dress(struct kms_task *t, struct kms_key *key)
{
	const char *policy = kms_arg_string(t, "Policy");
	const cJSON *tags = kms_arg(t, "Tags");

	if (policy) {
		key->policy = strdup(policy);
		if (!key->policy)
			return -ENOMEM;
	}
	if (tags && tags->child) {
		key->tags = json_print(tags);
		if (!key->tags)
			return -ENOMEM;
	}
	return 0;
}

static int put_replica(struct kms_task *t, const struct kms_key *key)
{
	const cJSON *tags = kms_arg(t, "Tags");
	int r = kms_put_metadata_as(t, "ReplicaKeyMetadata", key,
				    KMS_STATE_CREATING);

	if (r == 0)
		r = kms_put_policy(t, "ReplicaPolicy", key);
	if (r == 0)
		r = kms_put_item(t->reply, "ReplicaTags",
				 tags ? cJSON_Duplicate(tags, true)
				      : cJSON_CreateArray());
	return r ? r : kms_reply_note_key(t->reply, key->arn);
}

static int replicate(struct kms_task *t, struct kms_region *region)
{
	_cleanup_(kms_key_freep) struct kms_key *key = NULL;
	const char *description = kms_arg_string(t, "Description");
	int r = kms_replica_new(t->svc, t->key, region,
				description ? description : "", t->now_ms,
				&key);

	if (r == 0)
		r = dress(t, key);
	/* The answer says Creating, as AWS's does, which takes a while; here
	 * the key is ready when the answer is. */
	if (r == 0)
		r = put_replica(t, key);
	if (r == 0)
		r = kms_key_add(t->svc, key, NULL);
	if (r == 0)
		take_ptr(key);
	return r;
}

static int check_room(struct kms_task *t, const struct kms_region *region)
{
	if (kms_index_find(&region->keys, t->key->id))
		return kms_fail(t->reply, KMS_ERROR_ALREADY_EXISTS,
				"%s already exists in the region %s.",
				t->key->id, region->name);
	if (region->keys.count >= t->svc->max_keys)
		return kms_fail(t->reply, KMS_ERROR_LIMIT_EXCEEDED,
				"The region %s has %zu keys, which is the "
				"limit.",
				region->name, region->keys.count);
	return 0;
}

int kms_op_replicate_key(struct kms_task *t)
{
	const cJSON *tags = kms_arg(t, "Tags");
	struct kms_region *region = NULL;
	int r = need_primary(t);

	if (r == 0)
		r = find_region(t, "ReplicaRegion", &region);
	if (r == 0)
		r = kms_task_authorize_resource(t, "kms:CreateKey", "*");
	if (r == 0 && tags)
		r = kms_task_authorize_resource(t, "kms:TagResource", "*");
	if (r == 0)
		r = check_room(t, region);
	if (r == 0 && tags)
		r = kms_tags_check(t, tags);
	if (r == 0)
		r = kms_task_check_policy(t);
	return r ? r : replicate(t, region);
}

static int find_replica(struct kms_task *t, const struct kms_region *region,
			struct kms_key **ret)
{
	*ret = kms_key_find(region, t->key->id, t->now_ms);
	if (!*ret)
		return kms_fail(t->reply, KMS_ERROR_NOT_FOUND,
				"Key 'arn:aws:kms:%s:%s:key/%s' does not exist",
				region->name, t->svc->account, t->key->id);
	if (*ret == t->key)
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"%s is the primary key already.", t->key->arn);
	return kms_reply_note_key(t->reply, (*ret)->arn);
}

int kms_op_update_primary_region(struct kms_task *t)
{
	struct kms_region *region = NULL;
	struct kms_key *replica = NULL;
	struct kms_change swap[2] = {{.key = t->key, .meta = t->key->meta}};
	int r = need_primary(t);

	if (r == 0)
		r = find_region(t, "PrimaryRegion", &region);
	if (r == 0)
		r = find_replica(t, region, &replica);
	if (r == 0)
		r = kms_task_authorize(t, t->op->permission, replica);
	if (r == 0)
		r = kms_state_check(replica, t->now_ms, t->op->states,
				    t->reply);
	if (r)
		return r;
	swap[1].key = replica;
	swap[1].meta = replica->meta;
	swap[0].meta.is_primary = false;
	swap[1].meta.is_primary = true;
	/* Who is asked to rotate is the primary, whoever that is. */
	swap[1].meta.rotation_asked_ms = swap[0].meta.rotation_asked_ms;
	swap[0].meta.rotation_asked_ms = 0;
	return kms_keys_change(t->svc, swap, 2);
}
