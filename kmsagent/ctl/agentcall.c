/* SPDX-License-Identifier: MIT */
/*
 * Calls to the agent, and the words for everything that can go wrong on the
 * way.  What an error means is the agent's to say; here is how it reads.
 */
#include "kmsagent/ctl/agentcall.h"

#include <stdarg.h>
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/varlink/client.h"

#define INTERFACE "io.kmsagent.Agent."

/* How each error reads: before, its member's value, after. */
static const struct {
	const char *name;   /* behind INTERFACE, or whole */
	const char *before; /* words before the member */
	const char *member; /* a string of the error's; NULL: none */
	const char *after;
	const char *next_step; /* when the agent gave none; NULL: none */
} words[] = {
	{"NoSuchKey", "no key is called '", "name", "'",
	 "kmsctl key list shows the keys that you may have"},
	{"KeyExists", "there is a key called '", "name", "' already",
	 "choose another name, or look at it with kmsctl key show"},
	{"KeyInUse", "key '", "name", "' is in use",
	 "kmsctl key unload takes it back from the keyrings first"},
	{"Denied", "denied: ", "reason", "",
	 "ask an administrator of this host to add you with --allow"},
	{"VolumeRefused", "refused: ", "reason", "", NULL},
	{"VolumeOpen", "the volume cannot be opened: ", "reason", "",
	 "kmsctl dmcrypt close closes it"},
	{"VolumeNotOpen", "no volume of that key: ", "reason", "",
	 "kmsctl dmcrypt open opens it"},
	{"DirectoryRefused", "refused: ", "reason", "", NULL},
	{"VolumeInUse", "the volume stays open: ", "reason", "",
	 "see what uses it with lsblk and findmnt"},
	{"KmsError", "the key service refused: ", "message", "",
	 "kmsctl doctor looks at the key service"},
	{"KmsUnreachable", "the key service does not answer: ", "message", "",
	 "kmsctl doctor looks at the key service"},
	{"BadMessage", "the input was refused: ", "reason", "",
	 "the agent's log names the check that failed"},
	{"InvalidArgument", "refused by the agent: ", "reason", "", NULL},
	{"EngineUnavailable", "the engine cannot be used: ", "reason", "",
	 "--engine auto takes one that works here"},
	{"System", "the agent failed: ", "what", "",
	 "the agent's log has more"},
	{"Busy", "the agent is busy: ", "reason", "", "try again shortly"},
	{"org.varlink.service.PermissionDenied", "only root may do that", NULL,
	 "", "run it as root"},
	{"org.varlink.service.MethodNotFound", "the agent does not know ",
	 "method", "", "kmsctl and kmsagentd are of different versions"},
	{"org.varlink.service.InvalidParameter", "the agent does not accept ",
	 "parameter", "", "kmsctl and kmsagentd are of different versions"},
};

/* A failed connection: what it means and what to do. */
static const struct {
	int err;
	const char *means;
	const char *next_step;
} unconnected[] = {
	{ENOENT, "the agent is not running (no socket there)",
	 "start it: systemctl start kmsagentd.socket"},
	{ECONNREFUSED, "the agent is not running (nobody listens)",
	 "start it: systemctl start kmsagentd"},
	{EACCES, "this user may not use the agent's socket",
	 "look at the socket's owner and mode, and at its folder's"},
	{ETIMEDOUT, "the agent takes no connection",
	 "it is overloaded or stopped: look at its log"},
};

static const char *member_of(const cJSON *params, const char *name)
{
	const char *value = NULL;

	if (!params || !name || json_get_string(params, name, &value) < 0)
		return NULL;
	return value;
}

static void set_words(struct cmd_agent_error *e, const char *code,
		      const char *next_step, const char *format, ...)
	_printf_(4, 5);
static void set_words(struct cmd_agent_error *e, const char *code,
		      const char *next_step, const char *format, ...)
{
	va_list ap;

	snprintf(e->code, sizeof(e->code), "%s", code);
	snprintf(e->next_step, sizeof(e->next_step), "%s",
		 next_step ? next_step : "");
	va_start(ap, format);
	vsnprintf(e->message, sizeof(e->message), format, ap);
	va_end(ap);
}

/* What an error has beside its one sentence. */
static void add_details(struct cmd_agent_error *e, const cJSON *params)
{
	const char *field = member_of(params, "field");
	const char *kms_code = member_of(params, "code");
	size_t len = strlen(e->message);
	int64_t err;

	if (field)
		snprintf(e->message + len, sizeof(e->message) - len, " (%s)",
			 field);
	else if (params && json_get_int(params, "errno", 1, 4095, &err) >= 0)
		snprintf(e->message + len, sizeof(e->message) - len, ": %s",
			 strerror((int)err));
	/* The service's own code says more than "KmsError". */
	if (!strcmp(e->code, "KmsError") && kms_code)
		snprintf(e->code, sizeof(e->code), "%s", kms_code);
}

void cmd_agent_error_words(const char *name, const cJSON *params,
			   struct cmd_agent_error *ret)
{
	const char *code = name, *dot = strrchr(name, '.');
	const char *next_step = member_of(params, "next_step");

	if (dot)
		code = dot + 1;
	if (!strncmp(name, INTERFACE, strlen(INTERFACE)))
		name += strlen(INTERFACE);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const char *value = "";

		if (strcmp(words[i].name, name))
			continue;
		if (words[i].member)
			value = member_of(params, words[i].member);
		set_words(ret, code, next_step ? next_step : words[i].next_step,
			  "%s%s%s", words[i].before, value ? value : "?",
			  words[i].after);
		add_details(ret, params);
		return;
	}
	set_words(ret, code, next_step, "the agent answered with error %s",
		  name);
}

static void connect_words(int r, const char *socket,
			  struct cmd_agent_error *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(unconnected); i++) {
		if (unconnected[i].err != -r)
			continue;
		set_words(ret, "AgentUnreachable", unconnected[i].next_step,
			  "%s: %s", socket, unconnected[i].means);
		return;
	}
	set_words(ret, "AgentUnreachable", "check --socket and KMSAGENT_SOCKET",
		  "%s: %s", socket, strerror(-r));
}

static void call_words(int r, struct cmd_agent_error *ret)
{
	if (r == -ETIMEDOUT)
		set_words(ret, "AgentUnreachable", "look at the agent's log",
			  "the agent did not answer in time");
	else if (r == -ECONNRESET || r == -EPIPE)
		set_words(ret, "AgentUnreachable", "look at the agent's log",
			  "the agent closed the connection before it answered");
	else if (r == -EMSGSIZE)
		set_words(ret, "System", NULL, "the message is over 1 MiB");
	else
		set_words(ret, "System", "look at the agent's log",
			  "the call to the agent failed: %s", strerror(-r));
}

/* @given: the descriptor to give away, or NULL; then @fds are borrowed. */
static int try_call(const char *socket, const char *method, const cJSON *params,
		    const int *fds, int *given, size_t nfds, int timeout_ms,
		    cJSON **ret, struct cmd_agent_error *ret_error)
{
	_cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
	_json_ cJSON *answer = NULL;
	_free_ char *error = NULL;
	char name[96];
	int r;

	r = varlink_client_connect(socket, CMD_CONNECT_MS, &client);
	if (r < 0) {
		connect_words(r, socket, ret_error);
		return r;
	}
	snprintf(name, sizeof(name), INTERFACE "%s", method);
	if (given)
		r = varlink_client_call_giving(client, name, params, given,
					       nfds, timeout_ms, &answer,
					       &error);
	else
		r = varlink_client_call(client, name, params, fds, nfds,
					timeout_ms, &answer, &error);
	if (r == -EREMOTEIO)
		cmd_agent_error_words(error, answer, ret_error);
	else if (r < 0)
		call_words(r, ret_error);
	else
		*ret = take_ptr(answer);
	return r < 0 ? r : 0;
}

int cmd_agent_try(const char *socket, const char *method, const cJSON *params,
		  const int *fds, size_t nfds, int timeout_ms, cJSON **ret,
		  struct cmd_agent_error *ret_error)
{
	return try_call(socket, method, params, fds, NULL, nfds, timeout_ms,
			ret, ret_error);
}

enum cmd_exit cmd_agent_call_giving(const struct cmd_args *args,
				    const char *method, cJSON *params, int fd,
				    int timeout_ms, cJSON **ret)
{
	_json_ cJSON *owned = params;
	struct cmd_agent_error e;
	int r = try_call(args->socket, method, owned, NULL, &fd, 1, timeout_ms,
			 ret, &e);

	/* Where nobody could be connected to. */
	close_keep_errno(fd);
	if (r < 0)
		return cmd_fail(args, e.code, *e.next_step ? e.next_step : NULL,
				"%s", e.message);
	return CMD_DONE;
}

enum cmd_exit cmd_agent_call(const struct cmd_args *args, const char *method,
			     cJSON *params, const int *fds, size_t nfds,
			     int timeout_ms, cJSON **ret)
{
	_json_ cJSON *owned = params;
	struct cmd_agent_error e;
	int r;

	r = cmd_agent_try(args->socket, method, owned, fds, nfds, timeout_ms,
			  ret, &e);
	if (r < 0)
		return cmd_fail(args, e.code, *e.next_step ? e.next_step : NULL,
				"%s", e.message);
	return CMD_DONE;
}
