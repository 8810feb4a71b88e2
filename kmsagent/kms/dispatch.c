/* SPDX-License-Identifier: MIT */
/*
 * The way of every operation: known? well-formed? which key? may the caller?
 * fit for this? in which state? Then the handler.  The table says how much
 * of it applies; no operation is named here.
 */
#include <string.h>

#include "kmsagent/base/clock.h"
#include "kmsagent/kms/lastuse.h"
#include "kmsagent/kms/service.h"
#include "kmsagent/kms/task.h"

static void task_done(struct kms_task *t)
{
	for (size_t i = 0; i < KMS_TASK_MAX_BLOBS; i++)
		secret_done(&t->blobs[i].bytes);
	pkey_done(&t->pair);
}

static int check_key(struct kms_task *t)
{
	const struct kms_op *op = t->op;
	int r = kms_task_resolve(t, kms_arg_string(t, op->key_member), &t->key);

	if (r == 0)
		r = kms_task_authorize(t, op->permission, t->key);
	if (r == 0)
		r = kms_task_check_origin(t, t->key);
	if (r == 0)
		r = kms_task_check_usage(t, t->key);
	if (r == 0 && op->algorithm_member)
		r = kms_task_check_algorithm(t, t->key, op->algorithm_member);
	if (r == 0 && (op->flags & KMS_OP_SYMMETRIC))
		r = kms_task_check_symmetric(t, t->key);
	if (r == 0)
		r = kms_state_check(t->key, t->now_ms, op->states, t->reply);
	return r;
}

static int run(struct kms_task *t)
{
	int r = kms_task_check_tokens(t);

	if (r)
		return r;
	if (t->op->key_member)
		r = check_key(t);
	else if (!(t->op->flags & KMS_OP_OWN_CHECKS))
		r = kms_task_authorize_resource(t, t->op->permission, "*");
	if (r == 0)
		r = t->op->run(t);
	if (r == 0 && (t->op->flags & KMS_OP_USES))
		kms_last_use_note(t, t->key);
	return r;
}

static int run_locked(struct kms_task *t)
{
	int r;

	if (t->op->flags & KMS_OP_CHANGES) {
		pthread_mutex_lock(&t->svc->mutate);
		r = run(t);
		pthread_mutex_unlock(&t->svc->mutate);
	} else {
		pthread_rwlock_rdlock(&t->svc->table);
		r = run(t);
		pthread_rwlock_unlock(&t->svc->table);
	}
	return r;
}

/* Make what the operation lacked, with no lock held. */
static int supply(struct kms_task *t)
{
	const struct pkey_kind *kind = take_ptr(t->wanted_pair);

	if (kind)
		return pkey_generate(kind, &t->pair);
	if (!t->req->who->service)
		return -EAGAIN; /* not ours to give */
	return kms_service_make_managed(t->svc, t->region, t->req->who->service,
					t->now_ms);
}

static int validated(struct kms_task *t)
{
	int r = kms_validate(t);

	if (r == 0)
		r = run_locked(t);
	/* All is checked anew: meanwhile anything may have changed. */
	while (r == -EAGAIN) {
		r = supply(t);
		if (r < 0)
			break;
		r = run_locked(t);
	}
	return r;
}

static int dispatch(struct kms_task *t)
{
	if (!t->op)
		return kms_fail(t->reply, KMS_ERROR_UNKNOWN_OPERATION, NULL);
	t->reply->read_only = t->op->flags & KMS_OP_READ_ONLY;
	if (!t->op->run)
		return kms_fail(t->reply, KMS_ERROR_UNSUPPORTED_OPERATION,
				"This kmsd does not offer the operation %s.",
				t->op->name);
	if (!t->region)
		return kms_fail(t->reply, KMS_ERROR_VALIDATION,
				"This kmsd does not serve the region %s.",
				t->req->region);
	return validated(t);
}

/* Nothing of a half-done answer leaves, and none of its secrets. */
static void drop_body(struct kms_reply *reply)
{
	cJSON_Delete(reply->body);
	reply->body = NULL;
	reply->has_secrets = false;
}

int kms_dispatch(struct kms_service *svc, const struct kms_request *req,
		 struct kms_reply *reply)
{
	_cleanup_(task_done) struct kms_task t = {
		.svc = svc,
		.req = req,
		.op = kms_op_find(req->operation),
		.reply = reply,
		.region = kms_service_region(svc, req->region),
		.now_ms = svc->clock.now_ms(),
	};
	int r = dispatch(&t);

	if (r < 0) {
		int failed = r;

		r = kms_fail(reply, kms_error_of_errno(failed),
			     "The request could not be completed: %s",
			     strerror(-failed));
	}
	if (r != 0)
		drop_body(reply);
	if (r < 0)
		return r;
	if (r == 0 && (t.op->flags & KMS_OP_CHANGES) && reply->body) {
		reply->response = kms_audit_copy(reply->body);
		if (!reply->response)
			return -ENOMEM;
		/* CloudTrail does not keep them. */
		cJSON_DeleteItemFromObject(reply->response, "grantToken");
	}
	return 0;
}

bool kms_is_slow(const char *operation)
{
	const struct kms_op *op = kms_op_find(operation);

	return op && (op->flags & KMS_OP_SLOW);
}
