/* SPDX-License-Identifier: MIT */
/* Open volumes on paper.  What is shown is the agent's word. */
#include "kmsagent/ctl/mapping.h"

#include "kmsagent/base/json.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/number.h"
#include "kmsagent/ctl/text.h"

static void put(const char *label, const char *value)
{
	printf("%-16s", label);
	cmd_text_put(stdout, value);
	putchar('\n');
}

static bool is_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void put_mapping(const cJSON *m)
{
	put("volume", cmd_entry_string(m, "name"));
	printf("%-16s/dev/mapper/", "mapping");
	cmd_text_put(stdout, cmd_entry_string(m, "mapping"));
	printf(" (");
	cmd_text_put(stdout, cmd_entry_string(m, "number"));
	puts(")");
	printf("%-16s%lld sectors of 512 bytes%s%s%s\n", "size",
	       cmd_entry_int(m, "sectors"),
	       is_true(m, "read_only") ? ", read-only" : "",
	       is_true(m, "suspended") ? ", suspended" : "",
	       is_true(m, "closing") ? ", closing" : "");
	printf("%-16s%lld\n", "users", cmd_entry_int(m, "open_count"));
	put("table", cmd_entry_string_or(m, "table",
					 "not shown: it is not the agent's"));
	if (!is_true(m, "key_is_ours"))
		put("key", "not the agent's");
}

enum cmd_exit cmd_mapping_print(const struct cmd_args *args,
				const cJSON *answer)
{
	const cJSON *m = NULL;

	if (json_get_object(answer, "volume", &m) < 0)
		return cmd_fail(args, "System",
				"kmsctl and kmsagentd are of different "
				"versions",
				"the agent's answer holds no volume");
	if (args->json)
		return cmd_print_json(args, m);
	put_mapping(m);
	return CMD_DONE;
}

enum cmd_exit cmd_sectors_param(const struct cmd_args *args, const char *option,
				const char *member, cJSON *params)
{
	const char *text = cmd_get(args, option);
	uint64_t n;

	if (!text)
		return CMD_DONE;
	if (cmd_number_parse(text, 0, UINT64_C(1) << 52, &n) < 0)
		return cmd_misuse(args,
				  "--%s '%s' is not a number of sectors of 512 "
				  "bytes",
				  option, text);
	return json_add_int(params, member, (int64_t)n) < 0
		       ? cmd_fail_memory(args)
		       : CMD_DONE;
}
