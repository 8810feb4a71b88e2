#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's AWS CLI (v2) walks the operations of asymmetric and HMAC keys.
# What it is too old to know is signed by tests/sigv4.py.
# timeout: 300
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
. tests/awscli.sh
need_cmd python3 openssl
kmsd_start || bail "kmsd does not start"
create() { # SPEC USAGE
	kms create-key --key-spec "$1" --key-usage "$2" \
		--query KeyMetadata.KeyId
}
printf 'a message of the walk' >"$tmp/msg"
openssl dgst -sha256 -binary "$tmp/msg" >"$tmp/digest"
printf 'signed by nobody' >"$tmp/wrong"

# --- CreateKey, DescribeKey
signer=$(create RSA_2048 SIGN_VERIFY)
ec=$(create ECC_NIST_P256 SIGN_VERIFY)
rsa=$(create RSA_2048 ENCRYPT_DECRYPT)
mac=$(create HMAC_384 GENERATE_VERIFY_MAC)
agree=$(create ECC_NIST_P384 KEY_AGREEMENT)
ed=$(create ECC_NIST_EDWARDS25519 SIGN_VERIFY)
master=$(kms create-key --query KeyMetadata.KeyId)
arn=$(kms describe-key --key-id "$signer" --query KeyMetadata.Arn)
is describe_key_lists_signing_algorithms "$(kms describe-key --key-id "$signer" \
	--query 'KeyMetadata.[KeySpec,KeyUsage,length(SigningAlgorithms)]')" \
	"RSA_2048	SIGN_VERIFY	6"
is and_mac_algorithms "$(kms describe-key --key-id "$mac" \
	--query 'KeyMetadata.[KeySpec,MacAlgorithms[0]]')" "HMAC_384	HMAC_SHA_384"
refuses a_usage_must_be_named ValidationException \
	"You must specify a KeyUsage value" create-key --key-spec RSA_2048
refuses and_must_fit ValidationException \
	"KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256" \
	create-key --key-spec ECC_NIST_P256 --key-usage ENCRYPT_DECRYPT
is keys_are_listed_with_the_others "$(kms list-keys --query 'length(Keys)')" 7

# --- Sign, Verify, GetPublicKey
kms get-public-key --key-id "$signer" --query PublicKey | base64 -d >"$tmp/pub"
kms sign --key-id "$signer" --message "fileb://$tmp/msg" \
	--signing-algorithm RSASSA_PSS_SHA_256 --query Signature |
	base64 -d >"$tmp/sig"
ok openssl_verifies_what_sign_gives openssl dgst -sha256 \
	-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -keyform DER \
	-verify "$tmp/pub" -signature "$tmp/sig" "$tmp/msg"
is verify_of_the_digest "$(kms verify --key-id "$arn" \
	--message "fileb://$tmp/digest" --message-type DIGEST \
	--signature "fileb://$tmp/sig" --signing-algorithm RSASSA_PSS_SHA_256 \
	--query '[KeyId,SignatureValid,SigningAlgorithm]')" \
	"$arn	True	RSASSA_PSS_SHA_256"
refuses another_signature_is_none KMSInvalidSignatureException "" verify \
	--key-id "$signer" --message "fileb://$tmp/msg" \
	--signature "fileb://$tmp/wrong" --signing-algorithm RSASSA_PSS_SHA_256
refuses nor_one_by_another_algorithm KMSInvalidSignatureException "" verify \
	--key-id "$signer" --message "fileb://$tmp/msg" --signature \
	"fileb://$tmp/sig" --signing-algorithm RSASSA_PKCS1_V1_5_SHA_256
refuses a_message_is_no_digest ValidationException \
	"Digest is invalid length for algorithm RSASSA_PSS_SHA_256." sign \
	--key-id "$signer" --message "fileb://$tmp/msg" --message-type DIGEST \
	--signing-algorithm RSASSA_PSS_SHA_256
refuses curves_know_no_pss InvalidKeyUsageException \
	"Algorithm RSASSA_PSS_SHA_256 is incompatible with key spec ECC_NIST_P256." \
	sign --key-id "$ec" --message "fileb://$tmp/msg" \
	--signing-algorithm RSASSA_PSS_SHA_256
refuses an_encryption_key_does_not_sign InvalidKeyUsageException \
	"key usage is ENCRYPT_DECRYPT which is not valid for Sign." \
	sign --key-id "$rsa" --message "fileb://$tmp/msg" \
	--signing-algorithm RSASSA_PSS_SHA_256
refuses a_symmetric_key_has_no_public_one UnsupportedOperationException "" \
	get-public-key --key-id "$master"
is ed25519_signs_64_bytes "$(kms sign --key-id "$ed" \
	--message "fileb://$tmp/msg" --signing-algorithm ED25519_SHA_512 \
	--query Signature | base64 -d | wc -c)" 64
refuses but_no_digest ValidationException \
	"Message type DIGEST is incompatible with algorithm ED25519_SHA_512." \
	sign --key-id "$ed" --message "fileb://$tmp/digest" \
	--message-type DIGEST --signing-algorithm ED25519_SHA_512
refuses what_openssl_lacks_is_not_replaced UnsupportedOperationException \
	"ED25519_PH_SHA_512" sign --key-id "$ed" --message \
	"fileb://$(openssl dgst -sha512 -binary -out "$tmp/d64" "$tmp/msg"
		echo "$tmp/d64")" --message-type DIGEST \
	--signing-algorithm ED25519_PH_SHA_512

# --- Encrypt, Decrypt, ReEncrypt
kms encrypt --key-id "$rsa" --plaintext "fileb://$tmp/msg" \
	--encryption-algorithm RSAES_OAEP_SHA_256 --query CiphertextBlob |
	base64 -d >"$tmp/blob"
is decrypt_gives_the_plaintext "$(kms decrypt --key-id "$rsa" \
	--ciphertext-blob "fileb://$tmp/blob" \
	--encryption-algorithm RSAES_OAEP_SHA_256 --query Plaintext | base64 -d)" \
	"$(cat "$tmp/msg")"
refuses decrypt_must_name_the_key InvalidCiphertextException "" decrypt \
	--ciphertext-blob "fileb://$tmp/blob" \
	--encryption-algorithm RSAES_OAEP_SHA_256
refuses not_by_a_signing_key IncorrectKeyException \
	"The key ID in the request does not identify a CMK" decrypt \
	--key-id "$signer" --ciphertext-blob "fileb://$tmp/blob" \
	--encryption-algorithm RSAES_OAEP_SHA_256
kms re-encrypt --ciphertext-blob "fileb://$tmp/blob" --source-key-id "$rsa" \
	--source-encryption-algorithm RSAES_OAEP_SHA_256 \
	--destination-key-id "$master" --query CiphertextBlob |
	base64 -d >"$tmp/blob2"
is re_encrypt_to_a_symmetric_key "$(kms decrypt --ciphertext-blob \
	"fileb://$tmp/blob2" --query Plaintext | base64 -d)" "$(cat "$tmp/msg")"
head -c 191 /dev/zero >"$tmp/191"
refuses encrypt_has_its_limit ValidationException \
	"Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes." \
	encrypt --key-id "$rsa" --plaintext "fileb://$tmp/191" \
	--encryption-algorithm RSAES_OAEP_SHA_256

# --- GenerateMac, VerifyMac
kms generate-mac --key-id "$mac" --message "fileb://$tmp/msg" \
	--mac-algorithm HMAC_SHA_384 --query Mac | base64 -d >"$tmp/mac"
is generate_mac_gives_48_bytes "$(wc -c <"$tmp/mac")" 48
is verify_mac "$(kms verify-mac --key-id "$mac" --message "fileb://$tmp/msg" \
	--mac-algorithm HMAC_SHA_384 --mac "fileb://$tmp/mac" \
	--query MacValid)" True
refuses another_mac_is_none KMSInvalidMacException "" verify-mac \
	--key-id "$mac" --message "fileb://$tmp/wrong" \
	--mac-algorithm HMAC_SHA_384 --mac "fileb://$tmp/mac"
refuses another_length_neither InvalidKeyUsageException \
	"Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_384." \
	generate-mac --key-id "$mac" --message "fileb://$tmp/msg" \
	--mac-algorithm HMAC_SHA_256

# --- DeriveSharedSecret
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 \
	-out "$tmp/peer.pem" 2>/dev/null
openssl pkey -in "$tmp/peer.pem" -pubout -outform DER -out "$tmp/peer.der"
kms get-public-key --key-id "$agree" --query PublicKey | base64 -d |
	openssl pkey -pubin -inform DER -out "$tmp/agree.pem"
signed DeriveSharedSecret "{\"KeyId\":\"$agree\",
	\"KeyAgreementAlgorithm\":\"ECDH\",
	\"PublicKey\":\"$(base64 -w0 "$tmp/peer.der")\"}" | field SharedSecret |
	base64 -d >"$tmp/shared"
openssl pkeyutl -derive -inkey "$tmp/peer.pem" -peerkey "$tmp/agree.pem" \
	-out "$tmp/theirs"
ok derive_shared_secret_is_what_openssl_derives cmp "$tmp/shared" "$tmp/theirs"

# --- GenerateDataKeyPair
kms generate-data-key-pair --key-id "$master" --key-pair-spec RSA_3072 \
	--encryption-context a=b --query PrivateKeyPlaintext | base64 -d |
	openssl pkey -inform DER -out "$tmp/pair.pem" 2>/dev/null
like a_data_key_pair_is_one "$(openssl pkey -in "$tmp/pair.pem" -noout -text)" \
	'3072 bit'
kms generate-data-key-pair-without-plaintext --key-id "$master" \
	--key-pair-spec ECC_NIST_P521 --encryption-context a=b \
	--query PrivateKeyCiphertextBlob | base64 -d >"$tmp/blob"
like without_plaintext_it_is_in_the_blob "$(kms decrypt \
	--ciphertext-blob "fileb://$tmp/blob" --encryption-context a=b \
	--query Plaintext | base64 -d | openssl pkey -inform DER -noout -text)" \
	secp521r1
refuses in_its_context_only InvalidCiphertextException "" decrypt \
	--ciphertext-blob "fileb://$tmp/blob"
refuses not_under_an_rsa_key InvalidKeyUsageException \
	"Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048." \
	generate-data-key-pair --key-id "$rsa" --key-pair-spec ECC_NIST_P256

# --- states
ok disable_key kms disable-key --key-id "$signer"
refuses a_disabled_key_does_not_sign DisabledException "$arn is disabled." \
	sign --key-id "$signer" --message "fileb://$tmp/msg" \
	--signing-algorithm RSASSA_PSS_SHA_256
refuses nor_shows_its_public_half DisabledException "$arn is disabled." \
	get-public-key --key-id "$signer"
ok enable_key kms enable-key --key-id "$signer"

# --- a restart
ok it_stops_when_asked kmsd_stop
ok it_starts_again kmsd_start
is and_verifies_what_it_signed "$(kms verify --key-id "$signer" \
	--message "fileb://$tmp/msg" --signature "fileb://$tmp/sig" \
	--signing-algorithm RSASSA_PSS_SHA_256 --query SignatureValid)" True
is and_what_it_authenticated "$(kms verify-mac --key-id "$mac" \
	--message "fileb://$tmp/msg" --mac-algorithm HMAC_SHA_384 \
	--mac "fileb://$tmp/mac" --query MacValid)" True
for event in Sign Verify GetPublicKey GenerateMac VerifyMac \
	DeriveSharedSecret GenerateDataKeyPair; do
	ok "the_trail_has_$event" grep -q "\"eventName\":\"$event\"" \
		"$tmp/state/audit.jsonl"
done
for secret in msg sig mac shared; do
	not_ok "but_no_${secret}" grep -qF "$(base64 -w0 "$tmp/$secret")" \
		"$tmp/state/audit.jsonl"
done
done_testing
