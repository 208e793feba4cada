"""Clinical use: precision over recall, net benefit over thresholds, predictive values over prevalences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from muniment.render.charts.theme import BLUE, GREY, INK, ORANGE, finished, plotted

SQUARE = 380
WIDE, HIGH = 580, 290
BAND = 0.14
"""Opacity of an interval drawn as a band."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """An operating point on the precision–recall curve."""

    name: str
    recall: float
    precision: float


def precision_recall(
    curve: Sequence[Mapping[str, float]], marks: Sequence[Recalled], prevalence: float | None
) -> Mapping[str, Any]:
    """Return precision over recall, operating points as diamonds, the prevalence as a dashed line."""
    x = alt.X("recall:Q", title="Recall (sensitivity)", scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("precision:Q", title="Precision (PPV)", scale=alt.Scale(domain=[0, 1]))
    tips = [
        alt.Tooltip("recall:Q", title="Recall", format=".3f"),
        alt.Tooltip("precision:Q", title="Precision", format=".3f"),
        alt.Tooltip("threshold:Q", title="Threshold", format=".3f"),
    ]
    data = [dict(point) for point in curve]
    layers = []
    if prevalence is not None:
        ends = [{"recall": 0, "precision": prevalence}, {"recall": 1, "precision": prevalence}]
        layers.append(plotted(ends).mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1).encode(x=x, y=y))
    layers.append(plotted(data).mark_line(color=BLUE, strokeWidth=2).encode(x=x, y=y, order="recall:Q"))
    layers.append(plotted(data).mark_point(size=60, opacity=0).encode(x=x, y=y, tooltip=tips))
    if marks:
        points = plotted([{"name": m.name, "recall": m.recall, "precision": m.precision} for m in marks])
        shown = [alt.Tooltip("name:N", title="Operating point"), *tips[:2]]
        layers.append(
            points.mark_point(shape="diamond", filled=True, size=140, color=ORANGE, opacity=1).encode(
                x=x, y=y, tooltip=shown
            )
        )
    return finished(alt.layer(*layers).properties(width=SQUARE, height=SQUARE))


def decision(curve: Sequence[Mapping[str, float]], at: float | None = None) -> Mapping[str, Any]:
    """Return net benefit of model, treat-all and treat-none over thresholds, bands for intervals.

    `at` is the threshold of the operating point, a vertical line. What lies far below zero is cut off.
    """
    first, last = curve[0]["threshold"], curve[-1]["threshold"]
    top = max(max(point["model_high"], point["all_high"]) for point in curve)
    x = alt.X("threshold:Q", title="Threshold probability", scale=alt.Scale(domain=[first, last], nice=False))
    domain = [-max(top, 0.02) / 5, max(top, 0.02)]
    scale = alt.Scale(domain=domain, nice=False)
    data = [dict(point) for point in curve]
    tips = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".3f"),
        alt.Tooltip("model:Q", title="Model", format=".3f"),
        alt.Tooltip("model_low:Q", title="Lower bound", format=".3f"),
        alt.Tooltip("model_high:Q", title="Upper bound", format=".3f"),
        alt.Tooltip("all:Q", title="Treat all", format=".3f"),
    ]
    title = "Net benefit (true positives per patient)"
    layers = []
    for name, colour, dash in (("all", GREY, [6, 3]), ("model", BLUE, [1, 0])):
        band = plotted(data).mark_area(color=colour, opacity=BAND, clip=True)
        layers.append(
            band.encode(x=x, y=alt.Y(f"{name}_low:Q", title=title, scale=scale), y2=f"{name}_high:Q")
        )
        line = plotted(data).mark_line(color=colour, strokeWidth=2, strokeDash=dash, clip=True)
        layers.append(line.encode(x=x, y=alt.Y(f"{name}:Q", title=title, scale=scale)))
    nobody = plotted([{"zero": 0}]).mark_rule(color=INK, strokeWidth=1)
    layers.append(nobody.encode(y=alt.Y("zero:Q", title=title, scale=scale)))
    if at is not None and first <= at <= last:
        layers.append(plotted([{"at": at}]).mark_rule(color=ORANGE, strokeWidth=1.5).encode(x=alt.X("at:Q")))
    touch = plotted(data).mark_point(size=60, opacity=0, clip=True)
    layers.append(touch.encode(x=x, y=alt.Y("model:Q", title=title, scale=scale), tooltip=tips))
    return finished(alt.layer(*layers, *_names(curve, domain)).properties(width=WIDE, height=HIGH))


def _names(curve: Sequence[Mapping[str, float]], domain: Sequence[float]) -> list[Any]:
    """The names of the three strategies, each written where its line is alone."""
    low, high = domain
    gap = (high - low) / 40
    gone = next((p for p in curve if p["all_high"] < -2 * gap), curve[-1])
    widest = max(curve, key=lambda p: p["model"] - max(p["all"], 0.0))
    named = (
        ("model", widest["threshold"], widest["model_high"] + gap, BLUE, "left", "bottom"),
        ("treat all", gone["threshold"], -gap, GREY, "left", "top"),
        ("treat none", curve[0]["threshold"], -gap, INK, "left", "top"),
    )
    return [
        plotted([{"x": at, "y": min(level, high), "name": name}])
        .mark_text(
            color=colour, align=align, baseline=baseline, fontSize=12, dx=-6 if align == "right" else 4
        )
        .encode(x=alt.X("x:Q"), y=alt.Y("y:Q"), text="name:N")
        for name, at, level, colour, align, baseline in named
    ]


def predictive(
    curve: Sequence[Mapping[str, float]], prevalences: Sequence[tuple[str, float]]
) -> Mapping[str, Any]:
    """Return PPV and NPV over prevalence with bands, and named prevalences as vertical lines."""
    data = [dict(point) for point in curve]
    x = alt.X("prevalence:Q", title="Prevalence", scale=alt.Scale(domain=[0, 1]))
    title, scale = "Predictive value", alt.Scale(domain=[0, 1])
    tips = [alt.Tooltip("prevalence:Q", title="Prevalence", format=".2f")]
    tips += [
        alt.Tooltip(f"{name}{end}:Q", title=f"{name.upper()}{words}", format=".3f")
        for name in ("ppv", "npv")
        for end, words in (("", ""), ("_low", ", lower bound"), ("_high", ", upper bound"))
    ]
    layers = []
    for name, colour in (("ppv", BLUE), ("npv", ORANGE)):
        band = plotted(data).mark_area(color=colour, opacity=BAND)
        layers.append(
            band.encode(x=x, y=alt.Y(f"{name}_low:Q", title=title, scale=scale), y2=f"{name}_high:Q")
        )
        line = plotted(data).mark_line(
            color=colour, strokeWidth=2, point={"filled": True, "size": 25, "color": colour}
        )
        layers.append(line.encode(x=x, y=alt.Y(f"{name}:Q", title=title, scale=scale), tooltip=tips))
        end = data[0] if name == "npv" else data[-1]
        text = plotted([{"x": end["prevalence"], "y": end[name], "name": name.upper()}])
        layers.append(
            text.mark_text(
                color=colour, fontSize=12, align="left" if name == "npv" else "right", baseline="top", dy=8
            ).encode(x=alt.X("x:Q"), y=alt.Y("y:Q"), text="name:N")
        )
    for name, at in prevalences:
        rule = plotted([{"at": at, "name": name}])
        layers.append(rule.mark_rule(color=GREY, strokeDash=[4, 4]).encode(x=alt.X("at:Q")))
        layers.append(
            rule.mark_text(color=GREY, fontSize=11, align="left", dx=4, baseline="bottom").encode(
                x=alt.X("at:Q"), y=alt.datum(0.01), text="name:N"
            )
        )
    return finished(alt.layer(*layers).properties(width=WIDE, height=HIGH))
