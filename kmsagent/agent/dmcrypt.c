/* SPDX-License-Identifier: MIT */
/* Closing, showing and resizing a volume that is open. */
#include <string.h>

#include "kmsagent/agent/blockdev.h"
#include "kmsagent/agent/dmcrypt.h"
#include "kmsagent/agent/journal.h"
#include "kmsagent/agent/mapping.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"

static const struct log_event event_closed = {
	"7a9b0c1d2e3f4a5b8c6d7e8f9a0b1c08", "volume-closed"};

static void reply_in_use(struct volume_job *j)
{
	struct agent_key *k = j->key;
	char holders[200] = "", why[400];

	/* Only for the message: without them it says less. */
	if (blockdev_holders(j->agent->sys_fd, k->mapping.dev, holders,
			     sizeof(holders)) < 0)
		holders[0] = '\0';
	snprintf(why, sizeof(why), "mapping %s is in use%s%s", k->mapping.name,
		 holders[0] ? ": below " : "", holders);
	dmcrypt_reply_volume(
		j, "VolumeInUse", why,
		"unmount what lies on it (findmnt, lsblk, fuser -vm tell), "
		"or say --deferred: it goes with its last user");
}

static void on_close_done(struct volume_job *j)
{
	const struct agent_msg *m = &j->answer;
	bool is_gone = !(m->flags & AGENT_MAP_EXISTS);
	struct agent_event e;
	cJSON *reply;

	if (m->error == -EBUSY) {
		reply_in_use(j);
		return;
	}
	if (m->type == AGENT_MSG_NONE || (m->error < 0 && m->error != -ENXIO)) {
		dmcrypt_reply_failure(j);
		return;
	}
	volume_job_describe(j, is_gone ? "VolumeClosed" : "VolumeClosing", &e);
	agent_audit_note(j->agent, &e);
	agent_journal(LOG_LEVEL_NOTICE, &event_closed, &e, "%s volume %s",
		      is_gone ? "closed" : "will close", j->key->entry.name);
	if (is_gone)
		j->key->mapping = (struct agent_mapping){0};
	reply = cJSON_CreateObject();
	if (reply)
		cJSON_AddBoolToObject(reply, "closed", is_gone);
	dmcrypt_reply_with(j, reply);
}

void agent_method_dmcrypt_close(struct varlink_call *call, const cJSON *params,
				void *userdata)
{
	struct agent_key *k = dmcrypt_find(userdata, call, params);
	bool deferred = false;
	struct volume_job *j;

	if (!k || !agent_arg_bool(call, params, "deferred", &deferred) ||
	    !dmcrypt_is_open(k, call))
		return;
	j = volume_job_new(k, call, AGENT_MSG_UNMAP);
	if (!j)
		return;
	j->order.flags = deferred ? AGENT_MAP_DEFERRED : 0;
	j->refusal = "VolumeCloseRefused";
	j->done = on_close_done;
	volume_job_run(j);
}

/* ---- status ---- */

static void on_status_done(struct volume_job *j)
{
	const struct agent_msg *m = &j->answer;

	if (m->type == AGENT_MSG_NONE || m->error < 0)
		dmcrypt_reply_failure(j);
	else if (!m->mapping)
		dmcrypt_reply_volume(
			j, "VolumeNotOpen", "it is not open",
			"kmsctl dmcrypt open NAME DEVICE opens it");
	else
		dmcrypt_reply_with(j, dmcrypt_view(j->key, m));
}

void agent_method_dmcrypt_status(struct varlink_call *call, const cJSON *params,
				 void *userdata)
{
	struct agent_key *k = dmcrypt_find(userdata, call, params);
	struct volume_job *j = NULL;

	if (k && dmcrypt_is_open(k, call))
		j = volume_job_new(k, call, AGENT_MSG_INSPECT);
	if (!j)
		return;
	j->done = on_status_done;
	volume_job_run(j);
}

/* ---- resize ---- */

static bool on_resize_key(struct volume_job *j, const struct secret *key)
{
	char check[VOLUME_CHECK_BYTES];
	int r = volume_check(key, check);

	if (r == 0 && strcmp(check, j->key->entry.volume.check) != 0) {
		dmcrypt_reply_volume(
			j, "VolumeRefused",
			"the key is not the one that the volume was made "
			"with",
			"import the right entry (kmsctl key import)");
		volume_job_free(j);
		return false;
	}
	if (r == 0)
		r = volume_job_audit(j, "VolumeResized", NULL, NULL);
	if (r == 0)
		r = dmcrypt_bind(j);
	if (r == 0)
		return true;
	agent_reply_system(volume_job_take_call(j), r,
			   "recording the resizing");
	volume_job_free(j);
	return false;
}

static void on_resize_done(struct volume_job *j)
{
	const struct agent_msg *m = &j->answer;

	if (m->type == AGENT_MSG_NONE || m->error < 0 || !m->mapping) {
		dmcrypt_unbind(j);
		dmcrypt_reply_failure(j);
		return;
	}
	dmcrypt_reply_with(j, dmcrypt_view(j->key, m));
}

static bool prepare_resize(struct volume_job *j, const cJSON *params)
{
	int64_t size = 0, device_sectors = 0, sectors = 0;
	char device[sizeof(j->wanted.device)], why[300];
	dev_t below = 0;
	int r;

	if (!agent_arg_int(j->call, params, "size", false, 0,
			   VOLUME_SECTORS_MAX, &size)) {
		j->call = NULL;
		return false;
	}
	j->wanted = j->key->entry.volume;
	j->wanted.size = size;
	j->refusal = "VolumeRefused";
	r = blockdev_slave(j->agent->sys_fd, j->key->mapping.dev, &below);
	if (r == 0)
		r = blockdev_identify(j->agent->sys_fd, below, device,
				      sizeof(device));
	if (r == 0)
		r = blockdev_sectors(j->agent->sys_fd, below, &device_sectors);
	if (r < 0) {
		agent_reply_advice(volume_job_take_call(j), r,
				   "reading the device below", "see lsblk");
		return false;
	}
	if (!j->wanted.is_bound || strcmp(device, j->wanted.device) != 0) {
		dmcrypt_reply_volume(
			j, "VolumeRefused",
			"the mapping does not lie on the device that the "
			"key is bound to",
			"close it and open it again");
		return false;
	}
	if (volume_length(&j->wanted, device_sectors, &sectors, why,
			  sizeof(why)) < 0) {
		agent_reply_invalid(volume_job_take_call(j), "size", why);
		return false;
	}
	j->order.sectors = (uint64_t)sectors;
	j->binds = true; /* the size */
	return true;
}

void agent_method_dmcrypt_resize(struct varlink_call *call, const cJSON *params,
				 void *userdata)
{
	struct agent_key *k = dmcrypt_find(userdata, call, params);
	struct volume_job *j = NULL;

	if (k && dmcrypt_is_open(k, call))
		j = volume_job_new(k, call, AGENT_MSG_REMAP);
	if (!j)
		return;
	if (!prepare_resize(j, params)) {
		volume_job_free(j);
		return;
	}
	j->on_key = on_resize_key;
	j->done = on_resize_done;
	volume_job_fetch(j);
}
