# SPDX-License-Identifier: GPL-2.0-or-later
"""In the guest: what grows with what.  Writes points.json.

usage: grow.py must
       grow.py full|quick [SERIES...]

Each point has a LUN of its own.  I/Os are made here, one at a time, so that nothing but them lies
between two marks (mark.h).
"""
import contextlib
import ctypes
import json
import random
import shutil
import subprocess
import sys
import time

import lun
from lun import GIB, LARGEST, MIB, SECTOR, TIB, Io, Lun, checkpoint, formatted, message, opened, stats
from stacks import run

HOST = "/run/host"
LEAF = 128              # sectors
GROUP = 128 * LEAF

mark = ctypes.CDLL(HOST + "/mark.so").main


def sectors_of(device):
    return device.bytes // SECTOR


def anywhere(seed, count, sectors):
    r = random.Random(seed)
    return [r.randrange(sectors) for _ in range(count)]


class Points:
    """found: all of them so far; marks: how many have been made"""

    def __init__(self):
        self.found = []
        self.marks = 0

    @contextlib.contextmanager
    def measure(self, device, series, curve, x, ios=1):
        """what happens within counts for a new point; more can be said in what is given"""
        point = {"series": series, "curve": curve, "x": x, "ios": ios}
        before = device.counters()
        mark()
        yield point
        mark()
        self.marks += 2
        after = device.counters()
        point["mark"] = self.marks - 1
        point["backend"] = {k: after[k] - before[k] for k in after}
        self.add(point)

    def add(self, point):
        self.found.append(point)
        print(f"# {point['series']}: {point['curve']}, {point['x']:,}", flush=True)


# ---- the series ----

def by_size(points, sizes, count):
    """a volume's life, with I/O all over it; a journal of 16 MiB for all"""
    for size in sizes:
        device = Lun(size)

        def measure(curve, ios=1):
            return points.measure(device, "size", curve, size, ios)  # noqa: B023

        with measure("format"):
            device.format("--journal-mib", "16")
        device.touch_journal()
        with measure("open, first"):
            device.open()
        at = anywhere(7, count, sectors_of(device))
        io = Io()
        with measure("first write", count):
            io.write(at)
            checkpoint()
        io.settle(at)
        with measure("overwrite", count):
            io.write(at)
            checkpoint()
        with measure("read, nodes in memory", count):
            io.read(at)
        io.close()
        with measure("close"):
            device.close()
        with measure("open"):
            device.open()
        io = Io()
        with measure("read, nodes not in memory", count):
            io.read(at)
        io.close()
        device.close()
        for curve, options in (("check", ()), ("check --data", ("--data",))):
            with measure(curve) as point:
                point["nodes"] = device.check(*options)["nodes"]
        points.add({"series": "size", "curve": "memory", "x": size, "bytes": lun.memory_of(device)})
        device.gone()


def by_dirty(points, leaves, count):
    """writes to few or many leaves between two checkpoints, which are neighbours or a group apart"""
    for curve, apart in (("neighbours", LEAF), ("one in each group", GROUP)):
        with formatted(TIB // 4, "--journal-mib", "64") as device, opened(device, "--cache-mib", "256") as io:
            for n in leaves:
                at = [i % n * apart + i // n % LEAF for i in range(count)]
                io.settle(at)
                before = stats()
                with points.measure(device, "dirty", curve, n, count) as point:
                    io.write(at)
                    checkpoint()
                point["nodes"] = stats()["nodes_written"] - before["nodes_written"]


def by_tags(points, tags, sectors, count):
    """the same sectors, with few or many tags"""
    for n in tags:
        with formatted(TIB // 10) as device:
            device.add_keys(n)
            device.open()
            make_tags(1, n // 2)
            with points.measure(device, "tags", "making one", n, n - n // 2):
                make_tags(n // 2 + 1, n)
            assign(n, sectors)
            io = Io()
            io.write(range(sectors))
            checkpoint()
            at = anywhere(7, count, sectors)
            for curve, do in (("overwrite", io.write), ("read", io.read)):
                with points.measure(device, "tags", curve, n, count):
                    do(at)
            io.close()
            device.close()
            with points.measure(device, "tags", "open", n):
                device.open()
            device.close()
            points.add({"series": "tags", "curve": "memory", "x": n, "bytes": lun.memory_of(device)})


def make_tags(first, last):
    for tag in range(first, last + 1):
        message(lun.VOLUME, f"tag_create {tag} {b'case'.hex()} -")


def assign(tags, sectors):
    """each tag has as many of the sectors, in one run"""
    length = -(-sectors // tags)
    for n, start in enumerate(range(0, sectors, length)):
        job = message(lun.VOLUME, f"assign {n + 1} {start} {min(length, sectors - start)}")
        if n % 1000 == 999:
            wait_for(job)
    wait_for(job)


def wait_for(job):
    while message(lun.VOLUME, "job " + job).endswith("running"):
        time.sleep(0.01)


def by_journal(points, journals):
    """writes all over a small and a large volume, where the journal alone asks for checkpoints"""
    for size in (GIB, TIB // 10):
        curve = "1 GiB" if size == GIB else "100 GiB"
        for mib in journals:
            with formatted(size, "--journal-mib", str(mib)) as device, opened(device, "--cache-mib", "512") as io:
                # a lone write takes 4 KiB of the ring, and half of it lies between two checkpoints
                count = device.journal // SECTOR
                at = anywhere(7, count, sectors_of(device))
                io.settle(at)
                before = stats()
                with points.measure(device, "journal", curve, mib * MIB, count) as point:
                    io.write(at)
                    checkpoint()
                point.update({k: stats()[k] - before[k] for k in ("checkpoints", "nodes_written")})


def by_cache(points, caches, leaves, count):
    """one sector in each leaf: nodes that are far more than the cache holds, and fewer"""
    sectors = [i * LEAF + i % LEAF for i in range(leaves)]
    with formatted(leaves * LEAF * SECTOR * 2, "--journal-mib", "64") as device:
        with opened(device, "--cache-mib", "512") as io:
            io.settle(sectors)
        for mib in caches:
            with opened(device, "--cache-mib", str(mib)) as io:
                io.read(random.Random(7).sample(sectors, leaves))
                for curve, do, seed in (("read", io.read, 8), ("overwrite", io.write, 9)):
                    at = random.Random(seed).sample(sectors, count)
                    before = stats()
                    with points.measure(device, "cache", curve, mib * MIB, count) as point:
                        do(at)
                        checkpoint()
                    point.update({k: stats()[k] - before[k] for k in ("checkpoints", "nodes_read", "nodes_written")})


def recover(points, device, curve, sectors, flushed=0):
    """overwrite these, of which so many are flushed, pull the plug, open again"""
    with opened(device, "--cache-mib", "512") as io:
        io.settle(sectors)
    device.open("--cache-mib", "512")
    io = Io()
    io.write(sectors[:flushed])
    if flushed:
        io.flush()
    io.write(sectors[flushed:])
    io.close()
    device.crash()
    regions = lun.Regions(device)
    with points.measure(device, "recovery", curve, len(sectors)) as point:
        told = device.open("--cache-mib", "512")
    point.update(regions=regions.read(), records=told["journal_records"], sectors=sectors_of(device),
                 nodes_read=stats()["nodes_read"])
    device.close()


def by_records(points, counts):
    """what is to be recovered: writes all over the volume, and one behind the other"""
    for curve in ("all over 100 GiB", "one behind the other"):
        for n in counts:
            with formatted(TIB // 10, "--journal-mib", "64") as device:
                at = anywhere(7, n, sectors_of(device)) if "all" in curve else list(range(n))
                recover(points, device, curve, at)


def by_openings(points, openings, sectors, count):
    """reads of what was written in one opening, or in many: each has keys of its own"""
    for n in openings:
        with formatted(GIB) as device:
            for first in range(n):
                with opened(device) as io:
                    io.write(range(first, sectors, n))
            with opened(device) as io:
                io.read(range(sectors))
                with points.measure(device, "openings", "read", n, count):
                    io.read(anywhere(7, count, sectors))


def by_written(points, sizes):
    """checking a volume of 1 GiB of which so much is written"""
    with formatted(GIB) as device:
        start = 0
        for size in sizes:
            with opened(device) as io:
                io.fill(start, size)
            start = size
            for curve, options in (("check", ()), ("check --data", ("--data",))):
                with points.measure(device, "written", curve, size) as point:
                    point["nodes"] = device.check(*options)["nodes"]


def must(points):
    """what growth_must.py judges"""
    by_size(points, (GIB, LARGEST), 64)
    for curve, flushed in (("nothing flushed", 0), ("half flushed", 500)):
        with formatted(LARGEST, "--journal-mib", "16") as device:
            recover(points, device, curve, anywhere(7, 1000, sectors_of(device)), flushed)


SERIES = {
    # name: what makes it, with what in a full run, and in a quick one
    "size": (by_size, ((GIB, 10 * GIB, 100 * GIB, TIB, LARGEST), 500), ((GIB, LARGEST), 200)),
    "dirty": (by_dirty, ((1, 4, 16, 64, 256, 512), 512), ((1, 256), 256)),
    "tags": (by_tags, ((1, 16, 1000, 3000), 3000, 2000), ((1, 1000), 1000, 500)),
    "openings": (by_openings, ((1, 8, 32, 64), 512, 500), ((1, 16), 512, 500)),
    "journal": (by_journal, ((1, 2, 4, 8, 16),), ((1, 4),)),
    "cache": (by_cache, ((1, 2, 4, 8, 16, 32), 4096, 1000), ((1, 16), 2048, 500)),
    "recovery": (by_records, ((16, 250, 1000, 2000, 4000),), ((16, 500),)),
    "written": (by_written, ((MIB, 16 * MIB, 64 * MIB, 128 * MIB),), ((MIB, 16 * MIB),)),
}


def main():
    points = Points()
    # the crypto API's self-tests, and what else the first one of anything costs
    with formatted(GIB) as device, opened(device) as io:
        io.write(range(64))
    time.sleep(3)
    what, *chosen = sys.argv[1:]
    if what == "must":
        must(points)
    for name, (make, full, quick) in SERIES.items():
        if what != "must" and (not chosen or name in chosen):
            make(points, *(full if what == "full" else quick))
    with open(HOST + "/points.json", "w") as f:
        json.dump(points.found, f)
    shutil.copy("/proc/modules", HOST + "/modules")
    shutil.copy("/proc/kallsyms", HOST + "/kallsyms")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as e:
        sys.exit(f"{' '.join(e.cmd)}: {e.stdout}{e.stderr}")
