/* SPDX-License-Identifier: MIT */
/* What may be asked on the agent's socket, and by whom, as one table. */
#include "kmsagent/agent/method.h"

#include <string.h>

#include "kmsagent/agent/reply.h"
#include "kmsagent/agent/upcall.h"
#include "kmsagent/base/log.h"

static void upcall_ring(struct varlink_call *call, const cJSON *params,
			void *userdata)
{
	struct agent *a = userdata;
	cJSON *reply = cJSON_CreateObject();

	(void)params;
	if (reply)
		cJSON_AddNumberToObject(reply, "ring", a->holder.drop);
	agent_reply_with(call, reply);
}

static void upcall(struct varlink_call *call, const cJSON *params,
		   void *userdata)
{
	int64_t key, auth;

	if (agent_arg_int(call, params, "key", true, 1, INT32_MAX, &key) &&
	    agent_arg_int(call, params, "auth", true, 1, INT32_MAX, &auth))
		agent_upcall_start(userdata, call, (key_serial_t)key,
				   (key_serial_t)auth);
}

/* Where it says VARLINK_NONE, the entry's allow list decides. */
const struct varlink_method agent_methods[] = {
	{"CreateKey", agent_method_create_key, VARLINK_ROOT_ONLY},
	{"ListKeys", agent_method_list_keys, VARLINK_NONE},
	{"ShowKey", agent_method_show_key, VARLINK_NONE},
	{"UnloadKey", agent_method_unload_key, VARLINK_NONE},
	{"ExportKey", agent_method_export_key, VARLINK_ROOT_ONLY},
	{"ImportKey", agent_method_import_key, VARLINK_ROOT_ONLY},
	{"DeleteKey", agent_method_delete_key, VARLINK_ROOT_ONLY},
	{"Encrypt", agent_method_encrypt, VARLINK_TAKES_FDS},
	{"Decrypt", agent_method_decrypt, VARLINK_TAKES_FDS},
	{"DmcryptOpen", agent_method_dmcrypt_open,
	 VARLINK_ROOT_ONLY | VARLINK_TAKES_FDS},
	{"DmcryptClose", agent_method_dmcrypt_close, VARLINK_ROOT_ONLY},
	{"DmcryptStatus", agent_method_dmcrypt_status, VARLINK_NONE},
	{"DmcryptResize", agent_method_dmcrypt_resize, VARLINK_ROOT_ONLY},
	{"FscryptSetup", agent_method_fscrypt_setup,
	 VARLINK_ROOT_ONLY | VARLINK_TAKES_FDS},
	{"FscryptUnlock", agent_method_fscrypt_unlock, VARLINK_TAKES_FDS},
	{"FscryptLock", agent_method_fscrypt_lock, VARLINK_TAKES_FDS},
	{"FscryptStatus", agent_method_fscrypt_status, VARLINK_TAKES_FDS},
	{"Status", agent_method_status, VARLINK_NONE},
	{"UpcallRing", upcall_ring, VARLINK_ROOT_ONLY},
	{"Upcall", upcall, VARLINK_ROOT_ONLY},
	{NULL, NULL, VARLINK_NONE},
};

int agent_audit(struct agent *a, const struct agent_event *e)
{
	int r = agent_audit_write(&a->audit, e);

	if (r < 0)
		log_crit("cannot write the audit record of %s: %s; make room "
			 "or repair [agent] audit",
			 e->what, strerror(-r));
	return r;
}

void agent_audit_note(struct agent *a, const struct agent_event *e)
{
	/* Logged there; nothing is released by this event. */
	int r = agent_audit(a, e);

	(void)r;
}
