#!/bin/bash
# SPDX-License-Identifier: MIT
# kmsd --seed: the keys of a file are there under their ids, with the material
# that was given; again and again; and a file that does not fit is refused and
# has changed nothing.  HMAC is checked by the openssl program.
. tests/ktap.sh
. tests/kmsd.sh
need_cmd openssl curl
tmpdir
at_exit kmsd_stop

A=11111111-2222-4333-8444-555555555555
M=11111111-2222-4333-8444-666666666666
E=11111111-2222-4333-8444-777777777777
R=11111111-2222-4333-8444-888888888888
hex=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
material=$(xxd -r -p <<<"$hex" | base64 -w0)
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	-outform DER -out "$tmp/ec.der" 2>/dev/null
openssl pkey -inform DER -in "$tmp/ec.der" -pubout -outform DER \
	-out "$tmp/ec.pub"
seed() { rm -f "$tmp/seed.json"; (umask 077; printf '%s' "$1" >"$tmp/seed.json"); }
keys="{\"KeyId\":\"$A\",\"Aliases\":[\"alias/app\",\"alias/app2\"],
	\"Description\":\"of tests\",\"KeyMaterial\":\"$material\"},
	{\"KeyId\":\"$M\",\"KeySpec\":\"HMAC_256\",
	\"KeyUsage\":\"GENERATE_VERIFY_MAC\",\"KeyMaterial\":\"$material\"},
	{\"KeyId\":\"$E\",\"KeySpec\":\"ECC_NIST_P256\",
	\"KeyUsage\":\"SIGN_VERIFY\",
	\"KeyMaterial\":\"$(base64 -w0 "$tmp/ec.der")\"}"
start() {
	kmsd_start --listen "unix:$tmp/kmsd.sock" --seed "$tmp/seed.json" \
		--region us-east-1,eu-west-1 "$@"
}

seed "{\"Keys\":[$keys,{\"KeyId\":\"$R\",\"Region\":\"eu-west-1\"}]}"
ok it_starts start || bail "kmsd does not start"
like a_key_has_its_id "$(peer DescribeKey "{\"KeyId\":\"$A\"}")" \
	"\"Description\":\"of tests\".*\"Enabled\""
like its_alias_names_it "$(peer DescribeKey '{"KeyId":"alias/app2"}')" "$A"
like another_region_has_its_key "$(curl -s --unix-socket "$tmp/kmsd.sock" \
	-H "X-Amz-Target: TrentService.DescribeKey" \
	-H "X-Kmsd-Region: eu-west-1" -d "{\"KeyId\":\"$R\"}" http://kmsd/)" \
	'"Enabled"'
is the_mac_is_of_the_given_material "$(peer GenerateMac \
	"{\"KeyId\":\"$M\",\"Message\":\"aGVsbG8=\",\"MacAlgorithm\":\"HMAC_SHA_256\"}" |
	field Mac | base64 -d | xxd -p -c 64)" \
	"$(printf hello | openssl mac -digest SHA256 -macopt "hexkey:$hex" \
		HMAC | tr A-F a-f)"
is the_pair_is_the_given_one "$(peer GetPublicKey "{\"KeyId\":\"$E\"}" |
	field PublicKey)" "$(base64 -w0 "$tmp/ec.pub")"
blob=$(peer Encrypt "{\"KeyId\":\"$A\",\"Plaintext\":\"c2VjcmV0\"}" |
	field CiphertextBlob)
like what_was_added_is_audited "$(cat "$tmp/state/audit.jsonl")" \
	"\"eventName\":\"SeedKey\".*$A.*\"SeedAlias\".*alias/app"
events() { grep -c '"eventName":"Seed' "$tmp/state/audit.jsonl"; }
before=$(events)
ok it_stops kmsd_stop
ok the_same_file_again start
is adds_nothing "$(events)" "$before"
like and_changes_nothing "$(peer Decrypt "{\"CiphertextBlob\":\"$blob\"}")" \
	'"Plaintext":"c2VjcmV0"'
ok it_stops_again kmsd_stop

# Another folder, the same material: what one made the other opens.
ok an_empty_folder_gets_the_same start --state "$tmp/other"
like it_opens_what_the_first_made \
	"$(peer Decrypt "{\"CiphertextBlob\":\"$blob\"}")" \
	'"Plaintext":"c2VjcmV0"'
ok it_stops_too kmsd_stop

refused() { # NAME PATTERN JSON
	local said status=0
	seed "$3"
	said=$(timeout 20 "$KMSD" --dev --state "$tmp/state" --listen \
		127.0.0.1:0 --seed "$tmp/seed.json" 2>&1) || status=$?
	like "$1" "$status $said" "^1 .*$2"
}
N=99999999-2222-4333-8444-555555555555
new="{\"KeyId\":\"$N\"}"
refused other_material 'with other material' \
	"{\"Keys\":[$new,{\"KeyId\":\"$A\",\"KeyMaterial\":\"${material/A/B}\"}]}"
refused another_spec 'KeySpec SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT' \
	"{\"Keys\":[$new,{\"KeyId\":\"$A\",\"KeySpec\":\"HMAC_256\",\"KeyUsage\":\"GENERATE_VERIFY_MAC\"}]}"
refused an_alias_of_another "alias/app is there, and of key $A" \
	"{\"Keys\":[{\"KeyId\":\"$N\",\"Aliases\":[\"alias/app\"]}]}"
refused a_key_twice 'twice' "{\"Keys\":[$new,$new]}"
refused an_alias_of_aws 'not of alias/aws/' \
	"{\"Keys\":[{\"KeyId\":\"$N\",\"Aliases\":[\"alias/aws/x\"]}]}"
refused short_material 'is 32 bytes long, not 3' \
	"{\"Keys\":[{\"KeyId\":\"$N\",\"KeyMaterial\":\"AAAA\"}]}"
refused a_pair_of_another_kind 'not a private key of RSA_2048' \
	"{\"Keys\":[{\"KeyId\":\"$N\",\"KeySpec\":\"RSA_2048\",\"KeyUsage\":\"SIGN_VERIFY\",\"KeyMaterial\":\"$(base64 -w0 "$tmp/ec.der")\"}]}"
refused no_base64 'no base64' \
	"{\"Keys\":[{\"KeyId\":\"$N\",\"KeyMaterial\":\"?\"}]}"
refused no_uuid 'a KeyId is a UUID' '{"Keys":[{"KeyId":"app"}]}'
refused an_unknown_member 'no member \"Policies\"' \
	"{\"Keys\":[{\"KeyId\":\"$N\",\"Policies\":\"x\"}]}"
refused a_region_that_is_not_served 'region mars-1 is not served' \
	"{\"Keys\":[{\"KeyId\":\"$N\",\"Region\":\"mars-1\"}]}"
refused what_is_no_list 'see kmsd\(8\)' '{"Keys":7}'
refused what_is_no_json 'not one JSON object' '{"Keys":['
seed "{\"Keys\":[$new]}"
chmod 644 "$tmp/seed.json"
like a_file_that_others_read "$(timeout 20 "$KMSD" --dev --state "$tmp/state" \
	--listen 127.0.0.1:0 --seed "$tmp/seed.json" 2>&1)" 'mode 0600 or 0400'
seed "{\"Keys\":[]}"
ok it_still_starts start
like no_refused_file_has_added_anything \
	"$(peer DescribeKey "{\"KeyId\":\"$N\"}")" NotFoundException
done_testing
