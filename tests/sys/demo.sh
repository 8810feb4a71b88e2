#!/bin/bash
# SPDX-License-Identifier: MIT
# The README's first command keeps its word, and leaves nothing behind.
# timeout: 400
. tests/ktap.sh
need_root
for i in kmsd kmsagentd kmsctl kms-request-key tools/memscan \
	tools/message-key; do
	[ -x "$B/$i" ] || skip_all "needs $i built"
done
tmpdir
before=$(ls /etc/request-key.d)
: >"$tmp/begin"
demo() { tests/demo >"$tmp/out" 2>&1 || { cat "$tmp/out"; return 1; }; }
ok the_demo_succeeds demo
is its_last_line_is_the_verdict "$(tail -n 1 "$tmp/out")" "demo: ok"
is no_rule_is_left "$(ls /etc/request-key.d)" "$before"
is no_folder_is_left "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name \
	'kmsagent-lab.*' -newer "$tmp/begin")" ""
is no_process_is_left "$(pgrep -u 64011; pgrep -u 64012)" ""
done_testing
