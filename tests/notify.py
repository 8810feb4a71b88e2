#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Be the service manager: run a command with NOTIFY_SOCKET, and write each
datagram it sends, one a line, to FILE.

    notify.py FILE COMMAND ARG...
"""
import os
import socket
import subprocess
import sys

log, *command = sys.argv[1:]
path = log + ".sock"
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
s.settimeout(0.1)
environment = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC="3000000")
child = subprocess.Popen(command, env=environment)
with open(log, "w", encoding="utf-8") as f:
    while True:
        try:
            f.write(s.recv(4096).decode() + "\n")
            f.flush()
        except TimeoutError:
            if child.poll() is not None:
                break
sys.exit(child.returncode)
