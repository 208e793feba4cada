"""A recomputed evaluation held against the recorded one."""

import json

import polars as pl
import pytest

from muniment.measure import differences, evaluate
from muniment.measure import evaluation_bytes as as_bytes
from muniment.model.tree import frozen


def test_differences_name_what_changed(request_of, rows):
    """Nothing on equal bytes; one changed label shows in counts; the producer does not count."""
    body = json.loads(as_bytes(evaluate(request_of())))
    assert differences(body, frozen(body)) == []
    assert differences(body, body | {"producer": {"tool": "another"}}) == []
    flipped = rows.with_columns(
        death=pl.when(pl.col("patient_id") == 1005).then(1 - pl.col("death")).otherwise(pl.col("death"))
    )
    found = differences(body, json.loads(as_bytes(evaluate(request_of(flipped)))))
    assert "/cohort/events" in {item["pointer"] for item in found}
    assert {item["outcome"] for item in found} == {"differs"}


@pytest.mark.parametrize(
    ("recorded", "recomputed", "expected"),
    [
        (0.5, 0.5 + 5e-10, "within 1e-9"),
        (0.5, 0.5 + 5e-9, "differs"),
        (5, 6, "differs"),
        (5, 5.0, "differs"),
        (True, 1, "differs"),
        (None, 0.5, "differs"),
        ("met", "unmet", "differs"),
        (float("nan"), 0.5, "differs"),
        ([1], [1, 2], "differs"),
    ],
)
def test_tolerance_is_for_floats_only(recorded, recomputed, expected):
    """A float may differ in its last digits, and is named; a count or a word may not differ."""
    (item,) = differences({"x": recorded}, {"x": recomputed})
    assert item["outcome"] == expected
    json.dumps(item, allow_nan=False)
