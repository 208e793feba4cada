"""Lineage of datasets, drawn as SVG: a column a layer, a box a version, a line a reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from muniment.render.charts.theme import BLUE, FONT, INK, QUIET
from muniment.render.text import escaped

_BOX = (150, 42)
_GAP = (56, 14)
_MARGIN = (12, 40)


@dataclass(frozen=True, slots=True)
class Node:
    """A version of a dataset layer, a plan or a release."""

    id: str
    label: str
    note: str
    """A second line, such as a count."""
    column: int


@dataclass(frozen=True, slots=True)
class Edge:
    """`upper` is made from `lower`."""

    lower: str
    upper: str


def lineage(columns: Sequence[str], nodes: Sequence[Node], edges: Sequence[Edge]) -> bytes:
    """Return the drawing: `columns` name the layers from left to right; nodes keep their order within one."""
    places: dict[str, tuple[int, int]] = {}
    filled = [0] * len(columns)
    for node in nodes:
        x = _MARGIN[0] + node.column * (_BOX[0] + _GAP[0])
        y = _MARGIN[1] + filled[node.column] * (_BOX[1] + _GAP[1])
        places[node.id] = (x, y)
        filled[node.column] += 1
    width = 2 * _MARGIN[0] + len(columns) * (_BOX[0] + _GAP[0]) - _GAP[0]
    height = _MARGIN[1] + max([1, *filled]) * (_BOX[1] + _GAP[1])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{FONT}">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *(_heading(index, name) for index, name in enumerate(columns)),
        *(_line(places, edge) for edge in edges if edge.lower in places and edge.upper in places),
        *(_box(places[node.id], node) for node in nodes),
        "</svg>\n",
    ]
    return "\n".join(parts).encode()


def _heading(column: int, name: str) -> str:
    x = _MARGIN[0] + column * (_BOX[0] + _GAP[0])
    return f'<text x="{x}" y="24" font-size="13" font-weight="bold" fill="{INK}">{escaped(name)}</text>'


def _line(places: dict[str, tuple[int, int]], edge: Edge) -> str:
    (x1, y1), (x2, y2) = places[edge.lower], places[edge.upper]
    x1, y1, y2 = x1 + _BOX[0], y1 + _BOX[1] // 2, y2 + _BOX[1] // 2
    bend = max(24, (x2 - x1) // 2)
    path = f"M{x1},{y1} C{x1 + bend},{y1} {x2 - bend},{y2} {x2 - 5},{y2}"
    head = f"M{x2 - 7},{y2 - 4} L{x2},{y2} L{x2 - 7},{y2 + 4} Z"
    return (
        f'<path d="{path}" fill="none" stroke="{QUIET}" stroke-width="1.2"/><path d="{head}" fill="{QUIET}"/>'
    )


def _box(place: tuple[int, int], node: Node) -> str:
    x, y = place
    return (
        f"<g><title>{escaped(node.id)}</title>"
        f'<rect x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="4" fill="#f2f7fa" stroke="{BLUE}"/>'
        f'<text x="{x + 8}" y="{y + 18}" font-size="12" font-weight="bold" fill="{INK}">'
        f"{_fit(node.label)}</text>"
        f'<text x="{x + 8}" y="{y + 34}" font-size="11" fill="{QUIET}">{_fit(node.note)}</text></g>'
    )


def _fit(text: str, limit: int = 24) -> str:
    return escaped(text if len(text) <= limit else text[: limit - 1] + "…")
