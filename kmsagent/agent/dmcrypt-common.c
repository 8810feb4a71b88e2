/* SPDX-License-Identifier: MIT */
/* What the methods for volumes share.  Nothing is decided in here. */
#include "kmsagent/agent/dmcrypt.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "kmsagent/agent/mapping.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"
#include "kmsagent/base/json.h"
#include "kmsagent/base/log.h"

/* What an errno of the device mapper means here.  The first line that fits;
 * a step of NULL fits any. */
static const struct {
	const char *step;
	int err;
	const char *next_step;
} advice[] = {
	{"look", EEXIST,
	 "it is open already: kmsctl dmcrypt close NAME closes it"},
	{"name", EEXIST,
	 "another mapping has that name: choose one with --name, or see "
	 "dmsetup info"},
	{"load", EBUSY,
	 "the device is mounted, or something else lies on it: see lsblk and "
	 "/proc/mounts"},
	{"load", EINVAL,
	 "the kernel does not take this cipher with a key of this length (see "
	 "dmesg): aes-xts-plain64 takes 32 or 64 bytes, set by key create "
	 "--bytes"},
	{"load", ENOENT,
	 "this kernel has no such cipher: see /proc/crypto, and dmesg"},
	{"load", ENOKEY,
	 "the kernel did not find the key on loan: the agent's log has more"},
	{"table", EUCLEAN,
	 "somebody has changed the mapping's table: close it and open it "
	 "again"},
	{NULL, ENOSYS,
	 "this kernel has no device mapper, or the agent may not use it: load "
	 "dm-crypt (CONFIG_DM_CRYPT), and let the agent's unit reach "
	 "/dev/mapper/control"},
	{NULL, ENXIO, "the mapping is gone: somebody else removed it"},
	{NULL, EPERM,
	 "the agent lacks CAP_SYS_ADMIN, or its unit's DeviceAllow= the "
	 "device"},
};

static const char *advice_on(const char *step, int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(advice); i++)
		if (advice[i].err == err &&
		    (!advice[i].step ||
		     (step && !strcmp(step, advice[i].step))))
			return advice[i].next_step;
	return "see the kernel's log (dmesg) and the agent's";
}

/* The child's error, or that it gave no answer. */
void dmcrypt_reply_failure(struct volume_job *j)
{
	const struct agent_msg *m = &j->answer;
	int err = m->type == AGENT_MSG_NONE ? EPIPE : -m->error;
	char what[700];

	if (m->type == AGENT_MSG_NONE)
		snprintf(what, sizeof(what),
			 "the device child was ended; what it had begun is "
			 "undone");
	else
		snprintf(what, sizeof(what), "device mapper, %s%s%s",
			 m->code ?: "", m->text ? ": " : "", m->text ?: "");
	volume_job_note_failure(j, "failed", what);
	if (j->call)
		agent_reply_advice(volume_job_take_call(j), -err, what,
				   m->type == AGENT_MSG_NONE
					   ? "try again"
					   : advice_on(m->code, err));
}

void dmcrypt_reply_volume(struct volume_job *j, const char *error,
			  const char *reason, const char *next_step)
{
	volume_job_note_failure(j, error, reason);
	if (j->call)
		agent_reply_volume(volume_job_take_call(j), error,
				   j->key->entry.name, reason, next_step);
}

void dmcrypt_reply_with(struct volume_job *j, cJSON *params)
{
	if (j->call)
		agent_reply_with(volume_job_take_call(j), params);
	else
		cJSON_Delete(params);
}

static int add_mapping(cJSON *j, const struct agent_key *k,
		       const struct agent_msg *m)
{
	dev_t dev = (dev_t)m->device;
	char number[32];
	int r;

	snprintf(number, sizeof(number), "%u:%u", major(dev), minor(dev));
	r = json_add_string(j, "name", k->entry.name);
	if (r == 0)
		r = json_add_string(j, "mapping", m->mapping ?: "");
	if (r == 0)
		r = json_add_string(j, "number", number);
	if (r == 0)
		r = json_add_int(j, "sectors", (int64_t)m->sectors);
	if (r == 0)
		r = json_add_bool(j, "read_only",
				  m->flags & AGENT_MAP_READ_ONLY);
	if (r == 0)
		r = json_add_bool(j, "suspended",
				  m->flags & AGENT_MAP_SUSPENDED);
	if (r == 0)
		r = json_add_bool(j, "closing", m->flags & AGENT_MAP_GOING);
	if (r == 0)
		r = json_add_int(j, "open_count", m->open_count);
	if (r == 0)
		r = json_add_bool(j, "key_is_ours",
				  m->flags & AGENT_MAP_HAS_KEY);
	if (r == 0 && m->table)
		r = json_add_string(j, "table", m->table);
	return r;
}

/* { "volume": MAPPING } */
cJSON *dmcrypt_view(const struct agent_key *k, const struct agent_msg *m)
{
	_json_ cJSON *reply = cJSON_CreateObject();
	cJSON *one = cJSON_CreateObject();

	if (!reply || !one || add_mapping(one, k, m) < 0) {
		cJSON_Delete(one);
		return NULL;
	}
	return json_add_item(reply, "volume", one) < 0 ? NULL : take_ptr(reply);
}

struct agent_key *dmcrypt_find(struct agent *a, struct varlink_call *call,
			       const cJSON *params)
{
	struct agent_key *k = agent_key_wanted(a, call, params);

	if (!k)
		return NULL;
	if (k->entry.purpose != AGENT_PURPOSE_VOLUME) {
		agent_reply_volume(call, "VolumeRefused", k->entry.name,
				   "it is a ring key, which no volume gets",
				   "make a key for the volume with kmsctl key "
				   "create NAME --purpose volume");
		return NULL;
	}
	return k;
}

bool dmcrypt_is_open(struct agent_key *k, struct varlink_call *call)
{
	if (mapping_refresh(k))
		return true;
	agent_reply_volume(call, "VolumeNotOpen", k->entry.name,
			   "it is not open",
			   "kmsctl dmcrypt open NAME DEVICE opens it");
	return false;
}

int dmcrypt_bind(struct volume_job *j)
{
	struct volume *v = &j->key->entry.volume;
	int r;

	j->before = *v;
	if (!j->binds)
		return 0;
	*v = j->wanted;
	v->is_bound = true;
	r = agent_key_save(j->key);
	if (r < 0)
		*v = j->before;
	return r;
}

void dmcrypt_unbind(struct volume_job *j)
{
	int r;

	if (!j->binds)
		return;
	j->key->entry.volume = j->before;
	r = agent_key_save(j->key);
	if (r < 0)
		log_err("the entry of volume %s stays bound to %s: %s",
			j->key->entry.name, j->wanted.device, strerror(-r));
}
