/* SPDX-License-Identifier: MIT */
/*
 * From what AF_ALG answered to the cause, by its name.  Pure.
 */
#ifndef KMSAGENT_CTL_ALGPROBE_H
#define KMSAGENT_CTL_ALGPROBE_H

#include <stdbool.h>

#include "keyring/cleanup.h"

/* What socket(2) and bind(2) gave for three algorithms: 0 or -errno. */
struct cmd_alg_facts {
	int gcm;	 /* aead gcm(aes) */
	int ccm;	 /* aead ccm(aes) */
	int hash;	 /* hash sha256 */
	int restriction; /* crypto.af_alg_restrict, -1 = no such sysctl */
};

struct cmd_alg_cause {
	const char *name; /* for tests and the manual */
	bool is_ok;
	const char *says;
	const char *next_step; /* NULL with is_ok */
};

/* Never NULL. */
const struct cmd_alg_cause *cmd_alg_find_cause(const struct cmd_alg_facts *f);

#endif
