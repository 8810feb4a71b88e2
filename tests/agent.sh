# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What tests of the agent share, over ktap.sh and lab.sh: a lab that ends with
# the test, uids of nobody, and readers of status, audit and /proc/keys.
. tests/lab.sh
# shellcheck disable=SC2034 # for the tests
ALICE=64001 BOB=64002

# agent_lab [LINE]...: lab_up, and down at the end; a CMK in $CMK.
agent_lab() {
	need_root
	need_cmd keyctl setpriv request-key python3
	local i
	for i in kmsd kmsagentd kmsctl kms-request-key tools/varlink-call; do
		[ -x "$B/$i" ] || skip_all "needs $i built"
	done
	keyctl session - true 2>/dev/null ||
		skip_all "keyctl is not permitted here"
	mkdir -p /etc/request-key.d
	at_exit lab_down
	lab_up "$@" || bail "the lab does not start"
	cp "$B/tools/varlink-call" "$LAB/"
	mkdir -m 777 "$LAB/tmp"
	new_cmk
}

# new_cmk: another CMK; its id in $CMK, its ARN in $CMK_ARN.
new_cmk() {
	CMK_ARN=$(lab_kms CreateKey '{}' | grep -o 'arn:aws:kms:[^"]*' |
		head -n 1)
	CMK=${CMK_ARN##*/}
	[ -n "$CMK" ] || bail "kmsd makes no CMK"
}
cmk() { lab_kms "$1" "{\"KeyId\":\"$CMK\"${2:+,$2}}" >/dev/null; }

ctl() { "$B/kmsctl" "$@"; }
key_create() { ctl key create "$@" >/dev/null; }
# json EXPRESSION: of the JSON on stdin, as j.
json() { python3 -c 'import json,sys; j=json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"; }
status() { ctl status --json | json "j['$1']"; }
shown() { ctl key show "$1" --json | json "j['$2']"; }
# audited EVENT [TEXT]...: the last record of EVENT has all TEXTs.
audited() {
	local line i
	line=$(grep "\"eventName\":\"$1\"" "$LAB/agent/audit.log" | tail -n 1)
	[ -n "$line" ] || { echo "no $1 in the audit"; return 1; }
	for i in "${@:2}"; do
		[[ $line == *"$i"* ]] || { echo "$line lacks $i"; return 1; }
	done
}
# request UID NAME [TYPE [RING]]: the serial, or request_key's error.
request() {
	lab_as "$1" keyctl request2 "${3:-logon}" "kms:$2" "" "${4:-@s}" 2>&1
}
# in_kernel SERIAL: a usable key of that serial is there.
in_kernel() { keyctl rdescribe "$1" >/dev/null 2>&1; }
ttl_of() { # serial: as /proc/keys tells it
	printf -v hex '%08x' "$1"
	awk -v s="$hex" '$1 == s { print $4 }' /proc/keys
}

# hold UID NAME [TYPE]: a session that has the key and goes on, until
# let_go; its serial in $SERIAL, its process in $HOLDER.
hold() {
	rm -f "$LAB/tmp/serial"
	# shellcheck disable=SC2016 # for the inner shell
	lab_as "$1" sh -c 'keyctl request2 "$1" "kms:$2" "" @s >"$3.new" 2>&1
		mv "$3.new" "$3"; exec sleep 120' - "${3:-logon}" "$2" \
		"$LAB/tmp/serial" &
	HOLDER=$!
	at_exit let_go "$HOLDER"
	wait_for '[ -e "$LAB/tmp/serial" ]' 15
	SERIAL=$(cat "$LAB/tmp/serial")
	[[ $SERIAL =~ ^[0-9]+$ ]]
}
let_go() {
	[ -d "/proc/$1" ] || return 0
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}
agent_restart() { # [SIGNAL]
	lab_stop "$LAB_AGENT" "${1:-TERM}"
	lab_agent_start || bail "the agent does not start again"
}
