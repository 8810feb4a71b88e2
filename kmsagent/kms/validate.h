/* SPDX-License-Identifier: MIT */
/*
 * What a request's members must look like, as tables of the service model,
 * and AWS's words for those that do not.  Meaning is the handlers' affair:
 * behind kms_validate() a member is absent, or has the right type, length
 * and range.  Members that no table names are ignored, as AWS does.
 */
#ifndef KMSAGENT_KMS_VALIDATE_H
#define KMSAGENT_KMS_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"

enum kms_type {
	KMS_TYPE_END = 0, /* closes a table */
	KMS_TYPE_STRING,  /* min..max characters */
	KMS_TYPE_BLOB,	  /* base64 of min..max bytes */
	KMS_TYPE_INTEGER, /* min..max */
	KMS_TYPE_BOOLEAN,
	KMS_TYPE_TIME, /* seconds since the epoch, maybe with a fraction */
	KMS_TYPE_STRING_MAP,
	KMS_TYPE_MAPS,	      /* an object of string maps */
	KMS_TYPE_STRING_LIST, /* min..max items of item_min..item_max */
	KMS_TYPE_TAGS,	      /* of {TagKey, TagValue} */
	KMS_TYPE_OBJECT,      /* the handler looks inside */
};

/* A pattern of the model, and its test: no regular expressions at run time. */
struct kms_pattern {
	const char *text; /* as the message shows it */
	bool (*matches)(const char *value);
};

struct kms_param {
	const char *name;
	enum kms_type type;
	bool is_required;
	bool is_private; /* never shown nor audited; blobs always are */
	int64_t min;
	int64_t max;
	const char *const *values; /* enumeration, NULL-terminated, or NULL */
	const struct kms_pattern *pattern;
	int64_t item_min; /* characters of a list's item */
	int64_t item_max;
};

extern const struct kms_pattern kms_pattern_alias;
extern const struct kms_pattern kms_pattern_marker;
extern const struct kms_pattern kms_pattern_material_id;
extern const struct kms_pattern kms_pattern_material_text;
extern const struct kms_pattern kms_pattern_policy;
extern const struct kms_pattern kms_pattern_principal;
extern const struct kms_pattern kms_pattern_region;
extern const struct kms_pattern kms_pattern_word;

/* Code points of UTF-8: what AWS counts, not bytes. */
int64_t kms_characters(const char *s);

struct kms_task;

/*
 * Check every member that the operation's table names, decode blobs into
 * task->blobs, and write the audit record's request parameters.  All
 * violations go into one ValidationException; a wrong JSON type or bad base64
 * is a SerializationException.  Returns as kms_fail().
 */
int kms_validate(struct kms_task *task) _must_check_;

#endif
