/* SPDX-License-Identifier: MIT */
/*
 * kmsctl dmcrypt close, status and resize: a volume that is open.
 */
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/mapping.h"
#include "kmsagent/ctl/params.h"

static const struct cmd_option close_options[] = {
	{0, false, "deferred", NULL, "when in use, close with the last user"},
	{0},
};

static enum cmd_exit run_close(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (!e && cmd_has(args, "deferred") &&
	    json_add_bool(params, "deferred", true) < 0)
		e = cmd_fail_memory(args);
	if (!e)
		e = cmd_agent_call(args, "DmcryptClose", take_ptr(params), NULL,
				   0, CMD_CALL_MS, &answer);
	if (e)
		return e;
	if (args->json)
		return cmd_print_json(args, answer);
	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "closed")))
		cmd_warn("in use: it closes with its last user");
	return CMD_DONE;
}

const struct cmd cmd_dmcrypt_close = {
	.name = "dmcrypt close",
	.operands = "NAME",
	.summary = "Remove the mapping of a volume",
	.options = close_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_close,
};

static enum cmd_exit run_status(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (!e)
		e = cmd_agent_call(args, "DmcryptStatus", take_ptr(params),
				   NULL, 0, CMD_CALL_MS, &answer);
	return e ? e : cmd_mapping_print(args, answer);
}

const struct cmd cmd_dmcrypt_status = {
	.name = "dmcrypt status",
	.operands = "NAME",
	.summary = "Show the mapping of a volume as the kernel has it",
	.min_operands = 1,
	.max_operands = 1,
	.run = run_status,
};

static const struct cmd_option resize_options[] = {
	{0, false, "size", "N", "sectors (default: to the device's end)"},
	{0},
};

static enum cmd_exit run_resize(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (!e)
		e = cmd_sectors_param(args, "size", "size", params);
	if (!e)
		e = cmd_agent_call(args, "DmcryptResize", take_ptr(params),
				   NULL, 0, CMD_CALL_MS, &answer);
	return e ? e : cmd_mapping_print(args, answer);
}

const struct cmd cmd_dmcrypt_resize = {
	.name = "dmcrypt resize",
	.operands = "NAME",
	.summary = "Give an open volume the length of its device, or another",
	.options = resize_options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_resize,
};
