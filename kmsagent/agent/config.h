/* SPDX-License-Identifier: MIT */
/*
 * kmsagent.conf as a struct.  Every field has a usable default; what the file
 * and the command line say replaces it.
 */
#ifndef KMSAGENT_AGENT_CONFIG_H
#define KMSAGENT_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keyring/cleanup.h"

#define AGENT_CONFIG_PATH "/etc/kmsagent/kmsagent.conf"

struct agent_config {
	/* [agent] */
	char *state;
	char *socket;
	char *fetcher_user; /* a name, or a number of no account */
	char *worker_user;
	char *default_cmk;
	char *audit; /* NULL = audit.log in the state folder */
	/* [kms] */
	char *endpoint;
	char *region;
	char *credentials_file;
	char *profile;
	char *ca_file;
	/* [lease] */
	int64_t lease_s;
	int64_t renew_interval_s; /* between checks over a network */
	int64_t denied_confirm_s;
	/* [message] */
	char **open_cmks;
	size_t open_count;
	char *engine; /* where the caller names none */
	/* [limits] */
	unsigned fetchers; /* at once */
	unsigned jobs;
	unsigned jobs_per_uid;
	unsigned upcalls_per_second; /* of one uid, in the long run */
	unsigned upcalls_burst;
	unsigned upcalls_waiting; /* of all */
};

/* The defaults; -ENOMEM.  Release with agent_config_done(). */
int agent_config_init(struct agent_config *c) _must_check_;

/*
 * Read @path over what is there.  A missing file is no error unless
 * @is_wanted.  Returns 0, or negative errno with a sentence in @why.
 */
int agent_config_load(struct agent_config *c, const char *path, bool is_wanted,
		      char *why, size_t why_len) _must_check_;

void agent_config_done(struct agent_config *c);

/* The KMS is a Unix socket away. */
bool agent_config_is_local(const struct agent_config *c) _must_check_;

/*
 * The uid and gid that a child runs as.  A number of no account is its own
 * gid.  Returns 0, -ENOENT (no such user), -EINVAL (root).
 */
int agent_config_user(const char *user, uid_t *ret_uid,
		      gid_t *ret_gid) _must_check_;

#endif
