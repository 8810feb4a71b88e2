#!/bin/bash
# SPDX-License-Identifier: MIT
# What tests/guest/run promises: output, statuses, folders, and an end.
# parallel-safe
. tests/ktap.sh
need_root
in_guest && skip_all "is about starting a guest, and this is one"
guest=$TOP/tests/guest/run
"$guest" --setup || {
	[ $? != 4 ] || skip_all "no guest can be had on this machine"
	bail "the guest's kernel cannot be made ready"
}
tmpdir

"$guest" -- sh -c 'echo out; echo err >&2; exit 7' \
	>"$tmp/out" 2>"$tmp/err"
is the_exit_status_comes_back $? 7
is standard_output_comes_back "$(cat "$tmp/out")" out
is standard_error_comes_back "$(cat "$tmp/err")" err
is arguments_are_not_split_or_expanded \
	"$("$guest" -- printf '<%s>' 'a  b' "\$HOME" "it's" '')" \
	"<a  b><\$HOME><it's><>"

head -c 300000 /dev/urandom >"$tmp/bytes"
ok bytes_come_back_unchanged_to_a_slow_reader \
	cmp "$tmp/bytes" <("$guest" --share "$tmp" -- cat "$tmp/bytes" |
		(sleep 2; cat))

# What is shared, what is thrown away, what is fresh.
mark=$(mktemp)
at_exit rm -f "$mark"
"$guest" --share "$tmp" -- sh -c "
	pwd
	echo kept >$tmp/kept
	echo lost >/etc/kmsagent-guest-lost
	ls $mark 2>&1 | grep -o 'No such file'
	echo \"\$TOP \$KMSAGENT_GUEST\"
	readlink /proc/self/fd/0" >"$tmp/out" 2>&1
is it_starts_in_the_tree_with_its_variables_fresh_tmp_and_no_input \
	"$(cat "$tmp/out")" "$TOP
No such file
$TOP 6.12
/dev/null"
is a_shared_folder_keeps_what_is_written "$(cat "$tmp/kept")" kept
not_ok the_rest_of_the_host_is_not_written test -e /etc/kmsagent-guest-lost
is output_is_not_a_terminal \
	"$("$guest" -- sh -c 'test -t 1 || test -t 2; echo $?')" 1
like the_job_has_a_session_keyring_of_its_own \
	"$("$guest" -- keyctl rdescribe @s)" ';guest$'

# Ends.
"$guest" --timeout 3 -- sleep 100 >/dev/null 2>"$tmp/err"
is out_of_time_is_status_124 $? 124
like out_of_time_is_said "$(cat "$tmp/err")" 'out of time after 3 s'
"$guest" -- sh -c 'echo c >/proc/sysrq-trigger' >/dev/null 2>"$tmp/err"
is a_guest_that_dies_is_status_125 $? 125
like its_last_words_are_shown "$(cat "$tmp/err")" 'sysrq triggered crash'

"$guest" --share "$tmp" -- sh -c "touch $tmp/started; sleep 100" &
pid=$!
ok a_guest_starts wait_for "[ -e $tmp/started ]" 60
linux=$(pgrep -P "$(pgrep -P "$pid" timeout)")
kill "$pid"
wait "$pid"
is a_signal_ends_the_runner $? 143
ok a_signal_ends_the_guest wait_for "! [ -e /proc/$linux ]" 10

# Refusals.
not_ok an_unknown_option_is_refused "$guest" --frobnicate -- true
not_ok no_command_is_refused "$guest" --
not_ok an_unknown_kernel_is_refused "$guest" --kernel latest -- true
not_ok a_missing_folder_is_refused "$guest" --share "$tmp/none" -- true
not_ok an_odd_size_is_refused "$guest" --mem lots -- true
status() { # as an unprivileged user, whom the tree's folder may shut out
	setpriv --reuid 65534 --clear-groups --inh-caps=+dac_override \
		--ambient-caps=+dac_override "$guest" -- true >/dev/null 2>&1
	echo $?
}
is without_root_there_is_no_guest "$(status)" 4

# A half-built kernel is never taken for a whole one.
cache=$tmp/cache
mkdir -p "$cache/building.6.12/out"
touch "$cache/building.6.12/out/linux"
cp -r "$TOP/tests" "$tmp/tree-tests"
mkdir "$tmp/tree"
mv "$tmp/tree-tests" "$tmp/tree/tests"
mirror() { # series that Debian has; downloads fail
	printf '#!/bin/sh\ncase $* in *search*) printf "linux-source-%%s - x\\n" %s;; *) exit 1;; esac\n' \
		"$*" >"$tmp/tree/tests/guest/trixie-apt"
}
kernel() { # series wanted
	KMSAGENT_GUEST_CACHE=$cache "$tmp/tree/tests/guest/run" \
		--kernel "$1" -- true >/dev/null 2>"$tmp/err"
}
mirror 6.12
kernel 6.12
is a_failed_build_is_status_125 $? 125
like a_half_built_kernel_is_built_anew "$(cat "$tmp/err")" \
	'fetching linux-source-6.12'
is a_failed_build_leaves_no_kernel \
	"$(find "$cache" -maxdepth 1 -name '6.12-*')" ''

# Series of the backports come and go.
mirror 6.12 7.2 7.3 7.10
kernel 7.3
like the_wanted_series_is_taken "$(head -n 1 "$tmp/err")" 'linux-source-7.3$'
mirror 6.12 7.2 7.9 7.10
kernel 7.3
like the_latest_stands_in_for_a_series_that_is_gone \
	"$(head -n 1 "$tmp/err")" 'linux-source-7.10$'
mirror 6.12 7.2
kernel 7.3
is with_none_as_late_there_is_no_guest $? 4
like and_the_reason_is_given "$(cat "$tmp/err")" 'no kernel source of series 7.3'
done_testing
