#!/bin/bash
# SPDX-License-Identifier: MIT
# Requesters that fight the agent, and crowds of them.  The keyring library's
# own part is upcall-races.sh; here policy, KMS and lease are real too.  A KMS
# that is stopped for the moment keeps a key under construction.
# timeout: 200
. tests/ktap.sh
. tests/agent.sh
agent_lab
U=$LAB/tmp
key_create race --cmk "$CMK" --allow "uid:$ALICE" --allow uid:64003 \
	--allow uid:64004 || bail "no entry"
crowds=()

# The requester: asks for kms:race into ring $1; once its key is under
# construction (its serial comes in ./key) does $2; tells how it ended.
cat >"$LAB/fight" <<-'SH'
	#!/bin/bash
	cd "$1" || exit
	ring=$2
	eval "${4:-:}"
	keyctl request2 logon kms:race "" "$ring" >out 2>&1 &
	until [ -e key ]; do sleep 0.01; done
	key=$(cat key)
	eval "$3" >attack 2>&1
	echo $? >attacked
	wait $!
	echo $? >status.part
	keyctl rdescribe "$key" >after 2>&1
	mv status.part status
SH
chmod 755 "$LAB/fight"

# find_handler: the handler's process in $handler, the key in $key.  The
# key itself is not root's to see yet.
find_handler() {
	local line
	line=$(pgrep -a -f -- "--socket $LAB/agent.sock [0-9]+\$") || return
	handler=${line%% *} key=${line##* }
}
# fight RING ATTACK [BEFORE]: leaves $out, $status, $key, $after.
fight() {
	rm -f "$U"/*
	kill -STOP "$LAB_KMSD"
	lab_as $ALICE "$LAB/fight" "$U" "$@" &
	local requester=$!
	wait_for find_handler 5 || key=0
	sleep 0.2 # until it has handed over: nothing else shows that
	echo "$key" >"$U/key.part" && chmod 644 "$U/key.part" &&
		mv "$U/key.part" "$U/key"
	wait_for '[ -e "$U/attacked" ]' 5
	kill -CONT "$LAB_KMSD"
	wait "$requester"
	out=$(cat "$U/out") status=$(cat "$U/status") after=$(cat "$U/after")
}
rejected='rejected by service'

fight @s :
is without_a_fight_the_key_comes "$status $out $after" \
	"0 $key logon;0;0;192d0000;kms:race"
fight @s 'keyctl unlink $key @s'
like unlinked_it_is_rejected "$status $out" "^1 .*$rejected"
ok and_audited audited KeyRefused "\"keySerial\":$key" '"failed"'
fight @s 'keyctl setperm $key 0x1f010000'
like without_setattr_it_is_rejected "$status $out" "^1 .*$rejected"
fight @s 'keyctl setperm $key 0'
like without_permissions_it_is_rejected "$status $out" "^1 .*$rejected"
fight @s 'keyctl clear @s'
like in_a_cleared_ring_it_is_rejected "$status $out" "^1 .*$rejected"
# Revoking waits until the key is settled, and by then it is root's.
fight @s 'timeout 2 keyctl revoke $key'
is it_can_not_be_revoked "$status $after" "0 logon;0;0;192d0000;kms:race"
fight @s 'keyctl timeout $key 999999; keyctl setperm $key 0x3f3f3f3f'
like what_was_set_before_does_not_last "$status $after" \
	'^(0 logon;0;0;192d0000;kms:race|1 .*)$'
fight @u : 'keyctl show @s | grep -q _uid && echo linked >&2'
is into_a_ring_out_of_reach_it_comes "$status $out" "0 $key"
is there_it_is_roots_too "$(keyctl rdescribe "$key")" \
	'logon;0;0;192d0000;kms:race'
setpriv --reuid $ALICE --regid $ALICE --clear-groups keyctl unlink "$key" @u \
	>/dev/null 2>&1
fight @s 'keyctl add logon kms:race evil-payload @u; keyctl link @u @s'
planted=$(head -n 1 "$U/attack")
is beside_a_planted_key_the_right_one_comes "$status $out $after" \
	"0 $key logon;0;0;192d0000;kms:race"
like the_planted_one_is_not_touched "$(grep -c "^$(printf %08x "$planted") .* \
$ALICE .*kms:race" /proc/keys)" '^[01]$'
setpriv --reuid $ALICE --regid $ALICE --clear-groups keyctl unlink \
	"$planted" @u >/dev/null 2>&1

# ---- who dies ----
# dies WHAT SIGNAL-COMMAND: while a request waits for a stopped KMS.
dies() {
	local from
	kill -STOP "$LAB_KMSD"
	from=$EPOCHREALTIME
	request $ALICE race >"$U/out" &
	local requester=$!
	wait_for find_handler 5
	sleep 0.2
	"$@"
	wait "$requester"
	took=$(((${EPOCHREALTIME/./} - ${from/./}) / 1000000))
	kill -CONT "$LAB_KMSD"
	out=$(cat "$U/out")
}
rm -f "$U"/*
: >"$U/crowd" && chmod 666 "$U/crowd"
kill_handler() { kill -KILL "$handler"; }
kill_agent() { lab_stop "$LAB_AGENT" KILL; }
dies kill_handler
like a_killed_handler_ends_the_request "$out" 'Required key not available'
ok at_once [ "$took" -le 3 ]
ok it_is_audited wait_for "audited KeyRefused '\"keySerial\":$key' \
	'handler went away' >/dev/null" 10
dies kill_agent
like a_killed_agent_ends_the_request "$out" 'Required key not available'
ok at_once_too [ "$took" -le 3 ]
like no_agent_no_key "$(request $ALICE race)" 'Required key not available'
lab_agent_start || bail "the agent does not start again"

# ---- crowds ----
# N sessions at once ask; their answers go to a file.
cat >"$LAB/crowd" <<-'SH'
	#!/bin/sh
	i=0
	while [ $i -lt $1 ]; do
		keyctl session - keyctl request2 logon "kms:$2" "" @s \
			>>"$3" 2>/dev/null &
		i=$((i + 1))
	done
	wait
SH
chmod 755 "$LAB/crowd"
decrypts() { grep '"eventName":"Decrypt"' "$LAB"/kmsd/*audit* |
	grep -vc DryRun; }
delivered() { grep -c '"eventName":"KeyDelivered"' "$LAB/agent/audit.log"; }
before=$(delivered) asked=$(decrypts) from=$EPOCHREALTIME
# A uid may have 200 keys, and a session costs it two of them meanwhile.
for i in $ALICE 64003 64004; do
	lab_as "$i" "$LAB/crowd" 50 race "$U/crowd" &
	crowds+=($!)
done
wait "${crowds[@]}"
took=$(((${EPOCHREALTIME/./} - ${from/./}) / 1000))
is one_hundred_and_fifty_at_once_all_get_it "$(grep -c '^[0-9]*$' "$U/crowd")" \
	150
is each_a_key_of_its_own "$(sort -u "$U/crowd" | wc -l)" 150
is each_delivery_is_audited "$(($(delivered) - before))" 150
ok within_their_deadline [ "$took" -lt 9000 ]
diag "150 requests: $took ms, $(($(decrypts) - asked)) KMS calls"
ok the_kms_is_not_asked_for_each [ $(($(decrypts) - asked)) -lt 150 ]

printf '[limits]\nupcalls_burst = 10\nupcalls_per_second = 1\n' \
	>>"$LAB/kmsagent.conf"
agent_restart
: >"$U/crowd"
lab_as $ALICE "$LAB/crowd" 30 race "$U/crowd"
got=$(grep -c '^[0-9]*$' "$U/crowd")
ok a_storm_is_cut_off [ "$got" -ge 10 -a "$got" -lt 25 ]
ok and_audited_as_such audited KeyRefused '"busy"'
like another_user_has_his_turn "$(request $BOB race)" "$rejected"

ring_is_empty() { grep -q 'keyring  *kms.drop: empty' /proc/keys; }
ok nothing_is_left_in_the_agents_ring wait_for ring_is_empty 10
done_testing
