# SPDX-License-Identifier: GPL-2.0-or-later
"""One attack on one stack: what it can do, and the verdict.  Imported by guest."""
import random
import re

from array_disk import SECTOR
from stacks import Refused


class Trial:
    """One attack on one stack: any number of openings, and the verdict over all of them."""

    order = ["harmless", "detected", "accepted"]

    def __init__(self, env, attack, stack):
        self.env, self.stack, self.array, self.name = env, stack, env.array, attack.id
        # whichever attacks are chosen, each draws the same
        self.rng = random.Random(f"{env.seed} {attack.id} {stack.name}")
        self.warrant = stack.name == "warrant"
        self.tries = dict.fromkeys(self.order, 0)
        self.problems, self.notes = [], []
        self.documented = False         # accepted, but only what CAVEATS.rst says
        self.armed = False
        self.anchor_now = None

    @staticmethod
    def brief(message):
        """what a message of the kernel says, without the device and the advice"""
        return re.sub(r"^(\d+:\d+: )?(warrant: )?(.*?)(;.*| \(-E\w+\))?$", r"\3", message)

    def problem(self, text):
        if text not in self.problems:
            self.problems.append(text)

    def no_such_thing(self, text):
        """the stack has nothing that this could be done to"""
        self.notes = [text]

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def arm(self, *rule):
        self.array(*rule)
        self.armed = True

    def heal(self):
        if not int(self.array("heal")[0]) and self.armed:
            self.problem("the array never came to use its rule")
        self.armed = False

    # ---- what the array does ----

    def flip(self, *places):
        """one bit of each of these (block, byte)"""
        for block, byte in places:
            self.array("xor", self.stack.lun, block * SECTOR + byte, 1 << self.rng.randrange(8))

    def zero(self, blocks):
        for b in blocks:
            self.array("zero", self.stack.lun, b * SECTOR, SECTOR)

    def reset(self, name):
        self.stack.reset(name)

    def fork(self, sector, version, sessions):
        """The volume goes on from "good" for some sessions; the last one's anchor is anchor_now."""
        s = self.stack
        s.reset("good")
        for _ in range(sessions):
            s.open(anchor=s.anchors.get("good"))
            s.write(sector, version)
            s.checkpoint()
            s.close()
        self.anchor_now = s.last_anchor

    # ---- what it knows ----

    def times(self, first):
        """the events from there up to "good", which is not among them"""
        s = self.stack
        return [e for e, *_ in self.array.events(s.lun, getattr(s, first), s.states["good"] - 1)]

    def versions(self):
        """{block: events} in which it was written, up to "good", the last one being what it holds there"""
        s, out = self.stack, {}
        for e, kind, offset, length, _ in self.array.events(s.lun, s.session_start + 1, s.states["good"]):
            for b in range(offset // SECTOR, -(-(offset + length) // SECTOR)) if kind == "w" else ():
                out.setdefault(b, [s.session_start]).append(e)
        return out

    def exactly(self, name):
        return {x: {v} for x, v in self.stack.expected[name].items()}

    def now(self, sector, version):
        return {**self.exactly("good"), sector: {version}}

    # ---- one opening ----

    def closed(self, apply, base="good", **kw):
        """The LUN in a known state, and attacked: what does the next opening make of it?"""
        if base is not None:
            self.stack.reset(base)
        apply()
        self.observe(**kw)

    def crashed(self, apply, event=None, seed=0, **kw):
        """The same after a power cut."""
        s = self.stack
        event = event or s.crash_end
        self.array("cut", s.lun, event, seed)
        apply()
        kw.setdefault("right", s.bounds(event))
        self.observe(**kw)

    def observe(self, anchor="good", right=None, disk=None, meanwhile=None, reader=None, **judgement):
        """Open, read, close, judge.
        right: {sector: versions}; meanwhile: what happens between the opening and the reading"""
        s, refused, got = self.stack, None, {}
        right = right or self.exactly("good")
        writes = self.array.writes(s.lun)
        try:
            s.open(disk, anchor=s.anchors.get(anchor, anchor))
            if meanwhile:
                writes = self.array.writes(s.lun)
                meanwhile()
            got = (reader or s.look)(sorted(right, key=str))
        except Refused as e:
            refused = str(e)
        wrote = self.array.writes(s.lun) - writes if refused else 0
        if s.dev:
            s.close()
        self.heal()
        self.weigh(right, got, refused, wrote, **judgement)

    def look_now(self, right, **judgement):
        """Read and judge, in the middle of a session."""
        self.weigh(right, self.stack.look(sorted(right, key=str)), **judgement)

    def weigh(self, right, got, refused=None, wrote=0, opened_is_accepted=False, **judgement):
        errors = {x: v for x, v in got.items() if isinstance(v, str) and v[0] == "E"}
        stale = {x: v for x, v in got.items() if x not in errors and v not in right[x]}
        verdict = "accepted" if stale or (opened_is_accepted and not refused) else \
            "detected" if refused or errors else "harmless"
        self.tries[verdict] += 1
        self.env.sign_of_life(self)
        if refused:
            self.note("refused: " + self.brief(refused))
        elif errors:
            self.note(f"reads fail: {'/'.join(sorted(set(errors.values())))}")
        if stale:
            kinds = {v if isinstance(v, str) else "zeros" if v == 0 else "stale data" for v in stale.values()}
            self.note(f"{' and '.join(sorted(kinds))} returned, without an error")
        elif verdict == "accepted":
            self.note("opened as if nothing were wrong")
        if self.warrant:
            self.judge(verdict, refused, errors, stale, got, wrote, **judgement)

    def judge(self, verdict, refused, errors, stale, got, wrote, documented=(), hit=(), lost=(), must=None,
              refuse=None, label=""):
        """What dm-warrant owes.
        documented: [{sector: versions}] that CAVEATS.rst grants beyond the right ones, all sectors as in one of
        them; hit: sectors that may fail, or "any"; lost: those that must, if it is opened; must: the verdict;
        refuse: must it (not)?"""
        label = label and label + ": "
        if refused:
            self.env.refused += 1
            if wrote:
                self.env.wrote += 1
                self.problem(f"{label}{wrote} writes by an opening that was refused")
        readable = {x: v for x, v in got.items() if x not in errors}
        if stale and any(all(v in state[x] for x, v in readable.items()) for state in documented):
            self.documented = True
        elif stale:
            self.env.wrong += stale.values()
            told = ", ".join(f"{x}: {'version ' * isinstance(v, int)}{v}" for x, v in list(stale.items())[:6])
            self.problem(f"{label}sectors returned what they must not: {told}")
        outside = sorted(set(errors) - set(hit) - set(lost), key=str)
        if outside and hit != "any":
            self.problem(f"{label}reads fail that the attack has nothing to do with: sectors {outside[:6]}")
        survivors = sorted((x for x in lost if x in got and x not in errors), key=str)
        if survivors:
            self.problem(f"{label}can be read, and must not: sectors {survivors[:6]}")
        if must and verdict != must:
            self.problem(f"{label}{verdict}{' (' + refused + ')' if refused else ''}, must be {must}")
        if refuse is not None and bool(refused) != refuse:
            self.problem(f"{label}{'refused: ' + refused if refused else 'not refused'}")

    # ---- a session in which the array misbehaves ----

    def session(self, actions, arm=lambda: None):
        """Open from "good", do, close; None, or the error that stopped it."""
        s = self.stack
        s.reset("good")
        arm()
        s.open(anchor=s.anchors.get("good"))
        error = None
        try:
            actions(s)
        except OSError as e:
            error = e
        s.close()
        return error

    # ---- the end ----

    def result(self):
        verdict = max((v for v in self.order if self.tries[v]), key=self.order.index, default="not applicable")
        note = "; ".join(self.notes[:3]) or ("all data right" if verdict != "not applicable" else "")
        return {"verdict": verdict, "note": note, "tries": sum(self.tries.values()), "counts": self.tries,
                "documented": self.documented}
