"""Rules over facts: outcomes, loops, places, messages."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.policies import pack_of, rule_file

from muniment import judge
from muniment.errors import InvalidPolicy
from muniment.judge.place import Facts, Place
from muniment.model.finding import Where
from muniment.model.ruling import Outcome, Ruling
from muniment.model.tree import frozen

FACTS: dict[str, Any] = {
    "release": {
        "version": "1",
        "date": "2025-06-01",
        "stages": [{"id": "a", "n": 1}, {"id": "b", "n": 0}, {"id": "c"}],
        "none": None,
    },
    "plan": {"groups": [{"items": [{"id": "x"}, {"id": "y"}]}, {"items": []}]},
}
PLACES = {("release",): Place("d/releases/1/release.yaml"), ("plan",): Place("d/plans/1.yaml")}


def judged(**rule: Any) -> tuple[Ruling, ...]:
    facts = Facts(frozen(FACTS), PLACES, Place("d/releases/1/release.yaml"))
    return judge.judge(pack_of(rule_file(**rule)), facts, basis="recorded", as_of="2025-06-01")


def outcomes(**rule: Any) -> list[str]:
    return [str(ruling.outcome) for ruling in judged(**rule)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"require": "release.version == '1'"}, "met"),
        ({"require": "release.version == '2'"}, "unmet"),
        ({"require": "release.missing == '2'"}, "undecided"),
        ({"require": "measures.criteria == []"}, "undecided"),
        ({"require": "release.none"}, "undecided"),
        ({"require": "release.version"}, "undecided"),
        ({"require": "false", "when": "release.version == '2'"}, "not_applicable"),
        ({"require": "true", "when": "release.missing == '2'"}, "undecided"),
        ({"require": "true", "when": "release.none"}, "undecided"),
        ({"require": "false", "effective": "2025-06-02"}, "not_applicable"),
        ({"require": "false", "effective": "2025-06-01"}, "unmet"),
        ({"require": "it == 1", "let": {"it": "release.missing"}}, "undecided"),
        ({"require": "it == 1 || true", "let": {"it": "release.missing"}}, "met"),
    ],
)
def test_outcome(rule: dict[str, Any], expected: str) -> None:
    """Missing evidence is undecided, never met; a rule out of force or scope does not apply."""
    assert outcomes(**rule) == [expected]


def test_each_failing_element_has_its_own_line() -> None:
    """Every element that fails or cannot be decided is a ruling; the others need none."""
    rulings = judged(
        each={"stage": "release.stages[*]"}, require="stage.n > 0", message="{stage.id} has {stage.n}"
    )
    assert [(str(r.outcome), r.message) for r in rulings] == [
        ("unmet", "b has 0"),
        ("undecided", "Cannot be decided for c: `stage.n` is missing."),
    ]
    assert [r.where.pointer for r in rulings] == ["/stages/1", "/stages/2"]


def test_a_loop_that_holds_is_one_line() -> None:
    """A loop whose elements all hold is met once, and says how many it looked at."""
    (ruling,) = judged(each={"stage": "release.stages[*]"}, require="stage.id != ''", message="m")
    assert (ruling.outcome, ruling.message) == (Outcome.MET, "A rule (3 looked at).")


@pytest.mark.parametrize(
    ("each", "at_least", "expected"),
    [
        ("release.stages.filter(s, s.id == 'z')", None, "undecided"),
        ("release.stages.filter(s, s.id == 'z')", 0, "met"),
        ("release.stages[*]", 4, "undecided"),
        ("release.missing[*]", 0, "undecided"),
        ("release.none[*]", 0, "undecided"),
        ("plan.groups[*].items[*]", 2, "met"),
        ("plan.groups[*].nothing[*]", 0, "undecided"),
    ],
)
def test_loops_over_nothing(each: str, at_least: int | None, expected: str) -> None:
    """An empty loop is undecided unless the rule says that nothing is fine; a missing list always is."""
    assert outcomes(each={"item": each}, at_least=at_least, require="item.id != ''", message="m") == [
        expected
    ]


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"require": "release.version == '2'"}, Where("d/releases/1/release.yaml", "/version")),
        ({"require": "false", "at": "plan.groups[1].items"}, Where("d/plans/1.yaml", "/groups/1/items")),
        ({"require": "release.stages[2].n == 1"}, Where("d/releases/1/release.yaml", "/stages/2")),
        ({"require": "false", "at": "release.date"}, Where("d/releases/1/release.yaml", "")),
        ({"require": "1 == 2"}, Where("d/releases/1/release.yaml", "")),
        (
            {
                "each": {"s": "release.stages.filter(x, has(x.n) && x.n == 0)"},
                "require": "s.n == 1",
                "at": "s.n",
            },
            Where("d/releases/1/release.yaml", "/stages/1/n"),
        ),
    ],
)
def test_place(rule: dict[str, Any], where: Where) -> None:
    """A ruling points into the record, through filters and loops, or at the nearest thing there is."""
    (ruling,) = judged(message="m", **rule)
    assert ruling.where == where


def test_message_is_bounded() -> None:
    """A message cannot grow with the evidence, and a value that is not there reads so."""
    facts = Facts(frozen({"release": {"version": "v" * 10_000}}))
    rules = pack_of(rule_file(require="false", message="{release.version} {release.gone}"))
    (ruling,) = judge.judge(rules, facts, basis="verified", as_of="2025-06-01")
    assert len(ruling.message) < 200
    assert ruling.message.endswith("(missing)")
    assert ruling.basis == "verified"


def test_bomb_in_a_message_ends() -> None:
    """An expression in a message has the same budget as any other."""
    bomb = "['x']" + ".map(x, x + x)" * 30 + "[0]"
    with pytest.raises(InvalidPolicy, match="rule `a-rule`: an expression built a string") as caught:
        judged(require="false", message="{" + bomb + "}")
    assert caught.value.where == "t/rules/0.yaml#/rules/0"
    (ruling,) = judged(require="false", message="{[1]" + ".map(x, [x, x])" * 26 + "}")
    assert len(ruling.message) < 200
    nest = "[1,2,3,4,5,6,7,8,9].all(a, " * 6 + "[1,2,3,4,5,6,7,8,9].all(z, true)" + ")" * 6
    with pytest.raises(InvalidPolicy, match="steps"):
        judged(require="false", message="{" + nest + "}")


def test_params_are_facts() -> None:
    """Rules of a pack read its parameters."""
    param = {"value": 3, "type": "integer", "doc": "stages"}
    packs = pack_of(rule_file(require="size(release.stages) == params.stages"), stages=param)
    (ruling,) = judge.judge(packs, Facts(frozen(FACTS)), basis="recorded", as_of="2025-06-01")
    assert ruling.outcome is Outcome.MET
