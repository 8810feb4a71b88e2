/* SPDX-License-Identifier: MIT */
/*
 * kmsctl doctor: a table of checks, each with its finding and next step.
 */
#include <stdarg.h>

#include "kmsagent/base/json.h"
#include "kmsagent/ctl/commands.h"
#include "kmsagent/ctl/doctor.h"
#include "kmsagent/ctl/entry.h"
#include "kmsagent/ctl/text.h"

static const struct doctor_check checks[] = {
	{"agent", cmd_check_agent},
	{"key service", cmd_check_kms},
	{"clock", cmd_check_clock},
	{"request-key rule", cmd_check_rule},
	{"session keyring", cmd_check_session},
	{"key quota", cmd_check_quota},
	{"key types", cmd_check_keytypes},
	{"engine", cmd_check_engine},
	{"secret memory", cmd_check_secret_memory},
};

static const char *const state_names[DOCTOR_STATES] = {"ok", "warn", "fail"};

static int add_finding(struct doctor *d, enum doctor_state state,
		       const char *next_step, const char *message)
{
	_json_ cJSON *finding = cJSON_CreateObject();

	if (!finding || json_add_string(finding, "check", d->check) < 0 ||
	    json_add_string(finding, "state", state_names[state]) < 0 ||
	    json_add_string(finding, "message", message) < 0)
		return -ENOMEM;
	if (next_step ? json_add_string(finding, "next_step", next_step) < 0
		      : !cJSON_AddNullToObject(finding, "next_step"))
		return -ENOMEM;
	if (!cJSON_AddItemToArray(d->findings, finding))
		return -ENOMEM;
	(void)take_ptr(finding);
	return 0;
}

void cmd_doctor_add(struct doctor *d, enum doctor_state state,
		    const char *next_step, const char *format, ...)
{
	_free_ char *message = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	d->count[state]++;
	if (!message || add_finding(d, state, next_step, message) < 0)
		d->out_of_memory = true;
}

static void print_findings(const struct doctor *d)
{
	const cJSON *f;

	cJSON_ArrayForEach(f, d->findings)
	{
		const char *next = cmd_entry_string_or(f, "next_step", NULL);

		printf("%-5s %-17s ", cmd_entry_string(f, "state"),
		       cmd_entry_string(f, "check"));
		cmd_text_put(stdout, cmd_entry_string(f, "message"));
		putchar('\n');
		if (!next)
			continue;
		printf("%-23s next: ", "");
		cmd_text_put(stdout, next);
		putchar('\n');
	}
	printf("%u ok, %u warn, %u fail\n", d->count[DOCTOR_OK],
	       d->count[DOCTOR_WARN], d->count[DOCTOR_FAIL]);
}

static enum cmd_exit print_json(const struct cmd_args *args, struct doctor *d)
{
	_json_ cJSON *object = cJSON_CreateObject();

	if (!object ||
	    json_add_item(object, "findings", take_ptr(d->findings)) < 0)
		return cmd_fail_memory(args);
	for (size_t i = 0; i < DOCTOR_STATES; i++)
		if (json_add_int(object, state_names[i], d->count[i]) < 0)
			return cmd_fail_memory(args);
	return cmd_print_json(args, object);
}

static void doctor_done(struct doctor *d)
{
	cJSON_Delete(d->status);
	cJSON_Delete(d->findings);
}

static enum cmd_exit run(const struct cmd_args *args)
{
	_cleanup_(doctor_done) struct doctor d = {
		.socket = args->socket,
		.findings = cJSON_CreateArray(),
	};

	if (!d.findings)
		return cmd_fail_memory(args);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		d.check = checks[i].name;
		checks[i].run(&d);
	}
	if (d.out_of_memory)
		return cmd_fail_memory(args);
	if (!args->json)
		print_findings(&d);
	else if (print_json(args, &d))
		return CMD_FAILED;
	return d.count[DOCTOR_FAIL] ? CMD_FAILED : CMD_DONE;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "Check what keys need on this host, with next steps",
	.run = run,
};
