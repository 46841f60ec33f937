# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: growth_must.py WHAT-THE-GUEST-LEFT

What may not grow with a volume, and how far the rest may: from points (grow.py must) to "ok" and
"not ok".  The bounds follow from the format; none of them is a measured value.
"""
import json
import sys

SECTOR = 4096
MIB = 1 << 20
FANOUT = 128


def nodes_above(sectors, ios):
    """nodes at most on the ways of so many I/Os, in a volume of so many sectors"""
    found = 0
    for _ in range(5):
        sectors = -(-sectors // FANOUT)
        found += min(sectors, ios)
    return found


class Judge:
    def __init__(self, points):
        self.points = points
        self.failed = 0

    def get(self, series, curve, x):
        return next(p for p in self.points if (p["series"], p["curve"], p["x"]) == (series, curve, x))

    def at_most(self, what, value, most):
        good = value <= most
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} growth {what}: {value:,}, at most {most:,}")


def commands(j, small, large):
    """nothing that grows with the size"""
    formats, opens, firsts = ([j.get("size", c, x)["backend"] for x in (small, large)] for c in
                              ("format", "open", "open, first"))
    # two superblocks, an activation, the journal's first block; not the journal, and no node
    j.at_most("bytes written by a format of 10 TiB", formats[1]["written"], 8 * SECTOR)
    j.at_most("bytes read by it", formats[1]["read"], formats[0]["read"])
    for name, (less, more) in (("the first opening", firsts), ("an opening after a clean close", opens)):
        j.at_most(f"bytes read by {name} of 10 TiB", more["read"], less["read"])
        j.at_most(f"bytes written by {name}", more["written"], 4 * SECTOR)


def ios(j, size):
    """no more nodes than lie on the way, each once"""
    p = j.get("size", "read, nodes not in memory", size)
    n = p["ios"]
    nodes = nodes_above(size // SECTOR, n)
    j.at_most(f"reads for {n} sectors, all over {size >> 30} GiB", p["backend"]["reads"], n + nodes)
    p = j.get("size", "overwrite", size)
    j.at_most(f"writes for {n} sectors and a checkpoint", p["backend"]["writes"], 2 * n + nodes + 1)
    p = j.get("size", "check", size)
    j.at_most(f"reads of a check of {p['nodes']} nodes", p["backend"]["reads"], p["nodes"] + 16)


def recovery(j):
    """the journal once, a window further than it goes; each node and each open sector once"""
    for curve, open_share in (("nothing flushed", 1), ("half flushed", 2)):
        p = next(p for p in j.points if (p["series"], p["curve"]) == ("recovery", curve))
        n = p["records"]
        j.at_most(f"bytes of the journal read in a recovery, {curve}", p["regions"]["journal"],
                  n * SECTOR + MIB // 2)
        j.at_most(f"bytes of nodes and data read in a recovery, {curve}", p["regions"]["groups"],
                  SECTOR * (n // open_share + nodes_above(p["sectors"], n)))


def main():
    j = Judge(json.load(open(sys.argv[1] + "/points.json")))
    sizes = sorted({p["x"] for p in j.points if p["series"] == "size"})
    commands(j, sizes[0], sizes[-1])
    for size in sizes:
        ios(j, size)
    recovery(j)
    for size in sizes:
        j.at_most(f"bytes of memory besides nodes, {size >> 30} GiB", j.get("size", "memory", size)["bytes"], 16 * MIB)
    sys.exit(1 if j.failed else 0)


main()
