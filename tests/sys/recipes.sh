#!/bin/bash
# SPDX-License-Identifier: MIT
# kmsagent-recipes(7), display by display as it stands there, on an installed
# system: root's lines by root, alice's by her in a session of her own, and
# what they print is what the page says.
# parallel-safe
# timeout: 900
. tests/ktap.sh
need_cmd setpriv keyctl systemctl dmsetup cryptsetup mkfs.ext4 xfs_io losetup
guest_rerun --systemd --kernel 6.12 -- in_guest 6.12
page=$TOP/kmsagent/man/kmsagent-recipes.7
tmpdir
chmod 755 "$tmp"

rm -rf /etc/request-key.d/* /etc/kmsagent /var/lib/kmsd /var/lib/kmsagent
install_all() {
	make -s --no-print-directory B="$B" install && systemd-sysusers &&
		systemd-tmpfiles --create && systemctl daemon-reload &&
		systemctl start kmsagentd.socket && useradd -m -u 64001 alice
}
ok it_installs install_all || bail "the page needs it"
truncate -s 64M /run/disk /run/srv
disk=$(losetup -f --show /run/disk)
mkfs.ext4 -q -O encrypt /run/srv && mount -o loop /run/srv /srv

# The displays: $tmp/N.lines, with the section in $tmp/N.section, and the line
# before it in $tmp/N.before.
awk -v dir="$tmp" '
	/^\.Ss / { section = substr($0, 5) }
	/^\.Ed/ { on = 0 }
	on { print >(dir "/" n ".lines") }
	/^\.Bd -literal/ { on = 1; n++
		print section >(dir "/" n ".section")
		print before >(dir "/" n ".before") }
	{ before = $0 }' "$page"
displays=$(find "$tmp" -name '*.lines' | wc -l)
ok the_page_has_displays test "$displays" -ge 13

# run_display N PROMPT: its commands in one shell of that user.
run_display() {
	local who=() script=$tmp/$1.sh
	{
		# Where the page shows an output, it may be that of a refusal.
		grep -q '^[^#$]' "$tmp/$1.lines" || echo 'set -e'
		sed -n "s|^[$2] ||p" "$tmp/$1.lines" |
			sed "s|/dev/sdX|$disk|g"
	} >"$script"
	[ "$2" = '#' ] ||
		who=(setpriv --reuid alice --regid alice --init-groups)
	"${who[@]}" keyctl session - bash "$script" >"$tmp/$1.out" 2>&1
}
as_shown() { # N PROMPT
	local status=0 line
	run_display "$1" "$2" || status=$?
	while read -r line; do
		grep -qxF -- "$line" <(sed 's/^ *//' "$tmp/$1.out") || {
			echo "the page says: $line"
			cat "$tmp/$1.out"
			return 1
		}
	done < <(grep -v '^[#$] ' "$tmp/$1.lines")
	grep -q '^[^#$]' "$tmp/$1.lines" || [ "$status" = 0 ] || {
		cat "$tmp/$1.out"
		return 1
	}
}
for ((n = 1; n <= displays; n++)); do
	read -r section <"$tmp/$n.section"
	read -r first <"$tmp/$n.lines"
	name=$(tr 'A-Z ' 'a-z_' <<<"${section}_display_$n")
	case $first in
	'# '* | '$ '*)
		ok "${name}_does_what_it_says" as_shown "$n" "${first:0:1}"
		;;
	'['*)
		path=$(sed -n 's/^\.Pa //p' "$tmp/$n.before")
		ok "${name}_is_a_file" cp "$tmp/$n.lines" "$path"
		;;
	*)
		fail "${name}_begins_with_a_prompt_or_a_section" "$first"
		;;
	esac
done
# What the page's words promise beside its lines.
is the_mapping_is_closed "$(dmsetup ls --target crypt)" 'No devices found'
not_ok the_directory_is_locked cat /srv/papers/file

# The check itself.
printf '$ echo one\ntwo\n' >"$tmp/98.lines"
not_ok another_output_is_refused as_shown 98 '$'
printf '$ false\n$ true\n' >"$tmp/99.lines"
not_ok a_command_that_fails_is_refused as_shown 99 '$'
done_testing
