/* SPDX-License-Identifier: MIT */
/* What the KMS client's own files share; nobody else includes it. */
#ifndef KMSAGENT_AWS_INTERNAL_H
#define KMSAGENT_AWS_INTERNAL_H

#include <curl/curl.h>
#include <stdint.h>

#include "kmsagent/aws/client.h"

#define AWSKMS_HOST_BYTES 300

/* Where to connect, taken apart. */
struct awskms_endpoint {
	char *url;		      /* "https://host:port/" */
	char *socket_path;	      /* NULL = TCP */
	char host[AWSKMS_HOST_BYTES]; /* the Host header */
};

/* endpoint.c.  Pure; -EINVAL with a sentence in @why. */
int awskms_endpoint_parse(const char *text, struct awskms_endpoint *ret,
			  char *why, size_t why_len) _must_check_;
void awskms_endpoint_done(struct awskms_endpoint *e);

struct awskms_client {
	struct awskms_endpoint endpoint;
	char *region;
	char *ca_file;
	unsigned connect_timeout_ms;
	unsigned total_timeout_ms;
	unsigned tries;
	struct awskms_credentials credentials;
	int64_t skew_s; /* the service's clock less ours */
	CURL *curl;	/* holds the warm connection */
	char curl_error[CURL_ERROR_SIZE];
	/* The last reply. */
	struct secret room; /* AWSKMS_MAX_REPLY_BYTES */
	size_t got;	    /* bytes of it in @room */
	size_t header_bytes;
	bool too_large;
	long http_status;
	int64_t date_s; /* the Date header, 0 = none */
	char error_type[AWSKMS_CODE_BYTES];
};

/*
 * transport.c: one POST with these headers; fills "the last reply".  Returns
 * 0 for any HTTP reply, else what awskms_call() says of no answer, with a
 * sentence in c->curl_error.
 */
int awskms_post(struct awskms_client *c, const struct curl_slist *headers,
		const char *body, size_t body_len) _must_check_;
void awskms_reply_wipe(struct awskms_client *c);

/*
 * client.c: sign, post, try again where that is right.  On 0 the body of a
 * 200 lies in c->room; wipe it by awskms_reply_wipe().
 */
int awskms_exchange(struct awskms_client *c, const char *operation,
		    const char *body, bool is_safe,
		    struct awskms_error *err) _must_check_;

/*
 * reply.c, pure.  Move the base64 string of the top-level member @name out of
 * a JSON object into *ret (NULL = nowhere) and overwrite it where it stood, so
 * that the text may go to a JSON parser.  Returns 0, -ENOENT (no such member),
 * -EBADMSG (no object, the member twice, not a string of base64), -ENOMEM.
 */
int awskms_secret_take(uint8_t *body, size_t len, const char *name,
		       struct secret *ret) _must_check_;

/* Read an AWS error envelope into *err; false if it is none. */
bool awskms_error_parse(const void *body, size_t len, long http_status,
			const char *error_type, struct awskms_error *err);
/* Copy text that came from elsewhere: one line of printable ASCII. */
void awskms_text_copy(char *to, size_t size, const char *from);

#endif
