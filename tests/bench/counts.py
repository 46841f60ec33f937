# SPDX-License-Identifier: GPL-2.0-or-later
"""From what the plugin and the guest wrote down to instructions per I/O.

usage: counts.py WHAT-THE-GUEST-LEFT        prints the rows as JSON
"""
import bisect
import collections
import json
import sys

USER, ELSEWHERE = 0, 1      # plugin.c

OTHERS = "block layer, others"
# What is shown as one.
GROUPS = {"dm_warrant": "dm-warrant", "dm_crypt": "dm-crypt", "dm_integrity": "dm-integrity", "dm_bufio": "dm-integrity",
          "dm_mod": "device mapper", "brd": "RAM disk", "aesni_intel": "crypto", "crypto_simd": "crypto",
          "cryptd": "crypto", "gcm": "crypto", "xts": "crypto", "ctr": "crypto", "ghash_clmulni_intel": "crypto",
          "ghash_generic": "crypto", "aes_generic": "crypto", "libaes": "crypto"}
# Functions of the kernel itself, by how their names begin.
KERNEL = (
    ("crypto", ("crypto_", "scatterwalk_", "skcipher_", "aead_", "simd_", "kernel_fpu_", "gcm_", "xts_", "aes_", "chacha_")),
    ("clearing, copying", ("memset", "memcpy", "memmove", "clear_page", "copy_page", "copy_user")),
    ("scheduler", ("__schedule", "schedule", "psi_", "pick_", "put_prev", "set_next", "enqueue_", "dequeue_", "update_",
                   "__update_", "try_to_wake", "ttwu_", "check_preempt", "native_sched_clock", "sched_clock", "__switch_to",
                   "finish_task", "select_task", "select_idle", "wake_", "__wake_", "activate_task", "reweight_",
                   "place_entity", "resched_", "prepare_to_wait", "finish_wait", "autoremove_wake", "default_wake",
                   "process_one_work", "worker_thread", "__queue_work", "queue_work", "insert_work", "kick_pool",
                   "wq_worker", "get_work_pool", "pwq_", "move_linked_works", "io_schedule", "rcu_note_context")),
)


class Symbols:
    """Which module an address is in, and which function."""

    def __init__(self, directory):
        self.modules = []
        for line in open(directory + "/modules"):
            name, size, *_, start = line.split()[:6]
            self.modules.append((int(start, 16), int(start, 16) + int(size), name))
        self.modules.sort()
        self.symbols = sorted((int(a, 16), s) for a, t, s, *_ in
                              (line.split() for line in open(directory + "/kallsyms")) if t in "tTwW")
        self.starts = [a for a, _ in self.symbols]

    def module(self, address):
        i = bisect.bisect_right(self.modules, (address, float("inf"), "")) - 1
        if i >= 0 and address < self.modules[i][1]:
            return self.modules[i][2]
        return "kernel"

    def function(self, address):
        # a grain may begin just before the function that it is counted for
        i = bisect.bisect_right(self.starts, address + 15) - 1
        return self.symbols[i][1] if i >= 0 else hex(address)


def group(module, function):
    if module != "kernel":
        return GROUPS.get(module, OTHERS)
    return next((g for g, begins in KERNEL if function.startswith(begins)), OTHERS)


def read_marks(path):
    marks = []
    for line in open(path):
        a, n = line.split()
        if a == "mark":
            marks.append({})
        else:
            marks[-1][int(a, 16)] = int(n)
    return marks


def per_io(row, marks, symbols):
    """instructions per I/O: by group, and by function"""
    short, long = (marks[m] for m in row["marks"])
    n = row["ios"][1] - row["ios"][0]
    groups, functions = collections.Counter(), collections.Counter()
    for address in short.keys() | long.keys():
        if address == USER:
            continue
        count = (long.get(address, 0) - short.get(address, 0)) / n
        module, function = ("kernel", "?") if address == ELSEWHERE else (symbols.module(address),
                                                                         symbols.function(address))
        groups[group(module, function)] += count
        functions[module + ":" + function] += count
    return groups, functions


def load(directory):
    """what the guest wrote down, with the counts in place of the marks"""
    symbols = Symbols(directory)
    marks = read_marks(directory + "/counts")
    found = json.load(open(directory + "/count.json"))
    for row in found["rows"]:
        if "marks" not in row:
            continue
        groups, functions = per_io(row, marks, symbols)
        row["instructions"] = round(sum(groups.values()))
        row["groups"] = {g: round(c) for g, c in groups.most_common()}
        row["functions"] = {f: round(c) for f, c in functions.most_common(60) if c >= 1}
        del row["marks"]
    return found


if __name__ == "__main__":
    json.dump(load(sys.argv[1]), sys.stdout, indent=1)
