#!/bin/bash
# SPDX-License-Identifier: MIT
# parallel-safe
# The policy engine against a model of its own in another language: the same
# generated cases (callers, key policies, identity policies, grants,
# conditions, operations, keys) with a fixed seed, and full agreement.
. tests/ktap.sh
need_cmd python3
tmpdir
COUNT=24000

ok the_model_passes_its_own_test python3 tests/policy-model.py test
python3 tests/policy-model.py generate $COUNT 20261125 >"$tmp/cases"
is so_many_cases "$(wc -l <"$tmp/cases")" "$COUNT"
sed 's/.*"expect":"\([a-z_]*\)".*/\1/' "$tmp/cases" >"$tmp/model"
"$B/tools/policy-decide" <"$tmp/cases" >"$tmp/engine"
is each_case_is_decided "$(wc -l <"$tmp/engine")" "$COUNT"
# A matrix in which nearly all is denied would show little.
for verdict in allowed denied_by_key denied_by_identity not_by_key \
	not_by_identity error; do
	ok "often_enough_$verdict" \
		test "$(grep -cx $verdict "$tmp/model")" -ge $((COUNT / 100))
done
if ! ok engine_and_model_agree cmp "$tmp/model" "$tmp/engine"; then
	paste "$tmp/model" "$tmp/engine" "$tmp/cases" |
		awk '$1 != $2' | head -n 3 | sed 's/^/# /'
fi
done_testing
