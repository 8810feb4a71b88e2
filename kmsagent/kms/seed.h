/* SPDX-License-Identifier: MIT */
/*
 * Keys with given ids, and if need be given material, from a file: for tests
 * that want the same ones each time.  The format is in kmsd(8).
 */
#ifndef KMSAGENT_KMS_SEED_H
#define KMSAGENT_KMS_SEED_H

#include <stddef.h>

#include "keyring/cleanup.h"
#include "kmsagent/kms/request.h"

/*
 * Add what @path lists and @svc lacks.  All of it is checked first: a file
 * that is refused has changed nothing.  What is there already is left as it
 * is, and must be what the file says of spec, usage, material and aliases.
 * Nobody is served yet.  Returns how many keys and aliases were added, or
 * -EBADMSG (the file), -EEXIST (another key of that id, or alias of that name,
 * is there), -EPERM (the file is open to others), -ENOMEM, errno of file and
 * store; @why gets cause and next step.
 */
int kms_seed(struct kms_service *svc, const char *path, char *why,
	     size_t why_len) _must_check_;

#endif
