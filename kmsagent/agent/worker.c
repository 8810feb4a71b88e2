/* SPDX-License-Identifier: MIT */
/*
 * The worker: a process without privileges that encrypts or decrypts one
 * message between two descriptors of the caller's, under a message key that
 * it is given.  It parses headers, which are untrusted; it must not know
 * data keys, CMKs or who asked.
 */
#include <string.h>

#include "kcapi/bulk.h"
#include "kmsagent/agent/channel.h"
#include "kmsagent/agent/role.h"

struct worker {
	int channel;
	struct secret buffer;
	int in;
	int out;
};

static void worker_done(struct worker *w)
{
	secret_done(&w->buffer);
	close_keep_errno(w->in);
	close_keep_errno(w->out);
}

/* The last message.  @engine NULL: none was chosen; @reason: why which. */
static int tell_done(struct worker *w, int error,
		     const struct bulk_result *result,
		     const struct bulk_engine *engine, const char *reason)
{
	_cleanup_(agent_msg_done) struct agent_msg m = {
		.type = AGENT_MSG_DONE,
		.error = error,
		.bytes_in = result->bytes_in,
		.bytes_out = result->bytes_out,
	};
	char explained[512];

	if (engine)
		m.engine = strdup(engine->name);
	if (error == -EBADMSG) {
		esdk_refusal_explain(&result->refusal, explained,
				     sizeof(explained));
		m.code = strdup(esdk_stage_name(result->refusal.stage));
		reason = explained;
	} else if (error < 0) {
		m.code = strdup(bulk_where_name(result->where));
	}
	m.text = strdup(reason);
	return agent_channel_send(w->channel, &m, NULL, 0);
}

static int run_seal(struct worker *w, struct agent_msg *order)
{
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	const struct bulk_engine *engine = NULL;
	struct bulk_result result = {0};
	char reason[BULK_REASON_BYTES] = "";
	int r;

	memcpy(h.message_id, order->message_id, sizeof(h.message_id));
	memcpy(h.commitment, order->commitment, sizeof(h.commitment));
	memcpy(h.edks, order->edks, sizeof(h.edks));
	h.edk_count = order->edk_count;
	h.context = order->context;
	order->context = ECTX_INIT;
	r = bulk_engine_choose(order->engine, BULK_FRAME_BYTES, &engine,
			       reason);
	if (r == 0) {
		struct bulk_job job = {w->in, w->out, engine, &order->key};

		r = bulk_encrypt(&job, &h, &result);
	}
	return tell_done(w, r, &result, engine, reason);
}

/* Say what the header holds; what may be done with it is not ours. */
static int tell_header(struct worker *w, const struct esdk_header *h)
{
	/* Borrows all of @h: nothing here is released. */
	struct agent_msg m = {
		.type = AGENT_MSG_HEADER,
		.context = h->context,
		.edk_count = h->edk_count,
	};

	memcpy(m.message_id, h->message_id, sizeof(m.message_id));
	memcpy(m.commitment, h->commitment, sizeof(m.commitment));
	memcpy(m.edks, h->edks, sizeof(m.edks));
	return agent_channel_send(w->channel, &m, NULL, 0);
}

static int run_unseal(struct worker *w, struct agent_msg *order)
{
	_cleanup_(esdk_header_done) struct esdk_header h = ESDK_HEADER_INIT;
	_cleanup_(agent_msg_done) struct agent_msg key = AGENT_MSG_INIT;
	const struct bulk_engine *engine = NULL;
	struct bulk_result result = {.where = BULK_WHERE_INPUT};
	char reason[BULK_REASON_BYTES] = "";
	int r;

	r = bulk_decrypt_header(w->in, &h, &result.refusal);
	if (r < 0)
		return tell_done(w, r, &result, NULL, reason);
	result.where = BULK_WHERE_ENGINE;
	/* Before any key moves: an engine that cannot is no reason to ask. */
	r = bulk_engine_choose(order->engine, esdk_header_text_bytes(&h),
			       &engine, reason);
	if (r < 0)
		return tell_done(w, r, &result, NULL, reason);
	r = tell_header(w, &h);
	if (r == 0)
		r = agent_channel_recv(w->channel, &w->buffer, &key, NULL,
				       NULL);
	if (r < 0 || key.type != AGENT_MSG_KEY)
		return -EPROTO;
	{
		struct bulk_job job = {w->in, w->out, engine, &key.key};

		r = bulk_decrypt_body(&job, &h, &result);
	}
	/* What was read of the message in all. */
	result.bytes_in += esdk_header_len(&h);
	return tell_done(w, r, &result, engine, reason);
}

static char *verdict_of(const struct bulk_engine *engine)
{
	struct bulk_probe probe;

	engine->probe(&probe);
	return strdup(probe.verdict == BULK_VERDICT_OK ? "ok" : probe.reason);
}

static int run_probe(struct worker *w, struct agent_msg *order)
{
	_cleanup_(agent_msg_done) struct agent_msg m = {
		.type = AGENT_MSG_PROBED};
	const struct bulk_engine *engine = NULL;
	char reason[BULK_REASON_BYTES] = "";

	(void)order;
	if (bulk_engine_choose("auto", BULK_FRAME_BYTES, &engine, reason) == 0)
		m.engine = strdup(engine->name);
	m.text = strdup(reason);
	m.kcapi = verdict_of(&bulk_engine_kcapi);
	m.openssl = verdict_of(&bulk_engine_openssl);
	return agent_channel_send(w->channel, &m, NULL, 0);
}

static const struct {
	int (*run)(struct worker *w, struct agent_msg *order);
	size_t fds;
} orders[AGENT_MSG_COUNT_] = {
	[AGENT_MSG_SEAL] = {run_seal, 2},
	[AGENT_MSG_UNSEAL] = {run_unseal, 2},
	[AGENT_MSG_PROBE] = {run_probe, 0},
};

int agent_worker_run(int fd)
{
	_cleanup_(worker_done) struct worker w = {
		.channel = fd, .in = -1, .out = -1};
	_cleanup_(agent_msg_done) struct agent_msg order = AGENT_MSG_INIT;
	int fds[AGENT_MSG_MAX_FDS] = {-1, -1};
	size_t nfds = 0;

	if (secret_alloc(&w.buffer, AGENT_MSG_MAX_BYTES) < 0 ||
	    agent_channel_recv(fd, &w.buffer, &order, fds, &nfds) < 0)
		return EXIT_FAILURE;
	w.in = fds[0];
	w.out = fds[1];
	if (!orders[order.type].run || nfds != orders[order.type].fds)
		return EXIT_FAILURE;
	return orders[order.type].run(&w, &order) < 0 ? EXIT_FAILURE
						      : EXIT_SUCCESS;
}
