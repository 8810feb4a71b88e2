#!/bin/bash
# SPDX-License-Identifier: MIT
# A power cut loses nothing that kmsd acknowledged.  Its state lies on ext4
# over the device mapper's log-writes, which remembers what was flushed when:
# the disk is made again as it was at several moments, every write that was
# not flushed by then lost, and kmsd must find there all that it had said by
# that moment.  And a disk that fails ends kmsd before it says anything false.
# timeout: 600
. tests/ktap.sh
need_root
has_log_writes() { has_dm log-writes && has_dm flakey; }
guest_rerun -- has_log_writes
. tests/kmsd.sh
need_cmd python3 dmsetup mkfs.ext4 losetup curl
export DM_DISABLE_UDEV=1
tmpdir
mkdir "$tmp/mnt"
log=kmsd-log-$$ bad=kmsd-bad-$$
clean_up() {
	kmsd_stop KILL
	mountpoint -q "$tmp/mnt" && umount "$tmp/mnt"
	dmsetup remove "$log" 2>/dev/null
	dmsetup remove "$bad" 2>/dev/null
	losetup -a | awk -F: -v d="$tmp/" 'index($0, d) { print $1 }' |
		xargs -r -n1 losetup -d
}
at_exit clean_up
disk() { # VAR NAME SIZE: a loop device over a file
	local loop_dev
	truncate -s "$3" "$tmp/$2" &&
		loop_dev=$(losetup --show -f "$tmp/$2") &&
		printf -v "$1" %s "$loop_dev"
}
make_fs() {
	mkfs.ext4 -q -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 "$1" &&
		mount "$1" "$tmp/mnt"
}
start() {
	kmsd_start --state "$tmp/mnt/state" --listen "unix:$tmp/kmsd.sock" \
		--listen 127.0.0.1:0
}
check() { python3 tests/mutate.py check "$tmp/kmsd.sock" "$@"; }

data='' writes=''
disk data data.img 64M || bail "no loop device"
disk writes writes.img 256M || bail "no loop device"
dmsetup create "$log" --table \
	"0 $(blockdev --getsz "$data") log-writes $data $writes" ||
	bail "no log-writes device"
make_fs "/dev/mapper/$log" || bail "no file system"
start || bail "kmsd does not start"
python3 tests/mutate.py run "$tmp/kmsd.sock" "$tmp/journal" --count 120 \
	--mark-every 17 --mark-cmd "dmsetup message $log 0 mark" >"$tmp/acks"
ok changes_were_acknowledged test "$(<"$tmp/acks")" -ge 120
kmsd_stop KILL
umount "$tmp/mnt"
dmsetup remove "$log"

# after_cut MARK LINES: the disk as it was at MARK has what the first LINES
# lines of the journal acknowledge.
after_cut() {
	local dev status=0
	truncate -s 0 "$tmp/cut.img"
	disk dev cut.img 64M && python3 tests/replay-log.py replay "$writes" \
		"$1" "$dev" && mount "$dev" "$tmp/mnt" && start || return 99
	check "$tmp/journal" --upto "$2" || status=$?
	kmsd_stop
	umount "$tmp/mnt" && losetup -d "$dev"
	return "$status"
}
mapfile -t marks < <(python3 tests/replay-log.py marks "$writes" |
	grep -E '^[0-9]+$')
ok moments_were_marked test "${#marks[@]}" -ge 7
for mark in "${marks[@]}"; do
	ok "a_power_cut_after_line_${mark}_loses_nothing_acknowledged" \
		after_cut "$mark" "$mark"
done
sees_a_loss() {
	after_cut "${marks[0]}" "${marks[-1]}" >"$tmp/loss"
	[ $? = 1 ] && grep -q '^lost: key ' "$tmp/loss"
}
ok a_loss_would_be_seen sees_a_loss

# --- a disk that fails
disk data failing.img 64M || bail "no loop device"
size=$(blockdev --getsz "$data")
dmsetup create "$bad" --table "0 $size linear $data 0" || bail "no device"
make_fs "/dev/mapper/$bad" || bail "no file system"
start || bail "kmsd does not start"
rm -f "$tmp/journal"
python3 tests/mutate.py run "$tmp/kmsd.sock" "$tmp/journal" --count 20 \
	>"$tmp/acks"
table() { # swap the table under the mounted file system
	dmsetup suspend --nolockfs --noflush "$bad" &&
		dmsetup reload "$bad" --table "$1" && dmsetup resume "$bad"
}
ok the_disk_begins_to_fail table \
	"0 $size flakey $data 0 0 3600 1 error_writes"
answer=$(peer CreateKey)
not_ok nothing_is_acknowledged_on_a_failing_disk grep -q KeyMetadata \
	<<<"$answer"
diag "it answered: ${answer:-nothing}"
ok kmsd_ends_itself wait_for "! kill -0 $KMSD_PID 2>/dev/null" 10
not_ok and_not_with_success wait "$KMSD_PID"
diag "$(tail -n 2 "$tmp/kmsd.err")"
KMSD_PID=
umount "$tmp/mnt"
table "0 $size linear $data 0"
ok the_mended_disk_mounts mount "/dev/mapper/$bad" "$tmp/mnt"
start || bail "kmsd does not start on the mended disk"
ok nothing_acknowledged_was_lost check "$tmp/journal"
kmsd_stop
done_testing
