# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Debian's AWS CLI (v2) against a kmsd of the test's own, which the test
# starts.  Sourced after ktap.sh and kmsd.sh; makes $tmp.
AWS=/usr/bin/aws
[ -x "$AWS" ] || skip_all "needs Debian's package awscli"
tmpdir
# shellcheck disable=SC2154 # tmpdir has set it
# Nothing of the host's: no profile, no metadata service, no second try.
export AWS_CONFIG_FILE=$tmp/none AWS_SHARED_CREDENTIALS_FILE=$tmp/none
export AWS_EC2_METADATA_DISABLED=true AWS_PAGER='' AWS_MAX_ATTEMPTS=1
export HOME=$tmp
at_exit kmsd_stop

kms() {
	"$AWS" kms --endpoint-url "$AWS_ENDPOINT_URL_KMS" --output text "$@"
}
# refused EXCEPTION TEXT ARG...: the CLI reports this exception and message.
refused() {
	local want="An error occurred ($1) when calling the" text=$2 out
	shift 2
	out=$(kms "$@" 2>&1) && { echo "succeeded: $out"; return 1; }
	[[ $out == *"$want"* && $out == *"$text"* ]] || { echo "$out"; return 1; }
}
# refuses NAME EXCEPTION TEXT ARG...: one point.
refuses() {
	local name=$1
	shift
	ok "$name" refused "$@"
}
