#!/bin/bash
# SPDX-License-Identifier: MIT
# The installed units under systemd: both daemons start by their sockets, as
# closed as the units say, and a user gets a key and a file through them.
# parallel-safe
# timeout: 900
. tests/ktap.sh
need_cmd jq setpriv keyctl systemctl capsh
guest_rerun --systemd --kernel 6.12 -- in_guest 6.12
ALICE=64001 BOB=64002

# The guest sees the host's files: rules of other tests are not for it.
rm -f /etc/request-key.d/*
install_all() {
	make -s --no-print-directory B="$B" install &&
		systemd-sysusers && systemd-tmpfiles --create &&
		systemctl daemon-reload
}
ok it_installs install_all || bail "nothing to start"
cat >/etc/kmsagent/kmsd.conf <<'EOC'
[kmsd]
account = 111122223333
region = eu-central-1
[rootkey]
path = /etc/kmsagent/rootkey/root.key
[peer]
kmsagent-fetch = arn:aws:iam::111122223333:role/kmsagent
[service]
kmsagent = arn:aws:iam::111122223333:role/kmsagent
EOC
printf '[kms]\nregion = eu-central-1\n' >/etc/kmsagent/kmsagent.conf

show() { systemctl show -P "$2" "$1"; }
status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$(show "$1" MainPID)/status"; }

ok the_sockets_are_there systemctl start kmsd.socket kmsagentd.socket
is nothing_runs_before_it_is_asked \
	"$(show kmsd ActiveState) $(show kmsagentd ActiveState)" \
	"inactive inactive"
ok a_question_starts_the_agent kmsctl status
ok a_call_starts_the_key_service kmsctl call ListKeys
is both_are_ready "$(show kmsd StatusText)$(show kmsd ActiveState) $(
	show kmsagentd ActiveState)" "active active"
is kmsd_has_no_capability "$(status_of kmsd CapBnd)" 0000000000000000
is kmsd_is_its_user "$(ps -o user= -p "$(show kmsd MainPID)")" kmsd
is the_keyholder_has_seven \
	"$(capsh --decode="$(status_of kmsagentd CapBnd)" | sed 's/.*=//')" \
	cap_dac_read_search,cap_kill,cap_setgid,cap_setuid,cap_setpcap,cap_sys_ptrace,cap_sys_admin
is both_filter_system_calls \
	"$(status_of kmsd Seccomp) $(status_of kmsagentd Seccomp)" "2 2"
is neither_gains_privileges \
	"$(status_of kmsd NoNewPrivs) $(status_of kmsagentd NoNewPrivs)" "1 1"

ok a_key_is_made kmsctl key create vol1 --allow "uid:$ALICE" --bytes 64
as() { # uid command...
	setpriv --reuid "$1" --regid "$1" --clear-groups \
		keyctl session - "${@:2}" 2>&1
}
ok the_allowed_load_it as "$ALICE" kmsctl key load vol1
like others_do_not "$(as "$BOB" kmsctl --json key load vol1 --type logon)" \
	'"KeyRejected"'
head -c 1000000 /dev/urandom >/run/plain
round_trip() { # engine
	kmsctl encrypt -k vol1 --engine "$1" </run/plain >/run/c &&
		kmsctl decrypt -k vol1 --engine "$1" </run/c | cmp - /run/plain
}
ok a_file_goes_through_openssl round_trip openssl
ok a_file_goes_through_the_kernel round_trip kcapi
ok doctor_finds_nothing_bad kmsctl doctor

kill -9 "$(show kmsagentd MainPID)"
ok a_killed_agent_comes_back wait_for '[ "$(show kmsagentd NRestarts)" = 1 ] &&
	[ "$(show kmsagentd ActiveState)" = active ]' 15
is it_knows_its_keys_again \
	"$(kmsctl --json key show vol1 | jq -r .name)" vol1
ok kmsd_reloads systemctl reload kmsd
ok it_answers_on kmsctl call ListKeys

# KeyringMode=shared and @u, as kmsagent(7) tells: by a unit that looks where
# dm-crypt would, in its session.
cat >/run/systemd/system/consumer.service <<'EOC'
[Service]
Type=oneshot
KeyringMode=shared
ExecStartPre=kmsctl key load --ring @u vol1
ExecStart=keyctl search @s logon kms:vol1
EOC
systemctl daemon-reload
ok a_unit_finds_what_it_loaded systemctl start consumer
sed -i '/^KeyringMode/d' /run/systemd/system/consumer.service
systemctl daemon-reload
not_ok without_the_shared_ring_it_does_not systemctl start consumer

ok both_stop systemctl stop kmsagentd.socket kmsagentd kmsd.socket kmsd
is they_end_well "$(show kmsd Result) $(show kmsagentd Result)" \
	"success success"
is their_sockets_go "$(find /run/kmsd /run/kmsagent -type s)" ''
done_testing
