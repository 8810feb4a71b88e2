/* SPDX-License-Identifier: MIT */
/*
 * What a check of kmsctl doctor gets and gives.  Checks look and change
 * nothing; each says what it found and, unless all is well, what to do.
 */
#ifndef KMSAGENT_CTL_DOCTOR_H
#define KMSAGENT_CTL_DOCTOR_H

#include "kmsagent/ctl/agentcall.h"
#include "kmsagent/ctl/cmd.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARN, /* works, but not as it should */
	DOCTOR_FAIL,
	DOCTOR_STATES,
};

struct doctor {
	const char *check;  /* name of the check that runs */
	const char *socket; /* of the agent */
	cJSON *status;	    /* the agent's answer; NULL: it gave none */
	struct cmd_agent_error agent_error; /* why not */
	cJSON *findings;		    /* array */
	unsigned count[DOCTOR_STATES];
	bool out_of_memory;
};

/* One finding; @next_step NULL only with DOCTOR_OK. */
void cmd_doctor_add(struct doctor *d, enum doctor_state state,
		    const char *next_step, const char *format, ...)
	_printf_(4, 5);

struct doctor_check {
	const char *name;
	void (*run)(struct doctor *d);
};

void cmd_check_agent(struct doctor *d);
void cmd_check_kms(struct doctor *d);
void cmd_check_clock(struct doctor *d);
void cmd_check_rule(struct doctor *d);
void cmd_check_session(struct doctor *d);
void cmd_check_quota(struct doctor *d);
void cmd_check_keytypes(struct doctor *d);
void cmd_check_engine(struct doctor *d);
void cmd_check_secret_memory(struct doctor *d);

#endif
