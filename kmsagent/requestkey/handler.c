/* SPDX-License-Identifier: MIT */
/*
 * The conversation with the agent.  It must not describe or search keys: the
 * description is the requester's, and a search would walk its rings.
 */
#include "kmsagent/requestkey/handler.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "keyring/key.h"
#include "keyring/upcall.h"
#include "kmsagent/varlink/client.h"
#include "kmsagent/varlink/message.h"

#define INTERFACE "io.kmsagent.Agent"

struct talk {
	struct varlink_client *client;
	int64_t end_ms; /* CLOCK_BOOTTIME */
	char *why;
	size_t why_len;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int left_ms(const struct talk *t)
{
	int64_t left = t->end_ms - now_ms();

	return left > 0 ? (int)left : 0;
}

static int _printf_(3, 4)
	fail(const struct talk *t, int err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(t->why, t->why_len, format, ap);
	va_end(ap);
	return err;
}

/* A call that must succeed.  *ret gets the reply's parameters. */
static int ask(const struct talk *t, const char *method, const cJSON *params,
	       cJSON **ret)
{
	_free_ char *error = NULL;
	cJSON *reply = NULL;
	int r = varlink_client_call(t->client, method, params, NULL, 0,
				    left_ms(t), &reply, &error);

	if (r == 0) {
		*ret = reply;
		return 0;
	}
	cJSON_Delete(reply);
	if (r == -EREMOTEIO)
		return fail(t, r, "the agent answered %s; its log says why",
			    error);
	return fail(t, r,
		    "the agent did not answer %s: %s; see 'systemctl status "
		    "kmsagentd'",
		    method, strerror(-r));
}

static int agent_connect(struct talk *t, const char *socket)
{
	struct ucred peer;
	int r = varlink_client_connect(socket, left_ms(t), &t->client);

	if (r < 0)
		return fail(t, r,
			    "no agent at %s: %s; start it: systemctl start "
			    "kmsagentd",
			    socket, strerror(-r));
	/* Whoever has the authorisation key decides what the key holds. */
	r = varlink_client_peer(t->client, &peer);
	if (r < 0)
		return fail(t, r, "no credentials of the agent: %s",
			    strerror(-r));
	if (peer.uid != 0)
		return fail(t, -EPERM,
			    "what listens at %s is uid %u, not root: no key "
			    "is handed over to it",
			    socket, peer.uid);
	return 0;
}

static int agent_ring(const struct talk *t, key_serial_t *ret_ring)
{
	cJSON *reply = NULL;
	int64_t ring;
	int r = ask(t, INTERFACE ".UpcallRing", NULL, &reply);

	if (r < 0)
		return r;
	r = varlink_get_int(reply, "ring", 1, INT_MAX, &ring);
	cJSON_Delete(reply);
	if (r < 0)
		return fail(t, -EBADMSG, "the agent named no keyring");
	*ret_ring = (key_serial_t)ring;
	return 0;
}

static int agent_settle(const struct talk *t, key_serial_t key,
			key_serial_t auth)
{
	cJSON *params = cJSON_CreateObject(), *reply = NULL;
	int r;

	if (!cJSON_AddNumberToObject(params, "key", key) ||
	    !cJSON_AddNumberToObject(params, "auth", auth))
		r = fail(t, -ENOMEM, "out of memory");
	else
		r = ask(t, INTERFACE ".Upcall", params, &reply);
	cJSON_Delete(reply);
	cJSON_Delete(params);
	return r;
}

static int converse(struct talk *t, const char *socket, key_serial_t key,
		    key_serial_t auth)
{
	key_serial_t ring = 0, handed = 0;
	int r = agent_connect(t, socket);

	if (r < 0)
		return r;
	r = agent_ring(t, &ring);
	if (r < 0)
		return r;
	r = kr_upcall_hand_over(ring, key, &handed);
	if (r < 0)
		return fail(t, r, "authority over key %d not handed over: %s",
			    key, kr_advice(r));
	if (handed != auth)
		return fail(t, -EBADMSG, "key %d changed its authority", key);
	return agent_settle(t, key, auth);
}

int handler_run(const char *socket, key_serial_t key, key_serial_t auth,
		char *why, size_t why_len)
{
	struct talk t = {
		.end_ms = now_ms() + HANDLER_WAIT_MS,
		.why = why,
		.why_len = why_len,
	};
	int r = converse(&t, socket, key, auth);

	varlink_client_free(t.client);
	return r;
}

/*
 * An agent that is absent, slow or dying is "not now": a negative key, as for
 * a key service out of reach.  What is wrong in itself is a refusal.
 */
int handler_answer(int err)
{
	static const int refusals[] = {EPERM, EBADMSG, EILSEQ, EMSGSIZE,
				       EREMOTEIO};

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (err == -refusals[i])
			return EKEYREJECTED;
	return ENOKEY;
}
