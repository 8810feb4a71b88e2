/* SPDX-License-Identifier: MIT */
/*
 * kmsctl key show: one key's record; nothing in it is secret.
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
		e = cmd_agent_call(args, "ShowKey", take_ptr(params), NULL, 0,
				   CMD_CALL_MS, &answer);
	return e ? e : cmd_entry_print(args, answer);
}

const struct cmd cmd_key_show = {
	.name = "key show",
	.operands = "NAME",
	.summary = "Show one key's record and where it is delivered",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
