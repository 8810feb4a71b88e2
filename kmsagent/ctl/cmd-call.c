/* SPDX-License-Identifier: MIT */
/*
 * kmsctl call: one operation straight at the key service, JSON in, JSON out.
 * An answer may hold plaintext, as its asker wanted: it goes from locked
 * memory to standard output and nowhere else.
 */
#include <string.h>

#include "kmsagent/base/io.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/kmsconn.h"
#include "kmsagent/ctl/readtext.h"

#define REQUEST_MAX_BYTES ((size_t)1 << 20)

static const struct cmd_option options[] = {
	{0, false, "endpoint", "URL", "unix:PATH or http(s)://HOST[:PORT]"},
	{0, false, "region", "REGION", "the region to ask"},
	{0},
};

/* AWS's operation names are letters: CreateKey. */
static bool is_operation(const char *name)
{
	return *name >= 'A' && *name <= 'Z' &&
	       !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz")];
}

static enum cmd_exit read_request(const struct cmd_args *args, char **ret)
{
	const char *given = args->noperands > 1 ? args->operands[1] : "{}";
	_json_ cJSON *object = NULL;
	_free_ char *text = NULL;
	enum cmd_exit e;

	if (strcmp(given, "-")) {
		text = strdup(given);
		if (!text)
			return cmd_fail_memory(args);
	} else {
		e = cmd_read_text(args, "-", REQUEST_MAX_BYTES, &text);
		if (e)
			return e;
	}
	if (json_parse_object(text, strlen(text), &object) < 0)
		return cmd_misuse(args, "the request is not a JSON object");
	*ret = take_ptr(text);
	return CMD_DONE;
}

static int print_answer(const struct secret *body)
{
	int r;

	/* Some operations answer with nothing at all. */
	if (!body->len)
		return io_write_full(STDOUT_FILENO, "{}\n", 3);
	r = io_write_full(STDOUT_FILENO, body->bytes, body->len);
	return r < 0 ? r : io_write_full(STDOUT_FILENO, "\n", 1);
}

static enum cmd_exit explain(const struct cmd_args *args, int r,
			     const char *endpoint,
			     const struct awskms_error *err)
{
	if (r == -EREMOTEIO)
		return cmd_fail(args, err->code, awskms_advice(err), "%s: %s",
				err->code,
				*err->message ? err->message : "no message");
	return cmd_fail(args, "KmsUnreachable", awskms_advice(err), "%s: %s",
			endpoint, *err->message ? err->message : strerror(-r));
}

static enum cmd_exit run(const struct cmd_args *args)
{
	_cleanup_(awskms_freep) struct awskms_client *client = NULL;
	_cleanup_(secret_done) struct secret body = SECRET_INIT;
	const char *endpoint = cmd_kms_endpoint(cmd_get(args, "endpoint"));
	const char *region = cmd_kms_region(cmd_get(args, "region"), endpoint);
	struct awskms_error err = AWSKMS_ERROR_INIT;
	_free_ char *request = NULL;
	enum cmd_exit e;
	int r;

	if (!is_operation(args->operands[0]))
		return cmd_misuse(args,
				  "'%s' is not an operation such as ListKeys",
				  args->operands[0]);
	e = read_request(args, &request);
	if (!e)
		e = cmd_kms_connect(args, endpoint, region, &client);
	if (e)
		return e;
	r = awskms_call_text(client, args->operands[0], request, &body, &err);
	if (r < 0)
		return explain(args, r, endpoint, &err);
	r = print_answer(&body);
	if (r < 0)
		return cmd_fail_errno(args, r, "look at what reads it",
				      "cannot write to standard output");
	return CMD_DONE;
}

const struct cmd cmd_call = {
	.name = "call",
	.operands = "OPERATION [JSON|-]",
	.summary = "Call one operation of the key service",
	.options = options,
	.min_operands = 1,
	.max_operands = 2,
	.run = run,
};
