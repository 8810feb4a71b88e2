/* SPDX-License-Identifier: MIT */
/*
 * How the agent's record of a key is shown.  Nothing in it is secret.
 */
#include "kmsagent/ctl/entry.h"

#include "kmsagent/base/clock.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/text.h"

const char *cmd_entry_string_or(const cJSON *key, const char *name,
				const char *fallback)
{
	const char *value;

	return json_get_string(key, name, &value) < 0 ? fallback : value;
}

const char *cmd_entry_string(const cJSON *key, const char *name)
{
	return cmd_entry_string_or(key, name, "-");
}

long long cmd_entry_int(const cJSON *key, const char *name)
{
	int64_t value;

	if (json_get_int(key, name, INT32_MIN, INT64_C(1) << 53, &value) < 0)
		return 0;
	return value;
}

static void put_field(const char *label, const char *value)
{
	printf("%-16s", label);
	cmd_text_put(stdout, value);
	putchar('\n');
}

static void put_lease(const cJSON *key)
{
	char lease[TEXT_DURATION_BYTES];

	cmd_text_duration(cmd_entry_int(key, "lease_s"), lease);
	put_field("lease", lease);
}

static void put_created(const cJSON *key)
{
	char when[CLOCK_ISO_BYTES];

	clock_format_iso(cmd_entry_int(key, "created"), when);
	put_field("created", when);
}

static void put_strings(const char *label, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		put_field(label,
			  cJSON_IsString(item) ? item->valuestring : "?");
		label = "";
	}
}

static void put_context(const cJSON *key)
{
	const cJSON *context =
		cJSON_GetObjectItemCaseSensitive(key, "encryption_context");
	const cJSON *pair;
	const char *label = "context";

	cJSON_ArrayForEach(pair, context)
	{
		printf("%-16s", label);
		cmd_text_put(stdout, pair->string);
		putchar('=');
		cmd_text_put(stdout,
			     cJSON_IsString(pair) ? pair->valuestring : "?");
		putchar('\n');
		label = "";
	}
}

static void put_serials(const cJSON *key)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(key, "serials");
	const char *label = "in keyrings";
	const cJSON *serial;

	cJSON_ArrayForEach(serial, list)
	{
		char left[TEXT_DURATION_BYTES];
		long long uid = cmd_entry_int(serial, "uid");

		cmd_text_duration(cmd_entry_int(serial, "expires_s"), left);
		printf("%-16sserial %lld", label,
		       cmd_entry_int(serial, "serial"));
		if (uid >= 0)
			printf(", uid %lld", uid);
		printf(", %s left\n", left);
		label = "";
	}
}

static void put_volume(const cJSON *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(key, "volume");
	const char *mapping = cmd_entry_string_or(key, "mapping", NULL);

	if (!v)
		return;
	put_field("device", cmd_entry_string(v, "device"));
	printf("%-16s%s, sectors of %lld bytes\n", "cipher",
	       cmd_entry_string(v, "cipher"), cmd_entry_int(v, "sector_size"));
	printf("%-16soffset %lld, skip %lld, size %lld\n", "place",
	       cmd_entry_int(v, "offset"), cmd_entry_int(v, "skip"),
	       cmd_entry_int(v, "size"));
	put_field("key check", cmd_entry_string(v, "key_check"));
	put_field("open as", mapping ? mapping : "-");
}

static void put_policy(const cJSON *key)
{
	const char *id = cmd_entry_string_or(key, "policy_identifier", NULL);

	if (id)
		put_field("fscrypt key", id);
}

static void put_entry(const cJSON *key)
{
	put_field("name", cmd_entry_string(key, "name"));
	put_field("state", cmd_entry_string(key, "state"));
	put_field("cmk", cmd_entry_string(key, "cmk_arn"));
	put_field("key material", cmd_entry_string(key, "key_material_id"));
	put_field("purpose", cmd_entry_string(key, "purpose"));
	printf("%-16s%s, %lld bytes%s\n", "type", cmd_entry_string(key, "type"),
	       cmd_entry_int(key, "bytes"),
	       cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(key, "exportable"))
		       ? ", readable by who holds it"
		       : "");
	put_strings("allow", cJSON_GetObjectItemCaseSensitive(key, "allow"));
	put_lease(key);
	put_created(key);
	put_context(key);
	put_field("blob", cmd_entry_string(key, "ciphertext_blob"));
	put_serials(key);
	put_volume(key);
	put_policy(key);
}

enum cmd_exit cmd_entry_print(const struct cmd_args *args, const cJSON *answer)
{
	const cJSON *key = NULL;

	if (json_get_object(answer, "key", &key) < 0)
		return cmd_fail(
			args, "System",
			"kmsctl and kmsagentd are of different versions",
			"the agent's answer holds no key");
	if (args->json)
		return cmd_print_json(args, key);
	put_entry(key);
	return CMD_DONE;
}
