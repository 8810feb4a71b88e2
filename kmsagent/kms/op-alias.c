/* SPDX-License-Identifier: MIT */
/*
 * CreateAlias, UpdateAlias, DeleteAlias, ListAliases.  Each change needs the
 * permission on the alias and on every key that it touches.
 * Source: AWS KMS API Reference, pages of these names; AWS KMS Developer
 * Guide, "Controlling access to aliases".
 */
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/kms/page.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

#define PREFIX		     "alias/"
#define RESERVED_PREFIX	     "alias/aws/"
#define LIST_ALIASES_DEFAULT 50

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int check_name(struct kms_task *t, const char *name)
{
	if (!starts_with(name, PREFIX))
		return kms_fail(
			t->reply, KMS_ERROR_VALIDATION,
			"Alias must start with the prefix \"alias/\". Please "
			"see https://docs.aws.amazon.com/kms/latest/"
			"developerguide/kms-alias.html");
	/* AWS's own: refused by name, whoever asks. */
	if (starts_with(name, RESERVED_PREFIX))
		return kms_fail(t->reply, KMS_ERROR_NOT_AUTHORIZED, NULL);
	if (!arn_alias_name_is_valid(name))
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"%s contains invalid characters for an alias",
				name);
	return 0;
}

static int authorize_alias(struct kms_task *t, const char *name)
{
	_free_ char *arn =
		arn_format_kms(t->region->name, t->svc->account, name);

	if (!arn)
		return -ENOMEM;
	return kms_task_authorize_resource(t, t->op->permission, arn);
}

static int find_target(struct kms_task *t, struct kms_key **ret)
{
	const char *ref = kms_arg_string(t, "TargetKeyId");
	struct key_ref parsed;
	int r;

	key_ref_parse(ref, &parsed);
	if (parsed.kind == KEY_REF_ALIAS_NAME ||
	    parsed.kind == KEY_REF_ALIAS_ARN)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"Aliases must refer to keys. Not aliases");
	r = kms_task_resolve(t, ref, ret);
	if (r == 0)
		r = kms_task_authorize(t, t->op->permission, *ret);
	if (r == 0)
		r = kms_state_check(*ret, t->now_ms, t->op->states, t->reply);
	return r;
}

static int find_alias(struct kms_task *t, const char *name,
		      struct kms_alias **ret)
{
	*ret = kms_alias_find(t->region, name, t->now_ms);
	if (*ret)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_NOT_FOUND,
			"Alias arn:aws:kms:%s:%s:%s is not found.",
			t->region->name, t->svc->account, name);
}

static int check_room(struct kms_task *t, const struct kms_key *key)
{
	if (key->aliases.count < KMS_MAX_ALIASES)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_LIMIT_EXCEEDED,
			"%s has %d aliases, which is the limit.", key->arn,
			KMS_MAX_ALIASES);
}

int kms_op_create_alias(struct kms_task *t)
{
	_cleanup_(kms_alias_freep) struct kms_alias *alias = NULL;
	const char *name = kms_arg_string(t, "AliasName");
	struct kms_key *key = NULL;
	int r = check_name(t, name);

	if (r == 0)
		r = authorize_alias(t, name);
	if (r == 0)
		r = find_target(t, &key);
	if (r)
		return r;
	/* One of a key that waits for its deletion holds its name too. */
	if (kms_index_find(&t->region->aliases, name))
		return kms_fail(t->reply, KMS_ERROR_ALREADY_EXISTS,
				"An alias with the name arn:aws:kms:%s:%s:%s "
				"already exists",
				t->region->name, t->svc->account, name);
	r = check_room(t, key);
	if (r == 0)
		r = kms_service_new_alias(t->svc, key, name, t->now_ms, &alias);
	if (r == 0)
		r = kms_alias_add(t->svc, alias);
	if (r == 0)
		take_ptr(alias);
	return r;
}

int kms_op_update_alias(struct kms_task *t)
{
	const char *name = kms_arg_string(t, "AliasName");
	struct kms_alias *alias = NULL;
	struct kms_key *key = NULL;
	int r = check_name(t, name);

	if (r == 0)
		r = authorize_alias(t, name);
	if (r == 0)
		r = find_alias(t, name, &alias);
	if (r == 0)
		r = kms_reply_note_key(t->reply, alias->key->arn);
	if (r == 0)
		r = kms_task_authorize(t, t->op->permission, alias->key);
	if (r == 0)
		r = find_target(t, &key);
	if (r)
		return r;
	if (key == alias->key)
		return 0;
	/* Whoever uses the alias must not find another kind of key there. */
	if (key->spec != alias->key->spec || key->usage != alias->key->usage)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"The current and new target key of an alias "
				"must have the same key spec and key usage.");
	r = check_room(t, key);
	return r ? r : kms_alias_retarget(t->svc, alias, key, t->now_ms);
}

int kms_op_delete_alias(struct kms_task *t)
{
	const char *name = kms_arg_string(t, "AliasName");
	struct kms_alias *alias = NULL;
	int r = check_name(t, name);

	if (r == 0)
		r = authorize_alias(t, name);
	if (r == 0)
		r = find_alias(t, name, &alias);
	if (r == 0)
		r = kms_reply_note_key(t->reply, alias->key->arn);
	if (r == 0)
		r = kms_task_authorize(t, t->op->permission, alias->key);
	return r ? r : kms_alias_remove(t->svc, alias);
}

static bool is_gone(const struct kms_task *t, const void *element)
{
	const struct kms_alias *alias = element;

	return kms_key_is_expired(alias->key, t->now_ms);
}

static cJSON *show_alias(const void *element)
{
	const struct kms_alias *alias = element;
	_json_ cJSON *obj = cJSON_CreateObject();

	if (!obj || json_add_string(obj, "AliasName", alias->name) < 0 ||
	    json_add_string(obj, "AliasArn", alias->arn) < 0 ||
	    json_add_string(obj, "TargetKeyId", alias->key->id) < 0 ||
	    kms_json_time(obj, "CreationDate", alias->created_ms) < 0 ||
	    kms_json_time(obj, "LastUpdatedDate", alias->updated_ms) < 0)
		return NULL;
	return take_ptr(obj);
}

int kms_op_list_aliases(struct kms_task *t)
{
	const struct kms_index *index = &t->region->aliases;
	const char *ref = kms_arg_string(t, "KeyId");

	if (ref) {
		int r = kms_task_resolve(t, ref, &t->key);

		if (r)
			return r;
		index = &t->key->aliases;
	}
	return kms_page_list(t, index, "Aliases", LIST_ALIASES_DEFAULT, is_gone,
			     show_alias);
}
