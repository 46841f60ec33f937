# SPDX-License-Identifier: GPL-2.0-or-later
"""Attacks on a volume that was closed properly: groups 1 to 4."""
import itertools

from array_disk import SECTOR, run
from attacks import attack
from stacks import Refused

BOTH = ("gcm", "xts")


# ---- damage ----

@attack(1, "flip-data", "One bit of each sector", "Data, at the beginning, the end, somewhere.  Whatever is "
        "not hit must still be right.", ("xts",))
def flip_data(t):
    s = t.stack
    hit = s.watched[::2]
    for byte in (0, SECTOR - 1, t.rng.randrange(SECTOR)):
        t.closed(lambda byte=byte: t.flip(*((s.data(x), byte) for x in hit)), lost=hit, must="detected",
                 label=f"byte {byte}")


@attack(1, "flip-seal", "One bit of what vouches for a sector", "The leaf; the integrity tag.")
def flip_seal(t):
    s = t.stack
    for x in (100, 129, 301, 17001):
        if x not in s.watched or not s.seals(x):
            continue
        for byte in t.rng.sample(range(28), 3):
            t.closed(lambda x=x, byte=byte: t.flip(*((b, (at + byte) % SECTOR) for b, at in s.seals(x))),
                     lost=s.falls_with(x), must="detected", label=f"sector {x}, byte {byte}")


@attack(1, "flip-node", "One bit of an inner node", "Of each level of the tree: what lies below it cannot be "
        "read, the rest can.")
def flip_node(t):
    s = t.stack
    if not t.warrant:
        return
    for level, index in ((1, 0), (1, 1), (2, 0), (3, 0), (4, 0)):
        below = [x for x in s.expected["good"] if x >> 7 * (level + 1) == index]
        for byte in (t.rng.randrange(32), t.rng.randrange(SECTOR)):
            t.closed(lambda n=s.node(level, index), b=byte: t.flip(*((block, b) for block in n)),
                     lost=below, must="detected", label=f"level {level} node {index} byte {byte}")


@attack(1, "flip-superblock", "One bit of a superblock", "Each field, and places in what is encrypted: of the "
        "newer copy, of the older, of both.")
def flip_superblock(t):
    s = t.stack
    if not s.superblocks():
        return
    if not t.warrant:
        for byte in (0, 8, 500):
            t.closed(lambda byte=byte: t.flip((0, byte)), label=f"byte {byte}")
        return
    s.reset("good")
    new, old = s.newest_superblock(), s.older_superblock()
    fields = (0, 16, 18, 20, 24, 40, 48, 56, 64, 72, 80, 88, 96, 100, 104, 112, 120, 124, 128, 136, 144, 148,
              152, 160, 472, 484, 492, 496, 511, 512, 600, 1024, 1300, 3000, SECTOR - 1)
    for byte in fields:
        # going back to the other copy is going back behind the anchor
        t.closed(lambda byte=byte: t.flip((new, byte)), refuse=True, label=f"newer copy, byte {byte}")
    for byte in t.rng.sample(fields, 4):
        t.closed(lambda byte=byte: t.flip((old, byte)), must="harmless", label=f"older copy, byte {byte}")
        t.closed(lambda byte=byte: t.flip((old, byte), (new, byte)), refuse=True, label=f"both, byte {byte}")


@attack(1, "flip-activations", "One bit of the activation chain", "The salts of all nonces, and the history "
        "that an anchor is compared with.")
def flip_activations(t):
    if not t.warrant:
        return
    for byte in (*range(0, 64, 9), *t.rng.sample(range(64, SECTOR), 5)):
        t.closed(lambda byte=byte: t.flip(*((b, byte) for b in t.stack.activations())), refuse=True,
                 label=f"byte {byte}")


@attack(1, "flip-journal", "Bits of a journal that is done with", "One in each block of it: nobody shall care.")
def flip_journal(t):
    if t.stack.name == "xts":
        return
    byte = t.rng.randrange(SECTOR)
    used = [b for b in t.versions() if b in set(t.stack.parts()["journal"])]
    t.closed(lambda: t.flip(*((b, byte) for b in used)), must="harmless")


@attack(1, "zeros", "Blocks erased", "Zeros could pass for never written: each part of the volume, the data, "
        "everything.", ("xts",))
def zeros(t):
    s = t.stack
    parts = s.parts()
    for name, blocks in parts.items():
        t.closed(lambda blocks=blocks: t.zero(blocks), hit="any", label=f"{name} erased")
    t.closed(lambda: t.zero(set(itertools.chain(*parts.values()))), hit="any", must="detected", label="all erased")
    for x in (100, 300) if t.warrant else ():
        t.closed(lambda x=x: t.zero([s.data(x), *s.vouching(x)]), lost=s.falls_with(x), must="detected",
                 label=f"leaf of {x} erased")


@attack(1, "zero-superblock", "Superblocks erased", "An empty disk: is it taken for one, and formatted?", ("gcm",))
def zero_superblock(t):
    if t.stack.superblocks():
        t.closed(lambda: t.zero(t.stack.superblocks()), opened_is_accepted=True, refuse=True)


# ---- older versions ----

@attack(2, "replay-data", "Data of an older time", "Every sector that was written twice, as it was before.",
        ("xts",))
def replay_data(t):
    s = t.stack
    t.closed(lambda: t.array.restore(s.lun, s.states["old"], [s.data(x) for x in s.rewritten]),
             lost=s.rewritten, must="detected")
    t.closed(lambda: t.array.restore(s.lun, s.session_start, [s.data(x) for x in s.watched]),
             lost=s.watched, must="detected")


@attack(2, "replay-sealed", "Data of an older time with what vouches for it", "The sector and its integrity tag; "
        "the sector and its leaf, in either slot.", BOTH)
def replay_sealed(t):
    s = t.stack

    def older(x, into):
        t.array.restore(s.lun, s.states["old"], [s.data(x)])
        if not t.warrant:
            for block, at in s.seals(x):
                t.array("bytes", s.lun, block * SECTOR + at, 28, s.states["old"], s.lun, block * SECTOR + at)
        elif into is None:
            t.array.restore(s.lun, s.states["old"], s.vouching(x))
        else:
            for block in s.vouching(x):
                t.array.copy(s.lun, s.vouching(x)[into], s.states["old"], s.lun, block)

    for x in (100, 128, 300):
        for into in (None, 0, 1) if t.warrant else (None,):
            t.closed(lambda x=x, into=into: older(x, into), lost=s.falls_with(x), must="detected",
                     label=f"sector {x}")


@attack(2, "replay-path", "Data of an older time with all its nodes", "From the sectors up to the level below the "
        "superblock, of a dozen times.")
def replay_path(t):
    s = t.stack
    if not t.warrant:
        return
    parts = s.parts()
    blocks = parts["nodes"] + parts["data"]
    # behind the last checkpoint's nodes, before its superblock, they are what they are to be
    times = [e for e in t.times("session_start")
             if set(t.array.diff(s.lun, e, s.states["good"])) & set(blocks)]
    for e in [s.states["old"], *t.rng.sample(times, 11)]:
        t.closed(lambda e=e: t.array.restore(s.lun, e, blocks), hit="any", must="detected",
                 label=f"as of event {e}")


@attack(2, "replay-block", "Every block, every older version, alone", "Metadata one at a time; data sectors all "
        "together, each on its own.", ("xts",))
def replay_block(t):
    s = t.stack
    versions = t.versions()
    data = set(s.data_blocks())
    for i in range(max(len(v) for b, v in versions.items() if b in data)):
        old = {b: v[-2 - i] for b, v in versions.items() if b in data and len(v) > i + 1}
        t.closed(lambda old=old: [t.array.restore(s.lun, e, [b]) for b, e in old.items()],
                 lost=[x for x in s.watched if s.data(x) in old], label=f"data, {i + 1} back")
    alone = [(b, e) for b, v in versions.items() if b not in data for e in v[:-1]]
    if not t.warrant:       # hundreds of blocks of its journal
        alone = t.rng.sample(alone, min(len(alone), 8))
    for b, e in alone:
        t.closed(lambda b=b, e=e: t.array.restore(s.lun, e, [b]), hit="any", label=f"block {b} of event {e}")


@attack(2, "replay-parts", "Parts of the volume of another time", "Every combination of superblock A, superblock B, "
        "activations, journal, nodes and data.", BOTH)
def replay_parts(t):
    s = t.stack
    parts = list(s.parts().values())
    times = t.times("session_start")
    for mask in range(1, 1 << len(parts)):
        blocks = [b for i, p in enumerate(parts) if mask >> i & 1 for b in p]
        e = s.states["old"] if mask % 2 or not t.warrant else t.rng.choice(times)
        t.closed(lambda e=e, blocks=blocks: t.array.restore(s.lun, e, blocks), hit="any",
                 label=f"parts {mask:b} of event {e}")


# ---- the whole LUN ----

@attack(3, "rollback", "The whole LUN of another time", "Every state that it was ever in: each flush, and each "
        "write between two flushes.", BOTH)
def rollback(t):
    s = t.stack
    times = t.times("session_start")
    if not t.warrant:
        times = times[::max(1, len(times) // 6)]
    for e in times:
        t.closed(lambda e=e: t.array.restore(s.lun, e), hit="any" if not t.warrant else (),
                 refuse=e < getattr(s, "last_checkpoint", 0), label=f"event {e} of {s.states['good']}")


@attack(3, "rollback-no-anchor", "The same, when no anchor is given", "Nothing off the array knows better: "
        "documented, and why there are anchors.")
def rollback_no_anchor(t):
    s = t.stack
    if t.warrant:
        t.closed(lambda: t.reset("old"), anchor=None, documented=[t.exactly("old")], must="accepted")


@attack(3, "rollback-open", "The same while the volume is open", "What is in memory vouches for what is read.",
        ("xts",))
def rollback_open(t):
    s = t.stack
    t.closed(lambda: None, meanwhile=lambda: t.array.restore(s.lun, s.states["old"]), lost=s.rewritten
             if t.warrant else (), hit="any", must="detected")


@attack(3, "rollback-suspended", "The same while the volume is suspended", "A resumption looks again.", BOTH)
def rollback_suspended(t):
    s = t.stack

    def away_and_back():
        run("dmsetup", "suspend", s.map)
        t.array.restore(s.lun, s.states["old"])
        try:
            run("dmsetup", "resume", s.map)
        except RuntimeError as e:
            raise Refused("the resumption: " + str(e).split("\n")[0]) from e

    t.closed(lambda: None, meanwhile=away_and_back, refuse=True)


@attack(3, "hidden-future", "A future that was hidden", "The newest checkpoints are hidden, the volume goes on "
        "without them, and then they are shown, with a number that is high enough.", BOTH)
def hidden_future(t):
    s = t.stack
    t.fork(100, 5, sessions=3)
    future = t.array.mark()
    t.fork(102, 6, sessions=1)
    t.closed(lambda: t.array.restore(s.lun, future), base=None, anchor=t.anchor_now, right=t.now(102, 6), refuse=True)


@attack(3, "fork", "A fork that was opened elsewhere", "A snapshot goes on in other hands, and is shown to the "
        "first host; whole, and some of its parts.", BOTH)
def fork(t):
    s = t.stack
    t.fork(102, 6, sessions=1)
    own, anchor, right = t.array.mark(), t.anchor_now, t.now(102, 6)
    t.fork(100, 5, sessions=3)
    other = t.array.mark()
    parts = list(s.parts().values())
    t.closed(lambda: t.array.restore(s.lun, other), base=None, anchor=anchor, right=right, refuse=True)
    for mask in t.rng.sample(range(1, (1 << len(parts)) - 1), 24) if t.warrant else ():
        blocks = [b for i, p in enumerate(parts) if mask >> i & 1 for b in p]

        def mixed(blocks=blocks):
            t.array.restore(s.lun, own)
            t.array.restore(s.lun, other, blocks)
        t.closed(mixed, base=None, anchor=anchor, right=right, hit="any", label=f"parts {mask:b} of the fork")


# ---- exchanged ----

def swap(t, pairs, lun=None, event=None):
    s = t.stack
    event = event or s.states["good"]
    for a, b in pairs:
        t.array.copy(lun or s.lun, a, event, s.lun, b)
        if not lun:
            t.array.copy(s.lun, b, event, s.lun, a)


@attack(4, "swap-data", "Sectors exchanged", "Neighbours, and across leaves and groups.", ("xts",))
def swap_data(t):
    s = t.stack
    pairs = [(100, 101), (102, 128), (103, 300), (131, s.watched[-1])]
    t.closed(lambda: swap(t, [(s.data(a), s.data(b)) for a, b in pairs]), lost=[x for p in pairs for x in p],
             must="detected")


@attack(4, "swap-sealed", "Sectors exchanged with what vouches for them", "Sector and tag; all sectors of two leaves "
        "and the leaves themselves.")
def swap_sealed(t):
    s = t.stack
    if t.warrant:
        pairs = [*zip(s.leaf(0), s.leaf(128)), *((s.data(x), s.data(x + 128)) for x in range(128))]
        t.closed(lambda: swap(t, pairs), lost=s.falls_with(100) + s.falls_with(128), must="detected")
    elif s.seals(100):
        def exchange():
            swap(t, [(s.data(100), s.data(104))])
            for a, b in ((100, 104), (104, 100)):
                (b1, at1), (b2, at2) = s.seals(a)[0], s.seals(b)[0]
                t.array("bytes", s.lun, b1 * SECTOR + at1, 28, s.states["good"], s.lun, b2 * SECTOR + at2)
        t.closed(exchange, lost=(100, 104))


@attack(4, "swap-nodes", "Nodes exchanged", "Of the same level, of two levels, the two slots of one; some of all "
        "pairs.")
def swap_nodes(t):
    s = t.stack
    if not t.warrant:
        return
    names = [(f"leaf {x >> 7}", s.leaf(x)) for x in (100, 128, 300, 17000)]
    names += [(f"level {level} node {i}", s.node(level, i)) for level, i in ((1, 0), (1, 1), (2, 0), (3, 0), (4, 0))]
    for (a, x), (b, y) in t.rng.sample(list(itertools.combinations(names, 2)), 18):
        t.closed(lambda x=x, y=y: swap(t, zip(x, y)), hit="any", must="detected", label=f"{a} and {b}")
    for a, x in names:
        t.closed(lambda x=x: swap(t, [x]), hit="any", must="detected", label=f"slots of {a}")


@attack(4, "swap-superblocks", "Superblocks exchanged", "One in the place of the other, also those of older times.")
def swap_superblocks(t):
    s = t.stack
    if not t.warrant:
        return
    a, b = s.superblocks()
    t.closed(lambda: swap(t, [(a, b)]), refuse=True)
    s.reset("good")
    new, old = s.newest_superblock(), s.older_superblock()
    t.closed(lambda: t.array.copy(s.lun, old, s.states["good"], s.lun, new), refuse=True, label="older over newer")
    for block in (a, b):
        for e in t.versions()[block][:-1]:
            t.closed(lambda block=block, e=e: [t.array.copy(s.lun, block, e, s.lun, x) for x in (a, b)], refuse=True,
                     label=f"block {block} of event {e} in both places")


@attack(4, "swap-volume", "Blocks of another volume under the same keys", "Data, data with what vouches for it, any "
        "part of the volume, the whole volume.", BOTH)
def swap_volume(t):
    s, other = t.stack, t.env.siblings[t.stack.name]
    from_other = lambda blocks: swap(t, [(b, b) for b in blocks], other.lun, other.states["good"])
    t.closed(lambda: from_other(s.data_blocks()), lost=s.watched, must="detected", label="data")
    sealed = sorted({b for x in s.watched for b in (s.data(x), *s.vouching(x))})
    if s.seals(100):
        t.closed(lambda: from_other(sealed), lost=s.watched, hit=s.unwritten, must="detected", label="data and leaves")
    for name, blocks in s.parts().items() if t.warrant else ():
        t.closed(lambda blocks=blocks: from_other(other.used(blocks)), hit="any", label=name)
    t.closed(lambda: from_other(other.used()), hit="any", must="detected", refuse=True, label="everything")


@attack(4, "swap-stranger", "Blocks of a volume under other keys", "Data and leaves, superblocks, everything.")
def swap_stranger(t):
    s, other = t.stack, t.env.stranger
    if not t.warrant:
        return
    from_other = lambda blocks: swap(t, [(b, b) for b in blocks], other.lun, other.states["good"])
    for name, blocks in s.parts().items():
        t.closed(lambda blocks=blocks: from_other(other.used(blocks)), hit="any", label=name)
    t.closed(lambda: from_other(s.superblocks()), refuse=True, label="superblocks")
    t.closed(lambda: from_other(other.used()), refuse=True, label="everything")
