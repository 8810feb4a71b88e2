/* SPDX-License-Identifier: MIT */
/* An event of the audit trail as a line of the log. */
#include "kmsagent/agent/journal.h"

#include <stdarg.h>

#define FIELDS_MAX  9 /* all of collect() */
#define FIELD_BYTES 512

struct fields {
	char text[FIELDS_MAX][FIELD_BYTES];
	const char *list[FIELDS_MAX + 1];
	size_t count;
};

/* A value is cut rather than lost. */
_printf_(2, 3) static void add(struct fields *f, const char *format, ...)
{
	char *at = f->text[f->count];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(at, FIELD_BYTES, format, ap);
	va_end(ap);
	f->list[f->count++] = at;
	f->list[f->count] = NULL;
}

static void collect(struct fields *f, const struct agent_event *e)
{
	f->count = 0;
	if (e->name)
		add(f, "KMS_KEY_NAME=%s", e->name);
	if (e->uid >= 0)
		add(f, "KMS_UID=%lld", (long long)e->uid);
	if (e->serial)
		add(f, "KMS_KEY_SERIAL=%d", e->serial);
	if (e->cmk_arn)
		add(f, "KMS_CMK=%s", e->cmk_arn);
	if (e->device)
		add(f, "KMS_DEVICE=%s", e->device);
	if (e->mapping)
		add(f, "KMS_MAPPING=%s", e->mapping);
	if (e->directory)
		add(f, "KMS_DIRECTORY=%s", e->directory);
	add(f, "KMS_OUTCOME=%s", e->error ?: "done");
	if (e->reason)
		add(f, "KMS_REASON=%s", e->reason);
}

void agent_journal(enum log_level level, const struct log_event *kind,
		   const struct agent_event *e, const char *format, ...)
{
	struct fields fields;
	va_list ap;

	collect(&fields, e);
	va_start(ap, format);
	log_eventv(level, kind, fields.list, format, ap);
	va_end(ap);
}
