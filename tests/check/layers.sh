#!/bin/bash
# SPDX-License-Identifier: MIT
# Every quoted include must be one that its folder may have, so that data
# flows one way.  What is not in the table may include nothing of ours.
. tests/ktap.sh

declare -A MAY=(
	[keyring]=""
	[kcapi]="keyring"
	[kmsagent/base]="keyring"
	[kmsagent/crypto]="kmsagent/base keyring"
	[kmsagent/varlink]="keyring"
	[kmsagent/aws]="kmsagent/crypto kmsagent/base keyring"
	[kmsagent/rootkey]="kmsagent/crypto kmsagent/base keyring"
	[kmsagent/store]="kmsagent/base keyring"
	[kmsagent/kms]="kmsagent/store kmsagent/rootkey kmsagent/crypto
		kmsagent/base keyring"
	[kmsagent/agent]="kcapi kmsagent/aws kmsagent/varlink kmsagent/base
		keyring"
	[kmsagent/ctl]="kmsagent/aws kmsagent/varlink kmsagent/base keyring"
	[kmsagent/requestkey]="kmsagent/varlink keyring"
	[kmsagent/luks2]="kmsagent/varlink keyring"
)

# Prints what breaks the table below a folder; fails if anything does.
one_way() { # folder
	local file inc from to may bad=0
	cd "$1" || return
	while IFS=: read -r file inc; do
		from=${file%/*}
		if [[ $inc != */* ]]; then
			printf '%s: "%s" is not from the root\n' "$file" "$inc"
			bad=1
			continue
		fi
		to=${inc%/*}
		may=$from' '${MAY[$from]-}
		may=${may//[[:space:]]/ }
		[[ " $may " != *" $to "* ]] || continue
		printf '%s may not include "%s"\n' "$file" "$inc"
		bad=1
	done < <(grep -rHoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]+' \
		--include='*.[ch]' . | sed -E 's|^\./||; s|:[^"]*"|:|')
	return "$bad"
}

tree_is_one_way() {
	cp -r "$TOP"/{keyring,kcapi,kmsagent} "$control/" && (one_way "$control")
}
tmpdir
control=$tmp
ok includes_follow_the_layer_table tree_is_one_way

# The check itself: each of these has to be refused, and the lawful one not.
try() { # file, include
	rm -rf "${control:?}"/*
	mkdir -p "$control/${1%/*}"
	printf '#include <stdio.h>\n%s\n' "$2" >"$control/$1"
	(one_way "$control")
}
ok a_lawful_include_is_taken \
	try kmsagent/agent/x.c '#include "kmsagent/varlink/x.h"'
ok a_folder_includes_itself \
	try kmsagent/kms/x.c '#include "kmsagent/kms/x.h"'
not_ok the_service_may_not_include_the_agent \
	try kmsagent/kms/x.c '#include "kmsagent/agent/x.h"'
not_ok the_agent_may_not_include_the_service \
	try kmsagent/agent/x.c '#include "kmsagent/kms/x.h"'
not_ok a_low_folder_may_not_include_a_high_one \
	try keyring/x.h '#include "kmsagent/base/io.h"'
not_ok an_unusual_spelling_does_not_help \
	try kcapi/x.c ' #  include  "kmsagent/base/io.h"'
not_ok a_relative_include_is_refused \
	try keyring/x.c '#include "x.h"'
not_ok a_way_round_is_refused \
	try kmsagent/kms/x.c '#include "kmsagent/kms/../agent/x.h"'
not_ok a_folder_outside_the_table_is_refused \
	try kmsagent/newpart/x.c '#include "keyring/secret.h"'
done_testing
