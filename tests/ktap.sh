# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# TAP for shell tests.  A test is run from the top of the tree, starts with
# ". tests/ktap.sh" and ends with "done_testing".  Names of points are
# sentences of lower-case words joined by underscores.  Exit statuses are
# kselftest's: 0 passed, 1 failed, 4 skipped as a whole.
set -u
TOP=${TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
B=${B:-$TOP/build}
export TOP B

T_N=0 T_BAD=0 T_PLAN= T_AT_EXIT=()
T_OUT=$(mktemp) || exit 1

t_cleanup() {
	local status=$? i
	for ((i = ${#T_AT_EXIT[@]} - 1; i >= 0; i--)); do
		eval "${T_AT_EXIT[i]}"
	done
	rm -f "$T_OUT"
	exit "$status"
}
trap t_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# at_exit CMD ARG...: run it when the test ends, however it ends; last first.
at_exit() { T_AT_EXIT+=("$(printf '%q ' "$@")"); }

# tmpdir: make a folder that goes when the test ends; its path is in $tmp.
tmp=
tmpdir() {
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/kmsagent-test.XXXXXX") || exit 1
	at_exit rm -rf "$tmp"
}

diag() { printf '%s\n' "$*" | sed 's/^/# /'; }

# plan N: optional; a test that knows its number of points says it first.
plan() {
	T_PLAN=$1
	printf 'TAP version 13\n1..%d\n' "$1"
}

t_point() { # passed name
	T_N=$((T_N + 1))
	if [ "$1" = 1 ]; then
		printf 'ok %d %s\n' "$T_N" "$2"
	else
		T_BAD=$((T_BAD + 1))
		printf 'not ok %d %s\n' "$T_N" "$2"
		return 1
	fi
}

t_show() { # what the command said
	printf '# %s: status %d\n' "$1" "$2"
	tail -n 20 "$T_OUT" | sed 's/^/#   /'
}

# ok NAME CMD ARG...: one point; passes when CMD does.  CMD may be a function:
# it runs in this shell, and only its last status counts, so chain with &&.
ok() {
	local t_name=$1 t_status=0
	shift
	"$@" >"$T_OUT" 2>&1 || t_status=$?
	t_point $((t_status == 0)) "$t_name" || {
		t_show "$*" "$t_status"
		return 1
	}
}

# not_ok NAME CMD ARG...: one point; passes when CMD refuses.  Statuses from
# 126 up are no refusal: it was not found, or a signal ended it.
not_ok() {
	local t_name=$1 t_status=0
	shift
	"$@" >"$T_OUT" 2>&1 || t_status=$?
	t_point $((t_status > 0 && t_status < 126)) "$t_name" || {
		t_show "$*" "$t_status"
		return 1
	}
}

# is NAME GOT WANT: one point; passes when both are the same text.
is() {
	t_point "$([ "$2" = "$3" ] && echo 1)" "$1" || {
		diag "got  '$2'"
		diag "want '$3'"
		return 1
	}
}

# like NAME TEXT REGEX: one point; passes when the extended regex matches.
like() {
	t_point "$([[ $2 =~ $3 ]] && echo 1)" "$1" || {
		diag "got  '$2'"
		diag "want a match of /$3/"
		return 1
	}
}

# pass NAME, fail NAME [WHY]: one point whose outcome is known already.
pass() { t_point 1 "$1"; }
fail() {
	t_point 0 "$1"
	[ $# -lt 2 ] || diag "$2"
	return 1
}

# skip NAME WHY: one point that cannot run here.
skip() {
	T_N=$((T_N + 1))
	printf 'ok %d %s # SKIP %s\n' "$T_N" "$1" "$2"
}

# skip_all WHY: nothing of this test can run here.
skip_all() {
	printf '1..0 # SKIP %s\n' "$1"
	exit 4
}

# bail WHY: the ground that the rest of the test stands on is missing.
bail() {
	printf 'Bail out! %s\n' "$1"
	exit 1
}

done_testing() {
	if [ -z "$T_PLAN" ]; then
		printf '1..%d\n' "$T_N"
	elif [ "$T_N" -ne "$T_PLAN" ]; then
		diag "$T_PLAN points planned, $T_N run"
		exit 1
	fi
	[ "$T_N" -gt 0 ] && [ "$T_BAD" -eq 0 ]
	exit $?
}

# need_cmd CMD...: skip the test where a command is missing.
need_cmd() {
	local cmd
	for cmd; do
		command -v "$cmd" >/dev/null || skip_all "needs the command $cmd"
	done
}

need_root() { [ "$(id -u)" = 0 ] || skip_all "needs root"; }

# wait_for CONDITION SECONDS: wait until the shell text CONDITION is true.
wait_for() {
	local t_end=$((SECONDS + $2 + 1))
	until eval "$1"; do
		if [ "$SECONDS" -ge "$t_end" ]; then
			diag "waited $2 s for: $1"
			return 1
		fi
		sleep 0.02
	done
}

. "$(dirname "${BASH_SOURCE[0]}")/kernel.sh"
