/* SPDX-License-Identifier: MIT */
/*
 * Every error that kmsd answers with, in one table: the exception's name and
 * the HTTP status that makes SDKs retry or not.  The texts stand where the
 * error is found; errno becomes an exception in one function.
 * Source: AWS KMS API Reference, "Errors" of each operation and "Common
 * Errors"; the KMS service model.
 */
#ifndef KMSAGENT_KMS_ERROR_H
#define KMSAGENT_KMS_ERROR_H

#include <stdbool.h>

struct kms_error {
	const char *name; /* "NotFoundException" */
	int status;	  /* HTTP */
	bool is_front;	  /* its body says "Message", with a capital */
};

enum kms_error_id {
	/* Of the front end: who asks, and what. */
	KMS_ERROR_ACCESS_DENIED,
	KMS_ERROR_EXPIRED_TOKEN,
	KMS_ERROR_INCOMPLETE_SIGNATURE,
	KMS_ERROR_INTERNAL_FAILURE,
	KMS_ERROR_INVALID_SIGNATURE,
	KMS_ERROR_MISSING_AUTHENTICATION_TOKEN,
	KMS_ERROR_NOT_AUTHORIZED,
	KMS_ERROR_REQUEST_TOO_LARGE,
	KMS_ERROR_SERIALIZATION,
	KMS_ERROR_SERVICE_UNAVAILABLE,
	KMS_ERROR_THROTTLING,
	KMS_ERROR_UNKNOWN_OPERATION,
	KMS_ERROR_UNRECOGNIZED_CLIENT,
	KMS_ERROR_VALIDATION,
	/* Of the operations. */
	KMS_ERROR_ALREADY_EXISTS,
	KMS_ERROR_CONFLICT,
	KMS_ERROR_CUSTOM_KEY_STORE_NOT_FOUND,
	KMS_ERROR_DEPENDENCY_TIMEOUT,
	KMS_ERROR_DISABLED,
	KMS_ERROR_DRY_RUN_OPERATION,
	KMS_ERROR_EXPIRED_IMPORT_TOKEN,
	KMS_ERROR_INCORRECT_KEY,
	KMS_ERROR_INCORRECT_KEY_MATERIAL,
	KMS_ERROR_INTERNAL,
	KMS_ERROR_INVALID_ALIAS_NAME,
	KMS_ERROR_INVALID_ARN,
	KMS_ERROR_INVALID_CIPHERTEXT,
	KMS_ERROR_INVALID_GRANT_ID,
	KMS_ERROR_INVALID_GRANT_TOKEN,
	KMS_ERROR_INVALID_IMPORT_TOKEN,
	KMS_ERROR_INVALID_KEY_USAGE,
	KMS_ERROR_INVALID_MAC,
	KMS_ERROR_INVALID_MARKER,
	KMS_ERROR_INVALID_SIGNATURE_VALUE,
	KMS_ERROR_INVALID_STATE,
	KMS_ERROR_KEY_UNAVAILABLE,
	KMS_ERROR_LIMIT_EXCEEDED,
	KMS_ERROR_MALFORMED_POLICY_DOCUMENT,
	KMS_ERROR_NOT_FOUND,
	KMS_ERROR_TAG,
	KMS_ERROR_UNSUPPORTED_OPERATION,
	KMS_ERROR_COUNT,
};

const struct kms_error *kms_error_get(enum kms_error_id id);

/* Our own failures: no memory, no disk, a broken invariant. */
enum kms_error_id kms_error_of_errno(int err);

#endif
