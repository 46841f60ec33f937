# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: report.py RESULTS DIR

What the guest has left, as a table on the terminal, as DIR/attacks.json, and drawn: DIR/attacks.html, a
page that needs nothing but itself.
"""
import html
import json
import os
import sys

# what the verdicts are called on the terminal, and what they mean
WORDS = {
    "detected": "refused or an error: nobody was deceived",
    "harmless": "all data right, in spite of the attack",
    "accepted": "wrong or stale data returned as good, or something false opened as true",
    "documented": "accepted, but only what CAVEATS.rst says that an array can do",
    "not applicable": "the stack has nothing that could be attacked like this, or it would show nothing new",
}
SIGNS = {"detected": "✓", "harmless": "○", "accepted": "✗", "documented": "◐", "not applicable": "–"}

STYLE = """
:root { --detected: #1a7f4b; --harmless: #5b7083; --accepted: #c02f2f; --documented: #a36a00; --none: #9aa3ab; }
* { box-sizing: border-box; }
body { font: 14px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1d2327; background: #fff;
       max-width: 1180px; margin: 2.2em auto; padding: 0 1.5em; -webkit-print-color-adjust: exact;
       print-color-adjust: exact; }
h1 { font-size: 1.75em; margin: 0 0 .2em; letter-spacing: -.01em; }
h2 { font-size: 1.2em; margin: 2em 0 .5em; }
p { max-width: 78ch; margin: .4em 0 1em; }
.meta { color: #5b6770; font-size: .92em; }
.stacks { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1em; margin: 1.4em 0; }
.stack { border: 1px solid #d8dde1; border-radius: 8px; padding: .8em 1em; }
.stack h3 { margin: 0 0 .3em; font-size: 1em; }
.stack .big { font-size: 1.9em; font-weight: 650; line-height: 1.1; }
.stack .of { color: #5b6770; }
.stack svg { margin-top: .6em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5em .7em; border-bottom: 1px solid #e4e8eb; }
thead th { border-bottom: 2px solid #1d2327; font-size: .95em; background: #fff; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
tr.group th { background: #f0f3f5; font-size: .95em; border-bottom: 1px solid #d8dde1; break-after: avoid; }
td.what { width: 34%; }
td.what .name { font-weight: 600; }
td.what .text, td .note { color: #5b6770; font-size: .86em; }
td.what code { color: #7b858d; font-size: .82em; }
td.cell { width: 22%; }
.badge { display: inline-block; border-radius: 10px; padding: 0 .65em; font-size: .88em; font-weight: 600;
         color: #fff; white-space: nowrap; }
.detected { background: var(--detected); }
.harmless { background: #fff; color: var(--harmless); box-shadow: inset 0 0 0 1.5px var(--harmless); }
.accepted { background: var(--accepted); }
.documented { background: #fff; color: var(--documented); box-shadow: inset 0 0 0 1.5px var(--documented); }
.none { color: var(--none); background: none; padding: 0; font-weight: 400; }
.tries { color: #5b6770; font-size: .86em; margin-left: .3em; white-space: nowrap; }
.problem { color: var(--accepted); font-weight: 600; font-size: .9em; }
svg { display: block; width: 100%; height: 7px; margin: .35em 0 .2em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .45em 1em; margin: 0; }
dd { margin: 0; }
@page { margin: 12mm; }
@media print { body { font-size: 10.5px; margin: 0; max-width: none; } h2 { break-after: avoid; } }
@media screen and (max-width: 800px) { .stacks { grid-template-columns: 1fr; } }
"""
COLOURS = {"detected": "#1a7f4b", "harmless": "#b9c4cd", "accepted": "#c02f2f", "documented": "#e0a93f"}


def verdict(result):
    """The word for a stack's result; an attack that is not carried out here has none."""
    if not result:
        return "not applicable"
    return "documented" if result["documented"] and result["verdict"] == "accepted" else result["verdict"]


def verdicts(data, stack):
    return [verdict(a["results"].get(stack)) for a in data["attacks"]]


def shares(result):
    """[(kind, tries)], accepted last"""
    kind = verdict(result)
    last = kind if kind == "documented" else "accepted"
    return [("detected", result["counts"]["detected"]), ("harmless", result["counts"]["harmless"]),
            (last, result["counts"]["accepted"])]


# ---- terminal ----

def table(data):
    names = [title for _, title in data["stacks"]]
    first = max(len(a["id"]) for a in data["attacks"])
    widths = [max(len(n), 22) for n in names]
    line = lambda cells: print(("  " + "  ".join(c.ljust(w) for c, w in zip(cells, [first, *widths]))).rstrip())
    line(["attack", *names])
    line(["-" * first, *("-" * w for w in widths)])
    for a in data["attacks"]:
        cells = []
        for stack, _ in data["stacks"]:
            r = a["results"].get(stack)
            tried = f" ({r['tries']})" if r and r["tries"] else ""
            cells.append(verdict(r) + tried if verdict(r) != "not applicable" else "-")
        line([a["id"], *cells])


# ---- page ----

def bar(parts, title):
    """A bar of [(kind, share)], drawn so that it is readable in grey as well: the order is always the same."""
    total, x, out = sum(n for _, n in parts), 0, []
    for kind, n in parts:
        if n:
            w = 100 * n / total
            out.append(f'<rect x="{x:.2f}" y="0" width="{w:.2f}" height="7" fill="{COLOURS[kind]}"/>')
            x += w
    return f'<svg viewBox="0 0 100 7" preserveAspectRatio="none" role="img"><title>{html.escape(title)}</title>' \
        f'{"".join(out)}</svg>'


def badge(kind, text=None):
    css = "none" if kind == "not applicable" else kind
    return f'<span class="badge {css}">{SIGNS[kind]} {html.escape(text or kind)}</span>'


def cell(result):
    kind = verdict(result)
    if kind == "not applicable":
        return f'<td class="cell">{badge(kind, result and result["note"])}</td>'
    parts = shares(result)
    tries = f'{result["tries"]} tries' if result["tries"] > 1 else "1 try"
    told = ", ".join(f"{n} {k}" for k, n in parts if n)
    drawn = bar(parts, told) if len([n for _, n in parts if n]) > 1 else ""
    told = f" &middot; {told}" if drawn else ""
    return f'<td class="cell">{badge(kind)}<span class="tries">{tries}</span>{drawn}' \
        f'<div class="note">{html.escape(result["note"])}{told}</div></td>'


def summary(data, stack, title):
    kinds = [k for k in verdicts(data, stack) if k != "not applicable"]
    counts = [(k, kinds.count(k)) for k in ("detected", "harmless", "documented", "accepted")]
    told = ", ".join(f"{n} {k}" for k, n in counts if n)
    fooled = kinds.count("accepted")
    return f'<div class="stack"><h3>{html.escape(title)}</h3><span class="big">{fooled}</span> ' \
        f'<span class="of">of {len(kinds)} attacks accepted</span>{bar(counts, told) if kinds else ""}' \
        f'<div class="meta">{told}</div></div>'


def rows(data):
    group = None
    for a in data["attacks"]:
        if a["group"] != group:
            group = a["group"]
            name = html.escape(data["groups"][str(group)])
            yield f'<tr class="group"><th colspan="{1 + len(data["stacks"])}">{name}</th></tr>'
        if not a["results"]:
            why = f'<span class="badge none">– {html.escape(a["text"])}</span>'
            yield f'<tr><td class="what"><div class="name">{html.escape(a["title"])}</div><code>{a["id"]}</code></td>' \
                f'<td colspan="{len(data["stacks"])}">{why}</td></tr>'
            continue
        problems = "".join(f'<div class="problem">{html.escape(p)}</div>' for p in a["problems"])
        yield f'<tr><td class="what"><div class="name">{html.escape(a["title"])}</div>' \
            f'<div class="text">{html.escape(a["text"])}</div><code>{a["id"]}</code>{problems}</td>' \
            + "".join(cell(a["results"].get(s)) for s, _ in data["stacks"]) + "</tr>"


def page(data):
    tries = sum(r["tries"] for a in data["attacks"] for r in a["results"].values())
    done = sum(bool(a["results"]) for a in data["attacks"])
    failed = sum(bool(a["problems"]) for a in data["attacks"]) + sum(not p["ok"] for p in data["properties"])
    head = "".join(f"<th>{html.escape(title)}</th>" for _, title in data["stacks"])
    legend = "".join(f"<dt>{badge(k)}</dt><dd>{html.escape(text)}</dd>" for k, text in WORDS.items())
    held = "".join(f'<tr><td>{badge("detected", "holds") if p["ok"] else badge("accepted", "broken")}</td>'
                   f'<td><code>{p["id"]}</code></td><td>{html.escape(p["text"])}</td></tr>' for p in data["properties"])
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The array as the enemy</title>
<style>{STYLE}</style>
</head>
<body>
<h1>The array as the enemy</h1>
<p>The disk behind each stack keeps every version of every block and answers with whatever it likes. Here is what each
stack makes of it. An attack counts as accepted as soon as a single one of its tries was; the other stacks are known
to accept some, and show that these are attacks.</p>
<p class="meta">Linux {html.escape(data["kernel"])} &middot; {done} attacks, {tries} tries, {data["opens"]} openings,
{data["reads"]} sectors read and compared &middot; seed {data["seed"]} &middot; {data["seconds"]} s &middot;
{"all ended as they must" if not failed else f'<span class="problem">{failed} did not end as they must</span>'}</p>
<div class="stacks">{"".join(summary(data, s, title) for s, title in data["stacks"])}</div>
<dl>{legend}</dl>
<h2>Attack by attack</h2>
<table>
<thead><tr><th>Attack</th>{head}</tr></thead>
<tbody>
{chr(10).join(rows(data))}
</tbody>
</table>
<h2>Over all attacks</h2>
<table><tbody>{held}</tbody></table>
</body>
</html>
"""


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        data = json.load(f)
    table(data)
    for a in data["attacks"]:
        for stack, r in a["results"].items():
            r["word"] = verdict(r)
    with open(os.path.join(sys.argv[2], "attacks.json"), "w", encoding="utf-8") as f:
        json.dump(data, f, indent=1)
        f.write("\n")
    with open(os.path.join(sys.argv[2], "attacks.html"), "w", encoding="utf-8") as f:
        f.write(page(data))


main()
