#!/bin/bash
# SPDX-License-Identifier: MIT
# The directory child, or the keyholder over it, is killed at random moments of
# unlocking, locking and setting up: the file system has the key when the agent
# said so and not otherwise, and nothing of it is left in a ring.
# FSCRYPT_KILLS is how many times (30).
# timeout: 280
. tests/ktap.sh
. tests/fscrypt.sh
mnt=''
kills=${FSCRYPT_KILLS:-30}
agent_lab
need_fscrypt
[ -x "$B/tools/catch-child" ] || skip_all "needs tools/catch-child built"
fs_make mnt fs -O encrypt
dir_create home
mkdir "$mnt/enc"
ok it_is_set_up fs setup home "$mnt/enc"
echo data >"$mnt/enc/file"
id=$(fs_id home)
fs lock home "$mnt/enc"
start=${EPOCHREALTIME/[.,]/}
ok it_is_unlocked fs unlock home "$mnt/enc"
span=$((${EPOCHREALTIME/[.,]/} - start))
fs lock home "$mnt/enc"

in_kernel_now() { fsc status "$mnt" "$id" | cut -d' ' -f1; }
# consistent: the agent tells what the kernel does; no key is lent.
consistent() {
	local kernel agent
	kernel=$(in_kernel_now) agent=$(state home "$mnt/enc")
	loans | grep . && return 1
	[ "$(loan_rings)" = 0 ] || { echo "a ring is left"; return 1; }
	case $kernel:$agent in
	absent:locked | present:unlocked | leaving:busy) ;;
	*) echo "kernel: $kernel, agent: $agent"; return 1 ;;
	esac
}
# once US WANT COMMAND...: it succeeds and the kernel has WANT, or it fails and
# what the kernel had before is unchanged (a lock may be done all the same).
once() {
	local us=$1 want=$2 before after catcher status=0
	shift 2
	before=$(in_kernel_now)
	: >"$LAB/caught"
	"$B/tools/catch-child" directory 9 "$us" 3 >"$LAB/caught" &
	catcher=$!
	wait_for '[ -s "$LAB/caught" ]' 5
	"$@" >"$LAB/said" 2>&1 || status=1
	! wait "$catcher" || killed=$((killed + 1))
	after=$(in_kernel_now)
	[ "$status" = 0 ] || failed=$((failed + 1))
	if [ "$status" = 0 ]; then
		[ "$after" = "$want" ]
	else
		[ "$after" = "$before" ] || [ "$want" = absent ]
	fi || { echo "was $before, is $after, status $status"; return 1; }
}
round() { # us
	if [ "$(in_kernel_now)" = present ]; then
		once "$1" absent ctl fscrypt lock home "$mnt/enc"
	elif ((RANDOM % 3)); then
		once "$1" present ctl fscrypt unlock home "$mnt/enc"
	else
		mkdir "$mnt/new$i"
		once "$1" present ctl fscrypt setup home "$mnt/new$i"
	fi && consistent
}
killed=0 bad=0 failed=0
for ((i = 0; i < kills; i++)); do
	us=$((RANDOM * span / 32768))
	round "$us" >"$LAB/why" 2>&1 || {
		bad=$((bad + 1))
		diag "after $us us: $(cat "$LAB/why" "$LAB/said")"
	}
done
diag "$kills rounds within $span us: $killed children killed, $failed failed"
is all_is_consistent_each_time "$bad" 0
ok some_were_killed test "$killed" -ge $((kills / 4))
ok and_some_commands_failed_by_it test "$failed" -ge 1
ok it_is_unlocked_afterwards fs unlock home "$mnt/enc"
is and_its_data_is_there "$(cat "$mnt/enc/file")" data

# Killed between the key's adding and the answer: the next child removes it.
if command -v strace >/dev/null; then
	fs lock home "$mnt/enc"
	strace -f -qq -o /dev/null -e trace=ioctl \
		-e inject=ioctl:delay_exit=5000000:when=4 -p "$LAB_AGENT" &
	tracer=$!
	wait_for 'grep -q "TracerPid:.[1-9]" "/proc/$LAB_AGENT/status"' 5
	ctl fscrypt unlock home "$mnt/enc" >"$LAB/said" 2>&1 &
	unlocker=$!
	ok the_key_is_added wait_for '[ "$(in_kernel_now)" = present ]' 5
	pkill -9 -P "$LAB_AGENT" -f -- '--as directory:'
	kill "$tracer"
	not_ok unlocking_fails wait "$unlocker"
	like and_says_what_was_done "$(cat "$LAB/said")" 'is taken back'
	wait "$tracer" 2>/dev/null
	is the_key_is_gone "$(in_kernel_now)" absent
	ok and_all_is_consistent consistent
	fs unlock home "$mnt/enc"
else
	skip killed_after_adding "needs the command strace"
fi

# The keyholder: its child goes with it; the next one clears up.
bad=0
for ((i = 0; i < (kills + 4) / 5; i++)); do
	fs lock home "$mnt/enc"
	"$LAB/kmsctl" fscrypt unlock home "$mnt/enc" >/dev/null 2>&1 &
	unlocker=$!
	sleep "$(printf '0.%06d' $((RANDOM * span / 32768)))"
	agent_restart KILL
	wait "$unlocker"
	wait_for 'consistent >"$LAB/why" 2>&1' 5 || {
		bad=$((bad + 1))
		diag "$(cat "$LAB/why")"
	}
done
is all_is_consistent_after_the_keyholder_too "$bad" 0
fs unlock home "$mnt/enc"
is the_data_is_there_still "$(cat "$mnt/enc/file")" data
done_testing
