# SPDX-License-Identifier: GPL-2.0-or-later
"""An array that misbehaves while the volume is opened or open: groups 6 and 7."""
import mmap
import threading

from array_disk import SECTOR
from attacks import attack

BOTH = ("gcm", "xts")
ALWAYS = 1 << 30


# ---- answers that change ----

def fickle(t, sectors, *answers):
    for x in sectors:
        t.arm("answer", t.stack.lun, t.stack.data(x), 1, *answers)


@attack(6, "good-then-bad", "First the truth, then older data", "The first read of a sector is answered well, the "
        "next ones from another time.", ("xts",))
def good_then_bad(t):
    s = t.stack

    def twice(sectors):
        first = s.look(sectors)
        if any(first[x] != s.expected["good"][x] for x in s.rewritten):
            t.problem("the first reads, answered well, were not right")
        return s.look(sectors)

    t.closed(lambda: fickle(t, s.rewritten, 0, s.states["old"]), reader=twice, lost=s.rewritten, must="detected")


@attack(6, "bad-then-good", "Older data, then the truth", "One wrong answer, as from a bad cable: reading again helps, "
        "or it is an error.", ("xts",))
def bad_then_good(t):
    s = t.stack
    t.closed(lambda: fickle(t, s.rewritten, s.states["old"], 0), hit=s.rewritten)
    t.closed(lambda: fickle(t, s.rewritten, 0, s.states["old"], "loop"), hit=s.rewritten, label="in turn")


@attack(6, "concurrent-reads", "Two readers, two answers", "Eight threads read the same sectors, and the array "
        "gives each another version.", ("xts",))
def concurrent_reads(t):
    s = t.stack

    def together(sectors):
        got = {}

        def reader():
            buf = mmap.mmap(-1, SECTOR)
            for x in s.rewritten:
                seen.append((x, s.classify(x, s.dev.read(x, buf))))
        seen = []
        threads = [threading.Thread(target=reader) for _ in range(8)]
        for th in threads:
            th.start()
        for th in threads:
            th.join()
        s.reads += len(seen)
        for x, v in seen:
            # what is wrong must be seen, then what failed
            if x not in got or v != s.expected["good"][x] and (not isinstance(v, str) or v[0] != "E"):
                got[x] = v
        return {**{x: s.expected["good"][x] for x in sectors}, **got}

    t.closed(lambda: fickle(t, s.rewritten, 0, s.states["old"], 0, 0, s.states["old"], "loop"), reader=together,
             hit=s.rewritten)


@attack(6, "two-superblocks", "Another superblock at each read", "The table is loaded with one, the volume is resumed "
        "with another.", ("gcm",))
def two_superblocks(t):
    s, old = t.stack, t.stack.states["old"]
    if not s.superblocks():
        return

    def arm(blocks, *answers):
        for b in blocks:
            t.arm("answer", s.lun, b, 1, *answers)

    if not t.warrant:
        # the state of a superblock is not a version of anything: show all of an older time behind it
        t.closed(lambda: (t.reset("old"), arm([0], s.states["good"], old)), hit="any")
        return
    for n in range(1, 5):
        truth = [0] * n
        t.closed(lambda truth=truth: arm(s.superblocks(), *truth, old), hit="any", label=f"older from read {n + 1} on")
        t.closed(lambda truth=truth: arm(s.superblocks(), *[old] * len(truth), 0), refuse=True,
                 label=f"older up to read {n}")
        # everything else is of the older time: what is believed must not be what was looked at earlier
        t.closed(lambda truth=truth: (t.reset("old"), arm(s.superblocks(), *[s.states["good"]] * len(truth), old)),
                 hit="any", must="detected", label=f"all older, superblocks only from read {n + 1} on")


@attack(6, "mixed-recovery", "Another version at each read of a recovery", "Superblocks, activations, journal, "
        "leaves and data, each time from a random time since the last close.")
def mixed_recovery(t):
    s = t.stack
    if not t.warrant:
        return
    times = [e for e, *_ in t.array.events(s.lun, s.ops[0].before, s.crash_end)]

    def mixed():
        for blocks in ([b] for b in (*s.activations(), *s.leaves(), *map(s.data, s.rewritten), 60)):
            t.arm("answer", s.lun, blocks[0], 1, *t.rng.choices(times, k=4), "loop")
        t.arm("answer", s.lun, s.journal_start, s.journal_blocks, *t.rng.choices(times, k=6), "loop")
        if t.rng.random() < 0.5:
            for b in s.superblocks():
                t.arm("answer", s.lun, b, 1, *t.rng.choices(times, k=4), "loop")

    for i in range(24):
        t.crashed(mixed, right=s.bounds(s.crash_end), documented=s.crash_states(), hit="any",
                  label=f"round {i}")


@attack(6, "tamper-and-write", "Tampered with, and then written to", "Older leaves, nodes and data while the volume is "
        "open; what is sealed then must not make them good.", BOTH)
def tamper_and_write(t):
    s = t.stack
    parts = s.parts()
    for names in ([n for n in parts if n in ("nodes", "tags", "data")], parts):
        def actions(_, names=names):
            t.array.restore(s.lun, s.states["old"], [b for n in names for b in parts[n]])
            try:
                s.write(104, 7)
                s.dev.flush()
            finally:
                s.checkpoint()
                t.anchor_now = s.anchor()

        t.session(actions)
        t.observe(right={**t.exactly("good"), 104: {1, 7}}, anchor=t.anchor_now, hit="any", must="detected",
                  label=" and ".join(names))


# ---- lies ----

@attack(7, "lie-flush", "Flushes acknowledged and not done", "A power cut then takes what it likes.  Losing data is "
        "documented, wrong or unauthentic data is not; a checkpoint that is anchored and lost is refused.")
def lie_flush(t):
    s = t.stack
    if not t.warrant:
        return
    s.crash_session(lambda: [t.arm("lie", s.lun, what) for what in ("flush", "fua")])
    t.heal()
    for i in range(20):
        event = t.rng.randrange(s.ops[1].before, s.crash_end)
        seed = t.rng.randrange(1 << 30) if i else 0
        t.crashed(lambda: None, event=event, seed=seed, documented=s.crash_states(), hit="any",
                  label=f"cut at {event}, seed {seed}")
    t.crashed(lambda: None, anchor=s.checkpoint_anchor, refuse=True, documented=s.crash_states(),
              label="the anchored checkpoint lost")
    s.crash_session()


def misbehaving(t, rule, sectors, read=True, **kw):
    """Write SECTORS while a rule of the array holds; look before and after a close."""
    s = t.stack

    def actions(_):
        s.version.update(s.expected["good"])
        t.arm(*rule)
        for x in sectors:
            s.write(x, 7)
        s.dev.flush()
        if read:
            t.look_now({x: {7} for x in sectors}, hit=sectors)

    error = t.session(actions)
    t.heal()
    right = {x: {7} if x in sectors else {v} for x, v in s.expected["good"].items()}
    if error:
        t.problem(f"writing failed: {error}")
    t.observe(right=right, anchor=s.last_anchor, **kw)


@attack(7, "drop-data", "Writes acknowledged and forgotten", "Of sectors that were overwritten, and of fresh ones.",
        ("xts",))
def drop_data(t):
    s = t.stack
    for sectors in ([105, 106, 107], s.unwritten) if t.warrant else ([105, 106, 107],):
        first = s.data(min(sectors))
        misbehaving(t, ("drop", s.lun, first, s.data(max(sectors)) - first + 1, ALWAYS), sectors, lost=sectors,
                    must="detected", label="dropped")


@attack(7, "drop-metadata", "Metadata acknowledged and forgotten", "Leaves, inner nodes, activations, superblocks: one "
        "kind at a time, from the opening to the close.")
def drop_metadata(t):
    s = t.stack
    if not t.warrant:
        return
    for name, blocks in (("superblocks", s.superblocks()), ("activations", s.activations()), ("inner nodes", s.nodes()),
                         ("leaves", s.leaves())):
        def arm(blocks=blocks):
            for b in blocks:
                t.arm("drop", s.lun, b, 1, ALWAYS)

        def actions(_):
            s.write(105, 7)
            s.checkpoint()
            t.anchor_now = s.anchor()

        error = t.session(actions, arm)
        t.heal()
        if error:
            t.problem(f"{name}: writing failed: {error}")
        t.observe(anchor=t.anchor_now, right=t.now(105, 7), hit="any", must="detected", label=f"{name} dropped")


@attack(7, "misdirect", "Writes that go to another place", "Data over data, data over a leaf, a leaf over a leaf, a "
        "journal record into the data.", ("xts",))
def misdirect(t):
    s = t.stack
    misbehaving(t, ("misdirect", s.lun, s.data(105), 1, ALWAYS, s.data(133)), [105], lost=[105, 133], must="detected",
                label="data to data")
    if not t.warrant:
        return
    misbehaving(t, ("misdirect", s.lun, s.data(105), 1, ALWAYS, s.leaf(300)[0]), [105],
                hit=[105, *s.falls_with(300)], must="detected", label="data to a leaf")
    misbehaving(t, ("misdirect", s.lun, s.leaf(100)[0], 2, ALWAYS, s.leaf(128)[0]), [105, 106], read=False,
                hit=s.falls_with(100) + s.falls_with(128), must="detected", label="leaf to leaf")
    misbehaving(t, ("misdirect", s.lun, s.journal_start, s.journal_blocks, 1, s.data(133)), [105], read=False,
                lost=[133], must="detected", label="record to data")


@attack(7, "short-lun", "A LUN that has shrunk", "It says that it is smaller than the volume on it.")
def short_lun(t):
    t.closed(lambda: None, disk=t.stack.short_disk, refuse=True, must="detected")


@attack(7, "read-errors", "Reads that fail, here and there", "Some sectors while the volume is open; a superblock, the "
        "activations, leaves and journal while it is opened.")
def read_errors(t):
    s = t.stack
    bad = [101, 130]
    t.closed(lambda: None, meanwhile=lambda: [t.arm("fail", s.lun, "read", s.data(x), 1, ALWAYS) for x in bad],
             lost=bad, must="detected", label="data")
    if not t.warrant:
        return
    for name, blocks in s.parts().items():
        if name in ("nodes", "data"):
            continue
        t.crashed(lambda blocks=blocks: t.arm("fail", s.lun, "read", min(blocks), len(blocks), ALWAYS), refuse=True,
                  label=name)
    t.crashed(lambda: t.arm("fail", s.lun, "read", s.leaf(100)[0], 2, ALWAYS), refuse=True, label="a leaf")
    t.crashed(lambda: None, must="harmless", label="well again")


@attack(7, "write-errors", "Writes and flushes that fail", "All writing stops, reads go on, and the next opening finds "
        "what was flushed.")
def write_errors(t):
    s = t.stack
    if not t.warrant:
        return
    for rule in (("write", s.data(105), 1), ("write", s.journal_start, s.journal_blocks), ("flush", 0, 1),
                 ("write", s.leaf(105)[0], 2)):
        def actions(_, rule=rule):
            s.write(104, 7)
            s.dev.flush()
            t.arm("fail", s.lun, rule[0], rule[1], rule[2], ALWAYS)
            try:
                s.write(105, 7)
                s.dev.flush()
                s.checkpoint()
                t.problem(f"{rule}: not noticed")
            except (OSError, RuntimeError):
                pass
            t.heal()
            if s.status()[0] != "failed":
                t.problem(f"{rule}: writing did not stop")
            t.look_now({104: {7}, 128: {2}}, hit=())

        t.session(actions)
        right = {**t.now(104, 7), 105: {1, 7}}
        t.observe(right=right, must="harmless", label=f"{rule[0]} of {rule[1]}")


@attack(7, "stalls", "An array that takes its time", "Seconds for a read, a write, a flush, in an opening, a session "
        "and a close.")
def stalls(t):
    s = t.stack
    if not t.warrant:
        return
    t.closed(lambda: t.arm("stall", s.lun, "read", 2, 1), must="harmless")

    def actions(_):
        t.arm("stall", s.lun, "write", 2, 1)
        t.arm("stall", s.lun, "flush", 2, 2)
        s.write(105, 7)
        s.dev.flush()

    if t.session(actions):
        t.problem("a slow write failed")
    t.heal()
    t.observe(right=t.now(105, 7), must="harmless", label="slow writes")
