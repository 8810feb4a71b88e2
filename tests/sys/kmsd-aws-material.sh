#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's AWS CLI (v2) walks rotation and imported material.  What it is too
# old to know is signed by tests/sigv4.py.
# timeout: 300
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
. tests/awscli.sh
need_cmd python3 openssl
kmsd_start || bail "kmsd does not start"

# --- rotation
key=$(kms create-key --query KeyMetadata.KeyId)
is a_new_key_does_not_rotate "$(kms get-key-rotation-status --key-id "$key" \
	--query KeyRotationEnabled)" False
ok enable_key_rotation kms enable-key-rotation --key-id "$key"
is it_does_then "$(kms get-key-rotation-status --key-id "$key" \
	--query KeyRotationEnabled)" True
like with_date_and_period "$(signed GetKeyRotationStatus \
	"{\"KeyId\":\"$key\"}")" \
	'^200.*"RotationPeriodInDays":365,"NextRotationDate":[0-9]{10}'
like the_period_can_be_changed "$(signed EnableKeyRotation \
	"{\"KeyId\":\"$key\",\"RotationPeriodInDays\":90}")" ^200
like and_is_shown "$(signed GetKeyRotationStatus "{\"KeyId\":\"$key\"}")" \
	'"RotationPeriodInDays":90'
ok disable_key_rotation kms disable-key-rotation --key-id "$key"
printf 'a secret' >"$tmp/plain"
kms encrypt --key-id "$key" --plaintext "fileb://$tmp/plain" \
	--query CiphertextBlob | base64 -d >"$tmp/old"
like rotate_key_on_demand "$(signed RotateKeyOnDemand \
	"{\"KeyId\":\"$key\"}")" "^200.*key/$key"
rotations() {
	signed ListKeyRotations "{\"KeyId\":\"$1\",
		\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\"}"
}
ok which_is_done_in_a_moment wait_for \
	"signed ListKeyRotations '{\"KeyId\":\"$key\"}' | grep -q ON_DEMAND" 10
like list_key_rotations_has_both "$(rotations "$key")" \
	'"NON_CURRENT".*"CURRENT".*"RotationDate":[0-9.]+,"RotationType":"ON_DEMAND"'
is old_ciphertext_opens "$(kms decrypt --ciphertext-blob "fileb://$tmp/old" \
	--query Plaintext | base64 -d)" "$(<"$tmp/plain")"
signer=$(kms create-key --key-spec ECC_NIST_P256 --key-usage SIGN_VERIFY \
	--query KeyMetadata.Arn)
refuses a_pair_does_not_rotate UnsupportedOperationException "$signer" \
	enable-key-rotation --key-id "$signer"

# --- imported material
external=$(kms create-key --origin EXTERNAL --query KeyMetadata.KeyId)
arn=$(kms describe-key --key-id "$external" --query KeyMetadata.Arn)
is an_external_key_waits "$(kms describe-key --key-id "$external" --query \
	'KeyMetadata.[KeyState,Origin,Enabled,ExpirationModel]')" \
	"PendingImport	EXTERNAL	False	None"
refuses it_does_not_encrypt KMSInvalidStateException "$arn is pending import." \
	encrypt --key-id "$external" --plaintext "fileb://$tmp/plain"
refuses it_does_not_rotate_of_itself UnsupportedOperationException \
	"$arn origin is EXTERNAL which is not valid for this operation." \
	enable-key-rotation --key-id "$external"
kms get-parameters-for-import --key-id "$external" --wrapping-algorithm \
	RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_2048 \
	--query '[PublicKey,ImportToken]' >"$tmp/parameters"
read -r public token <"$tmp/parameters"
base64 -d <<<"$public" >"$tmp/public.der"
base64 -d <<<"$token" >"$tmp/token"
openssl rand -out "$tmp/material" 32
wrap() { # FILE
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$tmp/public.der" \
		-in "$1" -pkeyopt rsa_padding_mode:oaep \
		-pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
}
import() { # FILE ARG...: of import-key-material
	wrap "$1" >"$tmp/wrapped"
	shift
	kms import-key-material --key-id "$external" \
		--import-token "fileb://$tmp/token" \
		--encrypted-key-material "fileb://$tmp/wrapped" "$@"
}
ok import_key_material import "$tmp/material" \
	--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
is it_is_enabled "$(kms describe-key --key-id "$external" --query \
	'KeyMetadata.[KeyState,Enabled,ExpirationModel]')" \
	"Enabled	True	KEY_MATERIAL_DOES_NOT_EXPIRE"
kms encrypt --key-id "$external" --plaintext "fileb://$tmp/plain" \
	--query CiphertextBlob | base64 -d >"$tmp/old"
ok a_date_may_be_set import "$tmp/material" \
	--valid-to "$(date -d '+30 days' +%Y-%m-%dT%H:%M:%SZ)"
like and_is_shown_too "$(kms describe-key --key-id "$external" \
	--query 'KeyMetadata.[ExpirationModel,ValidTo]')" \
	'^KEY_MATERIAL_EXPIRES.20'
refuses a_date_is_wanted ValidationException \
	"A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES" \
	import-key-material --key-id "$external" \
	--import-token "fileb://$tmp/token" \
	--encrypted-key-material "fileb://$tmp/wrapped"
openssl rand -out "$tmp/other" 32
like other_material_is_refused "$(import "$tmp/other" \
	--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE 2>&1)" \
	'\(IncorrectKeyMaterialException\)'
like unless_it_is_for_a_rotation "$(signed ImportKeyMaterial "{
	\"KeyId\":\"$external\",\"ImportToken\":\"$token\",
	\"EncryptedKeyMaterial\":\"$(base64 -w0 <"$tmp/wrapped")\",
	\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\",
	\"ImportType\":\"NEW_KEY_MATERIAL\",
	\"KeyMaterialDescription\":\"the second\"}")" '^200.*"KeyMaterialId"'
like where_it_waits "$(rotations "$external")" \
	'"CURRENT".*"the second".*"PENDING_ROTATION"'
like until_it_is_rotated_to "$(signed RotateKeyOnDemand \
	"{\"KeyId\":\"$external\"}")" ^200
ok in_a_moment wait_for "signed ListKeyRotations \
	'{\"KeyId\":\"$external\"}' | grep -q ON_DEMAND" 10
is old_ciphertext_opens_here_too "$(kms decrypt \
	--ciphertext-blob "fileb://$tmp/old" --query Plaintext | base64 -d)" \
	"$(<"$tmp/plain")"
ok delete_imported_key_material kms delete-imported-key-material \
	--key-id "$external"
is then_it_waits_again "$(kms describe-key --key-id "$external" \
	--query KeyMetadata.KeyState)" PendingImport
refuses an_own_key_takes_no_import UnsupportedOperationException \
	"origin is AWS_KMS which is not valid for this operation." \
	get-parameters-for-import --key-id "$key" --wrapping-algorithm \
	RSAES_OAEP_SHA_1 --wrapping-key-spec RSA_2048
like get_key_last_usage "$(signed GetKeyLastUsage "{\"KeyId\":\"$key\"}")" \
	'^200.*"Operation":"Decrypt".*"TrackingStartDate"'
n=0
for secret in "$token" "$(base64 -w0 <"$tmp/wrapped")"; do
	not_ok "no_token_nor_wrapped_material_in_the_trail_$((++n))" \
		grep -qF "$secret" "$tmp/state/audit.jsonl"
done
done_testing
