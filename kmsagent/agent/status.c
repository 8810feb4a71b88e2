/* SPDX-License-Identifier: MIT */
/* Status: how the agent is, for people and monitors. */
#include <string.h>

#include "kmsagent/agent/job.h"
#include "kmsagent/agent/keys.h"
#include "kmsagent/agent/mapping.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/agent/upcall.h"
#include "kmsagent/base/json.h"

static const char *kms_state(const struct agent_kms_state *k)
{
	static const char *const names[] = {
		[AWSKMS_CLASS_OK] = "ok",
		/* It answers; that a key is disabled is no fault of it. */
		[AWSKMS_CLASS_REVOKED] = "ok",
		[AWSKMS_CLASS_DENIED] = "denied",
		[AWSKMS_CLASS_UNREACHABLE] = "unreachable",
	};

	return k->is_known ? names[k->class] : "unknown";
}

static int add_kms(cJSON *j, const struct agent *a)
{
	const struct agent_kms_state *k = agent_fetchers_kms(a->fetchers);
	cJSON *kms = cJSON_AddObjectToObject(j, "kms");
	int r;

	if (!kms)
		return -ENOMEM;
	r = json_add_string(kms, "endpoint", a->config.endpoint);
	if (r == 0)
		r = json_add_string(kms, "region", a->config.region);
	if (r == 0)
		r = json_add_string(kms, "state", kms_state(k));
	if (r == 0)
		r = json_add_int(kms, "last_ok", k->last_ok_s);
	if (r == 0 && k->last_error[0])
		r = json_add_string(kms, "last_error", k->last_error);
	return r;
}

static int add_engine(cJSON *j, struct agent *a)
{
	const struct agent_engines *e = agent_jobs_engines(a->jobs);
	cJSON *engine = cJSON_AddObjectToObject(j, "engine");
	int r;

	if (!engine)
		return -ENOMEM;
	r = json_add_string(engine, "auto", e->choice);
	if (r == 0)
		r = json_add_string(engine, "reason", e->reason);
	if (r == 0)
		r = json_add_string(engine, "kcapi", e->kcapi);
	if (r == 0)
		r = json_add_string(engine, "openssl", e->openssl);
	return r;
}

static const char *memory_name(void)
{
	static const char *const names[] = {
		[SECRET_BACKING_MEMFD_SECRET] = "memfd_secret",
		[SECRET_BACKING_MLOCK] = "mlock",
		[SECRET_BACKING_UNLOCKED] = "unlocked",
	};

	return names[secret_backing()];
}

static int add_alert(cJSON *list, const char *text)
{
	cJSON *item = cJSON_CreateString(text);

	if (item && cJSON_AddItemToArray(list, item))
		return 0;
	cJSON_Delete(item);
	return -ENOMEM;
}

static int add_alerts(cJSON *j, const struct agent *a)
{
	const struct agent_kms_state *k = agent_fetchers_kms(a->fetchers);
	cJSON *list = cJSON_AddArrayToObject(j, "alerts");
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < a->keys.damaged_count; i++)
		r = add_alert(list, a->keys.damaged[i]);
	if (r == 0 && secret_backing() == SECRET_BACKING_UNLOCKED)
		r = add_alert(list, "secret memory is not locked: raise "
				    "LimitMEMLOCK");
	if (r == 0 && k->is_known && k->class == AWSKMS_CLASS_UNREACHABLE)
		r = add_alert(list, "the KMS does not answer: delivered keys "
				    "live to the end of their lease, new "
				    "requests fail");
	if (r == 0 && k->is_known && k->class == AWSKMS_CLASS_DENIED)
		r = add_alert(list, "the KMS denies the agent's requests: see "
				    "its key policy and the agent's "
				    "principal");
	return r;
}

/* A caller's own entries, and what the kernel holds of them. */
static void count(struct agent *a, const struct varlink_call *call,
		  int64_t *ret_keys, int64_t *ret_serials, int64_t *ret_volumes)
{
	_free_ gid_t *groups = NULL;
	struct agent_caller caller;

	agent_caller_of(call, &caller, &groups);
	for (size_t i = 0; i < a->keys.count; i++) {
		struct agent_key *k = a->keys.list[i];

		if (!agent_allow_permits(k->entry.allow, k->entry.allow_count,
					 &caller))
			continue;
		agent_key_prune(k);
		*ret_keys += 1;
		*ret_serials += (int64_t)k->serial_count;
		*ret_volumes += mapping_refresh(k);
	}
}

void agent_method_status(struct varlink_call *call, const cJSON *params,
			 void *userdata)
{
	struct agent *a = userdata;
	_json_ cJSON *j = cJSON_CreateObject();
	int64_t keys = 0, serials = 0, volumes = 0;
	int r = j ? 0 : -ENOMEM;

	(void)params;
	count(a, call, &keys, &serials, &volumes);
	if (r == 0)
		r = json_add_string(j, "version", KMSAGENT_VERSION);
	if (r == 0)
		r = json_add_int(j, "pid", getpid());
	if (r == 0)
		r = json_add_int(j, "since", a->since_s);
	if (r == 0)
		r = add_kms(j, a);
	if (r == 0)
		r = add_engine(j, a);
	if (r == 0)
		r = json_add_string(j, "secret_memory", memory_name());
	if (r == 0)
		r = json_add_int(j, "keys", keys);
	if (r == 0)
		r = json_add_int(j, "volumes", volumes);
	if (r == 0)
		r = json_add_int(j, "live_serials", serials);
	if (r == 0)
		r = json_add_int(j, "upcalls",
				 (int64_t)agent_upcalls_count(a->upcalls));
	if (r == 0)
		r = json_add_int(j, "fetchers",
				 agent_fetchers_count(a->fetchers));
	if (r == 0)
		r = json_add_int(j, "workers", agent_jobs_count(a->jobs));
	if (r == 0)
		r = add_alerts(j, a);
	agent_reply_with(call, r == 0 ? take_ptr(j) : NULL);
}
