# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of attacks.  Imported by guest; run by itself, prints their names.

An attack is a function of a trial (guest): it does what it does to the trial's stack, and looks, any
number of times.  One that opens the stack not even once does not apply to it.
"""
import collections

groups = {
    1: "Damage",
    2: "Older versions of blocks",
    3: "The whole LUN of another time",
    4: "Blocks exchanged",
    5: "The journal",
    6: "Answers that change",
    7: "Lies and failures",
    8: "A crash, and then an attack",
    9: "Key rotation",
    10: "Shredding",
    11: "Structures that verify",
    12: "Case tags",
}

Attack = collections.namedtuple("Attack", "group id title text accepted_by function")
all_attacks = []


def attack(group, name, title, text, accepted_by=()):
    """ACCEPTED_BY: the stacks that are known to accept it; were they not to, it would show nothing."""
    def keep(function):
        all_attacks.append(Attack(group, name, title, text, accepted_by, function))
        return function
    return keep


def elsewhere(group, name, title, text):
    """What is in the list of attacks and not carried out here: the text says why."""
    all_attacks.append(Attack(group, name, title, text, (), None))


def load():
    # pylint: disable=unused-import,import-outside-toplevel
    import at_rest
    import live
    import crashed
    import tagged
    import rotated
    import shredded
    elsewhere(11, "parser", "Authentic structures that make no sense",
              "not here, as the array has no key: tests/fuzz does it")
    all_attacks.sort(key=lambda a: a.group)


if __name__ == "__main__":
    import attacks
    attacks.load()
    for a in attacks.all_attacks:
        print(f"{a.id:24} {a.title}")
