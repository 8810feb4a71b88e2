#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that no honest library is: slow, half-said, oversized.

    slow.py drip SOCKET        one line a client: NAME SECONDS until closed
    slow.py say SOCKET BYTES   a POST of so many bytes: the answer's status
    slow.py chunks SOCKET BYTES  the same in chunks, without a length
    slow.py hold SOCKET COUNT  open COUNT connections: how many are served
    slow.py drain SOCKET PID   half a request, SIGTERM to PID, the rest
"""
import os
import select
import signal
import socket
import sys
import time

HEAD = (b"POST / HTTP/1.1\r\nHost: kmsd\r\n"
        b"X-Amz-Target: TrentService.ListKeys\r\n")
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: kmsd\r\n\r\n"


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(path)
    return s


def status(s):
    """Of the answer, 0 when the connection ended without one."""
    got = b""
    try:
        while b"\r\n\r\n" not in got:
            piece = s.recv(65536)
            if not piece:
                return 0
            got += piece
    except ConnectionError:
        return 0
    return int(got.split(b" ", 2)[1])


def drip(path):
    # What each has said at once, and what it goes on saying each second.
    clients = {
        "silent": (b"", b""),
        "request_line": (b"P", b"O"),
        "headers": (HEAD, b"X-A: b\r\n"),
        "body": (HEAD + b"Content-Length: 1000\r\n\r\n", b" "),
    }
    start = time.monotonic()
    open_ones = {}
    for name, (first, _) in clients.items():
        s = connect(path)
        s.sendall(first)
        open_ones[s] = name
    idle = connect(path)
    idle.sendall(HEALTH)
    assert status(idle) == 200
    while open_ones and time.monotonic() - start < 20:
        for s in select.select(list(open_ones), [], [], 1)[0]:
            try:
                ended = not s.recv(1000)
            except ConnectionError:
                ended = True
            if ended:
                name = open_ones.pop(s)
                print(name, int(time.monotonic() - start), flush=True)
        for s, name in open_ones.items():
            try:
                s.sendall(clients[name][1])
            except OSError:
                pass
    for name in open_ones.values():
        print(name, "never")
    idle.sendall(HEALTH)
    print("idle", status(idle))


def say(path, size):
    s = connect(path)
    s.sendall(HEAD + f"Content-Length: {size}\r\n\r\n".encode())
    try:
        s.sendall(b" " * size)
    except OSError:
        pass
    print(status(s))


def chunks(path, size):
    s = connect(path)
    s.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(size // 1024):
        s.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
    s.sendall(b"0\r\n\r\n")
    print(status(s))


def hold(path, count):
    held = [connect(path) for _ in range(count)]
    served = []
    for s in held:
        try:
            s.sendall(HEALTH)
            if status(s) == 200:
                served.append(s)
        except OSError:
            pass
    print(len(served))
    served.pop().close()
    end = time.monotonic() + 5
    while time.monotonic() < end:  # the place of the one that left
        s = connect(path)
        try:
            s.sendall(HEALTH)
            if status(s) == 200:
                print("again")
                return
        except OSError:
            pass
        time.sleep(0.02)


def drain(path, pid):
    s = connect(path)
    idle = connect(path)
    idle.sendall(HEALTH)
    assert status(idle) == 200
    s.sendall(HEAD + b"Content-Length: 2\r\n\r\n{")
    # Until it has read this: the next answer on another connection is later.
    idle.sendall(HEALTH)
    assert status(idle) == 200
    os.kill(pid, signal.SIGTERM)
    assert idle.recv(1) == b""
    print("idle closed")
    s.sendall(b"}")
    print(status(s))


what, where, *rest = sys.argv[1:]
globals()[what](where, *map(int, rest))
