#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A witness, and a verifier of exported logs, that share no code with the library.

witness.py key PEM NAME             the verifier key of a witness whose key is in PEM
witness.py cosign PEM NAME REQUEST  its answer to a request, if that goes on from what it
                                    has signed before, which it keeps in PEM.state
witness.py verify DIR               an exported log: its root and its signature
witness.py proof FILE ENTRY         a C2SP tlog-proof of that entry
"""
import base64
import hashlib
import os
import struct
import subprocess
import sys
import tempfile


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout


def public(pem):
    return openssl("pkey", "-in", pem, "-pubout", "-outform", "DER")[-32:]


def key_id(name, kind, key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def verifier(pem, name):
    key = public(pem)
    return f"{name}+{key_id(name, 4, key).hex()}+{base64.b64encode(bytes([4]) + key).decode()}"


def leaf(data):
    return hashlib.sha256(b"\0" + data).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node(root(leaves[:k]), root(leaves[k:]))


def consistent(old, old_root, size, new_root, proof):
    """RFC 9162, 2.1.4.2"""
    if old == size:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr, sn) == (old_root, new_root, 0)


def included(h, index, size, proof):
    """The root that RFC 9162, 2.1.3.2, comes to"""
    fn, sn = index, size - 1
    for p in proof:
        assert sn
        if fn & 1 or fn == sn:
            h = node(p, h)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            h = node(h, p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return h


def split(note):
    text, lines = note.split("\n\n", 1)
    origin, size, digest = text.split("\n")
    return text + "\n", origin, int(size), base64.b64decode(digest), lines.splitlines()


def cosign(pem, name, request):
    head, note = open(request, encoding="utf-8").read().split("\n\n", 1)
    old, *proof = head.split("\n")
    old = int(old.removeprefix("old "))
    text, origin, size, new_root, _ = split(note)
    state = pem + ".state"
    known = open(state, encoding="utf-8").read().split() if os.path.exists(state) else ["0", ""]
    if old != int(known[0]):
        sys.exit(f"409: {known[0]}")
    proof = [base64.b64decode(p) for p in proof]
    if old and not consistent(old, bytes.fromhex(known[1]), size, new_root, proof):
        sys.exit("422: not consistent with what was cosigned")
    when = 1700000000 + size
    with tempfile.NamedTemporaryFile() as f:
        f.write(f"cosignature/v1\ntime {when}\n{text}".encode())
        f.flush()
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", pem, "-in", f.name)
    with open(state, "w", encoding="utf-8") as f:
        f.write(f"{size} {new_root.hex()}")
    blob = key_id(name, 4, public(pem)) + struct.pack(">Q", when) + signature
    return f"\u2014 {name} {base64.b64encode(blob).decode()}"


def verify(directory):
    def path(name):
        return os.path.join(directory, name)
    entries = open(path("entries.jsonl"), "rb").read().split(b"\n")[:-1]
    text, _, size, digest, lines = split(open(path("checkpoint"), encoding="utf-8").read())
    assert size == len(entries), "size"
    assert digest == root([leaf(e) for e in entries]), "root"
    with tempfile.NamedTemporaryFile() as data, tempfile.NamedTemporaryFile() as sig:
        data.write(text.encode())
        sig.write(base64.b64decode(lines[0].rsplit(" ", 1)[1])[4:])
        data.flush()
        sig.flush()
        openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", path("key.pem"),
                "-sigfile", sig.name, "-in", data.name)
    return digest.hex()


def proof(file, entry):
    head, note = open(file, encoding="utf-8").read().split("\n\n", 1)
    magic, index, *hashes = head.split("\n")
    assert magic == "c2sp.org/tlog-proof@v1"
    _, _, size, digest, _ = split(note)
    data = open(entry, "rb").read().rstrip(b"\n")
    hashes = [base64.b64decode(h) for h in hashes]
    assert included(leaf(data), int(index.removeprefix("index ")), size, hashes) == digest
    return "proven"


commands = {"key": verifier, "cosign": cosign, "verify": verify, "proof": proof}
print(commands[sys.argv[1]](*sys.argv[2:]))
