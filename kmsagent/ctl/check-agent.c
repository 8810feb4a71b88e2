/* SPDX-License-Identifier: MIT */
/*
 * Checks that ask the agent: does it answer, and does its key service.
 */
#include <string.h>

#include "kmsagent/base/json.h"
#include "kmsagent/ctl/doctor.h"
#include "kmsagent/ctl/entry.h"

void cmd_check_agent(struct doctor *d)
{
	int r = cmd_agent_try(d->socket, "Status", NULL, NULL, 0, CMD_CALL_MS,
			      &d->status, &d->agent_error);
	const cJSON *alert;

	if (r < 0) {
		cmd_doctor_add(d, DOCTOR_FAIL,
			       *d->agent_error.next_step
				       ? d->agent_error.next_step
				       : "look at the agent's log",
			       "%s", d->agent_error.message);
		return;
	}
	cmd_doctor_add(d, DOCTOR_OK, NULL, "kmsagentd %s answers, pid %lld",
		       cmd_entry_string(d->status, "version"),
		       cmd_entry_int(d->status, "pid"));
	cJSON_ArrayForEach(
		alert, cJSON_GetObjectItemCaseSensitive(d->status, "alerts"))
		cmd_doctor_add(
			d, DOCTOR_WARN, "the agent's log has more", "alert: %s",
			cJSON_IsString(alert) ? alert->valuestring : "?");
}

/* By KmsStatus.state. */
static const struct {
	const char *state;
	enum doctor_state finding;
	const char *says;
	const char *next_step;
} kms_states[] = {
	{"ok", DOCTOR_OK, "answers", NULL},
	{"unknown", DOCTOR_WARN, "has not been asked yet",
	 "load a key, then look again"},
	{"unreachable", DOCTOR_FAIL, "does not answer",
	 "is it running (systemctl status kmsd), and is [kms] endpoint in "
	 "/etc/kmsagent/kmsagent.conf right?"},
	{"denied", DOCTOR_FAIL, "denies the agent",
	 "allow the agent's principal GenerateDataKey, Decrypt and "
	 "DescribeKey: [peer] in /etc/kmsagent/kmsd.conf, or the key policy"},
};

void cmd_check_kms(struct doctor *d)
{
	const cJSON *kms = NULL;
	const char *last_error;

	if (!d->status || json_get_object(d->status, "kms", &kms) < 0) {
		cmd_doctor_add(d, DOCTOR_WARN, "start the agent first",
			       "not known: the agent does not answer");
		return;
	}
	last_error = cmd_entry_string_or(kms, "last_error", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(kms_states); i++) {
		if (strcmp(cmd_entry_string(kms, "state"), kms_states[i].state))
			continue;
		cmd_doctor_add(d, kms_states[i].finding,
			       kms_states[i].next_step, "%s %s%s%s",
			       cmd_entry_string(kms, "endpoint"),
			       kms_states[i].says, last_error ? ": " : "",
			       last_error ? last_error : "");
		return;
	}
	cmd_doctor_add(d, DOCTOR_WARN,
		       "kmsctl and kmsagentd are of different versions",
		       "%s is in a state not known here: %s",
		       cmd_entry_string(kms, "endpoint"),
		       cmd_entry_string(kms, "state"));
}
