#!/bin/bash
# SPDX-License-Identifier: MIT
# kmsd as a process: options and exit statuses, what it says when it cannot
# start, readiness and watchdog as systemd has them, passed sockets, SIGHUP,
# an end that answers what was begun, and no memory that others may read.
# parallel-safe
. tests/ktap.sh
. tests/kmsd.sh
need_cmd python3 curl
tmpdir
at_exit kmsd_stop

# exits STATUS REGEX ARG...: so it ends, and so it says on stderr or stdout.
exits() {
	local want=$1 regex=$2 status=0 out
	shift 2
	out=$(timeout 20 "$KMSD" "$@" 2>&1 </dev/null) || status=$?
	echo "status $status: $out"
	[ "$status" = "$want" ] && [[ $out =~ $regex ]]
}
dev=(--dev --state "$tmp/s1" --listen 127.0.0.1:0)
ok help_is_given exits 0 '--listen ADDR' --help
ok version_is_given exits 0 '^kmsd [0-9]+\.[0-9]+' --version
ok an_unknown_option_is_a_usage_error exits 2 'kmsd --help' --nonsense
ok an_argument_is_a_usage_error exits 2 'unexpected argument: x' x
ok a_bad_address_is_a_usage_error exits 2 'ADDR:PORT.*localhost:80' \
	--listen localhost:80
ok no_configuration_says_where_it_looked exits 1 'none.conf: No such file' \
	--config "$tmp/none.conf"
ok a_bad_region_is_refused exits 1 'region.*us-east-1' "${dev[@]}" --region Mars
ok a_bad_account_is_refused exits 1 '12 digits' "${dev[@]}" --account 12
printf '[kmsd]\nacount = 1\n' >"$tmp/bad.conf"
ok an_unknown_key_names_its_line_and_the_nearest exits 1 \
	'bad.conf:2: unknown key "acount".*"account"' --config "$tmp/bad.conf"
cat >"$tmp/bad.conf" <<-CONF
	[kmsd]
	account = 111122223333
	region = us-east-1
	state = $tmp/s2
	[rootkey]
	path = $tmp/s2/root.key
CONF
ok a_root_key_in_the_state_folder_is_refused exits 1 'lies in the state' \
	--config "$tmp/bad.conf"
printf '[kmsd]\naccount = 111122223333\nregion = us-east-1\n' >"$tmp/bad.conf"
ok no_root_key_is_refused exits 1 '\[rootkey\] path' --config "$tmp/bad.conf"
printf '[access-key AKIAIOSFODNN7EXAMPLE]\n%s\nsecret_file = %s\n' \
	'principal = arn:aws:iam::111122223333:user/x' "$tmp/open" >"$tmp/bad.conf"
echo secret >"$tmp/open"
chmod 644 "$tmp/open"
ok a_secret_that_others_read_is_refused exits 1 'open: .*0600' \
	"${dev[@]}" --config "$tmp/bad.conf"
ok an_audit_folder_that_is_missing_is_refused exits 1 \
	'audit trail.*No such file' "${dev[@]}" --config <(
		printf '[audit]\npath = %s/none/audit.jsonl\n' "$tmp")

kmsd_start --listen "unix:$tmp/kmsd.sock" --listen 127.0.0.1:0 ||
	bail "kmsd does not start"
ok a_second_one_on_the_same_state_is_refused exits 1 'state/' \
	--dev --state "$tmp/state" --listen 127.0.0.1:0
ok a_second_one_on_the_same_socket_is_refused exits 1 'Address already' \
	--dev --state "$tmp/s3" --listen "unix:$tmp/kmsd.sock"
like health_needs_no_credentials \
	"$(curl -si --max-time 5 "$AWS_ENDPOINT_URL_KMS/healthz")" \
	'^HTTP/1.1 200.*"status":"ok"'
like another_path_is_not_found \
	"$(curl -si --max-time 5 "$AWS_ENDPOINT_URL_KMS/?x=y" -d '{}')" \
	'^HTTP/1.1 404.*UnknownOperationException'
like every_answer_has_a_date "$(signed ListKeys)" $'\ndate: '

# --- nobody reads its memory
nobody_reads() {
	! setpriv --reuid 65534 --regid 65534 --clear-groups \
		cat "/proc/$KMSD_PID/maps"
}
ok its_maps_are_closed_to_others nobody_reads
is it_leaves_no_core "$(awk '/^Max core file size/ { print $5 }' \
	"/proc/$KMSD_PID/limits")" 0

# --- SIGHUP
mv "$tmp/state/audit.jsonl" "$tmp/rotated"
peer ListKeys >"$tmp/last"
ok before_sighup_the_old_trail_is_written grep -q ListKeys "$tmp/rotated"
kill -HUP "$KMSD_PID"
ok sighup_opens_the_trail_anew wait_for "[ -e $tmp/state/audit.jsonl ]" 5
peer GenerateRandom '{"NumberOfBytes":8}' >"$tmp/last"
ok and_writes_there grep -q GenerateRandom "$tmp/state/audit.jsonl"
not_ok and_no_longer_to_the_old_one grep -q GenerateRandom "$tmp/rotated"

# --- an orderly end
is sigterm_answers_what_was_begun \
	"$(python3 tests/slow.py drain "$tmp/kmsd.sock" "$KMSD_PID")" "idle closed
200"
ok and_ends_with_success wait "$KMSD_PID"
KMSD_PID=
not_ok and_takes_its_socket_away test -e "$tmp/kmsd.sock"

# --- killed, it leaves a socket file that the next one replaces
kmsd_start --listen "unix:$tmp/kmsd.sock" && kmsd_stop KILL
ok a_dead_socket_file_is_replaced kmsd_start --listen "unix:$tmp/kmsd.sock"
kmsd_stop
echo precious >"$tmp/file"
ok a_file_that_is_no_socket_is_kept exits 1 'Address already in use' \
	--dev --state "$tmp/state" --listen "unix:$tmp/file"
is and_untouched "$(<"$tmp/file")" precious

# --- systemd's protocols, spoken by a second program
KMSD_WRAP="python3 tests/notify.py $tmp/notify" kmsd_start
ok it_says_when_it_is_ready wait_for "grep -qx READY=1 $tmp/notify" 5
ok it_feeds_the_watchdog wait_for "grep -qx WATCHDOG=1 $tmp/notify" 5
kmsd_stop
ok it_says_when_it_stops grep -qx STOPPING=1 "$tmp/notify"
activate=$(command -v systemd-socket-activate)
if [ -n "$activate" ]; then
	"$activate" -l "$tmp/passed.sock" "$KMSD" --dev --state "$tmp/state" \
		>"$tmp/kmsd.out" 2>"$tmp/activate.err" &
	KMSD_PID=$!
	ok the_passed_socket_is_there wait_for "[ -S $tmp/passed.sock ]" 5
	like a_passed_socket_is_served \
		"$(peer ListKeys '{}' "$tmp/passed.sock")" '"Keys":\['
	like and_is_what_it_says "$(<"$tmp/kmsd.out")" \
		"# kmsd ready unix:$tmp/passed.sock"
	kmsd_stop
	ok a_passed_socket_is_not_removed test -S "$tmp/passed.sock"
else
	skip a_passed_socket_is_served "needs systemd-socket-activate"
fi
done_testing
