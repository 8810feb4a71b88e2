#!/bin/bash
# SPDX-License-Identifier: MIT
# Bulk encryption against its floors: the OpenSSL engine against a bare loop
# of OpenSSL calls, the kernel engine against a bare AF_ALG loop, both files
# in memory.  Rounds are interleaved, and judged is the least CPU time: elapsed
# time, and in a guest CPU time too, swings with what else the machine does.
#	bulk.sh [MIB [ROUNDS]]
set -eu -o pipefail
TOP=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
B=${B:-$TOP/build}
export TOP B
. "$TOP/tests/kernel.sh"
mib=${1:-256} rounds=${2:-5}
frame=16352 # what the pipeline writes: like is compared with like

floor() { # name: compile it
	mkdir -p "$B/bench"
	"${CC:-cc}" -O2 -D_GNU_SOURCE -o "$B/bench/$1" \
		"$TOP/tests/bench/$1.c" -lcrypto
}

work=$(mktemp -d /dev/shm/kmsagent-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT

# Elapsed and CPU milliseconds of one run.
run_one() { # command...
	local TIMEFORMAT='%R %U %S'
	rm -f "$work/out"
	{ time "$@" <"$work/in" >"$work/out" 2>/dev/null; } 2>&1 |
		awk '{ printf "%d %d\n", $1 * 1000, ($2 + $3) * 1000 }'
}

spread() { # column file -> min median max
	awk -v c="$1" '{ print $c }' "$2" | sort -n | awk '{ v[NR] = $1 }
		END { print v[1], v[int((NR + 1) / 2)], v[NR] }'
}

# Every contender in turn, the first being the floor.
contend() { # target contender... ; a contender is "label:command"
	local target=$1 i n c base=
	shift
	for ((i = 0; i < rounds; i++)); do
		n=0
		for c; do
			# shellcheck disable=SC2086 # a command and its words
			run_one ${c#*:} >>"$work/$n.times"
			n=$((n + 1))
		done
	done
	n=0
	for c; do
		read -r emin emed emax < <(spread 1 "$work/$n.times")
		read -r min med max < <(spread 2 "$work/$n.times")
		base=${base:-$min}
		awk -v l="${c%%:*}" -v t="$target" -v n="$n" -v mib="$mib" \
			-v b="$base" -v m="$min" \
			-v cpu="$min/$med/$max" -v ela="$emin/$emed/$emax" 'BEGIN {
			r = 100 * b / m
			verdict = (r >= t) ? "ok" : "below " t " %"
			if (t == "-")
				verdict = ""
			printf "%-26s %16s %16s %7.0f", l, cpu, ela, mib * 1000 / m
			if (n)
				printf " %5.0f %%  %s", r, verdict
			print ""
		}'
		rm -f "$work/$n.times"
		n=$((n + 1))
	done
}

head -c "${mib}M" /dev/urandom >"$work/in"
head -c 32 /dev/urandom >"$work/key"
printf '%-26s %16s %16s %7s %7s\n' "$mib MiB, $rounds rounds" \
	'cpu ms' 'elapsed ms' 'MB/cpus' 'of floor'
if [ "${BULK_BENCH_PART:-openssl}" = openssl ]; then
	floor filegcm
	contend 90 "B1 floor, OpenSSL loop:$B/bench/filegcm $frame" \
		"B1 openssl engine:$B/tools/bulk-tool encrypt -e openssl $work/key"
	contend - "   the same with 64 KiB:$B/bench/filegcm 65536" \
		"   openssl engine:$B/tools/bulk-tool encrypt -e openssl -f 65536 $work/key"
	floor filealg
	rm -f "$work/in"
	export BULK_BENCH_PART=kernel
	if has_af_alg; then
		exec bash "$0" 128 "$rounds"
	fi
	"$TOP/tests/guest/run" -- env BULK_BENCH_PART=kernel \
		bash "$0" 128 "$rounds"
	exit
fi
# kcapi-enc is no contender: its AEAD hangs beyond a socket's send buffer.
contend 90 "B2 floor, AF_ALG loop:$B/bench/filealg $frame" \
	"B2 kcapi engine:$B/tools/bulk-tool encrypt -e kcapi $work/key"
contend - "   the same with 64 KiB:$B/bench/filealg 65536" \
	"   kcapi engine:$B/tools/bulk-tool encrypt -e kcapi -f 65536 $work/key"
