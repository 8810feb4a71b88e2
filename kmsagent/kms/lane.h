/* SPDX-License-Identifier: MIT */
/*
 * A thread of its own for calls that compute for seconds (an RSA key pair):
 * the serving threads, and whoever waits for them, go on meanwhile.  It must
 * not know connections.
 */
#ifndef KMSAGENT_KMS_LANE_H
#define KMSAGENT_KMS_LANE_H

#include "keyring/cleanup.h"
#include "kmsagent/kms/serve.h"

/* One call on its way.  Its owner keeps all of it until done() was called. */
struct kms_job {
	struct kms_incoming in;
	struct kms_answer answer;	   /* status 0: it was not served */
	void (*done)(struct kms_job *job); /* on the lane's thread */
	void *userdata;
	struct kms_job *next; /* private */
};

struct kms_lane;

/* Borrows @front.  Returns 0, -ENOMEM, -EAGAIN (threads). */
int kms_lane_start(struct kms_front *front, struct kms_lane **ret) _must_check_;

/* Calls come out in the order in which they went in. */
void kms_lane_push(struct kms_lane *lane, struct kms_job *job);

/*
 * Finish the call that is being worked on, give back the others, and all that
 * are still pushed, as not served; then kms_lane_free() when nobody pushes
 * any more.  Both accept NULL.
 */
void kms_lane_stop(struct kms_lane *lane);
void kms_lane_free(struct kms_lane *lane);

#endif
