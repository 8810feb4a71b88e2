#!/bin/bash
# SPDX-License-Identifier: MIT
# What the programs know and what the manual and the completion say is the
# same, in both directions: commands, options, configuration keys.  The man
# pages are well-formed.
. tests/ktap.sh
need_cmd mandoc
MAN=$TOP/kmsagent/man
tmpdir

for page in "$MAN"/*.[1-8]; do
	name=${page##*/}
	ok "mandoc_is_content_with_${name//[^a-zA-Z0-9]/_}" \
		mandoc -T lint -W warning "$page"
done

# The long options that a help text or a man page names, one a line, sorted.
help_options() { # program argument...
	"$B/$1" "${@:2}" --help |
		grep -oE -- '(^|[[ ])--[a-z][a-z-]*' | tr -d '[ ' | sort -u
}
help_letters() {
	"$B/$1" "${@:2}" --help | sed -nE 's/^ +(-[a-z]), --.*/\1/p' | sort -u
}
page_options() { # page
	grep -oE 'Fl Fl [a-z-]+' "$1" | sed 's/Fl Fl /--/' | sort -u
}
page_letters() {
	grep -oE 'Fl [a-z]( |$)' "$1" | sed -E 's/Fl (.).*/-\1/' | sort -u
}

same() { # list list
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

for program in kmsd:8 kmsagentd:8 kms-request-key:8; do
	name=${program%:*} page=$MAN/${program/:/.}
	if [ -x "$B/$name" ]; then
		options=$(help_options "$name")
		like "${name//-/_}_has_options" "$options" '--version'
		ok "options_of_${name//-/_}_are_those_of_its_manual" \
			same "$options" "$(page_options "$page")"
	else
		fail "${name//-/_}_is_built" "$B/$name is missing"
	fi
done

# kmsctl: per command.
commands() {
	"$B/kmsctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]* *[a-z]*\)  .*/\1/p' |
		sed 's/ *$//'
}
# The part of the page that one command's entry takes.
command_entry() { # command
	awk -v want=".It Cm $1" '
		/^\.It Cm [a-z]+( |$)/ && !nested {
			# "encrypt" and "decrypt" share one entry.
			if (index($0, want " ") == 1 || $0 == want) on = 1
			else if (printed) on = 0
		}
		/^\.S[hs] / { on = 0 }
		/^\.Bl/ && on { nested++ }
		/^\.El/ && on { if (nested) nested--; else on = 0 }
		on { print; if ($0 !~ /^\.It/) printed = 1 }' "$MAN/kmsctl.1"
}
globals=$(help_options kmsctl)
own_options() { # command
	local word
	read -ra word <<<"$1"
	comm -23 <(help_options kmsctl "${word[@]}") <(printf '%s\n' "$globals")
}
# shellcheck source=kmsagent/completion/kmsctl
. "$TOP/kmsagent/completion/kmsctl"
completed() { # words
	printf '%s\n' "$1" | tr ' ' '\n' | sed '/^$/d' | sort
}

mapfile -t all < <(commands)
ok commands_are_found test "${#all[@]}" -ge 13
is completion_offers_the_global_options \
	"$(completed "$_kmsctl_global")" "$globals"
is completion_offers_the_first_words \
	"$(completed "$_kmsctl_commands")" \
	"$(printf '%s\n' "${all[@]% *}" | sort -u)"
for command in "${all[@]}"; do
	id=${command// /_}
	own=$(own_options "$command")
	entry=$tmp/entry
	command_entry "$command" >"$entry"
	ok "${id}_is_in_the_manual" test -s "$entry"
	is "options_of_${id}_are_those_of_the_manual" \
		"$(comm -12 <(page_options "$entry") <(printf '%s\n' "$own"))" \
		"$own"
	is "completion_offers_the_options_of_$id" \
		"$(completed "${_kmsctl_options[$id]-missing}")" "$own"
done
everything=$({ printf '%s\n' "$globals"
	for command in "${all[@]}"; do own_options "$command"; done
} | sed '/^$/d' | sort -u)
ok the_manual_of_kmsctl_names_no_other_option \
	same "$(page_options "$MAN/kmsctl.1")" "$everything"
letters=$({ help_letters kmsctl
	for command in "${all[@]}"; do
		read -ra word <<<"$command"
		help_letters kmsctl "${word[@]}"
	done
} | sort -u)
ok the_manual_of_kmsctl_has_the_letters \
	same "$(page_letters "$MAN/kmsctl.1")" "$letters"
undocumented_variables() {
	local v
	for v in $(grep -rhoE '"(AWS|KMSAGENT)_[A-Z_]+"' "$TOP/kmsagent/ctl" |
		tr -d '"' | sort -u); do
		grep -q "^.It Ev.*\b$v\b" "$MAN/kmsctl.1" || echo "$v"
	done
}
is every_variable_that_kmsctl_reads_is_in_the_manual \
	"$(undocumented_variables)" ''

# Configuration: "section key" pairs of the tables in C against the pages.
conf_keys() { # source
	sed -nE 's/^[[:space:]]*(\{|STRING\()"([^"]+)", "([^"]+)",.*/\2 \3/p' \
		"$1" | sort -u
}
page_keys() { # page
	awk '
		/^\.Ss \[/ { section = substr($0, 6); sub(/\]$/, "", section)
			sub(/ [A-Z]+$/, " *", section); next }
		/^\.S[sh] / { section = "" }
		/^\.It Cm / && section != "" { print section, $3 }' "$1" | sort -u
}
for pair in kmsd.conf.5:kms/confkeys.c kmsagent.conf.5:agent/config.c; do
	page=$MAN/${pair%:*} source=$TOP/kmsagent/${pair#*:}
	id=${pair%.5:*}
	keys=$(conf_keys "$source")
	ok "${id//./_}_has_keys" test "$(wc -l <<<"$keys")" -ge 10
	ok "keys_of_${id//./_}_are_those_of_its_manual" \
		same "$keys" "$(page_keys "$page")"
done

# The check itself: what is missing or too much is refused.
printf '.It Fl Fl destroy\n.It Fl Fl gone\n' >"$tmp/page"
not_ok an_option_too_many_is_refused \
	same "$(page_options "$tmp/page")" --destroy
sed 's/--destroy//' "$TOP/kmsagent/completion/kmsctl" >"$tmp/completion"
not_ok an_option_that_completion_lacks_is_refused bash -c '
	. "$1"; [ "${_kmsctl_options[key_delete]}" = --destroy ]' _ \
	"$tmp/completion"
printf '.Ss [kmsd]\n.It Cm threads\n' >"$tmp/page"
not_ok a_key_that_the_manual_lacks_is_refused \
	same "$(conf_keys "$TOP/kmsagent/kms/confkeys.c")" \
	"$(page_keys "$tmp/page")"
printf '.Dd x\n.Xx\n' >"$tmp/page.1"
not_ok a_malformed_page_is_refused \
	mandoc -T lint -W warning "$tmp/page.1"
done_testing
