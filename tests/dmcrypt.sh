# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What tests of volumes share, over agent.sh: loop devices, the key as kmsd's
# Decrypt tells it to root (in tests only), and what must not be left.
. tests/agent.sh

# loop_device VARIABLE FILE SIZE: a file of that size and a loop device on it.
loop_device() {
	local t_dev
	truncate -s "$3" "$2" && t_dev=$(losetup -f --show "$2") || return
	at_exit losetup -d "$t_dev"
	printf -v "$1" %s "$t_dev"
}

volume_create() { key_create "$1" --cmk "$CMK" --purpose volume "${@:2}"; }
vopen() { ctl dmcrypt open "$@" >/dev/null; }
vclose() { ctl dmcrypt close "$@"; }
vsize() { ctl dmcrypt status "$1" --json | json 'j["sectors"]'; }

# The wrapped key, asked of kmsd as root, past the agent.
key_request() { # name
	ctl key show "$1" --json | json 'json.dumps({"KeyId": j["cmk_arn"],
		"CiphertextBlob": j["ciphertext_blob"],
		"EncryptionContext": j["encryption_context"]})'
}
key_hex() { # name
	lab_kms Decrypt "$(key_request "$1")" |
		"$B/tools/message-key" plain k | sed -n 's/^k=//p'
}

# loans: keys on loan anywhere in the kernel, as root sees them.
loans() { awk '$5 == "09290000" && $2 !~ /[iDR]/' /proc/keys; }
# rings: what is lent, or was and is pinned by a mapping.
loan_rings() { grep -c ' kms\.loan\.' /proc/keys; }
semaphores() { ipcs -s | grep -c '^0x0d4d'; }
# The kernel and the agent say the same of NAME, and nothing is half made.
consistent() { # name mapping
	local info
	info=$(dmsetup info -c --noheadings -o name,attr,suspended,tables_loaded \
		-S "uuid=CRYPT-PLAIN-kms:$1" 2>&1)
	loans | grep . && return 1
	[ "$(semaphores)" = 0 ] || { echo "a semaphore is left"; return 1; }
	case $info in
	*"No devices found"* | '')
		wait_for "[ ! -e /dev/mapper/$2 ]" 3 || return
		[ "$(shown_or "$1" mapping)" = None ]
		;;
	*:Active:Live)
		[ -b "/dev/mapper/$2" ] && [ "$(shown_or "$1" mapping)" = "$2" ]
		;;
	*)
		echo "half made: $info"
		return 1
		;;
	esac || { echo "agent: $(shown_or "$1" mapping), kernel: $info"; return 1; }
}
shown_or() { ctl key show "$1" --json | json "j.get('$2')"; }

# kill_once US COMMAND...: COMMAND, whose device child gets SIGKILL after US.
kill_once() {
	local us=$1 catcher
	shift
	: >"$LAB/caught"
	"$B/tools/catch-child" device 9 "$us" 3 >"$LAB/caught" &
	catcher=$!
	wait_for '[ -s "$LAB/caught" ]' 5
	"$@" >"$LAB/said" 2>&1
	! wait "$catcher" || killed=$((killed + 1))
}
# kill_rounds N SPAN_US DEVICE: open, resize and close vol1 N times, each with
# its child killed within SPAN_US.  How many were in $killed, how many of
# these before they were done in $failed, after how many something was not
# as it should be in $bad.
kill_rounds() {
	local i us
	killed=0 bad=0 failed=0
	for ((i = 0; i < $1; i++)); do
		us=$((RANDOM * $2 / 32768))
		if [ "$(shown_or vol1 mapping)" = None ]; then
			kill_once "$us" ctl dmcrypt open vol1 "$3"
		elif ((RANDOM % 2)); then
			kill_once "$us" ctl dmcrypt resize vol1 \
				--size $((8 * (1000 + RANDOM % 1000)))
		else
			kill_once "$us" ctl dmcrypt close vol1
		fi
		! grep -q 'child was ended' "$LAB/said" || failed=$((failed + 1))
		consistent vol1 vol1 >"$LAB/why" 2>&1 || {
			bad=$((bad + 1))
			diag "after $us us: $(cat "$LAB/why" "$LAB/said")"
		}
	done
}

# udevd_start: where nobody runs one, as in the guest; then libdevmapper waits
# for it by cookies.
udevd_start() {
	[ ! -e /run/udev/control ] || return 0
	unset DM_DISABLE_UDEV
	/lib/systemd/systemd-udevd --daemon 2>/dev/null &&
		udevadm trigger --action=add && udevadm settle --timeout=20
}
