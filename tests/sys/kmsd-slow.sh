#!/bin/bash
# SPDX-License-Identifier: MIT
# While RSA pairs are made, which takes seconds, kmsd answers everybody else:
# those who use keys, and those who change them.
# timeout: 300
. tests/ktap.sh
. tests/kmsd.sh
need_cmd curl
tmpdir
at_exit kmsd_stop
kmsd_start --listen "unix:$tmp/kmsd.sock" --listen 127.0.0.1:0 ||
	bail "kmsd does not start"
key=$(peer CreateKey | field KeyId)
pids=()

pair() { # SECONDS: the client's patience
	curl -s --max-time "$1" --unix-socket "$tmp/kmsd.sock" \
		-H "X-Amz-Target: TrentService.GenerateDataKeyPair" \
		-d "{\"KeyId\":\"$key\",\"KeyPairSpec\":\"RSA_4096\"}" http://kmsd/
}
pairs() { # N: so many at once
	local i
	pids=()
	for ((i = 0; i < $1; i++)); do
		pair 120 >"$tmp/pair.$i" &
		pids+=($!)
	done
}
working() { # some of them are not answered yet
	local pid
	for pid in "${pids[@]}"; do
		! kill -0 "$pid" 2>/dev/null || return 0
	done
	return 1
}
answered() { [ -n "$(peer "$@" | tee "$tmp/answer" | field "${FIELD:-KeyId}")" ]; }

pairs 5
ok keys_are_used_meanwhile answered Encrypt \
	"{\"KeyId\":\"$key\",\"Plaintext\":\"AAAA\"}"
ok by_signature_too test -n "$(signed GenerateDataKey \
	"{\"KeyId\":\"$key\",\"KeySpec\":\"AES_256\"}" | field Plaintext)"
ok and_described answered DescribeKey "{\"KeyId\":\"$key\"}"
ok keys_are_changed_meanwhile test -z "$(peer CreateAlias \
	"{\"AliasName\":\"alias/slow\",\"TargetKeyId\":\"$key\"}")"
FIELD=TargetKeyId ok and_the_change_is_seen answered ListAliases \
	"{\"KeyId\":\"$key\"}"
ok while_pairs_are_still_being_made working
wait "${pids[@]}"
n=$(cat "$tmp"/pair.* | grep -o '"PrivateKeyPlaintext":"' | wc -l)
is and_every_pair_arrives "$n" 5

pairs 3
pair 0.2
is a_client_gives_up $? 28 # CURLE_OPERATION_TIMEDOUT
wait "${pids[@]}"
ok and_harms_nobody answered DescribeKey "{\"KeyId\":\"$key\"}"

# A key that goes while its data key pair is made seals nothing.
pairs 4
ok a_key_is_disabled_meanwhile test -z "$(peer DisableKey \
	"{\"KeyId\":\"$key\"}")"
wait "${pids[@]}"
like and_the_last_pair_is_refused "$(cat "$tmp"/pair.[0-3])" DisabledException

rm -f "$tmp"/pair.*
peer EnableKey "{\"KeyId\":\"$key\"}"
pairs 4
wait_for "[ -n \"\$(cat $tmp/pair.* 2>/dev/null)\" ]" 60
ok one_pair_of_several_is_made working
ok it_stops_in_the_midst_of_it kmsd_stop
wait "${pids[@]}" 2>/dev/null
ok and_starts_again kmsd_start --listen "unix:$tmp/kmsd.sock" --listen 127.0.0.1:0
done_testing
