/* SPDX-License-Identifier: MIT */
/*
 * Grants: who may do which operations with a key, under which encryption
 * contexts.  What one is, how it looks as JSON, and its tokens.  Whether a
 * grant allows a call is not decided here.
 * Source: AWS KMS Developer Guide, "Grants in AWS KMS".
 */
#ifndef KMSAGENT_KMS_GRANT_H
#define KMSAGENT_KMS_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/ectx.h"
#include "kmsagent/base/json.h"
#include "kmsagent/kms/spec.h"

#define KMS_GRANT_ID_LEN      64    /* lower-case hexadecimal digits */
#define KMS_MAX_GRANTS	      50000 /* per key */
#define KMS_MAX_GRANT_PAIRS   8	    /* of a constraint */
#define KMS_MAX_GRANT_CHARS   384   /* of a pair's value */
#define KMS_GRANT_TOKEN_CHARS 256   /* room for one, with the NUL */

struct kms_key;
struct kms_service;

struct kms_grant {
	const char *name; /* for the index: points to id */
	char id[KMS_GRANT_ID_LEN + 1];
	struct kms_key *key;
	uint64_t revision; /* of its record */
	int64_t created_ms;
	char *label; /* the API's Name; "" if none was given */
	char *grantee;
	char *retiring;	     /* NULL: nobody */
	char *issuer;	     /* the account's root */
	uint32_t operations; /* a bit each, by kms_grant_operation() */
	struct ectx *subset; /* NULL: no such constraint */
	struct ectx *equals;
};

/* NULL and half-built ones are fine. */
void kms_grant_free(struct kms_grant *grant);
void kms_grant_freep(struct kms_grant **grant);

/* All operations' names, as the API has them, NULL-terminated. */
extern const char *const kms_grant_operations[];

/* The bit of an operation; 0: none of that name. */
uint32_t kms_grant_operation(const char *name);

/* The operations that a key of @spec and @usage can be granted. */
uint32_t kms_grant_operations_of(const struct kms_spec *spec,
				 enum kms_usage usage);

/* Those of the operations that an encryption context can bind. */
uint32_t kms_grant_operations_with_context(void);

/* All that CreateGrant was told is the same. */
bool kms_grant_is_same(const struct kms_grant *a,
		       const struct kms_grant *b) _must_check_;

/* As ListGrants shows it; NULL: no memory. */
cJSON *kms_grant_show(const struct kms_grant *grant) _must_check_;

/* As a record has it, and back: 0, -EBADMSG, -ENOMEM. */
char *kms_grant_encode(const struct kms_grant *grant) _must_check_;
int kms_grant_decode(const cJSON *obj, struct kms_grant *grant) _must_check_;

/* The constraint @name of @obj; *ret NULL if it is not there. */
int kms_grant_get_context(const cJSON *obj, const char *name,
			  struct ectx **ret) _must_check_;

bool kms_grant_id_is_valid(const char *id) _must_check_;

/*
 * A token names a grant to this kmsd alone: sealed under the key-encryption
 * key, another each time, and no secret.  kms_grant_token_open() gives the
 * grant, or NULL in *ret: not made here, for another region, or its grant is
 * gone.  0 or negative errno.
 */
int kms_grant_token_new(struct kms_service *svc, const struct kms_grant *grant,
			char ret[KMS_GRANT_TOKEN_CHARS]) _must_check_;
struct kms_region;
int kms_grant_token_open(struct kms_service *svc,
			 const struct kms_region *region, const char *token,
			 int64_t now_ms, struct kms_grant **ret) _must_check_;

#endif
