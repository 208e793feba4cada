"""A measure over monitoring windows, against its alert bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from muniment.render.charts.theme import BLUE, INKS, ORANGE, finished, plotted

PLOT = (270, 160)
"""Width and height of the plot in pixels: two charts stand side by side."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One window's value."""

    window: str
    value: float
    low: float | None
    high: float | None
    n: int | None
    group: str = ""
    """Site or other group; empty for everybody."""


def trend(
    readings: Sequence[Reading],
    title: str,
    *,
    windows: Sequence[str] = (),
    bounds: Mapping[str, float] | None = None,
) -> Mapping[str, Any]:
    """Return a line a group over windows in text order, intervals as whiskers, `bounds` as named lines."""
    data = [
        {
            "window": r.window,
            "value": r.value,
            "low": r.low,
            "high": r.high,
            "n": r.n,
            "group": r.group or "all",
        }
        for r in readings
    ]
    x = alt.X(
        "window:O",
        title="Window",
        scale=alt.Scale(domain=_domain(readings, windows)),
        axis=alt.Axis(labelAngle=-40),
    )
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False, nice=True))
    tips = [
        alt.Tooltip("window:O", title="Window"),
        alt.Tooltip("group:N", title="Group"),
        alt.Tooltip("value:Q", title=title, format=".3f"),
        alt.Tooltip("low:Q", title="Lower bound", format=".3f"),
        alt.Tooltip("high:Q", title="Upper bound", format=".3f"),
        alt.Tooltip("n:Q", title="n", format=",d"),
    ]
    layers = [_bound(name, at) for name, at in sorted((bounds or {}).items())]
    several = len({entry["group"] for entry in data}) > 1
    if not several and any(r.low is not None for r in readings):
        layers.append(plotted(data).mark_rule(color=BLUE).encode(x=x, y=alt.Y("low:Q"), y2="high:Q"))
    colour: Any = alt.value(BLUE)
    marked: dict[str, Any] = {"color": colour}
    if several:
        scale = alt.Scale(range=list(INKS))
        colour = alt.Color("group:N", scale=scale, legend=None)
        marked = {
            "color": alt.Color("group:N", title="Group", scale=scale),
            "shape": alt.Shape("group:N", title="Group"),
        }
    layers.append(plotted(data).mark_line(strokeWidth=1.5).encode(x=x, y=y, color=colour))
    dots = plotted(data).mark_point(filled=True, size=60, opacity=1)
    layers.append(dots.encode(x=x, y=y, tooltip=tips, **marked))
    chart = alt.layer(*layers).properties(width=PLOT[0], height=PLOT[1])
    return finished(chart.resolve_scale(color="independent", shape="independent") if several else chart)


def _domain(readings: Sequence[Reading], windows: Sequence[str]) -> list[str]:
    return list(windows) or sorted({reading.window for reading in readings})


def _bound(name: str, at: float) -> Any:
    data = [{"at": at, "name": name}]
    ruler = plotted(data).mark_rule(color=ORANGE, strokeDash=[6, 3] if name == "warn" else [1, 0])
    text = plotted(data).mark_text(align="left", dx=4, dy=-6, color=ORANGE, fontSize=11)
    return alt.layer(
        ruler.encode(y=alt.Y("at:Q")), text.encode(y=alt.Y("at:Q"), x=alt.value(0), text="name:N")
    )
