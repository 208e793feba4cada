"""Older schema versions: readable for ever, judged in today's shape, and never improved by guessing."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muniment import check, load, shipped
from muniment.check.migrations import STEPS, window
from muniment.model.tree import frozen, thawed

SCHEMAS = check.Schemas.from_folder(shipped.folder("schemas"))
MONITORS: dict[str, Any] = {
    "kind": "monitors",
    "schema": 1,
    "label_delay_days": 30,
    "monitors": [
        {
            "id": "M1",
            "signal": "discrimination",
            "metric": "auroc",
            "hazards": ["H1"],
            "window": "quarter",
            "threshold": {"warn": 0.75, "act": 0.7, "direction": "below", "rationale": "r", "set_by": "cai"},
            "owner": "ben",
            "action": "Review.",
        }
    ],
    "routing": "To quality within a day.",
}


def monitors(text: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(MONITORS))
    body["schema"] = 1
    body["monitors"][0]["window"] = text
    return body


def test_every_version_below_the_present_has_a_schema_and_a_step() -> None:
    """No version that was ever written is forgotten."""
    for kind in SCHEMAS.kinds:
        for version in range(1, SCHEMAS.current(kind)):
            assert SCHEMAS.named(kind, version) == f"{kind}.{version}"
            assert (kind, version) in STEPS
    older = {path.stem for path in (shipped.folder("schemas") / "older").glob("*.json")}
    assert older == {f"{kind}.{version}" for kind, version in STEPS}


def test_an_older_schema_stands_alone() -> None:
    """An older schema refers to nothing that may change after it: no shared definition, no other file."""
    for path in (shipped.folder("schemas") / "older").glob("*.json"):
        text = path.read_text("utf-8")
        assert '"$ref"' not in text
        jsonschema.Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("quarter", {"length": 1, "unit": "quarter"}),
        ("30 days", {"length": 30, "unit": "day"}),
        ("Monthly", {"length": 1, "unit": "month"}),
        (
            "one calendar quarter of enrolment",
            {"length": 1, "unit": "quarter", "starts": "calendar", "dated_by": "enrolment"},
        ),
        ("two  rolling weeks", {"length": 2, "unit": "week", "starts": "rolling"}),
        ("until it feels right", None),
        ("0 days", None),
        ("quarterish", None),
    ],
)
def test_a_window_is_read_or_left_to_a_person(text: str, said: dict[str, Any] | None) -> None:
    """What the line says is kept in full; what it does not say is not made up."""
    assert window(text) == (None if said is None else frozen(said))


@given(st.text(max_size=40))
def test_any_window_gives_a_body_that_today_accepts_or_is_unsure(text: str) -> None:
    """A step never yields what the next schema refuses."""
    upgraded = check.upgrade("monitors", frozen(monitors(text)), 2)
    if not upgraded.edits.unsure and SCHEMAS.valid("monitors.1", monitors(text)):
        assert SCHEMAS.valid("monitors", thawed(upgraded.body))
    assert upgraded.body["schema"] == 2


def test_an_unsure_value_is_missing_and_not_met() -> None:
    """A rule that asks for a length finds none: the outcome is undecided."""
    upgraded = check.upgrade("monitors", frozen(monitors("as needed")), 2)
    assert upgraded.edits.unsure == ("/monitors/0/window",)
    assert upgraded.body["monitors"][0]["window"] == {}


def test_today_is_left_as_it_is() -> None:
    """No step runs on a record of the present version."""
    body = frozen({**monitors("x"), "schema": 2})
    assert check.upgrade("monitors", body, 2).body is body


def test_the_edits_of_the_text_are_the_edits_of_the_tree() -> None:
    """What `migrate` writes reads as what `check` judged, and every other character stays."""
    text = (
        "# head\nkind: monitors   # a kind\nschema: 1\nmonitors:\n"
        "  - id: M1\n    window: 'one calendar month of scanning'   # why\n"
        "  - {id: M2, window: quarter, hazards: []}\n"
        "  - id: M3\n    window: >-\n      30\n      days\n\n    # tail\n    by: [site]\n"
    ).replace("\n", "\r\n")
    before, problems = load.yaml_tree(text.encode(), "f")
    assert not problems
    upgraded = check.upgrade("monitors", before, 2)
    after = load.rewritten(text.encode(), upgraded.edits.values)
    assert load.yaml_tree(after, "f") == (upgraded.body, ())
    assert after.decode() == (
        "# head\nkind: monitors   # a kind\nschema: 2\nmonitors:\n"
        "  - id: M1\n    window: {length: 1, unit: month, starts: calendar, dated_by: scanning}   # why\n"
        "  - {id: M2, window: {length: 1, unit: quarter}, hazards: []}\n"
        "  - id: M3\n    window: {length: 30, unit: day}\n\n    # tail\n    by: [site]\n"
    ).replace("\n", "\r\n")


SCALARS = st.one_of(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn", "Zl", "Zp"]),
        max_size=20,
    ),
    st.integers(-(10**17), 10**17),
    st.booleans(),
    st.none(),
)


@given(st.dictionaries(st.sampled_from("abcd"), SCALARS, min_size=1), SCALARS)
def test_any_value_can_take_the_place_of_any_other(body: dict[str, Any], value: Any) -> None:
    """A replaced scalar reads back as what was put there, and nothing else changes."""
    data = json.dumps(body, ensure_ascii=False).encode()
    tree, problems = load.yaml_tree(data, "f")
    key = min(body)
    assert not problems
    after, faults = load.yaml_tree(load.rewritten(data, {f"/{key}": value}), "f")
    assert (after, faults) == ({**tree, key: value}, ())


def test_a_pointer_to_nothing_is_a_mistake_of_the_step() -> None:
    """An edit that would be lost is not lost in silence."""
    with pytest.raises(ValueError, match="/b"):
        load.rewritten(b"a: 1\n", {"/b": 2})
