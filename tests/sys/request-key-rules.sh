#!/bin/bash
# SPDX-License-Identifier: MIT
# The rules that are installed, as request-key(8) itself reads them: which
# keys they take, and that the handler gets the serial and nothing else.
# parallel-safe
. tests/ktap.sh
PATH=$PATH:/sbin:/usr/sbin
need_cmd request-key
rules=$TOP/systemd/request-key.d/kms.conf
tmpdir
cp "$rules" "$tmp/request-key.conf"
cd "$tmp" || exit 1

# asked TYPE DESCRIPTION: the command that would be run, or nothing.
asked() {
	request-key -l -d -n -v -v -D "$1;1000;1000;3f010000;$2" \
		create 7 1000 1000 0 0 0 'evil callout' 2>&1 |
		sed -nE 's/^Run //p; s/^- argv\[[1-9][0-9]*\] = "(.*)"$/\1/p' |
		paste -sd ' '
}
run='/usr/libexec/kmsagent/kms-request-key 7'
for type in logon user fscrypt-provisioning; do
	is "the_handler_of_a_${type//-/_}_key_gets_its_serial_alone" \
		"$(asked "$type" 'kms:name')" "$run"
done
is a_hostile_description_stays_out_of_the_command_line \
	"$(asked logon 'kms:a b $(id) --socket x')" "$run"
is another_type_is_not_ours "$(asked keyring kms:name)" ""
is another_prefix_is_not_ours "$(asked logon nfs:name)" ""
is a_description_that_only_contains_it_is_not_ours \
	"$(asked user xkms:name)" ""
done_testing
