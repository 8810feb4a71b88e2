#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""fscrypt as another program knows it: what the agent does, checked without
its code.  Source: kernel Documentation/filesystems/fscrypt.rst.

  nonce PATH                  of an encrypted file or directory, as hex
  status PATH ID              of the key: absent, present or leaving, users
  as UID remove PATH ID       what UID has added
  policy-v1 DIR               give DIR one of version 1
  identifier <KEY             of a key in hex on standard input
  contents NONCE IN OUT <KEY  decrypt the blocks in IN (4096 bytes each)
  name NONCE NAME <KEY        decrypt a name as a locked directory shows it
"""
import base64
import fcntl
import os
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

BLOCK = 4096


def ioc(direction, number, size):
    return direction << 30 | size << 16 | ord("f") << 8 | number


SET_POLICY = ioc(2, 19, 12)
REMOVE_KEY = ioc(3, 24, 64)
KEY_STATUS = ioc(3, 26, 128)
GET_NONCE = ioc(2, 27, 16)


def ask(path, request, size, start=b""):
    fd = os.open(path, os.O_RDONLY)
    buf = bytearray(start.ljust(size, b"\0"))
    fcntl.ioctl(fd, request, buf)
    os.close(fd)
    return bytes(buf)


def key_spec(text):
    return struct.pack("<II", 2, 0) + bytes.fromhex(text)


def master_key():
    return bytes.fromhex(sys.stdin.read().strip())


def derive(context, nonce, length):
    info = b"fscrypt\0" + bytes([context]) + bytes.fromhex(nonce)
    return HKDF(hashes.SHA512(), length, None, info).derive(master_key())


def nonce(path):
    print(ask(path, GET_NONCE, 16).hex())


def status(path, text):
    out = ask(path, KEY_STATUS, 128, key_spec(text))
    state, _, users = struct.unpack_from("<III", out, 64)
    print(["", "absent", "present", "leaving"][state], users)


def as_user(uid, _, path, text):
    os.setresuid(int(uid), int(uid), int(uid))
    ask(path, REMOVE_KEY, 64, key_spec(text))


def policy_v1(path):
    ask(path, SET_POLICY, 12, bytes([0, 1, 4, 3]) + b"12345678")


def identifier():
    print(derive(1, "", 16).hex())


def contents(nonce_text, name_in, name_out):
    key = derive(2, nonce_text, 64)
    with open(name_in, "rb") as f, open(name_out, "wb") as out:
        for n, block in enumerate(iter(lambda: f.read(BLOCK), b"")):
            tweak = struct.pack("<QQ", n, 0)
            d = Cipher(algorithms.AES(key), modes.XTS(tweak)).decryptor()
            out.write(d.update(block.ljust(BLOCK, b"\0")))


def name(nonce_text, text):
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[8:]
    # CBC with the last two blocks swapped, and a zero IV.
    swapped = raw[:-32] + raw[-16:] + raw[-32:-16]
    key = derive(2, nonce_text, 32)
    d = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
    print(d.update(swapped).rstrip(b"\0").decode())


commands = {
    "nonce": nonce,
    "status": status,
    "as": as_user,
    "policy-v1": policy_v1,
    "identifier": identifier,
    "contents": contents,
    "name": name,
}
if len(sys.argv) < 2 or sys.argv[1] not in commands:
    sys.exit(__doc__)
commands[sys.argv[1]](*sys.argv[2:])
