/* SPDX-License-Identifier: MIT */
/* Open volumes as sysfs shows them.  It must not change a mapping. */
#include "kmsagent/agent/mapping.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "keyring/loan.h"
#include "kmsagent/agent/blockdev.h"
#include "kmsagent/agent/volume-job.h"
#include "kmsagent/base/log.h"

void mapping_uuid(const char *name, char buf[VOLUME_UUID_BYTES])
{
	snprintf(buf, VOLUME_UUID_BYTES, VOLUME_UUID_PREFIX "%s", name);
}

static void forget(struct agent_key *k)
{
	k->mapping = (struct agent_mapping){0};
}

bool mapping_refresh(struct agent_key *k)
{
	_free_ char *uuid = NULL;
	_free_ char *name = NULL;
	char ours[VOLUME_UUID_BYTES];
	int sys_fd = k->agent->sys_fd;

	if (!k->mapping.name[0])
		return false;
	mapping_uuid(k->entry.name, ours);
	if (blockdev_attr(sys_fd, k->mapping.dev, "dm/uuid", &uuid) < 0 ||
	    strcmp(uuid, ours) != 0 ||
	    blockdev_attr(sys_fd, k->mapping.dev, "dm/name", &name) < 0) {
		forget(k);
		return false;
	}
	snprintf(k->mapping.name, sizeof(k->mapping.name), "%s", name);
	return true;
}

void mapping_note(struct agent_key *k, const char *name, dev_t dev)
{
	snprintf(k->mapping.name, sizeof(k->mapping.name), "%s", name);
	k->mapping.dev = dev;
}

static void tell_found(struct agent_key *k)
{
	struct agent_event e = AGENT_EVENT_INIT;

	e.what = "VolumeFound";
	e.name = k->entry.name;
	e.cmk_arn = k->entry.cmk_arn;
	e.mapping = k->mapping.name;
	agent_audit_note(k->agent, &e);
}

/* One device-mapper device, ours or not. */
static void consider(struct agent *a, dev_t dev)
{
	_free_ char *uuid = NULL;
	_free_ char *name = NULL;
	const size_t prefix = strlen(VOLUME_UUID_PREFIX);
	struct agent_key *k;
	int64_t sectors = 0;

	if (blockdev_attr(a->sys_fd, dev, "dm/uuid", &uuid) < 0 ||
	    strncmp(uuid, VOLUME_UUID_PREFIX, prefix) != 0 ||
	    blockdev_attr(a->sys_fd, dev, "dm/name", &name) < 0)
		return;
	k = agent_key_find(a, uuid + prefix);
	if (!k || k->entry.purpose != AGENT_PURPOSE_VOLUME) {
		log_warning("mapping %s is of no entry here (%s); dmsetup "
			    "remove %s closes it",
			    name, uuid, name);
		return;
	}
	if (k->mapping.name[0])
		return;
	mapping_note(k, name, dev);
	/* Without a length it has no table: a child was killed over it. */
	if (blockdev_sectors(a->sys_fd, dev, &sectors) < 0 || sectors == 0)
		volume_repair(k);
	else
		tell_found(k);
}

void mappings_look(struct agent *a)
{
	struct dirent *d;
	DIR *dir;
	int fd;

	fd = openat(a->sys_fd, "dev/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		log_err("cannot look for open volumes in /sys/dev/block: %s",
			strerror(errno));
		close_keep_errno(fd);
		return;
	}
	while ((d = readdir(dir))) {
		unsigned ma, mi;
		char end;

		if (sscanf(d->d_name, "%u:%u%c", &ma, &mi, &end) == 2)
			consider(a, makedev(ma, mi));
	}
	closedir(dir);
}

int mappings_find(struct agent *a)
{
	int n = kr_loan_sweep();

	if (n < 0)
		return n;
	if (n)
		log_warning("invalidated %d key(s) that an agent which was "
			    "killed had on loan",
			    n);
	a->sys_fd = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->sys_fd < 0)
		return -errno;
	mappings_look(a);
	return 0;
}
