#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: reference.py SEAL IMAGE

Verifies an evidence seal as Documentation/evidence.rst describes it, with nothing but Python's
standard library: for whoever wants to check without the program that made it.  The signature is
left to ssh-keygen.  Prints "unchanged" or "altered" and the sectors of each piece; fails when the
hashes do not belong to the statement, or anything is altered.
"""
import hashlib
import json
import struct
import sys

SECTOR, GROUP, HEADER = 4096, 16384, 264


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(label, *parts):
    return sha(b"\0", label.ljust(16, b"\0"), *parts)


def root(leaves):
    """RFC 6962, section 2.1."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\1", root(leaves[:k]), root(leaves[k:]))


def u64(n):
    return struct.pack("<Q", n)


def pieces(path):
    with open(path, "rb") as f:
        if f.read(16) != b"dmw-hashes 1\n\0\0\0":
            sys.exit("not the hashes of a seal")
        while record := f.read(80):
            yield struct.unpack("<QII32s32s", record)


def extents(all_pieces):
    """Pieces that follow each other with the same tag."""
    extent = []
    for p in all_pieces:
        if extent and (extent[-1][2] != p[2] or extent[-1][0] + extent[-1][1] != p[0]):
            yield extent
            extent = []
        extent.append(p)
    if extent:
        yield extent


def check_statement(seal, all_pieces):
    tags = {t["Tag"]: [] for t in seal["Tags"]}
    sectors = dict.fromkeys(tags, 0)
    for e in extents(all_pieces):
        count = sum(p[1] for p in e)
        below = root([leaf(b"dmw-piece", u64(p[0]), u64(p[1]), p[3], p[4]) for p in e])
        tags[e[0][2]].append(leaf(b"dmw-extent", u64(e[0][0]), u64(count), below))
        sectors[e[0][2]] += count
    leaves = []
    for tag in sorted(tags):
        leaves.append(leaf(b"dmw-tag", struct.pack("<I", tag), u64(len(tags[tag])),
                           u64(sectors[tag]), root(tags[tag])))
    if root(leaves).hex() != seal["Root"]:
        sys.exit("the hashes do not belong to the statement")
    for t in seal["Tags"]:
        if root(tags[t["Tag"]]).hex() != t["Root"] or sectors[t["Tag"]] != t["Sectors"]:
            sys.exit("the statement contradicts itself")


def compare(seal, all_pieces, image):
    altered = 0
    for first, count, tag, want, _ in all_pieces:
        leaves = []
        for s in range(first, first + count):
            group, within = divmod(s, GROUP)
            image.seek((seal["GroupStart"] + group * (GROUP + HEADER) + HEADER + within) * SECTOR)
            leaves.append(leaf(b"dmw-sector", u64(s), image.read(SECTOR)))
        same = root(leaves) == want
        altered += not same
        print("unchanged" if same else "altered", "tag", tag, first, first + count - 1)
    return altered


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        seal = json.load(f)
    all_pieces = list(pieces(sys.argv[1] + ".hashes"))
    check_statement(seal, all_pieces)
    with open(sys.argv[2], "rb") as image:
        sys.exit(bool(compare(seal, all_pieces, image)))


main()
