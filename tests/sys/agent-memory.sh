#!/bin/bash
# SPDX-License-Identifier: MIT
# No user process ever holds a key byte: memory of callers is scanned while
# their jobs are held up, then everything that was written anywhere.  The keys
# to look for come from kmsd's Decrypt, asked as root, for this test alone.
# timeout: 120
. tests/ktap.sh
. tests/agent.sh
agent_lab
for i in memscan message-key; do
	[ -x "$B/tools/$i" ] || skip_all "needs tools/$i built"
done
head -c 8M /dev/urandom >"$LAB/data"
chmod 644 "$LAB/data"
ok a_data_key key_create mem --cmk "$CMK" --bytes 32 --allow "uid:$ALICE"

# The keys go from kmsd to the scanner by pipes: they touch no file.
keys() { # header
	lab_kms Decrypt "$("$B/tools/message-key" request "$1")" |
		"$B/tools/message-key" derive "$1" &&
		lab_kms Decrypt "$(ctl key show mem --json |
			"$B/tools/message-key" entry -)" |
		"$B/tools/message-key" plain ring
}
scan() { # header, memscan's arguments
	local header=$1
	shift
	keys "$header" | "$B/tools/memscan" "$@"
	[ "${PIPESTATUS[*]}" = "0 0" ]
}
# A process that has ended but was not waited for has no memory to look at.
callers() { pgrep -r R,S,D,T -u "$ALICE"; }
# held_up NAME HEADER JOB: scan the callers while JOB stands still.
held_up() {
	local pids
	mapfile -t pids < <(callers)
	is "$1_is_under_way" "$([ ${#pids[@]} -ge "$4" ] && echo yes)" yes
	ok "no_key_in_its_callers_while_$1" scan "$2" "${pids[@]}"
	kill -0 "$3" 2>/dev/null || fail "$1_was_still_under_way"
}

wait_for '! callers >/dev/null' 20 || bail "uid $ALICE is at work already"
hold "$ALICE" mem
ok a_session_holds_the_ring_key in_kernel "$SERIAL"

# Encrypting: nobody reads the FIFO behind the header.
mkfifo -m 622 "$LAB/out.fifo"
lab_as "$ALICE" sh -c "exec '$LAB/kmsctl' encrypt -k mem <'$LAB/data' \
	>'$LAB/out.fifo'" &
job=$!
exec 8<"$LAB/out.fifo"
head -c 2048 <&8 >"$LAB/header"
held_up encrypting "$LAB/header" "$job" 2
ok the_scan_finds_what_is_there scan "$LAB/header" --control
(cat "$LAB/header" - <&8) >"$LAB/message"
exec 8<&-
ok the_held_up_job_ends_well wait "$job"

# Decrypting: the plaintext goes nowhere.
chmod 644 "$LAB/message"
mkfifo -m 622 "$LAB/plain.fifo"
lab_as "$ALICE" sh -c "exec '$LAB/kmsctl' decrypt -k mem <'$LAB/message' \
	>'$LAB/plain.fifo'" &
job=$!
exec 8<"$LAB/plain.fifo"
head -c 4096 <&8 >"$LAB/first"
held_up decrypting "$LAB/message" "$job" 2
(cat "$LAB/first" - <&8) >"$LAB/plain"
exec 8<&-
ok the_second_job_ends_well wait "$job"
ok what_came_is_the_data cmp "$LAB/data" "$LAB/plain"

# The agent itself, between jobs: it keeps no key once it is delivered.
ok no_key_in_the_keyholder_afterwards scan "$LAB/message" "$LAB_AGENT"
mapfile -t files < <(find "$LAB" -type f ! -name data ! -name plain \
	! -name first)
is there_are_files_to_look_into "$([ ${#files[@]} -gt 8 ] && echo yes)" yes
ok no_key_in_any_file_of_the_lab scan "$LAB/message" --files "${files[@]}"
keys "$LAB/message" >"$LAB/leak"
not_ok a_key_in_a_file_would_be_found scan "$LAB/message" --files "$LAB/leak"
rm -f "$LAB/leak"
mapfile -t proc < <(printf '/proc/%s/cmdline\n/proc/%s/environ\n' \
	"$LAB_AGENT" "$LAB_AGENT" "$LAB_KMSD" "$LAB_KMSD")
for i in "${proc[@]}"; do cat "$i"; done >"$LAB/proc" 2>/dev/null
ok no_key_in_arguments_or_environment scan "$LAB/message" --files "$LAB/proc"
let_go "$HOLDER"
done_testing
