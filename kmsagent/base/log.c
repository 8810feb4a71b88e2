/* SPDX-License-Identifier: MIT */
/* One line out, to the journal or to stderr.  It must not know any event. */
#include "kmsagent/base/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#define LINE_BYTES 2048
#define FIELDS_MAX 24

static const char *log_program = "kmsagent";
static enum log_level log_max = LOG_LEVEL_INFO;
static bool log_to_journal;

/*
 * systemd says in JOURNAL_STREAM which device and inode it gave as stderr; a
 * redirected stderr no longer matches.  Source: systemd.exec(5).
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	       st.st_ino == ino;
}

void log_init(const char *program, enum log_level max_level)
{
	log_program = program;
	log_max = max_level;
	log_to_journal = stderr_is_journal();
}

static void send_journal(enum log_level level, const struct log_event *event,
			 const char *const *fields, const char *message)
{
	char text[LINE_BYTES + 16], priority[16], id[64], name[64], prog[64];
	struct iovec iov[FIELDS_MAX];
	int n = 0;

	snprintf(text, sizeof(text), "MESSAGE=%s", message);
	snprintf(priority, sizeof(priority), "PRIORITY=%d", (int)level);
	snprintf(prog, sizeof(prog), "SYSLOG_IDENTIFIER=%s", log_program);
	iov[n++] = (struct iovec){text, strlen(text)};
	iov[n++] = (struct iovec){priority, strlen(priority)};
	iov[n++] = (struct iovec){prog, strlen(prog)};
	if (event) {
		snprintf(id, sizeof(id), "MESSAGE_ID=%s", event->message_id);
		snprintf(name, sizeof(name), "KMS_EVENT=%s", event->name);
		iov[n++] = (struct iovec){id, strlen(id)};
		iov[n++] = (struct iovec){name, strlen(name)};
	}
	for (; fields && *fields && n < FIELDS_MAX; fields++, n++)
		iov[n] = (struct iovec){(char *)(uintptr_t)*fields,
					strlen(*fields)};
	(void)sd_journal_sendv(iov, n);
}

void log_eventv(enum log_level level, const struct log_event *event,
		const char *const *fields, const char *format, va_list ap)
{
	char message[LINE_BYTES];
	int saved = errno;

	if (level > log_max)
		return;
	vsnprintf(message, sizeof(message), format, ap);
	/* One line is one record: what a peer sent must not forge another. */
	for (char *p = message; *p; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' ';
	if (log_to_journal)
		send_journal(level, event, fields, message);
	else
		fprintf(stderr, "%s: %s%s%s\n", log_program,
			event ? event->name : "", event ? ": " : "", message);
	errno = saved;
}

void log_event(enum log_level level, const struct log_event *event,
	       const char *const *fields, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_eventv(level, event, fields, format, ap);
	va_end(ap);
}
