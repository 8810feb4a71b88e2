/* SPDX-License-Identifier: MIT */
/*
 * Filling a reply.  Functions here and all handlers share one convention:
 * 0 = go on, 1 (KMS_REPLIED) = the reply holds an AWS error, stop; negative
 * errno = our own failure, which the dispatcher turns into an answer.
 */
#ifndef KMSAGENT_KMS_REPLY_H
#define KMSAGENT_KMS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "kmsagent/kms/error.h"
#include "kmsagent/kms/request.h"

#define KMS_REPLIED 1

/* Answer with an error; @format NULL: AWS sends it without a message.
 * Returns KMS_REPLIED or -ENOMEM: never 0. */
#define kms_fail(reply, id, ...)                                               \
	kms_not_zero(kms_reply_fail(reply, id, __VA_ARGS__))
int kms_reply_fail(struct kms_reply *reply, enum kms_error_id id,
		   const char *format, ...) _printf_(3, 4) _must_check_;

/* Lets compilers see, in callers, that what follows an error has not run. */
static inline int kms_not_zero(int r)
{
	if (r == 0)
		__builtin_unreachable();
	return r;
}

/* Members of the body, which is made with the first.  0 or -ENOMEM. */
int kms_put_string(struct kms_reply *reply, const char *name,
		   const char *value) _must_check_;
int kms_put_int(struct kms_reply *reply, const char *name,
		int64_t value) _must_check_;
int kms_put_bool(struct kms_reply *reply, const char *name,
		 bool value) _must_check_;
/* Seconds since the epoch, with the milliseconds as a fraction. */
int kms_put_time(struct kms_reply *reply, const char *name,
		 int64_t epoch_ms) _must_check_;
/* Takes @item, also on failure. */
int kms_put_item(struct kms_reply *reply, const char *name,
		 cJSON *item) _must_check_;

/*
 * Base64 of @len bytes, encoded straight into cJSON's (wiping) memory; sets
 * has_secrets if @is_secret.
 */
int kms_put_blob(struct kms_reply *reply, const char *name, const void *bytes,
		 size_t len, bool is_secret) _must_check_;

/* The same for objects inside the body. */
int kms_json_time(cJSON *obj, const char *name, int64_t epoch_ms) _must_check_;

/* Note a key for the audit record; copies. */
int kms_reply_note_key(struct kms_reply *reply, const char *arn) _must_check_;

/* A copy with lower-case first letters of names at every level, as CloudTrail
 * has it.  NULL when out of memory. */
cJSON *kms_audit_copy(const cJSON *j) _must_check_;

/* "KeyId" to "keyId". */
void kms_lower_first(const char *name, char *buf, size_t size);

#endif
