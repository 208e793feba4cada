"""Forest chart: one estimate with its interval for each level of the subgroup axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from muniment.render.charts.theme import BLUE, GREY, ORANGE, WIDTH, finished, plotted


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the chart."""

    axis: str
    level: str
    value: float
    low: float
    high: float
    n: int
    events: int | None


def forest(
    rows: Sequence[Row], title: str, *, overall: float | None = None, bound: float | None = None
) -> Mapping[str, Any]:
    """Return rows in the order given; `overall` as a dashed line, an acceptance `bound` as a solid one."""
    data = [
        {
            "label": f"{row.axis}: {row.level}",
            "value": row.value,
            "low": row.low,
            "high": row.high,
            "n": row.n,
            "events": row.events,
        }
        for row in rows
    ]
    order: Any = [entry["label"] for entry in data]
    y = alt.Y("label:N", title=None, sort=order, axis=alt.Axis(grid=True, ticks=False, domain=False))
    x = alt.X("value:Q", title=f"{title} (95% interval)", scale=alt.Scale(zero=False, nice=True))
    tips = [
        alt.Tooltip("label:N", title="Subgroup"),
        alt.Tooltip("value:Q", title=title, format=".3f"),
        alt.Tooltip("low:Q", title="Lower bound", format=".3f"),
        alt.Tooltip("high:Q", title="Upper bound", format=".3f"),
        alt.Tooltip("n:Q", title="n", format=",d"),
        alt.Tooltip("events:Q", title="Events", format=",d"),
    ]
    layers = []
    if overall is not None:
        layers.append(_line(overall, GREY, [4, 4]))
    if bound is not None:
        layers.append(_line(bound, ORANGE, [1, 0]))
    whisker = plotted(data).mark_rule(color=BLUE, strokeWidth=1.5)
    layers.append(whisker.encode(y=y, x=alt.X("low:Q"), x2="high:Q", tooltip=tips))
    square = plotted(data).mark_point(shape="square", filled=True, size=70, color=BLUE, opacity=1)
    layers.append(square.encode(y=y, x=x, tooltip=tips))
    height = max(90, 20 * len(data))
    return finished(alt.layer(*layers).properties(width=WIDTH - 60, height=height))


def _line(at: float, colour: str, dash: list[int]) -> Any:
    ruler = plotted([{"at": at}])
    return ruler.mark_rule(color=colour, strokeDash=dash, strokeWidth=1.5).encode(x=alt.X("at:Q"))
