"""Every field of the example's bundles, edited one at a time, against a table written by hand.

The table comes from section 3.3 of the requirement catalogue and from the words of the fields' own
descriptions. It was not read off the change taxonomy: where the two disagree, one of them is wrong.
"""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.support.mutation import ABSENT, Mutation, apply, mutations
from tests.support.policies import packs
from tests.support.project import CHECKOUT

from muniment.diff import diff
from muniment.model.evidence import Dossier
from muniment.pipeline.request import Doors, request
from muniment.pipeline.survey import survey

TAXONOMY = packs().taxonomy
RELEASES: dict[str, Dossier] = {
    dossier.version: dossier
    for device in survey(request(Doors(today=datetime.date.today), start=CHECKOUT)).devices
    for dossier in device.releases
}

Judge = Callable[[Mutation], str]
ADMINISTRATIVE, OPERATIONAL, CLINICAL = "administrative", "operational", "clinical"


def threshold(edit: Mutation) -> str:
    """A monitor's threshold: relaxing it is clinical, tightening it operational."""
    if edit.kind != "changed" or edit.steps[-1] not in ("warn", "act"):
        return CLINICAL
    *_, index, _threshold, _field = edit.steps
    monitor = _record(edit)["monitors"][index]
    above = monitor["threshold"]["direction"] == "above"
    return CLINICAL if (edit.after > edit.before) == above else OPERATIONAL  # type: ignore[operator]


def monitor_itself(edit: Mutation) -> str:
    """One more monitor is operational; one less leaves a hazard unwatched, and a renamed one is one less."""
    return OPERATIONAL if edit.kind == "added" else CLINICAL


def criterion(edit: Mutation) -> str:
    """What a release must show is clinical, unless it is a target of operation throughout."""
    if edit.steps[-1] == "domain" or (edit.steps[-1] == "id" and edit.kind == "removed"):
        return CLINICAL  # without its id, no criterion can be told from the others
    index = edit.steps[1]
    criteria = _record(edit)["criteria"]
    element = criteria[index] if isinstance(index, int) and index < len(criteria) else criteria[0]
    # An added element is a copy of the first under another name, and so is its domain.
    domain = f"{element['domain']}-2" if edit.kind == "added" and len(edit.steps) == 2 else element["domain"]
    return OPERATIONAL if domain == "operational" else CLINICAL


def component(edit: Mutation) -> str:
    """A lockfile is operational, any other part of what is released is clinical."""
    parts = _record(edit)["components"]
    return OPERATIONAL if parts[edit.steps[1]]["role"] == "lockfile" else CLINICAL  # type: ignore[index]


def control(edit: Mutation) -> str:
    """One more control is operational; one less, or one that cannot be found by its id, is clinical."""
    return OPERATIONAL if edit.kind == "added" else CLINICAL


def _record(edit: Mutation) -> dict[str, list[dict[str, dict[str, str]]]]:
    return next(d.records[edit.record].body for d in RELEASES.values() if edit.record in d.records)  # type: ignore[return-value]


# Read from the top: the first pattern that fits a whole path decides. A path that none fits fails the test,
# so whoever adds a field to the example says here what a change of it means.
TABLE: list[tuple[str, str | Judge]] = [
    # docs/**: wording without effect on claim, limitation or labelling; who, when, which record.
    (r"release\.(version|supersedes|title|summary|author|declared_class|change_request)", ADMINISTRATIVE),
    (r"release\.rationale(\..*)?", ADMINISTRATIVE),
    (r"release\.impact\.intended_use_intact", CLINICAL),  # escalator
    (r"release\.impact", CLINICAL),  # with it goes intended_use_intact
    (r"release\.impact\..*", ADMINISTRATIVE),
    (r"release\.(stages|operational)(\[\])?(\..*)?", ADMINISTRATIVE),
    (r"release\.release_notes\.explanation_changed?", OPERATIONAL),
    (r"release\.release_notes(\..*)?", ADMINISTRATIVE),
    (r"release\.labelling\.udi_decision", ADMINISTRATIVE),
    # Evidence about the release, and no part of the device.
    (
        r"release\.(analysis|attribution|error_examples|system_tests|reader_study|precision_study|privacy)"
        r"(\[\])?(\..*)?",
        ADMINISTRATIVE,
    ),
    (r"release\.explainability\.contract\.golden(\..*)?|release\.snapshots", ADMINISTRATIVE),
    (r"security\.(title|tests(\[\])?(\..*)?)", ADMINISTRATIVE),
    (r"run\.(log|promotion)(\..*)?|run\.no_revision", ADMINISTRATIVE),
    (r"plan\.robustness\[\]\.rationale|pccp\.title", ADMINISTRATIVE),
    # Here every edit names a record that is not there, and with it goes all that stood in it.
    (r"release\.(claim|hazards|monitors|plan|run|security|pccp|pccp\.plan)", CLINICAL),
    (r"release\.pccp\..*", ADMINISTRATIVE),  # how the release stands to the plan; the plan itself is below
    (r"release\.datasets\.\w+", CLINICAL),
    (r"plan\.title|run\.title|datasets\.raw\.title", ADMINISTRATIVE),
    (r"plan\.(criteria|operating_points)\[\]\.rationale", ADMINISTRATIVE),
    (r"monitoring\.monitors\[\]\.threshold\.(rationale|set_by)", ADMINISTRATIVE),
    (r"run\.(release|performed_on|origin|rerun(\..*)?)", ADMINISTRATIVE),
    (r"run\.outputs(\[\])?(\..*)?", ADMINISTRATIVE),
    (r"release\.(model\.file|predictions\.table|components\[\]\.file)\.path", ADMINISTRATIVE),
    # monitors[].window|owner|routing, alert routing; rollback.steps; images, lockfile.
    (r"monitoring\.monitors\[\]\.threshold(\..*)?", threshold),
    # What is watched, and for which hazard.
    (r"monitoring\.monitors\[\]\.(hazards|signal|indicator(\..*)?)", CLINICAL),
    (r"monitoring\.not_monitored", CLINICAL),
    (r"monitoring\.monitors", CLINICAL),
    (r"monitoring\.monitors\[\](\.id)?", monitor_itself),
    (r"monitoring\..*", OPERATIONAL),
    (r"release\.safe_state(\..*)?", OPERATIONAL),
    (r"run\.(environment|argv|determinism|steps)(\[\])?(\..*)?", OPERATIONAL),
    # infra/**, sbom, lockfile, images, access; a control that is gone no longer controls.
    (r"release\.images\.\w+\.(not_containerised|lockfile\.path)", ADMINISTRATIVE),
    (r"release\.sbom\.(file\.path|vulnerabilities\.(checked_on|origin|source))", ADMINISTRATIVE),
    (r"release\.(images|sbom|automation)(\[\])?(\..*)?", OPERATIONAL),
    (r"release\.components\[\]\.file(\..*)?", component),
    (r"security\.controls", CLINICAL),
    (r"security\.controls\[\](\.id)?", control),
    (r"security\..*", OPERATIONAL),
    (r"datasets\.baseline\.custody(\..*)?", OPERATIONAL),
    (r"release\.explainability\.contract\.schema_version", OPERATIONAL),
    # acceptance/**, and latency and uptime targets.
    (r"plan\.criteria\[\](\..*)?", criterion),
    # claim/**, datasets/**, features/**, model.digest, operating_point, limitations, labelling, explanations.
    (r"(claim|datasets|plan|hazards|run|pccp)\..*", CLINICAL),
    (r"release\.(model|predictions|components|limitations|labelling|explainability)(\[\])?(\..*)?", CLINICAL),
    (r"release\.datasets", CLINICAL),
]


def expected(edit: Mutation) -> str:
    for pattern, judged in TABLE:
        if re.fullmatch(pattern, edit.path):
            return judged if isinstance(judged, str) else judged(edit)
    raise AssertionError(f"say in the table what a change of {edit.path} means")


def class_of(dossier: Dossier, *edits: Mutation) -> str:
    return diff(dossier, apply(dossier, *edits), TAXONOMY).computed.word


@pytest.mark.parametrize("version", RELEASES)
def test_every_field_has_the_class_of_the_table(version: str) -> None:
    """Editing any one field gives the class that a person wrote down for it."""
    dossier = RELEASES[version]
    wrong = []
    count = 0
    for edit in mutations(dossier):
        count += 1
        found = class_of(dossier, edit)
        if found != expected(edit):
            wrong.append(f"{edit}: the table says {expected(edit)}, the taxonomy {found}")
    assert wrong == []
    assert count > 900


@pytest.mark.parametrize("version", RELEASES)
def test_a_second_change_never_lowers_the_class(version: str) -> None:
    """The class of two changes together is at least the class of each of them alone."""
    dossier = RELEASES[version]
    edits = list(mutations(dossier))
    ranks = (ADMINISTRATIVE, OPERATIONAL, CLINICAL)
    draw = random.Random(f"second change of {version}")
    for _ in range(400):
        first, second = draw.sample(edits, 2)
        if first.record == second.record and _touch(first, second):
            continue
        both = ranks.index(class_of(dossier, first, second))
        alone = max(ranks.index(class_of(dossier, edit)) for edit in (first, second))
        assert both >= alone, f"{first}, then {second}"


def _touch(first: Mutation, second: Mutation) -> bool:
    """Whether one edit undoes or moves what the other one edits."""
    shorter, longer = sorted((first.steps, second.steps), key=len)
    if longer[: len(shorter)] == shorter:
        return True
    moved = (edit for edit in (first, second) if edit.after is ABSENT and isinstance(edit.steps[-1], int))
    return any(
        other.steps[: len(edit.steps) - 1] == edit.steps[:-1]
        for edit in moved
        for other in (first, second)
        if other is not edit
    )


def test_nothing_changed_is_administrative() -> None:
    """Two equal releases differ in nothing."""
    for dossier in RELEASES.values():
        assert class_of(dossier) == ADMINISTRATIVE


@pytest.mark.parametrize("version", RELEASES)
def test_the_same_words_under_another_id_are_administrative(version: str) -> None:
    """Naming a new version of a record changes nothing by itself: what stands in it is compared."""
    dossier = RELEASES[version]
    named = [
        edit
        for edit in mutations(dossier)
        if edit.kind == "changed" and edit.record == dossier.id and edit.before in dossier.records
    ]
    assert len(named) >= 10
    for edit in named:
        record = dossier.records[str(edit.before)]
        copy = replace(record, id=str(edit.after))
        again = replace(dossier, records={**dossier.records, copy.id: copy})
        wanted = CLINICAL if edit.path == "release.model.serving_features" else ADMINISTRATIVE
        assert class_of(again, edit) == wanted, edit
