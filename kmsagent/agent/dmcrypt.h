/* SPDX-License-Identifier: MIT */
/* What the methods for volumes share: which entry, and how it is answered. */
#ifndef KMSAGENT_AGENT_DMCRYPT_H
#define KMSAGENT_AGENT_DMCRYPT_H

#include "kmsagent/agent/volume-job.h"

/* The volume's entry that @params name, which the caller may have; NULL: the
 * call is answered. */
struct agent_key *dmcrypt_find(struct agent *a, struct varlink_call *call,
			       const cJSON *params);
/* False: answered. */
bool dmcrypt_is_open(struct agent_key *k, struct varlink_call *call);

/* What the child saw, as an answer: { "volume": Mapping }.  NULL = no
 * memory. */
cJSON *dmcrypt_view(const struct agent_key *k, const struct agent_msg *m);

/*
 * Answers, to a caller that may have gone.  The first two log and audit:
 * what the child said went wrong (or that it said nothing); an error that
 * agent_reply_volume() knows.
 */
void dmcrypt_reply_failure(struct volume_job *j);
void dmcrypt_reply_volume(struct volume_job *j, const char *error,
			  const char *reason, const char *next_step);
void dmcrypt_reply_with(struct volume_job *j, cJSON *params);

/*
 * Put what is wanted into the entry, where the job binds, before the kernel
 * gets it: no data must be written of whose parameters there is no record.
 * 0 or errno of writing; and take it back.
 */
int dmcrypt_bind(struct volume_job *j) _must_check_;
void dmcrypt_unbind(struct volume_job *j);

#endif
