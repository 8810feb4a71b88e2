#!/bin/bash
# SPDX-License-Identifier: MIT
# What a request costs kmsd, signature, parsing, cryptography and audit record
# included, against a bare epoll server that answers fixed bytes, in the same
# run.  One serving thread; CPU time per request is judged (its minimum over
# the rounds), since elapsed time swings with what else the machine does.
#	kmsd.sh [ROUNDS [SECONDS]]
set -eu -o pipefail
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
B=${B:-$TOP/build}
export TOP B
rounds=${1:-5} seconds=${2:-1}
for tool in wrk python3 curl taskset; do
	command -v "$tool" >/dev/null || { echo "needs $tool" >&2; exit 4; }
done
mkdir -p "$B/bench"
for program in epoll_static unixload; do
	"${CC:-cc}" -O2 -D_GNU_SOURCE -o "$B/bench/$program" \
		"$TOP/tests/bench/$program.c"
done
# On a tmpfs: an audit trail's disk is not what is measured.
tmp=$(mktemp -d /dev/shm/kmsagent-bench.XXXXXX)
pids=()
clean_up() {
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null || :
	wait
	rm -rf "$tmp"
}
trap clean_up EXIT
ulimit -n "$(ulimit -Hn)"

printf '[kmsd]\nthreads = 1\n' >"$tmp/kmsd.conf"
taskset -c 0 "$B/kmsd" --dev --config "$tmp/kmsd.conf" --state "$tmp/state" \
	--listen 127.0.0.1:0 --listen "unix:$tmp/kmsd.sock" \
	>"$tmp/kmsd.env" 2>"$tmp/kmsd.err" &
pids+=($!) kmsd=$!
for ((i = 0; i < 500; i++)); do
	grep -q '^# kmsd ready' "$tmp/kmsd.env" && break
	sleep 0.02
done
# shellcheck source=/dev/null
. "$tmp/kmsd.env"
port=18999
taskset -c 0 "$B/bench/epoll_static" $port &
pids+=($!) floor=$!
taskset -c 0 "$B/bench/epoll_static" "$tmp/floor.sock" &
pids+=($!) unix_floor=$!
sleep 0.2

ask() { # OPERATION BODY
	curl -s --unix-socket "$tmp/kmsd.sock" \
		-H "X-Amz-Target: TrentService.$1" -d "$2" http://kmsd/
}
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
key=$(ask CreateKey '{}' | field KeyId)
context='"EncryptionContext":{"service":"bench","tenant":"0123456789"}'
plain=$(head -c 64 /dev/zero | base64 -w0)
declare -A body=(
	[Encrypt]="{\"KeyId\":\"$key\",\"Plaintext\":\"$plain\",$context}"
	[GenerateDataKey]="{\"KeyId\":\"$key\",\"KeySpec\":\"AES_256\",$context}"
)
blob=$(ask Encrypt "${body[Encrypt]}" | field CiphertextBlob)
body[Decrypt]="{\"KeyId\":\"$key\",\"CiphertextBlob\":\"$blob\",$context}"

# A signature lasts five minutes: made again before each round.
sign() {
	local op
	for op in "${!body[@]}"; do
		python3 "$TOP/tests/sigv4.py" --print lua "$op" "${body[$op]}" \
			>"$tmp/$op.lua"
		python3 "$TOP/tests/sigv4.py" --print raw "$op" "${body[$op]}" \
			>"$tmp/$op.raw"
	done
	# Every request makes a record: the trail must not fill the memory.
	: >"$tmp/state/audit.jsonl"
}

cpu_ns() { # PID: of all its threads
	cat /proc/"$1"/task/*/schedstat |
		awk '{ s += $1 } END { printf "%.0f", s }'
}
to_us() { awk '{ v = $1 + 0
	if ($1 ~ /ms$/) v *= 1000; else if ($1 !~ /us$/) v *= 1000000
	printf "%d", v }'; }

# tcp PID URL LUA CONNECTIONS -> CPU ns a request, median us, requests/s, bad
tcp() {
	local before after out n p50 bad time=$seconds
	# To connect so many takes wrk some seconds of its own.
	[ "$4" -lt 5000 ] || time=$((seconds + 4))
	before=$(cpu_ns "$1")
	out=$(taskset -c 1 wrk -t1 -c"$4" -d"${time}s" --latency \
		--timeout 5s -s "$3" "$2")
	after=$(cpu_ns "$1")
	n=$(awk '/requests in/ { print $1 }' <<<"$out")
	p50=$(awk '$1 == "50%" { print $2 }' <<<"$out" | to_us)
	bad=$(awk '/Non-2xx|Socket errors/ { s = 1 } END { print s + 0 }' \
		<<<"$out")
	echo "$(((after - before) / (n ? n : 1))) $p50 $((n / time)) $bad"
}
unix() { # PID SOCKET RAW CONNECTIONS -> the same
	local before after n p50 bad
	before=$(cpu_ns "$1")
	read -r n p50 bad < <(taskset -c 1 "$B/bench/unixload" "$2" "$3" "$4" \
		"$seconds")
	after=$(cpu_ns "$1")
	echo "$(((after - before) / (n ? n : 1))) $p50 $((n / seconds)) $bad"
}

ops=(Encrypt Decrypt GenerateDataKey)
for ((round = 0; round < rounds; round++)); do
	sign
	tcp "$floor" "http://127.0.0.1:$port/" "$tmp/Encrypt.lua" 64 \
		>>"$tmp/r.tcp.floor"
	unix "$unix_floor" "$tmp/floor.sock" "$tmp/Encrypt.raw" 64 \
		>>"$tmp/r.unix.floor"
	tcp "$floor" "http://127.0.0.1:$port/" "$tmp/Encrypt.lua" 1 \
		>>"$tmp/r.one.floor"
	for op in "${ops[@]}"; do
		tcp "$kmsd" "$AWS_ENDPOINT_URL_KMS/" "$tmp/$op.lua" 64 \
			>>"$tmp/r.tcp.$op"
		unix "$kmsd" "$tmp/kmsd.sock" "$tmp/$op.raw" 64 \
			>>"$tmp/r.unix.$op"
	done
	tcp "$kmsd" "$AWS_ENDPOINT_URL_KMS/" "$tmp/Encrypt.lua" 1 \
		>>"$tmp/r.one.Encrypt"
done

column() { # FILE COLUMN -> min median max
	awk -v c="$2" '{ print $c }' "$1" | sort -n |
		awk '{ v[NR] = $1 } END { print v[1], v[int((NR + 1) / 2)], v[NR] }'
}
refused() { awk '{ s += $4 } END { print s + 0 }' "$1"; }
verdict() { # RATIO TARGET: percent, at least
	[ "$1" -ge "$2" ] && echo ok || echo "below $2 %"
}

printf '%-34s %22s %9s\n' "one thread, $rounds rounds of $seconds s" \
	'CPU us min/med/max' 'of floor'
for way in tcp unix; do
	read -r base med max < <(column "$tmp/r.$way.floor" 1)
	printf '%-34s %22s\n' "   bare epoll, $way, 64 connections" \
		"$(awk -v a="$base" -v b="$med" -v c="$max" 'BEGIN {
			printf "%.1f/%.1f/%.1f", a / 1000, b / 1000, c / 1000 }')"
	for op in "${ops[@]}"; do
		read -r min med max < <(column "$tmp/r.$way.$op" 1)
		ratio=$((100 * base / min))
		printf '%-34s %22s %7d %%  %s\n' "P1 $op, $way" \
			"$(awk -v a="$min" -v b="$med" -v c="$max" 'BEGIN {
			printf "%.1f/%.1f/%.1f", a / 1000, b / 1000, c / 1000 }')" \
			"$ratio" "$(verdict "$ratio" 50)"
		[ "$(refused "$tmp/r.$way.$op")" = 0 ] ||
			echo "   some answers to $op were not 200"
	done
done
read -r base _ < <(column "$tmp/r.one.floor" 2)
read -r min med max < <(column "$tmp/r.one.Encrypt" 2)
printf '%-34s %22s %7s x  %s\n' "P3 Encrypt p50 us, 1 connection" \
	"$min/$med/$max" "$(awk -v a="$min" -v b="$base" 'BEGIN {
		printf "%.2f", a / b }')" \
	"$(awk -v a="$min" -v b="$base" 'BEGIN {
		print a <= 1.3 * b ? "ok" : "above 1.3" }') (floor $base)"

# P4: the rate over the number of connections, best of the rounds each.
counts=(1 127 128 129 256 512 1000)
[ "$(ulimit -n)" -lt 12000 ] || counts+=(10000)
for ((round = 0; round < (rounds < 3 ? rounds : 3); round++)); do
	sign
	for n in "${counts[@]}"; do
		tcp "$kmsd" "$AWS_ENDPOINT_URL_KMS/" "$tmp/Encrypt.lua" "$n" \
			>>"$tmp/p4.$n"
	done
done
best=0
for n in "${counts[@]}"; do
	read -r _ _ max < <(column "$tmp/p4.$n" 3)
	[ "$max" -le "$best" ] || best=$max
done
for n in "${counts[@]}"; do
	read -r min med max < <(column "$tmp/p4.$n" 3)
	ratio=$((100 * max / best))
	printf '%-34s %22s %7d %%  %s\n' "P4 $n connections, req/s" \
		"$min/$med/$max" "$ratio" \
		"$(verdict "$ratio" $((n == 1 ? 0 : 60)))"
done
