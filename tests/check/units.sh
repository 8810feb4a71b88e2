#!/bin/bash
# SPDX-License-Identifier: MIT
# The systemd units are well-formed and stay as closed as they were, their
# users and folders are made, and what they name is what is installed.
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
ok kmsagentd_stays_closed exposure kmsagentd.service 30

ok users_are_made systemd-sysusers --root="$root" \
	"$root/usr/lib/sysusers.d/kmsagent.conf"
for user in kmsd kmsagent-fetch kmsagent-work; do
	ok "there_is_a_user_${user//-/_}" grep -q "^$user:" "$root/etc/passwd"
done
ok folders_are_made systemd-tmpfiles --root="$root" --create \
	"$root/usr/lib/tmpfiles.d/kmsagent.conf"
is the_root_key_s_folder_is_closed \
	"$(stat -c %a "$root/etc/kmsagent/rootkey")" 700
ok the_man_pages_are_installed \
	test -s "$root/usr/share/man/man1/kmsctl.1" \
	-a -s "$root/usr/share/man/man7/kmsagent.7"
ok completion_is_installed \
	test -s "$root/usr/share/bash-completion/completions/kmsctl"

# The check itself.
sed -i 's/^Type=notify/Typ=notify/' "$root/usr/lib/systemd/system/kmsd.service"
not_ok an_unknown_setting_is_refused verify kmsd.service
sed -i '/^NoNew/d; /^Capab/d; /^System/d; /^Protect/d' \
	"$root/usr/lib/systemd/system/kmsd.service"
not_ok an_opened_unit_is_refused exposure kmsd.service 15
done_testing
