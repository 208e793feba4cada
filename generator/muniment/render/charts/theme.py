"""How every chart looks: one typeface, three inks, a white ground in both palettes of the portal.

The typeface list begins with the one the drawing library carries: drawn bytes are the same everywhere.
Inks have a contrast of at least 4.5 : 1 on white, and differ in lightness as well as in hue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from muniment.render.text import clean

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
INK = "#1f2d3a"
QUIET = "#52606d"
GRID = "#e4e9ee"
BLUE = "#0b5c8a"
ORANGE = "#a8480a"
GREY = "#6b7785"

INKS = (BLUE, ORANGE, "#3d6b21", "#7a3b86", "#5b4a1e", "#1f2d3a")
"""For groups; each also has a shape of its own."""

WIDTH = 460
"""Plot width in pixels; with axis labels a chart fits the text column."""

_AXIS = {
    "labelFont": FONT,
    "titleFont": FONT,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "labelColor": INK,
    "titleColor": INK,
    "gridColor": GRID,
    "domainColor": QUIET,
    "tickColor": QUIET,
    "labelLimit": 260,
}


def plotted(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return an empty Altair chart over rows that the specification carries inline."""
    return alt.Chart({"values": [{key: _brief(value) for key, value in row.items()} for row in rows]})


def _brief(value: Any) -> Any:
    """Round to five significant digits, which is more than a chart can show."""
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _cleaned(node: Any) -> Any:
    """Clean every text: the drawing library ends the whole process on a NUL character in a label."""
    if isinstance(node, dict):
        return {key: _cleaned(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_cleaned(item) for item in node]
    return clean(node) if isinstance(node, str) else node


def finished(chart: Any) -> Mapping[str, Any]:
    """Return the specification of an Altair chart with the common look; names no address and no clock."""
    spec: dict[str, Any] = _cleaned(chart.to_dict(validate=False))
    for address in ("$schema", "usermeta"):
        spec.pop(address, None)
    spec["background"] = "white"
    spec["padding"] = 8
    spec["config"] = {
        "font": FONT,
        "aria": False,
        "axis": _AXIS,
        "legend": {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 12, "titleFontSize": 12},
        "title": {"font": FONT, "fontSize": 13, "fontWeight": "bold", "anchor": "start", "color": INK},
        "header": {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 12},
        "view": {"stroke": None},
    }
    return spec
