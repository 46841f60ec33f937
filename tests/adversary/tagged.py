# SPDX-License-Identifier: GPL-2.0-or-later
"""Case tags: group 12.  A volume that has some, open, frozen and restricted ones, and attacks on what says so.

What is read of it and compared is more than sectors, under names that are no numbers: "record 1" is what the
record of tag 1 says, "states" those of all tags, "extents" which sectors have which tag, since when; and each
"try ..." does something that a frozen or restricted tag forbids, and must be refused, whatever the array does.
"""
import errno
import fcntl
import os
import random
import struct
import time

from array_disk import SECTOR, message
from attacks import attack
from stacks import Op, Refused, Warrant, add_key

BLKZEROOUT = 0x127f
ONE, TWO, THREE = 1, 2, 3               # in "good": open, frozen, restricted
TRIES = ("try assign", "try edit", "try read", "try thaw", "try write", "try zero")


class Tagged(Warrant):
    """State "untagged": version 1 of all sectors, under the default tag; "old": they have got their tags, all open;
    "good": the record of tag 1 was edited, tag 2 is frozen, tag 3 restricted."""
    owners = {ONE: range(100, 108), TWO: range(128, 136), THREE: range(300, 304)}
    unwritten = [50, 60, 500]           # tag 1, tag 2, none
    rewritten = [100, 101, 102, 103, 17000, 17001]

    # ---- records ----

    def record(self, tag, version):
        """name and metadata"""
        rng = random.Random(f"{self.text.seed} {self.lun} tag {tag} version {version}")
        name, liid = (f"{what}-{rng.randbytes(9).hex()}" for what in ("case", "LIID"))
        self.case_texts[f"name {version} of tag {tag}"] = name
        self.case_texts[f"LIID {version} of tag {tag}"] = liid
        return name, f'{{"LIID":"{liid}","CIN":{version}}}'

    def say(self, verb, tag, version):
        message(self.map, " ".join([verb, str(tag), *(x.encode().hex() for x in self.record(tag, version))]))

    def state(self, tag, state):
        message(self.map, f"tag_state {tag} {state}")

    def assign(self, tag, start, length):
        """what became of the job"""
        number = message(self.map, f"assign {tag} {start} {length}")
        while True:
            job = message(self.map, f"job {number}").split()
            if job[-1] != "running":
                return job
            time.sleep(0.01)

    # ---- making it ----

    def format(self):
        super().format()
        if not self.uuid_of:
            extra = b"".join(struct.pack("<II", tag, 1) + os.urandom(32) for tag in range(1, 5))
            count = struct.unpack_from("<H", self.keys, 6)[0] + 4
            self.keys = self.keys[:6] + struct.pack("<H", count) + self.keys[8:] + extra
            with open(self.keyset, "r+b") as f:
                f.write(self.keys)
            add_key("dm-warrant:" + self.uuid, self.keys)
        self.tag_records, self.tag_start = struct.unpack("<IQ", self.array.read(self.lun, 100, 12))

    def tables(self, disk, anchor=None):
        for name, table in super().tables(disk, anchor):
            words = table.split(" ")
            yield name, " ".join([*words[:6], str(int(words[6]) + 1), "allow_discards", *words[7:]])

    def prepare(self):
        self.case_texts, self.maps = {}, {}
        self.format()
        self.session_start = self.array.mark()
        self.open()
        for x in self.unwritten:
            self.version[x] = 0
        for x in self.watched:
            self.write(x, 1)
        self.dev.flush()
        self.checkpoint()
        self.states["untagged"] = self.array.mark()
        for tag, sectors in self.owners.items():
            self.say("tag_create", tag, 1)
            self.assign(tag, sectors[0], len(sectors))
        self.assign(ONE, 50, 1)
        self.assign(TWO, 60, 1)
        self.finish("old", {1: "1 open", 2: "1 open", 3: "1 open"}, "done")
        self.open()
        for x in self.rewritten:
            self.write(x, 2)
            self.dev.flush()
        self.say("tag_edit", ONE, 2)
        self.state(TWO, "frozen")
        self.state(THREE, "restricted")
        self.finish("good", {1: "2 open", 2: "1 frozen", 3: "1 restricted"}, "refused")

    def finish(self, name, records, tries):
        self.maps[name] = message(self.map, "extents 0 1024")
        self.close()
        self.remember(name)
        for x in self.owners[THREE]:    # "try read" looks at one of them
            del self.expected[name][x]
        self.expected[name].update({f"record {n}": r for n, r in records.items()}, extents="map of " + name,
                                   states=" ".join(r.split()[1] for r in records.values()))
        self.expected[name].update(dict.fromkeys(TRIES, tries))

    # ---- what it says ----

    def look(self, things):
        got = super().look([x for x in things if isinstance(x, int)])
        for x in things:
            if isinstance(x, str):
                self.reads += 1
                got[x] = self.attempt(x) if x in TRIES else self.ask(x)
        return got

    def ask(self, what):
        try:
            if what == "states":
                return " ".join(line.split()[1] for line in message(self.map, "tag_list 1").split("\n")[:-1])
            if what == "extents":
                text = message(self.map, "extents 0 1024")
                return next(("map of " + n for n, m in self.maps.items() if m == text), "another map")
            words = message(self.map, "tag_show " + what.split()[1]).split()
        except OSError as e:
            return errno.errorcode[e.errno]
        told = tuple(bytes.fromhex(w).decode() for w in words[4:6])
        version = next((v for v in range(1, 5) if self.record(int(words[0]), v) == told), "foreign")
        return f"{version} {words[1]}"

    def attempt(self, what):
        """Each is the last of its kind: where it is not refused, the volume is another one afterwards."""
        try:
            if what == "try assign":
                return "refused" if self.assign(0, 128, 8)[-1] == "failed" else "done"
            if what == "try edit":
                self.say("tag_edit", TWO, 4)
            elif what == "try thaw":
                self.state(TWO, "open")
            elif what == "try write":
                self.dev.write(129, self.text.of(self.lun, 129, 9))
            elif what == "try zero":
                fcntl.ioctl(self.dev.fd, BLKZEROOUT, struct.pack("<QQ", 130 * SECTOR, SECTOR))
            elif isinstance(self.dev.read(300), str):
                return "refused"
        except OSError:
            return "refused"
        return "done"

    # ---- where: Documentation/format.rst ----

    def tag_record(self, tag):
        return [self.tag_start + 2 * (tag - 1) + k for k in (0, 1)]

    def tag_node(self):
        return [self.tag_start + 2 * self.tag_records + k for k in (0, 1)]

    def tag_top(self):
        return [b + 2 * -(-self.tag_records // 128) for b in self.tag_node()]

    def tag_parts(self):
        return {"tag records": [b for tag in range(1, 5) for b in self.tag_record(tag)],
                "tag node": self.tag_node(), "tag top": self.tag_top()}

    def tag_blocks(self):
        return [b for blocks in self.tag_parts().values() for b in blocks]

    def parts(self):
        return {**self.tag_parts(), **super().parts()}

    # ---- a session that freezes tag 2, and crashes ----

    def freeze_session(self):
        """From "old": what is done is in self.ops, as in Stack; frozen_event: the freeze was reported."""
        self.reset("old")
        self.open(anchor=self.anchors["old"])
        self.ops, first = [], self.array.mark()
        for sector in (104, 130, 17002):
            self.write_op(sector)
        self.assign_first = self.array.mark() + 1
        self.assign(ONE, 17000, 4)
        self.assign_last = self.array.mark()
        self.write_op(131)
        self.state(TWO, "frozen")
        self.frozen_event, self.frozen_anchor = self.array.mark(), self.anchor()
        self.frozen_commit = self.commits(first, self.frozen_event)[-1]
        self.write_op(104)
        self.write_op(17001)
        self.crash_end, self.crash_first = self.array.mark(), first
        self.close()

    def write_op(self, sector):
        before = self.array.mark()
        version = max([3, *(op.version + 1 for op in self.ops if op.sector == sector)])
        self.dev.write(sector, self.text.of(self.lun, sector, version))
        written = self.array.mark()
        self.dev.flush()
        self.ops.append(Op(sector, version, before, written, self.array.mark()))

    def after_freeze(self, event):
        """What may be there after an honest crash then."""
        may = {x: {v} for x, v in self.expected["old"].items() if isinstance(x, int)}
        for op in self.ops:
            if op.flushed <= event:
                may[op.sector] = {op.version}
            elif op.before < event:
                may[op.sector].add(op.version)
        states = {"frozen"} if event >= self.frozen_event else {"open", "frozen"} if event >= self.frozen_commit \
            else {"open"}
        tries = {"refused" if s == "frozen" else "done" for s in states}
        return {**may, "record 2": {"1 " + s for s in states}, "states": {f"open {s} open" for s in states},
                "try write": tries, "try thaw": tries}


def tags_only(function):
    """The peers have nothing like it."""
    def wrapped(t):
        if t.warrant:
            function(t)
        else:
            t.no_such_thing("no such thing: it has no case tags")
    return wrapped


# ---- records and what vouches for them ----

@attack(12, "tag-flip", "One bit of the tag table", "Of a record: that record cannot be read, all else can.  Of a "
        "node or the top node, which have the states: refused.")
@tags_only
def tag_flip(t):
    s = t.stack
    for tag in (ONE, TWO):
        for byte in (t.rng.randrange(32), t.rng.randrange(96, 200), SECTOR - 1):
            t.closed(lambda tag=tag, byte=byte: t.flip(*((b, byte) for b in s.tag_record(tag))),
                     lost=[f"record {tag}"], must="detected", label=f"record {tag}, byte {byte}")
    for name, blocks in (("node", s.tag_node()), ("top", s.tag_top())):
        # a seal's nonce and MAC, what has slot and state, and what is not in use
        for byte in (0, 32 + 12, 32 + 13, 20, SECTOR - 1):
            t.closed(lambda blocks=blocks, byte=byte: t.flip(*((b, byte) for b in blocks)), refuse=True,
                     label=f"{name}, byte {byte}")


@attack(12, "tag-replay", "Every older version of every block of the tag table", "In both places, alone: an older "
        "record is an error, an older node is refused.")
@tags_only
def tag_replay(t):
    s, versions = t.stack, t.versions()
    for places, thing in [*((s.tag_record(n), f"record {n}") for n in s.owners),
                          (s.tag_node(), None), (s.tag_top(), None)]:
        written = sorted(e for b in places for e in versions[b][1:])
        for b in places:
            for e in versions[b]:
                if e == written[-1]:
                    continue
                judgement = {"lost": [thing], "must": "detected"} if thing else {"refuse": True}
                t.closed(lambda b=b, e=e, places=places: [t.array.copy(s.lun, b, e, s.lun, x) for x in places],
                         label=f"{thing or 'node'}: block {b} of event {e}", **judgement)


@attack(12, "tag-swap", "Blocks of the tag table exchanged", "A record in the place of another, a node in that of the "
        "top or of a record, the two slots of one.")
@tags_only
def tag_swap(t):
    s, now = t.stack, t.stack.states["good"]

    def swap(a, b):
        for x, y in zip(a, b):
            t.array.copy(s.lun, x, now, s.lun, y)
            t.array.copy(s.lun, y, now, s.lun, x)

    for a, b in ((ONE, TWO), (TWO, THREE)):
        t.closed(lambda a=a, b=b: swap(s.tag_record(a), s.tag_record(b)), lost=[f"record {a}", f"record {b}"],
                 must="detected", label=f"records {a} and {b}")
    t.closed(lambda: swap(s.tag_record(ONE), s.tag_record(ONE)[::-1]), lost=["record 1"], label="slots of record 1")
    for label, a, b in (("node and top", s.tag_node(), s.tag_top()),
                        ("node and record", s.tag_node(), s.tag_record(ONE)),
                        ("slots of the node", s.tag_node(), s.tag_node()[::-1]),
                        ("slots of the top", s.tag_top(), s.tag_top()[::-1]),
                        ("top and a leaf", s.tag_top(), s.leaf(100))):
        t.closed(lambda a=a, b=b: swap(a, b), refuse=True, label=label)


@attack(12, "tag-volume", "The tag table of another volume, or of a copy", "One under the same keys; a snapshot "
        "that went on elsewhere, where other things were said of the same tags.")
@tags_only
def tag_volume(t):
    s, other = t.stack, t.env.tagged_sibling
    for name, blocks in s.tag_parts().items():
        lost = [f"record {n}" for n in s.owners] if name == "tag records" else ()
        t.closed(lambda blocks=blocks: [t.array.copy(other.lun, b, other.states["good"], s.lun, b) for b in blocks],
                 lost=lost, refuse=not lost, label=f"{name} of another volume")
    t.closed(lambda: [t.array.copy(other.lun, b, other.states["good"], s.lun, b) for b in other.used()], refuse=True,
             label="all of another volume")

    def go_on(version):
        s.reset("good")
        s.open(anchor=s.anchors["good"])
        s.say("tag_edit", ONE, version)
        s.close()
        return t.array.mark(), s.last_anchor

    copy, _ = go_on(4)
    own, anchor = go_on(3)
    right = {**t.exactly("good"), "record 1": {"3 open"}}
    for name, blocks in s.tag_parts().items():
        def mixed(blocks=blocks):
            t.array.restore(s.lun, own)
            t.array.restore(s.lun, copy, blocks)
        lost = ["record 1"] if name == "tag records" else ()
        t.closed(mixed, base=None, anchor=anchor, right=right, lost=lost, refuse=not lost, label=f"{name} of a copy")


@attack(12, "tag-thaw", "A frozen tag shown as it was when it was open", "Every combination of its record, the node, "
        "the top node, the superblocks and everything else of before: with an anchor, and without one.")
@tags_only
def tag_thaw(t):
    s = t.stack
    rest = {b for blocks in s.parts().values() for b in blocks} - {*s.tag_blocks(), *s.superblocks()}
    parts = [*s.tag_parts().values(), s.superblocks(), sorted(rest)]
    for mask in range(1, 1 << len(parts)):
        blocks = [b for i, p in enumerate(parts) if mask >> i & 1 for b in p]
        older = lambda blocks=blocks: t.array.restore(s.lun, s.states["old"], blocks)
        # the superblocks of before can only be believed when nothing off the array knows better
        if mask & 8:
            t.closed(older, anchor=None, hit="any", documented=[t.exactly("old")], label=f"parts {mask:b}, no anchor")
        if not mask & 8 or mask % 4 == 0:
            t.closed(older, hit="any", must="detected", label=f"parts {mask:b}")


@attack(12, "tag-anchor", "A freeze that was reported, rolled back", "The LUN of before, and crashes of before, as if "
        "it had never been: refused by the anchor that stood when it was reported.")
@tags_only
def tag_anchor(t):
    s = t.stack
    s.freeze_session()
    times = [e for e, *_ in t.array.events(s.lun, s.crash_first, s.frozen_commit - 1)]
    for e in [s.states["old"], times[-1], *t.rng.sample(times[:-1], 6)]:
        t.crashed(lambda e=e: t.array.restore(s.lun, e), right=s.after_freeze(s.crash_end), anchor=s.frozen_anchor,
                  refuse=True, label=f"event {e}")
    for e in [times[-1], *t.rng.sample(times[:-1], 3)]:
        t.crashed(lambda: None, event=e, seed=t.rng.randrange(1 << 30), right=s.after_freeze(s.crash_end),
                  anchor=s.frozen_anchor, refuse=True, label=f"power cut at {e}")


@attack(12, "tag-crash", "A crash around a freeze, and then a replay", "With none: what was reported holds, all "
        "that was flushed is there.  Then the tag table of before is shown with the rest of after: never thawed.")
@tags_only
def tag_crash(t):
    s = t.stack
    s.freeze_session()
    times = [e for e, *_ in t.array.events(s.lun, s.crash_first + 1, s.crash_end)]
    around = [e for e in times if s.frozen_commit - 3 <= e <= s.frozen_event + 2]
    for e in [*t.rng.sample(times, 5), *around, s.crash_end]:
        t.crashed(lambda: None, event=e, seed=t.rng.randrange(1 << 30), right=s.after_freeze(e), anchor="old",
                  must="harmless", label=f"cut at {e}")
    right = s.after_freeze(s.crash_end)
    for mask in range(1, 8):
        blocks = [b for i, p in enumerate(s.tag_parts().values()) if mask >> i & 1 for b in p]
        t.crashed(lambda blocks=blocks: t.array.restore(s.lun, s.states["old"], blocks), right=right, anchor="old",
                  hit=("record 2",), must="detected", refuse=mask != 1, label=f"parts {mask:b} of before")


@attack(12, "tag-keyless", "A crash while a tag is assigned, and its key is missing", "The next opening has a keyset "
        "without the tag's key, the one after it has all: what cannot be judged is not decided, nothing is lost.")
@tags_only
def tag_keyless(t):
    s = t.stack
    s.freeze_session()
    name, few = "dm-warrant:" + s.uuid, s.keys[:6] + struct.pack("<H", 2) + s.keys[8:24 + 2 * 40]
    refused = 0
    # its journal record, its data, and what comes next
    for e in range(s.assign_first, min(s.assign_first + 5, s.assign_last + 1)):
        t.array("cut", s.lun, e, 0)
        writes = t.array.writes(s.lun)
        add_key(name, few)
        try:
            s.open(anchor=s.anchors["old"])
            s.close()
        except Refused:
            refused += 1
            if t.array.writes(s.lun) != writes:
                t.problem("an opening that was refused has written")
        add_key(name, s.keys)
        # an opening that was not refused has settled what there was to be settled
        right = {x: v for x, v in s.after_freeze(e).items() if isinstance(x, int)}
        t.observe(right=right, anchor="old", must="harmless", label=f"cut at {e}")
    if not refused:
        t.problem("no crash has left anything to be judged")


# ---- what was sealed anew ----

@attack(12, "tag-reseal", "Sectors as they were before they got their tag", "Their ciphertext under the old tag's key; "
        "with its leaf; with all nodes; while the volume is open, and while the tag is being assigned.")
@tags_only
def tag_reseal(t):
    s, before = t.stack, t.stack.states["untagged"]
    mine = [*s.owners[ONE], *s.owners[TWO]]
    data = [s.data(x) for x in mine]
    t.closed(lambda: t.array.restore(s.lun, before, data), lost=mine, must="detected", label="data")
    leaves = [*s.leaf(100), *s.leaf(128)]
    below = [x for x in s.expected["good"] if isinstance(x, int) and x >> 7 in (0, 1)]
    t.closed(lambda: t.array.restore(s.lun, before, [*data, *leaves]), lost=[*below, "extents"], must="detected",
             label="data and leaves")
    t.closed(lambda: t.array.restore(s.lun, before, [*data, *s.leaves(), *s.nodes()]), hit="any", must="detected",
             label="data and nodes")
    t.closed(lambda: None, meanwhile=lambda: t.array.restore(s.lun, before, data), lost=mine, must="detected",
             label="while open")

    def assigned(_):
        t.arm("answer", s.lun, s.data(102), 1, before)
        job = s.assign(0, 100, 8)
        t.heal()
        if job[-1] != "failed" or job[6] != "1":
            t.problem(f"a job that is shown an older sector says {' '.join(job)}")

    # the others move, that one keeps its tag, and is what it was
    t.session(assigned)
    right = t.exactly("good")
    t.observe(right={x: v for x, v in right.items() if x != "extents"}, anchor=s.last_anchor, must="harmless",
              label="while it is assigned")


@attack(12, "tag-discard", "Discards not done", "Discarded sectors are shown again, with and without the leaf that "
        "vouched for them, and those of a frozen tag are erased.")
@tags_only
def tag_discard(t):
    s = t.stack
    s.reset("good")
    s.open(anchor=s.anchors["good"])
    fcntl.ioctl(s.dev.fd, 0x1277, struct.pack("<QQ", 104 * SECTOR, 2 * SECTOR))     # BLKDISCARD
    s.maps["discarded"] = message(s.map, "extents 0 1024")
    s.close()
    done, anchor = t.array.mark(), s.last_anchor
    right = {**t.exactly("good"), 104: {0}, 105: {0}, "extents": {"map of discarded"}}

    def shown(blocks):
        t.array.restore(s.lun, done)
        t.array.restore(s.lun, s.states["good"], blocks)

    data = [s.data(104), s.data(105)]
    t.closed(lambda: shown(data), base=None, anchor=anchor, right=right, must="harmless", label="data")
    t.closed(lambda: shown([*data, *s.leaf(104)]), base=None, anchor=anchor, right=right, must="detected",
             lost=[*s.falls_with(104), "extents"], label="data and leaf")
    t.closed(lambda: t.zero([s.data(x) for x in s.owners[TWO]]), lost=list(s.owners[TWO]), must="detected",
             label="frozen sectors erased")


# ---- while it is open ----

@attack(12, "tag-live", "The tag table of before, while the volume is open", "States are in memory, records are refused, "
        "and so is every change of a tag whose record does not verify.")
@tags_only
def tag_live(t):
    s = t.stack
    t.closed(lambda: None, meanwhile=lambda: t.array.restore(s.lun, s.states["old"], s.tag_blocks()),
             lost=["record 1", "record 2", "record 3"], must="detected", label="all of it")

    def change(_):
        t.array.restore(s.lun, s.states["old"], s.tag_record(ONE))
        for text in ("tag_state 1 frozen", "tag_edit 1 78 -"):
            try:
                message(s.map, text)
                t.problem(f"{text}: done, though the record of the tag does not verify")
            except OSError as e:
                if e.errno != errno.EILSEQ:
                    t.problem(f"{text}: {errno.errorcode[e.errno]}")

    t.session(change)
    t.observe(anchor=s.last_anchor, lost=["record 1"], must="detected", label="a change")


@attack(12, "tag-lies", "A change of a tag that the array does not write, or not there", "Acknowledged and forgotten; "
        "a record over another one; an error at each of its writes: then nothing has changed.")
@tags_only
def tag_lies(t):
    s = t.stack

    def changed(label, *rule, **judgement):
        def edit(_):
            t.arm(*rule)
            s.say("tag_edit", ONE, 3)
        error = t.session(edit)
        t.heal()
        if error:
            t.problem(f"{label}: {error}")
        t.observe(right={**t.exactly("good"), "record 1": {"3 open"}}, anchor=s.last_anchor, must="detected",
                  label=label, **judgement)

    blocks = s.tag_blocks()
    changed("forgotten", "drop", s.lun, min(blocks), max(blocks) - min(blocks) + 1, 1 << 30, refuse=True)
    changed("record forgotten", "drop", s.lun, s.tag_record(ONE)[0], 2, 1 << 30, lost=["record 1"])
    changed("node forgotten", "drop", s.lun, s.tag_node()[0], 2, 1 << 30, refuse=True)
    changed("misdirected", "misdirect", s.lun, s.tag_record(ONE)[0], 2, 1 << 30, s.tag_record(TWO)[1],
            lost=["record 1", "record 2"])

    for name, places in (("record", s.tag_record(ONE)), ("node", s.tag_node()), ("top", s.tag_top())):
        def fails(_, places=places, name=name):
            t.arm("fail", s.lun, "write", places[0], 2, 1 << 30)
            for text in ("tag_state 1 frozen", "tag_state 1 restricted"):
                try:
                    message(s.map, text)
                    t.problem(f"{name}: {text}: done, though it could not be written")
                except OSError as e:
                    if e.errno != errno.EIO:
                        t.problem(f"{name}: {text}: {errno.errorcode[e.errno]}")
        t.session(fails)
        t.heal()
        t.observe(must="harmless", label=f"writing the {name} failed")
