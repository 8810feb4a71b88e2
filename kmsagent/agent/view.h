/* SPDX-License-Identifier: MIT */
/* The agent's state as the interface's types. */
#ifndef KMSAGENT_AGENT_VIEW_H
#define KMSAGENT_AGENT_VIEW_H

#include <cjson/cJSON.h>

#include "keyring/cleanup.h"
#include "kmsagent/agent/keys.h"

/* A Key; the caller deletes.  Forgets serials that are gone.  NULL = no
 * memory. */
cJSON *agent_view_key(struct agent_key *k) _must_check_;

/* The same as the answer of a method: { "key": ... }. */
cJSON *agent_view_key_reply(struct agent_key *k) _must_check_;

#endif
