#!/bin/bash
# SPDX-License-Identifier: MIT
# What kmsd acknowledged is on the disk: the store's sync has returned before
# the answer leaves (strace sees both), and a kmsd that is killed while it
# changes keys loses nothing it acknowledged.
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
need_cmd python3 strace curl
tmpdir
at_exit kmsd_stop KILL
printf '[kmsd]\nthreads = 1\n' >"$tmp/one.conf"
start() {
	kmsd_start --config "$tmp/one.conf" --listen "unix:$tmp/kmsd.sock" \
		--listen 127.0.0.1:0 --region us-east-1,eu-west-1
}

# --- order of system calls
KMSD_WRAP="strace -f -y -s 32 -o $tmp/trace"
KMSD_WRAP+=" -e trace=recvfrom,fdatasync,fsync,write,sendto,sendmsg"
start || bail "kmsd does not start under strace"
KMSD_WRAP=
key=$(peer CreateKey | field KeyId)
like under_strace_it_answers "$key" '^[0-9a-f-]{36}$'
peer CreateAlias "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"$key\"}"
other=$(peer CreateKey | field KeyId)
peer UpdateAlias "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"$other\"}"
peer DeleteAlias '{"AliasName":"alias/a"}'
peer TagResource "{\"KeyId\":\"$key\",\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"b\"}]}"
peer UntagResource "{\"KeyId\":\"$key\",\"TagKeys\":[\"a\"]}"
peer UpdateKeyDescription "{\"KeyId\":\"$key\",\"Description\":\"d\"}"
peer PutKeyPolicy "{\"KeyId\":\"$key\",\"Policy\":\"{\\\"Statement\\\":{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"kms:*\\\",\\\"Resource\\\":\\\"*\\\"}}\"}"
for end in RevokeGrant RetireGrant; do
	grant=$(peer CreateGrant "{\"KeyId\":\"$key\",\"Operations\":[\"Encrypt\"],\"GranteePrincipal\":\"arn:aws:iam::$KMS_ACCOUNT_ID:user/x\"}" |
		field GrantId)
	peer "$end" "{\"KeyId\":\"$key\",\"GrantId\":\"$grant\"}"
done
related=$(peer CreateKey '{"MultiRegion":true}' | field KeyId)
peer ReplicateKey "{\"KeyId\":\"$related\",\"ReplicaRegion\":\"eu-west-1\"}" \
	>"$tmp/last"
peer UpdatePrimaryRegion "{\"KeyId\":\"$related\",\"PrimaryRegion\":\"eu-west-1\"}"
for operation in DisableKey EnableKey ScheduleKeyDeletion CancelKeyDeletion \
	EnableKey DescribeKey; do
	peer "$operation" "{\"KeyId\":\"$key\"}" >"$tmp/last"
done
blob=$(peer Encrypt "{\"KeyId\":\"$key\",\"Plaintext\":\"AAAA\"}" |
	field CiphertextBlob)
peer Decrypt "{\"CiphertextBlob\":\"$blob\"}" >"$tmp/last"
kmsd_stop

# One line a request: was the store synced, was the call recorded, between
# its arrival and its answer?  A call that is interrupted by another thread's
# shows as "unfinished" and counts when it is "resumed".
awk '
/recvfrom\(.*"POST / { open = 1; synced = recorded = 0 }
/fdatasync\(.*kms\.sqlite-wal>\) += 0/ { synced = 1 }
/fdatasync\(.*kms\.sqlite-wal> <unf/ { waiting = $1 }
/fdatasync resumed>\) += 0/ && $1 == waiting { synced = 1 }
/write\(.*audit\.jsonl>/ { recorded = 1 }
/send(msg|to)\(.*"HTTP\/1.1 / && open { print synced, recorded; open = 0 }
' "$tmp/trace" >"$tmp/order"
i=0
for operation in CreateKey CreateAlias CreateKey UpdateAlias DeleteAlias \
	TagResource UntagResource UpdateKeyDescription PutKeyPolicy \
	CreateGrant RevokeGrant CreateGrant RetireGrant \
	CreateKey ReplicateKey UpdatePrimaryRegion \
	DisableKey EnableKey ScheduleKeyDeletion CancelKeyDeletion EnableKey; do
	is "${operation}_$((++i))_is_synced_and_recorded_before_its_answer" \
		"$(sed -n "${i}p" "$tmp/order")" "1 1"
done
for operation in DescribeKey Encrypt Decrypt; do
	is "${operation}_is_recorded_and_needs_no_sync" \
		"$(sed -n "$((++i))p" "$tmp/order")" "0 1"
done

# --- killed while it works
rounds=12
acknowledged=0
: >"$tmp/journal"
for ((round = 1; round <= rounds; round++)); do
	start || bail "kmsd does not start in round $round"
	[ "$round" = 1 ] || ok "nothing_acknowledged_was_lost_by_kill_$((round - 1))" \
		python3 tests/mutate.py check "$tmp/kmsd.sock" "$tmp/journal"
	python3 tests/mutate.py run "$tmp/kmsd.sock" "$tmp/journal" \
		>"$tmp/acks" &
	runner=$!
	before=$(wc -l <"$tmp/journal")
	wait_for "[ \$(wc -l <$tmp/journal) -gt $((before + 40 + RANDOM % 60)) ]" 20
	kmsd_stop KILL
	wait "$runner" || fail "the_client_of_round_$round"
	acknowledged=$((acknowledged + $(<"$tmp/acks")))
done
start || bail "kmsd does not start at the end"
ok "nothing_acknowledged_was_lost_by_kill_$rounds" \
	python3 tests/mutate.py check "$tmp/kmsd.sock" "$tmp/journal"
diag "$acknowledged changes acknowledged in $rounds rounds"
ok many_changes_were_acknowledged test "$acknowledged" -gt $((rounds * 20))

# --- the check itself can fail
printf 'ack key 00000000-0000-4000-8000-000000000000 Enabled\n' >"$tmp/false"
not_ok a_thing_that_is_not_there_is_noticed \
	python3 tests/mutate.py check "$tmp/kmsd.sock" "$tmp/false"

# --- a trail that cannot be written
kmsd_stop
mkdir "$tmp/full"
printf '[kmsd]\nthreads = 1\n[audit]\npath = /dev/full\n' >"$tmp/one.conf"
start || bail "kmsd does not start with a full trail"
like what_cannot_be_recorded_is_not_answered "$(peer GenerateRandom \
	'{"NumberOfBytes":32}')" '"__type":"KMSInternalException"'
ok and_the_log_says_why grep -q 'audit trail /dev/full cannot be written' \
	"$tmp/kmsd.err"
done_testing
