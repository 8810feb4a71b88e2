/* SPDX-License-Identifier: MIT */
/*
 * Development mode: everything that a configuration would say, made up on
 * the spot and kept in one folder, so that the same folder gives the same
 * account, credentials and keys again.  It needs no root and no systemd; it
 * is no protection from whoever reads the folder, and says so.
 */
#ifndef KMSAGENT_KMS_DEV_H
#define KMSAGENT_KMS_DEV_H

#include "kmsagent/kms/config.h"
#include "kmsagent/kms/listen.h"

#define KMS_DEV_ACCOUNT "111122223333"
#define KMS_DEV_REGION	"us-east-1"
#define KMS_DEV_LISTEN	"127.0.0.1:0"

/*
 * Fill what @c leaves open: account, region, listener, state folder (made if
 * need be), root key, audit trail, one access key of the account's root, and
 * the caller's own uid as the root too.  Returns 0 or negative errno with a
 * sentence in @why.
 */
int kms_dev_prepare(struct kms_config *c, char *why,
		    size_t why_len) _must_check_;

/*
 * Write the shell exports to @fd, then "# kmsd ready ADDR...".  This is the
 * one place where a secret access key is shown: it protects development keys
 * only.  Returns 0 or errno of write.
 */
int kms_dev_announce(const struct kms_config *c,
		     const struct kms_listener *listeners, size_t nlisteners,
		     int fd) _must_check_;

#endif
