/* SPDX-License-Identifier: MIT */
/*
 * TagResource, UntagResource, ListResourceTags, UpdateKeyDescription: what
 * people write on their keys.
 * Source: AWS KMS API Reference, pages of these names; Developer Guide,
 * "Tags in AWS KMS".
 */
#include "kmsagent/kms/tags.h"

#include <string.h>
#include <strings.h>

#include "kmsagent/base/json.h"
#include "kmsagent/kms/page.h"
#include "kmsagent/kms/record.h"
#include "kmsagent/kms/service.h"

#define RESERVED_PREFIX	  "aws:"
#define LIST_TAGS_DEFAULT 50

static const char *tag_key(const cJSON *tag)
{
	return cJSON_GetObjectItemCaseSensitive(tag, "TagKey")->valuestring;
}

static cJSON *find_tag(const cJSON *tags, const char *key)
{
	cJSON *tag;

	cJSON_ArrayForEach(tag, tags)
	{
		if (strcmp(tag_key(tag), key) == 0)
			return tag;
	}
	return NULL;
}

int kms_tag_key_check(struct kms_task *t, const char *key)
{
	if (strncasecmp(key, RESERVED_PREFIX, strlen(RESERVED_PREFIX)) != 0)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_TAG,
			"Tags beginning with aws: are reserved");
}

static int check_count(struct kms_task *t, const cJSON *tags)
{
	if (cJSON_GetArraySize(tags) <= KMS_MAX_TAGS)
		return 0;
	return kms_fail(t->reply, KMS_ERROR_TAG, "Too many tags");
}

int kms_tags_check(struct kms_task *t, const cJSON *tags)
{
	const cJSON *tag;
	int r = check_count(t, tags);

	if (r)
		return r;
	cJSON_ArrayForEach(tag, tags)
	{
		r = kms_tag_key_check(t, tag_key(tag));
		if (r)
			return r;
		/* The first of that key is another one. */
		if (find_tag(tags, tag_key(tag)) != tag)
			return kms_fail(t->reply, KMS_ERROR_TAG,
					"Duplicate tag keys");
	}
	return 0;
}

/* The tags of @key, to be changed or shown. */
static cJSON *tags_of(const struct kms_key *key)
{
	return key->tags ? cJSON_Parse(key->tags) : cJSON_CreateArray();
}

static int set_tags(struct kms_task *t, const cJSON *tags)
{
	_cleanup_(json_text_freep) char *text = NULL;

	if (tags->child) {
		text = json_print(tags);
		if (!text)
			return -ENOMEM;
	}
	return kms_key_describe(t->svc, t->key, t->key->description, text);
}

int kms_op_tag_resource(struct kms_task *t)
{
	const cJSON *given = kms_arg(t, "Tags"), *tag;
	_json_ cJSON *tags = NULL;
	int r = kms_tags_check(t, given);

	if (r)
		return r;
	tags = tags_of(t->key);
	if (!tags)
		return -ENOMEM;
	cJSON_ArrayForEach(tag, given)
	{
		cJSON *copy = cJSON_Duplicate(tag, true);
		cJSON *old = find_tag(tags, tag_key(tag));

		if (!copy)
			return -ENOMEM;
		if (old ? cJSON_ReplaceItemViaPointer(tags, old, copy)
			: cJSON_AddItemToArray(tags, copy))
			continue;
		cJSON_Delete(copy);
		return -ENOMEM;
	}
	r = check_count(t, tags);
	return r ? r : set_tags(t, tags);
}

/* A key that is not there is no error: what was asked for holds. */
int kms_op_untag_resource(struct kms_task *t)
{
	_json_ cJSON *tags = tags_of(t->key);
	const cJSON *key;

	if (!tags)
		return -ENOMEM;
	cJSON_ArrayForEach(key, kms_arg(t, "TagKeys"))
	{
		cJSON *tag = find_tag(tags, key->valuestring);
		int r = kms_tag_key_check(t, key->valuestring);

		if (r)
			return r;
		if (tag)
			cJSON_Delete(cJSON_DetachItemViaPointer(tags, tag));
	}
	return set_tags(t, tags);
}

int kms_op_update_key_description(struct kms_task *t)
{
	return kms_key_describe(t->svc, t->key,
				kms_arg_string(t, "Description"), t->key->tags);
}

/* An element of the listing's index. */
struct listed_tag {
	const char *name;
	const cJSON *tag;
};

static cJSON *show_tag(const void *element)
{
	return cJSON_Duplicate(((const struct listed_tag *)element)->tag, true);
}

int kms_op_list_resource_tags(struct kms_task *t)
{
	_cleanup_(kms_index_done) struct kms_index index = KMS_INDEX_INIT;
	_json_ cJSON *tags = tags_of(t->key);
	struct listed_tag listed[KMS_MAX_TAGS];
	const cJSON *tag;
	size_t n = 0;

	if (!tags)
		return -ENOMEM;
	cJSON_ArrayForEach(tag, tags)
	{
		int r;

		listed[n] = (struct listed_tag){tag_key(tag), tag};
		r = kms_index_insert(&index, &listed[n++]);
		if (r < 0)
			return r;
	}
	return kms_page_list(t, &index, "Tags", LIST_TAGS_DEFAULT, NULL,
			     show_tag);
}
