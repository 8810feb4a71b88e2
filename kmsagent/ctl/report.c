/* SPDX-License-Identifier: MIT */
/*
 * Where every error of kmsctl ends: a cause, a code for programs, and the
 * next step, as text or as one JSON object.
 */
#include "kmsagent/ctl/cmd.h"

#include <stdarg.h>
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/ctl/text.h"

static int print_object(FILE *out, const cJSON *object)
{
	_json_text_ char *text = json_print(object);

	if (!text)
		return -ENOMEM;
	fputs(text, out);
	putc('\n', out);
	return 0;
}

static int error_object(const char *code, const char *message,
			const char *next_step, cJSON **ret)
{
	_json_ cJSON *root = cJSON_CreateObject();
	cJSON *error = root ? cJSON_AddObjectToObject(root, "error") : NULL;
	int r;

	if (!error)
		return -ENOMEM;
	r = json_add_string(error, "code", code);
	if (r >= 0)
		r = json_add_string(error, "message", message);
	if (r >= 0 && next_step)
		r = json_add_string(error, "next_step", next_step);
	else if (r >= 0 && !cJSON_AddNullToObject(error, "next_step"))
		r = -ENOMEM;
	if (r < 0)
		return r;
	*ret = take_ptr(root);
	return 0;
}

static void report(const struct cmd_args *args, const char *code,
		   const char *next_step, const char *message)
{
	_json_ cJSON *object = NULL;

	if (args->json &&
	    error_object(code, message, next_step, &object) >= 0 &&
	    print_object(stderr, object) >= 0)
		return;
	fputs("kmsctl: ", stderr);
	cmd_text_put(stderr, message);
	putc('\n', stderr);
	if (!next_step)
		return;
	fputs("  next: ", stderr);
	cmd_text_put(stderr, next_step);
	putc('\n', stderr);
}

enum cmd_exit cmd_fail(const struct cmd_args *args, const char *code,
		       const char *next_step, const char *format, ...)
{
	_free_ char *message = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	report(args, code, next_step, message ? message : "out of memory");
	return CMD_FAILED;
}

enum cmd_exit cmd_misuse(const struct cmd_args *args, const char *format, ...)
{
	_free_ char *message = NULL;
	char next[96];
	va_list ap;

	snprintf(next, sizeof(next), "kmsctl %s%s--help shows the usage",
		 args->cmd ? args->cmd->name : "", args->cmd ? " " : "");
	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	report(args, "Usage", next, message ? message : "out of memory");
	return CMD_USAGE;
}

enum cmd_exit cmd_fail_errno(const struct cmd_args *args, int err,
			     const char *next_step, const char *what)
{
	return cmd_fail(args, "System", next_step, "%s: %s", what,
			strerror(abs(err)));
}

enum cmd_exit cmd_fail_memory(const struct cmd_args *args)
{
	return cmd_fail(args, "System", NULL, "out of memory");
}

void cmd_warn(const char *format, ...)
{
	_free_ char *message = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	fputs("kmsctl: warning: ", stderr);
	cmd_text_put(stderr, message ? message : "out of memory");
	putc('\n', stderr);
}

enum cmd_exit cmd_print_json(const struct cmd_args *args, const cJSON *object)
{
	if (print_object(stdout, object) < 0)
		return cmd_fail_memory(args);
	return CMD_DONE;
}
