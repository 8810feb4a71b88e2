#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read what the device mapper target "log-writes" logged.

    replay-log.py marks LOG              names of the marks, one a line
    replay-log.py replay LOG MARK DISK   write to DISK what the logged disk
                                         surely held when MARK was made

The target logs a write only once a flush has put it on the disk, so what is
replayed is the disk after a power cut that loses every write not flushed.
Format: Linux, Documentation/admin-guide/device-mapper/log-writes.rst and
drivers/md/dm-log-writes.c.
"""
import struct
import sys

MAGIC = 0x6a736677736872
DISCARD, MARK = 4, 8


def entries(log):
    magic, version, count, size = struct.unpack("<QQQI", log.read(28))
    if magic != MAGIC or version != 1:
        sys.exit("not a log of log-writes")
    at = size
    for _ in range(count):
        log.seek(at)
        block = log.read(size)
        sector, sectors, flags, length = struct.unpack("<4Q", block[:32])
        at += size
        data = b""
        if flags & MARK:
            data = block[32:32 + length]
        elif not flags & DISCARD:
            data = log.read(sectors * size)
            at += sectors * size
        yield flags, sector * size, sectors * size, data


def name_of(data):
    return data.split(b"\0")[0].decode()


def main():
    what, path, *rest = sys.argv[1:]
    with open(path, "rb") as log:
        if what == "marks":
            for flags, _, _, data in entries(log):
                if flags & MARK:
                    print(name_of(data))
            return
        mark, disk = rest
        written = 0
        with open(disk, "r+b") as f:
            for flags, at, length, data in entries(log):
                if flags & MARK:
                    if name_of(data) == mark:
                        print(f"{written} writes replayed")
                        return
                    continue
                f.seek(at)
                f.write(b"\0" * length if flags & DISCARD else data)
                written += 1
        sys.exit(f"no mark {mark}")


main()
