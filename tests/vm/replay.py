#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes images of a disk as crashes may leave it, from a recording of its writes.

usage: replay.py --log LOG --base BASE --out FILE --size BYTES [--count N] [--seed S] [--mark BYTES]

LOG is in the format of dm-log-writes and of QEMU's blklogwrites. FILE receives N images of SIZE
bytes, one behind the other. Each is cut at a random entry of the log: BASE, all entries up to the
last completed flush and all with FUA after it, and of the rest, which a volatile cache may still
have held, a random part. One line is printed for each image:

    <number> <entry where it was cut> <entries left out> <R of the last "synced R">

"synced R" is what tests/vm/synced wrote to byte MARK of the disk before the cut; -1 = nothing.
"""
import argparse
import random
import struct
import sys

FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8	# and 16, metadata
MAGIC = 0x6A736677736872


class Entry:
    def __init__(self, sector, count, flags, data):
        self.sector, self.count, self.flags, self.data = sector, count, flags, data


def read_log(path):
    """All entries; one that the kill has cut off ends the log."""
    with open(path, "rb") as f:
        log = f.read()
    if len(log) < 32:
        sys.exit("empty log")
    magic, _version, entries, unit = struct.unpack_from("<QQQI", log)
    if magic != MAGIC:
        sys.exit("no log of writes")
    # QEMU tells the number of entries at flushes only: go on as long as entries make sense.
    at, found = unit, []
    while at + unit <= len(log):
        sector, count, flags, length = struct.unpack_from("<QQQQ", log, at)
        if flags & ~31 or (not count and not flags):
            break
        at += unit
        if flags & MARK:
            continue
        size = 0 if flags & DISCARD else count * unit
        if at + size > len(log):
            break
        found.append(Entry(sector * unit, count * unit, flags, memoryview(log)[at:at + size]))
        at += size
    if len(found) < entries // 2:
        sys.exit(f"log has {entries} entries, only {len(found)} make sense")
    return found


def promise(entry, mark):
    if mark is None or entry.sector != mark or not len(entry.data):
        return None
    words = bytes(entry.data[:32]).split()
    return int(words[1]) if words and words[0] == b"synced" else None


def apply(image, entry, size):
    if entry.sector + entry.count > size or not entry.count:
        return
    data = entry.data if len(entry.data) else bytes(entry.count)
    image[entry.sector:entry.sector + entry.count] = data


def crash(log, base, size, mark, rng, cut):
    image = bytearray(base[:size].ljust(size, b"\0"))
    flushed = max((i for i in range(cut) if log[i].flags & FLUSH), default=-1)
    # All, nothing, half, or nearly all of what was in the cache has reached the disk.
    odds = rng.choice((0.0, 0.5, 0.9, 1.0))
    synced, left_out = -1, 0
    for i, entry in enumerate(log[:cut]):
        told = promise(entry, mark)
        if told is not None:
            synced = told
        if i <= flushed or entry.flags & FUA or rng.random() < odds:
            apply(image, entry, size)
        else:
            left_out += 1
    return image, left_out, synced


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--log", required=True)
    p.add_argument("--base", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--size", type=int, required=True)
    p.add_argument("--count", type=int, default=20)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--mark", type=int)
    a = p.parse_args()
    log = read_log(a.log)
    with open(a.base, "rb") as f:
        base = f.read()
    rng = random.Random(a.seed)
    with open(a.out, "wb") as out:
        for n in range(a.count):
            cut = len(log) if n == 0 else rng.randint(0, len(log))
            image, left_out, synced = crash(log, base, a.size, a.mark, rng, cut)
            # Sparse: a disk's zeros cost nothing.
            for at in range(0, a.size, 65536):
                piece = image[at:at + 65536]
                if piece.count(0) != len(piece):
                    out.seek(n * a.size + at)
                    out.write(piece)
            print(n, cut, left_out, synced, flush=True)
        out.truncate(a.count * a.size)


main()
