/* SPDX-License-Identifier: MIT */
/*
 * What policies say about a request.  Documents are compiled once; to decide
 * is then a matter of a microsecond, and allocates nothing.  Pure: everything
 * about the request comes in, a decision and its reason come out.
 * Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy
 * elements reference"; AWS KMS Developer Guide, "Key policies in AWS KMS".
 */
#ifndef KMSAGENT_KMS_POLICY_EVAL_H
#define KMSAGENT_KMS_POLICY_EVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "keyring/cleanup.h"
#include "kmsagent/kms/policy-keys.h"
#include "kmsagent/kms/request.h"

/* A compiled policy; constant, may be read by several threads. */
struct kms_rules;

enum kms_rules_kind {
	KMS_RULES_OF_KEY,      /* each statement says whom it is about */
	KMS_RULES_OF_IDENTITY, /* none does: it is about whom it hangs on */
};

#define KMS_RULES_WHY_BYTES 256

/*
 * Compile the document @text; copies what it needs.  Returns 0, -ENOMEM, or
 * -EBADMSG with a sentence in @why: what is wrong, and in which statement.
 * A statement of a key policy without Action or Resource is taken, as AWS
 * does, and has no effect.
 */
int kms_rules_compile(const char *text, enum kms_rules_kind kind,
		      struct kms_rules **ret,
		      char why[KMS_RULES_WHY_BYTES]) _must_check_;

/* NULL is fine. */
void kms_rules_free(struct kms_rules *rules);
void kms_rules_freep(struct kms_rules **rules);

#define KMS_CONDITION_SCRATCH 64

/*
 * Value number @index (from 0) of a condition key in this request, as text:
 * times as in clock_format_iso(), truth as "true" and "false".  Returns 1 with
 * *ret, which lives until the next call and may be in @scratch; 0: there are
 * not so many; negative errno: it cannot be told, and the request is denied.
 */
typedef int (*kms_condition_fn)(void *userdata, enum kms_condition_id id,
				const char *rest, size_t index,
				char scratch[KMS_CONDITION_SCRATCH],
				const char **ret);

/* What is asked for.  All borrowed. */
struct kms_access {
	const struct kms_principal *who;
	const char *action;	    /* "kms:Encrypt" */
	const char *resource;	    /* the key's ARN, an alias's, "*" */
	const char *owner;	    /* the account that has the resource */
	kms_condition_fn condition; /* NULL: a statement with a Condition
				       does not apply */
	void *userdata;
};

/* What one document says.  The greatest of all its statements counts. */
enum kms_say {
	KMS_SAY_NOTHING,
	KMS_SAY_DELEGATED, /* the caller's account is allowed to allow it */
	KMS_SAY_ALLOWED,
	KMS_SAY_DENIED,
	KMS_SAY_ERROR, /* a condition could not be evaluated */
};

/* Which statement said it; for logs and explanations. */
struct kms_reason {
	const struct kms_rules *rules; /* NULL: no statement did */
	size_t statement;	       /* from 1, as in the document */
	const char *sid;	       /* NULL: it has none; of @rules */
};

enum kms_say kms_rules_evaluate(const struct kms_rules *rules,
				const struct kms_access *access,
				struct kms_reason *ret_reason);

/* All that bears on one request. */
struct kms_policies {
	bool is_of_key;		     /* the resource is a key */
	const struct kms_rules *key; /* its policy; NULL allows nothing */
	bool is_granted;	     /* a grant allows it */
	const struct kms_rules *const *identity; /* the caller's own */
	size_t nidentity;
};

/* In the words of AWS's AccessDeniedException. */
enum kms_verdict {
	KMS_VERDICT_ALLOWED,
	KMS_VERDICT_DENIED_BY_KEY, /* an explicit deny in its policy */
	KMS_VERDICT_DENIED_BY_IDENTITY,
	KMS_VERDICT_NOT_BY_KEY, /* its policy does not allow it */
	KMS_VERDICT_NOT_BY_IDENTITY,
	KMS_VERDICT_ERROR,
};

struct kms_decision {
	enum kms_verdict verdict;
	struct kms_reason reason;
};

/*
 * Decide.  A deny wins, wherever it is.  Then for a key: its policy allows
 * the caller; or a grant does; or the policy delegates to the caller's
 * account and an identity policy allows.  A caller of another account needs
 * the first or second, or delegation, and an identity policy that allows.
 * For anything else an identity policy of the owner's account allows.  An
 * account's root is allowed by identity whatever its account may.
 */
void kms_decide(const struct kms_access *access, const struct kms_policies *p,
		struct kms_decision *ret);

#endif
