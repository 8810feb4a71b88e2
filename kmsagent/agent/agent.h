/* SPDX-License-Identifier: MIT */
/*
 * The keyholder's one struct: everything that lives as long as the agent.
 * One thread owns it, the kernel keys and all that is below.
 */
#ifndef KMSAGENT_AGENT_AGENT_H
#define KMSAGENT_AGENT_AGENT_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "keyring/cleanup.h"
#include "keyring/secret.h"
#include "keyring/upcall.h"
#include "kmsagent/agent/audit.h"
#include "kmsagent/agent/config.h"
#include "kmsagent/agent/fetch.h"
#include "kmsagent/varlink/server.h"

struct agent_key;
struct agent_fs;
struct agent_fs_pending;
struct agent_jobs;
struct agent_upcalls;

/* The entries, sorted by name. */
struct agent_keys {
	struct agent_key **list;
	size_t count;
	int dir_fd; /* STATE/keys */
	/* Files that are no entries: left alone, told in status. */
	char **damaged;
	size_t damaged_count;
};

struct agent {
	struct agent_config config;
	sd_event *event;
	int64_t since_s;
	struct kr_keyholder holder;
	int sys_fd; /* /sys */
	struct agent_audit audit;
	struct agent_keys keys;
	struct secret buffer; /* packets of children arrive here */
	struct agent_fetchers *fetchers;
	struct agent_jobs *jobs;
	struct agent_fs *fs;
	struct agent_fs_pending *fs_pending;
	struct agent_upcalls *upcalls;
	struct varlink_server *server;
	sd_event_source *server_source;
	int64_t drain_end_ms; /* 0 = it was not told to end */
};

/* Log what could not be audited, and pass it on. */
int agent_audit(struct agent *a, const struct agent_event *e) _must_check_;
/* The same, where the event is not one that releases a key. */
void agent_audit_note(struct agent *a, const struct agent_event *e);

/* The interface's text. */
extern const char agent_idl[];
/* Its methods, ending with a NULL name; their userdata is struct agent. */
extern const struct varlink_method agent_methods[];

#endif
