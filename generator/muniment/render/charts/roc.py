"""Receiver operating characteristic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from muniment.render.charts.theme import BLUE, GREY, ORANGE, finished, plotted

MOST = 200
"""Points drawn; a longer curve is thinned evenly, its ends kept."""


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point on the curve."""

    name: str
    fpr: float
    """1 − specificity."""
    tpr: float
    """Sensitivity."""


def thinned(points: Sequence[Any], most: int = MOST) -> list[Any]:
    """Return at most `most` of the points, evenly spaced, first and last kept."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(index * step)] for index in range(most)]


def roc(curve: Sequence[Mapping[str, float]], marks: Sequence[Point]) -> Mapping[str, Any]:
    """Return the curve over `fpr`, `tpr`, `threshold`, its operating points and the diagonal."""
    x = alt.X("fpr:Q", title="1 − specificity", scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("tpr:Q", title="Sensitivity", scale=alt.Scale(domain=[0, 1]))
    tips = [
        alt.Tooltip("fpr:Q", title="1 − specificity", format=".3f"),
        alt.Tooltip("tpr:Q", title="Sensitivity", format=".3f"),
        alt.Tooltip("threshold:Q", title="Threshold", format=".3f"),
    ]
    drawn = thinned([dict(point) for point in curve])
    ends = [{"fpr": 0, "tpr": 0}, {"fpr": 1, "tpr": 1}]
    chance = plotted(ends).mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1).encode(x=x, y=y)
    line = plotted(drawn).mark_line(color=BLUE, strokeWidth=2).encode(x=x, y=y, order="fpr:Q")
    touch = plotted(drawn).mark_point(size=60, opacity=0).encode(x=x, y=y, tooltip=tips)
    layers = [chance, line, touch]
    if marks:
        layers.append(_operating(marks, x, y))
    return finished(alt.layer(*layers).properties(width=380, height=380))


def _operating(marks: Sequence[Point], x: alt.X, y: alt.Y) -> Any:
    values = [{"name": mark.name, "fpr": mark.fpr, "tpr": mark.tpr} for mark in marks]
    tips = [
        alt.Tooltip("name:N", title="Operating point"),
        alt.Tooltip("tpr:Q", title="Sensitivity", format=".3f"),
        alt.Tooltip("fpr:Q", title="1 − specificity", format=".3f"),
    ]
    chart = plotted(values)
    return chart.mark_point(shape="diamond", filled=True, size=140, color=ORANGE, opacity=1).encode(
        x=x, y=y, tooltip=tips
    )
