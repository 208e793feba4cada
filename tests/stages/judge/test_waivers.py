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


def waiver(number: int = 1, **fields: Any) -> Record:
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
    path = f"d/decisions/w{number}.yaml"
    return Record(f"decisions/w{number}", "waiver", tree, Document(path, b"", "0" * 64, tree))


def judged(
    as_of: str, *waivers: Record, waivable: bool = True, params: dict[str, Any] = PARAMS, **more: Any
) -> tuple[Ruling, ...]:
    rule = rule_file(
        id="gate",
        each={"c": "measures.criteria[*]"},
        require="c.outcome == 'met'",
        message="{c.cohort} unmet",
        waivable=waivable,
    )
    facts = Facts(frozen({"measures": {"criteria": CRITERIA}, "roster": ROSTER, **more}))
    return judge.judge(pack_of(rule, **params), facts, basis="recorded", as_of=as_of, waivers=waivers)


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


def test_several_waivers_of_one_rule() -> None:
    """Each waiver of a rule covers its own element, and the rulings name the one that applies."""
    rulings = judged("2025-07-01", waiver(1), waiver(2, path="dzgroup=COPD"))
    assert [(r.outcome, r.waiver) for r in rulings] == [
        (Outcome.WAIVED, "decisions/w1"),
        (Outcome.WAIVED, "decisions/w2"),
    ]


def test_a_lapsed_waiver_affects_its_own_scope_only() -> None:
    """Where one of two lapses, its element is unmet again and the other stays waived."""
    first, second, notice = judged(
        "2025-07-01", waiver(1, issued="2025-05-01", expires="2025-06-30"), waiver(2, path="dzgroup=COPD")
    )
    assert (first.outcome, first.waiver) == (Outcome.UNMET, None)
    assert (second.outcome, second.waiver) == (Outcome.WAIVED, "decisions/w2")
    assert (notice.severity, notice.where.file) == (Severity.WARN, "d/decisions/w1.yaml")
    assert "lapsed on 2025-06-30" in notice.message


def test_a_renewal_before_the_lapse_is_no_waiver_of_nothing() -> None:
    """Two waivers may cover one element for some days; neither is stale, and the first by id is named."""
    both = (waiver(1), waiver(2, issued="2025-08-15", expires="2025-12-01"))
    on_both = judged("2025-08-20", *both)
    assert len(on_both) == 2
    assert on_both[0].waiver == "decisions/w1"
    after = judged("2025-09-02", *both)
    assert (after[0].outcome, after[0].waiver) == (Outcome.WAIVED, "decisions/w2")


def test_missing_evidence_cannot_be_waived() -> None:
    """A waiver covers what is unmet; what is undecided stays undecided."""
    rulings = judged("2025-07-01", waiver(path=None), measures={"criteria": [{"id": "sens"}]})
    assert rulings[0].outcome is Outcome.UNDECIDED
    assert "waives nothing" in rulings[1].message


def test_without_a_bound_nothing_is_waived() -> None:
    """A pack that does not say how long a waiver may run allows none."""
    first, _second, notice = judged("2025-07-01", waiver(), params={})
    assert first.outcome is Outcome.UNMET
    assert "no pack says how long" in notice.message


STATES = [
    {"id": "releases/1", "status": "released", "date": "2025-07-01", "in_use": False},
    {"id": "releases/2", "status": "released", "date": "2025-10-01", "in_use": True},
]


@pytest.mark.parametrize(
    ("change", "waived"),
    [
        ({}, True),
        ({"in_use": True}, False),
        ({"status": "candidate"}, False),
        ({"date": "2025-11-01"}, False),
        ({"date": "2025-05-01"}, False),
    ],
)
def test_past_releases_are_judged_at_their_own_date(change: dict[str, Any], waived: bool) -> None:
    """A waiver that lapses after a release was followed by another, and left use, does not reach back."""
    rulings = judged("2025-12-31", waiver(), release=STATES[0] | change, releases=STATES)
    assert (rulings[0].outcome is Outcome.WAIVED) == waived


def test_replay_at_an_earlier_day() -> None:
    """At the day of the decision the waiver of that time applies, whatever happened since."""
    assert judged("2025-08-31", waiver())[0].outcome is Outcome.WAIVED
    assert judged("2025-12-31", waiver())[0].outcome is Outcome.UNMET
