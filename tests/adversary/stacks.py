# SPDX-License-Identifier: GPL-2.0-or-later
"""What is attacked: dm-warrant, and beside it the two stacks that Linux has.  Imported by guest.

Each stack is a LUN of the array, what it is mapped to, and what its sectors have held: a version is a
number, 1 for the first contents of a sector, 0 for zeros.
"""
import collections
import ctypes
import os
import struct

from array_disk import Device, SECTOR, disk_of, run

libc = ctypes.CDLL(None, use_errno=True)


def add_key(description, payload):
    # add_key(2), into the user session keyring, where the kernel looks for dmsetup
    if libc.syscall(248, b"logon", description.encode(), payload, len(payload), -5) < 0:
        raise OSError(ctypes.get_errno(), "add_key")


Op = collections.namedtuple("Op", "sector version before written flushed")


class Refused(Exception):
    pass


class Stack:
    name = title = ""
    # common to all: sectors of three leaves, and which of them the second session writes anew
    watched = [*range(100, 108), *range(128, 136), *range(300, 304)]
    rewritten = [100, 101, 102, 103, 128, 129, 130, 131, 300, 301]
    unwritten = []
    zeros_are_a_version = False

    def __init__(self, array, kmsg, text, lun, scsi_id, short_id=None):
        self.array, self.kmsg, self.text, self.lun = array, kmsg, text, lun
        self.disk = disk_of(scsi_id)
        self.short_disk = disk_of(short_id) if short_id is not None else None
        self.dev = None
        self.version = {}           # the newest of each sector
        self.states = {}            # name -> event
        self.expected = {}          # name -> {sector: version}
        self.written = self.last_anchor = None
        self.anchors = {}           # name -> what was remembered of that state off the array
        self.opens = self.reads = 0

    # ---- opening and closing ----

    def tables(self, disk, **options):
        """[(name, table)], the last one is the volume"""
        raise NotImplementedError

    def open(self, disk=None, **options):
        done = []
        self.kmsg.new()
        self.opens += 1
        try:
            for name, table in self.tables(disk or self.disk, **options):
                run("dmsetup", "create", name, "--table", table)
                done.append(name)
            self.dev = Device("/dev/mapper/" + self.map)
        except (RuntimeError, OSError) as e:
            said = [m for m in self.kmsg.new() if "device-mapper" in m and "ioctl" not in m]
            for name in [self.map, *reversed(done)]:
                if os.path.exists("/dev/mapper/" + name):
                    run("dmsetup", "remove", "--retry", name, check=False)
            raise Refused(said[0].split(": ", 2)[-1] if said else str(e).split("\n")[-1]) from e

    def close(self):
        self.dev.close()
        self.dev = None
        for name in self.names():
            run("dmsetup", "remove", "--retry", name)

    def names(self):
        """in the order in which they are removed"""
        return [self.map]

    # ---- contents ----

    def write(self, sector, version):
        self.dev.write(sector, self.text.of(self.lun, sector, version))
        self.version[sector] = version

    def classify(self, sector, data):
        """What a read has returned: a version, the name of an error, or "garbage"."""
        if isinstance(data, str):
            return data
        if self.zeros_are_a_version and not data.strip(b"\0"):
            return 0
        for v in range(1, 12):
            if data == self.text.of(self.lun, sector, v):
                return v
        return "damaged or foreign data" if self.text.canary in data else "garbage"

    def look(self, sectors):
        self.reads += len(sectors)
        return {s: self.classify(s, self.dev.read(s)) for s in sectors}

    def remember(self, name):
        self.states[name] = self.array.mark()
        self.expected[name] = dict(self.version)

    def reset(self, name):
        self.array.restore(self.lun, self.states[name])

    # ---- what the array knows of the layout ----

    def data(self, sector):
        raise NotImplementedError

    def seals(self, sector):
        """[(block, byte)]: where what vouches for a sector directly may lie, or nothing"""
        return []

    def vouching(self, sector):
        """the blocks of these"""
        return sorted({block for block, _ in self.seals(sector)})

    def falls_with(self, sector):
        """the sectors that cannot be read when what vouches for this one is damaged"""
        return [sector]

    def superblocks(self):
        return []

    def parts(self):
        """{name: blocks} of all that the volume has written; the last one is its data"""
        return {"data": self.data_blocks()}

    def used(self, blocks=None):
        """the blocks that were ever written, of these or of all"""
        if self.written is None:
            self.written = set(self.array.diff(self.lun, 1, self.states["good"]))
        return sorted(self.written if blocks is None else self.written & set(blocks))

    def data_blocks(self):
        return [self.data(x) for x in sorted({*self.watched, *self.unwritten})]

    def checkpoint(self):
        pass

    def anchor(self):
        """what is to be remembered of it off the array"""

    def prepare(self):
        """Two sessions: state "old" holds version 1 of everything, "good" version 2 of a half."""
        self.format()
        for s in self.unwritten:
            self.version[s] = 0
        self.session_start = self.array.mark()
        self.open()
        for s in self.watched:
            self.write(s, 1)
        self.dev.flush()
        self.close()
        self.remember("old")
        self.open()
        for s in self.rewritten:
            self.write(s, 2)
            self.dev.flush()
        self.close()
        self.remember("good")

    # The session that crashes: (sector, flushed).  Each write is a journal record of its own.
    plan = [(100, True), (128, True), (104, True), (101, True), (300, True), (132, True), (60, True),
            (102, True), (100, True), (129, False), (105, False)]
    checkpointed = 3        # so many are in the tree before the rest comes

    def crash_session(self, arm=lambda: None):
        self.reset("good")
        newest = dict(self.expected["good"])
        self.ops = []
        self.open()
        arm()
        for sector, flush in self.plan:
            if sector not in newest:
                continue
            if len(self.ops) == self.checkpointed:
                self.checkpoint()
                self.checkpoint_event = self.array.mark()
                self.checkpoint_anchor = self.anchor()
            before = self.array.mark()
            version = newest[sector] = max(newest[sector] + 1, 3)
            self.dev.write(sector, self.text.of(self.lun, sector, version))
            written = self.array.mark()
            if flush:
                self.dev.flush()
            self.ops.append(Op(sector, version, before, written, self.array.mark() if flush else None))
        self.crash_end = self.array.mark()
        self.close()

    def bounds(self, event):
        """What each sector may hold after an honest crash then: flushed, or later."""
        may = {s: {v} for s, v in self.expected["good"].items()}
        for op in self.ops:
            if op.flushed and op.flushed <= event:
                may[op.sector] = {op.version}
            elif op.before < event:
                may[op.sector].add(op.version)
        return may

    def shown(self, count, checkpoint=True):
        """What it may hold when the array shows only the first COUNT journal records, and the superblock of
        the checkpoint or the one before: what was flushed before a shown record was written is a fact, as
        that record says so; what is not shown never was (CAVEATS.rst, "The array")."""
        may = {s: {v} for s, v in self.expected["good"].items()}
        for j, op in enumerate(self.ops[:count]):
            if (checkpoint and j < self.checkpointed) or \
               (op.flushed and op.flushed <= self.ops[count - 1].before):
                may[op.sector] = {op.version}
            else:
                may[op.sector].add(op.version)
        return may

    def crash_states(self):
        """all that the array may make of it by pretending crashes"""
        return [self.shown(n, checkpoint) for n in range(len(self.ops) + 1) for checkpoint in (False, True)]


class Warrant(Stack):
    name, title = "warrant", "dm-warrant"
    watched = [*Stack.watched, *range(17000, 17004)]    # the last ones lie in the second group
    rewritten = [*Stack.rewritten, 17000, 17001]
    unwritten = [50, 60, 500]
    zeros_are_a_version = True

    def __init__(self, *args, map_name="adv-w", uuid_of=None, **kw):
        super().__init__(*args, **kw)
        self.map, self.keyset, self.uuid_of = map_name, f"/tmp/{self.lun}.key", uuid_of

    def format(self):
        """With keys of its own, or those of another volume under another UUID."""
        how = ["--new-keyset", self.keyset]
        if self.uuid_of:
            with open(self.uuid_of.keyset, "rb") as f:
                keys = f.read()
            fd = os.open(self.keyset, os.O_CREAT | os.O_WRONLY, 0o600)
            os.write(fd, keys[:8] + bytes(b ^ 0x55 for b in keys[8:14]) + keys[14:])
            os.close(fd)
            how = ["--keyset", self.keyset]
        run("warrantctl", "volume", "format", "--yes", *how, self.disk)
        with open(self.keyset, "rb") as f:
            self.keys = f.read()
        sb = self.array.read(self.lun, 0, SECTOR)
        h = sb[24:40].hex()
        self.uuid = f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
        (self.sectors, self.superblock_b, self.activation_start, self.activation_blocks) = \
            struct.unpack_from("<QQQI", sb, 72)
        self.journal_start, journal_blocks, self.unit, self.group_start = \
            struct.unpack_from("<QIIQ", sb, 112)
        self.journal_blocks = journal_blocks
        add_key("dm-warrant:" + self.uuid, self.keys)

    def tables(self, disk, anchor=None):
        options = ["checkpoint_seconds", "3600"]
        if anchor:
            options += ["anchor", anchor]
        yield self.map, f"0 {self.sectors * 8} warrant {disk} {self.uuid} logon:dm-warrant:{self.uuid} " \
            f"{len(options)} {' '.join(options)}"

    def status(self):
        return run("dmsetup", "status", self.map).split()[3:]

    def anchor(self):
        return self.status()[1]

    def close(self):
        super().close()
        self.last_anchor = self.anchor_of(0)

    def anchor_of(self, event):
        """Number and salt of the newest superblock: what close prints and the registry keeps."""
        best = max((self.array.read(self.lun, b * SECTOR, 512, event) for b in (0, self.superblock_b)),
                   key=lambda sb: struct.unpack_from("<Q", sb, 136))
        return f"{struct.unpack_from('<Q', best, 136)[0]}:{best[472:484].hex()}"

    def remember(self, name):
        super().remember(name)
        self.anchors[name] = self.anchor_of(0)
        self.last_checkpoint = self.commits(1, self.states[name])[-1]

    def checkpoint(self):
        run("dmsetup", "message", self.map, "0", "checkpoint")

    def commits(self, first, last):
        """the events in which superblocks were written"""
        places = [b * SECTOR for b in self.superblocks()]
        return [e for e, kind, o, *_ in self.array.events(self.lun, first, last) if kind == "w" and o in places]

    def committed(self):
        """the event with which the crash session's checkpoint was there"""
        return self.commits(self.ops[0].before, self.checkpoint_event)[-1]

    # ---- layout: Documentation/format.rst ----

    def group(self, g):
        return self.group_start + g * 16648

    def data(self, sector):
        return self.group(sector >> 14) + 264 + (sector & 16383)

    def leaf(self, sector):
        return [self.group(sector >> 14) + 8 + 2 * (sector >> 7 & 127) + k for k in (0, 1)]

    def seals(self, sector):
        return [(block, 32 * (sector & 127)) for block in self.leaf(sector)]

    def falls_with(self, sector):
        return [x for x in (*self.watched, *self.unwritten) if x >> 7 == sector >> 7]

    def leaves(self):
        return sorted({b for x in (*self.watched, *self.unwritten) for b in self.leaf(x)})

    def node(self, level, index):
        return [self.group(index << (7 * (level - 1))) + 2 * (level - 1) + k for k in (0, 1)]

    def nodes(self):
        return [b for level in (1, 2, 3, 4) for b in self.node(level, 0)] + self.node(1, 1)

    def superblocks(self):
        return [0, self.superblock_b]

    def newest_superblock(self, event=0):
        n = [struct.unpack("<Q", self.array.read(self.lun, b * SECTOR + 136, 8, event))[0]
             for b in self.superblocks()]
        return self.superblocks()[n[1] > n[0]]

    def older_superblock(self):
        return sum(self.superblocks()) - self.newest_superblock()

    def activations(self):
        return [self.activation_start, self.activation_start + 1]

    def journal(self):
        return list(range(self.journal_start, self.journal_start + self.journal_blocks))

    def parts(self):
        return {"superblock A": [0], "superblock B": [self.superblock_b], "activations": self.activations(),
                "journal": self.journal(), "nodes": self.nodes() + self.leaves(), "data": self.data_blocks()}

    def records(self, first, last):
        """[(event, byte offset, length)] of the journal records written between two events"""
        low, high = self.journal_start * SECTOR, (self.journal_start + self.journal_blocks) * SECTOR
        return [(e, o, n) for e, kind, o, n, _ in self.array.events(self.lun, first, last)
                if kind == "w" and low <= o < high]


class Integrity(Stack):
    """dm-crypt aes-gcm-random over dm-integrity, journalled: what cryptsetup calls AEAD."""
    name, title = "gcm", "dm-crypt aes-gcm + dm-integrity"

    def __init__(self, *args, map_name="adv-g", key=None, **kw):
        super().__init__(*args, **kw)
        self.map, self.lower = map_name, map_name + "-int"
        self.key = key or os.urandom(32).hex()

    def integrity(self, disk, sectors):
        return f"0 {sectors} integrity {disk} 0 28 J 1 block_size:4096"

    def format(self):
        d = Device(self.disk)
        d.write(0, bytes(SECTOR))
        d.close()
        run("dmsetup", "create", self.lower, "--table", self.integrity(self.disk, 8))
        run("dmsetup", "remove", "--retry", self.lower)
        self.sectors = struct.unpack("<Q", self.array.read(self.lun, 16, 8))[0]

    def tables(self, disk, anchor=None):
        yield self.lower, self.integrity(disk, self.sectors)
        yield self.map, f"0 {self.sectors} crypt capi:gcm(aes)-random {self.key} 0 /dev/mapper/{self.lower} " \
            "0 2 integrity:28:aead sector_size:4096"

    def names(self):
        return [self.map, self.lower]

    def prepare(self):
        """No layout knowledge: what changes when a sector is written tells where its parts are."""
        super().prepare()
        e, changed = self.states["good"], {}
        for s in (self.watched[0], self.watched[1], self.watched[-1]):
            self.reset("good")
            self.open()
            self.write(s, self.version[s])
            self.close()
            changed[s] = self.array.diff(self.lun, e, 0)
        first, second, last = (changed[s] for s in (self.watched[0], self.watched[1], self.watched[-1]))
        assert second[-1] == first[-1] + 1, "sectors do not lie one behind the other"
        assert last[-1] - first[-1] == self.watched[-1] - self.watched[0]
        self.first_data = first[-1] - self.watched[0]
        # 28 bytes for each sector, behind the journal, before the data
        self.first_tag = first[-2] - self.watched[0] * 28 // SECTOR
        assert last[-2] == self.first_tag + self.watched[-1] * 28 // SECTOR, "tags lie elsewhere"
        self.reset("good")

    def data(self, sector):
        return self.first_data + sector

    def seals(self, sector):
        at = self.first_tag * SECTOR + sector * 28
        return [(at // SECTOR, at % SECTOR)]

    def superblocks(self):
        return [0]

    def journal(self):
        return list(range(1, self.first_tag))

    def parts(self):
        tags = sorted({b for x in self.watched for b in self.vouching(x)})
        return {"superblock": [0], "journal": self.journal(), "tags": tags, "data": self.data_blocks()}


class Xts(Stack):
    """dm-crypt alone: nothing vouches for anything."""
    name, title = "xts", "dm-crypt aes-xts"

    def __init__(self, *args, map_name="adv-c", key=None, **kw):
        super().__init__(*args, **kw)
        self.map, self.key = map_name, key or os.urandom(64).hex()

    def format(self):
        self.sectors = int(run("blockdev", "--getsz", self.disk))

    def tables(self, disk, anchor=None):
        yield self.map, f"0 {self.sectors} crypt aes-xts-plain64 {self.key} 0 {disk} 0 1 sector_size:4096"

    def data(self, sector):
        return sector
