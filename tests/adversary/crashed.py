# SPDX-License-Identifier: GPL-2.0-or-later
"""A power cut, and then an attack: groups 5 and 8.

The session that is cut off is Stack.crash_session(): each of its writes is a journal record of its own.
"""
from array_disk import SECTOR
from attacks import attack

BOTH = ("gcm", "xts")


# ---- the journal ----

def records(s):
    r = s.records(s.checkpoint_event + 1, s.crash_end)
    assert len(r) == len(s.ops) - s.checkpointed, f"{len(r)} journal records for {len(s.ops)} writes"
    return r


def hidden(s, first):
    """The flushed sectors of the writes whose records are not shown, the first of these being FIRST.
    Their data fits no seal that is shown; only what was fresh reads as zeros again."""
    return {op.sector for op in s.ops[s.checkpointed + first:] if op.flushed and op.sector not in s.unwritten}


def journal_attack(t, shown, apply, label):
    """The array shows only the first SHOWN records after the checkpoint."""
    s = t.stack
    gone = hidden(s, shown)
    t.crashed(apply, documented=[s.shown(s.checkpointed + shown)], lost=gone,
              hit={op.sector for op in s.ops[s.checkpointed + shown:]}, label=label)


@attack(5, "journal-truncated", "Records cut off", "From each record on; and one bit of each, which comes to the "
        "same.  The sectors that they spoke of cannot be read.")
def journal_truncated(t):
    s = t.stack
    if not t.warrant:
        return
    r = records(s)
    for k, (_, offset, length) in enumerate(r):
        journal_attack(t, k, lambda k=k: [t.array("zero", s.lun, o, n) for _, o, n in r[k:]], f"from record {k} on")
        journal_attack(t, k, lambda o=offset, n=length: t.array("xor", s.lun, o + t.rng.randrange(80), 16),
                       f"a bit of record {k}")


@attack(5, "journal-and-data", "Records cut off, and the data as it was then", "What no shown record calls flushed "
        "may be hidden like this: documented.  What one does call flushed may not.", BOTH)
def journal_and_data(t):
    s = t.stack
    for k, op in enumerate(s.ops[s.checkpointed:] if t.warrant else s.ops[:6:2]):
        possible = s.crash_states()[:2 * (s.checkpointed + k + 1)]
        t.crashed(lambda op=op: t.array.restore(s.lun, op.before), documented=possible, label=f"{k} records shown")


@attack(5, "journal-reordered", "Records exchanged, doubled, left out", "Each with the next; each in the place of the "
        "next; each one missing.")
def journal_reordered(t):
    s = t.stack
    if not t.warrant:
        return
    r = records(s)
    now = s.crash_end

    def move(a, b):
        t.array("bytes", s.lun, r[a][1], r[a][2], now, s.lun, r[b][1])

    for k in range(len(r) - 1):
        journal_attack(t, k, lambda k=k: (move(k, k + 1), move(k + 1, k)), f"record {k} and the next")
        journal_attack(t, k + 1, lambda k=k: move(k, k + 1), f"record {k} twice")
        journal_attack(t, k, lambda k=k: move(k + 1, k), f"record {k} left out")


@attack(5, "journal-old", "The journal of another time", "Old journal, new tree, and the other way round; and the "
        "journal of another volume under the same keys.", BOTH)
def journal_old(t):
    s = t.stack
    parts = s.parts()
    journal = parts.get("journal", [])
    rest = [b for name, p in parts.items() if name != "journal" for b in p]
    anything = {"documented": s.crash_states(), "hit": "any"}
    for state in ("old", "good"):
        if journal:
            t.crashed(lambda state=state: t.array.restore(s.lun, s.states[state], journal), **anything,
                      label=f"journal of {state}")
        t.crashed(lambda state=state: t.array.restore(s.lun, s.states[state], rest), **anything,
                  label=f"all but the journal of {state}")
    if t.warrant:
        other = t.env.siblings[s.name]
        t.crashed(lambda: [t.array.copy(other.lun, b, other.states["good"], s.lun, b) for b in other.used(journal)],
                  **anything, label="journal of another volume")


@attack(5, "journal-returns", "Records that were left behind", "They are hidden at a recovery, the volume goes on, and "
        "then they are shown again with the data that they speak of.")
def journal_returns(t):
    s = t.stack
    if not t.warrant:
        return
    r = records(s)
    for k in (0, 1, 2, len(r) - 3):
        op = s.ops[s.checkpointed + k]
        for crash in (False, True):
            t.array("cut", s.lun, s.crash_end, 0)
            for _, o, n in r[k:]:
                t.array("zero", s.lun, o, n)
            s.open(anchor=s.anchors["good"])
            others = s.look(sorted(set(s.bounds(s.crash_end)) - {op.sector}))
            s.write(op.sector, 7)
            s.dev.flush()
            now = t.array.mark()
            s.close()
            right = {op.sector: {7}, **{x: {v} for x, v in others.items()}}
            failing = {x for x, v in others.items() if isinstance(v, str)}
            if crash:
                t.array("cut", s.lun, now, 0)
            for _, o, n in r[k:]:
                t.array("bytes", s.lun, o, n, s.crash_end, s.lun, o)
            t.array.restore(s.lun, s.crash_end, [s.data(op.sector)])
            t.observe(right=right, anchor=s.anchors["good"] if crash else s.last_anchor, hit={op.sector, *failing},
                      label=f"from record {k} on, {'crashed' if crash else 'closed'}")


# ---- a crash, and then ----

def crash_times(t, n):
    s = t.stack
    times = [e for e, *_ in t.array.events(s.lun, s.ops[0].before + 1, s.crash_end)]
    return sorted(t.rng.sample(times, min(n, len(times))))


@attack(8, "honest-crash", "A crash, and no attack", "What was flushed is there, and nothing fails: with none, some "
        "or all of the rest surviving.")
def honest_crash(t):
    for event in crash_times(t, 12 if t.warrant else 4):
        for seed in (0, t.rng.randrange(1, 1 << 30)):
            t.crashed(lambda: None, event=event, seed=seed, must="harmless", label=f"cut at {event}, seed {seed}")


@attack(8, "crash-replay", "A crash as a pretext to replay flushed data", "Each flushed sector as it was before, with "
        "the journal as it is: its records say that it was flushed.", ("xts",))
def crash_replay(t):
    s = t.stack
    for j, op in enumerate(s.ops):
        if not op.flushed:
            continue
        # what no later record calls flushed may be taken for lost in the crash
        t.crashed(lambda op=op: t.array.restore(s.lun, op.before, [s.data(op.sector)]), hit=[op.sector],
                  documented=[s.shown(len(s.ops))], label=f"write {j}")


@attack(8, "crash-rollback", "A crash as a pretext for a rollback", "Behind the anchored checkpoint: to each time "
        "of the session before it, and to the sessions before that.", BOTH)
def crash_rollback(t):
    s = t.stack
    times = [e for e, *_ in t.array.events(s.lun, s.ops[0].before + 1, s.crash_end)]
    committed = s.committed() if t.warrant else s.crash_end
    for e in [s.states["old"], s.states["good"], *(x for x in times if x < committed)][:40 if t.warrant else 4]:
        t.crashed(lambda e=e: t.array.restore(s.lun, e), anchor=s.checkpoint_anchor, refuse=True, label=f"event {e}")


@attack(8, "crash-fork", "A fork from before the anchored checkpoint", "At a crash the newest checkpoint is "
        "hidden, and others go on from the one before it: the same activation, a higher number.", BOTH)
def crash_fork(t):
    s = t.stack
    t.array("cut", s.lun, s.committed() - 1 if t.warrant else s.ops[0].before, 0)
    for _ in range(2):
        s.open(anchor=s.anchors.get("good"))
        s.write(105, 8)
        s.checkpoint()
        s.close()
    t.observe(anchor=s.checkpoint_anchor, right=s.bounds(s.crash_end), refuse=True)


@attack(8, "crash-in-recovery", "A crash during the recovery from a crash", "At each write of it; then the journal "
        "that it had left behind is shown again.")
def crash_in_recovery(t):
    s = t.stack
    if not t.warrant:
        return
    t.array("cut", s.lun, s.crash_end, 0)
    crashed = t.array.mark()
    s.open(anchor=s.anchors["good"])
    s.close()
    recovered = t.array.mark()
    right = s.bounds(s.crash_end)
    times = [e for e, *_ in t.array.events(s.lun, crashed + 1, recovered)]
    for e in times:
        t.crashed(lambda: None, event=e, seed=t.rng.randrange(1, 1 << 30), right=right, must="harmless",
                  label=f"at write {e - crashed}")
    anchor = s.anchor_of(recovered)

    def with_old(name):
        t.array.restore(s.lun, recovered)
        t.array.restore(s.lun, crashed, s.parts()[name])

    t.closed(lambda: with_old("journal"), base=None, anchor=anchor, right=right, must="harmless", label="old journal")
    for name in ("nodes", "data", "activations"):
        t.closed(lambda name=name: with_old(name), base=None, anchor=anchor, right=right, hit="any",
                 label=f"old {name}")


@attack(8, "crash-then-any", "A crash, then any attack", "A random crash, then a random block damaged, erased, "
        "exchanged or of another time, or a part of the volume of another time.")
def crash_then_any(t):
    s = t.stack
    if not t.warrant:
        return
    used = s.used()
    journal_and_up = {*s.journal(), *s.superblocks(), *s.activations()}
    for i in range(40):
        event = t.rng.choice(crash_times(t, 1000))
        times = [e for e in (s.session_start, s.states["old"], s.states["good"]) if e < event]
        times += [e for e, *_ in t.array.events(s.lun, s.ops[0].before + 1, event)]
        part = t.rng.choice(list(s.parts().values()))
        blocks = [b for b in part if b in used]
        a, b = t.rng.choices(blocks, k=2)
        e = t.rng.choice(times)
        what, apply = t.rng.choice([
            ("damage", lambda: t.flip((a, t.rng.randrange(SECTOR)))),
            ("erase", lambda: t.zero([a])),
            ("exchange", lambda: [t.array.copy(s.lun, a, event, s.lun, b), t.array.copy(s.lun, b, event, s.lun, a)]),
            ("replay", lambda: t.array.restore(s.lun, e, [a])),
            ("replay part", lambda: t.array.restore(s.lun, e, blocks)),
        ])
        states = s.crash_states()
        if not {a, b, blocks[0]} & journal_and_up:
            # the journal is shown as it is, up to the crash, and says what was flushed
            n = sum(op.written <= event for op in s.ops)
            states = states[2 * n:2 * n + 4]
        t.crashed(apply, event=event, seed=t.rng.randrange(1 << 30), hit="any", documented=states,
                  label=f"{i}: {what} {a} {b} {e} after {event}")
