/* SPDX-License-Identifier: MIT */
/*
 * AWS Signature Version 4 by headers, both ways: the client signs, the
 * service verifies.  Pure: no clock, no key store, no I/O; what is refused is
 * told by an enum, and sigv4_explain() gives AWS's words for it.  Signatures
 * in the query ("presigned") are not read.
 *
 * Verifying a request, in this order:
 *	sigv4_parse()	 the Authorization header and the date
 *	sigv4_check()	 scope, clock, what must be signed
 *	(the caller finds the secret of auth.access_key_id)
 *	sigv4_day_key()	 once a key, day and region: worth keeping
 *	sigv4_verify()	 the signature
 *
 * Source: AWS General Reference, "Create a signed AWS API request".
 */
#ifndef KMSAGENT_CRYPTO_SIGV4_H
#define KMSAGENT_CRYPTO_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"
#include "kmsagent/crypto/kdf.h"

#define SIGV4_ACCESS_KEY_ID_MAX 128 /* characters, as IAM allows */
#define SIGV4_SCOPE_PART_MAX	63  /* characters of a region or service */
#define SIGV4_DATE_LEN		8   /* YYYYMMDD */
#define SIGV4_TIME_LEN		16  /* YYYYMMDDTHHMMSSZ */
#define SIGV4_SIGNATURE_LEN	64  /* lower-case hexadecimal digits */
#define SIGV4_SKEW_S		300
#define SIGV4_EXPLAIN_BYTES	1024

struct sigv4_header {
	const char *name; /* any case */
	const char *value;
};

/* A request as it is, or will be, on the wire.  Borrows everything. */
struct sigv4_request {
	const char *method;
	const char *path;  /* up to '?', encoded as sent */
	const char *query; /* after '?', encoded as sent; NULL = none */
	const struct sigv4_header *headers;
	size_t header_count;
	const uint8_t *body_hash; /* SHA256_BYTES */
};

/* What an Authorization header says.  The pointers borrow from the request. */
struct sigv4_auth {
	char access_key_id[SIGV4_ACCESS_KEY_ID_MAX + 1];
	char date[SIGV4_DATE_LEN + 1]; /* of the credential scope */
	char region[SIGV4_SCOPE_PART_MAX + 1];
	char service[SIGV4_SCOPE_PART_MAX + 1];
	char terminator[SIGV4_SCOPE_PART_MAX + 1]; /* "aws4_request" */
	char time[SIGV4_TIME_LEN + 1]; /* of X-Amz-Date, else Date */
	int64_t time_s;		       /* the same, seconds since 1970 UTC */
	const char *signed_headers;    /* "host;x-amz-date;..." */
	size_t signed_headers_len;     /* characters */
	const char *signature;
	size_t signature_len;	   /* characters */
	const char *session_token; /* X-Amz-Security-Token, NULL = none */
	const char *authorization; /* the whole header */
	unsigned missing; /* SIGV4_INCOMPLETE: a set of enum sigv4_missing */
	const char *unsigned_header; /* SIGV4_UNSIGNED_HEADER: its name */
};

enum sigv4_missing {
	SIGV4_MISSING_CREDENTIAL = 1 << 0,
	SIGV4_MISSING_SIGNATURE = 1 << 1,
	SIGV4_MISSING_SIGNED_HEADERS = 1 << 2,
	SIGV4_MISSING_DATE = 1 << 3,
};

/*
 * Why a request is refused, with the name that AWS gives it:
 * MissingAuthenticationTokenException (M), IncompleteSignatureException (I),
 * InvalidSignatureException (S).
 */
enum sigv4_refusal {
	SIGV4_OK = 0,
	SIGV4_NO_AUTHORIZATION, /* M: no such header, or not this scheme */
	SIGV4_INCOMPLETE,	/* I: a part is missing: auth->missing */
	SIGV4_BAD_PAIR,		/* I: not key=value, or a key twice */
	SIGV4_BAD_CREDENTIAL,	/* I: not five parts, or no id */
	SIGV4_BAD_DATE,		/* I: a date in no known form */
	SIGV4_WRONG_REGION,	/* S */
	SIGV4_WRONG_SERVICE,	/* S */
	SIGV4_WRONG_TERMINATOR, /* S */
	SIGV4_WRONG_DATE,	/* S: scope's date is not the request's */
	SIGV4_EXPIRED,		/* S: over SIGV4_SKEW_S old */
	SIGV4_NOT_YET_CURRENT,	/* S: over SIGV4_SKEW_S ahead */
	SIGV4_UNSIGNED_HEADER,	/* S: auth->unsigned_header must be signed */
	SIGV4_MISMATCH,		/* S: the signature is another */
	SIGV4_REFUSAL_COUNT,
};

/* What the service accepts; borrows. */
struct sigv4_policy {
	const char *const *regions; /* NULL-terminated, one must match */
	const char *service;
	int64_t now_s; /* seconds since 1970 UTC */
};

/*
 * Read the Authorization header and the date.  Always fills *ret, with what
 * was found, so that a refusal can be explained.
 */
enum sigv4_refusal sigv4_parse(const struct sigv4_request *req,
			       struct sigv4_auth *ret) _must_check_;

/*
 * Scope, clock, and that host, date, X-Amz-Target and X-Amz-Security-Token
 * are signed where the request has them (host and date: always).
 */
enum sigv4_refusal sigv4_check(const struct sigv4_request *req,
			       struct sigv4_auth *auth,
			       const struct sigv4_policy *policy) _must_check_;

/*
 * The signing key of one secret access key (its text), day, region and
 * service.  Keep it as a struct hmac (hmac_init()), one a thread.  Returns 0,
 * -EINVAL (empty secret), -ENOMEM, -EIO.
 */
int sigv4_day_key(const struct secret *secret_access_key, const char *date,
		  const char *region, const char *service,
		  struct secret *ret) _must_check_;

/*
 * Compare, in constant time, the signature with ours under @day_key.  Returns
 * SIGV4_OK or SIGV4_MISMATCH (also when OpenSSL fails: closed).
 */
enum sigv4_refusal sigv4_verify(const struct sigv4_request *req,
				const struct sigv4_auth *auth,
				struct hmac *day_key) _must_check_;

/*
 * AWS's words for @why in @buf, without secrets; empty for SIGV4_OK.  Some
 * repeat what the client sent, cut to fit and to printable ASCII.
 */
void sigv4_explain(enum sigv4_refusal why, const struct sigv4_auth *auth,
		   const struct sigv4_policy *policy,
		   char buf[SIGV4_EXPLAIN_BYTES]);

struct sigv4_credentials {
	const char *access_key_id;
	const struct secret *secret_access_key; /* its text */
	const char *session_token;		/* NULL = none */
};

/* The headers to add to a signed request, beside X-Amz-Security-Token. */
struct sigv4_signature {
	char time[SIGV4_TIME_LEN + 1]; /* X-Amz-Date */
	char *authorization;	       /* Authorization; owned */
};

#define SIGV4_SIGNATURE_INIT ((struct sigv4_signature){0})

/*
 * Sign all headers of @req, which has "host" and has none of X-Amz-Date,
 * X-Amz-Security-Token and Authorization; the first two are signed as the
 * caller will add them.  Returns 0, -EINVAL (no host, one of the three is
 * there, a time before 1970 or after 9999), -ENOMEM, -EIO.
 */
int sigv4_sign(const struct sigv4_request *req,
	       const struct sigv4_credentials *creds, const char *region,
	       const char *service, int64_t now_s,
	       struct sigv4_signature *ret) _must_check_;
void sigv4_signature_done(struct sigv4_signature *s);

#endif
