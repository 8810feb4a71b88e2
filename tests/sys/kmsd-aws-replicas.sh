#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's AWS CLI (v2) walks multi-Region keys in two regions of one kmsd:
# replicas, roles, deletion, and material that the openssl program wrapped,
# which each of the related keys imports for itself.
# timeout: 300
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
. tests/awscli.sh
need_cmd openssl curl
start() { kmsd_start --region us-east-1,eu-west-1; }
start || bail "kmsd does not start"

# us ARG..., eu ARG...: the CLI, in one region or the other.
us() { kms --region us-east-1 "$@"; }
eu() { kms --region eu-west-1 "$@"; }
# refuses NAME EXCEPTION us|eu ARG...: one point: the CLI reports that.
refuses() {
	local name=$1 want="An error occurred ($2) when calling the" out
	shift 2
	out=$("$@" 2>&1)
	like "$name" "$out" "${want//[()]/.}"
}
describe() { # us|eu QUERY
	"$1" describe-key --key-id "$key" --query "KeyMetadata.$2"
}

key=$(us create-key --multi-region --query KeyMetadata.KeyId)
like create_key_multi_region "$key" '^mrk-[0-9a-f]{32}$'
is replicate_key "$(us replicate-key --key-id "$key" \
	--replica-region eu-west-1 --description there \
	--tags TagKey=a,TagValue=b \
	--query 'ReplicaKeyMetadata.[KeyId,KeyState,Description]')" \
	"$key	Creating	there"
ok it_can_be_used_at_once eu encrypt --key-id "$key" --plaintext AAAA
refuses replicate_twice AlreadyExistsException \
	us replicate-key --key-id "$key" --replica-region eu-west-1
config='MultiRegionConfiguration.[MultiRegionKeyType,PrimaryKey.Region,ReplicaKeys[0].Region]'
is the_primary_knows "$(describe us "$config")" "PRIMARY	us-east-1	eu-west-1"
is the_replica_knows "$(describe eu "$config")" "REPLICA	us-east-1	eu-west-1"
is its_arn_is_of_its_region "$(describe eu Arn)" \
	"arn:aws:kms:eu-west-1:$KMS_ACCOUNT_ID:key/$key"
us encrypt --key-id "$key" --plaintext fileb:///etc/hostname \
	--query CiphertextBlob | base64 -d >"$tmp/blob"
opened() { # us|eu
	"$1" decrypt --ciphertext-blob "fileb://$tmp/blob" --query Plaintext |
		base64 -d | cmp - /etc/hostname
}
ok what_one_sealed_the_other_opens opened eu

ok update_primary_region us update-primary-region --key-id "$key" \
	--primary-region eu-west-1
is the_roles_are_swapped "$(describe us "$config")" \
	"REPLICA	eu-west-1	us-east-1"
refuses a_replica_is_not_replicated UnsupportedOperationException \
	us replicate-key --key-id "$key" --replica-region eu-west-1
is a_primary_waits_for_its_replicas "$(eu schedule-key-deletion \
	--key-id "$key" --pending-window-in-days 7 \
	--query '[KeyState,DeletionDate]')" "PendingReplicaDeletion	None"
kmsd_stop
ok it_starts_again start
is and_waits "$(describe eu '[KeyState,PendingDeletionWindowInDays]')" \
	"PendingReplicaDeletion	7"
ok a_replica_does_not opened us
ok cancel_key_deletion eu cancel-key-deletion --key-id "$key"

# --- imported material
head -c 32 /dev/urandom >"$tmp/material"
head -c 32 /dev/urandom >"$tmp/other"
import() { # us|eu FILE
	"$1" get-parameters-for-import --key-id "$key" \
		--wrapping-algorithm RSAES_OAEP_SHA_256 \
		--wrapping-key-spec RSA_2048 \
		--query '[ImportToken,PublicKey]' >"$tmp/parameters" &&
		cut -f 1 "$tmp/parameters" | base64 -d >"$tmp/token" &&
		cut -f 2 "$tmp/parameters" | base64 -d >"$tmp/public" &&
		openssl pkeyutl -encrypt -pubin -keyform DER \
			-inkey "$tmp/public" -in "$2" -out "$tmp/wrapped" \
			-pkeyopt rsa_padding_mode:oaep \
			-pkeyopt rsa_oaep_md:sha256 \
			-pkeyopt rsa_mgf1_md:sha256 &&
		"$1" import-key-material --key-id "$key" \
			--import-token "fileb://$tmp/token" \
			--encrypted-key-material "fileb://$tmp/wrapped" \
			--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
}
key=$(us create-key --multi-region --origin EXTERNAL \
	--query KeyMetadata.KeyId)
refuses what_has_no_material_is_not_replicated KMSInvalidStateException \
	us replicate-key --key-id "$key" --replica-region eu-west-1
ok a_primary_imports import us "$tmp/material"
ok and_is_replicated us replicate-key --key-id "$key" \
	--replica-region eu-west-1
is its_replica_waits_for_its_own "$(describe eu KeyState)" PendingImport
refuses other_material_is_refused IncorrectKeyMaterialException \
	import eu "$tmp/other"
ok the_same_is_taken import eu "$tmp/material"
is the_replica_is_ready "$(describe eu KeyState)" Enabled
us encrypt --key-id "$key" --plaintext fileb:///etc/hostname \
	--query CiphertextBlob | base64 -d >"$tmp/blob"
ok and_opens_what_the_primary_sealed opened eu
done_testing
