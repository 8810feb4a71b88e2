/* SPDX-License-Identifier: MIT */
/* Replies: built here, audited and sent by the front. */
#include "kmsagent/kms/reply.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/crypto/encoding.h"

int kms_reply_fail(struct kms_reply *reply, enum kms_error_id id,
		   const char *format, ...)
{
	char *message = NULL;

	if (format) {
		va_list ap;
		int n;

		va_start(ap, format);
		n = vasprintf(&message, format, ap);
		va_end(ap);
		if (n < 0)
			return -ENOMEM;
	}
	free(reply->message);
	reply->message = message;
	reply->error = kms_error_get(id);
	return KMS_REPLIED;
}

int kms_put_item(struct kms_reply *reply, const char *name, cJSON *item)
{
	if (!reply->body)
		reply->body = cJSON_CreateObject();
	if (!item || !reply->body ||
	    !cJSON_AddItemToObject(reply->body, name, item)) {
		cJSON_Delete(item);
		return -ENOMEM;
	}
	return 0;
}

int kms_put_string(struct kms_reply *reply, const char *name, const char *value)
{
	return kms_put_item(reply, name, cJSON_CreateString(value));
}

int kms_put_int(struct kms_reply *reply, const char *name, int64_t value)
{
	return kms_put_item(reply, name, cJSON_CreateNumber((double)value));
}

int kms_put_bool(struct kms_reply *reply, const char *name, bool value)
{
	return kms_put_item(reply, name, cJSON_CreateBool(value));
}

static double seconds(int64_t epoch_ms)
{
	return (double)epoch_ms / 1000.0;
}

int kms_put_time(struct kms_reply *reply, const char *name, int64_t epoch_ms)
{
	return kms_put_item(reply, name, cJSON_CreateNumber(seconds(epoch_ms)));
}

int kms_json_time(cJSON *obj, const char *name, int64_t epoch_ms)
{
	return cJSON_AddNumberToObject(obj, name, seconds(epoch_ms)) ? 0
								     : -ENOMEM;
}

int kms_put_blob(struct kms_reply *reply, const char *name, const void *bytes,
		 size_t len, bool is_secret)
{
	cJSON *item = cJSON_CreateNull();

	if (!item)
		return -ENOMEM;
	item->type = cJSON_String;
	item->valuestring = cJSON_malloc(BASE64_LEN(len) + 1);
	if (!item->valuestring) {
		cJSON_Delete(item);
		return -ENOMEM;
	}
	base64_encode(bytes, len, item->valuestring);
	reply->has_secrets |= is_secret;
	return kms_put_item(reply, name, item);
}

int kms_reply_note_key(struct kms_reply *reply, const char *arn)
{
	for (size_t i = 0; i < KMS_REPLY_MAX_KEYS; i++) {
		if (reply->key_arns[i] && strcmp(reply->key_arns[i], arn) == 0)
			return 0;
		if (reply->key_arns[i])
			continue;
		reply->key_arns[i] = strdup(arn);
		return reply->key_arns[i] ? 0 : -ENOMEM;
	}
	return 0;
}

void kms_lower_first(const char *name, char *buf, size_t size)
{
	size_t len = strnlen(name, size - 1);

	memcpy(buf, name, len);
	buf[len] = '\0';
	buf[0] = (char)tolower((unsigned char)buf[0]);
}

static void lower_names(cJSON *j)
{
	for (cJSON *c = j->child; c; c = c->next) {
		if (c->string)
			c->string[0] =
				(char)tolower((unsigned char)c->string[0]);
		lower_names(c);
	}
}

cJSON *kms_audit_copy(const cJSON *j)
{
	cJSON *copy = cJSON_Duplicate(j, true);

	if (copy)
		lower_names(copy);
	return copy;
}

void kms_reply_done(struct kms_reply *reply)
{
	free(reply->message);
	cJSON_Delete(reply->body);
	text_done(&reply->parameters);
	cJSON_Delete(reply->response);
	cJSON_Delete(reply->extra);
	for (size_t i = 0; i < KMS_REPLY_MAX_KEYS; i++)
		free(reply->key_arns[i]);
	*reply = KMS_REPLY_INIT;
}
