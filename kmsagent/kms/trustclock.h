/* SPDX-License-Identifier: MIT */
/*
 * How far the wall clock may be believed before something is done that
 * cannot be undone.  The wall clock counts as far as CLOCK_BOOTTIME, which
 * nobody can set, bears it out; a leap ahead of that counts only once the
 * clock has kept to it for a day of running.  Pure: told both times.
 */
#ifndef KMSAGENT_KMS_TRUSTCLOCK_H
#define KMSAGENT_KMS_TRUSTCLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring/cleanup.h"

/* Ahead of CLOCK_BOOTTIME by this much is a correction, not a leap. */
#define KMS_TRUST_SLACK_MS ((int64_t)5 * 60 * 1000)
/* The machine may have been off for so long between two boots; what is
 * longer is a leap. */
#define KMS_TRUST_OFF_MS ((int64_t)24 * 3600 * 1000)
/* For so long, running, a leap has to stay as it is to be believed. */
#define KMS_TRUST_PROBATION_MS ((int64_t)24 * 3600 * 1000)

#define KMS_BOOT_ID_BYTES 64

struct kms_trust {
	char boot_id[KMS_BOOT_ID_BYTES];
	int64_t anchor_ms;	/* wall clock that was believed ... */
	int64_t anchor_boot_ms; /* ... at this CLOCK_BOOTTIME */
	int64_t believed_ms;	/* the latest time believed; never goes back */
	bool is_in_doubt;	/* the wall clock is ahead of what we believe */
	int64_t offset_ms;	/* while so: wall clock less CLOCK_BOOTTIME */
	int64_t steady_ms;	/* and for how long it has been that */
	int64_t seen_ms;	/* both clocks at the last look */
	int64_t seen_boot_ms;
};

enum kms_trust_news {
	KMS_TRUST_SAME,
	KMS_TRUST_LEAPT,  /* from now on the clock is in doubt */
	KMS_TRUST_AGREED, /* not any more */
};

/* Begin with no past, or with what kms_trust_decode() gave of an earlier
 * process: @saved. */
void kms_trust_start(struct kms_trust *t, const struct kms_trust *saved,
		     const char *boot_id, int64_t wall_ms, int64_t boot_ms);

/* Take both clocks into account; to be called every few seconds. */
enum kms_trust_news kms_trust_look(struct kms_trust *t, int64_t wall_ms,
				   int64_t boot_ms);

/* As JSON text, to be freed by json_text_free(); NULL: no memory.  Reading
 * returns 0, -EBADMSG, -ENOMEM. */
char *kms_trust_encode(const struct kms_trust *t) _must_check_;
int kms_trust_decode(const void *text, size_t len,
		     struct kms_trust *ret) _must_check_;

#endif
