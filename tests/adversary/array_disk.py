# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's side of the array (disk.c), direct I/O, and what the kernel says.  Imported by guest."""
import errno
import fcntl
import glob
import mmap
import os
import re
import random
import struct
import subprocess

SECTOR = 4096
os.environ["DM_DISABLE_UDEV"] = "1"


class Array:
    """Commands to the array, through the virtio-serial port "adversary"."""

    def __init__(self):
        for p in glob.glob("/sys/class/virtio-ports/*"):
            with open(p + "/name") as f:
                if f.read().strip() == "adversary":
                    self.port = os.open("/dev/" + os.path.basename(p), os.O_RDWR)
        self.rest = b""

    def __call__(self, *words):
        line = " ".join(str(w) for w in words)
        data = line.encode() + b"\n"
        while data:
            data = data[os.write(self.port, data):]
        while b"\n" not in self.rest:
            self.rest += os.read(self.port, 1 << 16)
        answer, self.rest = self.rest.split(b"\n", 1)
        words = answer.decode().split()
        if words[0] != "ok":
            raise RuntimeError(f"the array does not understand: {line[:200]}")
        return words[1:]

    def mark(self):
        return int(self("mark")[0])

    def writes(self, lun):
        return int(self("writes", lun)[0])

    def read(self, lun, offset, length, event=0):
        return bytes.fromhex("".join(self("read", lun, offset, length, event)))

    def diff(self, lun, e1, e2):
        return [int(b) for b in self("diff", lun, e1, e2)]

    def restore(self, lun, event, blocks=None):
        if blocks is None:
            self("restore", lun, event)
            return
        blocks = sorted(set(blocks))
        # the port takes long lines, the array words up to 4096
        for i in range(0, len(blocks), 500):
            self("restore", lun, event, *(w for b in blocks[i:i + 500] for w in (b, 1)))

    def copy(self, lun, block, event, lun2, block2):
        self("bytes", lun, block * SECTOR, SECTOR, event, lun2, block2 * SECTOR)

    def events(self, lun, first, last):
        """[(event, kind, offset, length, durable)] of what the guest did"""
        out = []
        for w in self("events", lun, first, last):
            e, kind, offset, length, durable = w.split(":")
            out.append((int(e), kind, int(offset), int(length), durable == "1"))
        return out


class Kmsg:
    """The kernel's messages since the last look, and all those that nothing may provoke."""

    broken = re.compile(
        r"WARNING:|BUG:|Oops|general protection|possible circular|possible recursive|inconsistent lock"
        r"|hung task|blocked for more than|KASAN|KFENCE|UBSAN|Call Trace|stack|refcount_t|corruption"
        r"|soft lockup|bad page state|still has objects|scheduling while atomic")

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        self.bad = []
        self.said = []
        os.lseek(self.fd, 0, os.SEEK_END)

    def new(self):
        out = []
        while True:
            try:
                line = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                break
            except BrokenPipeError:     # some were overwritten before they were read
                continue
            text = line.split(";", 1)[1].split("\n")[0]
            out.append(text)
            self.said.append(text)
            if self.broken.search(text):
                self.bad.append(text)
        return out


class Device:
    """Sectors of a block device, by direct I/O."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_DIRECT)
        self.buf = mmap.mmap(-1, SECTOR)

    def close(self):
        os.close(self.fd)

    def read(self, sector, buf=None):
        """contents, or the name of the error"""
        buf = buf or self.buf
        try:
            n = os.preadv(self.fd, [buf], sector * SECTOR)
        except OSError as e:
            return errno.errorcode[e.errno]
        return bytes(buf) if n == SECTOR else "short"

    def write(self, sector, data):
        self.buf[:] = data
        os.pwritev(self.fd, [self.buf], sector * SECTOR)

    def flush(self):
        os.fdatasync(self.fd)


def disk_of(scsi_id):
    for p in glob.glob(f"/sys/bus/scsi/devices/*:0:{scsi_id}:0/block/sd*"):
        return "/dev/" + os.path.basename(p)
    raise RuntimeError(f"no disk {scsi_id}")


def run(*args, check=True, timeout=100):
    """A command's output; its complaint is the exception's text."""
    r = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                       close_fds=False)
    if check and r.returncode:
        raise RuntimeError(f"{args[0]}: {r.stderr.decode().strip()}")
    return r.stdout.decode()


def message(name, text):
    """What a volume answers to a message; by ioctl, as starting dmsetup takes longer than most attacks"""
    size, head = 32768, 312
    buf = bytearray(size)
    struct.pack_into("<5I", buf, 0, 4, 0, 0, size, head)
    struct.pack_into("128s", buf, 48, name.encode())
    buf[head + 8:head + 8 + len(text)] = text.encode()
    with open("/dev/mapper/control", "rb") as f:
        fcntl.ioctl(f, 0xc138fd0e, buf)     # DM_TARGET_MSG
    start, flags = struct.unpack_from("<I8xI", buf, 16)
    if flags & 1 << 8:
        raise RuntimeError(f"the answer to {text} does not fit")
    return bytes(buf[start:]).split(b"\0")[0].decode() if flags & 1 << 16 else ""


class Text:
    """What is written: every sector and version has contents of its own, and all hold the canary."""

    def __init__(self, seed):
        self.seed = seed
        self.canary = random.Random(f"canary {seed}").randbytes(16)
        self.cache = {}

    def of(self, lun, sector, version):
        if version == 0:
            return bytes(SECTOR)
        key = (lun, sector, version)
        if key not in self.cache:
            head = f"{lun} sector {sector} version {version}".ljust(48).encode()
            body = random.Random(f"{self.seed} {key}").randbytes(SECTOR - 2 * 64)
            self.cache[key] = (head + self.canary) + body[:2000] + (head + self.canary) + body[2000:]
        return self.cache[key]
