#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's AWS CLI (v2) walks kmsd's operations: what AWS's own client sends
# must be understood, and what we answer must be what it expects.  Requests
# that no honest client makes are signed by tests/sigv4.py.
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
. tests/awscli.sh
need_cmd python3 curl
kmsd_start --region us-east-1,eu-west-1 || bail "kmsd does not start"

# --- keys
key=$(kms create-key --description "walk" --query KeyMetadata.KeyId)
like create_key_gives_an_id "$key" '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
arn=$(kms describe-key --key-id "$key" --query KeyMetadata.Arn)
is describe_key_gives_the_arn "$arn" \
	"arn:aws:kms:us-east-1:$KMS_ACCOUNT_ID:key/$key"
is describe_key_gives_the_metadata "$(kms describe-key --key-id "$arn" --query \
	'KeyMetadata.[Description,Enabled,KeyState,KeySpec,KeyUsage,KeyManager,Origin]')" \
	"walk	True	Enabled	SYMMETRIC_DEFAULT	ENCRYPT_DECRYPT	CUSTOMER	AWS_KMS"
other=$(kms create-key --query KeyMetadata.KeyId)
is list_keys_has_both "$(kms list-keys --query 'Keys[].KeyId' | tr '\t' '\n' |
	sort)" "$(printf '%s\n' "$key" "$other" | sort)"
is list_keys_pages "$(kms list-keys --page-size 1 --query 'Keys[].KeyId' |
	tr '\t' '\n' | wc -l)" 2
refuses describe_unknown_key NotFoundException \
	"Key 'arn:aws:kms:us-east-1:$KMS_ACCOUNT_ID:key/00000000-0000-4000-8000-000000000000' does not exist" \
	describe-key --key-id 00000000-0000-4000-8000-000000000000
refuses describe_nonsense NotFoundException "Invalid keyId 'fake-key-id'" \
	describe-key --key-id fake-key-id
refuses create_key_of_unknown_spec ValidationException \
	"Member must satisfy enum value set" create-key --key-spec NONSENSE
is the_other_region_has_no_keys \
	"$(kms --region eu-west-1 list-keys --query 'length(Keys)')" 0

# --- aliases
ok create_alias kms create-alias --alias-name alias/walk --target-key-id "$key"
is an_alias_leads_to_its_key \
	"$(kms describe-key --key-id alias/walk --query KeyMetadata.KeyId)" "$key"
refuses create_alias_twice AlreadyExistsException "alias/walk" \
	create-alias --alias-name alias/walk --target-key-id "$other"
refuses create_alias_without_prefix ValidationException "" \
	create-alias --alias-name walk --target-key-id "$key"
ok update_alias kms update-alias --alias-name alias/walk --target-key-id "$other"
is an_updated_alias_leads_elsewhere \
	"$(kms describe-key --key-id alias/walk --query KeyMetadata.KeyId)" \
	"$other"
is list_aliases_has_it "$(kms list-aliases --key-id "$other" \
	--query 'Aliases[].AliasName')" alias/walk
ok delete_alias kms delete-alias --alias-name alias/walk
refuses a_deleted_alias_is_gone NotFoundException \
	"Alias arn:aws:kms:us-east-1:$KMS_ACCOUNT_ID:alias/walk is not found." \
	describe-key --key-id alias/walk

# --- cryptography
unblob() { base64 -d >"$1"; }
printf 'the quick brown fox' >"$tmp/plain"
head -c 4096 /dev/urandom >"$tmp/4096"
head -c 4097 /dev/urandom >"$tmp/4097"
kms encrypt --key-id "$key" --plaintext "fileb://$tmp/plain" \
	--encryption-context team=blue,app=ä --query CiphertextBlob |
	unblob "$tmp/blob"
decrypted() { # FILE CONTEXT ARG...: the plaintext is FILE's
	local file=$1 context=$2
	shift 2
	kms decrypt --ciphertext-blob "fileb://$tmp/blob" \
		${context:+--encryption-context "$context"} \
		--query Plaintext "$@" | unblob "$tmp/back" &&
		cmp "$tmp/back" "$file"
}
ok decrypt_gives_the_plaintext decrypted "$tmp/plain" team=blue,app=ä
ok decrypt_takes_the_key_by_arn decrypted "$tmp/plain" app=ä,team=blue \
	--key-id "$arn"
refuses decrypt_refuses_another_context InvalidCiphertextException "" \
	decrypt --ciphertext-blob "fileb://$tmp/blob" \
	--encryption-context team=red,app=ä
refuses decrypt_refuses_no_context InvalidCiphertextException "" \
	decrypt --ciphertext-blob "fileb://$tmp/blob"
refuses decrypt_refuses_another_key IncorrectKeyException "" \
	decrypt --ciphertext-blob "fileb://$tmp/blob" --key-id "$other" \
	--encryption-context team=blue,app=ä
cp "$tmp/blob" "$tmp/flipped"
printf '\377' | dd of="$tmp/flipped" bs=1 seek=100 conv=notrunc status=none
cmp -s "$tmp/blob" "$tmp/flipped" &&
	printf '\0' | dd of="$tmp/flipped" bs=1 seek=100 conv=notrunc status=none
refuses decrypt_refuses_a_changed_byte InvalidCiphertextException "" \
	decrypt --ciphertext-blob "fileb://$tmp/flipped" \
	--encryption-context team=blue,app=ä
kms encrypt --key-id "$key" --plaintext "fileb://$tmp/4096" \
	--query CiphertextBlob | unblob "$tmp/blob"
ok encrypt_takes_4096_bytes decrypted "$tmp/4096" ""
refuses encrypt_refuses_4097_bytes ValidationException \
	"Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096" \
	encrypt --key-id "$key" --plaintext "fileb://$tmp/4097"
kms re-encrypt --ciphertext-blob "fileb://$tmp/blob" \
	--destination-key-id "$other" --destination-encryption-context a=b \
	--query CiphertextBlob | unblob "$tmp/again"
mv "$tmp/again" "$tmp/blob"
ok reencrypt_moves_to_another_key decrypted "$tmp/4096" a=b --key-id "$other"

kms generate-data-key --key-id "$key" --key-spec AES_256 \
	--encryption-context a=b --query '[Plaintext,CiphertextBlob]' |
	{ read -r p c && unblob "$tmp/data-key" <<<"$p" && unblob "$tmp/blob" <<<"$c"; }
is generate_data_key_gives_32_bytes "$(stat -c %s "$tmp/data-key")" 32
ok its_blob_decrypts_to_the_same decrypted "$tmp/data-key" a=b
is generate_data_key_of_17_bytes "$(kms generate-data-key --key-id "$key" \
	--number-of-bytes 17 --query Plaintext | base64 -d | wc -c)" 17
is data_key_without_plaintext_has_none \
	"$(kms generate-data-key-without-plaintext --key-id "$key" \
		--key-spec AES_128 --query Plaintext)" None
refuses generate_data_key_wants_a_length ValidationException "" \
	generate-data-key --key-id "$key"
is generate_random_gives_24_bytes "$(kms generate-random --number-of-bytes 24 \
	--query Plaintext | base64 -d | wc -c)" 24
refuses generate_random_refuses_1025_bytes ValidationException \
	"Member must have value less than or equal to 1024" \
	generate-random --number-of-bytes 1025

# Debian's CLI does not know DryRun yet.
like a_dry_run_does_nothing "$(signed Encrypt \
	"{\"KeyId\":\"$key\",\"Plaintext\":\"AAAA\",\"DryRun\":true}")" \
	'^412.*DryRunOperationException'

# --- states
ok disable_key kms disable-key --key-id "$key"
refuses a_disabled_key_does_not_encrypt DisabledException "$arn is disabled." \
	encrypt --key-id "$key" --plaintext "fileb://$tmp/plain"
refuses a_disabled_key_does_not_decrypt DisabledException "$arn is disabled." \
	decrypt --ciphertext-blob "fileb://$tmp/blob" --encryption-context a=b
ok enable_key kms enable-key --key-id "$key"
ok an_enabled_key_decrypts_again decrypted "$tmp/data-key" a=b
is schedule_key_deletion "$(kms schedule-key-deletion --key-id "$key" \
	--pending-window-in-days 7 --query '[KeyId,KeyState]')" \
	"$arn	PendingDeletion"
refuses a_pending_key_does_not_decrypt KMSInvalidStateException \
	"$arn is pending deletion." \
	decrypt --ciphertext-blob "fileb://$tmp/blob" --encryption-context a=b
refuses a_pending_key_is_not_enabled KMSInvalidStateException \
	"$arn is pending deletion." enable-key --key-id "$key"
refuses a_window_of_6_days_is_refused ValidationException "" \
	schedule-key-deletion --key-id "$other" --pending-window-in-days 6
is cancel_key_deletion \
	"$(kms cancel-key-deletion --key-id "$key" --query KeyId)" "$arn"
is a_rescued_key_is_disabled \
	"$(kms describe-key --key-id "$key" --query KeyMetadata.KeyState)" Disabled
refuses cancel_twice KMSInvalidStateException "$arn is not pending deletion." \
	cancel-key-deletion --key-id "$key"
ok enable_rescued_key kms enable-key --key-id "$key"

# --- who asks
wrong_secret() {
	AWS_SECRET_ACCESS_KEY=wrong refused InvalidSignatureException \
		"The request signature we calculated does not match the signature you provided." \
		list-keys
}
unknown_key() {
	AWS_ACCESS_KEY_ID=AKIAAAAAAAAAAAAAAAAA refused \
		UnrecognizedClientException \
		"The security token included in the request is invalid." list-keys
}
session_token() {
	AWS_SESSION_TOKEN=made-up refused UnrecognizedClientException "" list-keys
}
ok a_wrong_secret_is_refused wrong_secret
ok an_unknown_access_key_is_refused unknown_key
ok a_made_up_session_token_is_refused session_token
refuses a_region_not_served_is_refused InvalidSignatureException \
	"Credential should be scoped to a valid region." \
	--region ap-south-1 list-keys

answers() { # NAME REGEX ARG...: of tests/sigv4.py
	local name=$1 regex=$2
	shift 2
	like "$name" "$(signed "$@")" "$regex"
}
answers an_honest_request_is_taken '^200.*date: .*x-amzn-requestid: .*"Keys"' \
	ListKeys
answers a_clock_4_minutes_slow_is_taken ^200 ListKeys --skew -240
answers a_clock_6_minutes_slow_is_refused \
	'^400.*x-amzn-errortype: InvalidSignatureException.*Signature expired: .* is now earlier than .* - 5 min' \
	ListKeys --skew -360
answers a_clock_6_minutes_fast_is_refused \
	'^400.*Signature not yet current: .* is still later than .* \+ 5 min' \
	ListKeys --skew 360
answers a_body_changed_after_signing_is_refused \
	'^400.*InvalidSignatureException' ListKeys '{}' --send '{"Limit":1}'
for header in host x-amz-date x-amz-target; do
	answers "an_unsigned_${header//-/_}_is_refused" \
		'^400.*InvalidSignatureException' ListKeys --unsign "$header"
done
answers an_unsigned_content_type_is_taken ^200 ListKeys --unsign content-type
answers a_second_target_is_refused '^400.*IncompleteSignatureException' \
	ListKeys --header x-amz-target:TrentService.CreateKey
answers another_service_is_refused \
	"^400.*Credential should be scoped to correct service: 'kms'" \
	ListKeys --service s3
answers a_scope_of_another_day_is_refused '^400.*InvalidSignatureException' \
	ListKeys --date 20200101
answers half_an_authorization_is_refused \
	"^400.*IncompleteSignatureException.*requires 'Credential' parameter" \
	ListKeys --authorization AWS4-HMAC-SHA256
answers no_authorization_is_refused \
	'^400.*MissingAuthenticationTokenException.*Missing Authentication Token' \
	ListKeys --drop authorization
answers an_unknown_operation_is_refused '^400.*UnknownOperationException' \
	NoSuchThing
answers a_body_that_is_no_json_is_refused '^400.*SerializationException' \
	ListKeys '{"Limit":'

# --- a restart
blob=$(base64 -w0 "$tmp/blob")
id=$AWS_ACCESS_KEY_ID secret=$AWS_SECRET_ACCESS_KEY
ok it_stops_when_asked kmsd_stop
ok it_starts_again kmsd_start --region us-east-1,eu-west-1
is the_same_folder_gives_the_same_credentials \
	"$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY" "$id $secret"
ok and_the_same_keys decrypted "$tmp/data-key" a=b

# --- what was recorded
calls=$(wc -l <"$tmp/state/audit.jsonl")
is every_line_of_the_trail_is_json_of_its_own \
	"$(python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)["eventID"]
print("yes")' <"$tmp/state/audit.jsonl")" yes
ok one_call_makes_one_record test "$(kms list-keys >"$tmp/keys"
	wc -l <"$tmp/state/audit.jsonl")" = $((calls + 1))
for event in CreateKey Encrypt Decrypt ReEncrypt GenerateDataKey DisableKey; do
	ok "the_trail_has_${event}" grep -q "\"eventName\":\"$event\"" \
		"$tmp/state/audit.jsonl"
done
ok refused_signatures_are_recorded grep -q \
	'"type":"Unknown".*"errorCode":"InvalidSignatureException"' \
	"$tmp/state/audit.jsonl"
ok contexts_are_recorded grep -q '"encryptionContext":{"a":"b"}' \
	"$tmp/state/audit.jsonl"
n=0
for secret in "$(base64 -w0 "$tmp/plain")" "$(base64 -w0 "$tmp/data-key")" \
	"$blob"; do
	not_ok "no_plaintext_nor_ciphertext_in_the_trail_$((++n))" \
		grep -qF "$secret" "$tmp/state/audit.jsonl"
done
done_testing
