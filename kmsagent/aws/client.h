/* SPDX-License-Identifier: MIT */
/*
 * A client of AWS KMS's own protocol, blocking, HTTP/1.1: over a Unix socket
 * to the local service (which knows the caller by its uid), or over HTTP(S)
 * with Signature Version 4.  A data key's plaintext goes straight into a
 * struct secret: bodies are received into locked memory and blanked before
 * they are parsed, and libcurl's own buffers are wiped when it frees them.
 * Known copies: OpenSSL's record buffers while a TLS connection lives.
 */
#ifndef KMSAGENT_AWS_CLIENT_H
#define KMSAGENT_AWS_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/ectx.h"
#include "keyring/secret.h"
#include "kmsagent/aws/credentials.h"
#include "kmsagent/aws/error.h"

#define AWSKMS_MAX_REPLY_BYTES ((size_t)64 << 10)

struct awskms_client;

struct awskms_config {
	/* "unix:/run/kmsd/kmsd.sock", "http://HOST[:PORT]" or "https://..." */
	const char *endpoint;
	const char *region;	     /* the signature's scope */
	const char *ca_file;	     /* NULL = the system's */
	unsigned connect_timeout_ms; /* 0 = 3000 */
	unsigned total_timeout_ms;   /* 0 = 8000; one try, all of it */
	unsigned tries;		     /* for safe operations; 0 = 1, at most 5 */
	/* Moved out of here into the client; none for unix: endpoints. */
	struct awskms_credentials *credentials;
};

/*
 * Once, before threads and before any other user of libcurl: its memory is
 * wiped on free from then on.  Returns 0, -EIO.
 */
int awskms_global_init(void) _must_check_;

/*
 * Check the configuration and make a client; connects at the first call.
 * Returns 0, -EINVAL with a sentence in @why (endpoint syntax, region,
 * credentials missing for http), -ENOMEM.
 */
int awskms_new(const struct awskms_config *config, struct awskms_client **ret,
	       char *why, size_t why_len) _must_check_;
void awskms_free(struct awskms_client *c);
static inline void awskms_freep(struct awskms_client **c)
{
	awskms_free(*c);
}

/*
 * Every call below returns 0, -EREMOTEIO (the service answered with an
 * error), another negative errno (it did not answer: -ECONNREFUSED,
 * -ENOENT, -EACCES, -EHOSTUNREACH, -ETIMEDOUT, -ECONNRESET, -EPROTO for TLS
 * and HTTP, -EBADMSG for a reply that is none, -EMSGSIZE over
 * AWSKMS_MAX_REPLY_BYTES, -EPERM for missing credentials), or -ENOMEM.
 * *err (may be NULL) is always filled: class, AWS code, sentence.
 * Calls that change nothing at the service and that failed in a way that may
 * pass are tried up to config.tries times with growing, jittered pauses;
 * a signature refused for its time is tried once more with the service's
 * clock (the Date header).
 */

/* Any operation: "ListKeys".  *ret_body (an object) is the caller's.  A
 * "Plaintext" in the reply is blanked: use the typed calls for key bytes. */
int awskms_call(struct awskms_client *c, const char *operation,
		const cJSON *request, cJSON **ret_body,
		struct awskms_error *err) _must_check_;

/*
 * The same, the reply as text and nothing blanked: for an operator's own
 * call on his terminal.  @request is text too and is not looked at.
 */
int awskms_call_text(struct awskms_client *c, const char *operation,
		     const char *request, struct secret *ret_body,
		     struct awskms_error *err) _must_check_;

struct awskms_data_key {
	struct secret plaintext; /* empty after a DryRun */
	uint8_t *blob;		 /* CiphertextBlob */
	size_t blob_len;
	char *key_arn;
	char *key_material_id; /* NULL if the service tells none */
};

#define AWSKMS_DATA_KEY_INIT ((struct awskms_data_key){0})
void awskms_data_key_done(struct awskms_data_key *k);

/*
 * GenerateDataKey, NumberOfBytes = @bytes (1..1024).  -EBADMSG also when the
 * plaintext has another length.  Never tried twice.
 */
int awskms_generate_data_key(struct awskms_client *c, const char *key_id,
			     const struct ectx *context, unsigned bytes,
			     struct awskms_data_key *ret,
			     struct awskms_error *err) _must_check_;

/* GenerateDataKeyWithoutPlaintext: for making an entry before it is used. */
int awskms_generate_data_key_without_plaintext(
	struct awskms_client *c, const char *key_id, const struct ectx *context,
	unsigned bytes, struct awskms_data_key *ret,
	struct awskms_error *err) _must_check_;

/* Decrypt; key id and context are always named. */
int awskms_decrypt(struct awskms_client *c, const char *key_id,
		   const struct ectx *context, const void *blob,
		   size_t blob_len, struct secret *ret_plaintext,
		   char **ret_key_arn, struct awskms_error *err) _must_check_;

/*
 * Decrypt with DryRun: would it work?  0 = yes (the service answered
 * DryRunOperationException); no plaintext moves.  A service that does not
 * know DryRun and sends a plaintext gets -EPROTO; the bytes are wiped.
 */
int awskms_decrypt_dry_run(struct awskms_client *c, const char *key_id,
			   const struct ectx *context, const void *blob,
			   size_t blob_len,
			   struct awskms_error *err) _must_check_;

struct awskms_key_info {
	char *key_arn;
	char *key_id;
	char *key_state; /* "Enabled" */
	char *key_spec;
	char *current_key_material_id; /* may be NULL */
};

#define AWSKMS_KEY_INFO_INIT ((struct awskms_key_info){0})
void awskms_key_info_done(struct awskms_key_info *k);

int awskms_describe_key(struct awskms_client *c, const char *key_id,
			struct awskms_key_info *ret,
			struct awskms_error *err) _must_check_;

#endif
