/* SPDX-License-Identifier: MIT */
/*
 * Why the kernel's AES-GCM is or is not to be had.  Since 2026 it often is
 * not: AF_ALG is deprecated, algif_aead blacklisted, gcm(aes) off the list.
 */
#ifndef KCAPI_PROBE_H
#define KCAPI_PROBE_H

#include "kcapi/engine.h"

#define BULK_ALG_NAME "gcm(aes)"

/*
 * Look at AF_ALG by a socket of our own, since libkcapi's errno does not tell
 * a missing socket type from a refused algorithm, then run the self-test
 * through libkcapi.  Source: kernel Documentation/crypto/userspace-if.rst,
 * Documentation/admin-guide/sysctl/crypto.rst (af_alg_restrict, Linux 7.3).
 */
void bulk_probe_kernel(struct bulk_probe *ret);

#endif
