/* SPDX-License-Identifier: MIT */
/*
 * kmsctl key delete: remove a record, and with it the only copy of the
 * wrapped key.
 */
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/params.h"

static const struct cmd_option options[] = {
	{0, false, "destroy", NULL,
	 "yes: what this key encrypted is lost for good"},
	{0},
};

static enum cmd_exit print_deleted(const struct cmd_args *args)
{
	_json_ cJSON *object = cJSON_CreateObject();

	if (!object || json_add_string(object, "name", args->operands[0]) < 0 ||
	    json_add_bool(object, "deleted", true) < 0)
		return cmd_fail_memory(args);
	return cmd_print_json(args, object);
}

static enum cmd_exit run(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (e)
		return e;
	if (!cmd_has(args, "destroy"))
		return cmd_misuse(args,
				  "the record of '%s' is the only copy of its "
				  "wrapped key: keep one with kmsctl key "
				  "export, or say --destroy",
				  args->operands[0]);
	if (json_add_bool(params, "destroy", true) < 0)
		return cmd_fail_memory(args);
	e = cmd_agent_call(args, "DeleteKey", take_ptr(params), NULL, 0,
			   CMD_CALL_MS, &answer);
	if (e)
		return e;
	if (args->json)
		return print_deleted(args);
	printf("%s: deleted\n", args->operands[0]);
	return CMD_DONE;
}

const struct cmd cmd_key_delete = {
	.name = "key delete",
	.operands = "NAME",
	.summary = "Delete a key's record, the only copy of the wrapped key",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
