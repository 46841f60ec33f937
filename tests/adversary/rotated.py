# SPDX-License-Identifier: GPL-2.0-or-later
"""Rotation of keys: group 9.  The volume gets a second epoch while it is in use, and the first one ends.

The session that does it goes from "good" to "rotated", in which one sector has another version.  An
array that has seen all of it has the old epoch's blocks and the new one's, mixed in any way, and a
thief may have old keys, or the owner none of them any more.
"""
import errno
import os
import struct
import time

from array_disk import message
from attacks import attack
from stacks import add_key

METADATA = 0xffffffff


def keyset(keys, *epochs):
    """of a keyset's keys those of some epochs"""
    all_keys = [keys[i:i + 40] for i in range(24, len(keys), 40)]
    some = [k for k in all_keys if struct.unpack_from("<I", k, 4)[0] in epochs]
    return keys[:6] + struct.pack("<H", len(some)) + keys[8:24] + b"".join(some)


class Rotation:
    """what the session was, in events"""

    def __init__(self, t):
        s = self.stack = t.stack
        self.name = "dm-warrant:" + s.uuid
        if not keyset(s.keys, 2)[24:]:
            extra = b"".join(struct.pack("<II", tag, 2) + os.urandom(32) for tag in (0, METADATA))
            count = struct.unpack_from("<H", s.keys, 6)[0] + 2
            s.keys = s.keys[:6] + struct.pack("<H", count) + s.keys[8:] + extra
        self.keys(1, 2)
        s.reset("good")
        s.open(anchor=s.anchors["good"])
        self.first = t.array.mark()
        self.begin()
        self.begun = t.array.mark()
        self.sweep()
        self.swept = t.array.mark()
        message(s.map, "retire 1")
        self.retired, self.retired_anchor = t.array.mark(), s.anchor()
        s.dev.write(104, s.text.of(s.lun, 104, 3))
        s.dev.flush()
        s.close()
        self.end, self.end_anchor = t.array.mark(), s.last_anchor
        self.right = {x: {v} for x, v in {**s.expected["good"], 104: 3}.items()}
        self.before = t.exactly("good")

    def begin(self):
        message(self.stack.map, "keys logon:" + self.name)
        message(self.stack.map, "epoch 2")

    def sweep(self):
        """what became of it"""
        message(self.stack.map, "sweep start 100")
        while True:
            status = message(self.stack.map, "sweep status").split()
            if status[0] != "running":
                return status
            time.sleep(0.01)

    def keys(self, *epochs):
        add_key(self.name, keyset(self.stack.keys, *epochs))

    def events(self, array, first, last):
        return [e for e, *_ in array.events(self.stack.lun, first + 1, last)]


def rotation_only(function):
    """The peers cannot change their keys while they are in use."""
    def wrapped(t):
        if not t.warrant:
            t.no_such_thing("no such thing: it cannot change its keys while it is in use")
            return
        r = Rotation(t)
        try:
            function(t, r)
        finally:
            r.keys(1, 2)
    return wrapped


@attack(9, "rotate-crash", "A crash while the keys change", "Around the beginning of the new epoch, in the sweep, around "
        "the end of the old one: all data is there.")
@rotation_only
def rotate_crash(t, r):
    commits = r.stack.commits(r.first, r.retired)
    around = [e + d for e in commits for d in (-1, 0)]
    for e in sorted({*t.rng.sample(r.events(t.array, r.first, r.retired), 12), *around}):
        t.crashed(lambda: None, event=e, seed=t.rng.randrange(1 << 30), right=r.before, anchor="good",
                  must="harmless", label=f"cut at {e}")


@attack(9, "rotate-data", "Sectors as they were under the old key", "The same contents, which were right before; with their "
        "leaves; with all nodes.  The keys of both epochs are there.")
@rotation_only
def rotate_data(t, r):
    s, old = t.stack, t.stack.states["good"]
    data = [s.data(x) for x in s.watched]
    for label, blocks, lost in (("data", data, s.watched), ("data and leaves", [*data, *s.leaves()], ()),
                                ("data and nodes", [*data, *s.leaves(), *s.nodes()], ())):
        def older(blocks=blocks):
            t.array.restore(s.lun, r.end)
            t.array.restore(s.lun, old, blocks)
        t.closed(older, base=None, anchor=r.end_anchor, right=r.right, hit="any", lost=lost, must="detected",
                 label=label)


@attack(9, "rotate-mixed", "Old and new key mixed", "Superblocks, activation chain, journal, nodes and data, each as before "
        "the rotation, or as they are: every combination; as in its middle: some.  With an anchor, and without.")
@rotation_only
def rotate_mixed(t, r):
    s = t.stack
    parts = [s.superblocks(), s.activations(), s.journal(), [*s.nodes(), *s.leaves()], s.data_blocks()]
    middle = t.rng.choice(r.events(t.array, r.begun, r.swept))
    masks = range(1, 1 << len(parts))
    for name, event, some in (("before", s.states["good"], masks), ("middle", middle, t.rng.sample(masks, 8))):
        for mask in some:
            def older(event=event, mask=mask):
                t.array.restore(s.lun, r.end)
                t.array.restore(s.lun, event, [b for i, p in enumerate(parts) if mask >> i & 1 for b in p])
            t.closed(older, base=None, anchor=None, right=r.right, hit="any", documented=[r.before],
                     label=f"{name}, parts {mask:b}, no anchor")
            if mask % 4 == 1:       # with the superblocks
                t.closed(older, base=None, anchor=r.end_anchor, right=r.right, hit="any", refuse=True,
                         label=f"{name}, parts {mask:b}")


@attack(9, "rotate-back", "Progress moved back", "The LUN as it was in the sweep, when the epoch's end had been reported: "
        "refused by the anchor.  Without one, and without the old keys: nothing wrong is read.")
@rotation_only
def rotate_back(t, r):
    s = t.stack
    for e in t.rng.sample(r.events(t.array, r.begun, s.commits(r.swept, r.retired)[-1] - 1), 8):
        t.closed(lambda e=e: t.array.restore(s.lun, e), base=None, anchor=r.retired_anchor, right=r.right, refuse=True,
                 label=f"event {e}")
    r.keys(2)
    for e in t.rng.sample(r.events(t.array, r.begun, r.swept), 8):
        t.closed(lambda e=e: t.array.restore(s.lun, e), base=None, anchor=None, right=r.before, hit="any",
                 label=f"event {e}, no anchor, no old keys")


@attack(9, "rotate-destroyed", "The old keys are destroyed", "The LUN of before: refused, even without an anchor.  Its "
        "superblocks, one at a time, in the place that is not the newest: they do not matter.")
@rotation_only
def rotate_destroyed(t, r):
    s, old = t.stack, t.stack.states["good"]
    r.keys(2)
    begun = s.commits(r.first, r.begun)[0]
    for e in [old, *t.rng.sample(r.events(t.array, r.first, begun - 1) or [old], 1)]:
        t.closed(lambda e=e: t.array.restore(s.lun, e), base=None, anchor=None, right=r.right, refuse=True,
                 label=f"event {e}")
    t.array.restore(s.lun, r.end)
    place = s.older_superblock()

    def stale():
        t.array.restore(s.lun, r.end)
        t.array.restore(s.lun, old, [place])
    t.closed(stale, base=None, anchor=r.end_anchor, right=r.right, must="harmless", label="one old superblock")

    def both():
        t.array.restore(s.lun, r.end)
        t.array.restore(s.lun, old, s.superblocks())
    t.closed(both, base=None, anchor=None, right=r.right, refuse=True, label="both old superblocks")


@attack(9, "rotate-unopened", "A sector that does not open while it is swept", "The array answers with its older version: "
        "the sweep counts it, and the old epoch cannot end before the right one is there again.")
@rotation_only
def rotate_unopened(t, r):
    s = t.stack
    sector = s.rewritten[0]
    older = [e for e, kind, o, *_ in t.array.events(s.lun, s.session_start, s.states["old"])
             if kind == "w" and o == s.data(sector) * 4096][-1]

    def sweep_twice(_):
        r.begin()
        t.arm("answer", s.lun, s.data(sector), 1, older)
        status = r.sweep()
        if status[0] != "failed" or status[5] != "1":
            t.problem(f"a sweep that is shown an older sector says {' '.join(status)}")
        try:
            message(s.map, "retire 1")
            t.problem("the old epoch has ended, and a sector is under its key")
        except OSError as e:
            if e.errno != errno.EBUSY:
                raise
        t.heal()
        status = r.sweep()
        if status[0] != "done" or status[5] != "0":
            t.problem(f"a sweep that is shown the right sector says {' '.join(status)}")
        message(s.map, "retire 1")

    t.session(sweep_twice)
    t.observe(right=r.before, anchor=s.last_anchor, must="harmless", label="afterwards")
