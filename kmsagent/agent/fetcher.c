/* SPDX-License-Identifier: MIT */
/*
 * The fetcher: a process without privileges that asks the KMS.  It serves
 * one request that carries a key, or any number of dry runs, and exits.  It
 * must not know entries, keyrings or who asked.
 */
#include <string.h>

#include "kmsagent/agent/channel.h"
#include "kmsagent/agent/role.h"
#include "kmsagent/aws/client.h"

#define CONNECT_TIMEOUT_MS 3000
#define TOTAL_TIMEOUT_MS   8000

static int client_new(const struct agent_msg *m, struct awskms_client **ret,
		      char *why, size_t why_len)
{
	struct awskms_credentials creds = AWSKMS_CREDENTIALS_INIT;
	struct awskms_config config = {
		.endpoint = m->endpoint,
		.region = m->region,
		.ca_file = m->ca_file,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.total_timeout_ms = TOTAL_TIMEOUT_MS,
		.tries = 2,
	};
	int r;

	if (m->access_key_id) {
		r = awskms_credentials_set(&creds, m->access_key_id,
					   (const char *)m->key.bytes,
					   m->key.len, m->session_token);
		if (r < 0)
			return r;
		config.credentials = &creds;
	}
	r = awskms_new(&config, ret, why, why_len);
	awskms_credentials_done(&creds);
	return r;
}

static int do_generate(struct awskms_client *c, const struct agent_msg *q,
		       struct agent_msg *a, struct awskms_error *err)
{
	struct awskms_data_key k = AWSKMS_DATA_KEY_INIT;
	int r;

	r = q->type == AGENT_MSG_WRAP
		    ? awskms_generate_data_key_without_plaintext(
			      c, q->cmk, &q->context, q->bytes, &k, err)
		    : awskms_generate_data_key(c, q->cmk, &q->context, q->bytes,
					       &k, err);
	if (r == 0) {
		secret_move(&a->key, &k.plaintext);
		a->blob = take_ptr(k.blob);
		a->blob_len = k.blob_len;
		a->key_arn = take_ptr(k.key_arn);
		a->material_id = take_ptr(k.key_material_id);
	}
	awskms_data_key_done(&k);
	return r;
}

static int do_decrypt(struct awskms_client *c, const struct agent_msg *q,
		      struct agent_msg *a, struct awskms_error *err)
{
	return awskms_decrypt(c, q->cmk, &q->context, q->blob, q->blob_len,
			      &a->key, &a->key_arn, err);
}

static int do_check(struct awskms_client *c, const struct agent_msg *q,
		    struct agent_msg *a, struct awskms_error *err)
{
	(void)a;
	return awskms_decrypt_dry_run(c, q->cmk, &q->context, q->blob,
				      q->blob_len, err);
}

static const struct {
	int (*run)(struct awskms_client *c, const struct agent_msg *q,
		   struct agent_msg *a, struct awskms_error *err);
	bool is_last; /* a key moves: this process ends with it */
} requests[AGENT_MSG_COUNT_] = {
	[AGENT_MSG_GENERATE] = {do_generate, true},
	[AGENT_MSG_WRAP] = {do_generate, true},
	[AGENT_MSG_DECRYPT] = {do_decrypt, true},
	[AGENT_MSG_CHECK] = {do_check, false},
};

/* @client NULL: @why says what is wrong with the set-up. */
static int serve(int fd, struct awskms_client *client, const char *why,
		 const struct agent_msg *q)
{
	_cleanup_(agent_msg_done) struct agent_msg a = AGENT_MSG_INIT;
	struct awskms_error err = AWSKMS_ERROR_INIT;

	if (client) {
		a.error = requests[q->type].run(client, q, &a, &err);
	} else {
		a.error = -EINVAL;
		err.class = AWSKMS_CLASS_UNREACHABLE;
		snprintf(err.message, sizeof(err.message), "%s", why);
	}
	a.type = AGENT_MSG_FETCHED;
	a.class = err.class;
	if (a.error < 0) {
		a.code = strdup(err.code);
		a.text = strdup(err.message);
	}
	return agent_channel_send(fd, &a, NULL, 0);
}

int agent_fetcher_run(int fd)
{
	_cleanup_(secret_done) struct secret buffer = SECRET_INIT;
	_cleanup_(awskms_freep) struct awskms_client *client = NULL;
	char why[256] = "the agent's set-up came in the wrong order";

	if (secret_alloc(&buffer, AGENT_MSG_MAX_BYTES) < 0 ||
	    awskms_global_init() < 0)
		return EXIT_FAILURE;
	for (;;) {
		_cleanup_(agent_msg_done) struct agent_msg q = AGENT_MSG_INIT;
		int r = agent_channel_recv(fd, &buffer, &q, NULL, NULL);

		if (r == -EPIPE)
			return EXIT_SUCCESS;
		if (r < 0)
			return EXIT_FAILURE;
		if (q.type == AGENT_MSG_ENDPOINT) {
			awskms_free(take_ptr(client));
			if (client_new(&q, &client, why, sizeof(why)) < 0)
				client = NULL;
			continue;
		}
		if (!requests[q.type].run || serve(fd, client, why, &q) < 0)
			return EXIT_FAILURE;
		if (requests[q.type].is_last)
			return EXIT_SUCCESS;
	}
}
