/* SPDX-License-Identifier: MIT */
/*
 * kmsctl key list: the keys that the caller may have.
 */
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/text.h"

static void put_row(const cJSON *key)
{
	const cJSON *serials = cJSON_GetObjectItemCaseSensitive(key, "serials");
	char lease[TEXT_DURATION_BYTES];

	cmd_text_duration(cmd_entry_int(key, "lease_s"), lease);
	printf("%-20s %-21s %5lld  %-12s %-8s %4d  ",
	       cmd_entry_string(key, "name"), cmd_entry_string(key, "type"),
	       cmd_entry_int(key, "bytes"), cmd_entry_string(key, "state"),
	       lease, cJSON_GetArraySize(serials));
	cmd_text_put(stdout, cmd_entry_string(key, "cmk"));
	putchar('\n');
}

static enum cmd_exit run(const struct cmd_args *args)
{
	_json_ cJSON *answer = NULL;
	const cJSON *keys = NULL, *key;
	enum cmd_exit e = cmd_agent_call(args, "ListKeys", NULL, NULL, 0,
					 CMD_CALL_MS, &answer);

	if (e)
		return e;
	if (json_get_array(answer, "keys", &keys) < 0)
		return cmd_fail(
			args, "System",
			"kmsctl and kmsagentd are of different versions",
			"the agent's answer holds no list");
	if (args->json)
		return cmd_print_json(args, answer);
	printf("%-20s %-21s %5s  %-12s %-8s %4s  %s\n", "NAME", "TYPE", "BYTES",
	       "STATE", "LEASE", "LIVE", "CMK");
	cJSON_ArrayForEach(key, keys) put_row(key);
	return CMD_DONE;
}

const struct cmd cmd_key_list = {
	.name = "key list",
	.summary = "List the keys that you may have",
	.run = run,
};
