"""Waivers: what they cover, for how long, and that they never hide."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.policies import pack_of, rule_file

from muniment import judge
from muniment.judge.place import Facts
from muniment.model.evidence import Document, Record
from muniment.model.finding import Severity
from muniment.model.ruling import Outcome, Ruling
from muniment.model.tree import frozen

CRITERIA = [
    {"id": "sens", "cohort": {"dzgroup": "Colon Cancer"}, "outcome": "unmet"},
    {"id": "sens", "cohort": {"dzgroup": "COPD"}, "outcome": "unmet"},
]
ROSTER = {
    "entries": [
        {"person": "eva", "role": "quality", "from": "2025-01-01", "to": None},
        {"person": "fay", "role": "author", "from": "2025-01-01", "to": None},
    ]
}
PARAMS = {
    "waiver_max_days": {"value": 180, "type": "days", "doc": "longest"},
    "waiver_roles": {"value": ["quality"], "type": "list", "doc": "who"},
}


def waiver(**fields: Any) -> Record:
    body = {
        "kind": "waiver",
        "rule": "gate",
        "release": "releases/1",
        "path": "dzgroup=Colon Cancer",
        "reason": "51 deaths",
        "approved_by": ["eva"],
        "issued": "2025-06-01",
        "expires": "2025-09-01",
    } | fields
    tree = frozen({key: value for key, value in body.items() if value is not None})
    return Record("decisions/w1", "waiver", tree, Document("d/decisions/w1.yaml", b"", "0" * 64, tree))


def judged(as_of: str, *waivers: Record, waivable: bool = True) -> tuple[Ruling, ...]:
    rule = rule_file(
        id="gate",
        each={"c": "measures.criteria[*]"},
        require="c.outcome == 'met'",
        message="{c.cohort} unmet",
        waivable=waivable,
    )
    facts = Facts(frozen({"measures": {"criteria": CRITERIA}, "roster": ROSTER}))
    return judge.judge(pack_of(rule, **PARAMS), facts, basis="recorded", as_of=as_of, waivers=waivers)


@pytest.mark.parametrize(
    ("as_of", "waived"),
    [("2025-05-31", False), ("2025-06-01", True), ("2025-09-01", True), ("2025-09-02", False)],
)
def test_both_days_count(as_of: str, waived: bool) -> None:
    """A waiver applies from the day it was issued to the day it expires, both included."""
    rulings = judged(as_of, waiver())
    assert (rulings[0].outcome is Outcome.WAIVED) == waived
    assert (len(rulings) == 2) == waived, "one that does not apply is a warning of its own"
    if not waived:
        assert (rulings[2].severity, rulings[2].where.file) == (Severity.WARN, "d/decisions/w1.yaml")


def test_only_the_named_element_is_waived() -> None:
    """A waiver for one level leaves the others unmet, and its ruling names the record."""
    first, second = judged("2025-07-01", waiver())
    assert (first.outcome, first.waiver) == (Outcome.WAIVED, "decisions/w1")
    assert "Colon Cancer" in first.message
    assert "2025-09-01" in first.message
    assert (second.outcome, second.waiver) == (Outcome.UNMET, None)


@pytest.mark.parametrize("path", ["sens:dzgroup=Colon Cancer", "sens", None])
def test_other_names_of_an_element(path: str | None) -> None:
    """An element may be named by id and level; without a path the whole rule is waived."""
    rulings = judged("2025-07-01", waiver(path=path))
    assert rulings[0].outcome is Outcome.WAIVED


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"expires": "2026-06-01"}, "longer than the 180"),
        ({"approved_by": ["fay"]}, "quality"),
        ({"approved_by": ["eva"], "issued": "2024-12-31", "expires": "2025-01-30"}, "quality"),
        ({"rule": "gates"}, "no pack has"),
        ({"issued": "2025-10-01"}, "no period"),
        ({"path": "dzgroup=MOSF"}, "waives nothing"),
    ],
)
def test_a_faulty_waiver_waives_nothing(fields: dict[str, Any], words: str) -> None:
    """A waiver that is too long, not approved, or beside the point warns and leaves everything unmet."""
    *rulings, notice = judged("2025-07-01", waiver(**fields))
    assert [r.outcome for r in rulings] == [Outcome.UNMET, Outcome.UNMET]
    assert notice.severity is Severity.WARN
    assert words in notice.message


def test_some_rules_cannot_be_waived() -> None:
    """A rule that is not waivable stays unmet whatever is signed."""
    first, second, notice = judged("2025-07-01", waiver(), waivable=False)
    assert first.outcome is second.outcome is Outcome.UNMET
    assert "cannot be waived" in notice.message
