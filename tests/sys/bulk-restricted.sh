#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 1200
# A kernel that refuses gcm(aes) to programs by default (Linux 7.3): it is
# recognised, by root and without privilege, and the engine comes back when
# the administrator opens AF_ALG.
. tests/ktap.sh
guest_rerun --kernel 7.3 -- in_guest 7.3
tool=$B/tools/bulk-tool
restrict=/proc/sys/crypto/af_alg_restrict
tmpdir
chmod 755 "$tmp"
head -c 32 /dev/urandom >"$tmp/key"
head -c 300000 /dev/urandom >"$tmp/plain"
probe() { "$@" "$tool" probe | grep '^kcapi:'; }
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
round() { # engine
	"$tool" encrypt -e "$1" "$tmp/key" <"$tmp/plain" >"$tmp/c" &&
		"$tool" decrypt -e "$1" "$tmp/key" <"$tmp/c" |
		cmp - "$tmp/plain"
}

is the_kernel_restricts_by_default "$(cat $restrict)" 1
like refused_gcm_is_recognised "$(probe)" \
	'^kcapi: restricted: .*af_alg_restrict is 1'
like without_privilege_too "$(probe nobody)" \
	'^kcapi: restricted: .*af_alg_restrict is 1'
ok auto_works_without_the_kernel round auto
not_ok the_kernel_by_name_is_refused round kcapi
KMSAGENT_TEST_ENGINE=kcapi "$B/tests/test-bulk-vectors" >"$tmp/tap" 2>"$tmp/err"
is a_refused_engine_fails_every_vector "$?" 1
is and_prints_nothing_of_its_own "$(cat "$tmp/err")" ''
echo 0 >$restrict
like opened_af_alg_is_used "$(probe)" '^kcapi: ok: '
ok the_kernel_encrypts_and_decrypts round kcapi
KMSAGENT_TEST_ENGINE=kcapi "$B/tests/test-bulk-vectors" >"$tmp/tap"
is and_agrees_with_all_vectors $? 0
echo 2 >$restrict
like switched_off_af_alg_is_recognised "$(probe)" \
	'^kcapi: no-af-alg: .*af_alg_restrict is 2'
done_testing
