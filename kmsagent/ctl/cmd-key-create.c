/* SPDX-License-Identifier: MIT */
/*
 * kmsctl key create: have the agent make a data key under a name.
 */
#include <string.h>

#include "keyring/keytype.h"
#include "kmsagent/base/conf.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/number.h"
#include "kmsagent/ctl/params.h"

#define DIRECTORY "directory" /* a purpose */

static const struct cmd_option options[] = {
	{0, false, "cmk", "ID", "the CMK: key id, ARN or alias/NAME"},
	{0, false, "purpose", "PURPOSE",
	 "ring (default), volume (dm-crypt) or directory (fscrypt)"},
	{0, false, "type", "TYPE",
	 "logon (default), user or fscrypt-provisioning"},
	{0, false, "bytes", "N", "length of the key (default: by type)"},
	{0, true, "allow", "WHO", "uid:N, user:NAME, gid:N or group:NAME"},
	{'c', true, "context", "KEY=VALUE", "encryption context"},
	{0, false, "lease", "DURATION",
	 "life of a delivered key without renewal (default 1h)"},
	{0, false, "exportable", NULL,
	 "let who holds the key read it: needs --type user"},
	{0},
};

/* The agent's, told here for the checks below. */
static const struct kr_keytype *default_type(const struct cmd_args *args)
{
	const char *purpose = cmd_get(args, "purpose");

	return purpose && !strcmp(purpose, DIRECTORY)
		       ? kr_keytype_find("fscrypt-provisioning")
		       : &kr_keytypes[0];
}

/* Type, length and --exportable depend on each other. */
static enum cmd_exit type_params(const struct cmd_args *args, cJSON *params)
{
	const char *name = cmd_get(args, "type");
	const char *bytes_text = cmd_get(args, "bytes");
	const struct kr_keytype *type = default_type(args);
	bool exportable = cmd_has(args, "exportable");
	uint64_t bytes;

	if (name)
		type = kr_keytype_find(name);
	if (!type)
		return cmd_misuse(args,
				  "--type '%s' is none of logon, user, "
				  "fscrypt-provisioning",
				  name);
	if (type->readable && !exportable)
		return cmd_misuse(args,
				  "any process that holds a key of type %s "
				  "can read it: say --exportable if you want "
				  "that, or take --type logon",
				  type->name);
	if (exportable && !type->readable)
		return cmd_misuse(args,
				  "--exportable needs --type user: the kernel "
				  "never gives out a key of type %s",
				  type->name);
	if (json_add_string(params, "type", type->name) < 0 ||
	    json_add_bool(params, "exportable", exportable) < 0)
		return cmd_fail_memory(args);
	if (!bytes_text)
		return CMD_DONE;
	if (cmd_number_parse(bytes_text, type->min_bytes, type->max_bytes,
			     &bytes) < 0)
		return cmd_misuse(args,
				  "--bytes '%s': a key of type %s has %zu to "
				  "%zu bytes",
				  bytes_text, type->name, type->min_bytes,
				  type->max_bytes);
	if (json_add_int(params, "bytes", (int64_t)bytes) < 0)
		return cmd_fail_memory(args);
	return CMD_DONE;
}

static enum cmd_exit purpose_param(const struct cmd_args *args, cJSON *params)
{
	const char *purpose = cmd_get(args, "purpose");

	if (purpose && strcmp(purpose, "ring") && strcmp(purpose, "volume") &&
	    strcmp(purpose, DIRECTORY))
		return cmd_misuse(args,
				  "--purpose '%s' is none of ring, volume, "
				  "directory",
				  purpose);
	return cmd_string_param(args, "purpose", params);
}

static enum cmd_exit lease_param(const struct cmd_args *args, cJSON *params)
{
	const char *text = cmd_get(args, "lease");
	int64_t lease_s;

	if (!text)
		return CMD_DONE;
	if (conf_parse_duration_s(text, &lease_s) < 0 || lease_s < 1 ||
	    lease_s > INT32_MAX)
		return cmd_misuse(args,
				  "--lease '%s' is not a duration such as 90s, "
				  "8h or 1h 30min",
				  text);
	if (json_add_int(params, "lease_s", lease_s) < 0)
		return cmd_fail_memory(args);
	return CMD_DONE;
}

/* Only the form: whether the agent knows the user is the agent's to say. */
static enum cmd_exit check_who(const struct cmd_args *args, const char *who)
{
	static const struct {
		const char *prefix;
		bool is_number;
	} forms[] = {
		{"uid:", true},
		{"gid:", true},
		{"user:", false},
		{"group:", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *rest = who + strlen(forms[i].prefix);
		uint64_t id;

		if (strncmp(who, forms[i].prefix, strlen(forms[i].prefix)))
			continue;
		if (forms[i].is_number
			    ? cmd_number_parse(rest, 0, UINT32_MAX - 1, &id) >=
				      0
			    : *rest)
			return CMD_DONE;
	}
	return cmd_misuse(args,
			  "--allow '%s' is none of uid:N, user:NAME, gid:N, "
			  "group:NAME",
			  who);
}

static enum cmd_exit allow_param(const struct cmd_args *args, cJSON *params)
{
	cJSON *list = cJSON_AddArrayToObject(params, "allow");
	const char *who;

	if (!list)
		return cmd_fail_memory(args);
	for (size_t i = 0; (who = cmd_get_nth(args, "allow", i)); i++) {
		enum cmd_exit e = check_who(args, who);
		cJSON *item;

		if (e)
			return e;
		item = cJSON_CreateString(who);
		if (!item || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(item);
			return cmd_fail_memory(args);
		}
	}
	return CMD_DONE;
}

static enum cmd_exit run(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (!e)
		e = type_params(args, params);
	if (!e)
		e = purpose_param(args, params);
	if (!e)
		e = cmd_string_param(args, "cmk", params);
	if (!e)
		e = allow_param(args, params);
	if (!e)
		e = cmd_context_params(args, "context", params);
	if (!e)
		e = lease_param(args, params);
	if (!e)
		e = cmd_agent_call(args, "CreateKey", take_ptr(params), NULL, 0,
				   CMD_CALL_MS, &answer);
	return e ? e : cmd_entry_print(args, answer);
}

const struct cmd cmd_key_create = {
	.name = "key create",
	.operands = "NAME",
	.summary = "Make a data key under a CMK and give it a name",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
