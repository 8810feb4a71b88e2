/* SPDX-License-Identifier: MIT */
/* Directories on paper.  What is shown is the agent's word. */
#include "kmsagent/ctl/directory.h"

#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/text.h"

static void put(const char *label, const char *value)
{
	printf("%-16s", label);
	cmd_text_put(stdout, value);
	putchar('\n');
}

static const cJSON *directory_of(const cJSON *answer)
{
	const cJSON *d = NULL;

	return json_get_object(answer, "directory", &d) < 0 ? NULL : d;
}

bool cmd_directory_is_busy(const cJSON *answer)
{
	const cJSON *d = directory_of(answer);

	return d && strcmp(cmd_entry_string(d, "state"), "busy") == 0;
}

static void put_state(const cJSON *d)
{
	static const struct {
		const char *state;
		const char *text;
	} texts[] = {
		{"plain", "not encrypted"},
		{"locked", "locked"},
		{"unlocked", "unlocked"},
		{"busy", "locked when the files below are closed"},
	};
	const char *state = cmd_entry_string(d, "state");

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(texts[i].state, state) == 0)
			state = texts[i].text;
	put("state", state);
}

static void put_users(const cJSON *d)
{
	long long users = cmd_entry_int(d, "users");
	bool by_owner = cJSON_IsTrue(
		cJSON_GetObjectItemCaseSensitive(d, "unlocked_by_owner"));

	if (users)
		printf("%-16s%lld user%s%s\n", "unlocked by", users,
		       users == 1 ? "" : "s",
		       by_owner ? ", its owner among them"
				: ", not by its owner");
}

static void put_policy(const cJSON *d)
{
	const char *key = cmd_entry_string_or(d, "key_identifier", NULL);
	const cJSON *p = NULL;

	if (json_get_object(d, "policy", &p) == 0) {
		put("identifier", cmd_entry_string(p, "identifier"));
		put("contents", cmd_entry_string(p, "contents"));
		put("filenames", cmd_entry_string(p, "filenames"));
		printf("%-16s%lld bytes\n", "padding",
		       cmd_entry_int(p, "padding"));
	}
	if (!key)
		put("key", "not used for a directory yet");
	else if (!p || strcmp(key, cmd_entry_string(p, "identifier")) != 0)
		printf("%-16sanother: %s\n", "key", key);
}

static void put_busy(const cJSON *d)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(d, "busy"), *b;
	long long all = cmd_entry_int(d, "busy_files");
	long long shown = cJSON_GetArraySize(list);

	cJSON_ArrayForEach(b, list)
	{
		printf("%-16sprocess %lld (", "open in",
		       cmd_entry_int(b, "pid"));
		cmd_text_put(stdout, cmd_entry_string(b, "command"));
		printf("), uid %lld: ", cmd_entry_int(b, "uid"));
		cmd_text_put(stdout, cmd_entry_string(b, "path"));
		putchar('\n');
	}
	if (all > shown)
		printf("%-16s%lld more\n", "open in", all - shown);
}

static void put_directory(const cJSON *d)
{
	put("directory", cmd_entry_string(d, "path"));
	printf("%-16suid %lld\n", "owner", cmd_entry_int(d, "owner"));
	put_state(d);
	put_users(d);
	put_policy(d);
	put_busy(d);
}

enum cmd_exit cmd_directory_print(const struct cmd_args *args,
				  const cJSON *answer)
{
	const cJSON *d = directory_of(answer);

	if (!d)
		return cmd_fail(args, "System",
				"kmsctl and kmsagentd are of different "
				"versions",
				"the agent's answer holds no directory");
	if (args->json)
		return cmd_print_json(args, d);
	put_directory(d);
	return CMD_DONE;
}
