#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever this kernel has: the probe agrees with it, "auto" works, and the
# kernel engine asked for by name either works or refuses with the cause.
# parallel-safe
. tests/ktap.sh
tool=$B/tools/bulk-tool
tmpdir
head -c 32 /dev/urandom >"$tmp/key"
head -c 1000000 /dev/urandom >"$tmp/plain"
encrypt() { # engine
	"$tool" encrypt -e "$1" "$tmp/key" <"$tmp/plain" >"$tmp/$1"
}
decrypt_same() { # engine message
	"$tool" decrypt -e "$1" "$tmp/key" <"$tmp/$2" | cmp - "$tmp/plain"
}

"$tool" probe >"$tmp/probe"
like openssl_is_always_there "$(cat "$tmp/probe")" 'openssl: ok:'
ok auto_encrypts encrypt auto
ok openssl_decrypts_it decrypt_same openssl auto
if has_af_alg; then
	like the_kernel_engine_is_found "$(cat "$tmp/probe")" 'kcapi: ok:'
	like auto_takes_it "$(cat "$tmp/probe")" 'auto: kcapi:'
	ok the_kernel_encrypts encrypt kcapi
else
	like the_kernel_engine_is_refused_with_a_cause "$(cat "$tmp/probe")" \
		'kcapi: (no-af-alg|no-aead|restricted|denied): [^ ]+ '
	like auto_takes_openssl_for_that_cause "$(cat "$tmp/probe")" \
		"auto: openssl: $(sed -n 's/^kcapi: [^:]*: //p' "$tmp/probe" |
			cut -c1-30)"
	not_ok the_kernel_engine_by_name_is_refused encrypt kcapi
	is and_writes_nothing "$(stat -c %s "$tmp/kcapi")" 0
fi
done_testing
