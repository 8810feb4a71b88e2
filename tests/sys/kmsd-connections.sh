#!/bin/bash
# SPDX-License-Identifier: MIT
# Many, slow and oversized clients: no number of busy connections stalls kmsd
# (libmicrohttpd 0.9.75 by itself does at 128, 256, ...), whoever trickles is
# hung up on in time, a body has a limit, and so has the number of clients.
. tests/ktap.sh
. tests/kmsd.sh
need_cmd python3 wrk curl
tmpdir
at_exit kmsd_stop
start() {
	printf '[kmsd]\nthreads = 1\n%s\n' "$@" >"$tmp/kmsd.conf"
	kmsd_start --config "$tmp/kmsd.conf" --listen 127.0.0.1:0 \
		--listen "unix:$tmp/kmsd.sock" || bail "kmsd does not start"
}
slow() { python3 tests/slow.py "$1" "$tmp/kmsd.sock" "${@:2}"; }

start ''
ulimit -n 4096
# The library's own loop answers 13 to 58 requests a second when it stalls.
# The signature is made once and good for five minutes.
signed --print lua GenerateRandom '{"NumberOfBytes":32}' >"$tmp/wrk.lua"
for n in 1 127 128 129 256 512 1000; do
	out=$(wrk -t1 -c"$n" -d1s --timeout 5s -s "$tmp/wrk.lua" \
		"$AWS_ENDPOINT_URL_KMS/")
	rate=$(awk '/^Requests\/sec:/ { print int($2) }' <<<"$out")
	ok "${n}_connections_do_not_stall" test "$rate" -gt 500
	diag "$n connections: $rate requests/s"
	not_ok "${n}_connections_get_no_error" \
		grep -E 'Non-2xx|Socket errors' <<<"$out"
done

slow drip >"$tmp/drip" &
dripper=$!
ok others_are_served_beside_slow_ones curl -sf --max-time 5 \
	--unix-socket "$tmp/kmsd.sock" http://kmsd/healthz
is a_body_of_262144_bytes_is_read "$(slow say 262144)" 400
is a_body_of_262145_bytes_is_refused "$(slow say 262145)" 413
is a_body_of_any_length_is_refused "$(slow say 100000000)" 413
is chunks_of_300_kib_are_refused "$(slow chunks 307200)" 413
is chunks_of_200_kib_are_read "$(slow chunks 204800)" 400
is refused_bodies_are_recorded "$(grep -c \
	'"eventName":"ListKeys".*"errorCode":"RequestEntityTooLargeException"' \
	"$tmp/state/audit.jsonl")" 3
long=$(printf '%065537d' 0)
like endless_headers_are_refused "$(curl -s -o /dev/null -w '%{http_code}' \
	--unix-socket "$tmp/kmsd.sock" -H "X-Long: $long" http://kmsd/healthz)" \
	'^4'
wait "$dripper"
for name in silent request_line headers body; do
	like "a_slow_${name}_is_hung_up_on" "$(grep "^$name " "$tmp/drip")" \
		' (9|10|11|12)$'
done
is an_idle_connection_is_kept "$(grep '^idle ' "$tmp/drip")" "idle 200"
kmsd_stop

start 'max_connections = 20'
is the_21st_connection_is_turned_away "$(slow hold 30)" "20
again"
kmsd_stop
done_testing
