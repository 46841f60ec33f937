# SPDX-License-Identifier: GPL-2.0-or-later
"""Charts as SVG: bars (plain, stacked), dots on a line (percentiles), curves.

Each function returns an SVG document as a string.  Nothing is loaded from elsewhere; what a mark is
stands beside it.

    bars(title, subtitle, panels)    panels: [(heading, [(label, [(part, value), ...]), ...]), ...]
                                     a part named "" is the only one of its bar
    dots(title, subtitle, panels)    the same, but each (name, value) is a dot of its row
    curves(title, subtitle, series)  series: [(name, [(x, y), ...]), ...]
"""
import math

WIDTH = 900
MARGIN = 24
INK, SOFT, GRID, PAPER = "#26303a", "#5a6772", "#e3e7eb", "#ffffff"
OURS = "#1f5fa8"
# They differ in lightness too, so that a print in grey can be read.
COLOURS = ["#1f5fa8", "#d98e04", "#7a4fa0", "#3d9970", "#b8433a", "#8795a1", "#c9d1d8"]

STYLE = (
    f"text{{font:12px 'DejaVu Sans',Verdana,Arial,sans-serif;fill:{INK}}}"
    f".h{{font-size:18px;font-weight:bold}}.s{{fill:{SOFT}}}.n{{font-weight:bold}}"
    f".e{{text-anchor:end}}.m{{text-anchor:middle}}.a{{fill:{SOFT};font-size:11px}}"
    ".w{fill:#fff;font-size:11px}.d{font-size:11px}"
)


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def wide(text, size=12):
    """how many pixels a text takes, about"""
    return len(str(text)) * size * 0.6


def short(value):
    """1234567 -> 1.23M"""
    for unit, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= factor:
            return f"{value / factor:.3g}{unit}" if abs(value) < 999.5 * factor else f"{value / factor:.0f}{unit}"
    return f"{value:.3g}"


class Picture:
    def __init__(self, title, subtitle):
        self.title = title
        self.marks = []
        self.y = MARGIN + 16
        self.text(MARGIN, self.y, title, "h")
        for line in subtitle.split("\n") if subtitle else ():
            self.y += 19
            self.text(MARGIN, self.y, line, "s")
        self.y += 14

    def text(self, x, y, text, style="", colour=None):
        fill = f' style="fill:{colour}"' if colour else ""
        self.marks.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{style}"{fill}>{escape(text)}</text>')

    def rect(self, x, y, w, h, colour, told=""):
        inside = f"<title>{escape(told)}</title>" if told else ""
        self.marks.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(w, 0):.1f}" height="{h:.1f}" '
                          f'fill="{colour}">{inside}</rect>')

    def line(self, x1, y1, x2, y2, colour=GRID, width=1):
        self.marks.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}"/>')

    def dot(self, x, y, colour, radius=4.5, told=""):
        inside = f"<title>{escape(told)}</title>" if told else ""
        self.marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}">{inside}</circle>')

    def path(self, points, colour, width=2.2):
        self.marks.append('<polyline points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in points) +
                          f'" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>')

    def key(self, colours):
        """coloured squares with their names, in one row or more"""
        x = MARGIN
        self.y += 6
        for name, colour in colours.items():
            if x > MARGIN and x + 18 + wide(name) > WIDTH - MARGIN:
                x, self.y = MARGIN, self.y + 18
            self.rect(x, self.y - 9, 11, 11, colour)
            self.text(x + 16, self.y + 1, name)
            x += 16 + wide(name) + 20
        self.y += 14

    def done(self):
        height = round(self.y + MARGIN - 6)
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
                f'viewBox="0 0 {WIDTH} {height}" role="img">\n<title>{escape(self.title)}</title>\n'
                f'<style>{STYLE}</style>\n<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>\n'
                + "\n".join(self.marks) + "\n</svg>\n")


class Axis:
    """values -> pixels, and where the ticks go"""

    def __init__(self, low, high, start, end, log=False):
        self.log, self.start, self.end = log, start, end
        if log:
            self.low, self.high = math.log10(low), math.log10(high)
            if self.high - self.low < 0.1:
                self.low, self.high = self.low - 0.1, self.high + 0.1
        else:
            self.low, self.high = low, high if high > low else low + 1

    def at(self, value):
        v = math.log10(value) if self.log else value
        return self.start + (v - self.low) * (self.end - self.start) / (self.high - self.low)

    def ticks(self):
        if not self.log:
            raw = (self.high - self.low) / 5
            base = 10 ** math.floor(math.log10(raw))
            step = next(s * base for s in (1, 2, 2.5, 5, 10) if s * base >= raw)
            first = math.ceil(self.low / step - 1e-9)
            return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]
        span = self.high - self.low
        steps = (1, 2, 5) if span < 3 else (1,)
        every = 1 if span < 10 else math.ceil(span / 8)
        found = [s * 10.0 ** e for e in range(math.floor(self.low), math.ceil(self.high) + 1, every) for s in steps]
        return [v for v in found if self.low - 1e-9 <= math.log10(v) <= self.high + 1e-9]


def colours_of(panels, colours):
    """{part: colour} in the order in which parts appear"""
    found = dict(colours or {})
    names = [p for _, rows in panels for _, parts in rows for p, _ in parts]
    free = [c for c in COLOURS if c not in found.values()] or COLOURS
    for n, name in enumerate(dict.fromkeys(n for n in names if n not in found)):
        found[name] = free[n % len(free)]
    return {n: c for n, c in found.items() if n in names}


def label_width(panels):
    return max(wide(label) for _, rows in panels for label, _ in rows) + 12


def bars(title, subtitle, panels, form=short, colours=None, ours="", same_scale=False, marks=()):
    """Bars that lie, one panel below another.

    ours: the label that stands out; marks: [(value, what)], a line across all panels.
    """
    p = Picture(title, subtitle)
    found = colours_of(panels, colours)
    if list(found) != [""]:
        p.key(found)
    left = MARGIN + label_width(panels)
    room = WIDTH - MARGIN - left - 74
    total = lambda parts: sum(max(v, 0) for _, v in parts)                          # noqa: E731
    highest = max([total(parts) for _, rows in panels for _, parts in rows] + [m for m, _ in marks])
    for heading, rows in panels:
        most = highest if same_scale or marks else max(total(parts) for _, parts in rows)
        p.y += 20
        if heading:
            p.text(MARGIN, p.y, heading, "n")
        top = p.y + 4
        p.y += 10
        for label, parts in rows:
            mine = label == ours
            p.text(left - 8, p.y + 12, label, "e n" if mine else "e")
            x = left
            for part, value in parts:
                w = max(value, 0) / (most or 1) * room
                colour = found[part] if part else OURS if mine else "#9aa7b2"
                p.rect(x, p.y, w, 16, colour, f"{label}: {part + ' ' if part else ''}{form(value)}")
                x += w
            p.text(x + 6, p.y + 12, form(total(parts)), "d n" if mine else "d")
            p.y += 21
        for value, _ in marks:
            x = left + value / (most or 1) * room
            p.line(x, top, x, p.y - 2, INK)
    for value, what in marks:
        p.y += 14
        p.text(left + value / (highest or 1) * room, p.y, what, "a m")
    return p.done()


def dots(title, subtitle, panels, form=short, colours=None, ours="", log=True):
    """Rows of dots on a line: how a quantity is spread. All panels have one scale."""
    p = Picture(title, subtitle)
    found = colours_of(panels, colours)
    p.key(found)
    left = MARGIN + label_width(panels)
    values = [v for _, rows in panels for _, parts in rows for _, v in parts if v > 0 or not log]
    axis = Axis(min(values) * 0.85 if log else 0, max(values) * 1.05, left, WIDTH - MARGIN - 54, log)
    ticks = axis.ticks()
    for heading, rows in panels:
        p.y += 20
        p.text(MARGIN, p.y, heading, "n")
        top = p.y + 6
        p.y += 20
        bottom = top + len(rows) * 21 + 4
        for t in ticks:
            p.line(axis.at(t), top, axis.at(t), bottom)
        for label, parts in rows:
            at = [axis.at(v) for _, v in parts if v > 0 or not log]
            p.text(left - 8, p.y + 4, label, "e n" if label == ours else "e")
            if at:
                p.line(min(at), p.y, max(at), p.y, OURS if label == ours else "#9aa7b2", 3)
            for name, value in parts:
                if value > 0 or not log:
                    p.dot(axis.at(value), p.y, found[name], told=f"{label}, {name}: {form(value)}")
            if at:
                p.text(max(at) + 9, p.y + 4, form(max(v for _, v in parts)), "d n" if label == ours else "d")
            p.y += 21
        p.y = bottom
    p.y += 14
    for t in ticks:
        p.text(axis.at(t), p.y, form(t), "a m")
    return p.done()


def spread(places, gap, low, high):
    """the same places, moved apart so that no two are nearer than gap"""
    order = sorted(range(len(places)), key=lambda i: places[i])
    new = list(places)
    for a, b in zip(order, order[1:]):
        new[b] = max(new[b], new[a] + gap)
    if order and new[order[-1]] > high:
        new[order[-1]] = high
        for a, b in reversed(list(zip(order, order[1:]))):
            new[a] = min(new[a], new[b] - gap)
    return [max(v, low) for v in new]


def curves(title, subtitle, series, x="", y="", log_x=False, log_y=False, x_form=short, y_form=short,
           x_ticks=None, colours=None, height=320, zero=True):
    """Lines with their names at their ends. x, y: what the axes are; zero: a linear y axis starts at 0"""
    p = Picture(title, subtitle)
    found = {name: (colours or {}).get(name, COLOURS[n % len(COLOURS)]) for n, (name, _) in enumerate(series)}
    points = [q for _, line in series for q in line]
    xs, ys = [q[0] for q in points], [q[1] for q in points]
    right = WIDTH - MARGIN - max(wide(name) for name, _ in series) - 14
    p.y += 6
    if y:
        p.text(MARGIN, p.y, y, "a")
        p.y += 8
    top, bottom = p.y + 6, p.y + 6 + height
    low = min(ys) / 1.2 if log_y else 0 if zero and min(ys) >= 0 else min(ys)
    up = Axis(low, max(ys) * (1.2 if log_y else 1.06) or 1, bottom, top, log_y)
    ticks = up.ticks()
    left = MARGIN + max(wide(y_form(t), 11) for t in ticks) + 10
    across = Axis(min(xs), max(xs), left + 6, right, log_x)
    for t in ticks:
        p.line(left, up.at(t), right, up.at(t))
        p.text(left - 6, up.at(t) + 4, y_form(t), "a e")
    for t in x_ticks or across.ticks():
        p.line(across.at(t), bottom, across.at(t), bottom + 4, SOFT)
        p.text(across.at(t), bottom + 17, x_form(t), "a m")
    p.line(left, bottom, right, bottom, SOFT)
    for name, line in series:
        at = [(across.at(a), up.at(b)) for a, b in line]
        p.path(at, found[name])
        for (a, b), (px, py) in zip(line, at):
            p.dot(px, py, found[name], 3.2, f"{name}: {x_form(a)}, {y_form(b)}")
    ends = spread([up.at(line[-1][1]) for _, line in series], 15, top, bottom)
    for (name, line), end in zip(series, ends):
        p.text(across.at(line[-1][0]) + 9, end + 4, name, "n", found[name])
    p.y = bottom + 17
    if x:
        p.y += 17
        p.text((left + right) / 2, p.y, x, "a m")
    return p.done()


def page(title, sections, subtitle="", text=""):
    """one HTML page that needs nothing else; text: at its end, as it is
    sections: [(heading, plain text in paragraphs, SVG or ""), ...]"""
    body = [f"<h1>{escape(title)}</h1>"] + [f"<p>{escape(subtitle)}</p>"] * bool(subtitle)
    for heading, told, picture in sections:
        body.append(f"<h2>{escape(heading)}</h2>")
        body += [f"<p>{escape(par)}</p>" for par in told.split("\n\n") if par]
        if picture:
            # class names are those of the whole page: the charts' style sheets are all the same
            body.append(f"<figure>{picture}</figure>")
    if text:
        body += ["<h2>Figures</h2>", f"<pre>{escape(text)}</pre>"]
    return ("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            f"<title>{escape(title)}</title>\n<style>body{{font:15px/1.5 'DejaVu Sans',Verdana,Arial,sans-serif;"
            f"color:{INK};max-width:{WIDTH}px;margin:2em auto;padding:0 1em}}figure{{margin:1em 0}}"
            "svg{max-width:100%;height:auto}pre{overflow-x:auto;font-size:12px}</style></head><body>\n"
            + "\n".join(body) + "\n</body></html>\n")
