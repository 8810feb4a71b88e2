#!/bin/bash
# SPDX-License-Identifier: MIT
# The systemd units are well-formed and stay as closed as they were, their
# users and folders are made, what they name is what is installed, wherever
# that is, and each message that the daemons number is in the catalog.
. tests/ktap.sh
need_cmd systemd-analyze systemd-sysusers systemd-tmpfiles make
need_root
tmpdir
root=$tmp

# An installation, as a package's would look; what is not ours stands in.
install_tree() {
	make -s --no-print-directory B="$B" DESTDIR="$root" install &&
		mkdir -p "$root/bin" "$root/etc" && cp /bin/kill "$root/bin/"
}
ok the_tree_installs install_tree || bail "nothing to look at"

units=()
for file in "$root"/usr/lib/systemd/system/*; do
	units+=("${file##*/}")
done
is both_daemons_have_a_service_and_a_socket "${units[*]}" \
	"kmsagentd.service kmsagentd.socket kmsd.service kmsd.socket"

# It complains on standard error and may end with 0 all the same.
verify() { # unit
	local says
	says=$(systemd-analyze verify --man=no --recursive-errors=no \
		--root="$root" "$1" 2>&1 | grep -F "${1%.*}.")
	[ -z "$says" ] || { echo "$says" && false; }
}
for unit in "${units[@]}"; do
	ok "systemd_takes_${unit//[^a-z]/_}" verify "$unit"
done

exposure() { # service, most in tenths
	systemd-analyze security --no-pager --offline=true --threshold="$2" \
		"$root/usr/lib/systemd/system/$1"
}
ok kmsd_stays_closed exposure kmsd.service 15
ok kmsagentd_stays_closed exposure kmsagentd.service 33

ok users_of_the_key_service_are_made systemd-sysusers --root="$root" \
	"$root/usr/lib/sysusers.d/kmsd.conf"
ok users_of_the_agent_are_made systemd-sysusers --root="$root" \
	"$root/usr/lib/sysusers.d/kmsagent.conf"
for user in kmsd kmsagent-fetch kmsagent-work; do
	ok "there_is_a_user_${user//-/_}" grep -q "^$user:" "$root/etc/passwd"
done
ok folders_are_made systemd-tmpfiles --root="$root" --create \
	"$root/usr/lib/tmpfiles.d/kmsd.conf"
is the_root_key_s_folder_is_closed \
	"$(stat -c %a "$root/etc/kmsagent/rootkey")" 700
ok the_man_pages_are_installed \
	test -s "$root/usr/share/man/man1/kmsctl.1" \
	-a -s "$root/usr/share/man/man7/kmsagent.7"
ok completion_is_installed \
	test -s "$root/usr/share/bash-completion/completions/kmsctl"

preset() {
	systemctl --root="$root" preset "${units[@]}" &&
		systemctl --root="$root" is-enabled "${units[@]}"
}
is only_the_sockets_are_enabled "$(preset 2>/dev/null | paste -sd' ')" \
	"disabled enabled disabled enabled"

# Messages: the ids in the sources and those in the catalog are the same, and
# journalctl takes the catalog.
logged_ids() { # folder
	grep -hozP 'struct log_event \w+ = \{\s*"\K[0-9a-f]{32}' \
		"$TOP/kmsagent/$1"/*.c | tr '\0' '\n' | sort
}
known_ids() { # program
	sed -n 's/^-- //p' "$root/usr/lib/systemd/catalog/$1.catalog" | sort
}
named_fields() { # program
	grep -ho '@KMS_[A-Z_]*@' "$root/usr/lib/systemd/catalog/$1.catalog" |
		tr -d @ | sort -u
}
for pair in kms:kmsd agent:kmsagent; do
	ids=$(logged_ids "${pair%:*}")
	ok "${pair#*:}_numbers_messages" test "$(wc -l <<<"$ids")" -ge 4
	is "ids_of_${pair#*:}_are_unique" "$(uniq -d <<<"$ids")" ''
	ok "messages_of_${pair#*:}_are_in_the_catalog" \
		diff <(echo "$ids") <(known_ids "${pair#*:}")
done
is the_catalog_names_fields_that_are_logged "$(named_fields kmsagent |
	comm -23 - <(grep -ho 'KMS_[A-Z_]*=' "$TOP/kmsagent/agent/journal.c" |
		tr -d = | sort -u))" ''
mkdir -p "$root/var/lib/systemd/catalog"
catalog() { journalctl --root="$root" "$@"; }
ok journalctl_takes_the_catalog catalog --update-catalog
like and_finds_a_message_there \
	"$(catalog --dump-catalog b0250f1768d74aec8546bc74468d895e 2>&1)" \
	'Subject: The key service is ready'

# Elsewhere: what is installed names what is installed.
other=$tmp/other
ok another_prefix_installs make -s --no-print-directory B="$B" \
	DESTDIR="$other" PREFIX=/opt/keys SBINDIR=/opt/keys/daemons \
	LIBEXECDIR=/opt/keys/handlers UNITDIR=/etc/systemd/system install
is no_unit_or_rule_names_usr "$(grep -rn /usr/ "$other/etc")" ''
named_programs() { # prints what is named and is not there
	local path
	grep -rhoE '/opt/keys/[a-z/-]+' "$other/etc" | sort -u |
		while read -r path; do
			[ -x "$other$path" ] || echo "$path"
		done
}
is every_program_that_they_name_is_there "$(named_programs)" ''
is there_are_three_of_them \
	"$(grep -rhoE '/opt/keys/[a-z/-]+' "$other/etc" | sort -u | wc -l)" 3
echo 'account = 1' >"$other/etc/kmsagent/kmsd.conf"
ok it_installs_again make -s --no-print-directory B="$B" DESTDIR="$other" \
	PREFIX=/opt/keys install
is a_configuration_that_is_there_stays \
	"$(cat "$other/etc/kmsagent/kmsd.conf")" 'account = 1'

# The check itself.
sed -i 's/^Type=notify/Typ=notify/' "$root/usr/lib/systemd/system/kmsd.service"
not_ok an_unknown_setting_is_refused verify kmsd.service
sed -i '/^NoNew/d; /^Capab/d; /^System/d; /^Protect/d' \
	"$root/usr/lib/systemd/system/kmsd.service"
not_ok an_opened_unit_is_refused exposure kmsd.service 15
done_testing
