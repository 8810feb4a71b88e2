/* SPDX-License-Identifier: MIT */
/*
 * The one table of KMS errors as a client sees them.  Pure.
 */
#include "kmsagent/aws/error.h"

#include <stddef.h>
#include <string.h>

#include "keyring/cleanup.h"

struct row {
	const char *code;
	const char *if_message; /* NULL = whatever it says */
	enum awskms_class class;
	bool may_pass;
	const char *advice;
};

#define REVOKED	    AWSKMS_CLASS_REVOKED
#define DENIED	    AWSKMS_CLASS_DENIED
#define UNREACHABLE AWSKMS_CLASS_UNREACHABLE

/* The first row that fits counts. */
static const struct row table[] = {
	{"DisabledException", NULL, REVOKED, false,
	 "the CMK is disabled; enable it (EnableKey) to use its keys again"},
	{"KMSInvalidStateException", "is pending deletion", REVOKED, false,
	 "the CMK waits for its deletion; CancelKeyDeletion and EnableKey "
	 "bring it back"},
	{"KMSInvalidStateException", "is pending replica deletion", REVOKED,
	 false,
	 "the CMK waits for its deletion; CancelKeyDeletion and EnableKey "
	 "bring it back"},
	{"KMSInvalidStateException", NULL, UNREACHABLE, false,
	 "the CMK is in a state that does not allow this; see DescribeKey"},
	{"AccessDeniedException", NULL, DENIED, false,
	 "the agent's principal may not use this CMK; its key policy must "
	 "allow GenerateDataKey, Decrypt and DescribeKey"},
	{"NotFoundException", NULL, UNREACHABLE, false,
	 "no such CMK there; check its id, the region and the endpoint"},
	{"InvalidCiphertextException", NULL, UNREACHABLE, false,
	 "the blob, its CMK and its encryption context do not belong "
	 "together"},
	{"IncorrectKeyException", NULL, UNREACHABLE, false,
	 "the blob was made under another CMK"},
	{"InvalidSignatureException", NULL, UNREACHABLE, false,
	 "check the secret access key, the region and this machine's clock"},
	{"UnrecognizedClientException", NULL, UNREACHABLE, false,
	 "the access key is not known there; check the credentials"},
	{"ExpiredTokenException", NULL, UNREACHABLE, false,
	 "the session token has expired; renew the credentials"},
	{"MissingAuthenticationTokenException", NULL, UNREACHABLE, false,
	 "the service wants credentials; over a Unix socket the service's "
	 "[peer] section must name this user"},
	{"IncompleteSignatureException", NULL, UNREACHABLE, false,
	 "something between here and the service changes headers"},
	{"ThrottlingException", NULL, UNREACHABLE, true,
	 "too many requests; they are sent again by themselves"},
	{"LimitExceededException", NULL, UNREACHABLE, false,
	 "a quota of the account is used up"},
	{"KMSInternalException", NULL, UNREACHABLE, true,
	 "the service failed inside; see its log"},
	{"DependencyTimeoutException", NULL, UNREACHABLE, true,
	 "the service waited in vain for something of its own"},
	{"KeyUnavailableException", NULL, UNREACHABLE, true,
	 "the CMK's material cannot be reached at the moment"},
	{"InternalFailure", NULL, UNREACHABLE, true,
	 "the service failed inside; see its log"},
	{"ServiceUnavailable", NULL, UNREACHABLE, true,
	 "the service is overloaded or stopping"},
	{"ServiceUnavailableException", NULL, UNREACHABLE, true,
	 "the service is overloaded or stopping"},
	{"ValidationException", NULL, UNREACHABLE, false,
	 "the service does not take this request; its message names the "
	 "member"},
	{"UnknownOperationException", NULL, UNREACHABLE, false,
	 "the service does not have this operation; check the endpoint"},
};

static const struct row *find(const char *code, const char *message)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct row *r = &table[i];

		if (strcmp(r->code, code) == 0 &&
		    (!r->if_message ||
		     (message && strstr(message, r->if_message))))
			return r;
	}
	return NULL;
}

enum awskms_class awskms_class_of(const char *code, const char *message)
{
	const struct row *r = find(code, message);

	return r ? r->class : UNREACHABLE;
}

bool awskms_code_may_pass(const char *code, long http_status)
{
	const struct row *r = find(code, NULL);

	return http_status >= 500 || (r && r->may_pass);
}

const char *awskms_advice(const struct awskms_error *err)
{
	const struct row *r = find(err->code, err->message);

	if (r)
		return r->advice;
	if (err->code[0])
		return "see the message, and the service's audit record";
	if (err->http_status)
		return "what answers there is no KMS; check the endpoint";
	return "the service does not answer; check the endpoint, the network "
	       "and whether the service runs (systemctl status kmsd)";
}

const char *awskms_class_name(enum awskms_class c)
{
	switch (c) {
	case AWSKMS_CLASS_OK:
		return "ok";
	case AWSKMS_CLASS_REVOKED:
		return "revoked";
	case AWSKMS_CLASS_DENIED:
		return "denied";
	case AWSKMS_CLASS_UNREACHABLE:
		return "unreachable";
	}
	return "unknown";
}
