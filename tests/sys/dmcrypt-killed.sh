#!/bin/bash
# SPDX-License-Identifier: MIT
# The device child, or the keyholder over it, is killed at random moments of
# opening, resizing and closing: mappings, nodes, rings and entries agree
# afterwards, and nothing is left.  DMCRYPT_KILLS is how many times (30).
# timeout: 280
. tests/ktap.sh
guest_rerun -- has_dm
. tests/dmcrypt.sh
loop=
need_cmd dmsetup losetup ipcs
kills=${DMCRYPT_KILLS:-30}
agent_lab
[ -x "$B/tools/catch-child" ] || skip_all "needs tools/catch-child built"
loop_device loop "$LAB/disk" 16M
volume_create vol1
# What one opening takes; its child lives for about half of that.
start=${EPOCHREALTIME/[.,]/}
ok it_opens vopen vol1 "$loop"
span=$(((${EPOCHREALTIME/[.,]/} - start) / 2))
ok it_closes vclose vol1

# The check itself; and what a keyholder leaves that is killed too early or
# too late: without a table it is taken over, with one that waits it goes.
dmsetup create vol1 --notable -u CRYPT-PLAIN-kms:vol1
not_ok a_half_made_mapping_is_seen consistent vol1 vol1
ok it_is_no_hindrance vopen vol1 "$loop"
ok then_all_is_well consistent vol1 vol1
vclose vol1
dmsetup create vol1 --notable -u CRYPT-PLAIN-kms:vol1
dmsetup load vol1 --table "0 8 zero"
agent_restart
ok one_with_a_waiting_table_goes_at_the_start wait_for \
	'consistent vol1 vol1 >/dev/null 2>&1' 5

kill_rounds "$kills" "$span" "$loop"
diag "$kills rounds within $span us: $killed children killed," \
	"$failed of them with work undone"
is all_is_consistent_each_time "$bad" 0
ok some_were_killed test "$killed" -ge "$((kills / 4))"
ok and_some_of_these_over_their_work test "$failed" -ge 1
ok it_still_opens eval '[ "$(shown_or vol1 mapping)" != None ] ||
	vopen vol1 "$loop"'
ok and_closes vclose vol1
ok nothing_is_left consistent vol1 vol1
is no_ring_either "$(loan_rings)" 0

# The keyholder: its child goes with it; the next one goes on.
bad=0
for ((i = 0; i < (kills + 4) / 5; i++)); do
	[ "$(shown_or vol1 mapping)" = None ] || vclose vol1
	"$LAB/kmsctl" dmcrypt open vol1 "$loop" >/dev/null 2>&1 &
	opener=$!
	sleep "$(printf '0.%06d' $((RANDOM * span / 32768)))"
	agent_restart KILL
	wait "$opener"
	wait_for '[ "$(shown_or vol1 mapping)" != None ] ||
		vopen vol1 "$loop" 2>"$LAB/why"' 5
	! consistent vol1 vol1 >>"$LAB/why" 2>&1 || continue
	bad=$((bad + 1))
	diag "$(cat "$LAB/why")"
done
is all_is_consistent_after_the_keyholder_too "$bad" 0
[ "$(shown_or vol1 mapping)" = None ] || vclose vol1
is no_ring_is_left_by_it "$(loan_rings)" 0
done_testing
