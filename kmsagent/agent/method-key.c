/* SPDX-License-Identifier: MIT */
/* Entries on the agent's socket: all but making one. */
#include <string.h>

#include "keyring/key.h"
#include "kmsagent/agent/fs-job.h"
#include "kmsagent/agent/keys.h"
#include "kmsagent/agent/mapping.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/agent/view.h"
#include "kmsagent/base/json.h"

struct agent_key *agent_key_wanted(struct agent *a, struct varlink_call *call,
				   const cJSON *params)
{
	_free_ gid_t *groups = NULL;
	struct agent_caller caller;
	struct agent_key *k;
	const char *name;

	if (!agent_arg_string(call, params, "name", true, &name))
		return NULL;
	k = agent_key_find(a, name);
	agent_caller_of(call, &caller, &groups);
	if (!k) {
		agent_reply_no_such_key(call, name);
		return NULL;
	}
	if (!agent_allow_permits(k->entry.allow, k->entry.allow_count,
				 &caller)) {
		agent_reply_denied(call,
				   "the entry's allow list does not "
				   "have this caller",
				   "root makes entries with kmsctl key create "
				   "NAME --allow uid:N");
		return NULL;
	}
	return k;
}

void agent_method_list_keys(struct varlink_call *call, const cJSON *params,
			    void *userdata)
{
	struct agent *a = userdata;
	_free_ gid_t *groups = NULL;
	struct agent_caller caller;
	cJSON *reply = cJSON_CreateObject();
	cJSON *list = reply ? cJSON_AddArrayToObject(reply, "keys") : NULL;

	(void)params;
	agent_caller_of(call, &caller, &groups);
	for (size_t i = 0; list && i < a->keys.count; i++) {
		struct agent_key *k = a->keys.list[i];
		cJSON *one;

		if (!agent_allow_permits(k->entry.allow, k->entry.allow_count,
					 &caller))
			continue;
		one = agent_view_key(k);
		if (!one || !cJSON_AddItemToArray(list, one)) {
			cJSON_Delete(one);
			list = NULL;
		}
	}
	if (!list) {
		cJSON_Delete(reply);
		reply = NULL;
	}
	agent_reply_with(call, reply);
}

void agent_method_show_key(struct varlink_call *call, const cJSON *params,
			   void *userdata)
{
	struct agent_key *k = agent_key_wanted(userdata, call, params);

	if (k)
		agent_reply_with(call, agent_view_key_reply(k));
}

static void audit_key(struct agent *a, const struct varlink_call *call,
		      const char *what, const struct agent_entry *e)
{
	const struct ucred *peer = varlink_call_peer(call);
	struct agent_event event = AGENT_EVENT_INIT;

	event.what = what;
	event.uid = peer->uid;
	event.pid = peer->pid;
	event.name = e->name;
	event.cmk_arn = e->cmk_arn;
	agent_audit_note(a, &event);
}

void agent_method_unload_key(struct varlink_call *call, const cJSON *params,
			     void *userdata)
{
	struct agent_key *k = agent_key_wanted(userdata, call, params);
	uid_t uid = varlink_call_peer(call)->uid;
	cJSON *reply;
	size_t count;

	if (!k)
		return;
	/* Others' keys are not a caller's to take away. */
	count = agent_key_invalidate(k, uid == 0 ? -1 : (int64_t)uid);
	audit_key(userdata, call, "KeyUnloaded", &k->entry);
	reply = cJSON_CreateObject();
	if (reply)
		cJSON_AddNumberToObject(reply, "removed", (double)count);
	agent_reply_with(call, reply);
}

void agent_method_export_key(struct varlink_call *call, const cJSON *params,
			     void *userdata)
{
	struct agent_key *k = agent_key_wanted(userdata, call, params);
	_free_ char *text = NULL;
	cJSON *reply;

	if (!k)
		return;
	if (agent_entry_format(&k->entry, &text) < 0) {
		agent_reply_with(call, NULL);
		return;
	}
	reply = cJSON_CreateObject();
	if (reply)
		cJSON_AddStringToObject(reply, "entry", text);
	agent_reply_with(call, reply);
}

void agent_method_import_key(struct varlink_call *call, const cJSON *params,
			     void *userdata)
{
	_cleanup_(agent_entry_done) struct agent_entry e = AGENT_ENTRY_INIT;
	struct agent *a = userdata;
	char why[256] = "";
	const char *text;
	char name[sizeof(e.name)];
	struct agent_key *k;
	int r;

	if (!agent_arg_string(call, params, "entry", true, &text))
		return;
	r = agent_entry_parse(text, strlen(text), &e, why, sizeof(why));
	if (r < 0) {
		agent_reply_invalid(call, "entry",
				    r == -ENOMEM ? strerror(ENOMEM) : why);
		return;
	}
	strcpy(name, e.name);
	r = agent_key_add(a, &e, &k);
	if (r == -EEXIST) {
		agent_reply_key_exists(call, name);
		return;
	}
	if (r < 0) {
		agent_reply_system(call, r, "writing the entry");
		return;
	}
	audit_key(a, call, "KeyImported", &k->entry);
	agent_reply_with(call, agent_view_key_reply(k));
}

static void reply_in_use(struct varlink_call *call, struct agent_key *k)
{
	cJSON *params = cJSON_CreateObject();
	cJSON *list = params ? cJSON_AddArrayToObject(params, "serials") : NULL;

	for (size_t i = 0; list && i < k->serial_count; i++)
		cJSON_AddItemToArray(list,
				     cJSON_CreateNumber(k->serials[i].serial));
	if (list) {
		cJSON_AddStringToObject(params, "name", k->entry.name);
		cJSON_AddStringToObject(params, "next_step",
					"kmsctl key unload NAME takes the "
					"kernel keys back first");
	}
	varlink_error(call, "io.kmsagent.Agent.KeyInUse", params);
}

void agent_method_delete_key(struct varlink_call *call, const cJSON *params,
			     void *userdata)
{
	struct agent *a = userdata;
	struct agent_key *k;
	bool destroy = false;
	int r;

	if (!agent_arg_bool(call, params, "destroy", &destroy))
		return;
	k = agent_key_wanted(a, call, params);
	if (!k)
		return;
	agent_key_prune(k);
	if (mapping_refresh(k) || k->volume_job) {
		agent_reply_volume(call, "VolumeInUse", k->entry.name,
				   "its volume is open",
				   "kmsctl dmcrypt close NAME closes it");
		return;
	}
	if (fs_jobs_has(a->fs, k)) {
		agent_reply_busy(call, "a directory of it is being worked on");
		return;
	}
	if (k->serial_count) {
		reply_in_use(call, k);
		return;
	}
	if (!destroy) {
		agent_reply_invalid(call, "destroy",
				    "the entry is the only copy of the "
				    "wrapped key: what it encrypted would be "
				    "lost; export it first, then say so with "
				    "--destroy");
		return;
	}
	audit_key(a, call, "KeyDeleted", &k->entry);
	r = agent_key_remove(k);
	if (r < 0)
		agent_reply_system(call, r, "removing the entry's file");
	else
		agent_reply_with(call, cJSON_CreateObject());
}
