/* SPDX-License-Identifier: MIT */
/*
 * From options to parameters.  Whether the caller may is the agent's to say.
 */
#include "kmsagent/ctl/params.h"

#include <string.h>

#include "keyring/ectx.h"
#include "keyring/keytype.h"
#include "kmsagent/base/json.h"

enum cmd_exit cmd_name_operand(const struct cmd_args *args, const char **ret)
{
	const char *name = args->operands[0];

	if (!kr_name_is_valid(name))
		return cmd_misuse(args,
				  "'%s' is not a name: 1 to %d characters of "
				  "A-Z a-z 0-9 . _ -, the first a letter or "
				  "a digit",
				  name, KR_NAME_MAX_BYTES);
	*ret = name;
	return CMD_DONE;
}

enum cmd_exit cmd_name_params(const struct cmd_args *args, cJSON **ret)
{
	_json_ cJSON *params = cJSON_CreateObject();
	const char *name = NULL;
	enum cmd_exit e = cmd_name_operand(args, &name);

	if (e)
		return e;
	if (!params || json_add_string(params, "name", name) < 0)
		return cmd_fail_memory(args);
	*ret = take_ptr(params);
	return CMD_DONE;
}

/* Prefixes of context keys that nobody but the agent and the format write. */
static bool is_reserved(const char *pair)
{
	return !strncmp(pair, "kmsagent:", 9) || !strncmp(pair, "aws-", 4);
}

static enum cmd_exit add_pair(const struct cmd_args *args, const char *pair,
			      struct ectx *context)
{
	int r;

	if (is_reserved(pair))
		return cmd_misuse(args,
				  "context '%s': keys that begin with "
				  "kmsagent: or aws- are the agent's own",
				  pair);
	if (!strchr(pair, '=') || pair[0] == '=')
		return cmd_misuse(args, "context '%s' is not KEY=VALUE", pair);
	r = ectx_add_arg(context, pair);
	if (r == -EEXIST)
		return cmd_misuse(args, "context '%s': that key is given twice",
				  pair);
	if (r == -EILSEQ)
		return cmd_misuse(args, "a context pair is not UTF-8");
	if (r == -E2BIG)
		return cmd_misuse(args, "the context is over %d bytes",
				  ECTX_MAX_ENCODED_BYTES);
	if (r < 0)
		return cmd_fail_errno(args, r, NULL, "context");
	return CMD_DONE;
}

enum cmd_exit cmd_context_params(const struct cmd_args *args,
				 const char *option, cJSON *params)
{
	_cleanup_(ectx_done) struct ectx context = ECTX_INIT;
	const char *pair;

	for (size_t i = 0; (pair = cmd_get_nth(args, option, i)); i++) {
		enum cmd_exit e = add_pair(args, pair, &context);

		if (e)
			return e;
	}
	if (json_add_ectx(params, "context", &context) < 0)
		return cmd_fail_memory(args);
	return CMD_DONE;
}

enum cmd_exit cmd_string_param(const struct cmd_args *args, const char *option,
			       cJSON *params)
{
	const char *value = cmd_get(args, option);

	if (value && json_add_string(params, option, value) < 0)
		return cmd_fail_memory(args);
	return CMD_DONE;
}
