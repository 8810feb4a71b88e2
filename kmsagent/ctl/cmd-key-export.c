/* SPDX-License-Identifier: MIT */
/*
 * kmsctl key export: a key's record as text, to keep or to move.  It holds
 * the wrapped key, which only the key service can open.
 */
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/output.h"
#include "kmsagent/ctl/params.h"

static const struct cmd_option options[] = {
	{'o', false, "output", "FILE", "the file to make (default: stdout)"},
	{0, false, "force", NULL, "let FILE take the place of a file"},
	{0},
};

static int write_file(const struct cmd_args *args, const char *path,
		      const char *entry)
{
	_cleanup_(cmd_output_done) struct cmd_output out = CMD_OUTPUT_INIT;
	int r = cmd_output_open(&out, path, cmd_has(args, "force"));

	if (r >= 0)
		r = io_write_full(out.fd, entry, strlen(entry));
	if (r >= 0)
		r = cmd_output_publish(&out);
	return r;
}

static enum cmd_exit run(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	const char *path = cmd_get(args, "output");
	const char *entry;
	enum cmd_exit e = cmd_name_params(args, &params);
	int r;

	if (!e)
		e = cmd_agent_call(args, "ExportKey", take_ptr(params), NULL, 0,
				   CMD_CALL_MS, &answer);
	if (e)
		return e;
	if (json_get_string(answer, "entry", &entry) < 0)
		return cmd_fail(
			args, "System",
			"kmsctl and kmsagentd are of different versions",
			"the agent's answer holds no entry");
	if (!path || !strcmp(path, "-")) {
		fputs(entry, stdout);
		if (!*entry || entry[strlen(entry) - 1] != '\n')
			putchar('\n');
		return CMD_DONE;
	}
	r = write_file(args, path, entry);
	if (r < 0)
		return cmd_fail_errno(
			args, r,
			r == -EEXIST ? "choose another name, or --force"
				     : "check the folder and its space",
			path);
	return CMD_DONE;
}

const struct cmd cmd_key_export = {
	.name = "key export",
	.operands = "NAME",
	.summary = "Write a key's record, which holds nothing secret",
	.options = options,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
