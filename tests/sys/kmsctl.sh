#!/bin/bash
# SPDX-License-Identifier: MIT
# kmsctl as people and programs meet it: exit statuses, the form of answers
# and errors, what it refuses, and files that come whole or not at all.
. tests/ktap.sh
# Narrower than a kms:* that the host may have, wide enough for doctor's name.
LAB_DESC='kms:doc*'
. tests/lab.sh
need_root
need_cmd jq keyctl script setpriv
ALICE=64001 BOB=64002
tmpdir
work=$tmp
ctl=$B/kmsctl

# run CMD...: its status in $status, its words in $out and $err.
run() {
	"$@" >"$work/out" 2>"$work/err"
	status=$?
	out=$(<"$work/out") err=$(<"$work/err")
}
# json NAME FILTER: one point; passes when the filter over $out is true.
json() {
	# As one list: jq 1.6 takes no input at all for success.
	t_point "$(jq -es "length == 1 and (.[0] | $2)" <<<"$out" \
		>/dev/null 2>&1 && echo 1)" "$1" ||
		diag "$2 over: $out $err"
}
# error NAME STATUS CODE: the last run failed so, and told it in JSON.
error() {
	t_point "$([ "$status" = "$2" ] && jq -es --arg code "$3" '
		length == 1 and (.[0] | keys == ["error"] and .error.code == $code and
		(.error.message | length) > 0 and
		(.error | keys) == ["code", "message", "next_step"] and
		(.error.next_step | . == null or length > 0))' \
		<<<"$err" >/dev/null 2>&1 && echo 1)" "$1" ||
		diag "status $status: $err"
}

# Without an agent.
export KMSAGENT_SOCKET=$work/no-such-socket
run "$ctl"
is no_command_is_a_usage_error "$status" 2
like its_next_step_is_told "$err" 'next: kmsctl --help'
run "$ctl" --help
is help_is_no_error "$status" 0
like help_lists_the_commands "$out" 'key create .*decrypt .*doctor '
run "$ctl" --version
like the_version_is_told "$out" '^kmsctl [0-9]+\.[0-9]+'
run "$ctl" --json frob
error an_unknown_command_is_told_in_json 2 Usage
run "$ctl" --json key show ../etc
error a_name_that_is_none_is_refused 2 Usage
run "$ctl" --json key create n --type user
error a_readable_key_needs_exportable 2 Usage
run "$ctl" --json key create n --exportable
error exportable_needs_a_readable_key 2 Usage
run "$ctl" --json key create n --type fscrypt-provisioning --bytes 65
error a_length_that_the_type_lacks_is_refused 2 Usage
run "$ctl" --json key create n --allow bob
error an_allow_without_its_kind_is_refused 2 Usage
run "$ctl" --json key create n --lease 1fortnight
error a_lease_that_is_no_duration_is_refused 2 Usage
run "$ctl" --json key create n -c kmsagent:name=x
error a_reserved_context_is_refused 2 Usage
run "$ctl" --json key create n -c a=1 -c a=2
error a_context_key_given_twice_is_refused 2 Usage
run "$ctl" --json key delete n
error deleting_wants_destroy 2 Usage
run "$ctl" --json encrypt -k n --cmk x -o "$work/o" /dev/null
error a_key_and_a_cmk_are_refused 2 Usage
run "$ctl" --json encrypt
error json_wants_an_output_file 2 Usage
run script -qec "$ctl encrypt -k n /etc/passwd" /dev/null </dev/null
like ciphertext_is_not_for_a_terminal "$out" 'not for a terminal'
is nor_is_that_done "$status" 2
run "$ctl" --json status
error no_agent_is_told 1 AgentUnreachable
run "$ctl" encrypt -k n -o "$work/o" /etc/passwd
is without_an_agent_encrypting_fails "$status" 1
not_ok and_leaves_no_file test -e "$work/o"
run "$ctl" --json encrypt -k n -o "$work/o" "$work/nothing"
error a_missing_input_is_told 1 System
run "$ctl" --json key load n --ring @p --type logon
error a_ring_that_ends_with_the_process_is_refused 2 Usage
run "$ctl" --json key load n --ring %keyring:no-such --type logon
error a_ring_that_is_not_there_is_told 1 NoKeyring
run "$ctl" --json doctor
is doctor_fails_without_an_agent "$status" 1
json doctor_says_so '.findings[] | select(.check == "agent") |
	.state == "fail" and (.next_step | length > 0)'
json every_bad_finding_has_a_next_step '[.findings[] |
	select(.state != "ok") | .next_step | length > 0] | all'
json findings_are_counted '.ok + .warn + .fail == (.findings | length)'
# What the kernel's own program would run is the expected answer.
runs=$(request-key -n -d -v -D 'logon;0;0;1f0000;kms:doctor' create 1 0 0 0 0 \
	0 '' 2>&1 | sed -n 's/^Run //p')
wants=fail
[[ $runs != */kms-request-key || ! -x $runs ]] || wants=ok
json doctor_and_request_key_agree_on_the_rule '.findings[] |
	select(.check == "request-key rule") | .state == "'$wants'"'

# A service whose clock is ten minutes off: any HTTP answer has a Date.
cat >"$work/late.py" <<'PY'
import email.utils, http.server, sys, time
class Late(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response_only(404)
        self.send_header("Date", email.utils.formatdate(
            time.time() + int(sys.argv[1]), usegmt=True))
        self.send_header("Content-Length", "0")
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Late)
print(server.server_port, flush=True)
server.serve_forever()
PY
clock() { # seconds -> what doctor finds
	local port server state
	exec 9< <(exec python3 "$work/late.py" "$1" 2>/dev/null)
	server=$!
	read -r port <&9
	state=$(AWS_ENDPOINT_URL_KMS=http://127.0.0.1:$port "$ctl" --json doctor |
		jq -r '.findings[] | select(.check == "clock") | .state')
	kill "$server"
	exec 9<&-
	echo "$state"
}
is a_clock_that_agrees_is_well "$(clock 0)" ok
is a_minute_is_worth_a_warning "$(clock 60)" warn
is ten_minutes_ahead_fail "$(clock 600)" fail
is ten_minutes_behind_fail "$(clock -600)" fail

run env -u AWS_ACCESS_KEY_ID HOME="$work" "$ctl" --json call ListKeys \
	--endpoint http://127.0.0.1:1 --region us-east-1
error a_call_over_tcp_needs_credentials 1 NoCredentials
run env -u AWS_REGION -u AWS_DEFAULT_REGION "$ctl" --json call ListKeys \
	--endpoint http://127.0.0.1:1
error a_call_over_tcp_needs_a_region 2 Usage
run "$ctl" --json call ListKeys --endpoint "unix:$work/none.sock"
error a_service_that_is_not_there_is_told 1 KmsUnreachable
run "$ctl" --json call 'List Keys'
error an_operation_that_is_none_is_refused 2 Usage
run "$ctl" --json call ListKeys '[1]'
error a_request_that_is_no_object_is_refused 2 Usage

# With both halves.
at_exit lab_down
lab_up || bail "the daemons did not start"
call=("$ctl" call --endpoint "unix:$LAB/kmsd.sock" --region "$LAB_REGION")
run "${call[@]}" CreateKey '{"Description":"kmsctl"}'
json call_prints_the_answer '.KeyMetadata.KeyState == "Enabled"'
cmk=$(jq -r .KeyMetadata.KeyId <<<"$out")
run "${call[@]}" DescribeKey - <<<"{\"KeyId\":\"$cmk\"}"
json call_takes_a_request_from_standard_input '.KeyMetadata.KeyId != null'
run "${call[@]}" --json DescribeKey '{"KeyId":"alias/none"}'
error the_service_s_error_is_passed_on 1 NotFoundException
run "${call[@]}" EnableKey "{\"KeyId\":\"$cmk\"}"
is an_empty_answer_is_an_object "$out" '{}'

run "$ctl" --json key create doc1 --cmk "$cmk" --bytes 64 --allow "uid:$ALICE" \
	-c team=red --lease 2h
json a_created_key_is_shown '.name == "doc1" and .bytes == 64 and
	.lease_s == 7200 and .type == "logon" and .encryption_context.team == "red"'
run "$ctl" --json key show doc1
json show_has_what_programs_need '[has("name", "cmk_arn", "ciphertext_blob",
	"encryption_context", "type", "bytes", "allow", "lease_s", "serials")] | all'
json the_context_pins_the_name \
	'.encryption_context["kmsagent:name"] == "doc1" and
	.encryption_context["kmsagent:purpose"] == "ring"'
run "$ctl" key show doc1
like show_reads_well "$out" 'lease +2h'
run "$ctl" --json key create doc1 --cmk "$cmk"
error a_name_twice_is_refused 1 KeyExists
run "$ctl" --json key show none
error a_name_that_is_not_there_is_told 1 NoSuchKey
run "$ctl" --json key create doc2 --cmk alias/none
error the_service_s_refusal_is_told 1 NotFoundException
run lab_as "$ALICE" "$LAB/kmsctl" --json key create doc3 --cmk "$cmk"
error only_root_creates 1 PermissionDenied
run lab_as "$ALICE" "$LAB/kmsctl" --json key list
json the_allowed_see_the_key '[.keys[].name] == ["doc1"]'
run lab_as "$BOB" "$LAB/kmsctl" --json key list
json others_do_not '.keys == []'

run lab_as "$ALICE" "$LAB/kmsctl" --json key load doc1
json load_gives_a_serial '.name == "doc1" and .serial > 0 and .ring == "@s"'
run lab_as "$BOB" "$LAB/kmsctl" --json key load doc1 --type logon
error load_explains_a_refusal 1 KeyRejected
run lab_as "$ALICE" "$LAB/kmsctl" --json key load docs --type logon
error load_explains_an_unknown_name 1 NoKey
run lab_as "$ALICE" "$LAB/kmsctl" key load doc1 --ring @u
is loading_into_the_user_ring_works "$status" 0
like it_warns_where_the_session_cannot_see_it "$err" 'no link to @u'
run "$ctl" --json key show doc1
json delivered_keys_are_shown ".serials | length > 0 and
	([.[].uid] | unique) == [$ALICE]"
run "$ctl" --json key delete doc1 --destroy
error a_key_in_use_is_not_deleted 1 KeyInUse
run "$ctl" --json key unload doc1
json unload_takes_them_back '.name == "doc1" and .removed > 0'

run "$ctl" key export doc1
json export_prints_the_record 'type == "object"'
run "$ctl" key export doc1 -o "$work/doc1.json"
is export_makes_a_file "$status" 0
run "$ctl" --json key export doc1 -o "$work/doc1.json"
error export_does_not_overwrite 1 System
run "$ctl" --json key import "$work/doc1.json"
error import_refuses_an_existing_name 1 KeyExists
run "$ctl" --json key import <<<'not json'
error import_refuses_what_is_no_record 1 InvalidArgument
run "$ctl" --json key delete doc1 --destroy
json delete_says_so '.deleted == true and .name == "doc1"'
run "$ctl" --json key import "$work/doc1.json"
json import_brings_it_back '.name == "doc1" and .lease_s == 7200'
run lab_as "$ALICE" "$LAB/kmsctl" key load doc1
is an_imported_key_loads "$status" 0

# Files.
head -c 3000000 /dev/urandom >"$work/plain"
chmod 755 "$work"
run "$ctl" --json encrypt -k doc1 -c doc=1 --engine openssl -o "$work/c" "$work/plain"
json encrypt_tells_engine_and_bytes '.engine == "openssl" and
	.bytes_in == 3000000 and .bytes_out > .bytes_in'
run "$ctl" --json decrypt -k doc1 -c doc=1 -o "$work/p" "$work/c"
json decrypt_tells_the_context '.context.doc == "1" and
	.context["kmsagent:purpose"] == "message"'
ok what_comes_back_is_the_same cmp "$work/plain" "$work/p"
run "$ctl" --json decrypt -k doc1 -o "$work/p" "$work/c"
error an_existing_file_is_refused 1 System
run "$ctl" --json decrypt -k doc1 --force -o "$work/p" "$work/c"
is by_force_it_is_replaced "$status" 0
run "$ctl" --json decrypt -k doc1 -c doc=2 -o "$work/q" "$work/c"
error another_context_is_refused 1 BadMessage
head -c 2000000 "$work/c" >"$work/cut"
run "$ctl" --json decrypt -k doc1 -o "$work/q" "$work/cut"
error a_message_cut_short_is_refused 1 BadMessage
not_ok and_no_file_is_made test -e "$work/q"
cp "$work/plain" "$work/keep"
run "$ctl" decrypt -k doc1 --force -o "$work/keep" "$work/cut"
ok nor_is_an_old_one_touched cmp "$work/plain" "$work/keep"
is no_temporary_file_is_left "$(find "$work" -name '*.partial')" ''
"$ctl" decrypt -k doc1 "$work/cut" >"$work/prefix" 2>/dev/null
is to_a_pipe_the_status_tells_the_rest_is_missing "$?" 1
ok what_came_is_a_prefix cmp -n "$(stat -c %s "$work/prefix")" \
	"$work/prefix" "$work/plain"
# shellcheck disable=SC2094 # cmp only reads
"$ctl" encrypt -k doc1 <"$work/plain" | "$ctl" decrypt -k doc1 - |
	cmp - "$work/plain"
is pipes_work_both_ways "${PIPESTATUS[*]}" '0 0 0'
run lab_as "$BOB" "$LAB/kmsctl" --json decrypt -k doc1 -o /dev/null/x "$work/c"
error an_output_that_cannot_be_is_told 1 System
install -d -o "$BOB" "$work/bob"
chmod 644 "$work/c"
run lab_as "$BOB" "$LAB/kmsctl" --json decrypt -k doc1 -o "$work/bob/p" "$work/c"
ok others_may_not_decrypt jq -es \
	'length == 1 and (.[0].error.code | test("^(Denied|NoSuchKey)$"))' \
	"$work/err"
run lab_as "$BOB" "$LAB/kmsctl" --json decrypt -o "$work/bob/p" "$work/c"
error nor_by_leaving_the_name_out 1 Denied
is others_get_no_byte "$(ls -A "$work/bob")" ''
"$ctl" encrypt -k doc1 "$work/plain" >"$work/bob/theirs"
chmod 644 "$work/bob/theirs"
install -d -o "$ALICE" "$work/alice"
run lab_as "$ALICE" "$LAB/kmsctl" --json decrypt -k doc1 -o "$work/alice/p" \
	"$work/bob/theirs"
ok the_allowed_may_decrypt cmp "$work/plain" "$work/alice/p"
run script -qec "$ctl decrypt -k doc1 -o $work/s $work/c" /dev/null </dev/null
like on_a_terminal_the_engine_is_told "$out" 'engine [a-z]+:'

# A job that its reader holds up: the line is drawn from the shared offset.
mkfifo "$work/hold"
script -qfec "$ctl encrypt -k doc1 $work/plain >$work/hold" "$work/tty" \
	</dev/null >/dev/null &
exec 8<"$work/hold"
ok a_progress_line_is_drawn wait_for "grep -q '% \[' '$work/tty'" 10
cat <&8 >/dev/null
exec 8<&-
wait $!
like it_goes_at_the_end "$(tail -c 400 "$work/tty" | tr '\r\033' '\n^')" \
	$'\n\\^\\[Kkmsctl: engine '

run "$ctl" --json status
json status_has_its_parts '.kms.state == "ok" and .keys == 1 and
	(.engine | has("auto", "reason")) and (.secret_memory | length > 0)'
run "$ctl" --json doctor
json doctor_finds_the_agent_well \
	'.findings[] | select(.check == "agent") | .state == "ok"'
json and_the_key_service '.findings[] | select(.check == "key service") |
	.state == "ok"'
json and_the_clock '.findings[] | select(.check == "clock") | .state == "ok"'
json and_the_rule '.findings[] | select(.check == "request-key rule") |
	.state == "ok"'
printf 'create logon kms:doctor * /bin/false\n' \
	>/etc/request-key.d/kmsagent-test-narrow.conf
at_exit rm -f /etc/request-key.d/kmsagent-test-narrow.conf
KMSAGENT_SOCKET=/nowhere run "$ctl" --json doctor
json doctor_names_a_rule_that_goes_first '.findings[] |
	select(.check == "request-key rule") | .state == "fail" and
	(.message | test("kmsagent-test-narrow.conf:1"))'
done_testing
