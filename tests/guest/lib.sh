# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
# Where the guest's kernels are kept, how its scripts speak, and their exit
# statuses beside those of the command that runs inside.  Source it.
GUEST_CACHE=${KMSAGENT_GUEST_CACHE:-/var/cache/kmsagent-guest}

GUEST_UNSUPPORTED=4 # no such guest on this machine: a reason to skip
GUEST_TIMEOUT=124
GUEST_DIED=125 # also: it could not be made

guest_log() { printf 'guest: %s\n' "$*" >&2; }

guest_die() { # message [status]
	guest_log "$1"
	exit "${2:-$GUEST_DIED}"
}

guest_make_cache() {
	if [[ $GUEST_CACHE != /* || $GUEST_CACHE == *[[:space:],]* ]]; then
		guest_die "KMSAGENT_GUEST_CACHE has to be an absolute path without spaces or commas: '$GUEST_CACHE'" 2
	fi
	mkdir -p "$GUEST_CACHE" || guest_die "cannot make $GUEST_CACHE"
}
