# SPDX-License-Identifier: GPL-2.0-or-later
"""What dm-warrant has to reach, and what it reaches."""

COUNT, BYTES, MEMORY = ("Latency in instructions, mean", "Bytes written to the disk for each byte written",
                        "MiB that an open volume takes, under load")

# what, (phase, its table, workload), must be below, aim
TARGETS = [
    ("4 KiB random write, instructions", ("count", COUNT, "4k-peers-write"), 47587, 34715),
    ("4 KiB random read, instructions", ("count", COUNT, "4k-peers-read"), 30000, 24726),
    ("64 KiB write, instructions", ("count", COUNT, "64k-peers"), 355000, 290000),
    ("bytes per byte, sequential, first", ("bytes", BYTES, "1m-first"), 1.05, 1.02),
    ("bytes per byte, sequential, again", ("bytes", BYTES, "1m-over"), 1.05, 1.02),
    ("bytes per byte, 4 KiB random over all", ("bytes", BYTES, "4k-over"), 2.2, 1.5),
    ("MiB of memory, under load", ("memory", MEMORY, "4k-load"), 16, None),
]


def judge(result):
    """of each target that was measured: what, must, aim, measured, command, and what is reached"""
    found = []
    for what, (phase, title, workload), must, aim in TARGETS:
        cell = result["summary"].get(phase, {}).get(title, {}).get(workload, {}).get("warrant")
        if cell is None:
            continue
        measured = cell["median"]
        mark = "missed" if measured >= must else "aim" if aim is not None and measured < aim else "must"
        found.append({"what": what, "must": must, "aim": aim, "measured": measured, "mark": mark,
                      "command": f"make bench PHASES={phase}"})
    return found


def number(v):
    if v is None:
        return ""
    return f"{v:,.0f}" if v >= 100 else f"{v:.3f}".rstrip("0").rstrip(".")


def table(judged):
    lines = ["", "What was to be reached", "",
             f"{'':40}{'must: below':>13}{'aim: below':>12}{'measured':>11}  {'reached':8}  command"]
    for t in judged:
        lines.append(f"{t['what']:40}{number(t['must']):>13}{number(t['aim']):>12}{number(t['measured']):>11}  "
                     f"{t['mark']:8}  {t['command']}")
    return lines if judged else []
