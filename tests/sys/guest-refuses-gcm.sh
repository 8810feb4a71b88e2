#!/bin/bash
# SPDX-License-Identifier: MIT
# The kernel of the 7.3 guest refuses AES-GCM to AF_ALG, as kernels that come
# with crypto.af_alg_restrict do, for root too; the tests of what the agent
# does then stand on it.
# parallel-safe
# timeout: 1200
. tests/ktap.sh
guest_rerun --kernel 7.3 -- in_guest 7.3
has="$B/tools/kernel-has"

is the_restriction_is_on "$(sysctl -n crypto.af_alg_restrict)" 1
is gcm_is_refused_with_enoent "$("$has" af_alg aead 'gcm(aes)')" 'bind: ENOENT'
ok cbc_is_still_there "$has" af_alg skcipher 'cbc(aes)'
sysctl -q crypto.af_alg_restrict=0
ok without_the_restriction_gcm_is_there "$has" af_alg aead 'gcm(aes)'
done_testing
