"""Packs on packs: what tightens goes through, what loosens must say why and is shown."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.policies import documents, packs, rule_file

from muniment import judge
from muniment.errors import InvalidPolicy
from muniment.judge.compiled import Packs
from muniment.judge.layers import tightens
from muniment.judge.patterns import covers, overlaps
from muniment.model.change import ChangeClass
from muniment.model.finding import Severity
from muniment.model.policy import Param, pattern_steps

WHY = "the second reviewer starts in June"
CATALOGUE = "catalogue/requirements.yaml"


def layer(files: dict[str, Any] | None = None, **head: Any) -> dict[str, Any]:
    """Documents of core with a layer `ours` on it."""
    body = {"kind": "policy", "schema": 1, "id": "ours", "version": "1", "title": "Ours", "extends": ["core"]}
    core = {path: tree for path, tree in documents().items() if path.startswith("core/")}
    return {**core, "ours/pack.yaml": body | head, **(files or {})}


def taxonomy(*paths: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"ours/taxonomy.yaml": {"kind": "taxonomy", "schema": 1, "paths": list(paths)} | parts}


def loaded(files: dict[str, Any] | None = None, **head: Any) -> Packs:
    return judge.load_packs(layer(files, **head), lambda _file, pointer: (7, len(pointer)))


def severity(of: Packs, rule: str) -> Severity | None:
    return next((c.rule.severity for c in of.rules if c.rule.id == rule), None)


def test_a_layer_sets_what_the_rules_below_read() -> None:
    """A parameter set by a layer reaches the rules of the pack below, and the layer's own."""
    own = {"ours/rules/r.yaml": rule_file(require="params.drill_max_age + params.mine > 0")}
    mine = {"mine": {"value": 1, "type": "integer", "doc": "mine"}}
    found = loaded(own, set={"drill_max_age": {"value": 90}}, params=mine)
    assert {c.params["drill_max_age"] for c in found.rules} == {90}
    assert next(c for c in found.rules if c.rule.id == "a-rule").params["mine"] == 1
    assert found.loosenings == ()
    assert [pack.id for pack in found.packs] == ["core", "ours"]


def test_cases_of_the_pack_below_hold_whatever_a_layer_sets() -> None:
    """A case says what its own pack means, so that a stricter layer does not break it."""
    found = loaded(set={"drill_max_age": {"value": 1}, "rationale_characters": {"value": 4000}})
    results = judge.test(judge.load_packs(layer(set={"drill_max_age": {"value": 1}})))
    assert results
    assert all(result.passed for result in results)
    assert all(c.own_params["drill_max_age"] == 365 for c in found.rules)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("drill_max_age", 364),
        ("rationale_characters", 41),
        ("required_signals", ["input_drift", "output_drift", "calibration", "missing_data", "subgroup"]),
        ("known_in_time", ["admission"]),
        ("waiver_max_days", 366),
    ],
)
def test_tightening_needs_no_words(name: str, value: Any) -> None:
    """A value that is stricter in the declared direction, or the same, is no loosening."""
    assert loaded(set={name: {"value": value}}).loosenings == ()


LOOSER: list[tuple[dict[str, Any], str, str]] = [
    ({"set": {"drill_max_age": {"value": 366}}}, "param drill_max_age", "366"),
    ({"set": {"rationale_characters": {"value": 39}}}, "param rationale_characters", "39"),
    ({"set": {"required_signals": {"value": ["input_drift"]}}}, "param required_signals", "[input_drift]"),
    ({"set": {"known_in_time": {"value": ["admission", "day3", "day7"]}}}, "param known_in_time", "day7"),
    (
        {"set": {"quorums": {"value": {"administrative": [["quality"]], "operational": [], "clinical": []}}}},
        "param quorums",
        "operational: []",
    ),
    ({"adjust": {"drill-in-date": {"severity": "warn"}}}, "rule drill-in-date", "warn"),
    ({"adjust": {"subgroups-monitored": {"severity": "info"}}}, "rule subgroups-monitored", "info"),
    ({"adjust": {"drill-in-date": {"drop": True}}}, "rule drill-in-date", "dropped"),
]


@pytest.mark.parametrize(("head", "what", "after"), LOOSER)
def test_loosening_needs_a_reason_and_is_shown(head: dict[str, Any], what: str, after: str) -> None:
    """Without a reason a loosening is refused at its place; with one it is kept, and reported as a note."""
    ((part, entries),) = head.items()
    ((name, entry),) = entries.items()
    with pytest.raises(InvalidPolicy, match="without a reason") as caught:
        loaded(**head)
    assert caught.value.where == f"ours/pack.yaml:7:{len(f'/{part}/{name}')}"
    found = loaded(**{part: {name: entry | {"loosens": WHY}}})
    (loosening,) = found.loosenings
    assert (loosening.what, loosening.reason, loosening.pack) == (what, WHY, "ours")
    assert after in loosening.after
    (note,) = judge.loosened(found)
    assert note.severity is Severity.INFO
    assert WHY in note.message


def test_a_reason_for_nothing_is_refused() -> None:
    """`loosens` on a tightening would mislead whoever reads it."""
    for head in (
        {"set": {"drill_max_age": {"value": 10, "loosens": WHY}}},
        {"adjust": {"subgroups-monitored": {"severity": "block", "loosens": WHY}}},
    ):
        with pytest.raises(InvalidPolicy, match="does not loosen"):
            loaded(**head)


def test_severity_is_raised_and_a_rule_dropped() -> None:
    """A raised severity judges; a dropped rule does not, and its requirement says who dropped it."""
    found = loaded(
        adjust={
            "subgroups-monitored": {"severity": "block"},
            "raw-licence-present": {"drop": True, "loosens": WHY},
        }
    )
    assert severity(found, "subgroups-monitored") is Severity.BLOCK
    assert severity(found, "raw-licence-present") is None
    assert len(found.rules) == len(packs().rules) - 1
    row = next(r for r in judge.requirements(found, documents()[CATALOGUE]) if r.id == "DAT-12")
    assert row.why_not == f"pack ours dropped the rule raw-licence-present: {WHY}"
    assert judge.lint(found, documents()[CATALOGUE]) == ()


def test_a_layer_cannot_drop_everything() -> None:
    """Nothing is not everything: a policy whose rules are all dropped would accept whatever comes."""
    drops = {c.rule.id: {"drop": True, "loosens": WHY} for c in packs().rules}
    with pytest.raises(InvalidPolicy, match="drop every rule"):
        loaded(adjust=drops)


def test_without_a_direction_every_change_loosens() -> None:
    """What cannot be told to be stricter has to be argued for."""
    assert not tightens(Param("p", 1, "integer", "d"), 2)
    assert not tightens(Param("p", 2, "integer", "d"), 1)
    assert tightens(Param("p", 1, "integer", "d"), 1)
    assert not tightens(Param("p", "a", "text", "d"), "b")
    assert tightens(Param("p", False, "boolean", "d", "higher"), True)
    assert not tightens(Param("p", {"a": 1}, "map", "d", "higher"), {"b": 2})
    assert tightens(Param("p", {"a": [1]}, "map", "d", "higher"), {"a": [2, 1], "b": []})


def entry(path: str, word: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "class": word, "reason": "r"} | more


@pytest.mark.parametrize(
    "path",
    [
        entry("release.summary", "operational"),
        entry("monitoring.monitors[*].owner", "clinical"),
        entry("monitoring.**", "clinical"),
        entry("run.argv", "operational"),
        entry("plan.criteria[*].rationale", "administrative"),
        entry("monitoring.baseline", "clinical", when="before != after"),
    ],
)
def test_a_stricter_path_goes_through(path: dict[str, Any]) -> None:
    """A class that is at least the one below is no loosening."""
    found = loaded(taxonomy(path))
    assert found.loosenings == ()
    mine = [
        p for p in found.taxonomy.paths if p.path == path["path"] and (p.when is None) == ("when" not in path)
    ]
    assert [p.change_class for p in mine] == [ChangeClass.of(path["class"])]


@pytest.mark.parametrize(
    ("path", "before"),
    [
        (entry("release.model.file.sha256", "operational"), "clinical"),
        (entry("claim.title", "administrative"), "clinical"),
        (entry("nothing.named.before", "operational"), "clinical"),
        (entry("release.**", "administrative"), "clinical"),
        (entry("monitoring.monitors[*].owner", "administrative"), "operational"),
        (entry("monitoring.monitors[M-1].threshold.act", "operational"), "clinical"),
        (entry("monitoring.monitors[*]", "operational", when="after == null"), "clinical"),
        (entry("monitoring.monitors[*]", "clinical", when="before == null"), "clinical when after == null"),
    ],
)
def test_a_laxer_path_must_say_why(path: dict[str, Any], before: str) -> None:
    """A class below the one that holds for a path of the pattern loosens, and so does another condition."""
    with pytest.raises(InvalidPolicy, match="without a reason") as caught:
        loaded(taxonomy(path))
    assert caught.value.where == f"ours/taxonomy.yaml:7:{len('/paths/0')}"
    (loosening,) = loaded(taxonomy(path | {"loosens": WHY})).loosenings
    assert (loosening.what, loosening.before) == (f"path {path['path']}", before)


def test_a_layer_adds_list_keys_and_leaves_the_default() -> None:
    """The default class and the keys below stay as they are; new keys are added."""
    found = loaded(taxonomy(keys={"owners": "id"}))
    assert found.taxonomy.default is ChangeClass.CLINICAL
    assert (found.taxonomy.keys["owners"], found.taxonomy.keys["hazards"]) == (("id",), ("id",))
    with pytest.raises(InvalidPolicy, match="matched by"):
        loaded(taxonomy(keys={"hazards": "title"}))
    with pytest.raises(InvalidPolicy, match="unknown key `default`"):
        loaded(taxonomy(default="administrative"))


@pytest.mark.parametrize(
    ("head", "files", "words", "pointer"),
    [
        ({"extends": ["cor"]}, {}, "there is no pack `cor`", "/extends/0"),
        ({"extends": []}, {}, "at least one", "/extends"),
        ({"extends": ["ours"]}, {}, "extends itself", "/extends/0"),
        (
            {"set": {"drill_max_agee": {"value": 1}}},
            {},
            "no pack below has the parameter",
            "/set/drill_max_agee",
        ),
        ({"set": {"drill_max_age": {"value": "long"}}}, {}, "not of type days", "/set/drill_max_age/value"),
        ({"set": {"drill_max_age": {"valeu": 1}}}, {}, "unknown key `valeu`", "/set/drill_max_age/valeu"),
        (
            {"adjust": {"dril-in-date": {"drop": True}}},
            {},
            "no pack below has the rule",
            "/adjust/dril-in-date",
        ),
        ({"adjust": {"drill-in-date": {}}}, {}, "gives a `severity`", "/adjust/drill-in-date"),
        (
            {"adjust": {"drill-in-date": {"severity": "blok"}}},
            {},
            "not one of",
            "/adjust/drill-in-date/severity",
        ),
        (
            {"params": {"drill_max_age": {"value": 1, "type": "days", "doc": "d"}}},
            {},
            "is a parameter of a pack below",
            "/params/drill_max_age",
        ),
    ],
)
def test_a_bad_layer_names_its_place(
    head: dict[str, Any], files: dict[str, Any], words: str, pointer: str
) -> None:
    """A mistake in a layer is refused with its file, line and column."""
    with pytest.raises(InvalidPolicy, match=words) as caught:
        loaded(files, **head)
    assert caught.value.where == f"ours/pack.yaml:7:{len(pointer)}"


def test_set_and_adjust_are_for_layers() -> None:
    """A pack that extends nothing has nothing to set."""
    for part in ({"set": {}}, {"adjust": {}}):
        documents = layer(**part)
        del documents["ours/pack.yaml"]["extends"]
        with pytest.raises(InvalidPolicy, match="say which with `extends`"):
            judge.load_packs(documents)


def test_layers_on_layers() -> None:
    """A layer on a layer sees both below, and what it loosens is weighed against the one just below."""
    files = layer(set={"drill_max_age": {"value": 100}})
    top = {"kind": "policy", "schema": 1, "id": "site", "version": "1", "title": "Site", "extends": "ours"}
    head = top | {"set": {"drill_max_age": {"value": 200}}}
    with pytest.raises(InvalidPolicy, match="from 100 to 200 without a reason"):
        judge.load_packs({"site/pack.yaml": head, **files})
    head["set"]["drill_max_age"]["loosens"] = WHY
    found = judge.load_packs({"site/pack.yaml": head, **files})
    assert [pack.id for pack in found.packs] == ["core", "ours", "site"]
    assert found.rules[0].params["drill_max_age"] == 200


def test_two_taxonomies_need_a_layer() -> None:
    """Two packs that do not know each other cannot both say what a change is."""
    with pytest.raises(InvalidPolicy, match="two change taxonomies") as caught:
        judge.load_packs(documents())
    assert caught.value.where == "internal/taxonomy.yaml"


@pytest.mark.parametrize(
    ("wide", "narrow", "all_of_it", "some_of_it"),
    [
        ("a.**", "a", True, True),
        ("a.**", "a.b[*].c", True, True),
        ("a.*.c", "a.b.c", True, True),
        ("a.b.c", "a.*.c", False, True),
        ("a[*].c", "a[x].c", True, True),
        ("a[x].c", "a[y].c", False, False),
        ("**", "a.b", True, True),
        ("a.**.z", "a.b.c.z", True, True),
        ("a.**.z", "a.b.**", False, True),
        ("a.b", "a.c", False, False),
        ("a", "a.b", False, False),
    ],
)
def test_patterns_cover_and_overlap(wide: str, narrow: str, all_of_it: bool, some_of_it: bool) -> None:
    """One pattern covers another if it matches all its paths; they overlap if some path fits both."""
    one, other = pattern_steps(wide) or (), pattern_steps(narrow) or ()
    assert covers(one, other) is all_of_it
    assert overlaps(one, other) is overlaps(other, one) is some_of_it
