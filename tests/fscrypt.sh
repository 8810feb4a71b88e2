# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What tests of encrypted directories share, over dmcrypt.sh: file systems of
# one's own, and fscrypt as tests/fscrypt.py knows it.
. tests/dmcrypt.sh

# fs_make VARIABLE NAME [MKFS OPTION]...: an ext4 on a loop device, mounted on
# $LAB/NAME; the image is $LAB/NAME.img.
fs_make() {
	local fs_var=$1 fs_name=$2
	shift 2
	truncate -s 32M "$LAB/$fs_name.img" &&
		mkfs.ext4 -q -b 4096 "$@" "$LAB/$fs_name.img" &&
		mkdir -p "$LAB/$fs_name" && fs_mount "$fs_name" || return
	at_exit fs_umount "$fs_name"
	printf -v "$fs_var" %s "$LAB/$fs_name"
}
fs_mount() { mount -o "loop${2:+,$2}" "$LAB/$1.img" "$LAB/$1"; }
fs_umount() { ! mountpoint -q "$LAB/$1" || umount "$LAB/$1"; }
need_fscrypt() {
	need_cmd mkfs.ext4 debugfs mount python3
	python3 -c 'import cryptography' 2>/dev/null ||
		skip_all "needs python3-cryptography"
	truncate -s 8M "$LAB/probe.img"
	mkfs.ext4 -q -O encrypt "$LAB/probe.img"
	mkdir "$LAB/probe"
	fs_mount probe || skip_all "no ext4 with encryption can be mounted here"
	umount "$LAB/probe"
}
fsc() { python3 tests/fscrypt.py "$@"; }

dir_create() { # name option...
	key_create "$1" --purpose directory --cmk "$CMK" "${@:2}"
}
fs() { ctl fscrypt "$@" >/dev/null; }
fs_as() { # uid verb name dir...
	local uid=$1
	shift
	lab_as "$uid" "$LAB/kmsctl" fscrypt "$@"
}
fs_get() { # name dir member
	ctl fscrypt status "$1" "$2" --json | json "j['$3']"
}
state() { fs_get "$1" "$2" state; }
fs_id() { shown "$1" policy_identifier; }
