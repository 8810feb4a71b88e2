#!/bin/bash
# SPDX-License-Identifier: MIT
# Each fuzz target builds, and a few seconds of it find nothing; "make fuzz"
# takes longer.  A target with a planted fault shows that a find is noticed.
# timeout: 900
. tests/ktap.sh
need_cmd make clang
ok fuzz_targets_build make -s --no-print-directory B="$B" fuzzers
for source in tests/fuzz/fuzz-*.c; do
	name=$(basename "$source" .c)
	ok "${name//-/_}_finds_nothing_in_3_s" env FUZZ_S=3 tests/fuzz/run "$name"
done

tmpdir
mkdir -p "$tmp/tests/fuzz" "$tmp/b/fuzz"
cat >"$tmp/tests/fuzz/fuzz-planted.c" <<'EOF'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 && data[0] == 'k')
		__builtin_trap();
	return 0;
}
EOF
clang -fsanitize=fuzzer -o "$tmp/b/fuzz/fuzz-planted" \
	"$tmp/tests/fuzz/fuzz-planted.c" >"$tmp/log" 2>&1 || cat "$tmp/log" >&2
not_ok a_planted_fault_is_found \
	env TOP="$tmp" B="$tmp/b" FUZZ_S=30 tests/fuzz/run planted
ok its_input_is_kept \
	test -n "$(find "$tmp/b/fuzz-found" -name 'fuzz-planted-crash-*')"
done_testing
