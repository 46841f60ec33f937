# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: growth.py full|quick WHAT-THE-GUEST-LEFT WHERE-TO [CHAPTER]

From points (grow.py) to growth.json, growth.txt, growth.html and charts; and those of the chapter.
"""
import collections
import json
import sys

import svg
from counts import ELSEWHERE, USER, Symbols, group, read_marks

KIB, MIB, GIB, TIB = (1 << s for s in (10, 20, 30, 40))


def size_text(n):
    for unit, name in ((TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if n >= unit:
            return f"{n / unit:.4g} {name}"
    return f"{n:.0f} B"


# ---- what was found ----

def load(source):
    """points, with instructions in the place of marks: in user space, and per I/O in the kernel"""
    points = json.load(open(source + "/points.json"))
    symbols = Symbols(source)
    marks = read_marks(source + "/counts")
    for p in points:
        if "mark" not in p:
            continue
        groups = collections.Counter()
        counts = marks[p.pop("mark")]
        for address, n in counts.items():
            if address == ELSEWHERE:
                groups[group("kernel", "?")] += n
            elif address != USER:
                groups[group(symbols.module(address), symbols.function(address))] += n
        p["user"] = counts.get(USER, 0)
        p["kernel"] = sum(groups.values())
        p["groups"] = {g: round(n / p["ios"]) for g, n in groups.most_common()}
    return points


def per_io(p):
    return p["kernel"] / p["ios"]


def whole(p):
    return p["kernel"] + p["user"]


def whole_per_io(p):
    return whole(p) / p["ios"]


def moved(p):
    return p["backend"]["read"] + p["backend"]["written"]


def moved_per_io(p):
    return moved(p) / p["ios"]


def memory(p):
    return p["bytes"]


# ---- what is shown ----

class Chart:
    """curves: their names as grow.py has them, and value of a point; x_form: how an x is written"""

    def __init__(self, name, title, subtitle, series, curves, value, x, y, x_form=svg.short, y_form=svg.short,
                 log_y=False):
        self.name, self.title, self.subtitle, self.series = name, title, subtitle, series
        self.curves, self.value, self.x, self.y = curves, value, x, y
        self.x_form, self.y_form, self.log_y = x_form, y_form, log_y

    def lines(self, points):
        found = []
        for curve in self.curves:
            line = [(p["x"], self.value(p)) for p in points if (p["series"], p["curve"]) == (self.series, curve)]
            if line:
                found.append((curve, line))
        return found

    def picture(self, points):
        lines = self.lines(points)
        ticks = sorted({x for _, line in lines for x, _ in line})
        return svg.curves(self.title, self.subtitle, lines, x=self.x, y=self.y, log_x=True, log_y=self.log_y,
                          x_form=self.x_form, y_form=self.y_form, x_ticks=ticks)

    def table(self, points):
        lines = self.lines(points)
        rows = ["", f"{self.title} ({self.y})", "",
                f"{self.x:34}" + "".join(f"{name:>27}" for name, _ in lines)]
        for x in sorted({x for _, line in lines for x, _ in line}):
            cells = (dict(line).get(x) for _, line in lines)
            rows.append(f"{self.x_form(x):34}" + "".join(f"{'' if c is None else self.y_form(c):>27}" for c in cells))
        return rows


def number(n):
    return f"{n:,.0f}"


IOS = ("first write", "overwrite", "read, nodes not in memory", "read, nodes in memory")
TOOLS = ("check --data", "check", "format", "open, first", "open", "close")
INSTRUCTIONS, BYTES = "kernel instructions for each I/O", "bytes to and from the LUN for each I/O of 4 KiB"
WHOLE, MOVED = "instructions, kernel and user space", "bytes to and from the LUN"
SIZE, LEAVES = "size of the volume", "leaves written to"
CHARTS = [
    Chart("size-instructions", "4 KiB, all over a volume of this size",
          "As many I/Os at each size, and one checkpoint with the writes.",
          "size", IOS, per_io, SIZE, INSTRUCTIONS, size_text, number),
    Chart("size-bytes", "4 KiB, all over a volume of this size: bytes", "Data, journal and nodes.",
          "size", IOS, moved_per_io, SIZE, BYTES, size_text, size_text),
    Chart("size-commands", "Commands, by the size of the volume",
          "check: as many sectors are written at each size, each in a leaf of its own where there are enough.",
          "size", TOOLS, whole, SIZE, WHOLE, size_text, svg.short, log_y=True),
    Chart("size-commands-bytes", "Commands, by the size of the volume: bytes", "",
          "size", TOOLS, moved, SIZE, MOVED, size_text, size_text, log_y=True),
    Chart("dirty-instructions", "Leaves written to between two checkpoints", "4 KiB overwrites, always as many.",
          "dirty", ("neighbours", "one in each group"), per_io, LEAVES, INSTRUCTIONS, number, number),
    Chart("dirty-bytes", "Leaves written to between two checkpoints: bytes", "",
          "dirty", ("neighbours", "one in each group"), moved_per_io, LEAVES, BYTES, number, size_text),
    Chart("tags-instructions", "Tags in use", "4 KiB all over the same sectors, of which each tag has as many.",
          "tags", ("overwrite", "read"), per_io, "tags", INSTRUCTIONS, number, number),
    Chart("tags-commands", "Tags: opening such a volume, making one more", "",
          "tags", ("open", "making one"), whole_per_io, "tags", WHOLE, number, svg.short, log_y=True),
    Chart("tags-memory", "Tags: memory besides the node cache", "",
          "tags", ("memory",), memory, "tags", "bytes", number, size_text),
    Chart("openings-instructions", "Reads of what was written in so many openings", "4 KiB, all over the same sectors.",
          "openings", ("read",), per_io, "openings", INSTRUCTIONS, number, number),
    Chart("journal-instructions", "The size of the journal",
          "4 KiB overwrites all over a volume; only the journal asks for checkpoints.",
          "journal", ("1 GiB", "100 GiB"), per_io, "size of the journal", INSTRUCTIONS, size_text, number),
    Chart("journal-bytes", "The size of the journal: bytes", "",
          "journal", ("1 GiB", "100 GiB"), moved_per_io, "size of the journal", BYTES, size_text, size_text),
    Chart("cache-instructions", "The size of the node cache", "4 KiB, each in another one of 4,096 leaves: 16 MiB.",
          "cache", ("overwrite", "read"), per_io, "--cache-mib", INSTRUCTIONS, size_text, number),
    Chart("cache-bytes", "The size of the node cache: bytes", "",
          "cache", ("overwrite", "read"), moved_per_io, "--cache-mib", BYTES, size_text, size_text),
    Chart("recovery-instructions", "Opening after a crash", "Overwrites of 4 KiB that nobody flushed.",
          "recovery", ("all over 100 GiB", "one behind the other"), whole, "records in the journal", WHOLE, number,
          svg.short),
    Chart("recovery-bytes", "Opening after a crash: bytes", "",
          "recovery", ("all over 100 GiB", "one behind the other"), moved, "records in the journal", MOVED, number,
          size_text),
    Chart("written-instructions", "Checking, by what is written", "Sequentially, in a volume of 1 GiB.",
          "written", ("check --data", "check"), whole, "written", WHOLE, size_text, svg.short, log_y=True),
    Chart("written-bytes", "Checking, by what is written: bytes", "",
          "written", ("check --data", "check"), moved, "written", MOVED, size_text, size_text, log_y=True),
]


def smallest_and_largest(points):
    """what is to be shown of 10 TiB: one table"""
    rows = [p for p in points if p["series"] == "size"]
    sizes = sorted({p["x"] for p in rows})
    ends = [{p["curve"]: p for p in rows if p["x"] == size} for size in (sizes[0], sizes[-1])]
    lines = [f"{'':42}" + "".join(f"{size_text(s):>12}" for s in (sizes[0], sizes[-1]))]

    def line(title, value, form):
        a, b = (value(end) for end in ends)
        lines.append(f"{title:42}{form(a):>12}{form(b):>12}{b / a - 1:>+10.1%}")

    for c in TOOLS[2:]:
        line(f"{c}: instructions", lambda end: whole(end[c]), svg.short)                        # noqa: B023
        for way in ("read", "written"):
            if ends[0][c]["backend"][way]:
                line(f"{c}: bytes {way}", lambda end: end[c]["backend"][way], size_text)        # noqa: B023
    for c in IOS:
        line(f"{c}: instructions", lambda end: per_io(end[c]), number)                          # noqa: B023
        line(f"{c}: bytes", lambda end: moved_per_io(end[c]), number)                           # noqa: B023
    line("memory besides the nodes", lambda end: end["memory"]["bytes"], size_text)
    return lines


def renew(chapter, lines):
    """put the table into its place in the chapter"""
    text = open(chapter).read()
    begin, end = (f".. sizes: {w}\n" for w in ("made by tests/bench/growth --renew", "end"))
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    with open(chapter, "w") as f:
        f.write(before + begin + "\n::\n\n" + "".join(f"    {x.rstrip()}\n" for x in lines) + "\n" + end + after)


def same_with_many_tags(points):
    """what a request costs with a thousand tags in use is what it costs with one"""
    good = True
    for curve in ("overwrite", "read"):
        cost = {p["x"]: per_io(p) for p in points if (p["series"], p["curve"]) == ("tags", curve)}
        same = abs(cost[1000] / cost[1] - 1) < 0.03
        good = good and same
        print(f"{'ok' if same else 'not ok'} growth tags: {curve}: {cost[1000]:,.0f} instructions with 1,000 in use, "
              f"{cost[1]:,.0f} with one, at most 3 % apart")
    return good


def draw(points, charted, target):
    """charts, and a page with all of them"""
    sections = []
    for c in charted:
        picture = c.picture(points)
        with open(f"{target}/{c.name}.svg", "w") as f:
            f.write(picture)
        sections.append((c.title, "", picture))
    return sections


def main():
    what, source, target, *chapter = sys.argv[1:]
    points = load(source)
    with open(target + "/growth.json", "w") as f:
        json.dump({"schema": "dm-warrant/growth", "version": 1, "what": what, "points": points}, f, indent=1)
    series = {p["series"] for p in points}
    charted = [c for c in CHARTS if c.series in series]
    lines = smallest_and_largest(points) if "size" in series else []
    if chapter and lines:
        renew(chapter[0], lines)
    for c in charted:
        lines += c.table(points)
    with open(target + "/growth.txt", "w") as f:
        f.write("\n".join(lines) + "\n")
    print("\n".join(lines))
    sections = draw(points, charted, target)
    with open(target + "/growth.html", "w") as f:
        f.write(svg.page("The shape of growth", sections))
    if chapter:
        draw(points, charted, chapter[0].removesuffix(".rst"))
    if "tags" in series and not same_with_many_tags(points):
        sys.exit(1)


if __name__ == "__main__":
    main()
