#!/bin/bash
# SPDX-License-Identifier: MIT
# parallel-safe
# The real AWS Encryption SDK for JavaScript reads what is written here and
# writes what is read here.  The version locked is one of before its fix of a
# one-shot decrypt that drops plaintext of frames of 16 KiB and more: what is
# written here by default must come out whole there too.
. tests/ktap.sh
set -o pipefail
need_cmd node npm python3
sdk=$TOP/tests/data/esdk-sdk.cjs
tool=$B/tools/bulk-tool
NODE_PATH=$("$TOP/tests/data/esdk-sdk-install") ||
	bail "the SDK cannot be had: see tests/data/esdk-sdk-install"
export NODE_PATH
tmpdir
head -c 32 /dev/urandom >"$tmp/key"
wrapping_key=$(xxd -p -c64 "$tmp/key")
raw='"keyring":{"aes":"'$wrapping_key'","namespace":"kmsagent-test","name":"wrapping-key-1"}'

hex() { xxd -p "$1" | tr -d '\n'; }
# The text of one field of an answer; fails where the SDK answers an error.
field() {
	python3 -c 'import json, sys
a = json.loads(sys.stdin.readline())
sys.exit(a["error"]) if "error" in a else print(a[sys.argv[1]])' "$1"
}
plain() { head -c "$1" /dev/urandom >"$tmp/plain"; }

sdk_encrypt() { # frame
	printf '{"op":"encrypt","plaintext":"%s","frame":%d,"context":{"a":"1","Z":"ü"},%s}\n' \
		"$(hex "$tmp/plain")" "$1" "$raw" | node "$sdk" |
		field message | xxd -r -p >"$tmp/message"
}
sdk_decrypt() {
	printf '{"op":"decrypt","message":"%s",%s}\n' \
		"$(hex "$tmp/message")" "$raw" | node "$sdk" |
		field plaintext | xxd -r -p >"$tmp/back"
}
ours_encrypt() { # frame, or nothing
	"$tool" encrypt ${1:+-f "$1"} -c a=1 -c Z=ü "$tmp/key" \
		<"$tmp/plain" >"$tmp/message"
}
ours_decrypt() {
	"$tool" decrypt -c a=1 -c Z=ü "$tmp/key" <"$tmp/message" >"$tmp/back"
}
there_and_back() { # encrypt frame decrypt
	"$1" "$2" && "$3" && cmp "$tmp/plain" "$tmp/back"
}

for n in 0 1 16351 16352 16353 3000000; do
	plain "$n"
	ok "the_sdk_reads_our_message_of_$n" \
		there_and_back ours_encrypt '' sdk_decrypt
	ok "we_read_the_sdks_message_of_$n" \
		there_and_back sdk_encrypt 4096 ours_decrypt
done
plain 300000
ok the_sdk_reads_our_frames_of_4096 \
	there_and_back ours_encrypt 4096 sdk_decrypt
ok we_read_the_sdks_frames_of_65536 \
	there_and_back sdk_encrypt 65536 ours_decrypt
# The pair of both must be able to fail.
ours_encrypt 4096
printf '\001' | dd of="$tmp/message" bs=1 seek=5000 conv=notrunc status=none
not_ok the_sdk_refuses_our_message_with_a_byte_changed sdk_decrypt
sdk_encrypt 4096
printf '\001' | dd of="$tmp/message" bs=1 seek=5000 conv=notrunc status=none
not_ok we_refuse_the_sdks_message_with_a_byte_changed ours_decrypt
is and_give_out_no_more_than_the_frame_before "$(stat -c %s "$tmp/back")" 4096
done_testing
