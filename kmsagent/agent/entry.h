/* SPDX-License-Identifier: MIT */
/*
 * The record of a named data key, and its text: JSON that holds nothing
 * secret.  Pure: what a file or a caller gives is parsed here and nothing
 * else happens.
 */
#ifndef KMSAGENT_AGENT_ENTRY_H
#define KMSAGENT_AGENT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"
#include "keyring/ectx.h"
#include "keyring/keytype.h"
#include "kmsagent/agent/context.h"
#include "kmsagent/agent/fspolicy.h"
#include "kmsagent/agent/volume.h"

#define AGENT_ENTRY_VERSION   1
#define AGENT_ENTRY_MAX_BYTES ((size_t)64 << 10) /* of its text */
#define AGENT_LEASE_MIN_S     2
#define AGENT_LEASE_MAX_S     ((int64_t)366 * 24 * 3600)
#define AGENT_BLOB_MAX_BYTES  6144

struct agent_entry {
	char name[KR_NAME_MAX_BYTES + 1];
	char *cmk;	       /* as it was asked for: id, ARN or alias */
	char *cmk_arn;	       /* as the KMS answered; what Decrypt names */
	char *key_material_id; /* NULL = the KMS told none */
	uint8_t *blob;	       /* CiphertextBlob: the only copy */
	size_t blob_len;
	struct ectx context;	    /* whole, the agent's own pairs included */
	enum agent_purpose purpose; /* as the context pins it */
	const struct kr_keytype *type;
	unsigned bytes;
	char **allow;
	size_t allow_count;
	int64_t lease_s;
	bool exportable;
	int64_t created_s;
	struct volume volume; /* bound at its first open */
	/* a directory's: by which the kernel knows the key, since its set-up */
	bool has_policy_id;
	uint8_t policy_id[FSPOLICY_ID_BYTES];
};

#define AGENT_ENTRY_INIT ((struct agent_entry){0})

void agent_entry_done(struct agent_entry *e);

/* Add a line to the allow list; copies.  -EINVAL, -E2BIG, -ENOMEM. */
int agent_entry_allow(struct agent_entry *e, const char *line) _must_check_;

/*
 * Parse the text of an entry.  Every member is known and there, of the right
 * type and in range; the context pins the name and a purpose.  Returns
 * 0, -EBADMSG with a sentence in @why, -ENOMEM.
 */
int agent_entry_parse(const char *text, size_t len, struct agent_entry *ret,
		      char *why, size_t why_len) _must_check_;

/* One line of JSON, without a newline; the caller frees. */
int agent_entry_format(const struct agent_entry *e, char **ret) _must_check_;

/* The allow list as member "allow", empty or not.  -ENOMEM. */
int agent_entry_add_allow(cJSON *j, const struct agent_entry *e) _must_check_;

/* Its policy_id as member "policy_identifier".  -ENOMEM. */
int agent_entry_add_policy_id(cJSON *j,
			      const struct agent_entry *e) _must_check_;

/* Standard base64 with padding; NULL = no memory. */
char *agent_base64(const uint8_t *bytes, size_t len) _must_check_;

#endif
