/* SPDX-License-Identifier: MIT */
/*
 * kmsctl key unload: take a key back from every keyring on this host.
 */
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/params.h"

static enum cmd_exit run(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (!e)
		e = cmd_agent_call(args, "UnloadKey", take_ptr(params), NULL, 0,
				   CMD_CALL_MS, &answer);
	if (e)
		return e;
	if (args->json) {
		if (json_add_string(answer, "name", args->operands[0]) < 0)
			return cmd_fail_memory(args);
		return cmd_print_json(args, answer);
	}
	printf("%s: taken back from %lld keyring%s\n", args->operands[0],
	       cmd_entry_int(answer, "removed"),
	       cmd_entry_int(answer, "removed") == 1 ? "" : "s");
	return CMD_DONE;
}

const struct cmd cmd_key_unload = {
	.name = "key unload",
	.operands = "NAME",
	.summary = "Take a key back from every keyring on this host",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
