"""Degradation: a loss with its interval over how strongly inputs were perturbed, one panel a perturbation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from muniment.render.charts.theme import BLUE, GREY, finished, plotted

PANEL, HIGH = 190, 170
COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Loss:
    """One point of a curve."""

    perturbation: str
    level: float
    drop: float
    low: float
    high: float
    n: int


def degradation(losses: Sequence[Loss], title: str) -> Mapping[str, Any]:
    """Return the loss over the level, panels in the order of their first point; no loss is a dashed line."""
    data = [
        {
            "perturbation": loss.perturbation,
            "level": loss.level,
            "drop": loss.drop,
            "low": loss.low,
            "high": loss.high,
            "n": loss.n,
            "zero": 0,
        }
        for loss in losses
    ]
    order: Any = list(dict.fromkeys(entry["perturbation"] for entry in data))
    x = alt.X("level:Q", title="Level", scale=alt.Scale(zero=True))
    y = alt.Y("drop:Q", title=f"{title} (95% interval)")
    tips = [
        alt.Tooltip("perturbation:N", title="Perturbation"),
        alt.Tooltip("level:Q", title="Level"),
        alt.Tooltip("drop:Q", title=title, format=".3f"),
        alt.Tooltip("low:Q", title="Lower bound", format=".3f"),
        alt.Tooltip("high:Q", title="Upper bound", format=".3f"),
        alt.Tooltip("n:Q", title="n", format=",d"),
    ]
    # Only the layers together carry the rows: a panel would else draw the rows of all.
    base = alt.Chart()
    layers = alt.layer(
        base.mark_rule(color=GREY, strokeDash=[4, 4], strokeWidth=1).encode(y=alt.Y("zero:Q")),
        base.mark_rule(color=BLUE, strokeWidth=1.5).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", tooltip=tips),
        base.mark_line(color=BLUE, strokeWidth=1.5).encode(x=x, y=y),
        base.mark_point(shape="square", filled=True, size=60, color=BLUE, opacity=1).encode(
            x=x, y=y, tooltip=tips
        ),
        data=plotted(data).data,
    ).properties(width=PANEL, height=HIGH)
    panels = layers.facet(
        facet=alt.Facet("perturbation:N", title=None, sort=order), columns=COLUMNS
    ).resolve_scale(x="independent")
    return finished(panels)
