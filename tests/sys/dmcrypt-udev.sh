#!/bin/bash
# SPDX-License-Identifier: MIT
# Volumes beside a udevd, which makes the nodes and is waited for by System V
# semaphores ("cookies"): none of these is left, killed children or not.
# timeout: 200
. tests/ktap.sh
guest_rerun -- has_dm
. tests/dmcrypt.sh
loop=
need_cmd dmsetup losetup ipcs udevadm
udevd_start || skip_all "no udevd starts here"
agent_lab
[ -x "$B/tools/catch-child" ] || skip_all "needs tools/catch-child built"
loop_device loop "$LAB/disk" 16M
volume_create vol1
start=${EPOCHREALTIME/[.,]/}
ok it_opens vopen vol1 "$loop"
span=$(((${EPOCHREALTIME/[.,]/} - start) / 2))
ok udev_made_the_node test -L /dev/mapper/vol1
ok and_knows_it_by_its_key test -b /dev/disk/by-id/dm-uuid-CRYPT-PLAIN-kms:vol1
is no_semaphore_is_left "$(semaphores)" 0
ok it_is_resized ctl dmcrypt resize vol1 --size 8000
ok it_closes vclose vol1
ok nothing_is_left consistent vol1 vol1
kill_rounds "${DMCRYPT_KILLS:-12}" "$span" "$loop"
diag "$killed children killed, $failed of them with work undone"
is all_is_consistent_each_time "$bad" 0
ok some_were_killed test "$killed" -ge 1
[ "$(shown_or vol1 mapping)" = None ] || vclose vol1
ok nothing_is_left_of_them consistent vol1 vol1
done_testing
