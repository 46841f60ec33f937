# SPDX-License-Identifier: GPL-2.0-or-later
"""Shredding: group 10.  A tag gets sectors that hold nothing, they are written, written again, and the tag is
shredded; the volume goes on.  Whoever has every version of every block, and every key but those that were
destroyed, must not get at them.  The control is the same with the tag's keys: then the old images open.
"""
import os
import struct

from array_disk import Device, message, run
from attacks import attack
from stacks import Refused, add_key

TAG, SECTORS = 4, range(600, 608)
SECRET = b"what the header's key slot opens with"


def without(keys, tag, mark):
    """a keyset without a tag's keys; with a mark that they were destroyed, or as if somebody had forgotten them"""
    entries = [keys[i:i + 40] for i in range(24, len(keys), 40)]
    entries = [e for e in entries if struct.unpack_from("<I", e)[0] != tag]
    if mark:
        entries.append(struct.pack("<II", tag, 0) + bytes(32))
    return keys[:6] + struct.pack("<H", len(entries)) + keys[8:24] + b"".join(entries)


def life(s):
    """The session in which it happens; from "good"."""
    s.reset("good")
    s.open(anchor=s.anchors["good"])
    s.life_first = s.array.mark()
    s.say("tag_create", TAG, 1)
    s.assign(TAG, SECTORS[0], len(SECTORS))
    for version in (1, 2):
        for x in SECTORS:
            s.dev.write(x, s.text.of(s.lun, x, version))
        s.dev.flush()
        s.checkpoint()
    s.before = s.array.mark()
    message(s.map, f"tag_state {TAG} shredded")
    s.shred_done = s.array.mark()
    s.dev.write(104, s.text.of(s.lun, 104, 3))
    s.dev.flush()
    s.close()
    s.life_end, s.life_anchor = s.array.mark(), s.last_anchor


def look(t, keys, label, anchor=None, **judgement):
    """Open what lies there with these keys, and read all of it. Return: what was read, {} = refused"""
    s, got, refused = t.stack, {}, None
    right = {x: set(range(12)) for x in s.expected["good"] if isinstance(x, int)}
    right.update(dict.fromkeys(SECTORS, {0}))
    add_key("dm-warrant:" + s.uuid, keys)
    try:
        s.open(anchor=anchor)
        got = s.look(sorted(right))
    except Refused as e:
        refused = str(e)
    if s.dev:
        s.close()
    add_key("dm-warrant:" + s.uuid, s.keys)
    if judgement.pop("judge", True):
        t.weigh(right, got, refused, hit=(*SECTORS, *s.owners[3]), label=label, **judgement)
    return got


def luks(t):
    """The peer: a LUKS2 header on the LUN.  Its key slots are erased, and the array brings the old ones back."""
    s, name, path = t.stack, "adv-luks", "/tmp/luks.secret"
    with open(path, "wb") as f:
        f.write(SECRET)

    def opens():
        try:
            run("cryptsetup", "open", "--type", "luks2", "--key-file", path, s.disk, name)
        except RuntimeError:
            return None
        d = Device("/dev/mapper/" + name)
        data = d.read(10)
        d.close()
        run("cryptsetup", "close", name)
        return data

    text = s.text.of(s.lun, 10, 9)
    run("cryptsetup", "luksFormat", "--batch-mode", "--type", "luks2", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations",
        "1000", "--luks2-metadata-size", "16k", "--luks2-keyslots-size", "256k", "--sector-size", "4096",
        "--key-file", path, s.disk)
    run("cryptsetup", "open", "--type", "luks2", "--key-file", path, s.disk, name)
    d = Device("/dev/mapper/" + name)
    d.write(10, text)
    d.flush()
    d.close()
    run("cryptsetup", "close", name)
    before = t.array.mark()
    run("cryptsetup", "erase", "--batch-mode", s.disk)
    if opens() is not None:
        t.problem("erasing the key slots has done nothing")
    t.array.restore(s.lun, before, range(0, 1024))
    back = opens() == text
    t.tries["accepted" if back else "detected"] += 1
    t.note("an old copy of the header brings the key back" if back else "the old header does not open")
    os.unlink(path)
    s.reset("good")


@attack(10, "shred-images", "All that was ever on the LUN, and all keys but those destroyed", "A tag was shredded.  Images "
        "from before, during and after it, with the keys that are left: nothing of the tag opens, everything "
        "else does.  With its keys, as a control, the old images open.", accepted_by=("xts",))
def shred_images(t):
    s = t.stack
    if not t.warrant:
        if s.name == "xts":
            luks(t)
        else:
            t.no_such_thing("its key never was on the LUN, and is one for all")
        return
    life(s)
    times = [e for e, *_ in t.array.events(s.lun, s.life_first, s.life_end)]
    images = sorted({*s.commits(s.life_first, s.life_end), *t.rng.sample(times, min(12, len(times))), s.life_end})
    for n, e in enumerate(images):
        t.array.restore(s.lun, e)
        look(t, without(s.keys, TAG, n % 2 == 0), f"image {e}")
    # the proof that there was something to be had
    t.array.restore(s.lun, s.before)
    got = look(t, s.keys, "control", judge=False)
    if any(got.get(x) != 2 for x in SECTORS):
        t.problem(f"the control does not open: {[got.get(x) for x in SECTORS]}")
    # with its keys, but after it: the table says so, and they are wiped
    t.array.restore(s.lun, s.life_end)
    look(t, s.keys, "keys that somebody has kept", anchor=s.life_anchor)


@attack(10, "shred-replay", "The tag table of before, after a shredding", "Every combination of its parts and the "
        "superblocks with the rest of after: refused by the anchor, or, without one, open and yet without a key.")
def shred_replay(t):
    s = t.stack
    if not t.warrant:
        t.no_such_thing("no such thing: it has no case tags")
        return
    life(s)
    parts = [*s.tag_parts().values(), s.superblocks()]
    for mask in range(1, 1 << len(parts)):
        blocks = [b for i, p in enumerate(parts) if mask >> i & 1 for b in p]
        for mark in (False, True):
            t.array.restore(s.lun, s.life_end)
            t.array.restore(s.lun, s.before, blocks)
            look(t, without(s.keys, TAG, mark), f"parts {mask:b}",
                 anchor=None if mask & 8 and mark else s.life_anchor)
    t.array.restore(s.lun, s.before)
    add_key("dm-warrant:" + s.uuid, s.keys)
    look(t, s.keys, "all of before", anchor=s.life_anchor, refuse=True)
    t.array.restore(s.lun, s.before)
    look(t, without(s.keys, TAG, True), "all of before, no anchor")
