#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: attack.py HEADER KEYS KEY-FILE WARRANT KEYSET

The best that can be done with a header, any copy of the sealed keys, and the secret that unlocks,
without asking dm-warrant: takes the key-encrypting key and all rolling keys out of the header with
cryptsetup, and decrypts the sealed keys under each, whatever the file says and without verifying.
Prints how many keys of KEYSET come out. An implementation of the format of its own, too.
"""
import hashlib
import hmac
import re
import subprocess
import sys
import tempfile
import uuid

HEADER_SIZE, VOLUME_SIZE, KEY_SIZE = 128, 64, 32


def hkdf(key, salt, info):
    prk = hmac.new(salt, key, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()


def cryptsetup(*args):
    return subprocess.run(["cryptsetup", "-q", *args], capture_output=True, text=True, check=False)


def dump_key(*args):
    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/key"
        cryptsetup("luksDump", "--volume-key-file", path, *args)
        try:
            return open(path, "rb").read()
        except FileNotFoundError:
            return None


def rolling_keys(header, key_file, warrant):
    kek = dump_key("--dump-volume-key", "--key-file", key_file, header)
    if not kek:
        sys.exit("the secret does not unlock the header")
    with tempfile.NamedTemporaryFile() as passphrase:
        passphrase.write(hkdf(kek, uuid.UUID(warrant).bytes, b"dm-warrant rolling key 1"))
        passphrase.flush()
        for slot in re.findall(r"^ *(\d+): luks2 \(unbound\)", cryptsetup("luksDump", header).stdout,
                               re.M):
            key = dump_key("--unbound", "--key-slot", slot, "--key-file", passphrase.name, header)
            if key:
                yield key


def decrypt(path, rolling):
    data = open(path, "rb").read()
    volumes, keys = (int.from_bytes(data[at:at + 4], "little") for at in (12, 16))
    clear = HEADER_SIZE + volumes * VOLUME_SIZE + keys * 32
    salt = data[HEADER_SIZE - 32:HEADER_SIZE]
    key = hkdf(rolling, salt, b"dm-warrant sealed keys 1")
    # GCM with a nonce of 96 zero bits: the data begin at counter 2.
    out = subprocess.run(["openssl", "enc", "-d", "-aes-256-ctr", "-K", key.hex(), "-iv",
                          "2".zfill(32)], input=data[clear:clear + 32 * keys],
                         capture_output=True, check=True).stdout
    return {out[i:i + KEY_SIZE] for i in range(0, len(out), KEY_SIZE)}


def main():
    header, sealed, key_file, warrant, keyset = sys.argv[1:]
    data = open(keyset, "rb").read()
    wanted = {data[at + 8:at + 40] for at in range(24, len(data), 40)}
    found = set()
    rolling = list(rolling_keys(header, key_file, warrant))
    for key in rolling:
        found |= wanted & decrypt(sealed, key)
    print(f"{len(found)} keys")
    if not rolling:
        sys.exit("there is no rolling key in the header")


main()
