/* SPDX-License-Identifier: MIT */
/*
 * kmsctl key import: give the agent a record that key export wrote.
 */
#include <fcntl.h>
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/readtext.h"

/* A record is a few KiB: a context of 64 KiB in base64 and escapes at most. */
#define ENTRY_MAX_BYTES ((size_t)256 << 10)

static enum cmd_exit run(const struct cmd_args *args)
{
	const char *path = args->noperands ? args->operands[0] : "-";
	_json_ cJSON *params = cJSON_CreateObject();
	_json_ cJSON *answer = NULL;
	_json_ cJSON *entry = NULL;
	_free_ char *text = NULL;
	enum cmd_exit e = cmd_read_text(args, path, ENTRY_MAX_BYTES, &text);

	if (e)
		return e;
	if (json_parse_object(text, strlen(text), &entry) < 0)
		return cmd_fail(args, "InvalidArgument",
				"give it what kmsctl key export wrote",
				"%s is not a key's record", path);
	if (!params || json_add_string(params, "entry", text) < 0)
		return cmd_fail_memory(args);
	e = cmd_agent_call(args, "ImportKey", take_ptr(params), NULL, 0,
			   CMD_CALL_MS, &answer);
	return e ? e : cmd_entry_print(args, answer);
}

const struct cmd cmd_key_import = {
	.name = "key import",
	.operands = "[FILE]",
	.summary = "Take in a record that key export wrote; never over another",
	.max_operands = 1,
	.run = run,
};
