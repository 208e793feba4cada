"""Charts: specifications that name no address, drawn with what they were given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from muniment.render import charts
from muniment.render.charts.roc import thinned
from muniment.render.portal import draw
from support.editions import HOSTILE, evaluation


def specs() -> list[object]:
    found = evaluation("1.1.0")
    return [
        charts.roc(found["curves"]["roc"], [charts.Point("default", 0.4, 0.8)]),
        charts.calibration(found["curves"]["calibration"], found["curves"]["scores"]),
        charts.forest([charts.Row("sex", HOSTILE, 0.8, 0.7, 0.9, 100, 30)], "Sensitivity", bound=0.65),
        charts.trend(
            [charts.Reading(w, 0.8, 0.7, 0.9, 90) for w in ("2025Q1", "2025Q2")], "AUROC", bounds={"act": 0.7}
        ),
    ]


@pytest.mark.parametrize("index", range(4))
def test_a_specification_fetches_nothing(index: int) -> None:
    """Values are inline; no specification holds an address."""
    text = json.dumps(specs()[index])
    assert '"url"' not in text
    assert "http" not in text.replace(json.dumps(HOSTILE)[1:-1], "")


@pytest.mark.parametrize("index", range(4))
def test_the_same_values_give_the_same_specification(index: int) -> None:
    """Names of parts do not count up from chart to chart."""
    assert specs()[index] == specs()[index]


def test_a_long_curve_keeps_its_ends() -> None:
    """Thinning is even and drops neither (0, 0) nor (1, 1)."""
    kept = thinned(list(range(1000)), 200)
    assert (len(kept), kept[0], kept[-1]) == (200, 0, 999)
    assert thinned([1, 2, 3], 200) == [1, 2, 3]


def test_text_in_a_drawing_is_escaped() -> None:
    """A subgroup's name cannot put an element into an image."""
    spec = json.dumps(
        charts.forest([charts.Row("sex", "<script>x</script>", 0.8, 0.7, 0.9, 100, 30)], "AUROC")
    )
    [svg] = draw.images({"a.vl.json": spec.encode()}, None).values()
    assert b"<script" not in svg
    assert b"&lt;script&gt;" in svg


def test_a_drawing_is_kept_by_its_specification(tmp_path: Path) -> None:
    """The second time nothing is drawn: what lies in the cache is used."""
    spec = json.dumps(specs()[3]).encode()
    [first] = draw.images({"a.vl.json": spec}, tmp_path).values()
    [kept] = tmp_path.iterdir()
    assert kept.read_bytes() == first
    kept.write_bytes(b"<svg/>\n")
    assert draw.images({"b.vl.json": spec}, tmp_path) == {"b.svg": b"<svg/>\n"}


def test_lineage_draws_every_node_and_known_edge() -> None:
    """A box a version, a line a reference; a reference to nothing is not drawn."""
    nodes = [charts.Node("a", "raw/1", "n 3", 0), charts.Node("b", "<b>", "", 1)]
    svg = charts.lineage(["Raw", "Splits"], nodes, [charts.Edge("a", "b"), charts.Edge("a", "gone")]).decode()
    assert svg.count("<rect") == 3
    assert svg.count('fill="none"') == 1
    assert "&lt;b&gt;" in svg
