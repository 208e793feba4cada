"""Calibration: observed against predicted, with the distribution of scores below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from muniment.render.charts.theme import BLUE, GREY, ORANGE, finished, plotted


def calibration(
    bins: Sequence[Mapping[str, float]],
    scores: Sequence[Mapping[str, float]],
    smooth: Sequence[Mapping[str, float]] = (),
) -> Mapping[str, Any]:
    """Return observed over predicted risk, a point a bin; below it a histogram of the scores.

    `smooth` is the flexible curve with its pointwise band; without it the bins are joined by a line.
    """
    upper = _curve(bins, smooth)
    if not scores:
        return finished(upper)
    return finished(alt.vconcat(upper, _histogram(scores), spacing=12))


def _curve(bins: Sequence[Mapping[str, float]], smooth: Sequence[Mapping[str, float]]) -> Any:
    data = [dict(entry) for entry in bins]
    x = alt.X("predicted:Q", title="Predicted risk", scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("observed:Q", title="Observed proportion", scale=alt.Scale(domain=[0, 1]))
    tips = [
        alt.Tooltip("predicted:Q", title="Predicted", format=".3f"),
        alt.Tooltip("observed:Q", title="Observed", format=".3f"),
        alt.Tooltip("low:Q", title="Lower bound", format=".3f"),
        alt.Tooltip("high:Q", title="Upper bound", format=".3f"),
        alt.Tooltip("n:Q", title="Patients", format=",d"),
    ]
    ends = [{"predicted": 0, "observed": 0}, {"predicted": 1, "observed": 1}]
    ideal = plotted(ends).mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1).encode(x=x, y=y)
    bars = plotted(data).mark_rule(color=BLUE, strokeWidth=1.5).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    layers = [ideal, *_smooth(smooth, x, y)]
    if not smooth:
        layers.append(plotted(data).mark_line(color=BLUE, strokeWidth=1.5).encode(x=x, y=y))
    dots = (
        plotted(data).mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(x=x, y=y, tooltip=tips)
    )
    return alt.layer(*layers, bars, dots).properties(width=380, height=300)


def _smooth(points: Sequence[Mapping[str, float]], x: alt.X, y: alt.Y) -> list[Any]:
    if not points:
        return []
    data = [dict(point) for point in points]
    tips = [
        alt.Tooltip("predicted:Q", title="Predicted", format=".3f"),
        alt.Tooltip("observed:Q", title="Curve", format=".3f"),
        alt.Tooltip("low:Q", title="Lower bound", format=".3f"),
        alt.Tooltip("high:Q", title="Upper bound", format=".3f"),
    ]
    band = plotted(data).mark_area(color=ORANGE, opacity=0.16)
    line = plotted(data).mark_line(color=ORANGE, strokeWidth=2)
    return [
        band.encode(x=x, y=alt.Y("low:Q", title="Observed proportion"), y2="high:Q"),
        line.encode(x=x, y=y),
        plotted(data).mark_point(size=40, opacity=0).encode(x=x, y=y, tooltip=tips),
    ]


def _histogram(scores: Sequence[Mapping[str, float]]) -> Any:
    data = [dict(entry) for entry in scores]
    tips = [
        alt.Tooltip("low:Q", title="From", format=".2f"),
        alt.Tooltip("high:Q", title="To", format=".2f"),
        alt.Tooltip("n:Q", title="Patients", format=",d"),
        alt.Tooltip("events:Q", title="Events", format=",d"),
    ]
    bars = plotted(data).mark_rect(color=BLUE, opacity=0.75, stroke="white", strokeWidth=0.5)
    return bars.encode(
        x=alt.X("low:Q", title="Score", scale=alt.Scale(domain=[0, 1])),
        x2="high:Q",
        y=alt.Y("n:Q", title="Patients"),
        y2=alt.datum(0),
        tooltip=tips,
    ).properties(width=380, height=70)
