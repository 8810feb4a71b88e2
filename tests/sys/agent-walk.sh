#!/bin/bash
# SPDX-License-Identifier: MIT
# From a CMK to a key in the kernel: entries, who gets a key and who does
# not, what its holder may do with it, and what the agent's children are.
# Everything real: kmsd, kmsagentd, request-key(8), this kernel.
# timeout: 120
. tests/ktap.sh
. tests/agent.sh
agent_lab

# ---- entries ----
ok a_key_is_made key_create demo --cmk "$CMK" --bytes 64 --context app=walk \
	--allow "uid:$ALICE" --lease 90s
is it_names_its_cmk "$(shown demo cmk_arn)" "$CMK_ARN"
is it_pins_what_it_is_for "$(shown demo encryption_context)" \
	"{'app': 'walk', 'kmsagent:name': 'demo', 'kmsagent:purpose': 'ring'}"
is it_is_as_asked_for "$(shown demo type) $(shown demo bytes) \
$(shown demo allow) $(shown demo lease_s) $(shown demo serials)" \
	"logon 64 ['uid:$ALICE'] 90 []"
is its_file_is_roots_alone "$(stat -c '%a %u' "$LAB/agent/keys/demo.json")" \
	"600 0"
ok it_is_audited audited KeyCreated '"uid":0' "$CMK_ARN" '"name":"demo"'
ok a_key_under_the_embedded_default key_create dflt --allow "uid:$ALICE"
is the_default_is_an_aws_managed_key \
	"$(lab_kms DescribeKey "{\"KeyId\":\"$(shown dflt cmk_arn)\"}" |
		json "j['KeyMetadata']['KeyManager']")" AWS

refused() { # NAME TEXT CMD...: it fails and says so
	local name=$1 text=$2 out
	shift 2
	out=$("$@" 2>&1) && { fail "$name" "it succeeded: $out"; return; }
	like "$name" "$out" "$text"
}
call() { "$LAB/varlink-call" "$LAB/agent.sock" "io.kmsagent.Agent.$1" "${@:2}"; }
refused the_same_name_again 'demo.*already' key_create demo --cmk "$CMK"
refused a_path_as_name InvalidArgument call CreateKey \
	'{"name":"../x","allow":[],"context":{}}'
refused a_reserved_context reserved call CreateKey \
	'{"name":"x","allow":[],"context":{"kmsagent:uid":"0"}}'
refused a_readable_type_unsaid exportable call CreateKey \
	'{"name":"x","allow":[],"context":{},"type":"user"}'
refused a_type_that_is_none InvalidArgument call CreateKey \
	'{"name":"x","allow":[],"context":{},"type":"keyring"}'
refused nonsense_to_allow InvalidArgument call CreateKey \
	'{"name":"x","allow":["everybody"],"context":{}}'
refused an_unknown_cmk 'KmsError.*NotFoundException' call CreateKey \
	'{"name":"x","allow":[],"context":{},"cmk":"alias/none"}'
refused making_a_key_as_another_uid PermissionDenied lab_as $ALICE \
	"$LAB/varlink-call" "$LAB/agent.sock" io.kmsagent.Agent.CreateKey \
	'{"name":"x","allow":["uid:64001"],"context":{}}'
refused an_upcall_as_another_uid PermissionDenied lab_as $ALICE \
	"$LAB/varlink-call" "$LAB/agent.sock" io.kmsagent.Agent.Upcall \
	'{"key":1,"auth":1}'
refused a_look_at_another_ones_key Denied lab_as $BOB \
	"$LAB/varlink-call" "$LAB/agent.sock" io.kmsagent.Agent.ShowKey \
	'{"name":"demo"}'
is nothing_was_made_by_all_that "$(ls "$LAB/agent/keys")" "demo.json
dflt.json"
is others_see_none_of_it "$(lab_as $BOB "$LAB/kmsctl" key list --json |
	json 'len(j["keys"])')" 0
is the_interface_is_the_file "$("$LAB/varlink-call" "$LAB/agent.sock" \
	org.varlink.service.GetInterfaceDescription \
	'{"interface":"io.kmsagent.Agent"}' | json 'j["description"]')" \
	"$(cat kmsagent/agent/io.kmsagent.Agent.varlink)"

# ---- delivery ----
before=$(status upcalls)
cat >"$LAB/asks" <<-'SH'
	#!/bin/sh
	a=$(keyctl request2 logon kms:demo "" @s) || exit
	b=$(keyctl request2 logon kms:demo "" @s) || exit
	[ $a = $b ] && echo same || echo "other $a $b"
	keyctl rdescribe $a
	for no in "update $a x" "timeout $a 9" "setperm $a 0x3f3f3f3f" \
		"chown $a $(id -u)" "read $a" "pipe $a" "revoke $a"; do
		keyctl $no >/dev/null 2>&1 && echo "may $no"
	done
SH
chmod 755 "$LAB/asks"
said=$(lab_as $ALICE "$LAB/asks" 2>&1)
is an_allowed_user_gets_it_twice_the_same_and_may_not_change_it \
	"$said" "same
logon;0;0;192d0000;kms:demo"
is by_one_upcall "$(($(status upcalls) - before))" 1
ok the_delivery_is_audited audited KeyDelivered "\"uid\":$ALICE" "$CMK_ARN"
like another_user_is_rejected "$(request $BOB demo)" 'rejected by service'
ok the_refusal_is_audited audited KeyRefused "\"uid\":$BOB" '"denied"'
like an_unknown_name_is_no_key "$(request $ALICE none)" \
	'Required key not available'
like another_type_is_no_key "$(request $ALICE demo user)" \
	'Required key not available'
like root_needs_no_line "$(keyctl session - keyctl request2 logon kms:demo "" \
	@s 2>/dev/null)" '^[0-9]+$'

ok a_provisioning_key_is_made key_create fs --cmk "$CMK" \
	--type fscrypt-provisioning --allow "uid:$ALICE"
ok it_is_held hold $ALICE fs fscrypt-provisioning
like it_is_of_that_type "$(keyctl rdescribe "$SERIAL")" \
	'^fscrypt-provisioning;0;0;192d0000;kms:fs$'
let_go "$HOLDER"
ok an_exportable_key_is_made key_create exp --cmk "$CMK" --type user \
	--bytes 48 --exportable --allow "uid:$ALICE"
# shellcheck disable=SC2016 # for the inner shell
is an_exportable_key_can_be_read "$(lab_as $ALICE sh -c \
	'keyctl pipe $(keyctl request2 user kms:exp "" @s) | wc -c')" 48

# ---- quotas ----
# A delivered key is root's: somebody with room for three keys gets many.
for i in 1 2 3 4 5 6; do
	key_create "q$i" --cmk "$CMK" --allow uid:64003 || bail "no key q$i"
done
before=$(status upcalls)
cat >"$LAB/greedy" <<-'SH'
	#!/bin/sh
	keyctl show @u >/dev/null 2>&1 # makes the uid's own rings
	i=0
	while keyctl add user greedy:$i x @s >/dev/null 2>&1; do i=$((i + 1)); done
	keyctl request2 logon kms:q1 "" @s 2>&1
	for k in $(keyctl search @s user greedy:0) $(keyctl search @s user \
		greedy:1) $(keyctl search @s user greedy:2); do
		keyctl unlink $k @s
	done
	until keyctl add user greedy:0 x @s >/dev/null 2>&1; do sleep 0.05; done
	keyctl unlink %user:greedy:0 @s
	n=0
	for i in 1 2 3 4 5 6; do
		end=$(($(date +%s) + 5))
		until keyctl request2 logon kms:q$i "" @s >/dev/null 2>&1; do
			[ $(date +%s) -lt $end ] || break 2
			sleep 0.05
		done
		n=$((n + 1))
	done
	echo $n
SH
chmod 755 "$LAB/greedy"
said=$(lab_as 64003 "$LAB/greedy")
like over_quota_is_told_apart "$said" 'Disk quota exceeded'
is delivered_keys_do_not_count_to_their_holders_quota \
	"$(tail -n 1 <<<"$said")" 6
is over_quota_makes_no_upcall "$(($(status upcalls) - before))" 6
for i in 1 2 3 4 5 6; do
	ctl key delete "q$i" --destroy >/dev/null 2>&1
done

# ---- in use, and no more ----
ok a_key_is_held hold $ALICE demo
is its_serial_is_shown "$(shown demo serials |
	grep -o "'serial': $SERIAL, 'uid': $ALICE" | wc -l)" 1
refused deleting_what_is_in_use 'in use' ctl key delete demo --destroy
refused deleting_without_saying_so destroy call DeleteKey \
	'{"name":"dflt","destroy":false}'
ok export ctl key export demo -o "$LAB/demo.export"
is others_keys_are_not_a_users_to_unload "$(lab_as $ALICE "$LAB/varlink-call" \
	"$LAB/agent.sock" io.kmsagent.Agent.UnloadKey '{"name":"demo"}')" \
	'{"removed":1}'
not_ok the_key_is_gone in_kernel "$SERIAL"
let_go "$HOLDER"
ok a_key_is_held_by_root hold 0 demo
is what_root_holds_stays "$(lab_as $ALICE "$LAB/varlink-call" \
	"$LAB/agent.sock" io.kmsagent.Agent.UnloadKey '{"name":"demo"}')" \
	'{"removed":0}'
ok root_unloads_all ctl key unload demo
not_ok then_it_is_gone_too in_kernel "$SERIAL"
let_go "$HOLDER"
ok deleted ctl key delete demo --destroy
not_ok its_file_is_gone [ -e "$LAB/agent/keys/demo.json" ]
like it_is_unknown_then "$(request $ALICE demo)" 'Required key not available'
ok imported ctl key import "$LAB/demo.export"
like it_is_delivered_again "$(request $ALICE demo)" '^[0-9]+$'

# A blob that was put under another name does not open there.
sed 's/"name":"demo"/"name":"swap"/; s/"kmsagent:name":"demo"/"kmsagent:name":"swap"/' \
	"$LAB/demo.export" >"$LAB/swap.export"
ok an_entry_with_anothers_blob_is_taken ctl key import "$LAB/swap.export"
like but_its_key_is_rejected "$(request $ALICE swap)" 'rejected by service'
ok and_the_kms_said_why audited KeyRefused InvalidCiphertextException

# ---- damage ----
printf '{"version":1,"name":"broken"' >"$LAB/agent/keys/broken.json"
printf 'half' >"$LAB/agent/keys/.tmp.json"
agent_restart
like a_damaged_entry_is_told "$(status alerts)" 'broken.json is left alone'
refused its_name_is_taken 'broken.*already' key_create broken --cmk "$CMK"
is it_is_as_it_was "$(cat "$LAB/agent/keys/broken.json")" \
	'{"version":1,"name":"broken"'
is the_others_are_there "$(ctl key list --json | json 'len(j["keys"])')" 5

# ---- the children ----
pid=
wait_for 'pid=$(pgrep -o -P "$LAB_AGENT" -f -- "--as fetcher:$LAB_FETCHER:")' 10
in_proc() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
like a_fetcher_waits_ahead "$pid" '^[0-9]+$'
is it_has_no_user_but_its_own "$(in_proc "$pid" Uid; in_proc "$pid" Groups)" \
	"$LAB_FETCHER	$LAB_FETCHER	$LAB_FETCHER	$LAB_FETCHER"
is it_has_no_capability "$(for i in Inh Prm Eff Bnd Amb; do
	in_proc "$pid" Cap$i
done | sort -u)" 0000000000000000
is it_can_gain_none "$(in_proc "$pid" NoNewPrivs)" 1
is it_runs_under_a_filter "$(in_proc "$pid" Seccomp)" 2
is it_has_no_descriptors_but_its_own "$(find "/proc/$pid/fd" -type l \
	-printf '%f\n' | sort -n | head -n 4 | tr '\n' ' ')" "0 1 2 3 "
is no_one_of_its_uid_may_look_into_it "$(stat -c %u "/proc/$pid/mem")" 0
is its_environment_is_empty "$(tr -d '\0' <"/proc/$pid/environ" | wc -c)" 0
not_ok by_hand_it_does_not_start "$B/kmsagentd" --as fetcher:1:1
kill -9 "$pid"
like a_dead_one_is_replaced "$(request $ALICE demo)" '^[0-9]+$'

# ---- what cannot be recorded is not released ----
printf '[agent]\naudit = /dev/full\n' >>"$LAB/kmsagent.conf"
agent_restart
like no_record_no_key "$(request $ALICE demo)" 'rejected by service'
sed -i '/^audit/d' "$LAB/kmsagent.conf"
agent_restart

# ---- refusing to start ----
starts() { timeout 10 "$B/kmsagentd" --config "$LAB/other.conf" \
	--state "$LAB/other" --socket "$LAB/other.sock"; }
other() { printf '%s\n' "$@" >"$LAB/other.conf"; }
other '[agent]' 'fetcher_user = no-such-user-here'
refused a_user_that_is_not_there 'no-such-user-here.*fetcher_user' starts
other '[agent]' 'fetcher_user = 0'
refused root_as_a_childs_user 'not root' starts
other '[agent]' 'sokcet = /x'
refused an_unknown_setting "other.conf:2:.*socket" starts
cp "$LAB/kmsagent.conf" "$LAB/other.conf"
refused a_state_that_is_in_use 'another kmsagentd' timeout 10 "$B/kmsagentd" \
	--config "$LAB/other.conf" --state "$LAB/agent" \
	--socket "$LAB/other.sock"
cp "$B/kmsagentd" "$LAB/" # the tree may be closed to others
refused without_root 'as root' lab_as $ALICE "$LAB/kmsagentd"
done_testing
