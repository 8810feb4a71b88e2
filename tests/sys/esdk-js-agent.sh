#!/bin/bash
# SPDX-License-Identifier: MIT
# Through and through: a file that kmsctl and the agent encrypt opens in the
# AWS Encryption SDK for JavaScript with its own KMS keyring against kmsd over
# HTTP and SigV4, and what that SDK writes opens with kmsctl.
. tests/ktap.sh
. tests/agent.sh
need_cmd node npm python3
set -o pipefail
sdk=$TOP/tests/data/esdk-sdk.cjs
NODE_PATH=$("$TOP/tests/data/esdk-sdk-install") ||
	bail "the SDK cannot be had: see tests/data/esdk-sdk-install"
export NODE_PATH
agent_lab
# shellcheck source=/dev/null # written by kmsd
. "$LAB/kmsd.env" || bail "kmsd --dev does not print its shell exports"

# sdk OP FIELD FILE ARN [CONTEXT]: the bytes of FIELD of the SDK's answer.
sdk() {
	OP=$1 FIELD=$2 FILE=$3 ARN=$4 CONTEXT=${5-} python3 -c '
import json, os, subprocess, sys
e = os.environ
data = open(e["FILE"], "rb").read().hex()
q = {"op": e["OP"], "keyring": {
    "kms": [e["ARN"]], "endpoint": e["AWS_ENDPOINT_URL_KMS"],
    "key_id": e["AWS_ACCESS_KEY_ID"], "secret": e["AWS_SECRET_ACCESS_KEY"]}}
if e["OP"] == "encrypt":
    q.update(plaintext=data, context=json.loads(e["CONTEXT"]))
else:
    q.update(message=data)
a = json.loads(subprocess.run(["node", sys.argv[1]], check=True,
    input=json.dumps(q) + "\n", stdout=subprocess.PIPE, text=True).stdout)
if "error" in a:
    sys.exit(a["error"])
if e["OP"] == "decrypt":
    print(json.dumps(a["context"], sort_keys=True), file=sys.stderr)
sys.stdout.buffer.write(bytes.fromhex(a[e["FIELD"]]))' "$sdk"
}
head -c 1000000 /dev/urandom >"$LAB/plain"

ok kmsctl_encrypts ctl encrypt --cmk "$CMK" -c app=walk -o "$LAB/ours" \
	"$LAB/plain"
sdk_opens() {
	sdk decrypt plaintext "$LAB/ours" "$CMK_ARN" >"$LAB/back" \
		2>"$LAB/context"
}
ok the_sdk_opens_it_by_its_kms_keyring sdk_opens
ok to_the_same_bytes cmp "$LAB/plain" "$LAB/back"
is and_sees_what_it_is_bound_to "$(tail -n 1 "$LAB/context")" \
	'{"app": "walk", "kmsagent:purpose": "message", "kmsagent:uid": "0"}'

sdk_writes() {
	sdk encrypt message "$LAB/plain" "$CMK_ARN" '{"a":"b"}' >"$LAB/theirs"
}
ok the_sdk_encrypts_by_its_kms_keyring sdk_writes
ok kmsctl_opens_it_as_root ctl decrypt --cmk "$CMK" -c a=b -o "$LAB/theirs.out" \
	"$LAB/theirs"
ok to_the_same_bytes_too cmp "$LAB/plain" "$LAB/theirs.out"

# Both ends can refuse.
first=$CMK_ARN
new_cmk
not_ok the_sdk_does_not_open_it_by_another_cmk \
	sdk decrypt plaintext "$LAB/ours" "$CMK_ARN"
not_ok kmsctl_does_not_open_it_by_another_cmk \
	ctl decrypt --cmk "$CMK" -c a=b -o "$LAB/no" "$LAB/theirs"
not_ok kmsctl_does_not_open_it_under_another_context \
	ctl decrypt --cmk "$first" -c a=c -o "$LAB/no" "$LAB/theirs"
ok and_leaves_no_file test ! -e "$LAB/no"
lab_kms DisableKey "{\"KeyId\":\"$first\"}" >/dev/null
not_ok the_sdk_does_not_open_it_by_a_disabled_cmk \
	sdk decrypt plaintext "$LAB/ours" "$first"
done_testing
