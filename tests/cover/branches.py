#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums up the branches of what "llvm-cov export" has written.

usage: branches.py JUSTIFIED SOURCE... -- JSON...     (SOURCE without its .c)

JUSTIFIED names gaps, each with the line of source that has it:

    FILE FUNCTION: LINE
    	CONDITION never true|false: why
"""
import json
import os
import re
import sys


class Source:
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path) as f:
            self.lines = f.read().split("\n")

    def function(self, line):
        """The name before the last body that begins above the line."""
        for i in range(line - 1, -1, -1):
            if self.lines[i] == "{":
                while not re.match(r"[a-z].*\(", self.lines[i]):
                    i -= 1
                return re.search(r"(\w+)\(", self.lines[i])[1]
        return "?"

    def condition(self, line, column, end_line, end_column):
        if end_line != line:
            return self.lines[line - 1][column - 1:].strip()
        return self.lines[line - 1][column - 1:end_column - 1]

    def place(self, line):
        return f"{self.name} {self.function(line)}: {self.lines[line - 1].strip()}"


def read_branches(paths, sources):
    """{(file, line, column, end line, end column): [times true, times false]}"""
    branches = {}
    for path in paths:
        with open(path) as f:
            files = json.load(f)["data"][0]["files"]
        for f in files:
            name = os.path.basename(f["filename"])
            if os.path.basename(os.path.dirname(f["filename"])) != "kmod" or name not in sources:
                continue
            for b in f["branches"]:
                counts = branches.setdefault((name, *b[:4]), [0, 0])
                counts[0] += b[4]
                counts[1] += b[5]
    return branches


def read_justified(path):
    justified, place = {}, None
    with open(path) as f:
        for line in f:
            if line.startswith("#") or not line.strip():
                continue
            gap = re.match(r"\t(.*) never (true|false): .", line)
            if gap:
                justified[place, gap[1], gap[2]] = False
            elif not line.startswith("\t"):
                place = line.strip()
    return justified


def main():
    split = sys.argv.index("--")
    justified = read_justified(sys.argv[1])
    sources = {s.name: s for s in (Source(p + ".c") for p in sys.argv[2:split])}
    branches = read_branches(sys.argv[split + 1:], sources)
    taken = {name: [0, 0, 0, []] for name in sources}
    for (name, *where), counts in sorted(branches.items()):
        source, sum_up = sources[name], taken[name]
        for outcome, count in zip(("true", "false"), counts):
            sum_up[1] += 1
            gap = source.place(where[0]), source.condition(*where), outcome
            if count:
                sum_up[0] += 1
            elif gap in justified:
                justified[gap] = True
                sum_up[2] += 1
            else:
                sum_up[3].append((f"{name}:{where[0]}", gap))
    failed = 0
    for name, (hit, total, excused, gaps) in taken.items():
        bad = "; ".join(f"{where}: {gap[1]} never {gap[2]}" for where, gap in gaps)
        unused = [g for g, used in justified.items() if not used and g[0].startswith(name + " ")]
        bad = "; ".join([bad] * bool(bad) + [f"justified, and not needed: {g[0]}: {g[1]} never {g[2]}"
                                             for g in unused])
        words = f"{hit} of {total} branches, {excused} justified"
        failed |= bool(bad) or not total
        print(f"not ok cover {name}: {words}; {bad}" if bad or not total else f"ok cover {name}: {words}")
    return failed


sys.exit(main())
