"""Every field that a pack names is held against the JSON Schemas when it is linted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.policies import POLICIES, documents, rule_file, schema_documents

from muniment import judge
from muniment.judge.compiled import FACT_NAMES
from muniment.judge.fields import check, pattern
from muniment.judge.shapes import ANY, FACTS, Shape, fact_shapes, logical_shape, of_value, record
from muniment.judge.spelling import strays
from muniment.model.finding import Finding
from muniment.pipeline.judging import facts_of
from muniment.pipeline.request import Doors, request

SHAPES = {
    **fact_shapes(schema_documents()),
    "params": record(limit=of_value(3), seats=of_value({"a": [["b"]]})),
}
CATALOGUE = "catalogue/requirements.yaml"


def linted(taxonomy: dict[str, Any] | None = None, case: Any = None, **rule: Any) -> list[Finding]:
    files: dict[str, Any] = {
        "t/pack.yaml": {
            "kind": "policy",
            "schema": 1,
            "id": "t",
            "version": "1",
            "title": "T",
            "params": {"limit": {"value": 3, "type": "integer", "doc": "most"}},
        },
        "t/taxonomy.yaml": {"kind": "taxonomy", "schema": 1, "default": "clinical", "keys": {}, "paths": []}
        | (taxonomy or {}),
        "t/rules/r.yaml": rule_file(**{"cases": {"met": ["cases/c.yaml"], "unmet": ["cases/c.yaml"]}} | rule),
        "t/cases/c.yaml": {"facts": case or {}},
    }
    return list(judge.lint(judge.load_packs(files), documents()[CATALOGUE], schema_documents()))


@pytest.mark.parametrize(
    ("rule", "pointer", "hint"),
    [
        ({"require": "release.verson == '1'"}, "/require", "`version`"),
        ({"require": "has(claim.risk.tierr)"}, "/require", "`tier`"),
        ({"require": "claim.?safe_stat.hasValue()"}, "/require", "`safe_state`"),
        ({"require": "claim['risk']['teir'] == 'x'"}, "/require", "`tier`"),
        ({"require": "plan.criteria.all(c, c.metrik == 'x')"}, "/require", "`metric`"),
        ({"require": "previous.datasets.raw.colums.size() > 0"}, "/require", "`columns`"),
        ({"require": "(previous == null ? original : previous).model.fil != null"}, "/require", "`file`"),
        ({"require": "measures.criteria.filter(c, c.id == 'a')[0].outcom == 'met'"}, "/require", "`outcome`"),
        ({"require": "size(monitoring.drils) > 0"}, "/require", "`drills`"),
        ({"require": "release.stages <= params.limitt"}, "/require", "`limit`"),
        ({"when": "change.clas == 'clinical'"}, "/when", "`class`"),
        ({"let": {"lock": "seals.plan_lok"}, "require": "lock != null"}, "/let/lock", "`plan_lock`"),
        ({"let": {"lock": "seals.plan_lock"}, "require": "lock.tim != null"}, "/require", "`time`"),
        ({"each": {"c": "plan.criterias[*]"}, "require": "c != null"}, "/each/c", "`criteria`"),
        ({"each": {"c": "plan.criteria[*]"}, "require": "c.idd != null"}, "/require", "`id`"),
        ({"each": {"f": "decisions[*].findngs[*]"}, "require": "f != null"}, "/each/f", "`findings`"),
        (
            {"each": {"f": "decisions[*].findings[*]"}, "require": "f.criterium != ''"},
            "/require",
            "`criterion`",
        ),
        ({"at": "release.vrsion"}, "/at", "`version`"),
        ({"message": "it is {release.versoin}"}, "/message", "`version`"),
        ({"require": "release.version.major > 1"}, "/require", "loop over it"),
        ({"require": "plan.criteria.id == 'x'"}, "/require", "loop over it"),
    ],
)
def test_a_misspelt_field_of_a_rule(rule: dict[str, Any], pointer: str, hint: str) -> None:
    """Wherever a rule names a field that no schema has, it is one finding with its place and a suggestion."""
    (found,) = linted(**rule)
    assert (found.where.file, found.where.pointer) == ("t/rules/r.yaml", f"/rules/0{pointer}")
    assert hint in found.hint


@pytest.mark.parametrize(
    ("part", "pointer", "words"),
    [
        (
            {"paths": [{"path": "claim.inputs[*].unit", "class": "clinical", "reason": "r"}]},
            "/paths/0/path",
            "`units`",
        ),
        (
            {"paths": [{"path": "relese.**", "class": "clinical", "reason": "r"}]},
            "/paths/0/path",
            "`release`",
        ),
        (
            {"paths": [{"path": "plan.title[*]", "class": "clinical", "reason": "r"}]},
            "/paths/0/path",
            "no list",
        ),
        (
            {
                "paths": [
                    {
                        "path": "plan.criteria[*].**",
                        "class": "clinical",
                        "reason": "r",
                        "when": "before.domian == 'clinical'",
                    }
                ]
            },
            "/paths/0/when",
            "`domain`",
        ),
        ({"keys": {"claim.inputs": "nam"}}, "/keys/claim.inputs", "`nam`"),
        ({"keys": {"monitorz": "id"}}, "/keys/monitorz", "`monitorz`"),
    ],
)
def test_a_misspelt_path_of_the_taxonomy(part: dict[str, Any], pointer: str, words: str) -> None:
    """A path, key or condition of the taxonomy that fits no schema would never match, and is a finding."""
    (found,) = linted(taxonomy=part)
    assert (found.where.file, found.where.pointer) == ("t/taxonomy.yaml", pointer)
    assert words in found.message + found.hint


def test_a_case_with_a_field_nobody_has() -> None:
    """A case that gives a misspelt fact shows nothing about the rule."""
    (found,) = linted(case={"plan": {"criteria": [{"id": "a", "metrc": "auroc"}]}})
    assert found.where.pointer == "/facts/plan/criteria/0/metrc"
    assert "`metric`" in found.hint


@pytest.mark.parametrize(
    "expression",
    [
        "unknown.anything.at.all",
        "plan.criteria.map(c, {'id': c.id, 'both': [c]})[0].both[0].metric == 'x'",
        "[release.model, previous.model].all(m, m.file.sha256 != '')",
        "params.seats[change.class].all(s, 'a' in s) && params.seats.whatever != null",
        "(release.stages + decisions).all(r, r.origin != 'enacted')",
        "{'released': 1, change.class: 2}[release.status] > 0",
        "plan.criteria.exists(c, c.cohort.any_axis == 'x')",
        "measures.criteria.filter(c, c.id == 'a').map(c, c.outcome).distinct()[0] == 'met'",
        "release.safe_state.target == null",
        "decisions.filter(d, d.kind == 'board_decision')[0].conditions[0].closed_on <= now",
    ],
)
def test_what_is_not_known_is_not_objected_to(expression: str) -> None:
    """Nothing is said about a field where a schema, a map or an expression leaves it open."""
    assert check(expression, SHAPES)[1] == ()


def test_the_facts_of_the_example_fit_their_shapes() -> None:
    """The table of shapes is complete: no fact of any release of the example lies outside its shape."""
    root = POLICIES.parent
    asked = request(Doors(today=no_clock), start=root, as_of="2026-04-30")
    for version in ("1.0.0", "1.2.0", "2.0.0-rc1", "2.0.0"):
        facts = {name: value for name, value in facts_of(asked, version).items() if name != "params"}
        assert list(strays(facts, Shape(fields=SHAPES), ())) == []


def no_clock() -> Any:
    raise AssertionError("no clock")


def test_every_fact_name_has_a_row() -> None:
    """A name that the table lacks would go unchecked."""
    assert set(FACTS) == FACT_NAMES - {"params"}
    assert [name for name, shape in SHAPES.items() if shape.any] == []


@pytest.mark.parametrize(
    "path", ["release.**.foo", "datasets.*.raw", "monitoring.monitors[M-1].threshold.**"]
)
def test_patterns_that_may_match(path: str) -> None:
    """A pattern is refused only where no record could ever match it."""
    assert pattern(path, logical_shape(schema_documents()))[2] == ""


def test_schemas_that_say_nothing_leave_all_open() -> None:
    """Without the schemas nothing is known, and nothing is objected to."""
    assert fact_shapes({})["plan"] is ANY
