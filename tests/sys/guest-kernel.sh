#!/bin/bash
# SPDX-License-Identifier: MIT
# What the guest's kernel has: tests that run there stand on it.  Expected
# values are NIST's (AES-GCM test case 2, AES-CBC F.2.1) or OpenSSL's.
# parallel-safe
. tests/ktap.sh
guest_rerun --tpm -- in_guest
tmpdir
has="$B/tools/kernel-has"

# Every option that tests/config asks for.
zcat /proc/config.gz >"$tmp/config"
is no_option_of_tests_config_is_missing \
	"$(grep '^CONFIG' tests/config | grep -vxFf "$tmp/config")" ''

# AF_ALG, by the project's probe and by another program.
ok af_alg_has_gcm "$has" af_alg aead 'gcm(aes)'
not_ok af_alg_refuses_a_cipher_that_is_none "$has" af_alg aead 'gcm(xyz)'
head -c 16 /dev/zero | tee "$tmp/zero" >"$tmp/key"
kcapi-enc --keyfd 9 -c 'gcm(aes)' --iv 000000000000000000000000 --taglen 16 \
	--aad 00 --nounpad -i "$tmp/zero" -o "$tmp/gcm" -e 9<"$tmp/key"
like kcapi_enc_gives_the_published_ciphertext \
	"$(xxd -p -c 64 "$tmp/gcm")" 0388dace60b6a392f328c2b971b2fe78
ok a_logon_key_keys_a_cipher_by_its_serial "$has" key_by_serial

# AF_ALG can be taken away and comes back.
take_away() {
	printf 'blacklist %s\ninstall %s /bin/false\n' "$1" "$1" \
		>/etc/modprobe.d/guest-test.conf
	rmmod "$1"
}
ok algif_aead_can_be_taken_away take_away algif_aead
is then_bind_says_enoent "$("$has" af_alg aead 'gcm(aes)')" 'bind: ENOENT'
rmmod algif_skcipher algif_hash algif_rng
ok af_alg_can_be_taken_away_whole take_away af_alg
is then_socket_says_eafnosupport "$("$has" af_alg aead 'gcm(aes)')" \
	'socket: EAFNOSUPPORT'
rm /etc/modprobe.d/guest-test.conf
modprobe algif_aead
ok and_it_comes_back "$has" af_alg aead 'gcm(aes)'

# Keys: upcalls run in the root that the job sees; "encrypted" and "trusted".
printf 'create user guest-test:* * /bin/keyctl instantiate %%k from-upcall %%S\n' \
	>/etc/request-key.d/guest-test.conf
key=$(keyctl request2 user guest-test:x '' @s)
is an_upcall_instantiates_a_key "$(keyctl pipe "$key")" from-upcall
keyctl add user guest-test:master "$(head -c 32 /dev/zero | tr '\0' k)" @s \
	>/dev/null
ok an_encrypted_key_is_made \
	keyctl add encrypted guest-test:e 'new user:guest-test:master 32' @s
ok a_tpm_is_there test -e /dev/tpmrm0
tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c "$tmp/primary" &&
	tpm2_evictcontrol -Q -C o -c "$tmp/primary" 0x81000001
ok a_trusted_key_is_made \
	keyctl add trusted guest-test:t 'new 32 keyhandle=0x81000001' @s

# A volume keyed by a logon key, and what is under it on the disk.
head -c 64 /dev/urandom | keyctl padd logon guest-test:volume @s >/dev/null
truncate -s 32M "$tmp/disk"
loop=$(losetup -f --show "$tmp/disk")
sectors=$(blockdev --getsz "$loop")
ok dm_crypt_takes_a_logon_key dmsetup create guest-test --table \
	"0 $sectors crypt aes-xts-plain64 :64:logon:guest-test:volume 0 $loop 0"
mkdir "$tmp/mnt"
volume_works() {
	mkfs.ext4 -q /dev/mapper/guest-test &&
		mount /dev/mapper/guest-test "$tmp/mnt" &&
		echo plain-text-marker >"$tmp/mnt/file" &&
		umount "$tmp/mnt" && dmsetup remove guest-test
}
ok a_file_system_works_on_it volume_works
not_ok the_disk_holds_no_plain_text grep -q plain-text-marker "$loop"

# dm-flakey: what is written while it drops writes never gets to the disk.
flakey() { # table's end
	dmsetup suspend guest-test && dmsetup reload guest-test --table \
		"0 $sectors flakey $loop 0 $1" && dmsetup resume guest-test
}
power_cut() {
	dmsetup create guest-test --table \
		"0 $sectors flakey $loop 0 60 0" &&
		printf before | dd of=/dev/mapper/guest-test oflag=direct \
			conv=sync bs=512 status=none &&
		flakey "0 60 1 drop_writes" &&
		printf after | dd of=/dev/mapper/guest-test oflag=direct \
			conv=sync bs=512 status=none &&
		dmsetup remove guest-test && head -c 6 "$loop"
}
is dm_flakey_drops_writes "$(power_cut)" before
for target in log-writes delay error zero integrity; do
	ok "device_mapper_has_${target/-/_}" has_dm "$target"
done
losetup -d "$loop"

# fscrypt with a provisioning key; the identifier is HKDF-SHA512's, salt none,
# info "fscrypt\0" 01 (Documentation/filesystems/fscrypt.rst).
mkfs.ext4 -q -O encrypt "$tmp/disk"
mount -o loop "$tmp/disk" "$tmp/mnt"
mkdir "$tmp/mnt/locked"
is fscrypt_takes_a_provisioning_key \
	"$("$has" fscrypt "$tmp/mnt/locked")" \
	"$(openssl kdf -keylen 16 -kdfopt digest:SHA512 \
		-kdfopt hexkey:"$(seq 0 63 | xargs printf '%02x')" \
		-kdfopt hexinfo:667363727970740001 HKDF |
		tr -d ':\n' | tr A-F a-f)"
umount "$tmp/mnt"
done_testing
