/* SPDX-License-Identifier: MIT */
/*
 * kmsctl status: how the agent and what it depends on are doing.
 */
#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/text.h"

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void put(const char *label, const char *a, const char *b)
{
	printf("%-16s", label);
	cmd_text_put(stdout, a);
	if (b) {
		fputs(": ", stdout);
		cmd_text_put(stdout, b);
	}
	putchar('\n');
}

static void put_time(const char *label, long long epoch_s)
{
	char when[CLOCK_ISO_BYTES];

	if (epoch_s <= 0) {
		put(label, "never", NULL);
		return;
	}
	clock_format_iso(epoch_s, when);
	put(label, when, NULL);
}

static void put_kms(const cJSON *kms)
{
	const char *error = cmd_entry_string_or(kms, "last_error", NULL);

	put("key service", cmd_entry_string(kms, "state"),
	    cmd_entry_string(kms, "endpoint"));
	put("  region", cmd_entry_string(kms, "region"), NULL);
	put_time("  last answer", cmd_entry_int(kms, "last_ok"));
	if (error)
		put("  last error", error, NULL);
}

static void put_engine(const cJSON *engine)
{
	put("engine", cmd_entry_string(engine, "auto"),
	    cmd_entry_string(engine, "reason"));
	put("  kcapi", cmd_entry_string(engine, "kcapi"), NULL);
	put("  openssl", cmd_entry_string(engine, "openssl"), NULL);
}

static void put_status(const cJSON *status)
{
	const cJSON *alert;

	printf("%-16s%s, pid %lld\n", "agent",
	       cmd_entry_string(status, "version"),
	       cmd_entry_int(status, "pid"));
	put_time("  since", cmd_entry_int(status, "since"));
	put_kms(member(status, "kms"));
	put_engine(member(status, "engine"));
	put("secret memory", cmd_entry_string(status, "secret_memory"), NULL);
	printf("%-16s%lld, %lld in keyrings\n", "keys",
	       cmd_entry_int(status, "keys"),
	       cmd_entry_int(status, "live_serials"));
	printf("%-16s%lld open\n", "volumes", cmd_entry_int(status, "volumes"));
	printf("%-16s%lld upcalls, %lld fetchers, %lld workers\n", "at work",
	       cmd_entry_int(status, "upcalls"),
	       cmd_entry_int(status, "fetchers"),
	       cmd_entry_int(status, "workers"));
	cJSON_ArrayForEach(alert,
			   cJSON_GetObjectItemCaseSensitive(status, "alerts"))
		put("alert", cJSON_IsString(alert) ? alert->valuestring : "?",
		    NULL);
}

static enum cmd_exit run(const struct cmd_args *args)
{
	_json_ cJSON *status = NULL;
	enum cmd_exit e = cmd_agent_call(args, "Status", NULL, NULL, 0,
					 CMD_CALL_MS, &status);

	if (e)
		return e;
	if (args->json)
		return cmd_print_json(args, status);
	put_status(status);
	return CMD_DONE;
}

const struct cmd cmd_status = {
	.name = "status",
	.summary = "Show how the agent and the key service are doing",
	.run = run,
};
