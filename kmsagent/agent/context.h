/* SPDX-License-Identifier: MIT */
/*
 * The agent's own pairs in an encryption context, and what they decide.
 * Every context pins what the key is for and whose it is, so that a blob put
 * elsewhere is refused by the KMS itself.  Pure policy: no I/O.
 */
#ifndef KMSAGENT_AGENT_CONTEXT_H
#define KMSAGENT_AGENT_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "keyring/ectx.h"

#define AGENT_CONTEXT_PREFIX  "kmsagent:"
#define AGENT_CONTEXT_PURPOSE "kmsagent:purpose"
#define AGENT_CONTEXT_NAME    "kmsagent:name"
#define AGENT_CONTEXT_UID     "kmsagent:uid"

/* What an entry's key is for; a message's has no entry. */
enum agent_purpose {
	AGENT_PURPOSE_RING,	 /* asked for by request-key */
	AGENT_PURPOSE_VOLUME,	 /* goes into dm-crypt tables alone */
	AGENT_PURPOSE_DIRECTORY, /* into file systems, for fscrypt */
	AGENT_PURPOSE_COUNT_,
};

const char *agent_purpose_name(enum agent_purpose purpose);
/* -EINVAL: it is none. */
int agent_purpose_parse(const char *name, enum agent_purpose *ret) _must_check_;

/* A caller's own pair: no key of ours, none of the SDK's. */
bool agent_context_key_is_free(const char *key) _must_check_;

/*
 * @user's pairs and the pins of an entry.  -EINVAL: a key that is not free;
 * else errors of ectx_add().
 */
int agent_context_for_entry(const struct ectx *user, enum agent_purpose purpose,
			    const char *name, struct ectx *ret) _must_check_;

/* The same for a message: pinned to @name, or, where that is NULL, to @uid. */
int agent_context_for_message(const struct ectx *user, const char *name,
			      uid_t uid, struct ectx *ret) _must_check_;

/* What the context of an entry @name pins.  -EINVAL: not that name, or no
 * purpose of an entry. */
int agent_context_purpose(const struct ectx *c, const char *name,
			  enum agent_purpose *ret) _must_check_;

/* Who wants to open a message, and by what right. */
struct agent_reader {
	uid_t uid;
	const char *name;     /* -k NAME, which he may use; else NULL */
	const char *name_arn; /* that entry's CMK */
	const char *cmk;      /* --cmk; else NULL */
	const char *default_cmk;
	char *const *open_cmks; /* ARNs that anybody may have opened */
	size_t open_count;
};

/*
 * May @who have a message with context @c opened, whose data key is wrapped
 * under the CMK @edk_arn?  Returns 0 and the CMK to name in Decrypt
 * (borrowed; its answer must still be @edk_arn), -EPERM (not his: another
 * purpose, another's pin, a CMK that is not open to him), -EXDEV (this data
 * key is under another CMK than he named: try the next).
 */
int agent_context_judge(const struct ectx *c, const char *edk_arn,
			const struct agent_reader *who,
			const char **ret_cmk) _must_check_;

#endif
