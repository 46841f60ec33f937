#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes images of a disk as crashes may leave it, from a recording of its writes.

usage: replay.py --log LOG --base BASE --out FILE --size BYTES [--count N] [--seed S] [--mark BYTES]

LOG is in the format of QEMU's blklogwrites, or of tests/replay/record. FILE receives N images of
SIZE bytes, one behind the other. Each is cut at a random moment of the log: BASE, all that was
answered before a flush was asked for that had been answered by then, all with FUA that had been
answered, and of the rest, which a volatile cache may still have held, a random part. One line is
printed for each image:

    <number> <entry where it was cut> <writes left out> <R of the last "synced R">

"synced R" is what tests/vm/synced wrote to byte MARK of the disk before the cut; -1 = nothing.

dm-log-writes, which writes the same format as QEMU, is none to judge by: when two flushes are on
their way, it may write down the younger one first, and behind both what only the older one took along.
"""
import argparse
import random
import struct
import sys

FLUSH, FUA, DISCARD = 1, 2, 4	# QEMU's
MAGIC = 0x6A736677736872
WRITE, ZERO, ASK_FLUSH, DONE = 1, 2, 3, 4	# tests/replay/log.h
NEVER = float("inf")


class Write:
    """Asked for and answered at these moments: numbers of the log's entries."""
    def __init__(self, asked, at, count, data, fua):
        self.asked, self.answered = asked, NEVER
        self.at, self.count, self.data, self.fua = at, count, data, fua


class Flush:
    def __init__(self, asked):
        self.asked, self.answered = asked, NEVER


class Log:
    def __init__(self):
        self.writes, self.flushes, self.end = [], [], 0


def read_qemu(data):
    """What is in it was answered when it was written down; an entry that the kill cut off ends it."""
    log = Log()
    _magic, _version, entries, unit = struct.unpack_from("<QQQI", data)
    # The number of entries is told at flushes only: go on as long as entries make sense.
    at = unit
    while at + unit <= len(data):
        sector, count, flags, _length = struct.unpack_from("<QQQQ", data, at)
        if flags & ~(FLUSH | FUA | DISCARD) or (not count and not flags):
            break
        at += unit
        size = 0 if flags & DISCARD else count * unit
        if at + size > len(data):
            break
        if flags & FLUSH:
            f = Flush(log.end)
            f.answered = log.end
            log.flushes.append(f)
        if count:
            w = Write(log.end, sector * unit, count * unit, memoryview(data)[at:at + size], flags & FUA)
            w.answered = log.end
            log.writes.append(w)
        log.end += 1
        at += size
    if log.end < entries // 2:
        sys.exit(f"log has {entries} entries, only {log.end} make sense")
    return log


def read_record(data):
    log, open_requests, at = Log(), {}, 0
    while at + 32 <= len(data):
        kind, flags, id_, offset, length = struct.unpack_from("<IIQQQ", data, at)
        at += 32
        if kind == DONE:
            open_requests.pop(id_).answered = log.end
        elif kind == ASK_FLUSH:
            open_requests[id_] = Flush(log.end)
            log.flushes.append(open_requests[id_])
        elif kind in (WRITE, ZERO):
            size = length if kind == WRITE else 0
            open_requests[id_] = Write(log.end, offset, length, memoryview(data)[at:at + size], flags & 1)
            log.writes.append(open_requests[id_])
            at += size
        else:
            sys.exit(f"entry {log.end} of the log makes no sense")
        log.end += 1
    return log


def read_log(path):
    with open(path, "rb") as f:
        data = f.read()
    if len(data) < 32:
        sys.exit("empty log")
    return read_qemu(data) if struct.unpack_from("<Q", data)[0] == MAGIC else read_record(data)


def promise(write, mark):
    if mark is None or write.at != mark or not len(write.data):
        return None
    words = bytes(write.data[:32]).split()
    return int(words[1]) if words and words[0] == b"synced" else None


def apply(image, write, size):
    if write.at + write.count > size:
        return
    data = write.data if len(write.data) else bytes(write.count)
    image[write.at:write.at + write.count] = data


def crash(log, base, size, mark, rng, cut):
    """After the log's first CUT entries."""
    image = bytearray(base[:size].ljust(size, b"\0"))
    covered = max((f.asked for f in log.flushes if f.answered < cut), default=-1)
    # All, nothing, half, or nearly all of what was in the cache has reached the disk.
    odds = rng.choice((0.0, 0.5, 0.9, 1.0))
    synced, left_out = -1, 0
    for w in log.writes:
        if w.asked >= cut:
            break
        told = promise(w, mark)
        if told is not None and w.answered < cut:
            synced = told
        if w.answered <= covered or (w.fua and w.answered < cut) or rng.random() < odds:
            apply(image, w, size)
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
            cut = log.end if n == 0 else rng.randint(0, log.end)
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
