/* SPDX-License-Identifier: MIT */
/* The one table of errors.  No texts, no requests. */
#include "kmsagent/kms/error.h"

#include <errno.h>

/*
 * 500 for the three faults of the model, so that SDKs try again; 412 for
 * DryRun; 400 for all that the caller must change.
 */
static const struct kms_error errors[KMS_ERROR_COUNT] = {
	[KMS_ERROR_ACCESS_DENIED] = {"AccessDeniedException", 400, true},
	[KMS_ERROR_EXPIRED_TOKEN] = {"ExpiredTokenException", 400, false},
	[KMS_ERROR_INCOMPLETE_SIGNATURE] = {"IncompleteSignatureException", 400,
					    false},
	[KMS_ERROR_INTERNAL_FAILURE] = {"InternalFailure", 500, false},
	[KMS_ERROR_INVALID_SIGNATURE] = {"InvalidSignatureException", 400,
					 false},
	[KMS_ERROR_MISSING_AUTHENTICATION_TOKEN] =
		{"MissingAuthenticationTokenException", 400, false},
	[KMS_ERROR_NOT_AUTHORIZED] = {"NotAuthorizedException", 400, false},
	[KMS_ERROR_REQUEST_TOO_LARGE] = {"RequestEntityTooLargeException", 413,
					 false},
	[KMS_ERROR_SERIALIZATION] = {"SerializationException", 400, true},
	[KMS_ERROR_SERVICE_UNAVAILABLE] = {"ServiceUnavailable", 503, false},
	[KMS_ERROR_THROTTLING] = {"ThrottlingException", 400, false},
	[KMS_ERROR_UNKNOWN_OPERATION] = {"UnknownOperationException", 400,
					 false},
	[KMS_ERROR_UNRECOGNIZED_CLIENT] = {"UnrecognizedClientException", 400,
					   false},
	[KMS_ERROR_VALIDATION] = {"ValidationException", 400, false},

	[KMS_ERROR_ALREADY_EXISTS] = {"AlreadyExistsException", 400, false},
	[KMS_ERROR_CONFLICT] = {"ConflictException", 400, false},
	[KMS_ERROR_CUSTOM_KEY_STORE_NOT_FOUND] =
		{"CustomKeyStoreNotFoundException", 400, false},
	[KMS_ERROR_DEPENDENCY_TIMEOUT] = {"DependencyTimeoutException", 500,
					  false},
	[KMS_ERROR_DISABLED] = {"DisabledException", 400, false},
	[KMS_ERROR_DRY_RUN_OPERATION] = {"DryRunOperationException", 412,
					 false},
	[KMS_ERROR_EXPIRED_IMPORT_TOKEN] = {"ExpiredImportTokenException", 400,
					    false},
	[KMS_ERROR_INCORRECT_KEY] = {"IncorrectKeyException", 400, false},
	[KMS_ERROR_INCORRECT_KEY_MATERIAL] = {"IncorrectKeyMaterialException",
					      400, false},
	[KMS_ERROR_INTERNAL] = {"KMSInternalException", 500, false},
	[KMS_ERROR_INVALID_ALIAS_NAME] = {"InvalidAliasNameException", 400,
					  false},
	[KMS_ERROR_INVALID_ARN] = {"InvalidArnException", 400, false},
	[KMS_ERROR_INVALID_CIPHERTEXT] = {"InvalidCiphertextException", 400,
					  false},
	[KMS_ERROR_INVALID_GRANT_ID] = {"InvalidGrantIdException", 400, false},
	[KMS_ERROR_INVALID_GRANT_TOKEN] = {"InvalidGrantTokenException", 400,
					   false},
	[KMS_ERROR_INVALID_IMPORT_TOKEN] = {"InvalidImportTokenException", 400,
					    false},
	[KMS_ERROR_INVALID_KEY_USAGE] = {"InvalidKeyUsageException", 400,
					 false},
	[KMS_ERROR_INVALID_MAC] = {"KMSInvalidMacException", 400, false},
	[KMS_ERROR_INVALID_MARKER] = {"InvalidMarkerException", 400, false},
	[KMS_ERROR_INVALID_SIGNATURE_VALUE] = {"KMSInvalidSignatureException",
					       400, false},
	[KMS_ERROR_INVALID_STATE] = {"KMSInvalidStateException", 400, false},
	[KMS_ERROR_KEY_UNAVAILABLE] = {"KeyUnavailableException", 500, false},
	[KMS_ERROR_LIMIT_EXCEEDED] = {"LimitExceededException", 400, false},
	[KMS_ERROR_MALFORMED_POLICY_DOCUMENT] =
		{"MalformedPolicyDocumentException", 400, false},
	[KMS_ERROR_NOT_FOUND] = {"NotFoundException", 400, false},
	[KMS_ERROR_TAG] = {"TagException", 400, false},
	[KMS_ERROR_UNSUPPORTED_OPERATION] = {"UnsupportedOperationException",
					     400, false},
};

const struct kms_error *kms_error_get(enum kms_error_id id)
{
	return &errors[id];
}

enum kms_error_id kms_error_of_errno(int err)
{
	switch (err < 0 ? -err : err) {
	case ETIMEDOUT:
	case ENOSPC:
		return KMS_ERROR_DEPENDENCY_TIMEOUT;
	default:
		return KMS_ERROR_INTERNAL;
	}
}
