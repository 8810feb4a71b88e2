#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian packages under systemd, from the first installation to the purge:
# what they start and what not, keys for a user's session and a unit, a volume,
# restarts and an upgrade under load, and what a purge leaves.
# parallel-safe
# timeout: 1200
. tests/ktap.sh
need_cmd dpkg-deb dpkg-shlibdeps jq setpriv keyctl systemctl losetup mkfs.ext4
ALICE=64001 BOB=64002
old=0.1.0~test1 new=0.1.0~test2
debs=$B/deb
build() { # version
	VERSION=$1 B=$B systemd/debian/build
}
if ! in_guest; then
	# Both versions from the same programs; the guest only installs them.
	# No points here: those of the guest are this test's.
	build "$old" >&2 || bail "nothing to install"
	build "$new" >&2 || bail "nothing to upgrade to"
fi
guest_rerun --systemd --kernel 6.12 -- in_guest 6.12

# The host's files are seen here, whatever was installed there by hand.
rm -rf /etc/request-key.d/* /etc/kmsagent /var/lib/kmsd /var/lib/kmsagent
# man-db's trigger would read every page there is, through the guest's walls.
rm -f /var/lib/man-db/auto-update
mkdir -p /etc/systemd/system/sockets.target.wants
dpkg_q() { dpkg --force-unsafe-io "$@" </dev/null; }
package() { echo "$debs/$1_$2_$(dpkg --print-architecture).deb"; }
install_both() { # version
	dpkg_q -i "$(package kmsd "$1")" "$(package kmsagent "$1")"
}
show() { systemctl show -P "$2" "$1"; }
# Where a package or its daemons could leave something; the host's own files,
# which other tests come and go by, show through.
listing() {
	find /etc /usr/bin /usr/sbin /usr/lib/systemd /usr/lib/sysusers.d \
		/usr/lib/tmpfiles.d /usr/libexec /usr/share/man \
		/usr/share/bash-completion /run/kms* -xdev 2>/dev/null |
		grep kms | grep -v kmsagent-lab | sort
	find /usr/share /usr/share/doc /var/lib /var/log -maxdepth 1 |
		grep kms | sort
	find /var/lib/kms* /var/log/kms* 2>/dev/null
}

# Installed and purged at once, it leaves nothing.
listing >/run/before
ok it_installs install_both "$old" || bail "the rest needs it"
is nothing_was_started "$(systemctl is-active kmsd.socket kmsagentd.socket \
	kmsd kmsagentd | paste -sd' ')" "inactive inactive inactive inactive"
is the_sockets_come_at_boot "$(systemctl is-enabled kmsd.socket \
	kmsagentd.socket kmsd kmsagentd 2>&1 | paste -sd' ')" \
	"enabled enabled disabled disabled"
is no_file_differs_from_its_checksum "$(dpkg -V kmsd kmsagent)" ''
is the_configuration_is_the_administrator_s \
	"$(dpkg-query -W -f '${Conffiles}\n' kmsd kmsagent |
		awk 'NF { print $1 }' | sort | paste -sd' ')" \
	"/etc/kmsagent/kmsagent.conf /etc/kmsagent/kmsd.conf /etc/request-key.d/kms.conf"
for user in kmsd kmsagent-fetch kmsagent-work; do
	ok "user_${user//-/_}_is_made" id "$user"
done
catalog_says() { journalctl --dump-catalog "$1"; }
like the_catalog_has_the_agent_s_messages \
	"$(catalog_says 3e6f0d4b9a1c4d2e8b7f5a6c0d9e1f03 2>&1)" 'was delivered'
ok unused_it_is_purged dpkg_q --purge kmsagent kmsd
listing >/run/after
is a_purge_of_the_unused_leaves_nothing "$(diff /run/before /run/after)" ''

# The walk of an operator: one command.
ok it_installs_again install_both "$old"
echo '# mine' >>/etc/kmsagent/kmsagent.conf
ok the_socket_starts systemctl start kmsagentd.socket
ok that_is_enough_to_make_a_key kmsctl key create vol1 --allow "uid:$ALICE"
is both_daemons_run "$(systemctl is-active kmsd kmsagentd | paste -sd' ')" \
	"active active"
as() { # uid command...
	setpriv --reuid "$1" --regid "$1" --clear-groups \
		keyctl session - "${@:2}" 2>&1
}
like keyctl_gets_it_into_a_user_s_session \
	"$(as "$ALICE" sh -c 'keyctl describe $(keyctl request2 logon kms:vol1 "" @s)')" \
	'0 +0 logon: kms:vol1'
like another_user_is_refused \
	"$(as "$BOB" keyctl request2 logon kms:vol1 "" @s)" 'rejected'
cat >/run/systemd/system/consumer.service <<'EOC'
[Service]
Type=oneshot
KeyringMode=shared
ExecStartPre=kmsctl key load --ring @u vol1
ExecStart=keyctl search @s logon kms:vol1
EOC
systemctl daemon-reload
ok a_unit_gets_it systemctl start consumer

# The journal.
fields() { # event, fields for jq
	journalctl -o json KMS_EVENT="$1" | jq -rs "[.[] | $2][0] // \"none\""
}
ok the_journal_flushes journalctl --sync
is the_delivery_is_in_the_journal "$(fields key-delivered \
	'select(.KMS_UID == "64001") | [.KMS_KEY_NAME, .KMS_OUTCOME,
	(.KMS_KEY_SERIAL | tonumber > 0), (.KMS_CMK | startswith("arn:aws:kms:")),
	.SYSLOG_IDENTIFIER, .PRIORITY] | map(tostring) | join(" ")')" \
	'vol1 done true true kmsagentd 6'
is so_is_the_refusal "$(fields key-refused '[.KMS_KEY_NAME, .KMS_UID,
	.KMS_OUTCOME] | join(" ")')" "vol1 $BOB denied"
like journalctl_x_explains_it "$(journalctl -x KMS_EVENT=key-refused)" \
	'Subject: A key was refused to uid 64002.*does not list this uid'
like and_says_that_kmsd_is_ready "$(journalctl -x -u kmsd KMS_EVENT=started)" \
	'Subject: The key service is ready'

# A volume, through the unit's walls.
truncate -s 64M /run/disk
loop=$(losetup -f --show /run/disk)
kmsctl key create data --purpose volume >/dev/null
volume_holds() {
	kmsctl dmcrypt open data "$loop" && mkfs.ext4 -q /dev/mapper/data &&
		mount /dev/mapper/data /mnt && echo kept >/mnt/file &&
		umount /mnt && kmsctl dmcrypt close data &&
		kmsctl dmcrypt open data "$loop" &&
		mount /dev/mapper/data /mnt && grep kept /mnt/file &&
		umount /mnt
}
ok a_volume_is_opened_used_closed_and_opened volume_holds
is no_key_is_left_in_any_ring "$(grep -c kms:data /proc/keys)" 0

# Restarts under load: what is asked while nobody is there waits in the socket.
asking() { # file command...: until the file "stop" is there, or for 120 s
	local good=0 bad=0
	local end=$((SECONDS + 120))
	until [ -e /run/stop ] || [ "$SECONDS" -gt "$end" ]; do
		if "${@:2}" >/dev/null 2>>"$1.err"; then
			good=$((good + 1))
		else
			bad=$((bad + 1))
		fi
	done
	echo "$good $bad" >"$1"
}
load_start() {
	rm -f /run/stop /run/load-*
	asking /run/load-kmsd kmsctl call ListKeys &
	asking /run/load-agent kmsctl key show vol1 &
	asking /run/load-upcall as "$ALICE" keyctl request2 logon kms:vol1 "" @s &
	asking /run/load-file sh -c 'kmsctl encrypt -k vol1 </etc/passwd' &
	loads=$(jobs -p)
	sleep 0.5
}
load_end() {
	touch /run/stop
	# shellcheck disable=SC2086
	wait $loads
}
lost() { # what -> failures, and proof that it asked
	local good bad
	read -r good bad <"/run/load-$1"
	[ "$good" -ge 5 ] || echo "only $good asked"
	echo "$bad"
	[ "$bad" = 0 ] || head -n 3 "/run/load-$1.err"
}
pids() { echo "$(show kmsd MainPID) $(show kmsagentd MainPID)"; }
restart() {
	local i
	for i in 1 2 3; do
		systemctl restart kmsd && systemctl restart kmsagentd || return
	done
}
before=$(pids)
load_start
ok both_restart_three_times_under_load restart
load_end
for what in kmsd agent upcall file; do
	is "no_request_to_${what}_was_lost" "$(lost "$what")" 0
done
ok other_processes_serve test "$before" != "$(pids)"

# An upgrade, with a key in use, a volume open and a changed configuration.
as "$ALICE" sh -c 'keyctl request2 logon kms:vol1 "" @s >/run/key.new &&
	mv /run/key.new /run/key && timeout 120 sh -c '\''until [ -e /run/stop2 ]; do
	sleep 0.1; done'\''
	keyctl describe $(cat /run/key)' >/run/held 2>&1 &
holder=$!
chmod 1777 /run
wait_for '[ -e /run/key ]' 10
before=$(pids)
load_start
ok it_is_upgraded_under_load install_both "$new"
load_end
for what in kmsd agent upcall file; do
	is "the_upgrade_lost_nothing_of_$what" "$(lost "$what")" 0
done
ok the_new_version_serves test "$before" != "$(pids)"
is it_is_the_new_version "$(dpkg-query -W -f '${Version} ' kmsd kmsagent)" \
	"$new $new "
like the_changed_configuration_stays \
	"$(cat /etc/kmsagent/kmsagent.conf)" '# mine'
is the_keys_stay "$(kmsctl --json key list | jq -r '[.keys[].name] | sort |
	join(" ")')" 'data vol1'
is the_agent_knows_its_open_volume \
	"$(kmsctl --json dmcrypt status data | jq -r .mapping)" data
read_back() { mount /dev/mapper/data /mnt && grep kept /mnt/file && umount /mnt; }
ok the_volume_stays_open read_back
touch /run/stop2
wait "$holder"
like a_delivered_key_stays "$(cat /run/held)" 'logon: kms:vol1'

# A loop that hangs is ended by the watchdog.
mkdir -p /run/systemd/system/kmsagentd.service.d
printf '[Service]\nWatchdogSec=2s\n' \
	>/run/systemd/system/kmsagentd.service.d/test.conf
systemctl daemon-reload
systemctl restart kmsagentd
kill -STOP "$(show kmsagentd MainPID)"
ok the_watchdog_ends_an_agent_that_hangs wait_for \
	'[ "$(show kmsagentd NRestarts)" = 1 ]' 30
rm -r /run/systemd/system/kmsagentd.service.d

# The root key as a credential of the unit, as kmsd.service tells.
mkdir -p /etc/systemd/system/kmsd.service.d
cp /etc/kmsagent/rootkey/root.key /etc/kmsagent/root.key
printf '[Service]\nLoadCredential=rootkey:/etc/kmsagent/root.key\n' \
	>/etc/systemd/system/kmsd.service.d/rootkey.conf
sed -i 's|^path = .*|path = /run/credentials/kmsd.service/rootkey|' \
	/etc/kmsagent/kmsd.conf
mv /etc/kmsagent/rootkey/root.key /etc/kmsagent/rootkey/aside
systemctl daemon-reload
ok kmsd_takes_its_root_key_from_a_credential systemctl restart kmsd
ok and_opens_its_keys kmsctl key load vol1
mv /etc/kmsagent/rootkey/aside /etc/kmsagent/rootkey/root.key
rm -r /etc/systemd/system/kmsd.service.d /etc/kmsagent/root.key

# Removed: it stops, and all of it but the programs stays.
kmsctl dmcrypt close data >/dev/null
ok it_is_removed dpkg_q --remove kmsagent kmsd
is all_units_are_stopped "$(systemctl is-active kmsd.socket kmsagentd.socket \
	kmsd kmsagentd | paste -sd' ')" "inactive inactive inactive inactive"
ok the_configuration_stays test -e /etc/kmsagent/kmsd.conf

# Purged: it keeps what nobody could bring back, and says so.
purge=$(dpkg_q --purge kmsagent kmsd 2>&1)
like the_purge_says_what_it_keeps "$purge" \
	'kept.*: /var/lib/kmsagent.*kept.*: /var/lib/kmsd /etc/kmsagent/rootkey /var/log/kmsd'
listing >/run/after
is and_keeps_just_that "$(diff /run/before /run/after |
	sed -n 's/^[<>] //p' | cut -d/ -f1-4 | sort -u | paste -sd' ')" \
	"/etc/kmsagent /etc/kmsagent/rootkey /var/lib/kmsagent /var/lib/kmsd /var/log/kmsd"
is of_the_configuration_only_the_root_key \
	"$(find /etc/kmsagent -type f)" /etc/kmsagent/rootkey/root.key

# What was kept is enough to go on.
ok it_is_installed_over_it install_both "$new"
ok it_starts_again systemctl start kmsagentd.socket
ok the_keys_are_usable_again kmsctl key load vol1
done_testing
