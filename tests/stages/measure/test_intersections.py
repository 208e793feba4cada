"""Subgroups that are combinations of columns, and departures from the plan, in an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from muniment.errors import UnreadableInput
from muniment.measure import MeasureRequest, evaluate, measure_table
from muniment.model.tree import frozen

PLAN: dict[str, Any] = {
    "endpoint": {"label": "death", "positive": 1, "horizon_days": 180},
    "operating_points": [{"id": "locked", "threshold": 0.4, "rationale": "r"}],
    "interval": {"level": 0.95, "proportions": "wilson", "auroc": "delong", "replicates": 200},
    "subgroups": [
        {"axis": "sex", "column": "sex"},
        {"axis": "race", "column": "race"},
        {"axis": "sex_by_race", "column": "sex", "crossed_with": ["race"]},
    ],
    "min_n": 10,
    "min_events": 5,
    "comparators": [
        {
            "id": "previous",
            "release": "releases/1.0.0",
            "column": "score_previous",
            "title": "t",
            "operating_point": {"threshold": 0.4},
        }
    ],
    "criteria": [
        {
            "id": "each",
            "domain": "subgroup",
            "metric": "sensitivity",
            "operator": ">=",
            "threshold": 0.5,
            "on": "point",
            "each": "sex_by_race",
            "rationale": "r",
        },
        {
            "id": "one",
            "domain": "subgroup",
            "metric": "sensitivity",
            "operator": ">=",
            "threshold": -0.5,
            "on": "lower",
            "against": "previous",
            "cohort": {"sex_by_race": "female × c"},
            "rationale": "r",
        },
    ],
}


@pytest.fixture
def asked(request_of: Any, rows: pl.DataFrame) -> Any:
    """Return a function that evaluates a plan on a table."""

    def make(table: pl.DataFrame = rows, plan: dict[str, Any] = PLAN, **more: Any) -> dict[str, Any]:
        return evaluate(request_of(table, members=table.select("patient_id"), plan=plan, **more))

    return make


def groups(body: dict[str, Any], axis: str) -> dict[str, dict[str, Any]]:
    return {group["level"]: group for group in body["subgroups"] if group["axis"] == axis}


def test_an_intersection_is_the_rows_that_have_both_levels(
    asked: Any, rows: pl.DataFrame, valid: Any, tmp_path: Path
) -> None:
    """Each combination has the numbers that `measure` gives of those rows alone."""
    body = asked()
    valid(body, "evaluation")
    found = groups(body, "sex_by_race")
    chosen = rows.filter((pl.col("sex") == "female") & (pl.col("race") == "c"))
    chosen.write_parquet(tmp_path / "chosen.parquet")
    asked_alone = MeasureRequest(str(tmp_path / "chosen.parquet"), "death", "score", thresholds=(0.4,))
    alone = measure_table(asked_alone).as_json()["estimates"]
    wanted = {e["metric"]: (e["value"], e["low"], e["high"]) for e in alone if e["threshold"] == 0.4}
    group = found["female × c"]
    assert (group["n"], group["events"]) == (chosen.height, chosen["death"].sum())
    got = {e["metric"]: (e["value"], e["low"], e["high"]) for e in group["estimates"]}
    assert got["sensitivity"] == pytest.approx(wanted["sensitivity"], rel=1e-12)
    assert got["specificity"] == pytest.approx(wanted["specificity"], rel=1e-12)


def test_no_small_combination_follows_from_what_is_shown(asked: Any, rows: pl.DataFrame) -> None:
    """Race `a` has under ten rows: it is hidden by itself, and crossed with sex, with what would tell it."""
    sizes = dict(rows.group_by("race").len().rows())
    assert 0 < sizes["a"] < 10
    body = asked()
    hidden = {level for level, group in groups(body, "sex_by_race").items() if group["suppressed"]}
    assert {"female × a", "male × a"} <= hidden
    shown = groups(body, "sex_by_race").keys() - hidden
    # Of each race and each sex that is shown, at least two combinations are hidden, or none.
    for axis, place in (("sex", 0), ("race", 1)):
        for level, group in groups(body, axis).items():
            gone = [name for name in hidden if name.split(" × ")[place] == level]
            assert group["suppressed"] or len(gone) != 1, (axis, level, shown)


def test_criteria_and_comparisons_speak_of_combinations(asked: Any, rows: pl.DataFrame) -> None:
    """A criterion for each level judges every combination; one of a cohort finds its comparison."""
    body = asked()
    judged = [entry for entry in body["criteria"] if entry["id"] == "each"]
    assert {entry["cohort"]["sex_by_race"] for entry in judged} == groups(body, "sex_by_race").keys()
    (one,) = (entry for entry in body["criteria"] if entry["id"] == "one")
    pairs = rows.filter((pl.col("sex") == "female") & (pl.col("race") == "c") & (pl.col("death") == 1))
    assert one["n"] == pairs.height
    difference = (pairs["score"] >= 0.4).mean() - (pairs["score_previous"] >= 0.4).mean()  # type: ignore[operator]
    assert one["value"] == pytest.approx(difference, rel=1e-12)


def test_two_combinations_of_one_name_are_refused(asked: Any, rows: pl.DataFrame) -> None:
    """`a × b` crossed with `c` and `a` crossed with `b × c` could not be told apart."""
    table = rows.with_columns(
        sex=pl.when(pl.int_range(pl.len()) < 300).then(pl.lit("a × b")).otherwise(pl.lit("a")),
        race=pl.when(pl.int_range(pl.len()) < 300).then(pl.lit("c")).otherwise(pl.lit("b × c")),
    )
    with pytest.raises(UnreadableInput, match="would both be called 'a × b × c'"):
        asked(table)


@pytest.mark.parametrize(
    ("axis", "reason"),
    [
        ({"axis": "again", "column": "race", "crossed_with": ["sex"]}, "same columns"),
        ({"axis": "again", "column": "race", "crossed_with": ["race"]}, "names a column twice"),
    ],
)
def test_axes_that_say_the_same_are_refused(asked: Any, axis: dict[str, Any], reason: str) -> None:
    """One set of columns is one axis: a level has one name."""
    with pytest.raises(UnreadableInput, match=reason):
        asked(plan=PLAN | {"subgroups": [*PLAN["subgroups"], axis]})


def test_departures_stand_in_the_evaluation(asked: Any, valid: Any) -> None:
    """What the release says of its departures is repeated; none is an empty list, not a gap."""
    departure = {
        "id": "AD-1",
        "section": "analysis.population",
        "planned": "All patients.",
        "done": "Patients of S2 were left out.",
        "why": "Its outcomes came late.",
        "effect": "Fewer events in COPD.",
    }
    body = asked(deviations=(frozen(departure),))
    valid(body, "evaluation")
    assert body["deviations"] == [departure]
    assert asked()["deviations"] == []
