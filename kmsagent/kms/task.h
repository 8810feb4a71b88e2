/* SPDX-License-Identifier: MIT */
/*
 * One operation on its way through the core, and what handlers ask of it.
 * All results as in reply.h: 0, KMS_REPLIED, or negative errno.
 */
#ifndef KMSAGENT_KMS_TASK_H
#define KMSAGENT_KMS_TASK_H

#include "keyring/ectx.h"
#include "keyring/secret.h"
#include "kmsagent/kms/key.h"
#include "kmsagent/kms/op.h"
#include "kmsagent/kms/reply.h"

#define KMS_TASK_MAX_BLOBS 2

struct kms_grant;
struct kms_service;

struct kms_task {
	struct kms_service *svc;
	const struct kms_request *req;
	const struct kms_op *op;
	struct kms_reply *reply;
	struct kms_region *region; /* the request's */
	struct kms_key *key;	   /* that the operation's key member names */
	int64_t now_ms;
	const struct pkey_kind *wanted_pair; /* by kms_task_need_pair() */
	struct pkey pair;
	struct {
		const char *name;
		struct secret bytes;
	} blobs[KMS_TASK_MAX_BLOBS]; /* decoded by kms_validate() */
};

/* Members that kms_validate() has passed; NULL, @fallback, false: absent. */
const cJSON *kms_arg(const struct kms_task *t, const char *name);
const char *kms_arg_string(const struct kms_task *t, const char *name);
int64_t kms_arg_int(const struct kms_task *t, const char *name,
		    int64_t fallback);
int64_t kms_arg_time_ms(const struct kms_task *t, const char *name); /* or 0 */
bool kms_arg_bool(const struct kms_task *t, const char *name);
const struct secret *kms_arg_blob(const struct kms_task *t, const char *name);

/* An encryption context; SerializationException, ValidationException. */
int kms_arg_context(struct kms_task *t, const char *name,
		    struct ectx *ret) _must_check_;

/* UnsupportedOperationException if the member is there: this build would not
 * honour it, and must not pass over it. */
int kms_refuse_member(struct kms_task *t, const char *name) _must_check_;

/*
 * The key that @ref means: key id, key ARN and, if the operation takes them,
 * alias name and alias ARN; noted for the audit record.  NotFoundException
 * otherwise.  -EAGAIN: an AWS-managed key that this caller is to bring to
 * life; the dispatcher does so and begins again.
 */
int kms_task_resolve(struct kms_task *t, const char *ref,
		     struct kms_key **ret) _must_check_;

/* The caller may do @permission with @key, or AccessDeniedException. */
int kms_task_authorize(struct kms_task *t, const char *permission,
		       const struct kms_key *key) _must_check_;
/* The same for a resource that is no key: "*", an alias ARN. */
int kms_task_authorize_resource(struct kms_task *t, const char *permission,
				const char *resource) _must_check_;

/* The key serves the operation's usage, or InvalidKeyUsageException. */
int kms_task_check_usage(struct kms_task *t,
			 const struct kms_key *key) _must_check_;

/* The key's spec serves the algorithm in member @name, or
 * InvalidKeyUsageException.  Of an encryption algorithm the default is
 * SYMMETRIC_DEFAULT. */
int kms_task_check_algorithm(struct kms_task *t, const struct kms_key *key,
			     const char *name) _must_check_;

/* The key's material is from where the operation's flags say, and it rotates
 * if they say so; else UnsupportedOperationException. */
int kms_task_check_origin(struct kms_task *t,
			  const struct kms_key *key) _must_check_;

/* The key seals ciphertext blobs, or InvalidKeyUsageException. */
int kms_task_check_symmetric(struct kms_task *t,
			     const struct kms_key *key) _must_check_;

/*
 * A fresh key pair of @kind in t->pair.  -EAGAIN: making one takes its time,
 * so no lock may be held; the dispatcher does it, and begins the operation
 * again.  To be asked for behind all checks and before anything is answered.
 */
int kms_task_need_pair(struct kms_task *t,
		       const struct pkey_kind *kind) _must_check_;

/* There are no custom key stores: if @member names one,
 * CustomKeyStoreNotFoundException. */
int kms_task_find_store(struct kms_task *t, const char *member) _must_check_;

/* The grant of a token, or InvalidGrantTokenException. */
int kms_task_open_token(struct kms_task *t, const char *token,
			struct kms_grant **ret) _must_check_;
/* Of each of the member GrantTokens. */
int kms_task_check_tokens(struct kms_task *t) _must_check_;

/* With DryRun, behind all checks: DryRunOperationException. */
int kms_task_dry_run(struct kms_task *t) _must_check_;

#endif
