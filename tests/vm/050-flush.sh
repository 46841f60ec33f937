#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A flush from above reaches the LUN, after the data; O_DSYNC and FUA data is
# on the LUN when the write ends. Seen from below, by dm-log-writes.

. "$(dirname "$0")/../lib.sh"

modprobe dm-log-writes
lun disk 64
disk=$dev
lun log 256
dmsetup create logw --table "0 $(blockdev --getsz "$disk") log-writes $disk $dev"
format v /dev/mapper/logw
open_volume v /dev/mapper/logw checkpoint_seconds 3600
d=/dev/mapper/v
random_file "$work/data" $((1 << 20))

# A marker in the log; log-writes holds unflushed writes back, so that their place tells what
# was durable when.
here() { dmsetup message logw 0 mark "$1"; }

here write
put "$work/data" $d 0 8
here written
sync $d
here flushed
# one 4 KiB write with FUA, to a fresh sector and to a written one
dd if="$work/data" of=$d bs=4k count=1 seek=100 oflag=direct,dsync conv=notrunc status=none
here fua-fresh
dd if="$work/data" of=$d bs=4k count=1 seek=0 oflag=direct,dsync conv=notrunc status=none
here fua-over
dmsetup message v 0 checkpoint
here checkpoint
eq flushes "$(($(stat_of v flushes) > 0))" 1
close_volume v
here closed
layout "$work/disk.img"
dmsetup remove logw

python3 - "$work/log.img" "$group_start" "$superblock_b" "$journal_start" "$journal_blocks" <<'PYTHON'
import struct, sys

log = open(sys.argv[1], "rb").read()
group, sb_b, journal, journal_blocks = map(int, sys.argv[2:])
magic, _, count, unit = struct.unpack_from("<QQQI", log)
at, entries, phase = unit, {}, "open"
for _ in range(count):
    sector, n, flags, length = struct.unpack_from("<QQQQ", log, at)
    if flags & 8:
        phase = log[at + 32:at + 32 + length].decode()
    else:
        block = sector * unit // 4096
        kind = ("flush" if not n else "superblock" if block in (0, sb_b) else
                "journal" if journal <= block < journal + journal_blocks else
                "data" if block >= group + 264 else "node" if block >= group else "activation")
        fua = bool(flags & 2)
        # what follows a mark belongs to the phase that the next mark ends
        entries.setdefault(phase, []).append((kind, fua))
    at += unit + (0 if flags & 4 else n * unit)

def after(mark):
    print(mark, entries.get(mark, []))
    return entries.get(mark, [])

def kinds(mark):
    return [k for k, _ in after(mark)]

# Written, not flushed: the record is durable, its data may be anywhere.
assert ("journal", True) in after("write"), "journal record without FUA"
assert all(fua for k, fua in after("write") if k == "journal")
assert "data" not in kinds("write") or "flush" in kinds("write")
# The flush comes behind the data.
f = kinds("written")
assert "flush" in f and "data" in f and f.index("data") < len(f) - 1 - f[::-1].index("flush"), f
# O_DSYNC: data with FUA, or a flush behind it; and it was journalled durably.
for mark in ("flushed", "fua-fresh"):
    e = after(mark)
    k = [x for x, _ in e]
    assert ("journal", True) in e, e
    assert ("data", True) in e or ("flush" in k and k.index("data") < len(k) - 1 - k[::-1].index("flush")), e
assert ("data", True) in after("fua-fresh"), "FUA did not reach the LUN"
# An overwrite's data comes after its record.
e = [x for x, _ in after("fua-fresh")]
assert e.index("journal") < e.index("data"), e
# Checkpoint: nodes, flush, superblock with FUA.
e = after("fua-over")
k = [x for x, _ in e]
assert ("superblock", True) in e and "node" in k, e
assert max(i for i, x in enumerate(k) if x == "node") < k.index("flush") < k.index("superblock"), k
PYTHON
