/* SPDX-License-Identifier: MIT */
/*
 * What all handlers share: members, identifiers, permission, usage.  Does not
 * know any single operation.
 */
#include "kmsagent/kms/task.h"

#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/authorize.h"
#include "kmsagent/kms/grant.h"
#include "kmsagent/kms/multiregion.h"
#include "kmsagent/kms/service.h"

#define MANAGED_PREFIX "alias/aws/"

const cJSON *kms_arg(const struct kms_task *t, const char *name)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(t->req->params, name);

	return j && !cJSON_IsNull(j) ? j : NULL;
}

const char *kms_arg_string(const struct kms_task *t, const char *name)
{
	const cJSON *j = kms_arg(t, name);

	return j ? j->valuestring : NULL;
}

int64_t kms_arg_int(const struct kms_task *t, const char *name,
		    int64_t fallback)
{
	const cJSON *j = kms_arg(t, name);

	return j ? (int64_t)j->valuedouble : fallback;
}

int64_t kms_arg_time_ms(const struct kms_task *t, const char *name)
{
	const cJSON *j = kms_arg(t, name);

	return j ? (int64_t)(j->valuedouble * 1000) : 0;
}

bool kms_arg_bool(const struct kms_task *t, const char *name)
{
	return cJSON_IsTrue(kms_arg(t, name));
}

const struct secret *kms_arg_blob(const struct kms_task *t, const char *name)
{
	for (size_t i = 0; i < KMS_TASK_MAX_BLOBS && t->blobs[i].name; i++)
		if (strcmp(t->blobs[i].name, name) == 0)
			return &t->blobs[i].bytes;
	return NULL;
}

int kms_arg_context(struct kms_task *t, const char *name, struct ectx *ret)
{
	int r = json_get_ectx(t->req->params, name, ret);

	if (r == -ENOENT)
		return 0;
	if (r == -EEXIST || r == -EILSEQ || r == -EBADMSG)
		return kms_fail(t->reply, KMS_ERROR_SERIALIZATION,
				"%s must map each key, once, to a string of "
				"UTF-8",
				name);
	if (r == -E2BIG || (r == 0 && ret->encoded_len > KMS_MAX_CONTEXT_BYTES))
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"%s must not be larger than %d bytes.", name,
				KMS_MAX_CONTEXT_BYTES);
	return r;
}

int kms_refuse_member(struct kms_task *t, const char *name)
{
	if (!kms_arg(t, name))
		return 0;
	return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
			"This kmsd does not support the parameter %s of %s.",
			name, t->op->name);
}

static int no_such_key(struct kms_task *t, const char *id)
{
	return kms_fail(t->reply, KMS_ERROR_NOT_FOUND,
			"Key 'arn:aws:kms:%s:%s:key/%s' does not exist",
			t->region->name, t->svc->account, id);
}

/* alias/aws/SERVICE comes to life when that service's principal uses it. */
static bool may_bring_to_life(const struct kms_task *t, const char *name)
{
	return t->req->who->service &&
	       strcmp(t->req->who->account, t->svc->account) == 0 &&
	       strncmp(name, MANAGED_PREFIX, strlen(MANAGED_PREFIX)) == 0 &&
	       strcmp(name + strlen(MANAGED_PREFIX), t->req->who->service) == 0;
}

static int resolve_alias(struct kms_task *t, const char *name,
			 struct kms_key **ret)
{
	struct kms_alias *alias = kms_alias_find(t->region, name, t->now_ms);

	if (alias) {
		*ret = alias->key;
		return 0;
	}
	if (may_bring_to_life(t, name))
		return -EAGAIN;
	return kms_fail(t->reply, KMS_ERROR_NOT_FOUND,
			"Alias arn:aws:kms:%s:%s:%s is not found.",
			t->region->name, t->svc->account, name);
}

static int invalid_key_id(struct kms_task *t, const char *ref)
{
	return kms_fail(t->reply, KMS_ERROR_NOT_FOUND, "Invalid keyId '%s'",
			ref);
}

/* An ARN is looked at only in its own region and account. */
static int check_arn(struct kms_task *t, const char *ref, const struct arn *arn)
{
	if (strcmp(arn->partition, "aws") != 0)
		return invalid_key_id(t, ref);
	if (strcmp(arn->region, t->region->name) != 0)
		return kms_fail(t->reply, KMS_ERROR_NOT_FOUND, "Invalid arn %s",
				arn->region);
	if (strcmp(arn->account, t->svc->account) != 0)
		return kms_fail(t->reply, KMS_ERROR_NOT_FOUND,
				"Key '%s' does not exist", ref);
	return 0;
}

static int resolve(struct kms_task *t, const char *ref, struct kms_key **ret)
{
	bool takes_alias = t->op->flags & KMS_OP_ALIAS;
	struct key_ref parsed;
	int r = 0;

	key_ref_parse(ref, &parsed);
	switch (parsed.kind) {
	case KEY_REF_INVALID:
		return invalid_key_id(t, ref);
	case KEY_REF_ALIAS_NAME:
	case KEY_REF_ALIAS_ARN:
		if (!takes_alias)
			return invalid_key_id(t, ref);
		if (parsed.kind == KEY_REF_ALIAS_ARN)
			r = check_arn(t, ref, &parsed.arn);
		return r ? r : resolve_alias(t, parsed.name, ret);
	case KEY_REF_KEY_ARN:
		r = check_arn(t, ref, &parsed.arn);
		if (r)
			return r;
		break;
	case KEY_REF_KEY_ID:
		break;
	}
	*ret = kms_key_find(t->region, parsed.name, t->now_ms);
	return *ret ? 0 : no_such_key(t, parsed.name);
}

int kms_task_resolve(struct kms_task *t, const char *ref, struct kms_key **ret)
{
	struct kms_key *key = NULL;
	int r = resolve(t, ref, &key);

	if (r)
		return r;
	*ret = key;
	return kms_reply_note_key(t->reply, key->arn);
}

int kms_task_authorize(struct kms_task *t, const char *permission,
		       const struct kms_key *key)
{
	if (kms_authorize(t->req->who, t->svc->account, permission, key))
		return 0;
	return kms_fail(t->reply, KMS_ERROR_ACCESS_DENIED,
			"User: %s is not authorized to perform: %s on "
			"resource: %s because no resource-based policy allows "
			"the %s action",
			t->req->who->arn, permission, key->arn, permission);
}

int kms_task_authorize_resource(struct kms_task *t, const char *permission,
				const char *resource)
{
	if (kms_authorize(t->req->who, t->svc->account, permission, NULL))
		return 0;
	return kms_fail(t->reply, KMS_ERROR_ACCESS_DENIED,
			"User: %s is not authorized to perform: %s on "
			"resource: %s because no identity-based policy allows "
			"the %s action",
			t->req->who->arn, permission, resource, permission);
}

int kms_task_check_usage(struct kms_task *t, const struct kms_key *key)
{
	if (t->op->usage == KMS_USAGE_ANY || key->usage == t->op->usage)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_INVALID_KEY_USAGE,
			"%s key usage is %s which is not valid for %s.",
			key->arn, kms_usage_name(key->usage), t->op->name);
}

static int incompatible(struct kms_task *t, const struct kms_key *key,
			const char *algorithm)
{
	return kms_fail(t->reply, KMS_ERROR_INVALID_KEY_USAGE,
			"Algorithm %s is incompatible with key spec %s.",
			algorithm, key->spec->name);
}

int kms_task_check_algorithm(struct kms_task *t, const struct kms_key *key,
			     const char *name)
{
	const char *algorithm = kms_arg_string(t, name);

	if (!algorithm)
		algorithm = KMS_SYMMETRIC_DEFAULT;
	if (kms_spec_has_algorithm(key->spec, key->usage, algorithm))
		return 0;
	return incompatible(t, key, algorithm);
}

int kms_task_check_origin(struct kms_task *t, const struct kms_key *key)
{
	unsigned flags = t->op->flags;

	if ((flags & KMS_OP_ROTATES) &&
	    key->spec->type != KMS_MATERIAL_SYMMETRIC)
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"%s key spec is %s which is not valid for "
				"this operation.",
				key->arn, key->spec->name);
	if ((flags & KMS_OP_PRIMARY) && kms_key_is_replica(key))
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"%s is a multi-Region replica key, which is "
				"not valid for this operation; ask its "
				"primary key.",
				key->arn);
	if (((flags & KMS_OP_OURS) && key->origin != KMS_ORIGIN_KMS) ||
	    ((flags & KMS_OP_IMPORTED) && key->origin != KMS_ORIGIN_EXTERNAL))
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"%s origin is %s which is not valid for this "
				"operation.",
				key->arn, kms_origin_name(key->origin));
	return 0;
}

int kms_task_check_symmetric(struct kms_task *t, const struct kms_key *key)
{
	if (key->spec->type == KMS_MATERIAL_SYMMETRIC)
		return 0;
	return incompatible(t, key, KMS_SYMMETRIC_DEFAULT);
}

int kms_task_need_pair(struct kms_task *t, const struct pkey_kind *kind)
{
	if (t->pair.kind == kind)
		return 0;
	t->wanted_pair = kind;
	return -EAGAIN;
}

int kms_task_open_token(struct kms_task *t, const char *token,
			struct kms_grant **ret)
{
	int r = kms_grant_token_open(t->svc, t->region, token, t->now_ms, ret);

	if (r < 0 || *ret)
		return r;
	return kms_fail(t->reply, KMS_ERROR_INVALID_GRANT_TOKEN,
			"The grant token is not valid.");
}

int kms_task_check_tokens(struct kms_task *t)
{
	const cJSON *token;

	cJSON_ArrayForEach(token, kms_arg(t, "GrantTokens"))
	{
		struct kms_grant *grant = NULL;
		int r = kms_task_open_token(t, token->valuestring, &grant);

		if (r)
			return r;
	}
	return 0;
}

int kms_task_dry_run(struct kms_task *t)
{
	if (!kms_arg_bool(t, "DryRun"))
		return 0;
	return kms_fail(t->reply, KMS_ERROR_DRY_RUN_OPERATION,
			"The request would have succeeded, but the DryRun "
			"option is set.");
}
