/* SPDX-License-Identifier: MIT */
/*
 * The audit trail: one JSON object a line, in CloudTrail's shape, for every
 * call, refused ones too, and for what kmsd does of itself.  A record is one
 * write(2) to a file opened for appending, and it is there before the answer
 * leaves; what could not be recorded is not answered.  Never plaintext,
 * ciphertext or tokens.
 * Source: AWS KMS Developer Guide, "Logging AWS KMS API calls with CloudTrail".
 */
#ifndef KMSAGENT_KMS_AUDIT_H
#define KMSAGENT_KMS_AUDIT_H

#include <stdatomic.h>
#include <stdint.h>

#include "kmsagent/kms/request.h"
#include "kmsagent/kms/text.h"

/* One a process, shared by its threads. */
struct kms_audit {
	int fd;
	const char *path; /* borrowed */
	atomic_bool torn; /* a record was cut short: end its line first */
};

/*
 * Open or create @path, mode 0640.  Its folder must exist.  Returns 0 or
 * errno of open.
 */
int kms_audit_open(struct kms_audit *a, const char *path) _must_check_;

/*
 * Open the path again, as after its rotation: the old file is written to
 * until the new one is there.  Returns 0 or errno of open; then the old file
 * stays.  Safe beside kms_audit_write().
 */
int kms_audit_reopen(struct kms_audit *a) _must_check_;
void kms_audit_close(struct kms_audit *a);

/* One call, as it will be answered.  Everything is borrowed. */
struct kms_audit_call {
	const struct kms_request *req; /* who may be NULL: not let in */
	const struct kms_reply *reply;
	const char *error;   /* AWS's name; NULL: success */
	const char *message; /* NULL: none */
	const char *account; /* whose keys these are */
	const char *event_id;
	const char *time; /* clock_format_iso() */
};

/* Append the record's line to @t; pure. */
void kms_audit_format_call(const struct kms_audit_call *call, struct text *t);

/* An event of the service's own ("DeleteKey", "RotateKey"); pure. */
void kms_audit_format_event(const struct kms_event *event, const char *account,
			    const char *event_id, const char *time,
			    struct text *t);

/*
 * Write the line.  Returns 0, -ENOMEM (@t had failed), -EIO (cut short), or
 * errno of write: then the call must be refused.
 */
int kms_audit_write(struct kms_audit *a, const struct text *t) _must_check_;

#endif
