# SPDX-License-Identifier: GPL-2.0-or-later
"""The charts of bench.html and of Documentation/performance.rst."""
import collections

import svg
import workloads

OWN = ("dm-warrant", "dm-crypt", "dm-integrity")
SHOWN = {"dm-warrant": "the module itself", "dm-crypt": "the module itself", "dm-integrity": "the module itself",
         "crypto": "crypto", "scheduler": "scheduler, work queues", "clearing, copying": "clearing, copying memory"}
REST = "block layer, device mapper, RAM disk"
COLOURS = {"the module itself": svg.OURS, "crypto": "#d98e04", "scheduler, work queues": "#b8433a",
           "clearing, copying memory": "#7a4fa0", REST: "#b9c3cc"}
PERCENTILES = {"p50": "#1f5fa8", "p99": "#d98e04", "p99.9": "#b8433a"}
OURS = "dm-warrant"

COUNTED = ["4k-write", "4k-read", "64k-write", "64k-read", "4k-fsync1", "4k-write-d32", "4k-read-d32"]
SPREAD = ["4k-write", "4k-read", "4k-fsync1", "4k-write-d32", "4k-read-d32"]
CACHES = ["4k-read-wide", "4k-read-cold", "4k-write-wide", "4k-write-cold"]


def titles_of(phase):
    return {w.name: w.title for w in workloads.PHASES[phase]}


def parts_of(rows):
    """{(workload, stack): {part: instructions}}, the mean of the rounds"""
    sums, n = collections.defaultdict(collections.Counter), collections.Counter()
    for row in rows:
        if "groups" in row:
            key = row["workload"], row["stack"]
            n[key] += 1
            for g, v in row["groups"].items():
                sums[key][SHOWN.get(g, REST)] += v
    return {key: {part: sums[key][part] / n[key] for part in COLOURS} for key in sums}


def instructions(result, names, chosen, title, subtitle):
    parts, told = parts_of(result["rows"]["count"]), titles_of("count")
    panels = []
    for w in chosen:
        rows = [(names[s], list(parts[w, s].items())) for s in names if (w, s) in parts]
        if rows:
            panels.append((told[w], rows))
    return panels and svg.bars(title, subtitle, panels, colours=COLOURS, ours=OURS)


def latency(result, names):
    cells = {p: result["summary"]["count"]["Latency in instructions, " + p] for p in PERCENTILES}
    told, panels = titles_of("count"), []
    for w in SPREAD:
        rows = [(names[s], [(p, cells[p][w][s]["median"]) for p in PERCENTILES])
                for s in names if s in cells["p50"].get(w, {})]
        if rows:
            panels.append((told[w], rows))
    return panels and svg.dots("Latency", "In instructions, on a scale of powers: p50, p99 and p99.9 of each, the number "
                               "is p99.9.", panels, colours=PERCENTILES, ours=OURS)


def simple(result, names, phase, table, chosen, title, subtitle, form, marks=(), less=()):
    cells, told = result["summary"].get(phase, {}).get(table, {}), titles_of(phase)
    panels = [(told[w], [(names[s], [("", cells[w][s]["median"])]) for s in names if s in cells[w] and s not in less])
              for w in chosen if w in cells]
    compared = any(len(rows) > 1 for _, rows in panels)
    return compared and svg.bars(title, subtitle, panels, form=form, ours=OURS, marks=marks)


def draw(result, names):
    """{file's name: (heading, text, SVG)} of what was measured"""
    found = {}
    if "count" in result["summary"]:
        found["instructions"] = (
            "Instructions per I/O", "Of the kernel, what it does in the background included. Only dm-warrant and gcm with "
            "dm-integrity notice an altered sector; only dm-warrant notices an old one put back.",
            instructions(result, names, COUNTED, "Instructions per I/O",
                         "The kernel's, by what they are for. Each panel has its own scale. Shorter is better."))
        found["caches"] = (
            "When the working set is larger than memory", "Random I/O over 900 MiB: with what is needed in memory, and "
            "right after opening. \"1 MiB of cache\" holds a seventh of the nodes that this takes.",
            instructions(result, names, CACHES, "Instructions per I/O over 900 MiB",
                         "Warm, and cold: right after opening. Shorter is better."))
        found["latency"] = ("Latency", "", latency(result, names))
    found["bytes"] = (
        "Bytes written to the disk", "With everything that vouches for the data and with what it takes to survive a crash: "
        "journals and checkpoints.",
        simple(result, names, "bytes", "Bytes written to the disk for each byte written",
               ["1m-first", "1m-over", "64k-over", "4k-over", "4k-over-d32", "4k-over-fsync1"],
               "Bytes written to the disk for each byte written", "Shorter is better; 1 is the least.",
               lambda v: f"{v:.2f}", [(1, "the user's own")], ("raw", "linear", "xts-inline")))
    found["memory"] = (
        "Memory", "What an open volume takes under load, nodes in memory included.",
        simple(result, names, "memory", "MiB that an open volume takes, under load", ["4k-load", "1m-load"],
               "Memory of an open volume", "MiB, under load; what the load itself takes is taken off.",
               lambda v: f"{v:.1f}", (), ("raw", "linear")))
    found["wall"] = (
        "By the clock", "I/Os per second of an emulated machine with two processors. Such a machine's time is no time of a "
        "real one: this shows whether anything waits for a lock, not how fast anything is.",
        simple(result, names, "wall", "I/Os per second by the clock, as a part of what dm-crypt xts reached in the same run",
               [w.name for w in workloads.WALL], "I/Os per second, relative to dm-crypt xts",
               "By the clock of an emulated machine with two processors: a hint at most. Longer is better.",
               lambda v: f"{v:.2f}", [(1, "dm-crypt xts")], ("raw", "linear")))
    return {name: chart for name, chart in found.items() if chart[2]}
