"""Write the table of README.md: each statistic, its references and its largest deviation."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

from references.agreement import DIFFERENCES, OUTPUTS, PARTS, TOLERANCE, Pair, output, pairs

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- written by report.py: begin -->", "<!-- end -->"
FLOOR = 1e-11
"""Deviations below it are rounding, and differ between machines."""


def table() -> str:
    """What stands between `BEGIN` and `END`."""
    groups: dict[str, list[Pair]] = defaultdict(list)
    for part in ("ours", *PARTS):
        for item in pairs(part):
            groups[title(item)].append(item)
    lines = [
        "| Statistic | References | Cases | Numbers | Largest deviation |",
        "|---|---|---|---|---|",
    ]
    for name in sorted(groups):
        same = [item for item in groups[name] if item.difference is None]
        if not same:
            continue
        tools = "; ".join(f"`{tool}`" for tool in sorted({item.tool for item in same}))
        cases = len({item.case for item in same})
        lines.append(f"| {name} | {tools} | {cases} | {len(same)} | {bound(same)} |")
    lines += [
        "",
        f"Every one of them is held to {TOLERANCE:g}. Where a reference computes something else:",
        "",
    ]
    lines += ["| Case | Reference's statistic, field | Held to | Why |", "|---|---|---|---|"]
    for item in DIFFERENCES:
        held = "ours is undecided" if item.tolerance is None else f"{item.tolerance:g}"
        lines.append(
            f"| {item.case} | {item.statistic}, {item.field} | {held} | {item.why} |".replace("*", r"\*")
        )
    lines.append("")
    for name in OUTPUTS:
        versions = ", ".join(f"{tool} {version}" for tool, version in output(name)["versions"].items())
        lines.append(f"- `{name}`: {versions}")
    return "\n".join(lines)


def title(item: Pair) -> str:
    """What a row of the table is about."""
    if item.case == "drift":
        return f"drift: {item.field}"
    return item.case if item.case in ("planned", "families", "tails") else item.statistic


def bound(items: list[Pair]) -> str:
    """The power of ten above the largest deviation: it reads the same on every machine."""
    worst = max(item.deviation for item in items)
    return f"< {FLOOR:g}" if worst < FLOOR else f"< {10 ** math.ceil(math.log10(worst)):g}"


def written(text: str) -> str:
    """`text` of the README with the table anew."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
