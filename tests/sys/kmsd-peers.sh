#!/bin/bash
# SPDX-License-Identifier: MIT
# Who one is on the Unix socket: uid 0 is the account's root, a mapped user
# speaks for its principal and may what that may, everybody else is refused.
# Each of them really connects as that uid.
. tests/ktap.sh
. tests/kmsd.sh
need_root
need_cmd curl setpriv
tmpdir
chmod 755 "$tmp"
at_exit kmsd_stop
agent=61001 alice=61002 stranger=61003
cat >"$tmp/kmsd.conf" <<-CONF
	[peer]
	$agent = arn:aws:iam::111122223333:role/kmsagent
	$alice = arn:aws:iam::111122223333:user/alice
	[service]
	kmsagent = arn:aws:iam::111122223333:role/kmsagent
CONF
kmsd_start --config "$tmp/kmsd.conf" --listen "unix:$tmp/kmsd.sock" \
	--listen 127.0.0.1:0 --region us-east-1,eu-west-1 ||
	bail "kmsd does not start"
as() { # UID OPERATION [BODY [HEADER]]
	setpriv --reuid "$1" --regid "$1" --clear-groups \
		curl -s --max-time 20 --unix-socket "$tmp/kmsd.sock" \
		-H "X-Amz-Target: TrentService.$2" -d "${3:-{\}}" \
		-H "${4:-X-Nothing: x}" http://kmsd/
}

key=$(as 0 CreateKey | field KeyId)
like uid_0_may_create_keys "$key" '^[0-9a-f-]{36}$'
blob=$(as 0 Encrypt "{\"KeyId\":\"$key\",\"Plaintext\":\"c2VjcmV0\"}" |
	field CiphertextBlob)

like the_agent_may_generate_data_keys "$(as $agent GenerateDataKey \
	"{\"KeyId\":\"$key\",\"KeySpec\":\"AES_256\"}")" '"Plaintext":"'
like the_agent_may_decrypt \
	"$(as $agent Decrypt "{\"CiphertextBlob\":\"$blob\"}")" \
	'"Plaintext":"c2VjcmV0"'
like the_agent_may_describe \
	"$(as $agent DescribeKey "{\"KeyId\":\"$key\"}")" "\"KeyId\":\"$key\""
like its_first_use_makes_its_managed_key "$(as $agent GenerateDataKey \
	'{"KeyId":"alias/aws/kmsagent","KeySpec":"AES_256"}')" '"Plaintext":"'
like whose_manager_is_aws "$(as 0 DescribeKey \
	'{"KeyId":"alias/aws/kmsagent"}')" '"KeyManager":"AWS"'
for operation in CreateKey ListKeys ScheduleKeyDeletion DisableKey Encrypt; do
	like "the_agent_may_not_$operation" \
		"$(as $agent $operation "{\"KeyId\":\"$key\",\"Plaintext\":\"AAAA\"}")" \
		'"__type":"AccessDeniedException"'
done

denied=$(as $alice Decrypt "{\"KeyId\":\"$key\",\"CiphertextBlob\":\"$blob\"}")
like alice_may_not_decrypt "$denied" '"__type":"AccessDeniedException"'
like and_is_told_whom_kmsd_took_her_for "$denied" \
	'User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Decrypt'

unmapped=$(as $stranger Decrypt "{\"CiphertextBlob\":\"$blob\"}")
like a_stranger_is_refused "$unmapped" '"__type":"AccessDeniedException"'
like and_told_what_would_help "$unmapped" "uid $stranger is not mapped"
unmapped=$(as $stranger ListKeys '{}' "Authorization: AWS4-HMAC-SHA256 \
Credential=$AWS_ACCESS_KEY_ID/20260101/us-east-1/kms/aws4_request, \
SignedHeaders=host, Signature=$(printf '%064d' 0)")
like an_authorization_header_changes_nothing "$unmapped" \
	"uid $stranger is not mapped"

like the_region_is_the_first "$(as 0 ListKeys)" "us-east-1"
is unless_another_is_named \
	"$(as 0 ListKeys '{}' 'X-Kmsd-Region: eu-west-1' | field KeyArn)" ""
like a_region_not_served_is_refused \
	"$(as 0 ListKeys '{}' 'X-Kmsd-Region: mars-1')" \
	'"__type":"ValidationException"'

trail=$tmp/state/audit.jsonl
ok the_trail_names_the_agent grep -q \
	"\"arn\":\"arn:aws:iam::111122223333:role/kmsagent\".*\"sourceIPAddress\":\"unix:$agent\"" \
	"$trail"
ok the_trail_has_denied_calls grep -q \
	'user/alice".*"errorCode":"AccessDeniedException"' "$trail"
ok the_trail_has_strangers grep -q \
	"\"type\":\"Unknown\".*\"sourceIPAddress\":\"unix:$stranger\"" "$trail"
kmsd_stop

printf '[peer]\n0 = arn:aws:iam::111122223333:user/alice\n' >"$tmp/bad.conf"
not_ok uid_0_cannot_be_mapped_to_another "$KMSD" --dev \
	--config "$tmp/bad.conf" --state "$tmp/state" --listen 127.0.0.1:0
done_testing
