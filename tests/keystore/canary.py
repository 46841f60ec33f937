#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: canary.py KEYSET KEY-FILE PASSPHRASES -- FILE... | --process PID | --secrets PID

Looks for the keys of a keyset, the bytes of a key file and the lines of a file of passphrases, in
files, or in what a core dump of a process would hold: all its writable memory but what it has
marked MADV_DONTDUMP. With --secrets looks into that too, but not for keys, which may be in use
there. Says what it finds; fails if it finds anything, or had nothing to look into.
"""
import re
import sys


def canaries(keyset, key_file, passphrases):
    data = open(keyset, "rb").read()
    for at in range(24, len(data), 40):
        yield f"key {(at - 24) // 40}", data[at + 8:at + 40]
        # Half a key is bad enough.
        yield f"half of key {(at - 24) // 40}", data[at + 8:at + 24]
    yield "key file", open(key_file, "rb").read()[:32]
    for line in open(passphrases, "rb").read().split():
        if len(line) > 5:
            yield "passphrase", line
    for line in open(passphrases, "rb").read().splitlines():
        yield "whole passphrase", line


def writable(pid, all_of_it):
    area = None
    for line in open(f"/proc/{pid}/smaps"):
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
        if found:
            area = (int(found[1], 16), int(found[2], 16), found[3], found[4])
        elif line.startswith("VmFlags:") and "w" in area[2] and (all_of_it or " dd" not in line):
            yield area


def process(pid, all_of_it):
    with open(f"/proc/{pid}/mem", "rb") as memory:
        for start, end, _, name in writable(pid, all_of_it):
            memory.seek(start)
            yield f"{start:x} {name}", memory.read(end - start)


def files(names):
    for name in names:
        yield name, open(name, "rb").read()


def main():
    split = sys.argv.index("--")
    wanted = list(canaries(*sys.argv[1:split]))
    where = sys.argv[split + 1:]
    if where[0] == "--secrets":
        wanted = [w for w in wanted if "passphrase" in w[0]]
    places = process(where[1], where[0] == "--secrets") if where[0][0] == "-" else files(where)
    found = looked = 0
    for name, data in places:
        looked += len(data)
        for what, canary in wanted:
            if canary in data:
                print(f"{what} in {name}")
                found += 1
    print(f"{len(wanted)} canaries, {looked} bytes, {found} found")
    sys.exit(1 if found or not looked else 0)


main()
