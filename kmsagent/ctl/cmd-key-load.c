/* SPDX-License-Identifier: MIT */
/*
 * kmsctl key load: ask the kernel for the key, as any consumer would; the
 * upcall does the rest.  There is no second way to a key.
 */
#include <string.h>

#include "keyring/key.h"
#include "keyring/keytype.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/params.h"
#include "kmsagent/ctl/ring.h"

static const struct cmd_option options[] = {
	{0, false, "ring", "RING",
	 "@s (default), @u, @us, %keyring:NAME or a serial"},
	{0, false, "type", "TYPE", "do not ask the agent for the type"},
	{0},
};

static enum cmd_exit ring_option(const struct cmd_args *args,
				 const char **ret_name, key_serial_t *ret)
{
	const char *name = cmd_get(args, "ring");
	int r;

	if (!name)
		name = "@s";
	*ret_name = name;
	r = cmd_ring_parse(name, ret);
	if (r == -EDOM)
		return cmd_misuse(args, "the ring %s ends with kmsctl: take @s",
				  name);
	if (r == -ENOKEY)
		return cmd_fail(args, "NoKeyring",
				"keyctl show lists what this session sees; "
				"keyctl newring makes one",
				"no keyring is called %s", name);
	if (r < 0)
		return cmd_misuse(args,
				  "--ring '%s' is none of @s, @u, @us, "
				  "%%keyring:NAME, a serial",
				  name);
	return CMD_DONE;
}

/* The entry's type, by option or from the agent. */
static enum cmd_exit find_type(const struct cmd_args *args,
			       const struct kr_keytype **ret)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	const char *name = cmd_get(args, "type");
	const cJSON *key = NULL;
	enum cmd_exit e;

	if (name) {
		*ret = kr_keytype_find(name);
		return *ret ? CMD_DONE
			    : cmd_misuse(args,
					 "--type '%s' is none of logon, user, "
					 "fscrypt-provisioning",
					 name);
	}
	e = cmd_name_params(args, &params);
	if (!e)
		e = cmd_agent_call(args, "ShowKey", take_ptr(params), NULL, 0,
				   CMD_CALL_MS, &answer);
	if (e)
		return e;
	if (json_get_object(answer, "key", &key) >= 0)
		*ret = kr_keytype_find(cmd_entry_string(key, "type"));
	if (!*ret)
		return cmd_fail(
			args, "System",
			"kmsctl and kmsagentd are of different versions",
			"the agent names a key type not known here");
	return CMD_DONE;
}

/* kr_advice() is "cause; next step". */
static enum cmd_exit explain(const struct cmd_args *args, int r,
			     const char *type, const char *desc)
{
	static const struct {
		int err;
		const char *code;
	} codes[] = {
		{ENOKEY, "NoKey"},	     {EKEYREJECTED, "KeyRejected"},
		{EKEYEXPIRED, "KeyExpired"}, {EKEYREVOKED, "KeyRevoked"},
		{EDQUOT, "KeyQuota"},	     {EACCES, "KeyAccess"},
		{ENODEV, "NoKeyType"},
	};
	_free_ char *advice = strdup(kr_advice(r));
	const char *code = "System";
	char *next;

	if (!advice)
		return cmd_fail_memory(args);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].err == -r)
			code = codes[i].code;
	next = strstr(advice, "; ");
	if (next) {
		*next = '\0';
		next += 2;
	}
	return cmd_fail(args, code, next, "%s %s: %s (%s)", type, desc,
			strerror(-r), advice);
}

static enum cmd_exit report(const struct cmd_args *args, const char *ring,
			    key_serial_t serial)
{
	_json_ cJSON *object = NULL;

	if (!args->json) {
		printf("%d\n", serial);
		return CMD_DONE;
	}
	object = cJSON_CreateObject();
	if (!object || json_add_string(object, "name", args->operands[0]) < 0 ||
	    json_add_int(object, "serial", serial) < 0 ||
	    json_add_string(object, "ring", ring) < 0)
		return cmd_fail_memory(args);
	return cmd_print_json(args, object);
}

static enum cmd_exit run(const struct cmd_args *args)
{
	const struct kr_keytype *type = NULL;
	char desc[KR_NAME_DESC_BYTES];
	const char *name, *ring_name;
	key_serial_t ring, serial;
	enum cmd_exit e = cmd_name_operand(args, &name);
	int r;

	r = cmd_ring_settle_session();
	if (!e && r < 0)
		return explain(args, r, "session", "ring");
	if (!e)
		e = ring_option(args, &ring_name, &ring);
	if (!e)
		e = find_type(args, &type);
	if (e)
		return e;

	r = kr_desc_format(name, desc);
	if (r >= 0)
		r = kr_request(type->name, desc, "", ring, &serial);
	if (r < 0)
		return explain(args, r, type->name, desc);
	if (ring == KEY_SPEC_USER_KEYRING && !cmd_ring_session_sees_user())
		cmd_warn("the session has no link to @u, so nothing in it "
			 "finds the key there; keyctl link @u @s makes one (in "
			 "a unit: KeyringMode=shared)");
	return report(args, ring_name, serial);
}

const struct cmd cmd_key_load = {
	.name = "key load",
	.operands = "NAME",
	.summary = "Put a key into a keyring, by asking the kernel for it",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
