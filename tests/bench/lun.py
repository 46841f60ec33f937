# SPDX-License-Identifier: GPL-2.0-or-later
"""In the guest: LUNs of any size, volumes on them, and I/O without a program between it and the kernel.

A LUN is a part of a RAM disk that is as large as one likes, since only what is written takes memory,
behind a dm-linear, whose counters tell what reaches it.
"""
import contextlib
import fcntl
import json
import mmap
import os
import re
import struct
import time

from stacks import create, run

KIB, MIB, GIB, TIB = (1 << s for s in (10, 20, 30, 40))
SECTOR = 4096
LARGEST = 10 * TIB
LUN, VOLUME = "below", "grown"


def message(device, text):
    """dmsetup message, without starting a program in the middle of what is counted"""
    head, room = 312, 64 * KIB
    data = bytearray(room)
    struct.pack_into("=3I4IiIIQ128s", data, 0, 4, 0, 0, room, head, 0, 0, 0, 0, 0, 0, device.encode())
    words = struct.pack("=Q", 0) + text.encode() + b"\0"
    data[head:head + len(words)] = words
    with open("/dev/mapper/control", "rb") as f:
        fcntl.ioctl(f, 0xc138fd0e, data)                # DM_TARGET_MSG
    flags, start = (struct.unpack_from("=I", data, at)[0] for at in (28, 16))
    return data[start:].split(b"\0")[0].decode() if flags & (1 << 16) else ""


def checkpoint():
    message(VOLUME, "checkpoint")


def stats():
    return {k: int(v) for k, v in (w.split("=") for w in message(VOLUME, "stats").split())}


def status():
    """journal units in use, nodes in memory"""
    words = run("dmsetup", "status", VOLUME).split()
    return int(words[6].split("/")[0]), int(words[7].split("/")[0])


class Lun:
    """a LUN, and the volume on it"""
    key = "/tmp/keyset"

    def __init__(self, size):
        self.size, self.path = size, "/dev/mapper/" + LUN
        run("modprobe", "brd", "rd_nr=1", f"rd_size={LARGEST // KIB}")
        create(LUN, f"0 {size // 512} linear /dev/ram0 0")

    def gone(self):
        run("dmsetup", "remove", "--retry", LUN)
        run("rmmod", "brd")

    def counters(self):
        device = os.stat(self.path).st_rdev
        f = open(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read().split()
        return {"reads": int(f[0]), "read": int(f[2]) * 512, "writes": int(f[4]), "written": int(f[6]) * 512}

    def warrantctl(self, verb, *words):
        return json.loads(run("warrantctl", "volume", verb, "--json", *words))

    def format(self, *options):
        if os.path.exists(self.key):
            os.remove(self.key)
        told = self.warrantctl("format", "--yes", "--force", "small-blocks", *options, "--new-keyset", self.key,
                               self.path)
        self.bytes, self.journal = told["volume_bytes"], told["journal_bytes"]

    def journal_at(self):
        """start and length, in bytes"""
        block = self.warrantctl("dump", "--keyset", self.key, "superblock", self.path)["structures"][0]
        told = {f["name"]: f["value"] for f in block["fields"] if "value" in f}
        return told["journal_start"] * SECTOR, told["journal_blocks"] * SECTOR

    def touch_journal(self):
        """so that no I/O pays for the RAM disk's first page there; zeros are no record"""
        start, length = self.journal_at()
        run("dd", "if=/dev/zero", "of=" + self.path, "bs=1M", "oflag=seek_bytes,direct", "iflag=count_bytes",
            "conv=notrunc", f"seek={start}", f"count={length}")

    def add_keys(self, tags):
        """of epoch 1, for tags 1 to this"""
        d = bytearray(open(self.key, "rb").read())
        for tag in range(1, tags + 1):
            d += struct.pack("<II", tag, 1) + os.urandom(32)
        struct.pack_into("<H", d, 6, struct.unpack_from("<H", d, 6)[0] + tags)
        open(self.key, "wb").write(d)

    def open(self, *options):
        """checkpoints come when the volume wants one, or when they are asked for; not with time"""
        return self.warrantctl("open", "--keyset", self.key, "--checkpoint-seconds", "3600", *options, self.path,
                               VOLUME)

    def close(self):
        run("warrantctl", "volume", "close", VOLUME)

    def check(self, *options):
        return self.warrantctl("check", "--keyset", self.key, *options, self.path)

    def crash(self):
        """from now on nothing reaches the LUN; then the volume goes, and the LUN comes back"""
        for table in ("error", "linear /dev/ram0 0"):
            run("dmsetup", "suspend", "--noflush", "--nolockfs", LUN)
            run("dmsetup", "load", LUN, "--table", f"0 {self.size // 512} {table}")
            run("dmsetup", "resume", LUN)
            if table == "error":
                run("dmsetup", "remove", "--retry", VOLUME)


class Regions:
    """how many bytes are read where on a LUN, by dm's own statistics"""

    def __init__(self, lun):
        start, length = (n // 512 for n in lun.journal_at())
        parts = {"journal": (start, length), "groups": (start + length, lun.size // 512 - start - length)}
        self.ids = {n: message(LUN, f"@stats_create {at}+{many} /1") for n, (at, many) in parts.items()}

    def read(self):
        told = {n: message(LUN, "@stats_print " + i).split() for n, i in self.ids.items()}
        for i in self.ids.values():
            message(LUN, "@stats_delete " + i)
        return {n: int(words[3]) * 512 for n, words in told.items()}


class Io:
    """4 KiB at a time, at depth 1"""

    def __init__(self):
        self.fd = os.open("/dev/mapper/" + VOLUME, os.O_RDWR | os.O_DIRECT)
        self.page = mmap.mmap(-1, MIB)
        self.page.write(os.urandom(MIB))
        self.sector = memoryview(self.page)[:SECTOR]

    def write(self, sectors):
        """first writes also pay for the RAM disk's first page, as a thin LUN's would"""
        for s in sectors:
            os.pwritev(self.fd, [self.sector], s * SECTOR)

    def read(self, sectors):
        for s in sectors:
            os.preadv(self.fd, [self.sector], s * SECTOR)

    def fill(self, start, end):
        """sequentially, in pieces of 1 MiB"""
        for offset in range(start, end, MIB):
            os.pwritev(self.fd, [self.page], offset)

    def settle(self, sectors):
        """write these so often that everything they change has been written before: nodes have two slots"""
        for _ in range(2):
            self.write(sectors)
            checkpoint()

    def flush(self):
        os.fsync(self.fd)

    def close(self):
        os.close(self.fd)


@contextlib.contextmanager
def formatted(size, *options):
    lun = Lun(size)
    lun.format(*options)
    lun.touch_journal()
    yield lun
    lun.gone()


@contextlib.contextmanager
def opened(lun, *options):
    lun.open(*options)
    io = Io()
    yield io
    io.close()
    lun.close()


# ---- memory ----

def memory_free():
    """in bytes: also what processors keep for themselves, when nothing is cached that need not be"""
    for what, value in (("drop_caches", "3"), ("stat_refresh", "1")):
        with open("/proc/sys/vm/" + what, "w") as f:
            f.write(value)
    time.sleep(0.2)
    pages = re.findall(r"^ +(?:nr_free_pages|count:) +(\d+)$", open("/proc/zoneinfo").read(), re.M)
    return sum(map(int, pages)) * SECTOR


def memory_of(lun, *options):
    """what an open volume takes besides its nodes; the second time, when the RAM disk has its pages"""
    for _ in range(2):
        before = memory_free()
        lun.open(*options)
        taken = before - memory_free() - status()[1] * SECTOR
        lun.close()
    return taken
