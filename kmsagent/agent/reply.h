/* SPDX-License-Identifier: MIT */
/*
 * Answers on the agent's socket: the interface's errors, each with what to do
 * next, and arguments checked on the way in.
 */
#ifndef KMSAGENT_AGENT_REPLY_H
#define KMSAGENT_AGENT_REPLY_H

#include <cjson/cJSON.h>

#include "keyring/cleanup.h"
#include "keyring/ectx.h"
#include "kmsagent/agent/allow.h"
#include "kmsagent/agent/msg.h"
#include "kmsagent/varlink/server.h"

/* Each answers @call and so ends it. */
void agent_reply_no_such_key(struct varlink_call *call, const char *name);
void agent_reply_key_exists(struct varlink_call *call, const char *name);
void agent_reply_denied(struct varlink_call *call, const char *reason,
			const char *next_step);
void agent_reply_invalid(struct varlink_call *call, const char *field,
			 const char *reason);
void agent_reply_busy(struct varlink_call *call, const char *reason);
void agent_reply_bad_message(struct varlink_call *call, const char *reason);
void agent_reply_engine(struct varlink_call *call, const char *engine,
			const char *reason);
/* @error negative errno; @what was being done. */
void agent_reply_system(struct varlink_call *call, int error, const char *what);
/* The same, with a next step of the caller's. */
void agent_reply_advice(struct varlink_call *call, int error, const char *what,
			const char *next_step);
/* @error: VolumeRefused, VolumeOpen, VolumeNotOpen or VolumeInUse. */
void agent_reply_volume(struct varlink_call *call, const char *error,
			const char *name, const char *reason,
			const char *next_step);
void agent_reply_directory(struct varlink_call *call, const char *name,
			   const char *reason, const char *next_step);
/* A FETCHED message that is an error: the KMS's own, or none came. */
void agent_reply_kms(struct varlink_call *call, const struct agent_msg *m);
/* Parameters, taken; NULL says that memory ran out. */
void agent_reply_with(struct varlink_call *call, cJSON *params);

/*
 * Arguments.  After false the call has been answered with what is wrong.  An
 * optional one that is absent leaves *ret as it was.  Strings are borrowed.
 */
bool agent_arg_string(struct varlink_call *call, const cJSON *params,
		      const char *name, bool is_needed,
		      const char **ret) _must_check_;
bool agent_arg_int(struct varlink_call *call, const cJSON *params,
		   const char *name, bool is_needed, int64_t min, int64_t max,
		   int64_t *ret) _must_check_;
bool agent_arg_bool(struct varlink_call *call, const cJSON *params,
		    const char *name, bool *ret) _must_check_;
bool agent_arg_context(struct varlink_call *call, const cJSON *params,
		       struct ectx *ret) _must_check_;

/* Who calls; groups are the caller's to free (NULL: they are not known). */
void agent_caller_of(const struct varlink_call *call, struct agent_caller *ret,
		     gid_t **ret_groups);

#endif
