/* SPDX-License-Identifier: MIT */
/* Errors and arguments of the agent's methods.  No state in here. */
#include "kmsagent/agent/reply.h"

#include <stdarg.h>
#include <string.h>

#include "kmsagent/aws/error.h"
#include "kmsagent/base/json.h"

#define IFACE "io.kmsagent.Agent."

/* Pairs of name and string, ended by NULL. */
static void reply_error(struct varlink_call *call, const char *error,
			const char *next_step, ...)
{
	cJSON *params = cJSON_CreateObject();
	const char *name;
	va_list ap;

	va_start(ap, next_step);
	while (params && (name = va_arg(ap, const char *)))
		cJSON_AddStringToObject(params, name, va_arg(ap, const char *));
	va_end(ap);
	if (params && next_step)
		cJSON_AddStringToObject(params, "next_step", next_step);
	varlink_error(call, error, params);
}

void agent_reply_no_such_key(struct varlink_call *call, const char *name)
{
	reply_error(call, IFACE "NoSuchKey",
		    "kmsctl key list shows the names; root makes one with "
		    "kmsctl key create NAME",
		    "name", name, NULL);
}

void agent_reply_key_exists(struct varlink_call *call, const char *name)
{
	reply_error(call, IFACE "KeyExists",
		    "take another name; kmsctl key show NAME tells what it "
		    "is, kmsctl status whether its file is damaged",
		    "name", name, NULL);
}

void agent_reply_denied(struct varlink_call *call, const char *reason,
			const char *next_step)
{
	reply_error(call, IFACE "Denied", next_step, "reason", reason, NULL);
}

void agent_reply_invalid(struct varlink_call *call, const char *field,
			 const char *reason)
{
	reply_error(call, IFACE "InvalidArgument", NULL, "field", field,
		    "reason", reason, NULL);
}

void agent_reply_busy(struct varlink_call *call, const char *reason)
{
	reply_error(call, IFACE "Busy",
		    "try again in a moment, or raise [limits] in "
		    "kmsagent.conf",
		    "reason", reason, NULL);
}

void agent_reply_bad_message(struct varlink_call *call, const char *reason)
{
	reply_error(call, IFACE "BadMessage",
		    "the agent's log and audit say which check refused it",
		    "reason", reason, NULL);
}

void agent_reply_engine(struct varlink_call *call, const char *engine,
			const char *reason)
{
	reply_error(call, IFACE "EngineUnavailable",
		    "leave --engine away: auto takes one that works here",
		    "engine", engine, "reason", reason, NULL);
}

static const char *advice_of(int error)
{
	switch (-error) {
	case ENOSPC:
	case EDQUOT:
		return "make room where the output, or the agent's state, lies";
	case EPIPE:
		return "nobody read the output to its end, or the worker "
		       "died: the agent's log has more";
	case EAGAIN:
		return "too much is asked at once: try again in a moment";
	default:
		return "the agent's log has more";
	}
}

void agent_reply_system(struct varlink_call *call, int error, const char *what)
{
	agent_reply_advice(call, error, what, advice_of(error));
}

void agent_reply_advice(struct varlink_call *call, int error, const char *what,
			const char *next_step)
{
	cJSON *params = cJSON_CreateObject();

	if (params) {
		cJSON_AddNumberToObject(params, "errno", -error);
		cJSON_AddStringToObject(params, "what", what);
		cJSON_AddStringToObject(params, "next_step", next_step);
	}
	varlink_error(call, IFACE "System", params);
}

void agent_reply_volume(struct varlink_call *call, const char *error,
			const char *name, const char *reason,
			const char *next_step)
{
	char whole[64];

	snprintf(whole, sizeof(whole), IFACE "%s", error);
	reply_error(call, whole, next_step, "name", name, "reason", reason,
		    NULL);
}

void agent_reply_directory(struct varlink_call *call, const char *name,
			   const char *reason, const char *next_step)
{
	reply_error(call, IFACE "DirectoryRefused", next_step, "name", name,
		    "reason", reason, NULL);
}

void agent_reply_kms(struct varlink_call *call, const struct agent_msg *m)
{
	struct awskms_error err = AWSKMS_ERROR_INIT;
	const char *text = m->text ?: strerror(-m->error);

	err.class = m->class;
	snprintf(err.code, sizeof(err.code), "%s", m->code ?: "");
	snprintf(err.message, sizeof(err.message), "%s", text);
	if (m->code)
		reply_error(call, IFACE "KmsError", awskms_advice(&err), "code",
			    m->code, "message", text, NULL);
	else
		reply_error(call, IFACE "KmsUnreachable", awskms_advice(&err),
			    "message", text, NULL);
}

void agent_reply_with(struct varlink_call *call, cJSON *params)
{
	if (params)
		varlink_reply(call, params);
	else
		agent_reply_system(call, -ENOMEM, "writing the answer");
}

/* 0 and -ENOENT where absence is allowed are fine. */
static bool arg_done(struct varlink_call *call, const char *name,
		     bool is_needed, int r, const char *reason)
{
	if (r == 0 || (r == -ENOENT && !is_needed))
		return true;
	agent_reply_invalid(call, name,
			    r == -ENOENT ? "it is missing" : reason);
	return false;
}

bool agent_arg_string(struct varlink_call *call, const cJSON *params,
		      const char *name, bool is_needed, const char **ret)
{
	int r = json_get_string(params, name, ret);

	return arg_done(call, name, is_needed, r, "it is not a string");
}

bool agent_arg_int(struct varlink_call *call, const cJSON *params,
		   const char *name, bool is_needed, int64_t min, int64_t max,
		   int64_t *ret)
{
	int r = json_get_int(params, name, min, max, ret);
	char reason[96];

	snprintf(reason, sizeof(reason),
		 "it is not a whole number from %lld to %lld", (long long)min,
		 (long long)max);
	return arg_done(call, name, is_needed, r, reason);
}

bool agent_arg_bool(struct varlink_call *call, const cJSON *params,
		    const char *name, bool *ret)
{
	int r = json_get_bool(params, name, ret);

	return arg_done(call, name, false, r, "it is not true or false");
}

bool agent_arg_context(struct varlink_call *call, const cJSON *params,
		       struct ectx *ret)
{
	int r = json_get_ectx(params, "context", ret);

	return arg_done(call, "context", false, r,
			"it is not an object of strings, or too long");
}

void agent_caller_of(const struct varlink_call *call, struct agent_caller *ret,
		     gid_t **ret_groups)
{
	const struct ucred *peer = varlink_call_peer(call);

	*ret = (struct agent_caller){
		.uid = peer->uid,
		.gid = peer->gid,
		.pid = peer->pid,
	};
	if (varlink_call_peer_groups(call, ret_groups, &ret->ngroups) == 0)
		ret->groups = *ret_groups;
}
