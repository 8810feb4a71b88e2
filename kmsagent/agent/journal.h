/* SPDX-License-Identifier: MIT */
/*
 * An event of the audit trail as a line of the log: the same facts, as fields
 * of the journal.  It must not know what an event leads to.
 */
#ifndef KMSAGENT_AGENT_JOURNAL_H
#define KMSAGENT_AGENT_JOURNAL_H

#include "kmsagent/agent/audit.h"
#include "kmsagent/base/log.h"

/*
 * Log @kind at @level with a sentence for people.  What @e knows goes along:
 * KMS_KEY_NAME, KMS_UID, KMS_KEY_SERIAL, KMS_CMK, KMS_DEVICE, KMS_MAPPING,
 * KMS_DIRECTORY, KMS_OUTCOME ("done", or the error's word) and KMS_REASON.
 */
void agent_journal(enum log_level level, const struct log_event *kind,
		   const struct agent_event *e, const char *format, ...)
	_printf_(4, 5);

#endif
