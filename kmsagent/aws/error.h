/* SPDX-License-Identifier: MIT */
/*
 * What a KMS error means for a lease, as one table.  Only what proves that
 * the key was taken away is "revoked"; what may be an outage or a mistake in
 * our own set-up is "unreachable", so that it never locks a fleet out.
 */
#ifndef KMSAGENT_AWS_ERROR_H
#define KMSAGENT_AWS_ERROR_H

#include <stdbool.h>

#define AWSKMS_CODE_BYTES    64
#define AWSKMS_MESSAGE_BYTES 512

enum awskms_class {
	AWSKMS_CLASS_OK,
	AWSKMS_CLASS_REVOKED,	  /* disabled, pending deletion: at once */
	AWSKMS_CLASS_DENIED,	  /* counts as revoked once it has held 60 s */
	AWSKMS_CLASS_UNREACHABLE, /* everything else: first lease, then grace */
};

struct awskms_error {
	enum awskms_class class;
	long http_status;	      /* 0 = no reply came */
	char code[AWSKMS_CODE_BYTES]; /* "DisabledException"; "" = no reply */
	char message[AWSKMS_MESSAGE_BYTES]; /* one line, printable */
	bool may_pass;			    /* trying later may help */
};

#define AWSKMS_ERROR_INIT ((struct awskms_error){0})

/* The class of an AWS exception name; unknown names are UNREACHABLE. */
enum awskms_class awskms_class_of(const char *code, const char *message);

/* May the same request work later: throttling, faults, timeouts. */
bool awskms_code_may_pass(const char *code, long http_status);

/* What an operator does about it, for a message; never NULL. */
const char *awskms_advice(const struct awskms_error *err);

const char *awskms_class_name(enum awskms_class c);

#endif
