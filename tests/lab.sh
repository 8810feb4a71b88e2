# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A lab: a kmsd and an agent of one's own, with a request-key rule, on the
# running kernel.  Sourced by the demo and by tests that need both halves.
#
#	lab_up [LINE]...	start; each LINE is added to kmsagent.conf
#	lab_down		stop all, remove the rule
#	lab_as UID CMD...	run as that uid, no groups, own session keyring
#	lab_kms OPERATION JSON	ask the KMS as root, past the agent
#
# LAB_DESC, if set before, is what the rule is for instead of kms:*.
# LAB_KMSD_ARGS is given to kmsd, too, when it is started.
# LAB is the folder, readable for all: others' programs run from there.
LAB_ACCOUNT=111122223333
LAB_REGION=eu-central-1
LAB_DESC=${LAB_DESC:-kms:*}
LAB_KMSD_ARGS=()
LAB_FETCHER=64101 LAB_WORKER=64102
LAB_AGENT_ARN=arn:aws:iam::$LAB_ACCOUNT:role/kmsagent
LAB_RULE=/etc/request-key.d/kmsagent-lab-$$.conf

lab_wait() { # condition seconds what
	local end=$((SECONDS + $2 + 1))
	until eval "$1"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "lab: waited $2 s for $3" >&2
			return 1
		fi
		sleep 0.02
	done
}

lab_kmsd_start() {
	"$B/kmsd" --dev --config "$LAB/kmsd.conf" --listen 127.0.0.1:0 \
		--listen "unix:$LAB/kmsd.sock" --state "$LAB/kmsd" \
		--account "$LAB_ACCOUNT" --region "$LAB_REGION" \
		"${LAB_KMSD_ARGS[@]}" \
		>"$LAB/kmsd.env" 2>>"$LAB/kmsd.log" {LAB_LOCK}>&- &
	LAB_KMSD=$!
	lab_wait "grep -q '^# kmsd ready' '$LAB/kmsd.env'" 10 \
		"kmsd; see $LAB/kmsd.log"
}

lab_agent_start() {
	"$B/kmsagentd" --config "$LAB/kmsagent.conf" --state "$LAB/agent" \
		--socket "$LAB/agent.sock" 2>>"$LAB/agent.log" {LAB_LOCK}>&- &
	LAB_AGENT=$!
	lab_wait "'$B/kmsctl' status >/dev/null 2>&1" 10 \
		"kmsagentd; see $LAB/agent.log"
}

# lab_stop PID [SIGNAL]: end one of them and wait for it.
lab_stop() {
	[ -n "$1" ] || return 0
	kill -s "${2:-TERM}" "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

lab_up() {
	# The guest sees the host's folder, with the rule of a lab there.
	[ -z "${KMSAGENT_GUEST-}" ] || mountpoint -q /etc/request-key.d ||
		mount -t tmpfs tmpfs /etc/request-key.d || return 1
	# One lab at a time: the rule for kms:* is the host's.
	exec {LAB_LOCK}</etc/request-key.d || return 1
	flock -w 300 "$LAB_LOCK" || {
		echo "lab: waited 300 s for another lab to end" >&2
		return 1
	}
	local type
	LAB=$(mktemp -d "${TMPDIR:-/tmp}/kmsagent-lab.XXXXXX") || return 1
	chmod 755 "$LAB"
	export KMSAGENT_SOCKET=$LAB/agent.sock
	cp "$B/kmsctl" "$B/kms-request-key" "$LAB/" || return 1
	cat >"$LAB/kmsd.conf" <<-CONF
		[peer]
		$LAB_FETCHER = $LAB_AGENT_ARN
		[service]
		kmsagent = $LAB_AGENT_ARN
	CONF
	cat >"$LAB/kmsagent.conf" <<-CONF
		[agent]
		fetcher_user = $LAB_FETCHER
		worker_user = $LAB_WORKER
		[kms]
		endpoint = unix:$LAB/kmsd.sock
		region = $LAB_REGION
	CONF
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$LAB/kmsagent.conf"
	for type in logon user fscrypt-provisioning; do
		echo "create $type $LAB_DESC * $LAB/kms-request-key" \
			"--socket $LAB/agent.sock %k"
	done >"$LAB_RULE" || return 1
	lab_kmsd_start && lab_agent_start
}

lab_down() {
	rm -f "$LAB_RULE"
	lab_stop "${LAB_AGENT-}"
	lab_stop "${LAB_KMSD-}"
	LAB_AGENT='' LAB_KMSD=''
	[ -z "${LAB-}" ] || rm -rf "$LAB"
	[ -z "${LAB_LOCK-}" ] || exec {LAB_LOCK}>&-
	LAB_LOCK=''
}

lab_as() { # uid command...
	local uid=$1
	shift
	# keyctl's own words go; a filter behind a pipe would outlive the call.
	# shellcheck disable=SC2016
	setpriv --reuid "$uid" --regid "$uid" --clear-groups -- \
		keyctl session - sh -c 'exec "$@" 2>&3 3>&-' sh "$@" \
		3>&2 2>/dev/null
}

lab_kms() { # operation json
	AWS_REGION=$LAB_REGION "$B/kmsctl" call --endpoint "unix:$LAB/kmsd.sock" \
		"$@"
}
