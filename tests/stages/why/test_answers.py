"""The five answers: cited, and never surer than what they rest on."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from muniment.pipeline.judging import judge_all
from muniment.pipeline.request import Doors, request
from muniment.pipeline.survey import survey
from muniment.why import Standing, answers
from support.project import CHECKOUT


@pytest.fixture(scope="module")
def released() -> Standing:
    """Release 2.0.0 of the example, as a deep run finds it."""
    found = survey(request(Doors(today=datetime.date.today), start=CHECKOUT))
    (device,) = judge_all(found, deep=True).devices
    view = next(view for view in device.releases if view.version == "2.0.0")
    return Standing(
        dossier=view.dossier,
        changes=view.changes,
        verdict=view.verdict,
        seals=view.seals,
        approvals=view.approvals,
        decided_on=view.decided_on,
        basis="verified",
        digests=device.file_digests,
        numbers_hold=True,
    )


def test_sound_evidence_verifies_every_answer(released: Standing) -> None:
    """With every file in place and every seal verified, all five answers are verified."""
    assert {a.status for a in answers(released)} == {"verified"}


def test_there_are_five_answers_in_order(released: Standing) -> None:
    """What, when, why, who, on what evidence: always all five."""
    assert [a.question for a in answers(released)] == ["what", "when", "why", "who", "evidence"]
    assert all(a.text and a.citations for a in answers(released))


def test_nothing_is_verified_on_a_recorded_basis(released: Standing) -> None:
    """A run that verified nothing calls nothing verified."""
    recorded = replace(released, basis="recorded", numbers_hold=None)
    assert "verified" not in {a.status for a in answers(recorded)}


@pytest.mark.parametrize("question", ["what", "when", "why", "who", "evidence"])
def test_a_missing_citation_makes_its_answer_unsupported(released: Standing, question: str) -> None:
    """Remove any one cited file, and every answer that cites it reads unsupported."""
    answer = next(a for a in answers(released) if a.question == question)
    for citation in answer.citations:
        without = {path: sha for path, sha in released.digests.items() if path != citation.file}
        again = next(a for a in answers(replace(released, digests=without)) if a.question == question)
        assert again.status == "unsupported", citation.file


def test_numbers_that_differ_take_the_evidence_away(released: Standing) -> None:
    """Recomputed numbers that are not the recorded ones support nothing."""
    found = {a.question: a.status for a in answers(replace(released, numbers_hold=False))}
    assert found["evidence"] == "unsupported"


def test_without_valid_approvals_nobody_approved(released: Standing) -> None:
    """Signatures that do not count are shown with their reason, and support no answer."""
    void = tuple(replace(a, valid=False, problem="signed too late") for a in released.approvals)
    answer = next(a for a in answers(replace(released, approvals=void)) if a.question == "who")
    assert answer.status == "unsupported"
    assert all("signed too late" in point for point in answer.points)


def test_a_failed_seal_makes_the_dates_unsupported(released: Standing) -> None:
    """A release whose seal fails has no dates to rely on."""
    broken = (replace(released.seals[0], outcome="failed", reason="edited"), *released.seals[1:])
    answer = next(a for a in answers(replace(released, seals=broken)) if a.question == "when")
    assert answer.status == "unsupported"


def test_without_seals_no_answer_is_verified(released: Standing) -> None:
    """Re-hashing alone verifies nothing: somebody must have sealed those bytes."""
    found = {a.status for a in answers(replace(released, seals=(), approvals=()))}
    assert "verified" not in found


def test_local_times_are_said_to_be_self_asserted(released: Standing) -> None:
    """The reader is told what a time of the local domain is worth."""
    answer = next(a for a in answers(released) if a.question == "when")
    assert "self-asserted" in answer.text
