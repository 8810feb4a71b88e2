/* SPDX-License-Identifier: MIT */
/*
 * kmsctl encrypt and decrypt: open both ends, hand the descriptors to the
 * agent, publish the result.  No byte of data or key passes through here.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "keyring/keytype.h"
#include "kmsagent/base/json.h"
#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/output.h"
#include "kmsagent/ctl/params.h"
#include "kmsagent/ctl/progress.h"
#include "kmsagent/ctl/text.h"

static const struct cmd_option options[] = {
	{'k', false, "key", "NAME", "the named key whose CMK and users count"},
	{0, false, "cmk", "ID", "the CMK: key id, ARN or alias/NAME"},
	{'c', true, "context", "KEY=VALUE", "encryption context"},
	{0, false, "engine", "ENGINE", "auto (default), kcapi or openssl"},
	{'o', false, "output", "OUT", "the file to make (default: stdout)"},
	{0, false, "force", NULL, "let OUT take the place of a file"},
	{0},
};

struct job {
	const char *method; /* of the agent */
	const char *in_name;
	const char *out_name; /* NULL: standard output */
	int in_fd;
	struct cmd_output out;
	int out_fd; /* borrowed from @out, or standard output */
};

static void job_done(struct job *j)
{
	closep(&j->in_fd);
	cmd_output_done(&j->out);
}

static bool is_dash(const char *name)
{
	return !name || !strcmp(name, "-");
}

static enum cmd_exit check_options(const struct cmd_args *args)
{
	const char *key = cmd_get(args, "key");
	const char *engine = cmd_get(args, "engine");

	if (key && cmd_has(args, "cmk"))
		return cmd_misuse(args, "--key names its CMK: leave one of "
					"--key and --cmk out");
	if (key && !kr_name_is_valid(key))
		return cmd_misuse(args, "--key '%s' is not a name", key);
	if (engine && strcmp(engine, "auto") && strcmp(engine, "kcapi") &&
	    strcmp(engine, "openssl"))
		return cmd_misuse(args,
				  "--engine '%s' is none of auto, kcapi, "
				  "openssl",
				  engine);
	if (args->json && is_dash(cmd_get(args, "output")))
		return cmd_misuse(args, "--json needs -o OUT, as standard "
					"output carries the data");
	return CMD_DONE;
}

static enum cmd_exit open_input(const struct cmd_args *args, struct job *j)
{
	struct stat st;

	if (is_dash(j->in_name)) {
		j->in_name = "standard input";
		j->in_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		j->in_fd = open(j->in_name, O_RDONLY | O_CLOEXEC);
	}
	if (j->in_fd < 0)
		return cmd_fail_errno(args, errno,
				      "check the name and who may read it",
				      j->in_name);
	if (fstat(j->in_fd, &st) >= 0 && S_ISDIR(st.st_mode))
		return cmd_fail(args, "System",
				"pack it first: tar c DIR | kmsctl encrypt ...",
				"%s is a directory", j->in_name);
	return CMD_DONE;
}

static const char *output_advice(int err)
{
	switch (err) {
	case EEXIST:
		return "choose another name, or say --force to replace it";
	case ENXIO:
		return "only a regular file can be replaced; for a device or "
		       "a pipe use the shell's >";
	case EISDIR:
	case EINVAL:
		return "-o names the file to make";
	default:
		return "check the folder, who may write there, and its space";
	}
}

static enum cmd_exit open_output(const struct cmd_args *args, struct job *j)
{
	int r;

	if (is_dash(j->out_name)) {
		j->out_name = NULL;
		j->out_fd = STDOUT_FILENO;
		return CMD_DONE;
	}
	r = cmd_output_open(&j->out, j->out_name, cmd_has(args, "force"));
	if (r < 0)
		return cmd_fail_errno(args, r, output_advice(-r), j->out_name);
	j->out_fd = j->out.fd;
	return CMD_DONE;
}

static enum cmd_exit make_params(const struct cmd_args *args, cJSON **ret)
{
	_json_ cJSON *params = cJSON_CreateObject();
	const char *key = cmd_get(args, "key");
	enum cmd_exit e;

	if (!params || (key && json_add_string(params, "name", key) < 0) ||
	    json_add_int(params, "input", 0) < 0 ||
	    json_add_int(params, "output", 1) < 0)
		return cmd_fail_memory(args);
	e = cmd_string_param(args, "cmk", params);
	if (!e)
		e = cmd_string_param(args, "engine", params);
	if (!e)
		e = cmd_context_params(args, "context", params);
	if (!e)
		*ret = take_ptr(params);
	return e;
}

/* Bytes still to come from a regular file; 0 = not known. */
static uint64_t input_bytes(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return 0;
	return (uint64_t)st.st_size;
}

static enum cmd_exit call_agent(const struct cmd_args *args, struct job *j,
				cJSON *params, cJSON **ret)
{
	_cleanup_(cmd_progress_stopp) struct cmd_progress *progress = NULL;
	_json_ cJSON *owned = params;
	const int fds[] = {j->in_fd, j->out_fd};
	struct cmd_agent_error e;
	int r;

	/* A machine reads --json: it gets no bar. */
	if (!args->json &&
	    cmd_progress_start(j->in_fd, input_bytes(j->in_fd), &progress) < 0)
		cmd_warn("no progress line: out of memory or threads");
	r = cmd_agent_try(args->socket, j->method, owned, fds, ARRAY_SIZE(fds),
			  CMD_CALL_FOREVER, ret, &e);
	/* The line goes before the error comes. */
	cmd_progress_stop(take_ptr(progress));
	if (r < 0)
		return cmd_fail(args, e.code, *e.next_step ? e.next_step : NULL,
				"%s", e.message);
	return CMD_DONE;
}

static void print_engine(const cJSON *answer)
{
	fputs("kmsctl: engine ", stderr);
	cmd_text_put(stderr, cmd_entry_string(answer, "engine"));
	fputs(": ", stderr);
	cmd_text_put(stderr, cmd_entry_string(answer, "engine_reason"));
	putc('\n', stderr);
}

static enum cmd_exit run_job(const struct cmd_args *args, struct job *j)
{
	_json_ cJSON *params = NULL;
	_json_ cJSON *answer = NULL;
	enum cmd_exit e;
	int r;

	e = make_params(args, &params);
	if (!e)
		e = open_input(args, j);
	if (!e)
		e = open_output(args, j);
	if (!e)
		e = call_agent(args, j, take_ptr(params), &answer);
	if (e)
		return e;
	if (j->out_name) {
		r = cmd_output_publish(&j->out);
		if (r < 0)
			return cmd_fail_errno(args, r, output_advice(-r),
					      j->out_name);
	}
	if (args->json)
		return cmd_print_json(args, answer);
	if (isatty(STDERR_FILENO))
		print_engine(answer);
	return CMD_DONE;
}

static enum cmd_exit run(const struct cmd_args *args, const char *method)
{
	_cleanup_(job_done) struct job j = {
		.method = method,
		.in_name = args->noperands ? args->operands[0] : NULL,
		.out_name = cmd_get(args, "output"),
		.in_fd = -1,
		.out = CMD_OUTPUT_INIT,
	};
	enum cmd_exit e = check_options(args);

	return e ? e : run_job(args, &j);
}

static enum cmd_exit run_encrypt(const struct cmd_args *args)
{
	if (is_dash(cmd_get(args, "output")) && isatty(STDOUT_FILENO))
		return cmd_misuse(args, "ciphertext is not for a terminal: "
					"say -o OUT, or send it to a pipe");
	return run(args, "Encrypt");
}

static enum cmd_exit run_decrypt(const struct cmd_args *args)
{
	return run(args, "Decrypt");
}

const struct cmd cmd_encrypt = {
	.name = "encrypt",
	.operands = "[IN]",
	.summary = "Encrypt a file or a stream",
	.options = options,
	.max_operands = 1,
	.run = run_encrypt,
};

const struct cmd cmd_decrypt = {
	.name = "decrypt",
	.operands = "[IN]",
	.summary = "Decrypt what encrypt, or any AWS Encryption SDK, made",
	.options = options,
	.max_operands = 1,
	.run = run_decrypt,
};
