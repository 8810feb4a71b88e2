#!/bin/bash
# SPDX-License-Identifier: MIT
# What a hostile requester can do while its key is under construction, and
# what happens when the handler or the keyholder dies.  Everything real but
# the keyholder's policy: kernel, request-key(8), handler, keyring/upcall.
# timeout: 120
. tests/ktap.sh
need_root
need_cmd keyctl setpriv request-key
[ -r /proc/keys ] || skip_all "no /proc/keys here"
handler=$B/kms-request-key
for i in "$handler" "$B/tools/upcall-holder"; do
	[ -x "$i" ] || skip_all "needs $i built"
done
keyctl session - true 2>/dev/null || skip_all "keyctl is not permitted here"

tmpdir
chmod 755 "$tmp"
u=$tmp/user # what the requester may write
mkdir -m 777 "$u"
pre=race-$$
rule=/etc/request-key.d/kms-$pre.conf
mkdir -p /etc/request-key.d
at_exit rm -f "$rule"
{
	# Built programs may lie where a path has a blank: request-key(8) has
	# no quoting.
	cp "$handler" "$tmp/handler"
	cp "$B/tools/upcall-holder" "$tmp/holder"
	for type in logon user fscrypt-provisioning; do
		echo "create $type kms:$pre-* * $tmp/handler --socket $tmp/sock %k"
	done
} >"$rule"

# ---- the keyholder ----
holder_start() {
	coproc HOLDER { exec "$tmp/holder" "$tmp/sock"; }
	# shellcheck disable=SC2153 # set by coproc
	holder_pid=$HOLDER_PID
	exec {to_holder}>&"${HOLDER[1]}" {from_holder}<&"${HOLDER[0]}"
	hear ready
}
holder_stop() { # signal
	kill "-${1:-TERM}" "$holder_pid" 2>/dev/null
	wait "$holder_pid" 2>/dev/null
	exec {to_holder}>&- {from_holder}<&-
}
at_exit eval 'kill "$holder_pid" 2>/dev/null'
# hear WORD: the next line that begins so; its fields in $said.
hear() {
	local line
	while read -r -t 15 -u "$from_holder" line; do
		read -ra said <<<"$line"
		[ "${said[0]}" != "$1" ] || return 0
	done
	diag "the keyholder did not say $1"
	said=()
	return 1
}
tell() { echo "$*" >&"$to_holder"; }

# ---- the requester ----
# as_user SCRIPT ARG...: as nobody, in a session ring of its own.
as_user() {
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		keyctl session - bash -c "$@" 2>"$u/session"
}
# Ask for $1 into ring $2; once under construction (the serial is in
# ./key), do $3 with it; then tell how the request ended.
requester='
cd "$0" || exit
keyctl request2 "${TYPE:-logon}" "$1" "" "$2" >serial 2>error &
until [ -e key ]; do sleep 0.01; done
key=$(cat key) ring=$2
eval "$3" >attack 2>&1
echo $? >attack-status
touch attacked
wait $!
echo $? >status
eval "$4" >after 2>&1
'
# race NAME RING ATTACK [AFTER]: leaves the keyholder's errno in $result.
race() {
	rm -f "$u"/*
	as_user "$requester" "$u" "kms:$pre-$1" "$2" "$3" "${4:-:}" &
	local user=$!
	hear pending || return
	key=${said[1]}
	echo "$key" >"$u/key.part" && chmod 644 "$u/key.part" &&
		mv "$u/key.part" "$u/key"
	wait_for '[ -e "$u/attacked" ]' 10 || return
	tell deliver "$key" 60
	hear result && result=${said[2]}
	wait "$user"
	status=$(cat "$u/status") serial=$(cat "$u/serial")
	error=$(cat "$u/error")
}
rejected='rejected by service'
EACCES=13 EKEYREVOKED=128 ENOKEY=126

holder_start || bail "the keyholder does not start"

# ---- no attack: what a delivered key is ----
mine='
for i in update timeout setperm chown revoke read; do
	case $i in
	update) keyctl update $key x ;;
	timeout) keyctl timeout $key 0 ;;
	setperm) keyctl setperm $key 0x3f3f3f3f ;;
	chown) keyctl chown $key 65534 ;;
	revoke) keyctl revoke $key ;;
	read) keyctl pipe $key ;;
	esac >/dev/null 2>&1 && echo "may $i"
done
keyctl rdescribe $key
keyctl request2 logon "$1" "" "$ring"'
race plain @s : "$mine"
is a_key_is_delivered "$result" 0
is the_requester_gets_the_serial_that_was_settled "$serial" "$key"
is the_requester_is_known_by_its_uid "${said[*]:0:1} $result" "result 0"
is it_may_nothing_and_a_second_request_finds_the_same "$(cat "$u/after")" \
	"logon;0;0;192d0000;kms:$pre-plain
$key"
like the_key_has_a_time_to_live \
	"$(grep "kms:$pre-plain" /proc/keys)" " ([0-9]+s|1m) 192d0000 "
not_ok root_cannot_read_it_either keyctl pipe "$key"

# ---- into a ring that the session does not reach ----
race unlinked @u 'keyctl show @s | grep -q _uid && echo linked' \
	'keyctl unlink $key @u'
is the_user_ring_is_not_linked_from_the_session "$(cat "$u/attack")" ""
is a_key_is_delivered_into_a_ring_out_of_reach "$result" 0
is its_serial_is_the_one_that_was_settled "$serial" "$key"

# ---- attacks ----
refused() { # name want-errno: the keyholder saw it, the requester was told
	is "$1" "$result" "$2"
	like "${1}_and_the_request_rejected" "$status $error" "^1 .*$rejected"
}
race unlink @s 'keyctl unlink $key @s'
refused a_key_unlinked_meanwhile_is_refused $EACCES
race setperm @s 'keyctl setperm $key 0x1f010000'
refused a_key_without_setattr_is_refused $EACCES
race noperm @s 'keyctl setperm $key 0'
refused a_key_without_any_permission_is_refused $EACCES
race noview @s 'keyctl setperm $key 0x3e000000' 'keyctl rdescribe $key'
is a_key_made_invisible_is_delivered_as_any_other "$result $(cat "$u/after")" \
	"0 logon;0;0;192d0000;kms:$pre-noview"
race unlink-user @u 'keyctl unlink $key @u'
refused a_key_unlinked_out_of_reach_is_refused $EACCES
race clear @s 'keyctl clear @s'
refused a_cleared_ring_is_refused $EACCES
race revoke @s 'keyctl revoke $key'
like a_key_revoked_meanwhile_is_never_usable "$result $status $error" \
	"^[0-9]+ 1 "
race invalidate @s 'keyctl invalidate $key'
like a_key_invalidated_meanwhile_is_never_usable "$result $status $error" \
	"^[0-9]+ 1 "

# The requester cannot make anything last that it sets before the keyholder.
race early @s 'keyctl timeout $key 100000 && keyctl setperm $key 0x3f3f3f3f' \
	'keyctl rdescribe $key'
if [ "$result" = 0 ]; then
	is what_it_set_before_does_not_last "$(cat "$u/after")" \
		"logon;0;0;192d0000;kms:$pre-early"
	like nor_does_the_time_that_it_set "$(grep "kms:$pre-early" /proc/keys)" \
		" ([0-9]+s|1m) 192d0000 "
else
	is what_it_set_before_is_refused "$result" $EACCES
	fail nor_does_the_time_that_it_set "not delivered"
fi

# A key of the same type and description, planted in another of its rings.
race planted @s \
	'keyctl add logon "$1" evil-payload @u; keyctl link @u @s' \
	'keyctl rdescribe $key; keyctl rdescribe $(tail -n1 attack)
	keyctl unlink $(tail -n1 attack) @u'
is beside_a_planted_key_the_right_one_is_settled "$result $serial" "0 $key"
planted=$(tail -n 1 "$u/attack")
like the_planted_key_is_another "$planted" '^[0-9]+$'
not_ok and_has_another_serial [ "$planted" = "$key" ]
is only_the_right_one_became_roots "$(head -n 2 "$u/after")" \
	"logon;0;0;192d0000;kms:$pre-planted
logon;65534;65534;3d010000;kms:$pre-planted"

# ---- descriptions that are no names ----
odd() { # name suffix
	rm -f "$u"/*
	as_user 'keyctl request2 logon "$0" "" @s' "kms:$pre-$2" \
		>"$u/out" 2>"$u/err"
	hear odd && is "$1" "${said[2]}" 22
	grep -q "$rejected" "$u/session" "$u/err" "$u/out" ||
		diag "requester: $(cat "$u/session" "$u/err")"
}
odd a_description_with_a_slash_is_no_name '../../etc/shadow'
odd a_description_with_a_blank_is_no_name 'a -- b'
odd a_description_with_a_colon_is_no_name 'a:b'
odd a_description_with_a_newline_is_no_name $'a\nb'
odd an_overlong_description_is_no_name "$(printf 'x%.0s' {1..200})"

# ---- who dies ----
ask() { # name: in the background; ends in $u/out with its status and time
	rm -f "$u"/*
	as_user 'cd "$1"; s=$EPOCHREALTIME
		keyctl request2 logon "$0" "" @s >out 2>&1
		echo "$? $(((${EPOCHREALTIME/./} - ${s/./}) / 1000000))" >status' \
		"kms:$pre-$1" "$u" &
	asker=$!
}
handler_pid() { pgrep -f -- "--socket $tmp/sock $key\$"; }

ask handler-dies
hear pending
key=${said[1]}
proc=/proc/$(handler_pid)
is the_handler_has_no_capability_and_gains_none \
	"$(grep -E '^(CapPrm|CapEff|NoNewPrivs)' "$proc/status" | tr -d '\t')" \
	"CapPrm:0000000000000000
CapEff:0000000000000000
NoNewPrivs:1"
is the_handlers_arguments_are_its_serial_alone \
	"$(tr '\0' ' ' <"$proc/cmdline" | sed 's/^[^ ]* //')" \
	"--socket $tmp/sock $key "
ok the_handler_is_killed kill -KILL "$(handler_pid)"
wait "$asker"
is a_handler_that_is_killed_ends_the_request_at_once \
	"$(cut -d' ' -f2 "$u/status")" 0
like a_handler_that_is_killed_ends_the_request "$(cat "$u/out")" \
	'Required key not available'
hear gone
tell deliver "$key" 60
hear result
like its_key_can_not_be_delivered_any_more "${said[2]}" \
	"^($ENOKEY|$EKEYREVOKED)$"

ask keyholder-leaves
hear pending
tell leave "${said[1]}"
wait "$asker"
like an_answer_without_a_settled_key_ends_in_a_negative_key \
	"$(cat "$u/out")" 'Required key not available'

ask keyholder-silent
hear pending
wait "$asker"
like a_silent_keyholder_ends_in_a_negative_key "$(cat "$u/out")" \
	'Required key not available'
like within_ten_seconds "$(cut -d' ' -f2 "$u/status")" '^(8|9|10)$'

ask keyholder-dies
hear pending
holder_stop KILL
wait "$asker"
like a_keyholder_that_dies_ends_in_a_negative_key "$(cat "$u/out")" \
	'Required key not available'
is at_once "$(cut -d' ' -f2 "$u/status")" 0

ask keyholder-absent
wait "$asker"
like no_keyholder_is_a_negative_key "$(cat "$u/out")" \
	'Required key not available'
is told_at_once "$(cut -d' ' -f2 "$u/status")" 0

# ---- who may be the keyholder ----
rm -f "$tmp/sock"
chmod 777 "$tmp"
: >"$u.fake"
mkfifo "$tmp/hold" && exec {hold}<>"$tmp/hold" # it ends with its input
setpriv --reuid 65534 --regid 65534 --clear-groups \
	"$tmp/holder" "$tmp/sock" >"$u.fake" <&"$hold" &
fake=$!
wait_for 'grep -q ready "$u.fake"' 5
chmod 666 "$tmp/sock" # the handler's root has no capability to pass a mode
ask fake-keyholder
wait "$asker"
kill "$fake"
like a_keyholder_that_is_not_root_is_a_refusal "$(cat "$u/out")" "$rejected"
is and_is_told_nothing "$(cat "$u.fake")" ready
chmod 755 "$tmp"

# ---- many at once ----
rm -f "$tmp/sock"
holder_start
tell auto 60
rm -f "$u"/*
as_user 'for i in $(seq 60); do
	keyctl request2 logon "$0-$i" "" @s >>"$1/many" 2>&1 &
	done; wait' "kms:$pre-many" "$u"
is sixty_parallel_requests_are_all_settled "$(grep -c '^[0-9]*$' "$u/many")" 60

rings_empty() {
	tell rings && hear rings && [ "${said[*]}" = "rings 0 0" ]
}
ok nothing_is_left_in_the_keyholders_rings wait_for rings_empty 10

# ---- the handler by hand ----
is a_serial_that_is_none_is_a_usage_error \
	"$("$handler" --socket "$tmp/sock" '1;2' 2>/dev/null; echo $?)" 2
is a_key_that_is_not_its_to_settle_is_refused \
	"$("$handler" --socket "$tmp/sock" 1 2>/dev/null; echo $?)" 1

holder_stop
done_testing
