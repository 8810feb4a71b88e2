/* SPDX-License-Identifier: MIT */
/*
 * Which processes keep files of a locked directory open: what they have by
 * descriptor, map, run, or stand in.  For the directory child, whose root has
 * to see other users' processes.  It must not know what is done about it.
 * Source: proc(5); statx(2).
 */
#ifndef KMSAGENT_AGENT_FSBUSY_H
#define KMSAGENT_AGENT_FSBUSY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"
#include "kmsagent/agent/fspolicy.h"

#define FSBUSY_PATH_BYTES 1024
#define FSBUSY_NAME_BYTES 64

struct fsbusy {
	pid_t pid;
	uid_t uid;
	char command[FSBUSY_NAME_BYTES]; /* its own word; printable */
	char path[FSBUSY_PATH_BYTES];	 /* as /proc tells it; printable */
};

/*
 * Call @found with each file on @dev that is encrypted by @id and held by a
 * process, once for each of its files, @max times at most.  Returns how many
 * were found (they may be more than @max) in the seconds that it takes at most, -ENOMEM, errno of reading /proc.
 * Processes that this one may not look into are passed over.
 */
int fsbusy_scan(dev_t dev, const uint8_t id[FSPOLICY_ID_BYTES], unsigned max,
		void (*found)(const struct fsbusy *b, void *data),
		void *data) _must_check_;

#endif
