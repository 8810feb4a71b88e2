#!/bin/bash
# SPDX-License-Identifier: MIT
# Encrypted directories: what the agent does is what another program, given the
# master key, makes of it; who may do what; what is refused; what stays while
# files are open; what is left of the key.  The key for the other program comes
# from kmsd's Decrypt, asked as root, for this test alone.
# timeout: 200
. tests/ktap.sh
. tests/fscrypt.sh
mnt='' plain='' other=''
agent_lab
need_fscrypt
chmod 711 "$LAB"
fs_make mnt fs -O encrypt
chmod 755 "$mnt"

refused() { # name text cmd...
	local name=$1 text=$2 out
	shift 2
	out=$("$@" 2>&1) && { fail "$name" "it succeeded: $out"; return; }
	like "$name" "$out" "$text"
}
owned() { mkdir "$2" && chown "$1:$1" "$2" && chmod 700 "$2"; }

# ---- keys ----
ok a_directory_key dir_create home
is it_is_of_fscrypts_type "$(shown home type)" fscrypt-provisioning
is and_of_64_bytes "$(shown home bytes)" 64
refused no_other_type_is_one 'fscrypt takes keys of type' \
	dir_create bad --type logon
refused nor_a_key_that_is_too_short 'from 32 to 64' dir_create bad --bytes 16
refused no_keyring_gets_it "Required key|rejected" request 0 home \
	fscrypt-provisioning

# ---- set up ----
mkdir "$mnt/enc"
is a_directory_is_plain "$(state home "$mnt/enc")" plain
ok it_is_set_up fs setup home "$mnt/enc"
is it_is_unlocked "$(state home "$mnt/enc")" unlocked
is its_identifier_is_hkdf_of_the_key "$(fs_get home "$mnt/enc" key_identifier)" \
	"$(key_hex home | fsc identifier)"
is the_policy_has_it "$(fs_get home "$mnt/enc" policy)" \
	"{'identifier': '$(fs_id home)', 'contents': 'aes-256-xts', 'filenames': 'aes-256-cts', 'padding': 32}"
is the_kernel_says_so_too "$(fsc status "$mnt" "$(fs_id home)")" 'present 1'
is no_key_is_left_in_any_ring "$(loans; grep fscrypt-pro /proc/keys)" ''
is no_ring_either "$(loan_rings)" 0
ok it_is_in_the_audit audited FscryptSetUp '"name":"home"' "$mnt/enc"
ok its_key_was_before audited FscryptKeyReleased '"name":"home"'

# ---- write, lock, unlock ----
head -c 40960 /dev/urandom >"$LAB/data"
cp "$LAB/data" "$mnt/enc/a secret name"
mkdir "$mnt/enc/sub"
echo deep >"$mnt/enc/sub/file"
echo more >"$mnt/enc/unopened"
nonce=$(fsc nonce "$mnt/enc/a secret name")
dir_nonce=$(fsc nonce "$mnt/enc")
ino=$(stat -c %i "$mnt/enc/a secret name")
ok it_is_locked fs lock home "$mnt/enc"
is and_says_so "$(state home "$mnt/enc")" locked
is the_kernel_has_no_key "$(fsc status "$mnt" "$(fs_id home)")" 'absent 0'
ok audited_as_locked audited FscryptLocked "$mnt/enc"
not_ok names_cannot_be_read ls "$mnt/enc/a secret name"
encoded=$(find "$mnt/enc" -mindepth 1 -inum "$ino" -printf %f)
not_ok contents_cannot_be_read cat "$mnt/enc/$encoded"
not_ok nothing_can_be_made touch "$mnt/enc/new"
ok locking_it_again_changes_nothing fs lock home "$mnt/enc"
ok it_is_unlocked_again fs unlock home "$mnt/enc"
ok its_file_is_the_same cmp "$LAB/data" "$mnt/enc/a secret name"
is and_so_is_one_below "$(cat "$mnt/enc/sub/file")" deep
ok a_directory_below_is_of_the_same_key fs unlock home "$mnt/enc/sub"
is no_key_is_left_this_time "$(loans)" ''

# ---- another program, from the disk ----
fs_umount fs
debugfs -R "dump <$ino> $LAB/cipher" "$LAB/fs.img" 2>/dev/null
is the_file_is_on_the_disk "$(stat -c %s "$LAB/cipher")" 40960
not_ok and_not_as_it_is cmp "$LAB/cipher" "$LAB/data"
decrypt() { key_hex home | fsc contents "$nonce" "$LAB/cipher" "$1"; }
ok another_program_decrypts_it decrypt "$LAB/decrypted"
ok to_what_was_written cmp "$LAB/decrypted" "$LAB/data"
is it_decrypts_the_name_as_well \
	"$(key_hex home | fsc name "$dir_nonce" "$encoded")" 'a secret name'
fs_mount fs
is unmounting_has_locked_it "$(state home "$mnt/enc")" locked
ok it_is_unlocked_after_mounting fs unlock home "$mnt/enc"
ok and_the_data_is_there cmp "$LAB/data" "$mnt/enc/a secret name"

# ---- open files ----
exec 7<"$mnt/enc/a secret name"
(cd "$mnt/enc/sub" && exec 7<&- sleep 100) &
stander=$!
python3 -c 'import mmap, sys, time
f = open(sys.argv[1], "rb"); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
f.close(); import os; os.closerange(3, 100); time.sleep(100)' \
	"$mnt/enc/sub/file" 7<&- &
mapper=$!
wait_for '[ "$(readlink "/proc/$stander/exe")" = "$(readlink -f \
	"$(command -v sleep)")" ] && grep -q sub/file "/proc/$mapper/maps" &&
	! ls -l "/proc/$mapper/fd" | grep -q sub/file' 10
refused locking_with_open_files_fails 'files are open' \
	ctl fscrypt lock home "$mnt/enc"
out=$(ctl fscrypt lock home "$mnt/enc" --json 2>/dev/null)
is it_is_busy "$(json 'j["state"]' <<<"$out")" busy
has() { json "[b['path'] for b in j['busy'] if b['pid'] == $1]" <<<"$out"; }
is it_names_who_has_a_file_open "$(has $$)" "['$mnt/enc/a secret name']"
is who_stands_in_it "$(has "$stander")" "['$mnt/enc/sub']"
is and_who_has_a_file_mapped "$(has "$mapper")" "['$mnt/enc/sub/file']"
ok the_audit_has_it audited FscryptBusy '"errorCode":"busy"' "$mnt/enc"
is the_open_file_can_be_read "$(head -c 9 <&7 | xxd -p)" \
	"$(head -c 9 "$LAB/data" | xxd -p)"
not_ok and_no_other_one cat "$mnt/enc/unopened"
is the_kernel_is_waiting "$(fsc status "$mnt" "$(fs_id home)")" 'leaving 0'
kill "$stander" "$mapper"
wait "$stander" "$mapper" 2>/dev/null
is one_file_keeps_it_busy "$(state home "$mnt/enc")" busy
exec 7<&-
ok the_agent_locks_it_by_itself \
	wait_for '[ "$(state home "$mnt/enc")" = locked ]' 32
ok and_says_when audited FscryptLocked 'last open file was closed'

fs unlock home "$mnt/enc"
exec 7<"$mnt/enc/a secret name"
ctl fscrypt lock home "$mnt/enc" >/dev/null 2>&1
ok what_is_leaving_is_unlocked_again fs unlock home "$mnt/enc"
exec 7<&-
ok and_stays_so eval 'sleep 2.5; [ "$(state home "$mnt/enc")" = unlocked ]'
exec 7<"$mnt/enc/a secret name"
(sleep 1; exec 7<&-) &
sleeper=$!
exec 7<&-
ok lock_waits_for_files fs lock home "$mnt/enc" --wait 20s
wait "$sleeper"
is and_is_done_then "$(state home "$mnt/enc")" locked
fs unlock home "$mnt/enc"
exec 7<"$mnt/enc/a secret name"
start=$SECONDS
not_ok lock_waits_no_longer_than_told fs lock home "$mnt/enc" --wait 1s
ok and_that_long test $((SECONDS - start)) -le 12
exec 7<&-
ok locking_again_finishes_it fs lock home "$mnt/enc"
is it_is_locked_then "$(state home "$mnt/enc")" locked

# ---- users ----
ok a_key_for_alice_and_bob dir_create team --allow "uid:$ALICE" \
	--allow "uid:$BOB"
owned "$ALICE" "$mnt/alice"
owned "$BOB" "$mnt/bob"
refused only_root_sets_up 'only root' fs_as "$ALICE" setup team "$mnt/alice"
ok root_sets_alices_directory_up fs setup team "$mnt/alice"
is the_claim_is_hers "$(fs_get team "$mnt/alice" unlocked_by_owner)" True
is and_roots_is_not_there \
	"$(fsc as "$ALICE" remove "$mnt/alice" "$(fs_id team)" &&
		fsc status "$mnt" "$(fs_id team)")" 'absent 0'
ok alice_unlocks_it eval 'fs_as "$ALICE" unlock team "$mnt/alice" >/dev/null'
ok and_writes eval 'lab_as "$ALICE" sh -c "echo hers >\"$mnt/alice/file\""'
ok root_sets_bobs_up fs setup team "$mnt/bob"
is two_have_it_unlocked "$(fs_get team "$mnt/bob" users)" 2
refused bob_does_not_lock_alices 'belongs to another|Permission denied' \
	fs_as "$BOB" lock team "$mnt/alice"
chmod 755 "$mnt/alice"
refused nor_where_he_can_open_it 'belongs to another user' \
	fs_as "$BOB" lock team "$mnt/alice"
refused nor_unlocks_it 'belongs to another user' \
	fs_as "$BOB" unlock team "$mnt/alice"
ok that_is_in_the_audit audited FscryptRefused '"errorCode":"denied"' \
	"\"uid\":$BOB"
refused nor_sees_it 'belongs to another user' \
	fs_as "$BOB" status team "$mnt/alice"
ok alice_locks_it eval 'fs_as "$ALICE" lock team "$mnt/alice" >/dev/null'
is bob_has_it_still "$(fsc status "$mnt" "$(fs_id team)")" 'present 1'
refused locking_twice_says_who_has_it 'others have' \
	fs_as "$ALICE" lock team "$mnt/alice"
refused all_users_is_for_root 'all_users is for root' \
	fs_as "$BOB" lock team "$mnt/bob" --all-users
ok root_locks_it_for_all fs lock team "$mnt/alice" --all-users
is then_nobody_has_it "$(fsc status "$mnt" "$(fs_id team)")" 'absent 0'
ok bob_unlocks_his eval 'fs_as "$BOB" unlock team "$mnt/bob" >/dev/null'
fs lock team "$mnt/bob"
refused who_is_not_listed_gets_none 'allow list' \
	fs_as "$ALICE" unlock home "$mnt/enc"
# Her quota of keys is used up.
# shellcheck disable=SC2016 # for the inner shell
lab_as "$ALICE" sh -c 'i=0
	while keyctl add user "fill$i" 0123456789abcdef @s >/dev/null 2>&1; do
		i=$((i + 1)); done
	exec "$@"' - "$LAB/kmsctl" fscrypt unlock team "$mnt/alice" \
	>"$LAB/said" 2>&1
like a_full_quota_is_told "$(cat "$LAB/said")" \
	'quota of kernel keys.*kernel.keys.maxkeys'
is and_nothing_is_left_by_it "$(loans)$(fsc status "$mnt" "$(fs_id team)")" \
	'absent 0'

# ---- what is refused ----
key_create ring1 --cmk "$CMK" --type fscrypt-provisioning
volume_create vol1
dir_create second
mkdir "$mnt/second" "$mnt/full" "$mnt/empty"
touch "$mnt/full/file"
fs setup second "$mnt/second"
refused a_rings_key_is_none 'not a directory.s key' \
	ctl fscrypt setup ring1 "$mnt/empty"
refused nor_a_volumes 'not a directory.s key' \
	ctl fscrypt unlock vol1 "$mnt/enc"
refused an_unknown_key 'no key is called' ctl fscrypt unlock nobody "$mnt/enc"
refused another_keys_directory 'encrypted with another key' \
	ctl fscrypt unlock second "$mnt/enc"
refused it_is_not_locked_by_it_either 'encrypted with another key' \
	ctl fscrypt lock home "$mnt/second"
is and_stays_unlocked "$(state second "$mnt/second")" unlocked
refused a_plain_one 'not encrypted' ctl fscrypt unlock home "$mnt/empty"
refused a_full_one 'not empty' ctl fscrypt setup home "$mnt/full"
refused one_that_is_encrypted 'encrypted already' \
	ctl fscrypt setup home "$mnt/second"
refused a_key_without_a_directory 'not been used for any' \
	eval 'dir_create fresh; ctl fscrypt unlock fresh "$mnt/second"'
refused a_file 'Not a directory' ctl fscrypt setup home "$mnt/full/file"
refused what_is_not_there 'No such file' ctl fscrypt setup home "$mnt/none"
refused two_modes_that_do_not_go_together 'adiantum goes with itself' \
	ctl fscrypt setup home "$mnt/empty" --contents adiantum \
	--filenames aes-256-cts
refused a_padding_that_is_none '4, 8, 16 or 32' \
	ctl fscrypt setup home "$mnt/empty" --padding 12
mkdir "$LAB/tmpfs"
mount -t tmpfs none "$LAB/tmpfs"
at_exit umount "$LAB/tmpfs"
refused a_file_system_without_fscrypt 'has no fscrypt.*dmcrypt' \
	ctl fscrypt setup home "$LAB/tmpfs"
fs_make plain plain
mkdir "$plain/dir"
refused one_where_it_is_off 'not enabled.*tune2fs -O encrypt' \
	ctl fscrypt setup home "$plain/dir"
fs_umount plain
tune2fs -O encrypt "$LAB/plain.img" >/dev/null
fs_mount plain
ok the_advice_helps fs setup home "$plain/dir"
is one_key_on_two_file_systems "$(state home "$plain/dir")" unlocked
fs_umount plain
fs_mount plain ro
mkdir -p "$LAB/ro"
refused a_read_only_one 'is encrypted already|read-only' \
	ctl fscrypt setup home "$plain/dir"
rmdir "$mnt/lost+found" 2>/dev/null
fs_make other other -O encrypt
rmdir "$other/lost+found"
refused the_top_of_a_file_system 'top of a file system' \
	ctl fscrypt setup home "$other"
is then_the_key_is_not_left_there "$(fsc status "$other" "$(fs_id home)")" \
	'absent 0'
mkdir "$other/v1"
fsc policy-v1 "$other/v1"
refused a_policy_of_version_1 'version 1' ctl fscrypt unlock home "$other/v1"
lab_as "$ALICE" "$LAB/kmsctl" fscrypt status team "$mnt/alice" >/dev/null
"$LAB/varlink-call" "$LAB/agent.sock" io.kmsagent.Agent.FscryptUnlock \
	'{"name":"home","directory":0}' >"$LAB/said" 2>&1
like a_call_without_a_descriptor "$(cat "$LAB/said")" 'no descriptor'

# ---- blobs of others ----
# put_entry NAME PYTHON: the entry NAME, changed, in its place.
put_entry() {
	ctl key export "$1" -o "$LAB/entry" --force &&
		python3 -c 'import json,sys; f=sys.argv[1]; j=json.load(open(f))
exec(sys.argv[2]); json.dump(j,open(f,"w"))' "$LAB/entry" "$2" &&
		ctl key delete "$1" --destroy >/dev/null &&
		ctl key import "$LAB/entry" >/dev/null
}
blob=$(shown ring1 ciphertext_blob)
saved=$(shown home ciphertext_blob)
fs lock home "$mnt/enc"
ok an_entry_gets_a_rings_blob put_entry home "j['ciphertext_blob']='$blob'"
refused the_key_service_refuses_it 'InvalidCiphertext|refused' \
	ctl fscrypt unlock home "$mnt/enc"
ok the_refusal_is_in_the_audit audited FscryptRefused InvalidCiphertext
blob=$(shown second ciphertext_blob)
ok one_gets_another_directorys put_entry home "j['ciphertext_blob']='$blob'"
refused that_is_refused_too 'InvalidCiphertext|refused' \
	ctl fscrypt unlock home "$mnt/enc"
id=$(fs_id home)
ctl key delete home --destroy >/dev/null
dir_create home
ok a_key_of_the_same_name put_entry home "j['policy_identifier']='$id'"
new=$(shown home ciphertext_blob)
refused is_not_the_one_of_the_directory 'not the one that the directory' \
	ctl fscrypt unlock home "$mnt/enc"
mkdir "$mnt/third"
refused nor_does_it_set_up_another 'not the one that the directory' \
	ctl fscrypt setup home "$mnt/third"
is nothing_was_unlocked "$(fsc status "$mnt" "$id")" 'absent 0'
is nothing_is_on_loan "$(loans)" ''
ok the_right_blob_comes_back put_entry home "j['ciphertext_blob']='$saved'"
ok and_unlocks fs unlock home "$mnt/enc"
is the_other_blob_was_another "$([ "$new" = "$saved" ] || echo yes)" yes
refused a_directorys_key_of_another_type_is_not_imported \
	"is a directory.s key, and not of type" eval \
	'ctl key export fresh | sed "s/fscrypt-provisioning/logon/;
		s/kmsagent:name\":\"fresh/kmsagent:name\":\"wrong/;
		s/\"name\":\"fresh/\"name\":\"wrong/" | ctl key import -'
refused an_identifier_belongs_to_directories 'policy_identifier' eval \
	'ctl key export ring1 | sed "s/}\$/,\"policy_identifier\":\"$id\"}/" |
	ctl key import -'

# ---- others on the same file system ----
if command -v fscrypt >/dev/null; then
	# google/fscrypt, with a key of its own.
	theirs() { fscrypt "$@" --quiet --user=root; }
	head -c 32 /dev/urandom >"$LAB/raw"
	[ -e /etc/fscrypt.conf ] || {
		at_exit rm -f /etc/fscrypt.conf
		fscrypt setup --quiet --all-users </dev/null >/dev/null 2>&1
		at_exit rm -rf /.fscrypt
	}
	fscrypt setup "$mnt" --quiet --all-users >/dev/null 2>&1
	mkdir "$mnt/theirs"
	ok another_program_encrypts_beside_us fscrypt encrypt "$mnt/theirs" \
		--quiet --source=raw_key --name=theirs --key="$LAB/raw" \
		--user=root
	echo theirs >"$mnt/theirs/file"
	ok locking_ours fs lock home "$mnt/enc"
	is leaves_theirs "$(cat "$mnt/theirs/file")" theirs
	ok we_unlock_ours fs unlock home "$mnt/enc"
	ok they_lock_theirs fscrypt lock "$mnt/theirs" --quiet --user=root
	ok which_leaves_ours cmp "$LAB/data" "$mnt/enc/a secret name"
	refused theirs_is_not_ours 'another key' \
		ctl fscrypt unlock home "$mnt/theirs"
	ok they_unlock_theirs fscrypt unlock "$mnt/theirs" --quiet \
		--unlock-with="$mnt:$(fscrypt status "$mnt/theirs" |
			awk '/raw key/ { print $1; exit }')" --key="$LAB/raw"
	is and_read_it "$(cat "$mnt/theirs/file")" theirs
	rm -f "$LAB/raw"
else
	skip beside_google_fscrypt "needs the command fscrypt"
fi

# ---- no process of a user has the key ----
if command -v strace >/dev/null && [ -x "$B/tools/memscan" ]; then
	fs lock team "$mnt/alice" --all-users 2>/dev/null
	# The child's fourth ioctl is the one that adds the key: hold it there.
	strace -f -qq -o /dev/null -e trace=ioctl \
		-e inject=ioctl:delay_enter=4000000:when=4 -p "$LAB_AGENT" &
	tracer=$!
	wait_for 'grep -q "TracerPid:.[1-9]" "/proc/$LAB_AGENT/status"' 5
	fs_as "$ALICE" unlock team "$mnt/alice" >"$LAB/said" 2>&1 &
	job=$!
	ok the_key_is_on_loan_meanwhile wait_for '[ -n "$(loans)" ]' 8
	mapfile -t pids < <(pgrep -r R,S,D,T -u "$ALICE"; pgrep -P "$LAB_AGENT")
	ok there_are_processes_to_look_into test "${#pids[@]}" -ge 2
	scan() { key_hex team | sed 's/^/k=/' | "$B/tools/memscan" "$@"; }
	ok no_key_in_its_callers_nor_in_the_agents_children scan "${pids[@]}"
	ok the_scan_finds_what_is_there scan --control
	ok it_was_still_on_loan test -n "$(loans)"
	ok it_ends_well wait "$job"
	kill "$tracer"
	wait "$tracer" 2>/dev/null
	is it_is_unlocked_then "$(state team "$mnt/alice")" unlocked
	ok no_key_in_the_keyholder_afterwards scan "$LAB_AGENT"
	is none_on_loan "$(loans)" ''
else
	skip memory_of_callers "needs strace, and tools/memscan built"
fi
done_testing
