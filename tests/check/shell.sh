#!/bin/bash
# SPDX-License-Identifier: MIT
# No shell file of the tree gives shellcheck anything to say.
. tests/ktap.sh
need_cmd shellcheck

# Shell files are known by their first line, whatever their name.
shell_files() { # folder
	find "$1" \( -name .git -o -name node_modules -o -path "$B" \
		-o -path "$TOP/build" \) -prune -o -type f -print0 | xargs -0 awk '
		FNR == 1 && /^#(!.*\/(ba)?sh|.*shellcheck shell=)/ { print FILENAME }
		FNR == 1 { nextfile }'
}
mapfile -t files < <(shell_files "$TOP" | sort)
ok shell_files_are_found test "${#files[@]}" -gt 10
for file in "${files[@]}"; do
	name=${file#"$TOP"/}
	ok "shellcheck_is_content_with_${name//[^a-zA-Z0-9]/_}" \
		shellcheck "$file"
done

tmpdir
printf '#!/bin/sh\nrm %s1\n' '$' >"$tmp/bad"
not_ok an_unquoted_name_is_refused shellcheck "$tmp/bad"
is a_shell_file_without_a_suffix_is_found "$(shell_files "$tmp")" "$tmp/bad"
done_testing
