/* SPDX-License-Identifier: MIT */
/*
 * Decrypt: the worker reads the untrusted header and tells it; here it is
 * decided by what right the caller may have it opened, the KMS is asked with
 * CMK and context named, and the commitment compared before the worker gets
 * the message key.
 */
#include <string.h>

#include "kmsagent/agent/context.h"
#include "kmsagent/agent/job.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/base/arn.h"

static void try_next(struct agent_job *job, const struct agent_msg *last);

static int release_key(struct agent_job *job, const struct secret *data_key)
{
	_cleanup_(agent_msg_done) struct agent_msg order = {
		.type = AGENT_MSG_KEY};
	struct esdk_refusal why;
	int r;

	r = esdk_derive_committed(data_key, job->header.message_id,
				  job->header.commitment, &order.key, &why);
	if (r == 0)
		r = agent_job_audit_key(job);
	if (r == 0)
		r = agent_child_send(job->child, &order, NULL, 0);
	return r;
}

static void on_decrypted(struct agent_msg *m, void *userdata)
{
	struct agent_job *job = userdata;
	int r;

	job->fetch = NULL;
	if (m->error < 0) {
		/* Without an answer the next data key would have none. */
		if (m->code)
			try_next(job, m);
		else
			agent_job_fail_kms(job, m);
		return;
	}
	if (!m->key_arn || strcmp(m->key_arn, job->arn) != 0) {
		agent_job_refuse(job, "bad-message",
				 "the data key is under another CMK than the "
				 "message says");
		return;
	}
	r = release_key(job, &m->key);
	secret_done(&m->key);
	if (r == -EBADMSG)
		agent_job_refuse(job, "bad-message", "commitment");
	else if (r < 0)
		agent_job_fail(job, r, "handing the key to the worker");
	else
		job->is_keyed = true;
}

/* The ARN of an EDK of a KMS, or NULL: some other keyring's. */
static char *arn_of(const struct esdk_edk *e)
{
	_free_ char *arn = NULL;
	struct key_ref ref;

	if (e->provider_id_len != strlen("aws-kms") ||
	    memcmp(e->provider_id, "aws-kms", e->provider_id_len) != 0 ||
	    e->info_len > ARN_MAX_BYTES || memchr(e->info, 0, e->info_len) ||
	    e->ciphertext_len == 0 || e->ciphertext_len > AGENT_BLOB_MAX_BYTES)
		return NULL;
	arn = strndup((const char *)e->info, e->info_len);
	if (!arn)
		return NULL;
	key_ref_parse(arn, &ref);
	return ref.kind == KEY_REF_KEY_ARN ? take_ptr(arn) : NULL;
}

static int ask(struct agent_job *job, const struct esdk_edk *e, const char *cmk)
{
	_cleanup_(agent_msg_done) struct agent_msg q = AGENT_MSG_INIT;
	int r;

	q.type = AGENT_MSG_DECRYPT;
	q.cmk = strdup(cmk);
	q.blob = malloc(e->ciphertext_len);
	r = q.cmk && q.blob ? ectx_copy(&q.context, &job->context) : -ENOMEM;
	if (r < 0)
		return r;
	memcpy(q.blob, e->ciphertext, e->ciphertext_len);
	q.blob_len = e->ciphertext_len;
	return agent_job_fetch(job, &q, on_decrypted);
}

static struct agent_reader reader_of(const struct agent_job *job)
{
	const struct agent_config *c = &job->agent->config;

	return (struct agent_reader){
		.uid = job->caller.uid,
		.name = job->name,
		.name_arn = job->name_arn,
		.cmk = job->cmk,
		.default_cmk = c->default_cmk,
		.open_cmks = c->open_cmks,
		.open_count = c->open_count,
	};
}

/* The next data key that this caller may have asked for.  @last: what the
 * KMS said of the one before, or NULL. */
static void try_next(struct agent_job *job, const struct agent_msg *last)
{
	const struct agent_reader who = reader_of(job);
	bool seen = false;

	while (job->next_edk < job->header.edk_count) {
		const struct esdk_edk *e = &job->header.edks[job->next_edk++];
		const char *cmk;
		int r;

		free(job->arn);
		job->arn = arn_of(e);
		if (!job->arn)
			continue;
		seen = true;
		r = agent_context_judge(&job->context, job->arn, &who, &cmk);
		if (r == -EXDEV)
			continue;
		if (r < 0) {
			agent_job_refuse(job, "denied",
					 "this message is not this caller's "
					 "to open");
			return;
		}
		r = ask(job, e, cmk);
		if (r < 0)
			agent_job_fail(job, r, "asking the KMS");
		return;
	}
	if (last)
		agent_job_fail_kms(job, last);
	else
		agent_job_refuse(job, "denied",
				 seen ? "none of its data keys is under this "
					"CMK"
				      : "none of its data keys is a KMS's");
}

static void on_header(struct agent_job *job, struct agent_msg *m)
{
	int r = ectx_copy(&job->context, &m->context);

	if (r < 0) {
		agent_job_fail(job, r, "reading the header");
		return;
	}
	if (!ectx_is_subset(&job->user, &job->context)) {
		agent_job_refuse(job, "bad-message",
				 "its encryption context lacks a pair that "
				 "was asked for");
		return;
	}
	job->header = *m;
	*m = AGENT_MSG_INIT;
	try_next(job, NULL);
}

static void on_worker(struct agent_child *c, struct agent_msg *m,
		      void *userdata)
{
	struct agent_job *job = userdata;

	(void)c;
	if (!m)
		agent_job_fail(job, -EPIPE, "the worker ended early");
	else if (m->type == AGENT_MSG_DONE && m->error <= 0 &&
		 (m->error < 0 || job->is_keyed))
		agent_job_done(job, m);
	else if (m->type == AGENT_MSG_HEADER &&
		 job->header.type == AGENT_MSG_NONE)
		on_header(job, m);
	else
		agent_job_fail(job, -EPROTO, "the worker spoke out of turn");
}

void agent_method_decrypt(struct varlink_call *call, const cJSON *params,
			  void *userdata)
{
	struct agent_job *job = agent_job_new(userdata, call, params, true);
	struct agent_msg order = {.type = AGENT_MSG_UNSEAL};
	int r;

	if (!job)
		return;
	order.engine = job->engine; /* borrowed, for the sending */
	r = agent_job_start(job, &order, on_worker);
	if (r < 0)
		agent_job_fail(job, r, "starting the job");
}
