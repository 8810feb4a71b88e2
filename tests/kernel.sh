# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the running kernel has, asked by using it, and the way into a guest
# that has more.  ktap.sh sources it.

# in_guest [KERNEL]: inside tests/guest/run, started with that --kernel.
in_guest() {
	[[ -n ${KMSAGENT_GUEST-} && ${1-$KMSAGENT_GUEST} == "$KMSAGENT_GUEST" ]]
}

# has_af_alg [TYPE NAME]: AF_ALG offers that cipher to this process.
has_af_alg() {
	"$B/tools/kernel-has" af_alg "${1:-aead}" "${2:-gcm(aes)}"
}
has_key_by_serial() { "$B/tools/kernel-has" key_by_serial; }
has_dm() { dmsetup targets 2>/dev/null | grep -q "^${1:-crypt} "; }
has_systemd() { [ -d /run/systemd/system ]; }
has_tpm() { [ -e /dev/tpmrm0 ]; }

# guest_rerun [OPTION...] -- PROBE [ARG...]: go on where PROBE succeeds; else
# run this same test in the guest (OPTIONs are those of tests/guest/run), and
# its output and status are this test's.  A test does it before anything else.
guest_rerun() {
	local t_opts=() t_status=0
	while [ "$1" != -- ]; do
		t_opts+=("$1")
		shift
	done
	shift
	"$@" >/dev/null 2>&1 && return
	if in_guest; then
		bail "even the guest's kernel lacks this: $*"
	fi
	# User-mode Linux gives a process 512 GiB; the sanitizer wants 16 TiB.
	! grep -qs __asan_init "$B/tools/kernel-has" || skip_all \
		"this kernel fails '$*', and AddressSanitizer cannot run in the guest"
	"$TOP/tests/guest/run" "${t_opts[@]}" -- \
		bash "$(readlink -f "$0")" >"$T_OUT" || t_status=$?
	cat "$T_OUT"
	# 4 with no plan: the guest is not to be had, and said why on stderr.
	if [ "$t_status" = 4 ] && ! grep -q '^1\.\.' "$T_OUT"; then
		skip_all "this kernel fails '$*', and there is no guest here"
	fi
	exit "$t_status"
}
