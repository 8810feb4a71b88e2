#!/bin/bash
# SPDX-License-Identifier: MIT
# kmsctl doctor names why the kernel's AES-GCM is not to be had, on kernels
# that really refuse it: each case is made by a switch of the 7.3 guest.
# parallel-safe
# timeout: 1200
. tests/ktap.sh
need_cmd jq setpriv
guest_rerun --kernel 7.3 -- in_guest 7.3
export KMSAGENT_SOCKET=/nowhere

engine() { # command before kmsctl...
	"$@" "$B/kmsctl" doctor --json | jq -r '.findings[] |
		select(.check == "engine") | .state + ": " + .message'
}
is gcm_refused_by_the_restriction "$(engine)" \
	'warn: AF_ALG refuses gcm(aes) by af_alg_restrict'
is the_same_without_privilege \
	"$(engine setpriv --reuid 64001 --regid 64001 --clear-groups)" \
	'warn: AF_ALG refuses gcm(aes) by af_alg_restrict'
sysctl -q crypto.af_alg_restrict=2
is af_alg_switched_off "$(engine)" 'warn: AF_ALG is switched off'
sysctl -q crypto.af_alg_restrict=0
is gcm_allowed "$(engine)" 'ok: the kernel does AES-GCM (AF_ALG)'
done_testing
