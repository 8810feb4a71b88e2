#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Change keys over kmsd's Unix socket as fast as it answers, and later see
that everything it acknowledged is still there.

    mutate.py run SOCKET JOURNAL [--count N] [--mark-every N --mark-cmd CMD]
    mutate.py check SOCKET JOURNAL [--upto LINES]

JOURNAL gets "try WHAT" before each change is asked for and "ack WHAT" when
the answer has come; WHAT is "key ID STATE", "alias NAME ID" (ID "-": gone) or
"blob ID BASE64".  A change that was tried last and not acknowledged may have
happened or not.  "run" ends without an error when kmsd goes away.
"""
import argparse
import base64
import http.client
import json
import os
import socket
import subprocess
import sys

PLAIN = base64.b64encode(b"kept through a crash").decode()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("kmsd", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Kms:
    def __init__(self, path):
        self.connection = UnixConnection(path)

    def call(self, operation, **parameters):
        self.connection.request(
            "POST", "/", json.dumps(parameters),
            {"X-Amz-Target": "TrentService." + operation})
        answer = self.connection.getresponse()
        body = json.loads(answer.read() or b"{}")
        return answer.status, body


class Gone(Exception):
    pass


class Runner:
    def __init__(self, a):
        self.a = a
        self.kms = Kms(a.socket)
        self.journal = os.open(a.journal, os.O_WRONLY | os.O_APPEND |
                               os.O_CREAT, 0o600)
        self.acks = 0

    def note(self, line):
        os.write(self.journal, (line + "\n").encode())

    def change(self, what, operation, **parameters):
        """what: text, or a function of the answer when only that tells."""
        if isinstance(what, str):
            self.note("try " + what)
        try:
            status, body = self.kms.call(operation, **parameters)
        except (OSError, http.client.HTTPException) as e:
            raise Gone from e
        if status != 200:
            # A service that ends says so before it is gone.
            if status == 500:
                raise Gone
            sys.exit(f"{operation} gave {status} {body}")
        self.note("ack " + (what if isinstance(what, str) else what(body)))
        self.acks += 1
        if self.a.mark_every and self.acks % self.a.mark_every == 0:
            with open(self.a.journal, "rb") as f:
                lines = f.read().count(b"\n")
            subprocess.run([*self.a.mark_cmd.split(), str(lines)], check=True)
        return body

    def round(self, n):
        name = f"alias/r{os.getpid()}-{n}"
        key = self.change(
            lambda b: f"key {b['KeyMetadata']['KeyId']} Enabled",
            "CreateKey")["KeyMetadata"]["KeyId"]
        self.change(lambda b: f"blob {key} {b['CiphertextBlob']}", "Encrypt",
                    KeyId=key, Plaintext=PLAIN)
        self.change(f"alias {name} {key}", "CreateAlias", AliasName=name,
                    TargetKeyId=key)
        if n % 2:
            self.change(f"key {key} Disabled", "DisableKey", KeyId=key)
        if n % 4 == 1:
            self.change(f"key {key} Enabled", "EnableKey", KeyId=key)
        if n % 3 == 0:
            self.change(f"key {key} PendingDeletion", "ScheduleKeyDeletion",
                        KeyId=key)
        if n % 5 == 0:
            self.change(f"alias {name} -", "DeleteAlias", AliasName=name)

    def run(self):
        n = 0
        try:
            while not self.a.count or self.acks < self.a.count:
                self.round(n)
                n += 1
        except Gone:
            pass
        print(self.acks)


def expected(path, upto):
    """What was acknowledged last of each thing, and what is in doubt."""
    sure, doubt = {}, {}
    with open(path, encoding="ascii") as f:
        lines = f.read().split("\n")[:-1]
    for line in lines[:upto] if upto else lines:
        verb, kind, name, value = line.split(" ")
        if verb == "try":
            doubt[kind, name] = value
        else:
            sure[kind, name] = value
            doubt.pop((kind, name), None)
    return sure, doubt


def is_there(kms, kind, name, want):
    if kind == "blob":
        status, body = kms.call("Decrypt", CiphertextBlob=want)
        # A key that is disabled or waits for its end refuses, rightly.
        return (body.get("Plaintext") == PLAIN or body.get("__type") in
                ("DisabledException", "KMSInvalidStateException")), body
    status, body = kms.call("DescribeKey", KeyId=name)
    if want == "-":
        return body.get("__type") == "NotFoundException", body
    key = body.get("KeyMetadata", {})
    return status == 200 and want in (key["KeyState"], key["KeyId"]), body


def check(a):
    sure, doubt = expected(a.journal, a.upto)
    kms = Kms(a.socket)
    lost = 0
    for (kind, name), want in sure.items():
        ok, body = is_there(kms, kind, name, want)
        if not ok and (kind, name) in doubt:
            ok, body = is_there(kms, kind, name, doubt[kind, name])
        if not ok:
            lost += 1
            print(f"lost: {kind} {name} {want[:40]}: {body}")
    print(f"{len(sure)} things acknowledged, {lost} lost")
    sys.exit(1 if lost or not sure else 0)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("what", choices=["run", "check"])
    p.add_argument("socket")
    p.add_argument("journal")
    p.add_argument("--count", type=int)
    p.add_argument("--upto", type=int, metavar="LINES")
    p.add_argument("--mark-every", type=int)
    p.add_argument("--mark-cmd", help="run with the journal's line count")
    a = p.parse_args()
    if a.what == "run":
        Runner(a).run()
    else:
        check(a)


main()
