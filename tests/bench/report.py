# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: report.py [--add] WHAT-THE-GUESTS-LEFT WHERE-TO QEMU'S-VERSION

Makes bench.json, bench.txt, bench.html and the charts of what was measured; with --add also of what
the report there has of other stacks and phases, if it is of the same machine.
"""
import collections
import glob
import json
import os
import sys

import charts
import counts
import stacks
import svg
import targets
import workloads

TITLES = {s.name: s.title for s in stacks.ALL}


def median(values):
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def amplification(row):
    return row["backend"]["written"] / row["user"]["write"] if row["user"]["write"] else None


def read_per_byte(row):
    return row["backend"]["read"] / row["user"]["read"] if row["user"]["read"] else None


def flushes_per_1000(row):
    return row["backend"]["flushes"] * 1000 / row["ios"]


def worst(what):
    """of reads, writes and fsyncs the slower, where there are several"""
    return lambda row: max(v[what] for v in row["latency"].values())


# What is shown of a phase: title, value of a row (None: nothing to say), how it is written
TABLES = {
    "count": [
        ("Instructions per I/O, kernel only, what is done in the background included",
         lambda r: r.get("instructions"), "{:,.0f}"),
        ("of these the module's own (dm-warrant, or dm-crypt and dm-integrity)",
         lambda r: sum(r["groups"].get(g, 0) for g in charts.OWN) if "groups" in r else None, "{:,.0f}"),
        ("Latency in instructions, mean", worst("mean"), "{:,.0f}"),
        ("Latency in instructions, p50", worst("p50"), "{:,.0f}"),
        ("Latency in instructions, p99", worst("p99"), "{:,.0f}"),
        ("Latency in instructions, p99.9", worst("p99.9"), "{:,.0f}"),
    ],
    "bytes": [
        ("Bytes written to the disk for each byte written", amplification, "{:.3f}"),
        ("Bytes read from the disk for each byte read", read_per_byte, "{:.3f}"),
    ],
    "flushes": [("Flushes of the disk for 1,000 I/Os", flushes_per_1000, "{:,.1f}")],
    "memory": [
        ("MiB that an open volume takes, idle", lambda r: r["idle"] / 1024, "{:.1f}"),
        ("MiB that an open volume takes, under load", lambda r: r["load"] / 1024, "{:.1f}"),
    ],
    "wall": [
        ("I/Os per second by the clock, as a part of what dm-crypt xts reached in the same run",
         lambda r: r["iops"], "{:.2f}"),
    ],
}


def grid(rows, value):
    """{workload: {stack: {median, min, max}}} of value(row)"""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for row in rows:
        v = value(row)
        if v is not None:
            found[row["workload"]][row["stack"]].append(v)
    return {w: {s: {"median": median(v), "min": min(v), "max": max(v)} for s, v in by.items()}
            for w, by in found.items()}


def relative(cells, to):
    """each median as a part of that of the stack "to"; those without one are left out"""
    return {w: {s: {k: v / by[to]["median"] for k, v in c.items()} for s, c in by.items()}
            for w, by in cells.items() if to in by}


def table(title, phase, cells, form):
    names = [s.name for s in stacks.ALL if any(s.name in by for by in cells.values())]
    lines = ["", title, "", f"{'':37}" + "".join(f"{n:>14}" for n in names)]
    for w in workloads.PHASES[phase]:
        if w.name in cells:
            lines.append(f"{w.title:37}" + "".join(
                f"{form.format(cells[w.name][n]['median']) if n in cells[w.name] else '':>14}" for n in names))
    return lines


def load(source):
    """{phase: what the guest wrote down}, the rounds of "count" put together"""
    found = {}
    for phase in ("bytes", "flushes", "memory", "wall"):
        path = f"{source}/guest/{phase}.json"
        if os.path.exists(path):
            found[phase] = json.load(open(path))
    for d in sorted(glob.glob(source + "/[0-9]*")):
        one = counts.load(d)
        found.setdefault("count", {**one, "rows": []})["rows"] += one["rows"]
    return found


def titled(phase, cells, form=None):
    """for charts.py: {workload's title: {stack's title: median}}"""
    names = {w.name: w.title for w in workloads.PHASES[phase]}
    return {names[w]: {TITLES[s]: c["median"] for s, c in by.items()} for w, by in cells.items()}


def add_old(result, path):
    """rows of stacks and phases that were not measured this time"""
    with open(path) as f:
        old = json.load(f)
    for what in MACHINE:
        if old[what] != result[what]:
            sys.exit(f"report.py: {path} is of another machine: {what} differs")
    result["crypto"] = sorted(set(result["crypto"] + old["crypto"]))
    for phase, rows in old["rows"].items():
        new = result["rows"].setdefault(phase, [])
        seen = {(r["stack"], r["workload"]) for r in new}
        new += [r for r in rows if (r["stack"], r["workload"]) not in seen]


MACHINE = ("qemu", "kernel", "fio", "cpu")


def main():
    add = sys.argv[1] == "--add"
    source, target, qemu = sys.argv[1 + add:]
    phases = load(source)
    if not phases:
        sys.exit("report.py: no phase has left anything")
    machine = next(iter(phases.values()))
    result = {"schema": "dm-warrant/bench", "version": 1, "qemu": qemu,
              **{k: machine[k] for k in ("kernel", "fio", "cpu")},
              "crypto": sorted(set(d for p in phases.values() for d in p["crypto"])), "summary": {},
              "rows": {phase: found["rows"] for phase, found in phases.items()}}
    if add and os.path.exists(target + "/bench.json"):
        add_old(result, target + "/bench.json")
    lines = [f"Linux {machine['kernel']}, QEMU {qemu}, {machine['fio']}"]
    for phase in workloads.PHASES:
        rows = result["rows"].get(phase, [])
        for title, value, form in TABLES[phase]:
            cells = grid(rows, value)
            if phase == "wall":
                cells = relative(cells, "xts")
            if cells:
                result["summary"].setdefault(phase, {})[title] = cells
                lines += table(title, phase, cells, form)
    judged = targets.judge(result)
    result["targets"] = judged
    lines += targets.table(judged)
    os.makedirs(target, exist_ok=True)
    pictures = charts.draw(result, TITLES)
    for name, (_, _, picture) in pictures.items():
        with open(f"{target}/{name}.svg", "w") as f:
            f.write(picture)
    text = "\n".join(lines) + "\n"
    for name, content in (("bench.json", json.dumps(result, indent=1)), ("bench.txt", text),
                          ("bench.html", svg.page("dm-warrant and its peers", list(pictures.values()), lines[0], text))):
        with open(f"{target}/{name}", "w") as f:
            f.write(content)
    print(text, end="")


if __name__ == "__main__":
    main()
