"""Diff: what changed between two releases, and how much it matters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dossiers import dossier
from tests.support.policies import packs

from muniment.diff import Classifier, diff
from muniment.diff.compare import differences, dotted
from muniment.model.change import Change, ChangeClass
from muniment.model.policy import PathClass, Taxonomy
from muniment.model.tree import frozen

Edit = Callable[[dict[str, Any]], None]
TAXONOMY = packs().taxonomy


def put(record: str, path: str, value: Any) -> Edit:
    """Set one node, list elements by position; a value of `...` deletes it."""

    def edit(bodies: dict[str, Any]) -> None:
        node = bodies[record]
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        for step in way:
            node = node[step]
        if value is ...:
            del node[last]
        elif isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value

    return edit


def changed(*edits: Edit) -> tuple[Change, ...]:
    def edit(bodies: dict[str, Any]) -> None:
        for each in edits:
            each(bodies)

    return diff(dossier(), dossier(edit), TAXONOMY).items


MONITOR = {
    "id": "M2",
    "signal": "input_drift",
    "metric": "psi",
    "hazards": [],
    "window": "quarter",
    "threshold": {"warn": 0.1, "act": 0.2, "direction": "above", "rationale": "Usual.", "set_by": "cai"},
    "owner": "ben",
    "action": "Look.",
}
HAZARD = {"id": "H2", "title": "t", "severity": "minor"}
TARGET = {
    "id": "C2",
    "domain": "operational",
    "metric": "latency_p95_ms",
    "operator": "<=",
    "threshold": 50,
}

# Written down from section 3.3 of the requirement catalogue, not from the taxonomy.
EXPECTED: list[tuple[str, Edit, str, str]] = [
    ("title", put("releases/1.0.0", "title", "Other"), "release.title", "administrative"),
    ("summary", put("releases/1.0.0", "summary", "Other"), "release.summary", "administrative"),
    (
        "rationale",
        put("releases/1.0.0", "rationale/value", "safety"),
        "release.rationale.value",
        "administrative",
    ),
    ("stages", put("releases/1.0.0", "stages/0/n", 3), "release.stages[retrospective].n", "administrative"),
    ("run day", put("runs/1", "performed_on", "2024-03-01"), "run.performed_on", "administrative"),
    ("plan title", put("plans/1", "title", "Other"), "plan.title", "administrative"),
    (
        "criterion's reason",
        put("plans/1", "criteria/0/rationale", "Other"),
        "plan.criteria[C1].rationale",
        "administrative",
    ),
    (
        "window",
        put("monitors/1", "monitors/0/window", "month"),
        "monitoring.monitors[M1].window",
        "operational",
    ),
    ("owner", put("monitors/1", "monitors/0/owner", "dee"), "monitoring.monitors[M1].owner", "operational"),
    ("routing", put("monitors/1", "routing", "By phone."), "monitoring.routing", "operational"),
    ("a monitor more", put("monitors/1", "monitors/1", MONITOR), "monitoring.monitors[M2]", "operational"),
    (
        "lockfile",
        put("runs/1", "environment/lockfile/sha256", "0" * 64),
        "run.environment.lockfile.sha256",
        "operational",
    ),
    (
        "rollback steps",
        put("releases/1.0.0", "safe_state/steps", ["Other."]),
        "release.safe_state.steps",
        "operational",
    ),
    (
        "why the safe state is sought",
        put("releases/1.0.0", "safe_state/criteria", ["A level 3 alert."]),
        "release.safe_state.criteria",
        "operational",
    ),
    (
        "who may stop it",
        put("monitors/1", "pause", {"target_minutes": 20}),
        "monitoring.pause",
        "operational",
    ),
    (
        "prediction log",
        put("monitors/1", "telemetry", {"log": "other"}),
        "monitoring.telemetry",
        "operational",
    ),
    (
        "automation",
        put("releases/1.0.0", "automation", [{"target": "snapshotting", "state": "manual", "tool": "none"}]),
        "release.automation",
        "operational",
    ),
    (
        "a signal left out on purpose",
        put("monitors/1", "not_monitored", [{"signal": "workflow", "reason": "r", "decided_by": "ben"}]),
        "monitoring.not_monitored",
        "clinical",
    ),
    (
        "what an indicator counts",
        put("monitors/1", "monitors/0/indicator", {"kind": "outcome", "numerator": "a", "denominator": "b"}),
        "monitoring.monitors[M1].indicator",
        "clinical",
    ),
    (
        "what a monitor watches",
        put("monitors/1", "monitors/0/signal", "workflow"),
        "monitoring.monitors[M1].signal",
        "clinical",
    ),
    (
        "tightened threshold",
        put("monitors/1", "monitors/0/threshold/warn", 0.8),
        "monitoring.monitors[M1].threshold.warn",
        "operational",
    ),
    (
        "relaxed threshold",
        put("monitors/1", "monitors/0/threshold/act", 0.6),
        "monitoring.monitors[M1].threshold.act",
        "clinical",
    ),
    ("a monitor fewer", put("monitors/1", "monitors/0", ...), "monitoring.monitors[M1]", "clinical"),
    ("operational target", put("plans/1", "criteria/1", TARGET), "plan.criteria[C2]", "operational"),
    ("intended use", put("claims/1", "intended_use", "Decides."), "claim.intended_use", "clinical"),
    ("decision role", put("claims/1", "decision_role", "drives"), "claim.decision_role", "clinical"),
    ("unit of an input", put("claims/1", "inputs/0/units", "months"), "claim.inputs[age].units", "clinical"),
    ("safe state", put("claims/1", "safe_state/mode", "rules_fallback"), "claim.safe_state.mode", "clinical"),
    (
        "raw file",
        put("datasets/raw/1", "files/0/sha256", "0" * 64),
        "datasets.raw.files[data/raw.csv].sha256",
        "clinical",
    ),
    ("split seed", put("datasets/splits/1", "logic/seed", 2), "datasets.splits.logic.seed", "clinical"),
    ("label rules", put("datasets/labels/1", "rules", "Other."), "datasets.labels.rules", "clinical"),
    (
        "feature's source",
        put("datasets/features/1", "features/0/source", "guess"),
        "datasets.features.features[age].source",
        "clinical",
    ),
    ("model", put("releases/1.0.0", "model/file/sha256", "0" * 64), "release.model.file.sha256", "clinical"),
    (
        "order of inputs",
        put("releases/1.0.0", "model/inputs", ["b", "age"]),
        "release.model.inputs",
        "clinical",
    ),
    (
        "operating point",
        put("plans/1", "operating_points/0/threshold", 0.4),
        "plan.operating_points[default].threshold",
        "clinical",
    ),
    ("criterion", put("plans/1", "criteria/0/threshold", 0.6), "plan.criteria[C1].threshold", "clinical"),
    (
        "limitation",
        put("releases/1.0.0", "limitations/0/text", "Other"),
        "release.limitations[L1].text",
        "clinical",
    ),
    ("hazard", put("hazards/1", "hazards/1", HAZARD), "hazards.hazards[H2]", "clinical"),
    (
        "intended use intact",
        put("releases/1.0.0", "impact/intended_use_intact", False),
        "release.impact.intended_use_intact",
        "clinical",
    ),
    ("unknown field", put("releases/1.0.0", "mood", "good"), "release.mood", "clinical"),
    ("seeds", put("runs/1", "seeds", [2]), "run.seeds", "clinical"),
]


@pytest.mark.parametrize(
    ("edit", "path", "word"), [case[1:] for case in EXPECTED], ids=[c[0] for c in EXPECTED]
)
def test_class_of_a_change(edit: Edit, path: str, word: str) -> None:
    """Each change is found under its path, alone, with the class that the requirement catalogue asks for."""
    (change,) = changed(edit)
    assert (change.path, change.change_class.word) == (path, word), change.rule
    assert change.reason


def test_nothing_changed() -> None:
    """Two equal releases have no changes, and the lowest class."""
    changes = diff(dossier(), dossier(), TAXONOMY)
    assert (changes.items, changes.computed) == ((), ChangeClass.ADMINISTRATIVE)


def test_first_release_is_clinical() -> None:
    """A first release has nothing to be compared with, so everything about it is to be validated."""
    changes = diff(None, dossier(), TAXONOMY)
    assert changes.computed is ChangeClass.CLINICAL
    assert [item.path for item in changes.items] == ["(first release)"]


def test_a_new_version_of_a_record_is_compared_by_content() -> None:
    """A reference to another version with the same content is administrative; its content decides."""

    def renamed(bodies: dict[str, Any]) -> None:
        bodies["claims/2"] = bodies.pop("claims/1")
        bodies["releases/1.0.0"]["claim"] = "claims/2"

    (change,) = changed(renamed)
    assert (change.path, change.change_class.word) == ("release.claim", "administrative")

    def reworded(bodies: dict[str, Any]) -> None:
        renamed(bodies)
        bodies["claims/2"]["intended_use"] = "Decides."

    use, reference = sorted(changed(reworded), key=lambda item: item.path)
    assert (use.path, use.record, use.pointer) == ("claim.intended_use", "claims/2", "/intended_use")
    assert reference.path == "release.claim"


def test_a_removed_element_points_into_the_old_record() -> None:
    """What is gone can only be shown where it was."""

    def edit(bodies: dict[str, Any]) -> None:
        bodies["monitors/2"] = bodies.pop("monitors/1")
        bodies["releases/1.0.0"]["monitors"] = "monitors/2"
        bodies["monitors/2"]["monitors"] = []

    gone = next(item for item in changed(edit) if item.path.startswith("monitoring"))
    assert (gone.kind, gone.record, gone.pointer) == ("removed", "monitors/1", "/monitors/0")
    assert gone.before["id"] == "M1"
    assert gone.after is None


def test_order_of_keyed_elements_is_no_change() -> None:
    """Elements that are known by their key may stand in any order."""
    before = frozen({"monitors": [{"id": "a", "n": 1}, {"id": "b", "n": 2}]})
    after = frozen({"monitors": [{"id": "b", "n": 2}, {"id": "a", "n": 3}]})
    found = list(differences(before, after, (), TAXONOMY.keys))
    assert [(dotted(item.steps), item.pointer) for item in found] == [("monitors[a].n", "/monitors/1/n")]


def test_a_repeated_key_does_not_hide_a_change() -> None:
    """A list whose key repeats is compared as a whole, so nothing collapses."""
    before = frozen({"monitors": [{"id": "a", "n": 1}, {"id": "a", "n": 2}]})
    after = frozen({"monitors": [{"id": "a", "n": 9}, {"id": "a", "n": 2}]})
    assert [dotted(item.steps) for item in differences(before, after, (), TAXONOMY.keys)] == ["monitors"]


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, False)])
def test_types_are_kept_apart(before: Any, after: Any) -> None:
    """A value of another type is another value."""
    assert len(list(differences({"a": before}, {"a": after}, (), {}))) == 1


EDITS = [case[1] for case in EXPECTED if case[0] not in {"a monitor fewer", "relaxed threshold"}]


@given(st.lists(st.integers(0, len(EDITS) - 1), min_size=1, max_size=6, unique=True))
@settings(max_examples=80, deadline=None)
def test_a_further_change_never_lowers_the_class(numbers: list[int]) -> None:
    """The class of a release is the highest over its changes: one more change cannot lower it."""
    classes = []
    for count in range(1, len(numbers) + 1):
        items = changed(*(EDITS[number] for number in numbers[:count]))
        classes.append(max(item.change_class for item in items))
    assert classes == sorted(classes)


def taxonomy(*entries: PathClass) -> Taxonomy:
    return Taxonomy(ChangeClass.CLINICAL, {}, entries)


ADMINISTRATIVE, OPERATIONAL, CLINICAL = ChangeClass


@pytest.mark.parametrize(
    ("patterns", "steps", "decides"),
    [
        (["a.**", "a.b"], ("a", "b"), "a.b"),
        (["a.**", "a.b"], ("a", "b", "c"), "a.**"),
        (["a.*", "a.b"], ("a", "c"), "a.*"),
        (["a.l[*].x", "a.**"], ("a", "l", "[k]", "x"), "a.l[*].x"),
        (["a.l[*].x", "a.l[k].x"], ("a", "l", "[k]", "x"), "a.l[k].x"),
        (["a.l[*].x", "a.l[k].x"], ("a", "l", "[j]", "x"), "a.l[*].x"),
        (["a.**"], ("a",), "a.**"),
        (["**.name", "a.**"], ("b", "c", "name"), "**.name"),
        (["**.name", "a.**"], ("a", "c", "name"), "a.**"),
        (["a.**.z", "a.**"], ("a", "b", "c", "z"), "a.**.z"),
        (["a.b"], ("a", "b", "c"), "default"),
        (["a.l[*]", "a.l[*].**"], ("a", "l", "[k]"), "a.l[*]"),
        ([], ("a",), "default"),
    ],
)
def test_the_most_specific_pattern_decides(patterns: list[str], steps: tuple[str, ...], decides: str) -> None:
    """A literal step beats a wildcard, a wildcard beats `**`, and what nothing names is clinical."""
    for order in (patterns, patterns[::-1]):
        found = Classifier(taxonomy(*(PathClass(p, ADMINISTRATIVE, "r") for p in order))).of(steps)
        assert found.rule == decides
        assert found.change_class is (CLINICAL if decides == "default" else ADMINISTRATIVE)


@pytest.mark.parametrize(("says", "expected"), [(True, CLINICAL), (False, OPERATIONAL), (None, CLINICAL)])
def test_a_condition_that_cannot_tell_falls_to_the_higher_class(
    says: bool | None, expected: ChangeClass
) -> None:
    """Where a condition has no answer, the higher of both classes holds."""
    entries = (
        PathClass("a.**", CLINICAL, "r", "w", lambda _b, _a: says),
        PathClass("a.**", OPERATIONAL, "r"),
    )
    classifier = Classifier(taxonomy(*entries))
    assert classifier.of(("a", "b"), lambda _length: (1, 2)).change_class is expected
    lower = (
        PathClass("a.**", ADMINISTRATIVE, "r", "w", lambda _b, _a: None),
        PathClass("a.**", OPERATIONAL, "r"),
    )
    assert Classifier(taxonomy(*lower)).of(("a", "b"), lambda _length: (1, 2)).change_class is OPERATIONAL


def test_explaining_a_path_needs_no_values() -> None:
    """Without values, a path with a condition is answered with the higher class."""
    assert (
        Classifier(TAXONOMY).of(("monitoring", "monitors", "[M1]", "threshold", "act")).change_class
        is CLINICAL
    )


def rescored(*entries: dict[str, Any], **table: str) -> tuple[Change, ...]:
    """Changes of a release whose prediction table was written anew and compared as `entries` say."""
    columns = {"sha256": "9" * 64} | table

    def edit(bodies: dict[str, Any]) -> None:
        bodies["releases/1.0.0"]["predictions"]["table"] |= columns

    new = replace(dossier(edit), evaluation=frozen({"equivalence": list(entries)}))
    return diff(dossier(), new, TAXONOMY).items


def equal(**fields: Any) -> dict[str, Any]:
    entry = {"against": "previous", "release": "releases/1.0.0", "rows": 9, "compared": 9}
    return entry | {"max_difference": 0.0, "calls_differing": 0} | fields


def test_outputs_that_are_equal_are_an_operational_change() -> None:
    """A table written anew with the same scores does not make a release clinical."""
    (item,) = rescored(equal())
    assert (item.path, item.change_class) == ("release.predictions.table.sha256", ChangeClass.OPERATIONAL)
    near = {item.path: item.change_class for item in rescored(equal(max_difference=1e-9))}
    assert near["release.predictions.outputs"] is ChangeClass.OPERATIONAL


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (equal(max_difference=0.01),),
        (equal(calls_differing=1),),
        (equal(compared=8),),
        (equal(max_difference=None, compared=0),),
        (equal(calls_differing=None),),
        (equal(release="releases/0.9.0"),),
        (equal(), equal(against="original", max_difference=0.2)),
        ({"release": "releases/1.0.0"},),
        (equal(rows="nine"),),
    ],
)
def test_outputs_that_are_not_shown_to_be_equal_are_clinical(entries: tuple[dict[str, Any], ...]) -> None:
    """Other scores, another call, a row left out, no comparison with that release: all are clinical."""
    found = {item.path: item.change_class for item in rescored(*entries)}
    assert found["release.predictions.outputs"] is ChangeClass.CLINICAL


def test_the_same_table_read_by_another_column_is_another_output() -> None:
    """The digest alone does not make outputs equal."""
    items = changed(put("releases/1.0.0", "predictions/score", "other"))
    assert "release.predictions.outputs" in {item.path for item in items}
