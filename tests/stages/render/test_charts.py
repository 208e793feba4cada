"""Charts: specifications that name no address, drawn with what they were given."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from muniment.render import charts
from muniment.render.charts.roc import thinned
from muniment.render.portal import draw
from support.editions import HOSTILE, evaluation

SMOOTH = [{"predicted": p, "observed": p, "low": p - 0.05, "high": p + 0.05} for p in (0.2, 0.5, 0.8)]
RECALL = [{"recall": r, "precision": 1 - r / 2, "threshold": 1 - r} for r in (0.2, 0.6, 1.0)]
DECISION = [
    {"threshold": t, "model": 0.3 - t / 3, "model_low": 0.25 - t / 3, "model_high": 0.35 - t / 3,
     "all": 0.4 - t, "all_low": 0.35 - t, "all_high": 0.45 - t}
    for t in (0.1, 0.3, 0.5, 0.7)
]  # fmt: skip
PREDICTIVE = [
    {"prevalence": p, "ppv": p, "ppv_low": p - 0.05, "ppv_high": p + 0.05,
     "npv": 1 - p, "npv_low": 0.95 - p, "npv_high": 1.05 - p}
    for p in (0.1, 0.5, 0.9)
]  # fmt: skip
LOSSES = [
    charts.Loss(name, level, level / 5, level / 5 - 0.01, level / 5 + 0.01, 100)
    for name, levels in (("noise", (0.1, 0.25, 0.5)), ("feed stops", (1.0,)))
    for level in levels
]


def specs() -> list[object]:
    found = evaluation("1.1.0")
    return [
        charts.roc(found["curves"]["roc"], [charts.Point("default", 0.4, 0.8)]),
        charts.calibration(found["curves"]["calibration"], found["curves"]["scores"]),
        charts.forest([charts.Row("sex", HOSTILE, 0.8, 0.7, 0.9, 100, 30)], "Sensitivity", bound=0.65),
        charts.trend(
            [charts.Reading(w, 0.8, 0.7, 0.9, 90) for w in ("2025Q1", "2025Q2")], "AUROC", bounds={"act": 0.7}
        ),
        charts.calibration(found["curves"]["calibration"], (), SMOOTH),
        charts.precision_recall(RECALL, [charts.Recalled(HOSTILE, 0.8, 0.6)], 0.4),
        charts.decision(DECISION, 0.3),
        charts.predictive(PREDICTIVE, [(HOSTILE, 0.3)]),
        charts.degradation([*LOSSES, charts.Loss(HOSTILE, 1.0, 0.1, 0.05, 0.15, 90)], "Loss of AUROC"),
    ]


@pytest.mark.parametrize("index", range(9))
def test_a_specification_fetches_nothing(index: int) -> None:
    """Values are inline; no specification holds an address."""
    text = json.dumps(specs()[index])
    assert '"url"' not in text
    assert "http" not in text.replace(json.dumps(HOSTILE)[1:-1], "")


@pytest.mark.parametrize("index", range(9))
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


def test_the_decision_curve_shows_where_use_is_weighed() -> None:
    """What lies far below zero is cut off, never the model's best; a point out of range draws no line."""
    spec = charts.decision(DECISION, 0.3)
    [low, high] = next(
        layer["encoding"]["y"]["scale"]["domain"]
        for layer in spec["layer"]
        if "scale" in layer["encoding"]["y"]
    )
    assert low < 0 < max(point["model_high"] for point in DECISION) <= high
    assert low > min(point["all"] for point in DECISION)
    marked = json.dumps(spec).count('"at"')
    assert marked > json.dumps(charts.decision(DECISION, 0.9)).count('"at"')
    [svg] = draw.images({"a.vl.json": json.dumps(spec).encode()}, None).values()
    assert all(name in svg for name in (b"treat all", b"treat none", b"model"))


def test_a_panel_of_degradation_holds_its_own_points_alone() -> None:
    """Each perturbation has a panel with its name, and every loss is drawn once."""
    spec = charts.degradation(LOSSES, "Loss of AUROC")
    [svg] = draw.images({"a.vl.json": json.dumps(spec).encode()}, None).values()
    assert all(name in svg for name in (b"noise", b"feed stops"))
    squares = re.findall(rb'<path[^>]*d="M[^"]*Z" fill="#0b5c8a"', svg)
    assert len(squares) == len(LOSSES)
    assert not any("data" in layer for layer in spec["spec"]["layer"])
