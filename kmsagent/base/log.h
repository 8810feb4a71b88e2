/* SPDX-License-Identifier: MIT */
/*
 * The daemons' log: to the journal with fields when stderr is one, else plain
 * lines on stderr.  Only daemons call it, once, where an error stops.  Never
 * key bytes, tokens or encryption-context values.
 */
#ifndef KMSAGENT_BASE_LOG_H
#define KMSAGENT_BASE_LOG_H

#include <stdarg.h>

#include "keyring/cleanup.h"

enum log_level { /* syslog(3)'s numbers */
		 LOG_LEVEL_CRIT = 2,
		 LOG_LEVEL_ERR = 3,
		 LOG_LEVEL_WARNING = 4,
		 LOG_LEVEL_NOTICE = 5,
		 LOG_LEVEL_INFO = 6,
		 LOG_LEVEL_DEBUG = 7,
};

/*
 * What kind of event a line is: a MESSAGE_ID in the journal, documented in
 * the message catalog.  NULL for a line that needs none.
 */
struct log_event {
	const char *message_id; /* 32 hex digits */
	const char *name;	/* short, for stderr: "key-delivered" */
};

/* Name the program; lines above @max_level are dropped.  Copies nothing. */
void log_init(const char *program, enum log_level max_level);

/*
 * One line.  @fields is NULL or a NULL-terminated array of "KMS_NAME=value"
 * strings that go into the journal beside MESSAGE (borrowed).
 */
void log_event(enum log_level level, const struct log_event *event,
	       const char *const *fields, const char *format, ...)
	_printf_(4, 5);
void log_eventv(enum log_level level, const struct log_event *event,
		const char *const *fields, const char *format, va_list ap)
	_printf_(4, 0);

#define log_crit(...)	 log_event(LOG_LEVEL_CRIT, NULL, NULL, __VA_ARGS__)
#define log_err(...)	 log_event(LOG_LEVEL_ERR, NULL, NULL, __VA_ARGS__)
#define log_warning(...) log_event(LOG_LEVEL_WARNING, NULL, NULL, __VA_ARGS__)
#define log_notice(...)	 log_event(LOG_LEVEL_NOTICE, NULL, NULL, __VA_ARGS__)
#define log_info(...)	 log_event(LOG_LEVEL_INFO, NULL, NULL, __VA_ARGS__)
#define log_debug(...)	 log_event(LOG_LEVEL_DEBUG, NULL, NULL, __VA_ARGS__)

#endif
