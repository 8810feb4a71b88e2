/* SPDX-License-Identifier: MIT */
/*
 * Encrypt: a fresh data key for each message, wrapped under the entry's, the
 * caller's or the default CMK; the worker gets the message key only.
 */
#include <string.h>
#include <sys/random.h>

#include "kmsagent/agent/context.h"
#include "kmsagent/agent/job.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/base/arn.h"

static void on_worker(struct agent_child *c, struct agent_msg *m,
		      void *userdata)
{
	struct agent_job *job = userdata;

	(void)c;
	if (!m)
		agent_job_fail(job, -EPIPE, "the worker ended early");
	else if (m->type != AGENT_MSG_DONE || m->error > 0)
		agent_job_fail(job, -EPROTO, "the worker spoke out of turn");
	else
		agent_job_done(job, m);
}

/* The worker's orders: everything of the header but its tag. */
static int fill_order(struct agent_job *job, struct agent_msg *key,
		      struct agent_msg *order)
{
	int r;

	order->type = AGENT_MSG_SEAL;
	order->engine = strdup(job->engine);
	if (!order->engine)
		return -ENOMEM;
	if (getrandom(order->message_id, sizeof(order->message_id), 0) !=
	    (ssize_t)sizeof(order->message_id))
		return -EIO;
	r = ectx_copy(&order->context, &job->context);
	if (r < 0)
		return r;
	order->edks[0] = (struct esdk_edk){
		.provider_id = (const uint8_t *)"aws-kms",
		.provider_id_len = strlen("aws-kms"),
		.info = (const uint8_t *)job->arn,
		.info_len = strlen(job->arn),
		.ciphertext = key->blob,
		.ciphertext_len = key->blob_len,
	};
	order->edk_count = 1;
	return esdk_derive(&key->key, order->message_id, &order->key,
			   order->commitment);
}

static void on_generated(struct agent_msg *m, void *userdata)
{
	_cleanup_(agent_msg_done) struct agent_msg order = AGENT_MSG_INIT;
	struct agent_job *job = userdata;
	struct key_ref ref;
	int r;

	job->fetch = NULL;
	if (m->error < 0) {
		agent_job_fail_kms(job, m);
		return;
	}
	if (m->key_arn)
		key_ref_parse(m->key_arn, &ref);
	/* Any other form could never be opened by a strict reader. */
	if (!m->key_arn || ref.kind != KEY_REF_KEY_ARN || m->blob_len == 0) {
		agent_job_fail(job, -EPROTO, "the KMS's answer");
		return;
	}
	job->arn = take_ptr(m->key_arn);
	r = fill_order(job, m, &order);
	secret_done(&m->key);
	if (r == 0)
		r = agent_job_audit_key(job);
	if (r == 0)
		r = agent_job_start(job, &order, on_worker);
	if (r < 0)
		agent_job_fail(job, r, "starting the job");
}

/* The caller's --cmk, the entry's, or the default one. */
static const char *choose_cmk(struct agent_job *job, const char **refusal)
{
	const struct agent_config *c = &job->agent->config;

	if (job->name)
		return job->name_arn;
	if (!job->cmk)
		return c->default_cmk;
	if (job->caller.uid == 0)
		return job->cmk;
	for (size_t i = 0; i < c->open_count; i++)
		if (strcmp(c->open_cmks[i], job->cmk) == 0)
			return job->cmk;
	*refusal = "this CMK is not open to callers";
	return NULL;
}

static int ask(struct agent_job *job, const char *cmk)
{
	_cleanup_(agent_msg_done) struct agent_msg q = AGENT_MSG_INIT;
	int r;

	q.type = AGENT_MSG_GENERATE;
	q.bytes = ESDK_KEY_BYTES;
	q.cmk = strdup(cmk);
	r = q.cmk ? ectx_copy(&q.context, &job->context) : -ENOMEM;
	return r < 0 ? r : agent_job_fetch(job, &q, on_generated);
}

void agent_method_encrypt(struct varlink_call *call, const cJSON *params,
			  void *userdata)
{
	struct agent_job *job = agent_job_new(userdata, call, params, false);
	const char *cmk, *refusal = NULL;
	int r;

	if (!job)
		return;
	r = agent_context_for_message(&job->user, job->name, job->caller.uid,
				      &job->context);
	if (r < 0) {
		agent_job_invalid(job, "context",
				  r == -EINVAL ? "keys that begin with "
						 "kmsagent: or aws-crypto- are "
						 "reserved"
					       : strerror(-r));
		return;
	}
	cmk = choose_cmk(job, &refusal);
	if (!cmk) {
		agent_job_refuse(job, "denied", refusal);
		return;
	}
	r = ask(job, cmk);
	if (r < 0)
		agent_job_fail(job, r, "asking the KMS");
}
