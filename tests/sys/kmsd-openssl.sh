#!/bin/bash
# SPDX-License-Identifier: MIT
# The openssl program against kmsd's key pairs: it verifies what kmsd signs,
# opens what is sealed and seals what kmsd opens, derives the same secrets,
# and reads the pairs that kmsd gives away.  What it signs is verified by
# pkey-tool, and by kmsd where the key was imported.
# timeout: 600
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
TOOL=$B/tools/pkey-tool
need_cmd openssl curl xxd
[ -x "$TOOL" ] || skip_all "needs $TOOL: make tools"
tmpdir
at_exit kmsd_stop
kmsd_start --listen "unix:$tmp/kmsd.sock" --listen 127.0.0.1:0 ||
	bail "kmsd does not start"
cd "$tmp" || exit 1
printf 'what openssl and kmsd agree upon' >msg
head -c 190 /dev/urandom >plain

create() { # SPEC USAGE: id, in $key, its public key in pub.der and pub.pem
	key=$(peer CreateKey "{\"KeySpec\":\"$1\",\"KeyUsage\":\"$2\"}" |
		field KeyId)
	peer GetPublicKey "{\"KeyId\":\"$key\"}" >answer
	field PublicKey <answer | base64 -d >pub.der
	openssl pkey -pubin -inform DER -in pub.der -out pub.pem 2>/dev/null
}
b64() { base64 -w0 "$1"; }
kms_sign() { # ALGORITHM TYPE FILE: to sig
	peer Sign "{\"KeyId\":\"$key\",\"SigningAlgorithm\":\"$1\",
		\"MessageType\":\"$2\",\"Message\":\"$(b64 "$3")\"}" |
		field Signature | base64 -d >sig
	[ -s sig ]
}
kms_verify() { # ALGORITHM TYPE FILE: of sig
	peer Verify "{\"KeyId\":\"$key\",\"SigningAlgorithm\":\"$1\",
		\"MessageType\":\"$2\",\"Message\":\"$(b64 "$3")\",
		\"Signature\":\"$(b64 sig)\"}" | grep -q '"SignatureValid":true'
}

# What openssl calls the algorithms.
declare -A MD=([256]=sha256 [384]=sha384 [512]=sha512) OPTS=(
	[RSASSA_PSS]="-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"
	[RSASSA_PKCS1_V1_5]="-sigopt rsa_padding_mode:pkcs1"
	[ECDSA]="")
openssl_sign() { # ALGORITHM PRIVATE FILE: to sig
	local family=${1%_SHA_*} opts
	read -ra opts <<<"${OPTS[$family]}"
	openssl dgst "-${MD[${1##*_}]}" "${opts[@]}" -sign "$2" -out sig "$3"
}
openssl_verify() { # ALGORITHM PUBLIC FILE: of sig
	local family=${1%_SHA_*} opts
	read -ra opts <<<"${OPTS[$family]}"
	openssl dgst "-${MD[${1##*_}]}" "${opts[@]}" -verify "$2" \
		-signature sig "$3"
}

# --- signatures
signs() { # SPEC ALGORITHM...
	local spec=$1 a
	create "$spec" SIGN_VERIFY
	shift
	for a; do
		openssl dgst "-${MD[${a##*_}]}" -binary msg >digest
		ok "openssl_verifies_${spec}_${a}" eval \
			"kms_sign $a RAW msg && openssl_verify $a pub.pem msg"
		ok "and_so_does_kmsd_by_digest" kms_verify "$a" DIGEST digest
		not_ok "but_not_another_message" openssl_verify "$a" pub.pem plain
		ok "openssl_verifies_a_digest_of_${spec}_${a}" eval \
			"kms_sign $a DIGEST digest && openssl_verify $a pub.pem msg"
		ok "and_so_does_kmsd_by_message" kms_verify "$a" RAW msg
		# The other way round: a key of openssl's.
		ok "openssl_signs_by_${a}_of_${spec}" openssl_sign "$a" \
			"$spec.pem" msg
		ok "which_is_verified" "$TOOL" verify "$spec" "$a" RAW \
			"$spec.pub" msg sig
		ok "by_digest_too" "$TOOL" verify "$spec" "$a" DIGEST \
			"$spec.pub" digest sig
		not_ok "but_not_for_another_message" "$TOOL" verify "$spec" \
			"$a" RAW "$spec.pub" plain sig
		ok "and_openssl_verifies_what_its_key_signs_here" eval \
			"$TOOL sign $spec $a RAW $spec.der msg sig &&
			openssl_verify $a $spec.pub.pem msg"
	done
}
generate() { # SPEC ARG...: a pair of openssl's
	local spec=$1
	shift
	openssl genpkey "$@" -out "$spec.pem" 2>/dev/null
	openssl pkcs8 -topk8 -nocrypt -in "$spec.pem" -outform DER \
		-out "$spec.der"
	openssl pkey -in "$spec.pem" -pubout -out "$spec.pub.pem"
	openssl pkey -in "$spec.pem" -pubout -outform DER -out "$spec.pub"
}
rsa=()
for family in RSASSA_PSS RSASSA_PKCS1_V1_5; do
	for bits in 256 384 512; do rsa+=("${family}_SHA_$bits"); done
done
for bits in 2048 3072 4096; do
	generate "RSA_$bits" -algorithm RSA -pkeyopt "rsa_keygen_bits:$bits"
	signs "RSA_$bits" "${rsa[@]}"
	like "openssl_sees_${bits}_bits" \
		"$(openssl pkey -pubin -in pub.pem -noout -text)" "$bits bit"
done
declare -A CURVE=([ECC_NIST_P256]=prime256v1 [ECC_NIST_P384]=secp384r1
	[ECC_NIST_P521]=secp521r1 [ECC_SECG_P256K1]=secp256k1)
declare -A HASH=([ECC_NIST_P256]=256 [ECC_NIST_P384]=384 [ECC_NIST_P521]=512
	[ECC_SECG_P256K1]=256)
for spec in "${!CURVE[@]}"; do
	generate "$spec" -algorithm EC -pkeyopt "ec_paramgen_curve:${CURVE[$spec]}"
	signs "$spec" "ECDSA_SHA_${HASH[$spec]}"
	like "openssl_sees_${CURVE[$spec]}" \
		"$(openssl pkey -pubin -in pub.pem -noout -text)" "${CURVE[$spec]}"
done

generate ECC_NIST_EDWARDS25519 -algorithm ED25519
create ECC_NIST_EDWARDS25519 SIGN_VERIFY
is an_ed25519_public_key_has_44_bytes "$(wc -c <pub.der)" 44
ok openssl_verifies_ed25519 eval "kms_sign ED25519_SHA_512 RAW msg &&
	openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in msg -sigfile sig"
ok and_signs_by_it openssl pkeyutl -sign -inkey ECC_NIST_EDWARDS25519.pem \
	-rawin -in msg -out sig
ok which_is_verified "$TOOL" verify ECC_NIST_EDWARDS25519 ED25519_SHA_512 RAW \
	ECC_NIST_EDWARDS25519.pub msg sig
ok and_is_what_its_key_signs_here eval "$TOOL sign ECC_NIST_EDWARDS25519 \
	ED25519_SHA_512 RAW ECC_NIST_EDWARDS25519.der msg sig2 && cmp sig sig2"

if openssl genpkey -algorithm SM2 -out sm2.pem 2>/dev/null; then
	generate SM2 -algorithm SM2
	create SM2 SIGN_VERIFY
	sm2="-rawin -digest sm3 -pkeyopt distid:1234567812345678"
	ok openssl_verifies_sm2 eval "kms_sign SM2DSA RAW msg &&
		openssl pkeyutl -verify -pubin -inkey pub.pem -in msg \
			-sigfile sig $sm2"
	ok and_signs_by_it eval "openssl pkeyutl -sign -inkey SM2.pem -in msg \
		-out sig $sm2"
	ok which_is_verified "$TOOL" verify SM2 SM2DSA RAW SM2.pub msg sig
	create SM2 ENCRYPT_DECRYPT
	ok openssl_seals_for_sm2 openssl pkeyutl -encrypt -pubin -inkey pub.pem \
		-in plain -out sealed
	peer Decrypt "{\"KeyId\":\"$key\",\"EncryptionAlgorithm\":\"SM2PKE\",
		\"CiphertextBlob\":\"$(b64 sealed)\"}" | field Plaintext |
		base64 -d >back
	ok and_kmsd_opens_it cmp back plain
else
	skip sm2 "this openssl does not have it"
fi

for n in 44 65 87; do
	spec=ML_DSA_$n
	openssl genpkey -algorithm "ML-DSA-$n" -out "$spec.pem" 2>/dev/null || {
		skip "ml_dsa_$n" "this openssl does not have it"
		continue
	}
	generate "$spec" -algorithm "ML-DSA-$n"
	create "$spec" SIGN_VERIFY
	ok "openssl_verifies_$spec" eval "kms_sign ML_DSA_SHAKE_256 RAW msg &&
		openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in msg \
			-sigfile sig"
	ok and_so_does_kmsd kms_verify ML_DSA_SHAKE_256 RAW msg
	ok and_signs_by_it openssl pkeyutl -sign -inkey "$spec.pem" -rawin \
		-in msg -out sig
	ok which_is_verified "$TOOL" verify "$spec" ML_DSA_SHAKE_256 RAW \
		"$spec.pub" msg sig
	not_ok but_not_for_another_message "$TOOL" verify "$spec" \
		ML_DSA_SHAKE_256 RAW "$spec.pub" plain sig
done

# --- encryption
oaep() { # HASH: what openssl calls it
	echo "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:$1 \
		-pkeyopt rsa_mgf1_md:$1"
}
declare -A OAEP=([RSAES_OAEP_SHA_1]=sha1 [RSAES_OAEP_SHA_256]=sha256)
for bits in 2048 3072 4096; do
	create "RSA_$bits" ENCRYPT_DECRYPT
	for a in "${!OAEP[@]}"; do
		read -ra opts <<<"$(oaep "${OAEP[$a]}")"
		ok "openssl_seals_for_RSA_${bits}_by_$a" openssl pkeyutl \
			-encrypt -pubin -inkey pub.pem "${opts[@]}" \
			-in plain -out sealed
		peer Decrypt "{\"KeyId\":\"$key\",\"EncryptionAlgorithm\":\"$a\",
			\"CiphertextBlob\":\"$(b64 sealed)\"}" |
			field Plaintext | base64 -d >back
		ok and_kmsd_opens_it cmp back plain
		peer Encrypt "{\"KeyId\":\"$key\",\"EncryptionAlgorithm\":\"$a\",
			\"Plaintext\":\"$(b64 plain)\"}" |
			field CiphertextBlob | base64 -d >sealed
		is "what_kmsd_seals_fills_the_modulus" "$(wc -c <sealed)" \
			$((bits / 8))
		ok "seals_for_openssl" "$TOOL" encrypt "RSA_$bits" "$a" \
			"RSA_$bits.pub" plain sealed
		ok "which_opens_it" eval "openssl pkeyutl -decrypt \
			-inkey RSA_$bits.pem ${opts[*]} -in sealed -out back &&
			cmp back plain"
		not_ok "but_not_by_another_hash" openssl pkeyutl -decrypt \
			-inkey "RSA_$bits.pem" -pkeyopt rsa_padding_mode:oaep \
			-pkeyopt rsa_oaep_md:sha384 -in sealed -out back
	done
done

# --- agreement
for spec in ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521; do
	create "$spec" KEY_AGREEMENT
	peer DeriveSharedSecret "{\"KeyId\":\"$key\",
		\"KeyAgreementAlgorithm\":\"ECDH\",
		\"PublicKey\":\"$(b64 "$spec.pub")\"}" |
		field SharedSecret | base64 -d >shared
	ok "openssl_derives_with_$spec" openssl pkeyutl -derive \
		-inkey "$spec.pem" -peerkey pub.pem -out theirs
	ok what_kmsd_derives cmp shared theirs
	ok "and_the_other_way_round" eval "$TOOL derive $spec $spec.der pub.der \
		ours && cmp ours theirs"
done

# --- keys of openssl's in kmsd
import() { # SPEC USAGE FILE: to $key
	key=$(peer CreateKey "{\"Origin\":\"EXTERNAL\",\"KeySpec\":\"$1\",
		\"KeyUsage\":\"$2\"}" | field KeyId)
	peer GetParametersForImport "{\"KeyId\":\"$key\",
		\"WrappingAlgorithm\":\"RSA_AES_KEY_WRAP_SHA_256\",
		\"WrappingKeySpec\":\"RSA_2048\"}" >params
	field PublicKey <params | base64 -d >wrapping.der
	openssl rand -out aes 32
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey wrapping.der \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
		-pkeyopt rsa_mgf1_md:sha256 -in aes -out wrapped
	openssl enc -id-aes256-wrap-pad -e -K "$(xxd -p -c 64 aes)" \
		-iv A65959A6 -in "$3" >>wrapped
	peer ImportKeyMaterial "{\"KeyId\":\"$key\",
		\"ImportToken\":\"$(field ImportToken <params)\",
		\"EncryptedKeyMaterial\":\"$(b64 wrapped)\",
		\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\"}" >answer
	grep -q '"KeyId"' answer || { cat answer; return 1; }
}
imported() { # SPEC ALGORITHM
	ok "a_key_of_$1_is_imported" import "$1" SIGN_VERIFY "$1.der"
	openssl_sign "$2" "$1.pem" msg
	ok "and_verifies_what_openssl_signs_by_$2" kms_verify "$2" RAW msg
	not_ok "but_not_another_message" kms_verify "$2" RAW plain
	is "its_public_key_is_openssls" "$(peer GetPublicKey \
		"{\"KeyId\":\"$key\"}" | field PublicKey)" "$(b64 "$1.pub")"
}
for bits in 2048 3072 4096; do
	imported "RSA_$bits" RSASSA_PSS_SHA_384
done
for spec in "${!CURVE[@]}"; do
	imported "$spec" "ECDSA_SHA_${HASH[$spec]}"
done
for bits in 224 256 384 512; do
	openssl rand -out hmac $((bits / 8))
	ok "a_key_of_HMAC_${bits}_is_imported" import "HMAC_$bits" \
		GENERATE_VERIFY_MAC hmac
	is "and_makes_the_macs_that_openssl_makes" "$(peer GenerateMac \
		"{\"KeyId\":\"$key\",\"MacAlgorithm\":\"HMAC_SHA_$bits\",
		\"Message\":\"$(b64 msg)\"}" | field Mac)" "$(openssl dgst \
		"-sha$bits" -mac HMAC -macopt "hexkey:$(xxd -p -c 128 hmac)" \
		-binary msg | base64 -w0)"
done

# --- pairs that are given away
master=$(peer CreateKey | field KeyId)
for spec in RSA_2048 "${!CURVE[@]}" ECC_NIST_EDWARDS25519; do
	peer GenerateDataKeyPair "{\"KeyId\":\"$master\",
		\"KeyPairSpec\":\"$spec\",\"EncryptionContext\":{\"a\":\"b\"}}" >pair
	field PrivateKeyPlaintext <pair | base64 -d >private.der
	field PublicKey <pair | base64 -d >pub.der
	ok "openssl_reads_a_pair_of_$spec" openssl pkcs8 -nocrypt -inform DER \
		-in private.der -out private.pem
	ok "and_finds_it_sound" openssl pkey -in private.pem -check -noout
	ok "with_its_public_key" eval "openssl pkey -in private.pem -pubout \
		-outform DER -out again.der && cmp again.der pub.der"
	peer Decrypt "{\"EncryptionContext\":{\"a\":\"b\"},
		\"CiphertextBlob\":\"$(field PrivateKeyCiphertextBlob <pair)\"}" |
		field Plaintext | base64 -d >back
	ok "which_kmsd_gives_again" cmp back private.der
done
cd "$TOP" || exit 1
done_testing
