#!/bin/bash
# SPDX-License-Identifier: MIT
# The agent's KMS client and kmsd, over TCP with signatures and over a Unix
# socket without: data key, context, dry run, and what each state of the CMK
# means for a lease.
# timeout: 60
. tests/ktap.sh
for i in "$B/kmsd" "$B/tools/kms-walk"; do
	[ -x "$i" ] || skip_all "needs $i built"
done
tmpdir
"$B/kmsd" --dev --listen 127.0.0.1:0 --listen "unix:$tmp/kmsd.sock" \
	--state "$tmp/state" >"$tmp/out" 2>"$tmp/err" &
kmsd=$!
at_exit eval "kill $kmsd; wait $kmsd 2>/dev/null"
wait_for 'grep -q "^# kmsd ready" "$tmp/out"' 20 ||
	bail "kmsd does not start: $(tail -n 3 "$tmp/err")"
eval "$(grep '^export ' "$tmp/out")"

want='CreateKey ok
DescribeKey ok
GenerateDataKey ok
Decrypt ok
same key cmk
without-context InvalidCiphertextException unreachable
without-cmk NotFoundException unreachable
DryRun ok
DisableKey ok
DryRun DisabledException revoked
EnableKey ok
DryRun ok
ScheduleKeyDeletion ok
DryRun KMSInvalidStateException revoked'
is the_walk_over_tcp_is_as_aws_has_it \
	"$("$B/tools/kms-walk" "$AWS_ENDPOINT_URL_KMS" 2>&1)" "$want"
is the_walk_over_a_unix_socket_is_the_same \
	"$("$B/tools/kms-walk" "unix:$tmp/kmsd.sock" 2>&1)" "$want"
is a_wrong_secret_is_unreachable_and_not_revoked \
	"$(AWS_SECRET_ACCESS_KEY=wrong "$B/tools/kms-walk" \
		"$AWS_ENDPOINT_URL_KMS" 2>/dev/null | head -n 1)" \
	"CreateKey InvalidSignatureException unreachable"
is an_unknown_access_key_is_unreachable_and_not_revoked \
	"$(AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE "$B/tools/kms-walk" \
		"$AWS_ENDPOINT_URL_KMS" 2>/dev/null | head -n 1)" \
	"CreateKey UnrecognizedClientException unreachable"
done_testing
