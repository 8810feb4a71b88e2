/* SPDX-License-Identifier: MIT */
/* Key states and their refusals.  Changes of state are in op-state.c. */
#include "kmsagent/kms/state.h"

#include <string.h>

#include "kmsagent/kms/key.h"
#include "kmsagent/kms/reply.h"

static const struct {
	const char *name;
	enum kms_error_id error;
	const char *is; /* behind the key's ARN */
} states[KMS_STATE_COUNT] = {
	[KMS_STATE_ENABLED] = {"Enabled", KMS_ERROR_INVALID_STATE, "enabled"},
	[KMS_STATE_DISABLED] = {"Disabled", KMS_ERROR_DISABLED, "disabled"},
	[KMS_STATE_PENDING_DELETION] = {"PendingDeletion",
					KMS_ERROR_INVALID_STATE,
					"pending deletion"},
	[KMS_STATE_PENDING_REPLICA_DELETION] = {"PendingReplicaDeletion",
						KMS_ERROR_INVALID_STATE,
						"pending replica deletion"},
	[KMS_STATE_PENDING_IMPORT] = {"PendingImport", KMS_ERROR_INVALID_STATE,
				      "pending import"},
	[KMS_STATE_UNAVAILABLE] = {"Unavailable", KMS_ERROR_INVALID_STATE,
				   "unavailable"},
	[KMS_STATE_CREATING] = {"Creating", KMS_ERROR_INVALID_STATE,
				"creating"},
	[KMS_STATE_UPDATING] = {"Updating", KMS_ERROR_INVALID_STATE,
				"updating"},
};

const char *kms_state_name(enum kms_state state)
{
	return states[state].name;
}

enum kms_state kms_state_find(const char *name)
{
	int s = 0;

	while (s < KMS_STATE_COUNT && strcmp(states[s].name, name) != 0)
		s++;
	return (enum kms_state)s;
}

int kms_state_check(const struct kms_key *key, int64_t now_ms, unsigned allowed,
		    struct kms_reply *reply)
{
	enum kms_state now = kms_key_state(key, now_ms);

	if (allowed & (1u << now))
		return 0;
	/* What only a key on its way out can have done to it. */
	if ((allowed & ~KMS_IN_PENDING) == 0)
		return kms_fail(reply, KMS_ERROR_INVALID_STATE,
				"%s is not pending deletion.", key->arn);
	return kms_fail(reply, states[now].error, "%s is %s.", key->arn,
			states[now].is);
}
