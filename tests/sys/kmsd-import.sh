#!/bin/bash
# SPDX-License-Identifier: MIT
# The openssl program wraps key material and kmsd takes it; what it signs,
# agrees and seals then is what openssl knows of that material.  Material
# expires across restarts, and a kmsd that is killed while it rotates loses
# neither a key nor a rotation.
# timeout: 300
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
need_cmd curl openssl
tmpdir
at_exit kmsd_stop KILL
start() {
	kmsd_start --listen "unix:$tmp/kmsd.sock" --listen 127.0.0.1:0
}
start || bail "kmsd does not start"

create() { # SPEC USAGE: a key that waits for its material
	peer CreateKey "{\"Origin\":\"EXTERNAL\",\"KeySpec\":\"$1\",
		\"KeyUsage\":\"$2\"}" | field KeyId
}
state() { peer DescribeKey "{\"KeyId\":\"$1\"}" | field KeyState; }
# parameters KEY ALGORITHM SPEC: $tmp/token and $tmp/public.pem.
parameters() {
	peer GetParametersForImport "{\"KeyId\":\"$1\",
		\"WrappingAlgorithm\":\"$2\",\"WrappingKeySpec\":\"$3\"}" \
		>"$tmp/parameters"
	field ImportToken <"$tmp/parameters" >"$tmp/token"
	field PublicKey <"$tmp/parameters" | base64 -d |
		openssl pkey -pubin -inform DER -out "$tmp/public.pem"
}
oaep() { # FILE DIGEST
	openssl pkeyutl -encrypt -pubin -inkey "$tmp/public.pem" -in "$1" \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt "rsa_oaep_md:$2" \
		-pkeyopt "rsa_mgf1_md:$2"
}
# wrap FILE ALGORITHM: its wrapped form, on stdout.
wrap() {
	local digest=sha1
	[[ $2 != *_256 ]] || digest=sha256
	case $2 in
	RSAES_*)
		oaep "$1" "$digest"
		;;
	*)
		openssl rand -out "$tmp/aes" 32
		oaep "$tmp/aes" "$digest"
		openssl enc -id-aes256-wrap-pad -iv A65959A6 -in "$1" \
			-K "$(od -An -tx1 -v "$tmp/aes" | tr -d ' \n')"
		;;
	esac
}
# import KEY FILE ALGORITHM SPEC [MEMBERS]: the answer.
import() {
	parameters "$1" "$3" "$4"
	peer ImportKeyMaterial "{\"KeyId\":\"$1\",
		\"ImportToken\":\"$(<"$tmp/token")\",
		\"EncryptedKeyMaterial\":\"$(wrap "$2" "$3" | base64 -w0)\",
		${5-\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\"}}"
}
encrypt() {
	peer Encrypt "{\"KeyId\":\"$1\",\"Plaintext\":\"aGVsbG8=\"}" |
		field CiphertextBlob
}
opens() { # BLOB
	[ "$(peer Decrypt "{\"CiphertextBlob\":\"$1\"}" |
		field Plaintext)" = aGVsbG8= ]
}

# --- symmetric material, wrapped in every way
openssl rand -out "$tmp/material" 32
for pair in RSAES_OAEP_SHA_1:RSA_2048 RSAES_OAEP_SHA_256:RSA_3072 \
	RSA_AES_KEY_WRAP_SHA_1:RSA_4096 RSA_AES_KEY_WRAP_SHA_256:RSA_2048; do
	algorithm=${pair%:*} spec=${pair#*:}
	key=$(create SYMMETRIC_DEFAULT ENCRYPT_DECRYPT)
	is "a_key_for_${algorithm}_waits" "$(state "$key")" PendingImport
	like "${algorithm}_under_${spec}_is_taken" \
		"$(import "$key" "$tmp/material" "$algorithm" "$spec")" \
		'"KeyMaterialId":"[0-9a-f]{64}"'
	is "and_enables_the_key" "$(state "$key")" Enabled
	ok "which_works" opens "$(encrypt "$key")"
done
like a_wrong_digest_is_refused "$(
	parameters "$key" RSAES_OAEP_SHA_256 RSA_2048
	peer ImportKeyMaterial "{\"KeyId\":\"$key\",
		\"ImportToken\":\"$(<"$tmp/token")\",\"EncryptedKeyMaterial\":
		\"$(wrap "$tmp/material" RSAES_OAEP_SHA_1 | base64 -w0)\",
		\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\"}"
)" InvalidCiphertextException

# --- the same material again, and other material under its name
blob=$(encrypt "$key")
peer DeleteImportedKeyMaterial "{\"KeyId\":\"$key\"}" >"$tmp/last"
is deleted_material_is_waited_for "$(state "$key")" PendingImport
openssl rand -out "$tmp/other" 32
like other_material_is_refused "$(import "$key" "$tmp/other" \
	RSAES_OAEP_SHA_256 RSA_2048)" IncorrectKeyMaterialException
like the_same_is_taken "$(import "$key" "$tmp/material" RSAES_OAEP_SHA_256 \
	RSA_2048)" KeyMaterialId
ok and_opens_what_it_sealed opens "$blob"
twin=$(create SYMMETRIC_DEFAULT ENCRYPT_DECRYPT)
import "$twin" "$tmp/material" RSAES_OAEP_SHA_256 RSA_2048 >"$tmp/last"
# A blob begins: 3 bytes, then the key's id as text.
relabelled=$({
	base64 -d <<<"$blob" | head -c 3
	printf %s "$twin"
	base64 -d <<<"$blob" | tail -c +40
} | base64 -w0)
like a_blob_relabelled_to_a_twin_is_refused \
	"$(peer Decrypt "{\"CiphertextBlob\":\"$relabelled\"}")" \
	InvalidCiphertextException

# --- other kinds: openssl has the key, kmsd uses it
printf 'a message' >"$tmp/message"
message=$(base64 -w0 <"$tmp/message")
hmac=$(create HMAC_256 GENERATE_VERIFY_MAC)
import "$hmac" "$tmp/material" RSAES_OAEP_SHA_256 RSA_2048 >"$tmp/last"
is a_mac_is_that_of_openssl "$(peer GenerateMac "{\"KeyId\":\"$hmac\",
	\"Message\":\"$message\",\"MacAlgorithm\":\"HMAC_SHA_256\"}" |
	field Mac)" "$(openssl dgst -sha256 -mac HMAC -binary -macopt \
	"hexkey:$(od -An -tx1 -v "$tmp/material" | tr -d ' \n')" \
	"$tmp/message" | base64 -w0)"
# signs NAME SPEC ALGORITHM OPENSSL-OPTION...
signs() {
	local name=$1 spec=$2 algorithm=$3 key
	shift 3
	openssl genpkey "$@" -out "$tmp/own.pem" 2>"$tmp/last"
	openssl pkcs8 -topk8 -nocrypt -in "$tmp/own.pem" -outform DER \
		-out "$tmp/own.der"
	openssl pkey -in "$tmp/own.pem" -pubout -out "$tmp/own.pub"
	key=$(create "$spec" SIGN_VERIFY)
	import "$key" "$tmp/own.der" RSA_AES_KEY_WRAP_SHA_256 RSA_2048 \
		>"$tmp/last"
	is "${name}_is_imported" "$(state "$key")" Enabled
	is "its_public_key_is_the_same" "$(peer GetPublicKey \
		"{\"KeyId\":\"$key\"}" | field PublicKey)" \
		"$(openssl pkey -in "$tmp/own.pem" -pubout -outform DER |
			base64 -w0)"
	peer Sign "{\"KeyId\":\"$key\",\"Message\":\"$message\",
		\"SigningAlgorithm\":\"$algorithm\"}" | field Signature |
		base64 -d >"$tmp/signature"
	ok "openssl_verifies_what_it_signs" openssl dgst -sha256 \
		-verify "$tmp/own.pub" -signature "$tmp/signature" \
		"$tmp/message"
}
signs RSA RSA_2048 RSASSA_PKCS1_V1_5_SHA_256 -algorithm RSA \
	-pkeyopt rsa_keygen_bits:2048
signs P-256 ECC_NIST_P256 ECDSA_SHA_256 -algorithm EC \
	-pkeyopt ec_paramgen_curve:P-256
mismatch=$(create RSA_3072 SIGN_VERIFY)
like a_key_of_another_spec_is_refused "$(import "$mismatch" "$tmp/own.der" \
	RSA_AES_KEY_WRAP_SHA_256 RSA_2048)" IncorrectKeyMaterialException

# --- expiry, seen by two processes
blob=$(encrypt "$key")
like material_may_expire "$(import "$key" "$tmp/material" RSAES_OAEP_SHA_256 \
	RSA_2048 "\"ValidTo\":$(($(date +%s) + 6))")" KeyMaterialId
kmsd_stop
start || bail "kmsd does not start again"
ok until_then_it_serves opens "$blob"
kmsd_stop KILL
start || bail "kmsd does not start after a kill"
ok then_its_material_goes \
	wait_for "[ \"\$(peer DescribeKey '{\"KeyId\":\"$key\"}' |
		field KeyState)\" = PendingImport ]" 20
like and_it_opens_nothing "$(peer Decrypt "{\"CiphertextBlob\":\"$blob\"}")" \
	'KMSInvalidStateException.*is pending import'
deleted='"eventName":"DeleteExpiredKeyMaterial".*"eventType":"AwsServiceEvent"'
ok the_trail_says_so wait_for \
	"grep -q '$deleted' $tmp/state/audit.jsonl" 10
kmsd_stop
start || bail "kmsd does not start once more"
is it_waits_after_a_restart "$(state "$key")" PendingImport
import "$key" "$tmp/material" RSAES_OAEP_SHA_256 RSA_2048 >"$tmp/last"
ok the_same_material_opens_it_all opens "$blob"

# --- killed around a rotation
key=$(peer CreateKey | field KeyId)
rounds=8 blobs=() lost=0
for ((round = 1; round <= rounds; round++)); do
	blobs+=("$(encrypt "$key")")
	like "rotation_${round}_is_asked_for" \
		"$(peer RotateKeyOnDemand "{\"KeyId\":\"$key\"}")" ':key/'
	# Anywhere within the second in which the job comes by.
	sleep "0.$((RANDOM % 10))"
	[ "$round" != "$rounds" ] || sleep 1
	kmsd_stop KILL
	start || bail "kmsd does not start in round $round"
	ok "rotation_${round}_was_not_lost" wait_for \
		"! peer GetKeyRotationStatus '{\"KeyId\":\"$key\"}' |
			grep -q OnDemandRotationStartDate" 10
	for blob in "${blobs[@]}"; do
		opens "$blob" || lost=$((lost + 1))
	done
done
is no_ciphertext_was_lost "$lost" 0
is each_rotation_was_done_once "$(peer ListKeyRotations \
	"{\"KeyId\":\"$key\"}" | grep -o '"RotationType":"ON_DEMAND"' | wc -l)" \
	"$rounds"
is each_blob_has_material_of_its_own "$(for blob in "${blobs[@]}"; do
	peer Decrypt "{\"CiphertextBlob\":\"$blob\"}" | field KeyMaterialId
done | sort -u | wc -l)" "$rounds"
ok the_trail_tells_of_rotations grep -q \
	'"eventName":"RotateKey".*"rotationType":"ON_DEMAND"' \
	"$tmp/state/audit.jsonl"

# --- last use
peer GetKeyLastUsage "{\"KeyId\":\"$key\"}" >"$tmp/usage"
is its_last_use_is_known "$(field Operation <"$tmp/usage")" Decrypt
event=$(field CloudTrailEventId <"$tmp/usage")
ok and_leads_to_its_record grep -q \
	"\"eventName\":\"Decrypt\".*\"eventID\":\"$event\"" \
	"$tmp/state/audit.jsonl"
kmsd_stop
start || bail "kmsd does not start at the end"
is it_is_known_after_a_restart "$(peer GetKeyLastUsage \
	"{\"KeyId\":\"$key\"}" | field Operation)" Decrypt
not_ok no_material_is_in_the_state_folder grep -rqF \
	"$(base64 -w0 <"$tmp/material")" "$tmp/state"
done_testing
