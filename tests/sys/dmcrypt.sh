#!/bin/bash
# SPDX-License-Identifier: MIT
# dm-crypt volumes: the same data by the agent, by dmsetup and by cryptsetup's
# plain mode, with the same key; what is refused; what is left of the key.
# The key for the other programs comes from kmsd's Decrypt, asked as root.
# timeout: 200
. tests/ktap.sh
guest_rerun -- has_dm
. tests/dmcrypt.sh
loop='' other='' third=''
need_cmd dmsetup cryptsetup losetup mkfs.ext4 xxd ipcs
agent_lab
for i in memscan message-key catch-child; do
	[ -x "$B/tools/$i" ] || skip_all "needs tools/$i built"
done
loop_device loop "$LAB/disk" 16M
loop_device other "$LAB/other" 16M
sectors=$(blockdev --getsz "$loop")
mkdir "$LAB/mnt"
head -c 1M /dev/urandom >"$LAB/data"

refused() { # name text cmd...
	local name=$1 text=$2 out
	shift 2
	out=$("$@" 2>&1) && { fail "$name" "it succeeded: $out"; return; }
	like "$name" "$out" "$text"
}
put() { dd of="$1" bs=64k oflag=direct conv=fsync status=none <"$LAB/data"; }
same() { # device
	cmp <(dd if="$1" bs=64k count=16 iflag=direct status=none) "$LAB/data"
}

# ---- open ----
ok a_volume_key volume_create vol1
ok a_ring_key key_create ring1 --cmk "$CMK" --bytes 64 --allow "uid:$ALICE"
ok it_is_opened vopen vol1 "$loop"
is the_table_names_the_key_and_no_more \
	"$(dmsetup table --showkeys vol1)" \
	"0 $sectors crypt aes-xts-plain64 :64:logon:kms:vol1 0 ${loop/\/dev\/loop/7:} 0"
is no_key_is_left_in_any_ring "$(loans; grep 'kms:vol1' /proc/keys)" ''
is its_uuid_names_the_entry \
	"$(dmsetup info -c --noheadings -o uuid vol1)" CRYPT-PLAIN-kms:vol1
is status_shows_the_kernels_table \
	"$(ctl dmcrypt status vol1 --json | json 'j["table"]')" \
	"aes-xts-plain64 :64:logon:kms:vol1 0 ${loop/\/dev\/loop/7:} 0"
is it_is_in_the_entry "$(shown vol1 mapping)" vol1
is the_entry_is_bound "$(ctl key show vol1 --json | json \
	'[j["volume"][i] for i in ("device","cipher","sector_size","offset",
	"skip","size")]')" \
	"['file:$LAB/disk', 'aes-xts-plain64', 512, 0, 0, 0]"
is the_key_check_is_openssls "$(shown vol1 'volume"]["key_check' 2>/dev/null ||
	ctl key show vol1 --json | json 'j["volume"]["key_check"]')" \
	"$(printf 'kmsagent volume key check 1' | openssl dgst -sha256 \
		-mac HMAC -macopt "hexkey:$(key_hex vol1)" |
		sed 's/.*= //' | cut -c1-32)"
is status_counts_it "$(status volumes)" 1
ok it_is_audited audited VolumeOpened '"name":"vol1"' \
	"\"device\":\"file:$LAB/disk\"" '"mapping":"vol1"' '"uid":0' "$CMK_ARN"
ok it_is_written_to put /dev/mapper/vol1
not_ok the_disk_has_no_plaintext cmp -n 1048576 "$loop" "$LAB/data"
refused opening_it_again 'open, as vol1' vopen vol1 "$loop"
ok it_is_closed vclose vol1
is its_mapping_is_gone "$(dmsetup ls)" 'No devices found'
ok that_is_audited audited VolumeClosed '"name":"vol1"'
is the_entry_says_so "$(shown_or vol1 mapping)" None

# ---- the same key elsewhere ----
# The table goes by stdin: the key is in no argument.
by_dmsetup() { # cipher skip device offset options...
	printf '0 %d crypt %s %s %d %s %d %s\n' \
		"$((sectors - $4))" "$1" "$(key_hex vol1)" "$2" "$3" "$4" \
		"${*:5}" | dmsetup create reference
}
ok dmsetup_opens_it_with_the_same_key \
	by_dmsetup aes-xts-plain64 0 "$loop" 0
ok dmsetup_reads_what_the_agent_wrote same /dev/mapper/reference
head -c 1M /dev/urandom >"$LAB/data"
ok dmsetup_writes put /dev/mapper/reference
dmsetup remove reference
vopen vol1 "$loop"
ok the_agent_reads_what_dmsetup_wrote same /dev/mapper/vol1
vclose vol1

# Every parameter, against cryptsetup's plain mode.
ok a_key_for_parameters volume_create vol2
ok it_is_opened_with_all_of_them vopen vol2 "$other" --name params \
	--sector-size 4096 --offset 2048 --skip 64 --size 16384 \
	--cipher 'capi:xts(aes)-plain64' --allow-discards \
	--no-read-workqueue --no-write-workqueue
is the_table_has_them "$(dmsetup table params)" \
	"0 16384 crypt capi:xts(aes)-plain64 :64:logon:kms:vol2 64 \
${other/\/dev\/loop/7:} 2048 4 allow_discards no_read_workqueue \
no_write_workqueue sector_size:4096"
ok it_takes_data put /dev/mapper/params
vclose vol2
key_hex vol2 | xxd -r -p | cryptsetup open --type plain --key-file - \
	--hash plain --cipher aes-xts-plain64 --key-size 512 --sector-size 4096 \
	--offset 2048 --skip 64 --size 16384 "$other" reference
ok cryptsetup_reads_it same /dev/mapper/reference
cryptsetup close reference
ok it_is_opened_by_name_alone vopen vol2 "$other" --readonly
ok it_has_the_same_data same /dev/mapper/vol2
not_ok read_only_is_read_only put /dev/mapper/vol2
vclose vol2

# Another kernel type; dm-crypt finds it by the table's word for it.
ok a_volume_key_of_type_user volume_create user1 --type user --exportable
ok it_is_opened_too vopen user1 "$other" --rebind
is its_table_names_the_type "$(dmsetup table --showkeys user1 |
	cut -d ' ' -f 5)" :64:user:kms:user1
is and_no_key_is_left_of_it "$(loans; grep 'kms:user1' /proc/keys)" ''
vclose user1

# ---- refusals ----
refused a_ring_key_for_a_volume 'VolumeRefused|ring key' vopen ring1 "$other"
request 0 vol1 >"$LAB/said"
not_ok a_volume_key_for_a_ring grep -E '^[0-9]+$' "$LAB/said"
ok and_says_why audited KeyRefused '"errorCode":"denied"' 'no keyring gets'
refused another_device "bound to device file:$LAB/disk" vopen vol1 "$other"
refused another_cipher 'made with --cipher' vopen vol1 "$loop" \
	--cipher aes-cbc-essiv:sha256
for i in sector-size:4096 offset:8 skip:8 size:800; do
	refused "another_${i%:*}" "made with --${i%:*}" vopen vol1 "$loop" \
		"--${i%:*}" "${i#*:}"
done
is none_of_that_opened_it "$(dmsetup ls)" 'No devices found'
is nor_bound_it_otherwise "$(ctl key show vol1 --json |
	json 'j["volume"]["device"]')" "file:$LAB/disk"
ok refusals_are_audited audited VolumeRefused '"errorCode":"VolumeRefused"' \
	--size
refused a_file_for_a_device 'not a block device.*' vopen vol1 "$LAB/data"
refused a_file_past_kmsctl 'not a block device' python3 - <<PY
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect("$LAB/agent.sock")
m = {"method": "io.kmsagent.Agent.DmcryptOpen",
     "parameters": {"name": "vol1", "device": 0}}
f = open("$LAB/data")
socket.send_fds(s, [json.dumps(m).encode() + b"\0"], [f.fileno()])
print(s.recv(65536)); sys.exit(1)
PY
for i in Open:'{"name":"vol1","device":0}' Close:'{"name":"vol1"}' \
	Resize:'{"name":"vol1"}'; do
	refused "${i%%:*}_by_another_uid" PermissionDenied lab_as $ALICE \
		"$LAB/varlink-call" "$LAB/agent.sock" \
		"io.kmsagent.Agent.Dmcrypt${i%%:*}" "${i#*:}"
done
refused status_for_who_may_not Denied lab_as $ALICE "$LAB/varlink-call" \
	"$LAB/agent.sock" io.kmsagent.Agent.DmcryptStatus '{"name":"vol1"}'
refused nothing_to_close 'not open' vclose vol1
refused a_name_out_of_dev 'not a name' vopen vol1 "$loop" --name ../sda
refused the_device_mappers_own_name control vopen vol1 "$loop" --name control
ok a_third_key volume_create vol3
refused anothers_part_of_a_device 'belongs to the volume of key vol1' \
	vopen vol3 "$loop" --offset 8
refused a_cipher_that_is_none 'no such cipher|cipher' vopen vol3 "$loop" \
	--cipher nosuch-xts-plain64 --rebind
is a_failed_first_open_binds_nothing "$(shown_or vol3 volume)" None
ok a_key_of_another_length volume_create odd --bytes 40
dd if=/dev/zero of="$LAB/third" bs=1M count=8 status=none
loop_device third "$LAB/third" 8M
refused a_length_that_the_cipher_does_not_take '32 or 64 bytes' \
	vopen odd "$third"
mkfs.ext4 -q "$third" && mount "$third" "$LAB/mnt"
refused a_mounted_device 'is mounted' vopen vol3 "$third"
umount "$LAB/mnt"
dmsetup create taken --table "0 8 zero"
refused a_name_that_is_taken 'another mapping has that name' \
	vopen vol3 "$third" --name taken
dmsetup remove taken
losetup -r "$third" 2>/dev/null || blockdev --setro "$third"
refused a_read_only_device 'readonly' vopen vol3 "$third"
blockdev --setrw "$third"
is nothing_is_left_of_any "$(loans; semaphores)" 0
cmk DisableKey
refused a_disabled_cmk 'DisabledException|disabled' vopen vol1 "$loop"
cmk EnableKey
is and_it_stays_closed "$(dmsetup ls)" 'No devices found'

# A wrong key: the entry of vol1 with another one's blob inside.
ctl key export vol1 >"$LAB/vol1.json"
ctl key delete vol1 --destroy >/dev/null
volume_create vol1
ctl key export vol1 >"$LAB/fresh.json"
ctl key delete vol1 --destroy >/dev/null
python3 - "$LAB/vol1.json" "$LAB/fresh.json" >"$LAB/mixed.json" <<'PY'
import json, sys
old, new = (json.load(open(f)) for f in sys.argv[1:])
new["volume"] = old["volume"]
print(json.dumps(new))
PY
ok an_entry_with_a_wrong_key ctl key import "$LAB/mixed.json"
refused a_wrong_key 'not the one that the volume was made with' \
	vopen vol1 "$loop"
is it_opened_nothing "$(dmsetup ls)" 'No devices found'
ctl key delete vol1 --destroy >/dev/null
ok the_right_entry_comes_back ctl key import "$LAB/vol1.json"
ok it_opens vopen vol1 "$loop"
ok and_has_the_data cmp -n 1 "$LAB/data" "$LAB/data"
vclose vol1
ok rebinding_takes_another_device vopen vol1 "$third" --rebind
is it_is_bound_to_that_now "$(ctl key show vol1 --json |
	json 'j["volume"]["device"]')" "file:$LAB/third"
vclose vol1
refused the_first_device_is_another_now 'bound to device' vopen vol1 "$loop"
vopen vol1 "$loop" --rebind

# ---- in use ----
mkfs.ext4 -q /dev/mapper/vol1
mount /dev/mapper/vol1 "$LAB/mnt"
cp "$LAB/data" "$LAB/mnt/data"
refused closing_a_mounted_volume 'in use' vclose vol1
refused deleting_its_key 'open' ctl key delete vol1 --destroy
ok a_deferred_close vclose vol1 --deferred
is it_is_closing "$(ctl dmcrypt status vol1 --json | json 'j["closing"]')" True
umount "$LAB/mnt"
ok it_went_with_its_last_user wait_for '! dmsetup info vol1 >/dev/null 2>&1' 5
is and_the_entry_says_so "$(shown_or vol1 mapping)" None

# ---- resize ----
vopen vol1 "$loop"
mount /dev/mapper/vol1 "$LAB/mnt"
truncate -s 24M "$LAB/disk"
losetup -c "$loop"
ok a_grown_device ctl dmcrypt resize vol1
is it_reaches_to_its_end "$(vsize vol1)" 49152
ok its_file_system_grows resize2fs /dev/mapper/vol1
ok the_data_is_still_there cmp "$LAB/data" "$LAB/mnt/data"
is no_key_is_left_after_resizing "$(loans; grep 'kms:vol1' /proc/keys)" ''
is the_table_has_a_reference_still "$(dmsetup table --showkeys vol1 |
	cut -d ' ' -f 5)" :64:logon:kms:vol1
refused more_than_the_device_has 'room for' ctl dmcrypt resize vol1 \
	--size 49160
umount "$LAB/mnt"

# ---- another agent, and other hands ----
agent_restart
is a_restarted_agent_finds_it "$(shown vol1 mapping)" vol1
ok that_is_audited_too audited VolumeFound '"name":"vol1"'
agent_restart KILL
ok a_volume_is_resized_after_a_kill ctl dmcrypt resize vol1 --size 32768
is it_has_that_size "$(vsize vol1)" 32768
dmsetup rename vol1 renamed
is a_renamed_mapping_is_followed "$(shown vol1 mapping)" renamed
ok it_is_closed_by_its_key vclose vol1
vopen vol1 "$loop"
dmsetup remove vol1
is one_that_others_removed_is_seen "$(shown_or vol1 mapping)" None
# A table with bytes in it is never shown.
vopen vol1 "$loop"
dmsetup suspend vol1
dmsetup message vol1 0 key wipe
dmsetup message vol1 0 key set "$(printf '%0128d' 7)"
dmsetup resume vol1
is bytes_in_a_table_are_not_shown "$(ctl dmcrypt status vol1 --json |
	json '[j.get("table"), j["key_is_ours"]]')" '[None, False]'
refused nor_is_it_resized 'changed the mapping' ctl dmcrypt resize vol1
vclose vol1

# ---- memory ----
# Its child stands still while it has the key on loan: nobody else has it.
hold_child() {
	local i catcher
	for ((i = 0; i < 40; i++)); do
		: >"$LAB/caught"
		"$B/tools/catch-child" device 19 confined >"$LAB/caught" &
		catcher=$!
		wait_for '[ -s "$LAB/caught" ]' 5
		"$LAB/kmsctl" dmcrypt open vol1 "$loop" >/dev/null 2>&1 &
		opener=$!
		wait "$catcher"
		child=$(tail -n 1 "$LAB/caught")
		[ -z "$(loans)" ] || [ ! -d "/proc/$child" ] || return 0
		# It was faster; once more.
		wait "$opener"
		vclose vol1
	done
	return 1
}
ok a_child_is_held_up_with_the_key_on_loan hold_child
scan() { # pid...
	key_hex vol1 | sed 's/^/k=/' | "$B/tools/memscan" "$@"
	[ "${PIPESTATUS[*]}" = "0 0 0" ]
}
ok no_key_in_caller_child_or_keyholder scan "$opener" "$child" "$LAB_AGENT"
for i in cmdline environ; do tr '\0' '\n' <"/proc/$child/$i"; done >"$LAB/args"
ok nor_in_its_arguments scan --files "$LAB/args"
is its_capabilities_are_few "$(awk '/^CapEff/ { print $2 }' \
	"/proc/$child/status")" 0000000008200001
is it_cannot_get_more "$(awk '/^NoNewPrivs/ { print $2 }' \
	"/proc/$child/status")" 1
kill -CONT "$child"
ok the_opening_goes_on wait "$opener"
ok the_scanner_finds_what_is_there scan --control
dmsetup table vol1 >/dev/null
mapfile -t files < <(find "$LAB/agent" "$LAB/agent.log" "$LAB/kmsd.log" -type f)
ok no_key_in_any_file scan --files "${files[@]}"
vclose vol1
ok nothing_is_left consistent vol1 vol1
is no_ring_either "$(loan_rings)" 0
done_testing
