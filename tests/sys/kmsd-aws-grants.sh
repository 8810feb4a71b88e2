#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's AWS CLI (v2) walks tags, descriptions, policies, grants and custom
# key stores: what AWS's own client sends must be understood, and what we
# answer must be what it expects.
# timeout: 300
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
. tests/awscli.sh
kmsd_start --region us-east-1,eu-west-1 || bail "kmsd does not start"

# --- tags and descriptions
key=$(kms create-key --tags TagKey=made,TagValue=early --query KeyMetadata.KeyId)
like create_key_takes_tags "$key" '^[0-9a-f-]{36}$'
ok tag_resource kms tag-resource --key-id "$key" \
	--tags TagKey=team,TagValue=blue TagKey=app,TagValue=
tags() {
	kms list-resource-tags --key-id "$key" "$@" \
		--query 'Tags[].[TagKey,TagValue]' | tr '\t' =
}
is they_are_listed "$(tags)" "app=
made=early
team=blue"
is page_by_page "$(tags --page-size 1 | wc -l)" 3
ok untag_resource kms untag-resource --key-id "$key" --tag-keys team made
is then_they_are_gone "$(tags)" app=
refuses awss_own_tags TagException "Tags beginning with aws: are reserved" \
	tag-resource --key-id "$key" --tags TagKey=aws:x,TagValue=y
ok update_key_description kms update-key-description --key-id "$key" \
	--description "walked on"
is it_is_shown "$(kms describe-key --key-id "$key" \
	--query KeyMetadata.Description)" "walked on"

# --- policies
is list_key_policies "$(kms list-key-policies --key-id "$key" \
	--query PolicyNames)" default
is the_default_policy "$(kms get-key-policy --key-id "$key" \
	--policy-name default --query Policy)" \
	'{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::'"$KMS_ACCOUNT_ID"':root"},"Action":"kms:*","Resource":"*"}]}'
cat >"$tmp/policy" <<END
{ "Version": "2012-10-17",
  "Statement": [{
	"Effect": "Allow",
	"Principal": { "AWS": "$KMS_ACCOUNT_ID" },
	"Action": ["kms:Put*", "kms:Get*"],
	"Resource": "*" }] }
END
ok put_key_policy kms put-key-policy --key-id "$key" --policy-name default \
	--policy "file://$tmp/policy"
is it_is_kept_to_the_letter "$(kms get-key-policy --key-id "$key" \
	--policy-name default --query Policy)" "$(cat "$tmp/policy")"
sed 's/kms:Put/kms:List/' "$tmp/policy" >"$tmp/lockout"
refuses a_policy_that_locks_out MalformedPolicyDocumentException \
	"The new key policy will not allow you to update the key policy in the future." \
	put-key-policy --key-id "$key" --policy-name default \
	--policy "file://$tmp/lockout"
ok unless_one_insists kms create-key --policy "file://$tmp/lockout" \
	--bypass-policy-lockout-safety-check
refuses what_is_no_policy MalformedPolicyDocumentException "Syntax errors" \
	create-key --policy '{}'

# --- grants
user=arn:aws:iam::$KMS_ACCOUNT_ID:user
create() {
	kms create-grant --key-id "$key" --grantee-principal "$user/bob" \
		--operations Encrypt Decrypt --query '[GrantId,GrantToken]' "$@"
}
read -r grant token <<<"$(create --retiring-principal "$user/carol" --name n \
	--constraints 'EncryptionContextSubset={a=b}')"
like create_grant_gives_an_id "$grant" '^[0-9a-f]{64}$'
read -r again other <<<"$(create --retiring-principal "$user/carol" --name n \
	--constraints 'EncryptionContextSubset={a=b}')"
is the_same_again_is_the_same "$again" "$grant"
not_ok with_another_token test "$other" = "$token"
is list_grants "$(kms list-grants --key-id "$key" --query \
	'Grants[].[GrantId,Name,GranteePrincipal,RetiringPrincipal,IssuingAccount]')" \
	"$grant	n	$user/bob	$user/carol	arn:aws:iam::$KMS_ACCOUNT_ID:root"
is its_constraints "$(kms list-grants --key-id "$key" --query \
	'Grants[].Constraints.EncryptionContextSubset.a')" b
is list_retirable_grants "$(kms list-retirable-grants \
	--retiring-principal "$user/carol" --query 'Grants[].GrantId')" "$grant"
ok a_token_can_be_given kms encrypt --key-id "$key" --plaintext AAAA \
	--grant-tokens "$token"
refuses a_token_that_is_none InvalidGrantTokenException "" encrypt \
	--key-id "$key" --plaintext AAAA --grant-tokens "${token%????}AAA="
for _ in 1 2 3; do create >"$tmp/more"; done
is grants_page_by_page "$(kms list-grants --key-id "$key" --page-size 1 \
	--query 'Grants[].GrantId' | tr '\t' '\n' | sort -u | wc -l)" 4
ok revoke_grant kms revoke-grant --key-id "$key" \
	--grant-id "$(cut -f 1 "$tmp/more")"
ok retire_grant_by_token kms retire-grant --grant-token "$token"
refuses a_grant_ends_once NotFoundException "Grant ID $grant not found" \
	revoke-grant --key-id "$key" --grant-id "$grant"
is two_are_left "$(kms list-grants --key-id "$key" \
	--query 'length(Grants)')" 2
not_ok tokens_are_not_recorded grep -qF "$token" "$tmp/state/audit.jsonl"

# --- custom key stores
is describe_custom_key_stores "$(kms describe-custom-key-stores \
	--query 'length(CustomKeyStores)')" 0
refuses there_is_none_to_connect CustomKeyStoreNotFoundException "" \
	connect-custom-key-store --custom-key-store-id cks-1
refuses none_can_be_made UnsupportedOperationException "" \
	create-custom-key-store --custom-key-store-name x

# --- a restart
ok it_stops kmsd_stop
ok it_starts_again kmsd_start --region us-east-1,eu-west-1
is with_the_same_tags "$(tags)" app=
is the_same_policy "$(kms get-key-policy --key-id "$key" \
	--policy-name default --query Policy)" "$(cat "$tmp/policy")"
is the_same_grants "$(kms list-grants --key-id "$key" \
	--query 'length(Grants)')" 2
done_testing
