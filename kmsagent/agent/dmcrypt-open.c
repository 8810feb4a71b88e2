/* SPDX-License-Identifier: MIT */
/*
 * Opening a volume: what is asked for, and what the entry says to it.  How it
 * is done is volume-job.c's.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kmsagent/agent/blockdev.h"
#include "kmsagent/agent/dmcrypt.h"
#include "kmsagent/agent/journal.h"
#include "kmsagent/agent/mapping.h"
#include "kmsagent/agent/method.h"
#include "kmsagent/agent/reply.h"

static const struct log_event event_opened = {
	"2c8e4f1a6b7d4a3e9c5f0d1e2a3b4c07", "volume-opened"};

static bool take_flags(struct varlink_call *call, const cJSON *params,
		       unsigned *ret)
{
	static const struct {
		const char *name;
		unsigned flag;
	} flags[] = {
		{"read_only", VOLUME_READ_ONLY},
		{"allow_discards", VOLUME_DISCARDS},
		{"no_read_workqueue", VOLUME_NO_READ_WORKQUEUE},
		{"no_write_workqueue", VOLUME_NO_WRITE_WORKQUEUE},
	};

	*ret = 0;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		bool is_set = false;

		if (!agent_arg_bool(call, params, flags[i].name, &is_set))
			return false;
		if (is_set)
			*ret |= flags[i].flag;
	}
	return true;
}

static bool take_numbers(struct varlink_call *call, const cJSON *params,
			 struct volume *v, unsigned *given)
{
	const struct {
		const char *name;
		int64_t *value;
		int64_t min;
		unsigned given;
	} numbers[] = {
		{"sector_size", &v->sector_bytes, 512, VOLUME_GIVEN_SECTOR},
		{"offset", &v->offset, 0, VOLUME_GIVEN_OFFSET},
		{"skip", &v->skip, 0, VOLUME_GIVEN_SKIP},
		{"size", &v->size, 0, VOLUME_GIVEN_SIZE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int64_t value = -1;

		if (!agent_arg_int(call, params, numbers[i].name, false,
				   numbers[i].min, VOLUME_SECTORS_MAX, &value))
			return false;
		if (value < 0)
			continue;
		*numbers[i].value = value;
		*given |= numbers[i].given;
	}
	return true;
}

static bool take_cipher(struct varlink_call *call, const cJSON *params,
			struct volume *v, unsigned *given)
{
	const char *cipher = NULL;

	if (!agent_arg_string(call, params, "cipher", false, &cipher))
		return false;
	if (!cipher)
		return true;
	if (!volume_cipher_is_valid(cipher)) {
		agent_reply_invalid(call, "cipher",
				    "a cipher is such as aes-xts-plain64 or "
				    "capi:xts(aes)-plain64");
		return false;
	}
	strcpy(v->cipher, cipher);
	*given |= VOLUME_GIVEN_CIPHER;
	return true;
}

static bool take_name(struct varlink_call *call, const cJSON *params,
		      struct volume_job *j)
{
	const char *name = j->key->entry.name;

	if (!agent_arg_string(call, params, "mapping", false, &name))
		return false;
	/* /dev/mapper/control is the device mapper's own. */
	if (!kr_name_is_valid(name) || strcmp(name, "control") == 0) {
		agent_reply_invalid(call, "mapping",
				    "a mapping's name is 1 to 64 of A-Z a-z "
				    "0-9 . _ -, the first a letter or digit, "
				    "and not control");
		return false;
	}
	j->order.mapping = strdup(name);
	if (j->order.mapping)
		return true;
	agent_reply_with(call, NULL);
	return false;
}

/* The caller's device: which it is, and how long. */
static bool take_device(struct varlink_call *call, const cJSON *params,
			struct volume_job *j, unsigned flags, dev_t *ret_dev,
			int64_t *ret_sectors)
{
	_close_ int fd = -1;
	struct stat st;
	int64_t index = 0;
	uint64_t bytes = 0;
	int is_read_only = 0, r;

	if (!agent_arg_int(call, params, "device", true, 0, VARLINK_MAX_FDS - 1,
			   &index))
		return false;
	fd = varlink_call_take_fd(call, (size_t)index);
	if (fd < 0 || fstat(fd, &st) < 0) {
		agent_reply_invalid(call, "device",
				    "no such descriptor came with the call");
		return false;
	}
	if (!S_ISBLK(st.st_mode) || ioctl(fd, BLKGETSIZE64, &bytes) < 0) {
		agent_reply_invalid(call, "device",
				    "it is not a block device; losetup makes "
				    "one of a file");
		return false;
	}
	r = blockdev_identify(j->agent->sys_fd, st.st_rdev, j->wanted.device,
			      sizeof(j->wanted.device));
	if (r < 0) {
		agent_reply_advice(call, r, "telling which device this is",
				   r == -ESTALE ? "the loop device's file is "
						  "deleted: set it up again"
						: "see /sys/dev/block");
		return false;
	}
	if (ioctl(fd, BLKROGET, &is_read_only) == 0 && is_read_only &&
	    !(flags & VOLUME_READ_ONLY)) {
		agent_reply_invalid(call, "device",
				    "it is read-only: say --readonly");
		return false;
	}
	*ret_dev = st.st_rdev;
	*ret_sectors = (int64_t)(bytes / VOLUME_SECTOR_BYTES);
	return true;
}

/* Another entry's volume that this one would write over, or NULL. */
static const struct agent_key *other_bound(const struct volume_job *j)
{
	const struct agent_keys *keys = &j->agent->keys;

	for (size_t i = 0; i < keys->count; i++) {
		const struct agent_key *k = keys->list[i];

		if (k != j->key && k->entry.volume.is_bound &&
		    volume_overlaps(&k->entry.volume, &j->wanted))
			return k;
	}
	return NULL;
}

/* What the entry says to what is wanted.  False: answered. */
static bool settle(struct volume_job *j, unsigned given, bool rebind,
		   int64_t device_sectors)
{
	const struct volume *bound = &j->key->entry.volume;
	const struct agent_key *other;
	int64_t sectors = 0;
	char why[600];

	if (volume_settle(&j->wanted, given, bound, rebind, why, sizeof(why)) <
	    0) {
		dmcrypt_reply_volume(
			j, "VolumeRefused", why,
			"leave the option away, or take the right device; "
			"--rebind binds the key anew, which makes data "
			"that is there now unreadable through it");
		return false;
	}
	if (volume_length(&j->wanted, device_sectors, &sectors, why,
			  sizeof(why)) < 0) {
		agent_reply_invalid(volume_job_take_call(j), "device", why);
		return false;
	}
	j->order.sectors = (uint64_t)sectors;
	j->binds = !bound->is_bound || rebind;
	other = j->binds && !rebind ? other_bound(j) : NULL;
	if (!other)
		return true;
	snprintf(why, sizeof(why),
		 "this part of the device belongs to the volume of key %s",
		 other->entry.name);
	dmcrypt_reply_volume(
		j, "VolumeRefused", why,
		"take another device or another --offset; --rebind gives "
		"it to this key, and loses what is there");
	return false;
}

static bool on_open_key(struct volume_job *j, const struct secret *key)
{
	const struct volume *bound = &j->key->entry.volume;
	int r = volume_check(key, j->wanted.check);

	if (r == 0 && bound->is_bound && !j->binds &&
	    strcmp(bound->check, j->wanted.check) != 0) {
		dmcrypt_reply_volume(
			j, "VolumeRefused",
			"the key is not the one that the volume was made "
			"with",
			"import the right entry (kmsctl key import); "
			"--rebind takes this key, and loses what is there");
		volume_job_free(j);
		return false;
	}
	if (r == 0)
		r = volume_job_audit(j, "VolumeOpened", NULL, NULL);
	if (r == 0)
		r = dmcrypt_bind(j);
	if (r == 0)
		return true;
	agent_reply_system(volume_job_take_call(j), r, "recording the opening");
	volume_job_free(j);
	return false;
}

static void on_open_done(struct volume_job *j)
{
	const struct agent_msg *m = &j->answer;
	struct agent_event e;

	if (m->type == AGENT_MSG_NONE || m->error < 0 || !m->mapping) {
		dmcrypt_unbind(j);
		/* One that the agent does not know of: then it does now. */
		if (m->error == -EEXIST)
			mappings_look(j->agent);
		dmcrypt_reply_failure(j);
		return;
	}
	mapping_note(j->key, m->mapping, (dev_t)m->device);
	volume_job_describe(j, "VolumeOpened", &e);
	agent_journal(LOG_LEVEL_NOTICE, &event_opened, &e,
		      "opened volume %s as %s on %s", j->key->entry.name,
		      m->mapping, j->wanted.device);
	dmcrypt_reply_with(j, dmcrypt_view(j->key, m));
}

static bool prepare_open(struct volume_job *j, const cJSON *params)
{
	struct varlink_call *call = j->call;
	unsigned given = 0, flags;
	int64_t sectors = 0;
	bool rebind = false;
	dev_t dev = 0;

	/* Whichever of these says no has answered. */
	if (!take_flags(call, params, &flags) ||
	    !take_cipher(call, params, &j->wanted, &given) ||
	    !take_numbers(call, params, &j->wanted, &given) ||
	    !agent_arg_bool(call, params, "rebind", &rebind) ||
	    !take_name(call, params, j) ||
	    !take_device(call, params, j, flags, &dev, &sectors)) {
		j->call = NULL;
		return false;
	}
	j->refusal = "VolumeRefused";
	if (mapping_refresh(j->key)) {
		char why[200];

		snprintf(why, sizeof(why), "it is open, as %s",
			 j->key->mapping.name);
		dmcrypt_reply_volume(j, "VolumeOpen", why,
				     "kmsctl dmcrypt close NAME closes it");
		return false;
	}
	if (!settle(j, given, rebind, sectors))
		return false;
	j->order.table = volume_table(&j->wanted, flags, j->order.key_ref,
				      major(dev), minor(dev));
	j->order.flags = flags & VOLUME_READ_ONLY ? AGENT_MAP_READ_ONLY : 0;
	if (j->order.table)
		return true;
	agent_reply_with(volume_job_take_call(j), NULL);
	return false;
}

void agent_method_dmcrypt_open(struct varlink_call *call, const cJSON *params,
			       void *userdata)
{
	struct agent_key *k = dmcrypt_find(userdata, call, params);
	struct volume_job *j =
		k ? volume_job_new(k, call, AGENT_MSG_MAP) : NULL;

	if (!j)
		return;
	j->wanted = VOLUME_INIT;
	if (!prepare_open(j, params)) {
		volume_job_free(j);
		return;
	}
	j->on_key = on_open_key;
	j->done = on_open_done;
	volume_job_fetch(j);
}
