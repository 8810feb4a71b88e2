# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Start and stop a kmsd of the test's own, and talk to it.  Sourced after
# ktap.sh; needs $tmp (tmpdir).
KMSD=$B/kmsd
KMSD_PID=

# kmsd_start ARG...: in development mode, state in $tmp/state unless an ARG
# says otherwise; exports what it prints.  $KMSD_WRAP is put in front.
kmsd_start() {
	local args=("$@") wrap=()
	[[ " $* " == *" --state "* ]] || args+=(--state "$tmp/state")
	[[ " $* " == *" --listen "* ]] || args+=(--listen 127.0.0.1:0)
	[ -z "${KMSD_WRAP-}" ] || read -ra wrap <<<"$KMSD_WRAP"
	: >"$tmp/kmsd.out"
	"${wrap[@]}" "$KMSD" --dev "${args[@]}" \
		>"$tmp/kmsd.out" 2>>"$tmp/kmsd.err" </dev/null &
	KMSD_PID=$!
	wait_for "grep -q '^# kmsd ready' $tmp/kmsd.out ||
		! kill -0 $KMSD_PID 2>/dev/null" 20
	grep -q '^# kmsd ready' "$tmp/kmsd.out" || {
		tail -n 5 "$tmp/kmsd.err" | sed 's/^/# /'
		return 1
	}
	# shellcheck source=/dev/null
	. "$tmp/kmsd.out"
}

# kmsd_stop [SIGNAL]: by its id, and wait until it is gone.  A wrapper ends
# when what it wraps does.
kmsd_stop() {
	local status=0 inner
	[ -n "$KMSD_PID" ] || return 0
	inner=$(pgrep -P "$KMSD_PID" -x kmsd)
	kill "-${1:-TERM}" "${inner:-$KMSD_PID}" 2>/dev/null
	wait "$KMSD_PID" 2>/dev/null || status=$?
	KMSD_PID=
	return "$status"
}

# signed ARG...: tests/sigv4.py: status, some headers and the answer's body.
signed() { python3 "$TOP/tests/sigv4.py" "$@"; }

# peer OPERATION [BODY [SOCKET]]: over the Unix socket, as who runs this.
peer() {
	curl -s --max-time 120 --unix-socket "${3:-$tmp/kmsd.sock}" \
		-H "X-Amz-Target: TrentService.$1" -d "${2:-{\}}" http://kmsd/
}

# field NAME: the first string member NAME of the JSON on stdin.
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
