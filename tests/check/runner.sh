#!/bin/bash
# SPDX-License-Identifier: MIT
# The runner's verdict on tests that pass, fail, skip, die, lie or hang.
. tests/ktap.sh
tmpdir
tree=$tmp
mkdir -p "$tree/tests/sys" "$tree/tests/unit" "$tree/b/tests"

# A tree that holds one shell test; the runner's last line and status on it.
verdict() { # text of the test
	printf '%s\n' "$1" >"$tree/tests/sys/x.sh"
	run_tests sys/x
}
run_tests() {
	env TOP="$tree" B="$tree/b" "$TOP/tests/run" "$@" >"$tree/out" 2>&1
	local status=$?
	printf '%s: %s' "$status" "$(tail -n 1 "$tree/out")"
}
says() { grep -q -- "$1" "$tree/out"; }

is passing_points_are_counted \
	"$(verdict 'echo 1..2; echo ok 1 a; echo ok 2 b')" \
	"0: 2 passed, 0 failed, 0 skipped"
is the_plan_may_come_last \
	"$(verdict 'echo ok 1 a; echo 1..1')" "0: 1 passed, 0 failed, 0 skipped"
is a_failing_point_fails_the_run \
	"$(verdict 'echo 1..2; echo not ok 1 broken; echo "# why so"; echo ok 2 b; exit 1')" \
	"1: 1 passed, 1 failed, 0 skipped"
ok the_failing_line_is_shown says 'not ok 1 broken'
ok its_explanation_is_shown says 'why so'
ok the_log_is_named says "logs: $tree/b/test-logs/sys-x.tap"
is a_failing_point_counts_though_the_test_ends_with_0 \
	"$(verdict 'echo 1..1; echo not ok 1 a')" \
	"1: 0 passed, 1 failed, 0 skipped"
is a_skipped_point_is_counted_as_such \
	"$(verdict 'echo 1..2; echo ok 1 a; echo "ok 2 b # SKIP no such disk"')" \
	"0: 1 passed, 0 failed, 1 skipped"
ok the_reason_of_a_skip_is_shown says 'skipped: .*no such disk'
is a_test_that_skips_itself_is_one_skip \
	"$(verdict 'echo "1..0 # SKIP no such kernel"; exit 4')" \
	"0: 0 passed, 0 failed, 1 skipped"
ok the_reason_of_a_whole_skip_is_shown says 'no such kernel'
is status_4_without_a_reason_fails \
	"$(verdict 'exit 4')" "1: 0 passed, 1 failed, 0 skipped"
is no_plan_fails "$(verdict 'echo ok 1 a')" "1: 1 passed, 1 failed, 0 skipped"
is no_output_fails "$(verdict 'true')" "1: 0 passed, 1 failed, 0 skipped"
is an_empty_plan_fails \
	"$(verdict 'echo 1..0')" "1: 0 passed, 1 failed, 0 skipped"
is a_point_too_few_fails \
	"$(verdict 'echo 1..2; echo ok 1 a')" "1: 1 passed, 1 failed, 0 skipped"
is a_point_too_many_fails \
	"$(verdict 'echo 1..1; echo ok 1 a; echo ok 2 b')" \
	"1: 2 passed, 1 failed, 0 skipped"
is a_wrong_number_fails \
	"$(verdict 'echo 1..2; echo ok 1 a; echo ok 3 b')" \
	"1: 2 passed, 1 failed, 0 skipped"
is two_plans_fail \
	"$(verdict 'echo 1..1; echo ok 1 a; echo 1..1')" \
	"1: 1 passed, 1 failed, 0 skipped"
is a_bad_status_fails_though_all_points_passed \
	"$(verdict 'echo 1..1; echo ok 1 a; exit 3')" \
	"1: 1 passed, 1 failed, 0 skipped"
is a_test_that_dies_fails \
	"$(verdict 'echo 1..1; echo ok 1 a; kill -SEGV $$')" \
	"1: 1 passed, 1 failed, 0 skipped"
ok the_signal_is_named says 'signal 11'
is bailing_out_fails \
	"$(verdict 'echo ok 1 a; echo "Bail out! no ground"; exit 1')" \
	"1: 1 passed, 1 failed, 0 skipped"
is a_test_that_hangs_is_ended \
	"$(verdict $'# timeout: 1\necho 1..1; echo ok 1 a; sleep 60')" \
	"1: 1 passed, 1 failed, 0 skipped"
ok being_out_of_time_is_named says 'out of time after 1 s'
is its_complaints_are_shown \
	"$(verdict 'echo the disk is on fire >&2; exit 1'; says 'disk is on fire' && echo yes)" \
	"1: 0 passed, 1 failed, 0 skippedyes"

printf 'echo 1..1; echo ok 1 a\n' >"$tree/tests/sys/x.sh"
cp "$tree/tests/sys/x.sh" "$tree/tests/sys/y.sh"
is a_pattern_selects "$(run_tests sys/y)" "0: 1 passed, 0 failed, 0 skipped"
is without_a_pattern_all_run "$(run_tests)" "0: 2 passed, 0 failed, 0 skipped"
is nothing_selected_fails "$(run_tests zzz)" "1: 0 passed, 0 failed, 0 skipped"

touch "$tree/tests/unit/test-z.c"
is a_unit_test_that_was_not_built_fails "$(run_tests test-z)" \
	"1: 0 passed, 1 failed, 0 skipped"

# The helpers of C and shell tests end as the runner wants them.
c_verdict() { # body of main
	printf '#include "tests/unit/tap.h"\nint main(void) { %s }\n' "$1" \
		>"$tree/tests/unit/test-z.c"
	cc -I "$TOP" -o "$tree/b/tests/test-z" "$tree/tests/unit/test-z.c" &&
		run_tests test-z
}
is c_points_are_counted \
	"$(c_verdict 'TAP_OK(1, "a"); TAP_EQ_INT(2, 2, "b"); tap_skip("c", "d"); return tap_done();')" \
	"0: 2 passed, 0 failed, 1 skipped"
is c_failures_are_counted \
	"$(c_verdict 'TAP_OK(0, "a"); TAP_EQ_STR("x", "y", "b"); TAP_EQ_MEM("p", "q", 1, "c"); return tap_done();')" \
	"1: 0 passed, 3 failed, 0 skipped"
ok c_values_that_differ_are_shown says "want 'y'"
is c_skips_are_counted \
	"$(c_verdict 'tap_skip_all("no such thing");')" \
	"0: 0 passed, 0 failed, 1 skipped"
is c_tests_without_points_fail \
	"$(c_verdict 'return tap_done();')" "1: 0 passed, 1 failed, 0 skipped"
is c_tests_that_abort_fail \
	"$(c_verdict 'TAP_OK(1, "a"); abort();')" \
	"1: 1 passed, 1 failed, 0 skipped"

sh_verdict() { verdict ". $TOP/tests/ktap.sh"$'\n'"$1"; }
is sh_points_are_counted \
	"$(sh_verdict 'ok a true; not_ok b false; is c 1 1; skip d why; done_testing')" \
	"0: 3 passed, 0 failed, 1 skipped"
is sh_failures_are_counted \
	"$(sh_verdict 'ok a false; not_ok b true; is c 1 2; like d x y; done_testing')" \
	"1: 0 passed, 4 failed, 0 skipped"
is a_missing_program_is_no_refusal \
	"$(sh_verdict 'not_ok a /no/such/program; done_testing')" \
	"1: 0 passed, 1 failed, 0 skipped"
is a_crash_is_no_refusal \
	"$(sh_verdict 'not_ok a sh -c "kill -SEGV \$\$"; done_testing')" \
	"1: 0 passed, 1 failed, 0 skipped"
is sh_tests_that_miss_their_plan_fail \
	"$(sh_verdict 'plan 2; ok a true; done_testing')" \
	"1: 1 passed, 1 failed, 0 skipped"
is sh_tests_that_forget_the_end_fail \
	"$(sh_verdict 'ok a true')" "1: 1 passed, 1 failed, 0 skipped"
is a_wait_for_what_never_comes_ends \
	"$(sh_verdict 'ok a wait_for false 0; done_testing')" \
	"1: 0 passed, 1 failed, 0 skipped"
sh_verdict "tmpdir; echo \"\$tmp\" >$tree/where; at_exit touch $tree/left
	ok a test -d \"\$tmp\"; done_testing" >/dev/null
not_ok temporary_folders_go test -e "$(cat "$tree/where")"
ok what_was_put_off_is_done test -e "$tree/left"
done_testing
