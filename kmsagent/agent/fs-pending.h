/* SPDX-License-Identifier: MIT */
/*
 * Keys that were taken back while files were open: tried again from time to
 * time until they are gone.  Nothing is kept open meanwhile, so that the file
 * system can be unmounted, with which its keys go too.
 */
#ifndef KMSAGENT_AGENT_FS_PENDING_H
#define KMSAGENT_AGENT_FS_PENDING_H

#include "kmsagent/agent/agent.h"
#include "kmsagent/agent/fspolicy.h"

struct agent_fs_pending;

int fs_pending_new(struct agent *a, struct agent_fs_pending **ret) _must_check_;
void fs_pending_stop(struct agent_fs_pending *p);
void fs_pending_free(struct agent_fs_pending *p);

/*
 * The key @id on file system @device, of entry @name, waits for files to be
 * closed; one that waits already is left alone.  -ENOMEM, errno of timers.
 */
int fs_pending_add(struct agent_fs_pending *p, const char *name,
		   uint64_t device,
		   const uint8_t id[FSPOLICY_ID_BYTES]) _must_check_;

#endif
