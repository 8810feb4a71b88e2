/* SPDX-License-Identifier: MIT */
/*
 * kmsctl fscrypt: an encrypted directory, which is opened here, so that it is
 * one that the caller can open, and given away to the agent.
 */
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/base/conf.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/directory.h"
#include "kmsagent/ctl/number.h"
#include "kmsagent/ctl/params.h"

#define WAIT_NS 200000000 /* between two tries to lock */

static enum cmd_exit call(const struct cmd_args *args, const char *method,
			  cJSON *params, cJSON **ret)
{
	_json_ cJSON *owned = params;
	const char *path = args->operands[1];
	int fd;

	if (json_add_int(owned, "directory", 0) < 0)
		return cmd_fail_memory(args);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cmd_fail_errno(args, errno,
				      errno == ENOTDIR || errno == ENOENT
					      ? "name a directory that is there"
					      : "look at the directory's owner "
						"and mode",
				      path);
	return cmd_agent_call_giving(args, method, take_ptr(owned), fd,
				     CMD_CALL_MS, ret);
}

static enum cmd_exit call_and_print(const struct cmd_args *args,
				    const char *method, cJSON *params)
{
	_json_ cJSON *answer = NULL;
	enum cmd_exit e = call(args, method, params, &answer);

	return e ? e : cmd_directory_print(args, answer);
}

/* ---- setup ---- */

static const struct cmd_option setup_options[] = {
	{0, false, "contents", "MODE", "aes-256-xts (default) or adiantum"},
	{0, false, "filenames", "MODE",
	 "aes-256-cts (default), aes-256-hctr2 or adiantum"},
	{0, false, "padding", "N",
	 "pad names to 4, 8, 16 or 32 (default) bytes"},
	{0},
};

static enum cmd_exit padding_param(const struct cmd_args *args, cJSON *params)
{
	const char *text = cmd_get(args, "padding");
	uint64_t n;

	if (!text)
		return CMD_DONE;
	if (cmd_number_parse(text, 4, 32, &n) < 0 || (n & (n - 1)))
		return cmd_misuse(args, "--padding '%s' is not 4, 8, 16 or 32",
				  text);
	return json_add_int(params, "padding", (int64_t)n) < 0
		       ? cmd_fail_memory(args)
		       : CMD_DONE;
}

static enum cmd_exit run_setup(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (!e)
		e = cmd_string_param(args, "contents", params);
	if (!e)
		e = cmd_string_param(args, "filenames", params);
	if (!e)
		e = padding_param(args, params);
	return e ? e : call_and_print(args, "FscryptSetup", take_ptr(params));
}

const struct cmd cmd_fscrypt_setup = {
	.name = "fscrypt setup",
	.operands = "NAME DIR",
	.summary = "Encrypt an empty directory, and leave it unlocked",
	.options = setup_options,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_setup,
};

/* ---- unlock, status ---- */

static enum cmd_exit run_simple(const struct cmd_args *args, const char *method)
{
	_json_ cJSON *params = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	return e ? e : call_and_print(args, method, take_ptr(params));
}

static enum cmd_exit run_unlock(const struct cmd_args *args)
{
	return run_simple(args, "FscryptUnlock");
}

const struct cmd cmd_fscrypt_unlock = {
	.name = "fscrypt unlock",
	.operands = "NAME DIR",
	.summary = "Give the file system an encrypted directory's key",
	.min_operands = 2,
	.max_operands = 2,
	.run = run_unlock,
};

static enum cmd_exit run_status(const struct cmd_args *args)
{
	return run_simple(args, "FscryptStatus");
}

const struct cmd cmd_fscrypt_status = {
	.name = "fscrypt status",
	.operands = "NAME DIR",
	.summary = "Show a directory's policy, and whether it is unlocked",
	.min_operands = 2,
	.max_operands = 2,
	.run = run_status,
};

/* ---- lock ---- */

static const struct cmd_option lock_options[] = {
	{0, false, "all-users", NULL,
	 "whoever else has unlocked it too; root only"},
	{0, false, "wait", "DURATION", "for open files to be closed"},
	{0},
};

static enum cmd_exit wait_option(const struct cmd_args *args, int64_t *ret_s)
{
	const char *text = cmd_get(args, "wait");

	*ret_s = 0;
	if (text && (conf_parse_duration_s(text, ret_s) < 0 || *ret_s < 1 ||
		     *ret_s > INT32_MAX))
		return cmd_misuse(args,
				  "--wait '%s' is not a duration such as 30s "
				  "or 5min",
				  text);
	return CMD_DONE;
}

static enum cmd_exit lock_once(const struct cmd_args *args, cJSON **ret)
{
	_json_ cJSON *params = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (!e && cmd_has(args, "all-users") &&
	    json_add_bool(params, "all_users", true) < 0)
		e = cmd_fail_memory(args);
	return e ? e : call(args, "FscryptLock", take_ptr(params), ret);
}

static enum cmd_exit run_lock(const struct cmd_args *args)
{
	const struct timespec wait = {0, WAIT_NS};
	_json_ cJSON *answer = NULL;
	int64_t wait_s, end_ms;
	enum cmd_exit e = wait_option(args, &wait_s);

	end_ms = clock_boot_ms() + wait_s * 1000;
	if (!e)
		e = lock_once(args, &answer);
	while (!e && cmd_directory_is_busy(answer) &&
	       clock_boot_ms() < end_ms) {
		nanosleep(&wait, NULL);
		cJSON_Delete(take_ptr(answer));
		e = lock_once(args, &answer);
	}
	if (!e)
		e = cmd_directory_print(args, answer);
	if (e)
		return e;
	if (cmd_directory_is_busy(answer))
		return cmd_fail(args, "DirectoryBusy",
				"close them: the agent then locks it by "
				"itself, and kmsctl fscrypt status tells",
				"files are open; who has them can still read "
				"them");
	return CMD_DONE;
}

const struct cmd cmd_fscrypt_lock = {
	.name = "fscrypt lock",
	.operands = "NAME DIR",
	.summary = "Take a directory's key from the file system",
	.options = lock_options,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_lock,
};
