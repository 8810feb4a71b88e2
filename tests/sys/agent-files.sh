#!/bin/bash
# SPDX-License-Identifier: MIT
# Files through the agent: there and back by each way of having a right to
# them, and everybody and everything else refused and audited; jobs that hang,
# are left, or are too many.  What the format itself refuses is the business
# of the bulk tests.
# timeout: 200
. tests/ktap.sh
. tests/agent.sh
agent_lab
U=$LAB/tmp
key_create docs --cmk "$CMK" --allow "uid:$ALICE" || bail "no entry docs"
key_create other --cmk "$CMK" --allow "uid:$ALICE" || bail "no entry other"
tar -C / --ignore-failed-read -cf - usr/include 2>/dev/null |
	head -c 3000001 >"$LAB/plain"
chmod 644 "$LAB/plain"
SUM=$(sha256sum <"$LAB/plain")

as() { # uid command of kmsctl...
	lab_as "$1" "$LAB/kmsctl" "${@:2}"
}
same() { [ "$(sha256sum <"$1")" = "$SUM" ]; }
# refused NAME TEXT CMD...: fails, says so, and releases nothing.
refused() {
	local name=$1 text=$2 err
	shift 2
	err=$("$@" 2>&1 >"$U/out") && { fail "$name" "it succeeded"; return; }
	[ ! -s "$U/out" ] || { fail "$name" "bytes came out"; return; }
	like "$name" "$err" "$text"
}
in_and_out() { # name, then what decrypt gets too
	as "$ALICE" encrypt "${@:2}" <"$LAB/plain" >"$U/$1" &&
		as "$ALICE" decrypt "${@:2}" <"$U/$1" >"$U/back" &&
		same "$U/back" && ! cmp -s "$LAB/plain" "$U/$1"
}

# ---- there and back ----
ok by_name in_and_out named -k docs
ok by_uid in_and_out own
ok with_a_context in_and_out ctx -c app=mail -c for=you
ok from_pipe_to_pipe eval 'as "$ALICE" encrypt -k docs <"$LAB/plain" |
	as "$ALICE" decrypt -k docs >"$U/back" && same "$U/back"'
ok an_empty_file eval 'as "$ALICE" encrypt </dev/null >"$U/empty" &&
	[ -s "$U/empty" ] && as "$ALICE" decrypt <"$U/empty" >"$U/back" &&
	[ ! -s "$U/back" ]'
ok root_opens_anybodys eval 'ctl decrypt <"$U/own" >"$U/back" && same "$U/back"'
ok root_takes_any_cmk eval 'ctl encrypt --cmk "$CMK" <"$LAB/plain" >"$U/cmk" &&
	ctl decrypt --cmk "$CMK" <"$U/cmk" >"$U/back" && same "$U/back"'
ok it_is_audited audited MessageDecrypted '"uid":0' '"bytes":3000001' "$CMK_ARN"
ok the_keys_way_is_audited_before audited MessageKeyReleased "$CMK_ARN"

# ---- what the message says ----
header() { "$B/tools/message-key" request "$1"; }
is a_named_one_pins_the_name "$(header "$U/named" |
	json "j['EncryptionContext']")" \
	"{'kmsagent:name': 'docs', 'kmsagent:purpose': 'message'}"
is an_own_one_pins_the_uid "$(header "$U/ctx" |
	json "sorted(j['EncryptionContext'].items())")" \
	"[('app', 'mail'), ('for', 'you'), ('kmsagent:purpose', 'message'), \
('kmsagent:uid', '$ALICE')]"
ok each_has_a_data_key_of_its_own eval '[ "$(header "$U/named" |
	json "j[\"CiphertextBlob\"]")" != "$(as "$ALICE" encrypt -k docs \
	<"$LAB/plain" >"$U/again"; header "$U/again" |
	json "j[\"CiphertextBlob\"]")" ]'

# ---- who may not ----
refused anothers_message denied as "$BOB" decrypt <"$U/own"
ok audited_as_denied audited DecryptFailed '"denied"' "\"uid\":$BOB"
refused a_name_that_is_not_his denied as "$BOB" decrypt -k docs <"$U/named"
ok audited_too audited DecryptFailed '"denied"' "\"uid\":$BOB" '"name":"docs"'
refused encrypting_by_it denied as "$BOB" encrypt -k docs <"$LAB/plain"
refused a_named_message_without_its_name denied as "$ALICE" decrypt <"$U/named"
refused a_named_message_by_another_name denied as "$ALICE" decrypt -k other \
	<"$U/named"
refused an_own_message_by_a_name denied as "$ALICE" decrypt -k docs <"$U/own"
refused a_cmk_of_ones_choice denied as "$ALICE" encrypt --cmk "$CMK" \
	<"$LAB/plain"
refused to_open_by_a_cmk denied as "$ALICE" decrypt --cmk "$CMK" <"$U/cmk"
refused a_name_that_is_none 'no key is called' as "$ALICE" encrypt -k nokey \
	<"$LAB/plain"
refused a_pair_that_it_lacks 'refused' as "$ALICE" decrypt -c app=news <"$U/ctx"
ok a_pair_of_two_is_enough eval 'as "$ALICE" decrypt -c app=mail <"$U/ctx" \
	>"$U/back" && same "$U/back"'
refused a_reserved_pair 'kmsagent:' as "$ALICE" encrypt -c kmsagent:uid=0 \
	<"$LAB/plain"

# ---- blobs in other places ----
# forge FILE CONTEXT-JSON BLOB-BASE64 ARN: a message header around a blob of
# another purpose; everything but the data key is right.
forge() {
	python3 - "$@" <<-'PY'
		import base64, json, os, struct, sys
		out, ctx, blob, arn = sys.argv[1:5]
		ctx = json.loads(ctx)
		f = lambda b: struct.pack(">H", len(b)) + b
		pairs = b"".join(f(k.encode()) + f(ctx[k].encode())
		                 for k in sorted(ctx, key=str.encode))
		sec = struct.pack(">H", len(ctx)) + pairs if ctx else b""
		edk = f(b"aws-kms") + f(arn.encode()) + f(base64.b64decode(blob))
		open(out, "wb").write(b"\x02\x04\x78" + os.urandom(32) + f(sec) +
		    struct.pack(">H", 1) + edk + b"\x02" +
		    struct.pack(">I", 4096) + os.urandom(32) + os.urandom(16))
	PY
}
blob() { shown docs ciphertext_blob; }
forge "$U/ring" '{"kmsagent:name":"docs","kmsagent:purpose":"ring"}' \
	"$(blob)" "$CMK_ARN"
refused a_ring_keys_blob_with_its_context denied as "$ALICE" decrypt -k docs \
	<"$U/ring"
refused not_for_root_either denied ctl decrypt <"$U/ring"
ok and_audited audited DecryptFailed '"denied"' '"uid":0'
forge "$U/ring" '{"kmsagent:name":"docs","kmsagent:purpose":"message"}' \
	"$(blob)" "$CMK_ARN"
refused a_ring_keys_blob_as_a_message InvalidCiphertext\|refused as "$ALICE" \
	decrypt -k docs <"$U/ring"
ok that_the_kms_refuses audited DecryptFailed InvalidCiphertextException
volume=$(lab_kms GenerateDataKeyWithoutPlaintext "{\"KeyId\":\"$CMK\",
	\"KeySpec\":\"AES_256\",\"EncryptionContext\":{\"kmsagent:purpose\":
	\"volume\",\"kmsagent:name\":\"docs\"}}" | json "j['CiphertextBlob']")
forge "$U/volume" '{"kmsagent:name":"docs","kmsagent:purpose":"volume"}' \
	"$volume" "$CMK_ARN"
refused a_volumes_blob denied ctl decrypt <"$U/volume"
ok audited_as_well audited DecryptFailed '"denied"'

# ---- damage: which check it was is the log's alone ----
python3 -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[-20] ^= 1
open(sys.argv[2], "wb").write(b)' "$U/named" "$U/flipped"
err=$(as "$ALICE" decrypt -k docs <"$U/flipped" 2>&1 >"$U/part") && err=none
like a_flipped_bit "$err" 'incomplete, damaged or changed'
is what_came_before_it_is_a_prefix "$(cmp "$LAB/plain" "$U/part" 2>&1 |
	grep -c EOF)" 1
ok the_check_is_in_the_audit audited DecryptFailed '"frame-tag"'
refused a_file_that_is_none 'not .*message|refused' as "$ALICE" decrypt \
	<"$LAB/plain"
refused half_a_header 'refused' as "$ALICE" decrypt < <(head -c 50 "$U/own")

# ---- open CMKs ----
printf '[message]\nopen_cmks = %s\n' "$CMK_ARN" >>"$LAB/kmsagent.conf"
agent_restart
ok an_open_cmk_is_for_all eval 'as "$BOB" encrypt --cmk "$CMK_ARN" \
	<"$LAB/plain" >"$U/open" && as "$BOB" decrypt <"$U/open" >"$U/back" &&
	same "$U/back"'
refused but_not_anothers_pin denied as "$ALICE" decrypt <"$U/open"
refused nor_a_named_message denied as "$BOB" decrypt <"$U/named"

# ---- jobs that hang, jobs that are left, too many jobs ----
printf '[limits]\njobs_per_uid = 2\njobs = 3\n' >>"$LAB/kmsagent.conf"
agent_restart
workers() { status workers; }
mkfifo -m 666 "$U/a" "$U/b" "$U/c" "$U/d"
stuck() { # uid fifo: a job whose output nobody takes
	lab_as "$1" sh -c 'exec "$1" encrypt <"$2" >"$3"' - "$LAB/kmsctl" \
		"$LAB/plain" "$2" &
	at_exit let_go $!
}
exec {ra}<>"$U/a" {rb}<>"$U/b" {rc}<>"$U/c"
stuck $ALICE "$U/a"
stuck $ALICE "$U/b"
ok two_jobs_hang wait_for '[ "$(workers)" = 2 ]' 10
refused a_third_of_one_uid busy as "$ALICE" encrypt <"$LAB/plain"
ok others_have_room eval 'as "$BOB" encrypt <"$LAB/plain" >"$U/bobs"'
stuck $BOB "$U/c"
ok three_jobs_hang wait_for '[ "$(workers)" = 3 ]' 10
refused a_fourth_of_all busy as 64003 encrypt <"$LAB/plain"
like keys_come_all_the_same "$(request $ALICE docs)" '^[0-9]+$'
pid=$(pgrep -o -P "$LAB_AGENT" -f -- "--as worker:$LAB_WORKER:")
in_proc() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
is a_worker_is_nobody "$(in_proc "$pid" Uid | tr '\t' ' ') \
$(in_proc "$pid" CapEff) $(in_proc "$pid" NoNewPrivs)" \
	"$LAB_WORKER $LAB_WORKER $LAB_WORKER $LAB_WORKER 0000000000000000 1"
is it_has_the_callers_files_and_no_more "$(find "/proc/$pid/fd" -type l |
	wc -l)" 6
kill "$(pgrep -o -u $ALICE -f "^$LAB/kmsctl encrypt")"
ok a_caller_that_leaves_takes_its_worker_along wait_for \
	'[ "$(workers)" = 2 ]' 10
ok it_is_audited_as_left audited EncryptFailed '"cancelled"' "\"uid\":$ALICE"
kill -KILL "$(pgrep -o -P "$LAB_AGENT" -f -- "--as worker:$LAB_WORKER:")"
ok a_worker_that_dies_ends_its_job wait_for '[ "$(workers)" = 1 ]' 10
lab_stop "$LAB_AGENT" KILL
ok workers_end_with_the_agent wait_for \
	'! pgrep -f -- "--as worker:$LAB_WORKER:" >/dev/null' 10
exec {ra}<&- {rb}<&- {rc}<&-
lab_agent_start
is descriptors_are_needed "$("$LAB/varlink-call" "$LAB/agent.sock" \
	io.kmsagent.Agent.Encrypt '{"context":{},"input":0,"output":1}' |
	cut -d' ' -f1)" io.kmsagent.Agent.InvalidArgument
like an_engine_that_is_none_is_told "$("$LAB/varlink-call" "$LAB/agent.sock" \
	io.kmsagent.Agent.Encrypt \
	'{"context":{},"input":0,"output":1,"engine":"x"}' 0 1)" \
	'InvalidArgument.*auto, kcapi or openssl'
done_testing
