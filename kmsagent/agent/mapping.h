/* SPDX-License-Identifier: MIT */
/*
 * Which volumes are open.  The kernel's word is the record: a mapping of ours
 * bears its entry's name in its uuid, in sysfs, so that it is found again
 * after a restart, and seen to be gone when somebody else removed it.
 */
#ifndef KMSAGENT_AGENT_MAPPING_H
#define KMSAGENT_AGENT_MAPPING_H

#include "kmsagent/agent/keys.h"

/* "CRYPT-PLAIN-kms:NAME" */
void mapping_uuid(const char *name, char buf[VOLUME_UUID_BYTES]);

/* Look whether @k's mapping is still there, and what it is called now. */
bool mapping_refresh(struct agent_key *k);

/* It was made just now. */
void mapping_note(struct agent_key *k, const char *name, dev_t dev);

/* Look for mappings of ours that are not known yet; half made ones go. */
void mappings_look(struct agent *a);

/*
 * Find what an earlier agent opened; undo what it left half made, its keys on
 * loan included.  Returns 0 or errno of reading sysfs.
 */
int mappings_find(struct agent *a) _must_check_;

#endif
