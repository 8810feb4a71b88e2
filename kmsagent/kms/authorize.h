/* SPDX-License-Identifier: MIT */
/*
 * Who may do what.  For now a table: the account's root may all, a service's
 * principal may use keys, and nobody may change a key that AWS (that is:
 * kmsd) manages.  Pure: no request, no texts.
 */
#ifndef KMSAGENT_KMS_AUTHORIZE_H
#define KMSAGENT_KMS_AUTHORIZE_H

#include <stdbool.h>

#include "keyring/cleanup.h"
#include "kmsagent/kms/key.h"
#include "kmsagent/kms/request.h"

/*
 * @account owns the keys; @key is NULL for what concerns none.
 */
bool kms_authorize(const struct kms_principal *who, const char *account,
		   const char *permission,
		   const struct kms_key *key) _must_check_;

#endif
