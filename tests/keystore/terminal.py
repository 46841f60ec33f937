#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: terminal.py WARRANTCTL STORE WARRANT

Types passphrases at warrantctl keystore, on a terminal of its own.
"""
import os
import pty
import select
import sys
import time

TOOL, STORE, WARRANT = sys.argv[1:4]


def talk(verb, options, answers):
    """Answer each prompt. Return: exit code, all that the terminal has shown."""
    pid, fd = pty.fork()
    if not pid:
        os.execv(TOOL, [TOOL, "keystore", verb, "--keystore", "file:" + STORE] + options + [WARRANT])
    shown = b""
    answers = list(answers)
    asked = 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([fd], [], [], 0.2)
        if ready:
            try:
                data = os.read(fd, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        if shown.count(b": ") > asked and shown.endswith(b": ") and answers:
            asked = shown.count(b": ")
            # The prompt is out before echo goes off: what is typed now must not be shown.
            time.sleep(0.2)
            os.write(fd, answers.pop(0).encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return os.waitstatus_to_exitcode(status), shown.decode()


def expect(what, code, verb, options, answers, text=""):
    got, shown = talk(verb, options, answers)
    leaked = [a for a in answers if a in shown]
    if got != code or leaked or text not in shown:
        print(f"{what}: exit code {got}, shown: {shown!r}")
        sys.exit(1)


FAST = ["--pbkdf-ms", "1", "--pbkdf-memory", "32"]
GOOD, OTHER = "correct horse battery", "staple of another kind"

expect("differ", 1, "add", FAST, [GOOD, OTHER], "differ")
expect("short", 1, "add", FAST, ["short77", "short77"], "8 bytes")
expect("add", 0, "add", FAST, [GOOD, GOOD], "added")
expect("wrong", 2, "rewrap", FAST, [OTHER], "wrong passphrase")
expect("rewrap", 0, "rewrap", FAST, [GOOD, OTHER, OTHER], "generation 2")
expect("old", 2, "rewrap", FAST, [GOOD], "wrong passphrase")
print("ok")
