#!/bin/bash
# SPDX-License-Identifier: MIT
# Leases: renewed while the KMS says yes, taken back when it says no, run out
# when it says nothing, and kept over the agent's own death.
# timeout: 200
. tests/ktap.sh
. tests/agent.sh
agent_lab '[lease]' 'denied_confirm = 3s'

gone() { wait_for "! in_kernel $1" "$2"; }
# seconds_until CONDITION MAX: how long it took.
seconds_until() {
	local from=$EPOCHREALTIME
	wait_for "$1" "$2" || return
	echo $(((${EPOCHREALTIME/./} - ${from/./}) / 1000000))
}

# ---- renewal ----
ok a_key_is_made key_create demo --cmk "$CMK" --allow "uid:$ALICE" --lease 6s
ok it_is_held hold $ALICE demo
sleep 8 # there is no event to wait for: it must outlive its first lease
ok a_renewed_key_outlives_its_first_lease in_kernel "$SERIAL"
is it_is_live "$(shown demo state)" live
not_ok renewals_that_change_nothing_are_not_audited \
	grep -q LeaseChanged "$LAB/agent/audit.log"
kms_says() { grep -c "\"eventName\":\"Decrypt\"" "$LAB/kmsd/audit.log"; }

# ---- revocation ----
ok the_cmk_is_disabled cmk DisableKey
took=$(seconds_until "! in_kernel $SERIAL" 10)
like within_three_seconds_the_key_is_gone "$took" '^[0-2]$'
ok it_is_audited audited KeyRevoked "\"keySerial\":$SERIAL" "\"uid\":$ALICE" \
	DisabledException
is it_is_told "$(shown demo state) $(shown demo serials)" "revoked []"
like the_next_request_is_rejected "$(request $ALICE demo)" \
	'rejected by service'
ok that_is_audited audited KeyRefused DisabledException
let_go "$HOLDER"
ok the_cmk_is_enabled cmk EnableKey
ok it_is_delivered_again hold $ALICE demo
is it_is_live_again "$(shown demo state)" live
ok the_cmk_is_to_be_deleted cmk ScheduleKeyDeletion '"PendingWindowInDays":7'
ok that_takes_it_back_too gone "$SERIAL" 3
let_go "$HOLDER"
ok the_deletion_is_cancelled cmk CancelKeyDeletion
ok and_the_cmk_enabled cmk EnableKey

# ---- AccessDenied must hold before it counts ----
kmsd_restart() { # [LINE for kmsd.conf instead of the agent's]
	lab_stop "$LAB_KMSD"
	sed -i "s|^$LAB_FETCHER = .*|$LAB_FETCHER = ${1:-$LAB_AGENT_ARN}|" \
		"$LAB/kmsd.conf"
	: >"$LAB/kmsd.env"
	lab_kmsd_start || bail "kmsd does not start again"
}
ok a_long_key_is_made key_create long --cmk "$CMK" --allow "uid:$ALICE"
ok the_long_key_is_held hold $ALICE long
from=$SECONDS
kmsd_restart "arn:aws:iam::$LAB_ACCOUNT:role/nobody"
wait_for 'audited LeaseChanged AccessDenied >/dev/null' 10
ok denied_at_first_it_stays in_kernel "$SERIAL"
ok denied_for_long_it_goes gone "$SERIAL" 10
ok not_before_it_had_held [ $((SECONDS - from)) -ge 3 ]
ok denial_is_audited audited KeyRevoked AccessDenied "\"keySerial\":$SERIAL"
let_go "$HOLDER"
like and_a_request_is_rejected "$(request $ALICE long)" 'rejected by service'

# ---- silence ----
kmsd_restart
ok the_key_is_held_again hold $ALICE demo
lab_stop "$LAB_KMSD"
from=$EPOCHREALTIME
# It was renewed at most a second (and a tenth) before.
wait_for 'audited LeaseChanged last_error unreachable >/dev/null ||
	[ "$(shown demo state)" = unreachable ]' 5
ok an_outage_takes_nothing_back in_kernel "$SERIAL"
like the_outage_is_told "$(status alerts)" 'KMS does not answer'
ask=$EPOCHREALTIME
like a_new_request_ends "$(request $ALICE long)" 'Required key not available'
ok within_ten_seconds [ $((${EPOCHREALTIME/./} - ${ask/./})) -lt 10000000 ]
ok the_lease_runs_out gone "$SERIAL" 8
lived=$(((${EPOCHREALTIME/./} - ${from/./}) / 100000)) # tenths
ok not_before_its_end [ "$lived" -ge 45 ]
ok nor_much_after_it [ "$lived" -le 75 ]
ok the_end_is_audited audited LeaseEnded "\"keySerial\":$SERIAL"
let_go "$HOLDER"
kmsd_restart
like when_it_answers_again_keys_come "$(request $ALICE demo)" '^[0-9]+$'

# A KMS that takes the connection and says nothing.
kill -STOP "$LAB_KMSD"
ask=$EPOCHREALTIME
like a_silent_kms_ends_a_request "$(request $ALICE long)" \
	'Required key not available'
ok within_ten_seconds_too [ $((${EPOCHREALTIME/./} - ${ask/./})) -lt 10000000 ]
kill -CONT "$LAB_KMSD"

# ---- the agent's own end ----
ok a_key_is_held hold $ALICE long
left() { shown long serials | grep -o "'serial': $SERIAL, 'uid': [-0-9]*"; }
like its_requester_is_known "$(left)" "'uid': $ALICE"
agent_restart KILL
ok killed_it_leaves_the_key in_kernel "$SERIAL"
like the_next_one_finds_it_again "$(left)" "'uid': -1"
ok and_says_so audited KeyFound "\"keySerial\":$SERIAL"
keyctl timeout "$SERIAL" 100 # as if it were old
ok its_lease_goes_on wait_for '[[ $(ttl_of "$SERIAL") =~ ^(1h|59m)$ ]]' 5
agent_restart TERM
ok ended_by_a_signal_it_leaves_the_key_too in_kernel "$SERIAL"
ok the_cmk_is_disabled_again cmk DisableKey
ok a_key_found_again_is_taken_back gone "$SERIAL" 5
let_go "$HOLDER"
ok enabled cmk EnableKey

# A holder may end its own key; the agent notices.
ok held_once_more hold $ALICE long
keyctl invalidate "$SERIAL"
is a_key_that_went_by_itself_is_not_told_of "$(shown long serials)" "[]"
let_go "$HOLDER"

# ---- the same KMS over HTTP, signed ----
# shellcheck disable=SC1091 # kmsd wrote it
addr=$(sed -n 's/^export AWS_ENDPOINT_URL_KMS=//p' "$LAB/kmsd.env" | tr -d "'\"")
like kmsd_listens_on_tcp_too "$addr" '^http://127'
credentials() { # secret
	printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
		"$(sed -n 's/^export AWS_ACCESS_KEY_ID=//p' "$LAB/kmsd.env" |
			tr -d "'\"")" "$1" >"$LAB/credentials"
	chmod 600 "$LAB/credentials"
}
credentials "$(sed -n 's/^export AWS_SECRET_ACCESS_KEY=//p' "$LAB/kmsd.env" |
	tr -d "'\"")"
sed -i "s|^endpoint = .*|endpoint = $addr\ncredentials_file = $LAB/credentials|" \
	"$LAB/kmsagent.conf"
printf '[lease]\nrenew_interval = 2s\n' >>"$LAB/kmsagent.conf"
agent_restart
ok over_http_a_key_is_delivered hold $ALICE long
ok disabled cmk DisableKey
ok over_http_it_is_taken_back gone "$SERIAL" 6
let_go "$HOLDER"
ok enabled_for_the_last_time cmk EnableKey
credentials wrong
like with_a_wrong_secret_no_key "$(request $ALICE long)" \
	'Required key not available'
ok new_credentials_are_taken_at_once_and_it_says_why \
	audited KeyRefused unreachable InvalidSignatureException
done_testing
