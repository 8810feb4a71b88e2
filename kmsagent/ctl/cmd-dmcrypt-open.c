/* SPDX-License-Identifier: MIT */
/*
 * kmsctl dmcrypt open: hand the device to the agent, which makes the mapping.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "keyring/keytype.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/mapping.h"
#include "kmsagent/ctl/number.h"
#include "kmsagent/ctl/params.h"

static const struct cmd_option options[] = {
	{0, false, "name", "MAPPING", "below /dev/mapper (default: NAME)"},
	{0, false, "cipher", "CIPHER", "aes-xts-plain64 (default), capi:..."},
	{0, false, "sector-size", "N", "512 (default), 1024, 2048 or 4096"},
	{0, false, "offset", "N", "first sector on the device (default 0)"},
	{0, false, "skip", "N", "what the IVs count from (default 0)"},
	{0, false, "size", "N", "sectors (default: to the device's end)"},
	{0, false, "readonly", NULL, "the mapping cannot be written to"},
	{0, false, "allow-discards", NULL, "pass discards to the device"},
	{0, false, "no-read-workqueue", NULL, "decrypt at once"},
	{0, false, "no-write-workqueue", NULL, "encrypt at once"},
	{0, false, "rebind", NULL,
	 "bind the key to this device and these parameters anew"},
	{0},
};

static enum cmd_exit sector_param(const struct cmd_args *args, cJSON *params)
{
	const char *text = cmd_get(args, "sector-size");
	uint64_t n;

	if (!text)
		return CMD_DONE;
	if (cmd_number_parse(text, 512, 4096, &n) < 0 || (n & (n - 1)))
		return cmd_misuse(args,
				  "--sector-size '%s' is none of 512, 1024, "
				  "2048, 4096",
				  text);
	return json_add_int(params, "sector_size", (int64_t)n) < 0
		       ? cmd_fail_memory(args)
		       : CMD_DONE;
}

static enum cmd_exit flag_params(const struct cmd_args *args, cJSON *params)
{
	static const struct {
		const char *option;
		const char *member;
	} flags[] = {
		{"readonly", "read_only"},
		{"allow-discards", "allow_discards"},
		{"no-read-workqueue", "no_read_workqueue"},
		{"no-write-workqueue", "no_write_workqueue"},
		{"rebind", "rebind"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (cmd_has(args, flags[i].option) &&
		    json_add_bool(params, flags[i].member, true) < 0)
			return cmd_fail_memory(args);
	return CMD_DONE;
}

static enum cmd_exit name_param(const struct cmd_args *args, cJSON *params)
{
	const char *name = cmd_get(args, "name");

	if (!name)
		return CMD_DONE;
	if (!kr_name_is_valid(name) || strcmp(name, "control") == 0)
		return cmd_misuse(args,
				  "--name '%s' is not a name for a mapping: 1 "
				  "to 64 of A-Z a-z 0-9 . _ -, and not control",
				  name);
	return json_add_string(params, "mapping", name) < 0
		       ? cmd_fail_memory(args)
		       : CMD_DONE;
}

static enum cmd_exit make_params(const struct cmd_args *args, cJSON **ret)
{
	_json_ cJSON *params = NULL;
	enum cmd_exit e = cmd_name_params(args, &params);

	if (!e && json_add_int(params, "device", 0) < 0)
		e = cmd_fail_memory(args);
	if (!e)
		e = name_param(args, params);
	if (!e)
		e = cmd_string_param(args, "cipher", params);
	if (!e)
		e = sector_param(args, params);
	if (!e)
		e = cmd_sectors_param(args, "offset", "offset", params);
	if (!e)
		e = cmd_sectors_param(args, "skip", "skip", params);
	if (!e)
		e = cmd_sectors_param(args, "size", "size", params);
	if (!e)
		e = flag_params(args, params);
	if (!e)
		*ret = take_ptr(params);
	return e;
}

/*
 * For reading, whatever the mapping is for: the kernel opens the device by
 * itself, and a writer's close would have udev look at it.
 */
static enum cmd_exit open_device(const struct cmd_args *args, int *ret)
{
	const char *path = args->operands[1];
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return cmd_fail_errno(args, errno,
				      "check the device's name; only root "
				      "opens volumes",
				      path);
	if (!S_ISBLK(st.st_mode))
		return cmd_fail(args, "System",
				"losetup -f --show FILE makes one of a file",
				"%s is not a block device", path);
	*ret = take_fd(fd);
	return CMD_DONE;
}

static enum cmd_exit run(const struct cmd_args *args)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	_close_ int fd = -1;
	enum cmd_exit e = make_params(args, &params);

	if (!e)
		e = open_device(args, &fd);
	if (!e)
		e = cmd_agent_call(args, "DmcryptOpen", take_ptr(params), &fd,
				   1, CMD_CALL_MS, &answer);
	return e ? e : cmd_mapping_print(args, answer);
}

const struct cmd cmd_dmcrypt_open = {
	.name = "dmcrypt open",
	.operands = "NAME DEVICE",
	.summary = "Map a device through dm-crypt with the key NAME",
	.options = options,
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
};
