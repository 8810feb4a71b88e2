#!/bin/bash
# SPDX-License-Identifier: MIT
# The kernel engine on a kernel that has it, and then the same kernel as
# administrators leave it who blacklist algif_aead, or af_alg.  Always in the
# guest, since modules are taken away.
. tests/ktap.sh
guest_rerun -- in_guest 6.12
tool=$B/tools/bulk-tool
tmpdir
head -c 32 /dev/urandom >"$tmp/key"
head -c 3000000 /dev/urandom >"$tmp/plain"
encrypt() { # engine
	"$tool" encrypt -e "$1" "$tmp/key" <"$tmp/plain" >"$tmp/$1"
}
decrypt_same() { # engine message
	"$tool" decrypt -e "$1" "$tmp/key" <"$tmp/$2" | cmp - "$tmp/plain"
}
probe() { "$tool" probe | grep "^$1:"; }
blacklist() { # module...
	local m
	for m; do
		printf 'install %s /bin/false\n' "$m" >>/etc/modprobe.d/test.conf
	done
	modprobe -r "$@"
}

like the_kernels_gcm_passes_its_self_test "$(probe kcapi)" '^kcapi: ok: '
like auto_takes_the_kernel "$(probe auto)" '^auto: kcapi: '
KMSAGENT_TEST_ENGINE=kcapi "$B/tests/test-bulk-vectors" >"$tmp/vectors"
is all_vectors_agree_with_the_kernel_engine $? 0
is none_is_missing "$(grep -c '^ok' "$tmp/vectors")" \
	"$("$B/tests/test-bulk-vectors" | grep -c '^ok')"
ok the_kernel_encrypts encrypt kcapi
ok openssl_encrypts encrypt openssl
ok openssl_decrypts_what_the_kernel_wrote decrypt_same openssl kcapi
ok the_kernel_decrypts_what_openssl_wrote decrypt_same kcapi openssl
"$tool" encrypt -e openssl -f 100000 "$tmp/key" <"$tmp/plain" >"$tmp/long"
not_ok the_kernel_engine_refuses_longer_frames decrypt_same kcapi long
ok auto_reads_longer_frames decrypt_same auto long
strace -f -e trace=socket,sendmsg,read,vmsplice,splice -o "$tmp/trace" \
	"$tool" encrypt -e kcapi "$tmp/key" <"$tmp/plain" >"$tmp/traced"
like the_kernel_did_the_work "$(cat "$tmp/trace")" 'AF_ALG'
is and_nothing_was_spliced "$(grep -c splice "$tmp/trace")" 0

blacklist algif_aead
like missing_algif_aead_is_recognised "$(probe kcapi)" \
	'^kcapi: no-aead: .*algif_aead'
like auto_takes_openssl_then "$(probe auto)" '^auto: openssl: .*algif_aead'
not_ok the_kernel_by_name_is_refused_then encrypt kcapi
ok messages_of_the_kernel_open_without_it decrypt_same auto openssl

blacklist algif_skcipher algif_hash algif_rng af_alg
like missing_af_alg_is_recognised "$(probe kcapi)" \
	'^kcapi: no-af-alg: .*blacklisted'
like auto_takes_openssl_then_too "$(probe auto)" '^auto: openssl: .*AF_ALG'
not_ok the_kernel_by_name_is_refused_then_too encrypt kcapi
ok auto_still_encrypts encrypt auto
ok and_decrypts decrypt_same auto auto
done_testing
