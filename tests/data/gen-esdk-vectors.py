#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make esdk-vectors.txt: messages of suite 0x0478, good and bad.

    NODE_PATH="$(./esdk-sdk-install)" ./gen-esdk-vectors.py > esdk-vectors.txt

Three programs that share no code have a say: the AWS Encryption SDK for
JavaScript writes messages and reads all of them, the encoder below writes the
shapes that the SDK does not, and the decryptor below, on Python's
"cryptography" and bare HMAC, says what each holds or where it must be
refused.  Keys and ids are random: a new run gives new bytes.
"""
import hashlib
import hmac
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SUITE = 0x0478
WRAPPING_KEY = bytes(range(32))
NAMESPACE, KEY_NAME = b"kmsagent-test", b"wrapping-key-1"
RAW = {"aes": WRAPPING_KEY.hex(), "namespace": NAMESPACE.decode(),
       "name": KEY_NAME.decode()}
OTHER = {"aes": "f0" * 32, "namespace": NAMESPACE.decode(), "name": "other-key"}
ARNS = [f"arn:aws:kms:eu-central-1:111122223333:key/{d * 8}-{d * 4}-4{d * 3}-8"
        f"{d * 3}-{d * 12}" for d in "12"]
MAX_HEADER, MAX_EDKS, MAX_FRAME = 65536, 16, 1 << 20
FINAL = b"\xff" * 4
LABELS = {"frame": b"AWSKMSEncryptionClient Frame",
          "final": b"AWSKMSEncryptionClient Final Frame",
          "single": b"AWSKMSEncryptionClient Single Block"}


class Sdk:
    def __init__(self):
        here = Path(__file__).resolve().parent
        self.node = subprocess.Popen(
            ["node", here / "esdk-sdk.cjs"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        self.node.stdin.write(json.dumps(request) + "\n")
        self.node.stdin.flush()
        return json.loads(self.node.stdout.readline())

    def encrypt(self, plaintext, **request):
        answer = self.ask(op="encrypt", plaintext=plaintext.hex(), **request)
        return bytes.fromhex(answer["message"])

    def verdict(self, message, plaintext=None, keyring=None):
        answer = self.ask(op="decrypt", message=message.hex(),
                          keyring=keyring or RAW)
        if "error" in answer:
            return "refused"
        if plaintext is not None and answer["plaintext"] != plaintext.hex():
            sys.exit("the SDK decrypts to something else")
        return "accepted"


# --- keys -------------------------------------------------------------------

def hkdf(data_key, salt, info):
    extracted = hmac.new(salt, data_key, hashlib.sha512).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha512).digest()[:32]


def message_key(data_key, message_id):
    return hkdf(data_key, message_id, struct.pack(">H", SUITE) + b"DERIVEKEY")


def commitment(data_key, message_id):
    return hkdf(data_key, message_id, b"COMMITKEY")


# --- the encoder --------------------------------------------------------------

def v16(b):
    return struct.pack(">H", len(b)) + b


def context_bytes(pairs):
    if not pairs:
        return b""
    return struct.pack(">H", len(pairs)) + b"".join(
        v16(k) + v16(v) for k, v in pairs)


def raw_edk(data_key, context):
    iv = os.urandom(12)
    info = KEY_NAME + struct.pack(">II", 128, 12) + iv
    # Raw keyrings sort what they authenticate, whatever the header does.
    count, pairs = 0, []
    if context:
        count, pairs = parse_context(context)
    aad = context_bytes(sorted(pairs)) if count else b""
    return (NAMESPACE, info, AESGCM(WRAPPING_KEY).encrypt(iv, data_key, aad))


def aad(message_id, piece, sequence, length):
    return message_id + LABELS[piece] + struct.pack(">IQ", sequence, length)


class Writer:
    """A message of any shape, right or wrong, always with valid tags."""

    def __init__(self, context=b"", context_is_valid=True, frame=16, content=2,
                 edk_count=1, **change):
        self.data_key, self.id = os.urandom(32), os.urandom(32)
        self.key = message_key(self.data_key, self.id)
        edk = raw_edk(self.data_key, context if context_is_valid else b"")
        self.frame = frame
        body = (bytes([change.get("version", 2)])
                + struct.pack(">H", change.get("suite", SUITE)) + self.id
                + v16(context) + struct.pack(">H", edk_count)
                + b"".join(v16(field) for field in edk * edk_count)
                + bytes([content]) + struct.pack(">I", frame)
                + change.get("commitment", commitment(self.data_key, self.id)))
        header_key = change.get("header_key", self.key)
        self.bytes = body + AESGCM(header_key).encrypt(b"\0" * 12, b"", body)

    def seal(self, piece, sequence, text, iv=None, length=None):
        iv = iv or struct.pack(">QI", 0, sequence)
        extra = aad(self.id, piece, sequence,
                    len(text) if length is None else length)
        return iv, AESGCM(self.key).encrypt(iv, text, extra)

    def regular(self, sequence, text, **kw):
        iv, sealed = self.seal("frame", sequence, text, **kw)
        self.bytes += struct.pack(">I", sequence) + iv + sealed
        return self

    def final(self, sequence, text, **kw):
        iv, sealed = self.seal("final", sequence, text, **kw)
        self.bytes += (FINAL + struct.pack(">I", sequence) + iv
                       + struct.pack(">I", len(text)) + sealed)
        return self

    def single(self, text, **kw):
        iv, sealed = self.seal("single", 1, text, **kw)
        self.bytes += iv + struct.pack(">Q", len(text)) + sealed
        return self


# --- the decryptor ------------------------------------------------------------

class Refused(Exception):
    def __init__(self, stage, frame=0, released=b""):
        self.stage, self.frame, self.released = stage, frame, released


def parse_context(section):
    at, pairs = 2, []
    (count,) = struct.unpack_from(">H", section)
    if count == 0:
        raise Refused("ec")
    for _ in range(count):
        pair = []
        for _ in "kv":
            if at + 2 > len(section):
                raise Refused("ec")
            (n,) = struct.unpack_from(">H", section, at)
            piece = section[at + 2:at + 2 + n]
            if len(piece) != n:
                raise Refused("ec")
            try:
                piece.decode("utf-8")
            except UnicodeDecodeError:
                raise Refused("ec") from None
            pair.append(piece)
            at += 2 + n
        if pair[0] in [p[0] for p in pairs]:
            raise Refused("ec")
        pairs.append(tuple(pair))
    if at != len(section):
        raise Refused("ec")
    return count, pairs


class Message:
    """The header of a message, and where each of its fields lies."""

    def __init__(self, m):
        self.bytes, self.at, self.fields = m, 0, []
        start = self.take(4, None)
        if start[:2] in (b"Ag", b"AY"):
            raise Refused("base64")
        if start[0] == 1:
            raise Refused("suite" if start[1] == 0x80 else "type")
        if start[0] != 2:
            raise Refused("version")
        if struct.unpack(">H", start[1:3])[0] != SUITE:
            raise Refused("suite")
        self.at = 0
        self.take(1, "version")
        self.take(2, "suite")
        self.id = self.take(32, "message-id")
        length = self.u16("context-length")
        self.pairs = []
        section = self.take(length, "context")
        if length == 1:
            raise Refused("ec")
        if length:
            _, self.pairs = parse_context(section)
        count = self.u16("edk-count")
        if count == 0:
            raise Refused("edks")
        if count > MAX_EDKS:
            raise Refused("limit")
        self.edks = [tuple(
            self.take(self.u16(f"edk-{field}-length"), f"edk-{field}")
            for field in ("provider", "info", "ciphertext"))
            for _ in range(count)]
        self.content = self.take(1, "content-type")[0]
        self.frame = struct.unpack(">I", self.take(4, "frame-length"))[0]
        self.commitment = self.take(32, "commitment")
        if self.content not in (1, 2):
            raise Refused("content-type")
        if (self.content == 1) != (self.frame == 0):
            raise Refused("frame-length")
        if self.frame > MAX_FRAME:
            raise Refused("limit")
        self.body_at = self.at
        self.tag = self.take(16, "header-tag")
        if b"aws-crypto-public-key" in [k for k, _ in self.pairs]:
            raise Refused("public-key")

    def take(self, n, name):
        if self.at + n > MAX_HEADER:
            raise Refused("limit")
        piece = self.bytes[self.at:self.at + n]
        if len(piece) != n:
            raise Refused("parse")
        if name and n:
            self.fields.append((name, self.at, n))
        self.at += n
        return piece

    def u16(self, name):
        return struct.unpack(">H", self.take(2, name))[0]

    def data_key(self):
        for provider, info, ciphertext in self.edks:
            if provider == NAMESPACE and info[:-20] == KEY_NAME:
                return AESGCM(WRAPPING_KEY).decrypt(
                    info[-12:], ciphertext, context_bytes(sorted(self.pairs)))
        return None


def decrypt(m, data_key):
    """Gives header, plaintext and number of frames, or raises Refused.

    What counts as released: texts of regular frames that were verified.  The
    last text is only given out when nothing follows it."""
    h = Message(m)
    if len(data_key) != 32:
        raise Refused("edk")
    if commitment(data_key, h.id) != h.commitment:
        raise Refused("commitment")
    gcm = AESGCM(message_key(data_key, h.id))
    try:
        gcm.decrypt(b"\0" * 12, h.tag, m[:h.body_at])
    except InvalidTag:
        raise Refused("header-tag") from None
    at, sequence, out = h.at, 0, b""
    while True:
        sequence += 1

        def need(n, offset):
            if offset + n > len(m):
                raise Refused("body", sequence, out)
            h.fields.append((f"frame-{sequence}", offset, n))
            return m[offset:offset + n]

        if h.content == 1:
            piece, head = "single", 20
            iv, length = struct.unpack(">12sQ", need(20, at))
            if length > MAX_FRAME:
                raise Refused("limit", 1)
        else:
            piece, head, length = "frame", 16, h.frame
            number = need(4, at)
            if number == FINAL:
                piece, head = "final", 24
                number = need(4, at + 4)
            if struct.unpack(">I", number)[0] != sequence:
                raise Refused("sequence", sequence, out)
            iv = need(12, at + head - (16 if piece == "final" else 12))
            if piece == "final":
                (length,) = struct.unpack(">I", need(4, at + 20))
                if length > h.frame:
                    raise Refused("final-length", sequence, out)
        sealed = need(length, at + head) + need(16, at + head + length)
        try:
            text = gcm.decrypt(iv, sealed, aad(h.id, piece, sequence, length))
        except InvalidTag:
            raise Refused("frame-tag", sequence, out) from None
        at += head + length + 16
        if piece != "frame":
            if at != len(m):
                raise Refused("trailing", sequence, out)
            return h, out + text, sequence
        out += text


# --- the good ------------------------------------------------------------------

CONTEXT = [(b"app", b"backup"), (b"purpose", b"vector")]


def good(sdk):
    """(name, origin, message, data key or None for the raw EDK's)"""
    context = {k.decode(): v.decode() for k, v in CONTEXT}
    text = bytes(65 + i % 26 for i in range(100))

    def js(name, n, frame=16, context=context, keyring=RAW, key=None):
        return (name, "sdk-js",
                sdk.encrypt(text[:n], frame=frame, context=context,
                            keyring=keyring), key)

    def own(name, w):
        return (name, "own-encoder", w.bytes, w.data_key)

    for n in (0, 1, 16, 17, 48):
        yield js(f"js-{n}-of-16", n)
    yield js("js-100-of-4096", 100, frame=4096)
    yield js("js-3-of-1", 3, frame=1)
    yield js("js-no-context", 17, context={})
    yield js("js-context-order", 1, context={
        "\uff5e": "before", "\U0001f600": "after", "": "empty key",
        "empty value": "", "Z": "1", "a": "2"})
    yield js("js-two-edks", 17, keyring=[RAW, OTHER])
    key = os.urandom(32)
    yield js("js-kms", 17, keyring={"stub": key.hex(), "kms": ARNS}, key=key)
    ctx = context_bytes(CONTEXT)
    yield own("full-final-16", Writer(ctx).final(1, text[:16]))
    yield own("full-final-48", Writer(ctx).regular(1, text[:16])
              .regular(2, text[16:32]).final(3, text[32:48]))
    yield own("unframed-17", Writer(ctx, frame=0, content=1).single(text[:17]))
    yield own("unframed-0", Writer(frame=0, content=1).single(b""))
    yield own("random-ivs", Writer(ctx).regular(1, text[:16], iv=os.urandom(12))
              .final(2, text[16:17], iv=os.urandom(12)))
    yield own("unsorted-context",
              Writer(context_bytes(CONTEXT[::-1])).final(1, b"A"))
    yield own("longest-frame", Writer(ctx, frame=MAX_FRAME).final(1, b"A"))
    yield own("sixteen-edks", Writer(edk_count=MAX_EDKS).final(1, b"A"))


# --- the bad -------------------------------------------------------------------

def flips(name, m, key):
    h, _, _ = decrypt(m, key)
    for field, at, n in h.fields:
        for where in sorted({at, at + n - 1}):
            yield f"flip-{field}-at-{where}", name, f"flip {where} 01"


def cuts(name, m, key):
    h, _, _ = decrypt(m, key)
    for where in sorted({at for _, at, _ in h.fields}
                        | {at + n - 1 for _, at, n in h.fields}):
        yield f"cut-to-{where}", name, f"cut {where}"


def moved_frames(name, m, key):
    """On three regular frames of 16 bytes and an empty final one."""
    at = Message(m).at
    one, two, three, final = (m[at:at + 48], m[at + 48:at + 96],
                              m[at + 96:at + 144], m[at + 144:])
    for what, body in (
            ("swapped", two + one + three + final),
            ("repeated", one + one + two + three + final),
            ("first-dropped", two + three + final),
            ("middle-dropped", one + three + final),
            ("last-regular-dropped", one + two + final),
            ("final-dropped", one + two + three),
            ("final-first", final + one + two + three),
            ("final-twice", one + two + three + final + final),
            ("only-final", final)):
        yield f"frames-{what}", name, f"message {(m[:at] + body).hex()}"


def forged():
    """Valid tags throughout, one rule broken."""
    ctx, text = context_bytes(CONTEXT), bytes(range(65, 91)) * 2

    def w(**kw):
        return Writer(kw.pop("context", ctx), **kw)

    def bad_context(section):
        return Writer(section, context_is_valid=False).final(1, b"A")

    yield "final-longer-than-a-frame", w().final(1, text[:17])
    yield "sequence-from-0", w().regular(0, text[:16]).final(1, b"A")
    yield "sequence-from-2", w().regular(2, text[:16]).final(3, b"A")
    yield "sequence-gap", w().regular(1, text[:16]).final(3, b"A")
    yield "sequence-stands", w().regular(1, text[:16]).final(1, b"A")
    yield "frame-sealed-as-final", w().regular(1, text[:16]).regular(
        2, text[:16])
    yield "length-not-in-tag", w().final(1, text[:9], length=10)
    yield "frame-length-0", w(frame=0).final(1, b"")
    yield "unframed-with-frame-length", w(content=1, frame=16).single(b"A")
    yield "content-type-3", w(content=3).final(1, b"A")
    yield "frame-above-limit", w(frame=MAX_FRAME + 1).final(1, b"A")
    yield "context-count-0", bad_context(b"\0\0")
    yield "context-one-byte", bad_context(b"\0")
    yield "context-key-twice", bad_context(context_bytes([(b"a", b"1"),
                                                          (b"a", b"2")]))
    yield "context-left-over", bad_context(ctx + b"\0")
    yield "context-too-short", bad_context(ctx[:-1])
    yield "context-not-utf-8", bad_context(context_bytes([(b"a", b"\xff")]))
    yield "context-overlong-utf-8", bad_context(
        context_bytes([(b"a", b"\xc0\xaf")]))
    yield "context-surrogate", bad_context(
        context_bytes([(b"\xed\xa0\x80", b"1")]))
    yield "signer-key-in-context", bad_context(
        context_bytes([(b"aws-crypto-public-key", b"QUJD")]))
    yield "no-edk", w(edk_count=0).final(1, b"A")
    yield "seventeen-edks", w(edk_count=MAX_EDKS + 1).final(1, b"A")
    yield "header-tag-of-another-key", w(header_key=b"k" * 32).final(1, b"A")
    yield "commitment-of-another-key", w(commitment=b"c" * 32).final(1, b"A")
    other = w()
    strange = w()
    other.bytes += strange.final(1, b"A").bytes[Message(strange.bytes).at:]
    yield "body-of-another-message", other


def bad(sdk, messages):
    """(name, base, operation, data key or None, SDK's word or None)"""
    for base in ("js-17-of-16", "full-final-16", "unframed-17"):
        m, key = messages[base]
        for make in (flips, cuts):
            for name, _, op in make(base, m, key):
                yield f"{base}-{name}", base, op, None, True
    m, key = messages["js-48-of-16"]
    for name, base, op in moved_frames("js-48-of-16", m, key):
        yield name, base, op, None, True
    base = "js-17-of-16"
    m, key = messages[base]
    yield "append-0", base, "append 00", None, True
    yield "append-message", base, f"append {m.hex()}", None, True
    yield "append-to-unframed", "unframed-17", "append 00", None, True
    yield "append-to-full-final", "full-final-16", "append 00", None, True
    yield "version-1", base, "flip 0 03", None, True
    yield "version-3", base, "flip 0 01", None, True
    yield "suite-of-version-1", base, "flip 2 6c", None, True
    yield "suite-unknown", base, "flip 1 40", None, True
    yield "another-data-key", base, "append ", b"\0" * 32, False
    yield "short-data-key", base, "append ", b"\0" * 16, False
    yield "empty-input", base, "cut 0", None, True
    yield "base64-version-2", base, "message " + b"AgR4".hex(), None, True
    yield "base64-version-1", base, "message " + b"AYAD".hex(), None, True
    for suite in (0x0014, 0x0046, 0x0078, 0x0114, 0x0146, 0x0178, 0x0214,
                  0x0346, 0x0378, 0x0578):
        m = sdk.encrypt(b"A", suite=suite, frame=16, context={"a": "b"},
                        keyring=RAW)
        yield f"suite-{suite:04x}", base, f"message {m.hex()}", None, False
    for name, w in forged():
        yield name, base, f"message {w.bytes.hex()}", w.data_key, True


def apply(op, m):
    verb, _, rest = op.partition(" ")
    if verb == "flip":
        at, mask = rest.split()
        m = bytearray(m)
        m[int(at)] ^= int(mask, 16)
        return bytes(m)
    if verb == "cut":
        return m[:int(rest)]
    if verb == "append":
        return m + bytes.fromhex(rest)
    return bytes.fromhex(rest)


def write(**fields):
    for k, v in fields.items():
        print(f"{k}={v.hex() if isinstance(v, bytes) else v}")
    print()


INTRO = """\
# Messages of the AWS Encryption SDK's format, suite 0x0478; made by
# gen-esdk-vectors.py, which says by whom and how.  key=value, a blank line
# between vectors; bytes in hex; context = key:value,... as sorted by bytes.
# name= a good one: all programs agree on what it holds.
# neg=  a bad one: the message of base after op (flip AT XOR, cut TO, append
#       BYTES, message BYTES), with the base's data key unless one is given.
#       refuse, frame: stage and frame of the first check that fails, in the
#       order of the specification; released: bytes of regular frames that
#       were authentic before it; sdk: what the JavaScript SDK did, "-" where
#       it was not asked.
"""


def main():
    sdk, messages = Sdk(), {}
    print(INTRO)
    for name, origin, m, key in good(sdk):
        key = key or Message(m).data_key()
        h, plaintext, frames = decrypt(m, key)
        keyring = {"stub": key.hex(), "kms": ARNS} if name == "js-kms" else RAW
        if sdk.verdict(m, plaintext, keyring) != "accepted":
            sys.exit(f"{name}: the SDK refuses it")
        messages[name] = (m, key)
        write(name=name, origin=origin, content=h.content,
              frame_length=h.frame, message_id=h.id,
              context=",".join(f"{k.hex()}:{v.hex()}"
                               for k, v in sorted(h.pairs)),
              edks=",".join(":".join(b.hex() for b in e) for e in h.edks),
              data_key=key, message_key=message_key(key, h.id),
              commitment=h.commitment, header_len=h.at, frames=frames,
              plaintext=plaintext, message=m)
    for name, base, op, key, ask in bad(sdk, messages):
        m = apply(op, messages[base][0])
        try:
            decrypt(m, key or messages[base][1])
            sys.exit(f"{name}: nothing wrong with it")
        except Refused as e:
            refused = e
        fields = {"neg": name, "base": base, "op": op}
        if key:
            fields["data_key"] = key
        write(**fields, refuse=refused.stage, frame=refused.frame,
              released=len(refused.released),
              sdk=sdk.verdict(m) if ask else "-")


main()
