/* SPDX-License-Identifier: MIT */
/*
 * A keyholder without policy or KMS, to try keyring/upcall and the handler
 * against hostile requesters: upcall-holder SOCKET.  Prints "ready", then for
 * each upcall "pending KEY UID TYPE NAME" or "odd KEY ERRNO"; standard input
 * says what becomes of it:
 *	deliver KEY TTL | reject KEY SECONDS ERRNO | leave KEY | forget KEY
 * ("leave" answers without settling, "forget" never answers), each followed by
 * "result KEY ERRNO".  "auto TTL" delivers at once from then on; "rings" says
 * how many links lie in the drop ring and on the desk.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyring/upcall.h"
#include "kmsagent/varlink/server.h"

#define PAYLOAD "0123456789abcdef0123456789abcdef"

struct pending {
	struct varlink_call *call;
	key_serial_t key, auth;
	struct kr_requester who;
};

static struct kr_keyholder holder;
static struct pending pending[256];
static unsigned auto_ttl_s;

static void answer(struct pending *p, int r)
{
	struct varlink_call *call = p->call;
	cJSON *j = cJSON_CreateObject();

	printf("result %d %d\n", p->key, -r);
	*p = (struct pending){0};
	cJSON_AddStringToObject(j, "outcome", r == 0 ? "delivered" : "refused");
	if (call)
		varlink_reply(call, j);
	else
		cJSON_Delete(j);
}

static void deliver(struct pending *p, unsigned ttl_s)
{
	_cleanup_(secret_done) struct secret s = SECRET_INIT;
	int r = secret_set(&s, PAYLOAD, sizeof(PAYLOAD) - 1);

	if (r == 0)
		r = kr_upcall_deliver(&holder, p->key, p->auth, &p->who, &s,
				      ttl_s);
	answer(p, r);
}

static struct pending *find(key_serial_t key)
{
	for (size_t i = 0; i < ARRAY_SIZE(pending); i++)
		if (pending[i].key == key)
			return &pending[i];
	return NULL;
}

/* The handler died: what it asked for can still be tried. */
static void on_cancel(struct varlink_call *call, void *data)
{
	struct pending *p = data;

	(void)call;
	p->call = NULL;
	printf("gone %d\n", p->key);
}

static void upcall_ring(struct varlink_call *call, const cJSON *params,
			void *userdata)
{
	cJSON *j = cJSON_CreateObject();

	(void)params;
	(void)userdata;
	cJSON_AddNumberToObject(j, "ring", holder.drop);
	varlink_reply(call, j);
}

static void upcall(struct varlink_call *call, const cJSON *params,
		   void *userdata)
{
	struct pending *p = find(0);
	int64_t key = 0, auth = 0;
	int r;

	(void)userdata;
	if (!p || varlink_get_int(params, "key", 1, INT32_MAX, &key) < 0 ||
	    varlink_get_int(params, "auth", 1, INT32_MAX, &auth) < 0) {
		varlink_error_parameter(call, "key");
		return;
	}
	p->call = call;
	p->key = (key_serial_t)key;
	p->auth = (key_serial_t)auth;
	varlink_call_on_cancel(call, on_cancel, p);
	r = kr_upcall_requester(&holder, p->key, p->auth, &p->who);
	if (r < 0) {
		printf("odd %d %d\n", p->key, -r);
		r = kr_upcall_reject(&holder, p->key, p->auth, 1, EKEYREJECTED);
		answer(p, r);
		return;
	}
	printf("pending %d %u %s %s\n", p->key, p->who.uid, p->who.type->name,
	       p->who.name);
	if (auto_ttl_s)
		deliver(p, auto_ttl_s);
}

static const struct varlink_method methods[] = {
	{"UpcallRing", upcall_ring, VARLINK_ROOT_ONLY},
	{"Upcall", upcall, VARLINK_ROOT_ONLY},
	{NULL, NULL, VARLINK_NONE},
};

static long links(key_serial_t ring)
{
	return keyctl_read(ring, NULL, 0) / (long)sizeof(key_serial_t);
}

static void command(const char *line)
{
	struct pending *p;
	unsigned a = 0, b = 0;
	char verb[16];
	int key = 0;

	if (sscanf(line, "auto %u", &auto_ttl_s) == 1)
		return;
	if (strcmp(line, "rings\n") == 0) {
		printf("rings %ld %ld\n", links(holder.drop),
		       links(holder.desk));
		return;
	}
	if (sscanf(line, "%15s %d %u %u", verb, &key, &a, &b) < 2)
		return;
	p = find(key);
	if (!p)
		printf("unknown %d\n", key);
	else if (!strcmp(verb, "deliver"))
		deliver(p, a);
	else if (!strcmp(verb, "reject"))
		answer(p,
		       kr_upcall_reject(&holder, p->key, p->auth, a, (int)b));
	else if (!strcmp(verb, "leave"))
		answer(p, 0);
}

int main(int argc, char **argv)
{
	struct varlink_config config = {
		.interface = "io.kmsagent.Agent",
		.idl = "interface io.kmsagent.Agent\n",
		.methods = methods,
	};
	struct varlink_server *s;
	struct pollfd p[2] = {{.fd = 0, .events = POLLIN}, {.events = POLLIN}};
	char line[128];
	int r;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* poll() does not see what stdio holds back. */
	setvbuf(stdin, NULL, _IONBF, 0);
	r = kr_keyholder_init(&holder);
	if (r == 0)
		r = varlink_listen(argv[1], 0600, &config.listen_fd);
	if (r == 0)
		r = varlink_server_new(&config, &s);
	if (r < 0) {
		fprintf(stderr, "upcall-holder: %s\n", strerror(-r));
		return 1;
	}
	p[1].fd = varlink_server_fd(s);
	puts("ready");
	while (poll(p, 2, -1) >= 0) {
		if (p[1].revents && varlink_server_dispatch(s) < 0)
			break;
		if (p[0].revents) {
			if (!fgets(line, sizeof(line), stdin))
				break;
			command(line);
		}
	}
	varlink_server_free(s);
	return 0;
}
