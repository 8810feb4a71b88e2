/* SPDX-License-Identifier: MIT */
/*
 * What happened to keys on this host, one JSON object a line in CloudTrail's
 * shape.  A record is there before the answer that releases a key; what
 * cannot be recorded is not released.  Never key bytes, blobs or values of
 * an encryption context.
 */
#ifndef KMSAGENT_AGENT_AUDIT_H
#define KMSAGENT_AGENT_AUDIT_H

#include <keyutils.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

struct agent_audit {
	int fd;
	bool is_torn; /* a record was cut short: end its line first */
	char host[65];
};

#define AGENT_AUDIT_INIT ((struct agent_audit){.fd = -1})

/* What was done, or refused: error and reason say that. */
struct agent_event {
	const char *what; /* "KeyDelivered" */
	int64_t uid;	  /* who asked; -1 = the agent itself */
	pid_t pid;	  /* 0 = not known */
	const char *name; /* of the entry, NULL = none */
	const char *cmk_arn;
	key_serial_t serial;   /* 0 = none */
	int64_t bytes;	       /* of a message; -1 = none */
	const char *device;    /* under a volume, NULL = none */
	const char *mapping;   /* its name, NULL = none */
	const char *directory; /* where it was when asked for, NULL = none */
	const char *error;     /* NULL = done; else one word */
	const char *reason;
};

#define AGENT_EVENT_INIT ((struct agent_event){.uid = -1, .bytes = -1})

/* Append to @path, made with mode 0600.  0 or errno of open. */
int agent_audit_open(struct agent_audit *a, const char *path) _must_check_;
void agent_audit_close(struct agent_audit *a);

/* The line with its newline; the caller frees.  Pure. */
int agent_audit_format(const struct agent_event *e, const char *host,
		       const char *event_id, int64_t now_s,
		       char **ret) _must_check_;

/*
 * Write one record.  Returns 0, -ENOMEM, -EIO (cut short), errno of write;
 * then what it would have released must not be.
 */
int agent_audit_write(struct agent_audit *a,
		      const struct agent_event *e) _must_check_;

#endif
