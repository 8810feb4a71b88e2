#!/bin/bash
# SPDX-License-Identifier: MIT
# TLS by configuration: what is refused at start and why, what is refused on
# the wire, certificates read again while kmsd serves, and an agent whose KMS
# is on the other side of it.  Certificates are made by the openssl program.
# timeout: 120
. tests/ktap.sh
. tests/kmsd.sh
. tests/agent.sh
need_root
need_cmd openssl curl aws
tmpdir
chmod 755 "$tmp"
cd "$tmp" || bail "no folder"
at_exit kmsd_stop

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
new_ca() { # NAME
	new_key "$1"
	openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 2 -out "$1.pem"
}
# new_cert NAME CA PURPOSE [OPTION]...: for 127.0.0.1
new_cert() {
	new_key "$1"
	openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" &&
		openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" \
			-out "$1.pem" -extfile <(
				echo subjectAltName=IP:127.0.0.1
				echo "extendedKeyUsage=$3"
			) "${@:4}" 2>&1
}
ok authorities_are_made eval 'new_ca ca && new_ca other'
ok certificates_are_made eval 'new_cert server ca serverAuth -days 2 &&
	new_cert second ca serverAuth -days 2 &&
	new_cert alice ca clientAuth -days 2 &&
	new_cert mallory other clientAuth -days 2 &&
	new_cert old ca serverAuth -days 0'

# ---- what kmsd does not start with ----
conf() { printf '[tls]\n%s\n' "$@" >kmsd.conf; }
does_not_start() { # NAME PATTERN LINE...
	local name=$1 pattern=$2 said
	conf "${@:3}"
	said=$(timeout 10 "$KMSD" --dev --config kmsd.conf --state state \
		--listen tls:127.0.0.1:0 2>&1)
	like "$name" "$? $said" "^1 .*$pattern"
}
certificate="certificate = $tmp/server.pem" key="key = $tmp/server.key"
does_not_start tls_without_a_certificate 'give \[tls\] certificate = FILE'
does_not_start a_certificate_without_a_key 'lacks key = FILE' "$certificate"
does_not_start a_certificate_that_is_not_there \
	'certificate /nowhere: No such file' 'certificate = /nowhere' "$key"
does_not_start what_is_no_certificate 'not a certificate in PEM' \
	"certificate = $tmp/server.key" "$key"
cp server.key open.key
chmod 644 open.key
install -m 600 server.pem pem.key
does_not_start what_is_no_key 'not a private key in PEM' \
	"$certificate" "key = $tmp/pem.key"
does_not_start a_key_that_others_read 'mode 0600 or 0400' \
	"$certificate" "key = $tmp/open.key"
does_not_start the_key_of_another 'is not that of certificate' \
	"$certificate" "key = $tmp/second.key"
sleep 1 # until it is over
does_not_start an_expired_certificate 'expired at .*Z; renew it' \
	"certificate = $tmp/old.pem" "key = $tmp/old.key"
does_not_start authorities_that_are_none 'client_ca .*no certificate' \
	"$certificate" "$key" "client_ca = $tmp/server.key"

# ---- on the wire ----
conf "$certificate" "$key"
start() {
	kmsd_start --config kmsd.conf --listen 127.0.0.1:0 \
		--listen tls:127.0.0.1:0 ||
		bail "kmsd does not start"
	url=https://$(grep -o 'tls:[0-9.:]*' kmsd.out | cut -d : -f 2-)
}
start
get() { curl -sS --max-time 10 "$@" "$url/healthz" 2>&1; }
like it_serves_over_tls "$(get --cacert ca.pem)" '"status":"ok"'
like it_serves_tls_1_2 "$(get --cacert ca.pem --tls-max 1.2)" '"status":"ok"'
not_ok and_nothing_older curl -sS --max-time 10 --ciphers DEFAULT@SECLEVEL=0 \
	--tlsv1.0 --tls-max 1.1 --cacert ca.pem "$url/healthz"
not_ok another_authority_is_refused_by_the_client get --cacert other.pem
not_ok plain_http_is_refused curl -sS --max-time 10 \
	"${url/https/http}/healthz"
like plain_listeners_serve_beside_it "$(curl -sS --max-time 10 \
	"$AWS_ENDPOINT_URL_KMS/healthz")" '"status":"ok"'
like the_aws_cli_works "$(aws --ca-bundle ca.pem --endpoint-url "$url" \
	kms create-key 2>&1)" '"KeyId":'
like but_not_by_another_authority "$(aws --ca-bundle other.pem \
	--endpoint-url "$url" kms list-keys 2>&1)" CERTIFICATE_VERIFY_FAILED
ok many_requests_on_one_connection eval \
	'[ "$(for ((i = 0; i < 200; i++)); do echo "url=$url/healthz"; done |
		curl -sS --max-time 20 --cacert ca.pem -K - |
		grep -o status | wc -l)" = 200 ]'
many() { # COUNT: connections that are open at once
	python3 - "${url#https://}" "$1" <<-'PY'
		import socket, ssl, sys
		host, port = sys.argv[1].split(":")
		context = ssl.create_default_context(cafile="ca.pem")
		open_ones = []
		for _ in range(int(sys.argv[2])):
		    s = socket.create_connection((host, int(port)), 10)
		    open_ones.append(context.wrap_socket(s, server_hostname=host))
		for s in open_ones:
		    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: kms\r\n\r\n")
		for s in open_ones:
		    assert b"200 OK" in s.recv(4096)
	PY
}
for n in 128 129 256; do
	ok "it_serves_${n}_connections" many $n
done

# ---- read again ----
serial() {
	openssl s_client -connect "${url#https://}" -CAfile ca.pem </dev/null \
		2>/dev/null | openssl x509 -noout -subject
}
like it_shows_its_certificate "$(serial)" 'CN = server'
mkfifo go
python3 - "${url#https://}" >stood 2>&1 <<-'PY' &
	import socket, ssl, sys
	host, port = sys.argv[1].split(":")
	s = ssl.create_default_context(cafile="ca.pem").wrap_socket(
	    socket.create_connection((host, int(port))), server_hostname=host)
	print("connected", flush=True)
	open("go").read()
	s.sendall(b"GET /healthz HTTP/1.1\r\nHost: kms\r\n\r\n")
	print(s.recv(4096).split()[1].decode())
PY
stood=$!
wait_for 'grep -q connected stood' 10
reread() { kill -HUP "$KMSD_PID"; }
cp second.key server.key
reread
wait_for 'grep -q "what was in use is used on" kmsd.err' 10
like a_key_without_its_certificate_is_not_taken "$(tail -n 1 kmsd.err)" \
	'is not that of certificate .*used on'
like what_was_there_serves_on "$(serial)" 'CN = server'
cp second.pem server.pem
reread
ok both_are_taken wait_for '[[ $(serial) == *"CN = second"* ]]' 10
like and_serve "$(get --cacert ca.pem)" '"status":"ok"'
echo >go
wait $stood
is who_was_connected_is_served_on "$(tail -n 1 stood)" 200
ok kmsd_ends_as_asked kmsd_stop

# ---- certificates of clients ----
conf "$certificate" "$key" "client_ca = $tmp/ca.pem"
start
like a_client_without_a_certificate_is_told_so "$(get --cacert ca.pem)" \
	'AccessDenied.*client certificate'
like so_is_one_of_another_authority "$(get --cacert ca.pem \
	--cert mallory.pem --key mallory.key)" 'AccessDenied.*client certificate'
like and_one_that_is_for_servers "$(get --cacert ca.pem \
	--cert second.pem --key second.key)" 'AccessDenied.*client certificate'
like a_client_with_its_certificate_is_served "$(get --cacert ca.pem \
	--cert alice.pem --key alice.key)" '"status":"ok"'
not_ok a_certificate_is_no_signature eval 'curl -sS --max-time 10 \
	--cacert ca.pem --cert alice.pem --key alice.key -d "{}" --fail \
	-H "X-Amz-Target: TrentService.ListKeys" "$url/"'
ok it_ends kmsd_stop

# ---- an agent on the other side ----
[ -d /etc/request-key.d ] || mkdir -p /etc/request-key.d
agent_lab
lab_stop "$LAB_AGENT"
lab_stop "$LAB_KMSD"
id=AKIAIOSFODNN7EXAMPLE secret=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
install -m 600 second.pem "$LAB/server.pem"
install -m 600 second.key "$LAB/server.key"
install -m 644 ca.pem other.pem "$LAB/"
(umask 077 && echo "$secret" >"$LAB/secret" && cat >"$LAB/credentials" <<-CONF
	[default]
	aws_access_key_id = $id
	aws_secret_access_key = $secret
CONF
)
cat >>"$LAB/kmsd.conf" <<-CONF
	[tls]
	certificate = $LAB/server.pem
	key = $LAB/server.key
	[access-key $id]
	principal = $LAB_AGENT_ARN
	secret_file = $LAB/secret
CONF
: >"$LAB/kmsd.env"
LAB_KMSD_ARGS=(--listen tls:127.0.0.1:0)
lab_kmsd_start || bail "kmsd does not start with TLS"
url=https://$(grep -o 'tls:[0-9.:]*' "$LAB/kmsd.env" | cut -d : -f 2-)
agent_conf() { # CA: ask over the network; renewals every 2 s
	cat >"$LAB/kmsagent.conf" <<-CONF
		[agent]
		fetcher_user = $LAB_FETCHER
		worker_user = $LAB_WORKER
		[kms]
		endpoint = $url
		region = $LAB_REGION
		credentials_file = $LAB/credentials
		ca_file = $LAB/$1
		[lease]
		renew_interval = 2s
	CONF
}
agent_conf ca.pem
lab_agent_start || bail "the agent does not start"
ok the_agent_makes_a_key_over_https key_create demo --cmk "$CMK" \
	--allow "uid:$ALICE" --lease 30s
ok and_delivers_it hold "$ALICE" demo
like its_calls_are_signed_by_its_access_key "$(grep "\"accessKeyId\":\"$id\"" \
	"$LAB/kmsd/audit.jsonl" | grep GenerateDataKey)" "$LAB_AGENT_ARN"
ok the_cmk_is_disabled cmk DisableKey
ok a_renewal_at_the_interval_takes_the_key_back \
	wait_for "! in_kernel $SERIAL" 10
ok the_cmk_is_enabled cmk EnableKey
let_go "$HOLDER"
lab_stop "$LAB_AGENT"
agent_conf other.pem
lab_agent_start || bail "the agent does not start again"
not_ok an_agent_that_trusts_another_authority_gets_nothing \
	key_create demo2 --cmk "$CMK" --allow "uid:$ALICE"
done_testing
