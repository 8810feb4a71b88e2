#!/bin/bash
# SPDX-License-Identifier: MIT
# The README's five minutes, line by line as they stand there.
# timeout: 120
. tests/ktap.sh
need_root
need_cmd keyctl setpriv request-key aws
for i in kmsd kmsagentd kmsctl kms-request-key; do
	[ -x "$B/$i" ] || skip_all "needs $i built"
done
tmpdir
[ ! -e /etc/request-key.d/tour.conf ] ||
	skip_all "/etc/request-key.d/tour.conf is there: somebody is on tour"
at_exit rm -f /etc/request-key.d/tour.conf /run/tour-agent.sock /run/tour-kmsd.sock

awk '/^## /{ on = $2 == "Five" } on && /^```$/{ code = 0 } on && code
	on && /^```sh$/{ code = 1 }' README.md >"$tmp/tour.sh"
is the_readme_has_a_tour "$(grep -c '^kmsctl ' "$tmp/tour.sh")" 5
tour() (
	cd "$tmp" || exit 1
	# Debian's own CLI first; the daemons end with the tour, come what may.
	export PATH=$B:/usr/bin:$PATH AWS_PAGER=''
	setsid -w bash -ec 'trap "kill %1 %2 2>/dev/null" EXIT; . ./tour.sh' \
		>out 2>&1 && exit
	tail -n 20 out tour/*.log
	exit 1
)
ok every_line_of_it_succeeds tour
out=$(cat "$tmp/out")
like the_aws_cli_gets_its_plaintext_back "$out" 'hello, world'
like an_allowed_uid_has_the_key "$out" 'sw-v------------ +0 +0 logon: kms:tour'
like another_is_refused "$out" 'request_key: Key was rejected by service'
like a_file_comes_back_the_same "$out" $'\nsame\n'
like a_disabled_cmk_opens_nothing "$out" 'is disabled.*next: the CMK is disabled'
done_testing
