# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done to each stack.

The order matters, and is the same for all.  What is counted is the difference between a long and a
short run, so that neither starting fio nor the end of the run counts.  A disk is used like this:

    0        16 MiB            56 MiB      76 MiB
    | peers  | where most is   | 4k-first  |  ...  the wide workloads: all over the first 900 MiB
"""
import collections

MIB = 1 << 20

# flags: first = of sectors never written before; wide; cold = the stack is closed and opened before;
#        once = one run, only for its latency; seed = what "wide" reads must have been written
Workload = collections.namedtuple("Workload", "name title options short long block at size flags")


def workload(name, title, options, short, long, at=16 * MIB, size=40 * MIB, flags=""):
    block = {"4k": 4096, "64k": 65536, "1m": MIB}[name.split("-")[0]]
    return Workload(name, title, f"{options} --bs={name.split('-')[0]}".split(), short, long, block, at, size,
                    flags.split())


def area(w, long):
    """where a run goes: what is written for the first time cannot be so again, so that of a workload
    "first" the long run goes on behind the short one"""
    if "first" in w.flags and "wide" not in w.flags:
        return (w.at + w.short * w.block, w.long * w.block) if long else (w.at, w.short * w.block)
    return w.at, w.size


D32 = " --ioengine=libaio --iodepth=32"
J4 = " --numjobs=4 --group_reporting"
PEERS = {"at": 0, "size": 16 * MIB, "flags": "once"}
WIDE = {"at": 0, "size": 900 * MIB}

COUNT = [
    # as the peers' figures in design.rst were measured: these three first, in this order
    workload("64k-peers", "64 KiB write in 16 MiB", "--rw=write", 0, 256, **PEERS),
    workload("4k-peers-write", "4 KiB random write in 16 MiB", "--rw=randwrite", 0, 2000, **PEERS),
    workload("4k-peers-read", "4 KiB random read in 16 MiB", "--rw=randread", 0, 2000, **PEERS),
    workload("64k-first", "64 KiB write, first", "--rw=write", 128, 512, flags="first"),
    workload("4k-first", "4 KiB random write, first", "--rw=randwrite", 500, 2000, 56 * MIB, flags="first"),
    workload("4k-write", "4 KiB random write", "--rw=randwrite", 500, 2000),
    workload("4k-read", "4 KiB random read", "--rw=randread", 500, 2000),
    workload("4k-write-d32", "4 KiB random write, depth 32", "--rw=randwrite" + D32, 500, 2000),
    workload("4k-read-d32", "4 KiB random read, depth 32", "--rw=randread" + D32, 500, 2000),
    workload("4k-mix-d32", "4 KiB random 70/30, depth 32", "--rw=randrw --rwmixread=70" + D32, 500, 2000),
    workload("4k-write-j4", "4 KiB random write, 4 jobs", "--rw=randwrite" + J4, 125, 500),
    workload("4k-read-j4", "4 KiB random read, 4 jobs", "--rw=randread" + J4, 125, 500),
    workload("4k-fsync1", "4 KiB random write, fsync each", "--rw=randwrite --fsync=1", 250, 1000),
    workload("4k-fsync32", "4 KiB random write, fsync every 32", "--rw=randwrite --fsync=32", 512, 2048),
    workload("64k-write", "64 KiB write", "--rw=write", 64, 256),
    workload("64k-read", "64 KiB read", "--rw=read", 64, 256),
    workload("1m-write", "1 MiB write", "--rw=write", 8, 32),
    workload("1m-read", "1 MiB read", "--rw=read", 8, 32),
    workload("4k-first-wide", "4 KiB over 900 MiB: write, first", "--rw=randwrite", 500, 2000, flags="wide first", **WIDE),
    workload("4k-write-wide", "4 KiB over 900 MiB: write", "--rw=randwrite", 500, 2000, flags="wide", **WIDE),
    workload("4k-read-wide", "4 KiB over 900 MiB: read", "--rw=randread", 500, 2000, flags="wide", **WIDE),
    workload("4k-write-cold", "4 KiB over 900 MiB: write, cold", "--rw=randwrite", 100, 500, flags="wide cold", **WIDE),
    workload("4k-read-cold", "4 KiB over 900 MiB: read, cold", "--rw=randread", 100, 500, flags="wide cold", **WIDE),
]

D8 = " --ioengine=libaio --iodepth=8"
ALL_OVER = {"at": 0, "size": 900 * MIB}

# Of these the whole run counts, with what it takes to make all of it lasting.
BYTES = [
    workload("1m-first", "1 MiB sequential, first", "--rw=write" + D8, 0, 256, 0, 256 * MIB),
    workload("1m-over", "1 MiB sequential, again", "--rw=write" + D8, 0, 256, 0, 256 * MIB),
    workload("64k-over", "64 KiB sequential, depth 1", "--rw=write", 0, 1024, 0, 64 * MIB),
    workload("4k-over", "4 KiB random over all, depth 1", "--rw=randwrite", 0, 16384, **ALL_OVER),
    workload("4k-over-d32", "4 KiB random over all, depth 32", "--rw=randwrite" + D32, 0, 16384, **ALL_OVER),
    workload("4k-over-fsync1", "4 KiB random, fsync each", "--rw=randwrite --fsync=1", 0, 2000, **ALL_OVER),
    workload("4k-over-fsync32", "4 KiB random, fsync every 32", "--rw=randwrite --fsync=32", 0, 8192, **ALL_OVER),
    workload("4k-look", "4 KiB random read, cold", "--rw=randread", 0, 4096, 0, 256 * MIB, "cold"),
]

FLUSHES = [w._replace(long=min(w.long, 1024)) for w in BYTES if "cold" not in w.flags and w.name != "1m-first"]

TIMED = " --time_based --runtime=1"
WALL = [
    workload("4k-write", "4 KiB random write", "--rw=randwrite" + TIMED, 0, 0),
    workload("4k-read", "4 KiB random read", "--rw=randread" + TIMED, 0, 0),
    workload("4k-write-d32j4", "4 KiB random write, depth 32, 4 jobs", "--rw=randwrite" + D32 + J4 + TIMED, 0, 0),
    workload("4k-read-d32j4", "4 KiB random read, depth 32, 4 jobs", "--rw=randread" + D32 + J4 + TIMED, 0, 0),
    workload("1m-write", "1 MiB write, depth 8", "--rw=write" + D8 + TIMED, 0, 0),
    workload("1m-read", "1 MiB read, depth 8", "--rw=read" + D8 + TIMED, 0, 0),
]

MEMORY = [
    workload("4k-load", "4 KiB random write, depth 32, 4 jobs", "--rw=randwrite" + D32 + J4, 0, 1000),
    workload("1m-load", "1 MiB write, depth 32", "--rw=write" + D32, 0, 128),
]

PHASES = {"count": COUNT, "bytes": BYTES, "flushes": FLUSHES, "memory": MEMORY, "wall": WALL}
GATE = ["64k-first", "4k-write", "4k-read", "4k-write-d32", "4k-fsync1", "4k-read-cold"]
