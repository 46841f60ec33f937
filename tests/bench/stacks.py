# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: dm-warrant, its peers, and what lies below them.  Each on a disk of its own."""
import os
import re
import subprocess
import time


def run(*command, **kw):
    return subprocess.run(command, check=True, text=True, capture_output=True, **kw).stdout


def sectors_of(disk):
    return int(run("blockdev", "--getsz", disk))


def create(name, table):
    run("dmsetup", "create", name, "--table", table)
    return "/dev/mapper/" + name


def settle():
    """until the crypto API's tests of what was just opened, which run in the background, are over"""
    while re.search(r"^selftest +: unknown", open("/proc/crypto").read(), re.M):
        time.sleep(0.1)
    time.sleep(1)


class Stack:
    """name and title; format() prepares a disk, open() maps it, close() undoes that, commit() makes all
    lasting at once; wide: does it take part in the workloads all over the disk? no, too, only"""
    maps = ()
    wide = "no"

    def format(self, disk):
        self.disk = disk

    def open(self):
        raise NotImplementedError

    def commit(self):
        pass

    def close(self):
        for name in self.maps:
            run("dmsetup", "remove", "--retry", name)


class Raw(Stack):
    name, title = "raw", "the disk itself"

    def open(self):
        return self.disk


class Linear(Stack):
    name, title, maps = "linear", "dm-linear", ("linear",)

    def open(self):
        return create("linear", f"0 {sectors_of(self.disk)} linear {self.disk} 0")


class Xts(Stack):
    name, title, maps = "xts", "dm-crypt xts", ("xts",)
    wide = "too"
    options = "1 sector_size:4096"

    def format(self, disk):
        self.disk, self.key = disk, os.urandom(64).hex()

    def open(self):
        return create(self.name, f"0 {sectors_of(self.disk)} crypt aes-xts-plain64 {self.key} 0 {self.disk} 0 "
                      + self.options)


class XtsInline(Xts):
    name, title, maps = "xts-inline", "dm-crypt xts, no workqueues", ("xts-inline",)
    wide = "no"
    options = "4 sector_size:4096 no_read_workqueue no_write_workqueue same_cpu_crypt"


class Gcm(Stack):
    """dm-crypt aes-gcm-random over dm-integrity: what cryptsetup makes of "luksFormat --integrity aead" """
    name, title, maps = "gcm-journal", "gcm + dm-integrity, journal", ("gcm-journal", "gcm-journal-i")
    mode, wide = "J", "too"

    def table(self, sectors):
        return f"0 {sectors} integrity {self.disk} 0 28 {self.mode} 1 block_size:4096"

    def format(self, disk):
        self.disk, self.key = disk, os.urandom(32).hex()
        run("dd", "if=/dev/zero", "of=" + disk, "bs=4k", "count=1", "conv=notrunc", "oflag=direct")
        create(self.maps[1], self.table(8))
        run("dmsetup", "remove", "--retry", self.maps[1])
        with open(disk, "rb") as f:
            f.seek(16)
            self.sectors = int.from_bytes(f.read(8), "little") // 8 * 8

    def open(self):
        below = create(self.maps[1], self.table(self.sectors))
        return create(self.name, f"0 {self.sectors} crypt capi:gcm(aes)-random {self.key} 0 {below} 0 2 "
                      "sector_size:4096 integrity:28:aead")

    def commit(self):
        for what in ("suspend", "resume"):      # dm-integrity empties its journal then
            run("dmsetup", what, self.maps[1])


class GcmDirect(Gcm):
    name, title, maps = "gcm-direct", "gcm + dm-integrity, no journal", ("gcm-direct", "gcm-direct-i")
    mode = "D"


class Warrant(Stack):
    name, title, maps = "warrant", "dm-warrant", ("warrant",)
    wide = "too"
    options = ""
    keys = 0

    def format(self, disk):
        self.disk, self.key = disk, f"/tmp/{self.name}.{Warrant.keys}"
        Warrant.keys += 1
        run("warrantctl", "volume", "format", "--yes", "--force", "small-blocks", "--new-keyset", self.key, disk)

    def open(self):
        run("warrantctl", "volume", "open", "--keyset", self.key, *self.options.split(), self.disk, self.name)
        return "/dev/mapper/" + self.name

    def commit(self):
        run("dmsetup", "message", self.name, "0", "checkpoint")


class WarrantSmall(Warrant):
    name, title, maps = "warrant-small", "dm-warrant, 1 MiB of cache", ("warrant-small",)
    options = "--cache-mib 1"
    wide = "only"


ALL = [Raw, Linear, Xts, XtsInline, Gcm, GcmDirect, Warrant, WarrantSmall]
