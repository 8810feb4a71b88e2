/* SPDX-License-Identifier: MIT */
/*
 * Asking the KMS, from the keyholder's side: requests go to fetchers, exec'd
 * ahead, each of which serves one key; dry runs go one by one through a
 * fetcher of their own.
 */
#ifndef KMSAGENT_AGENT_FETCH_H
#define KMSAGENT_AGENT_FETCH_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"
#include "kmsagent/agent/config.h"
#include "kmsagent/agent/msg.h"
#include "kmsagent/aws/error.h"

struct agent_fetch;
struct agent_fetchers;

/*
 * The one answer: a FETCHED message, made up where the fetcher gave none
 * (class UNREACHABLE, error -ETIMEDOUT, -EPIPE or whatever stopped it).  The
 * callback may move things out of it.  The fetch is gone afterwards.
 */
typedef void (*agent_fetched)(struct agent_msg *answer, void *userdata);

/*
 * @config and @buffer are borrowed for as long as it lives.  Looks up the
 * fetchers' user: -ENOENT, -EINVAL as agent_config_user().
 */
int agent_fetchers_new(sd_event *event, const struct agent_config *config,
		       struct secret *buffer,
		       struct agent_fetchers **ret) _must_check_;

/*
 * End them all and take no more requests; no callback is called.  The
 * processes are reaped by the loop, for which @f must live on; _free() comes
 * after that.
 */
void agent_fetchers_stop(struct agent_fetchers *f);
void agent_fetchers_free(struct agent_fetchers *f);

/*
 * Ask @request (moved out of), whose type is one that fetchers serve, within
 * @timeout_ms, waiting for a free fetcher included.  Returns 0, -EAGAIN (too
 * many wait), -ESHUTDOWN (stopped), or negative errno.
 */
int agent_fetch_new(struct agent_fetchers *f, struct agent_msg *request,
		    unsigned timeout_ms, agent_fetched done, void *userdata,
		    struct agent_fetch **ret) _must_check_;

/* Forget it; a fetcher that works on it is ended.  Accepts NULL. */
void agent_fetch_cancel(struct agent_fetch *fetch);

/* What is known of the KMS, from the last answers. */
struct agent_kms_state {
	enum awskms_class class;
	bool is_known; /* something was asked since the start */
	int64_t last_ok_s;
	char last_error[AWSKMS_MESSAGE_BYTES + AWSKMS_CODE_BYTES];
};
const struct agent_kms_state *
agent_fetchers_kms(const struct agent_fetchers *f);

/* Processes now. */
unsigned agent_fetchers_count(const struct agent_fetchers *f);

#endif
