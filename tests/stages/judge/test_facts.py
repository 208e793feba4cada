"""Facts and standings: what rules may ask about a release, and where each fact stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.support.dossiers import device, dossier, evaluated
from tests.support.policies import pack_of, packs, rule_file

from muniment import judge
from muniment.diff import diff
from muniment.judge.board import authorisation_problem
from muniment.judge.compiled import FACT_NAMES
from muniment.judge.place import Facts
from muniment.model.edition import Approval
from muniment.model.evidence import Dossier
from muniment.model.ruling import Status
from muniment.model.seal import Seal
from muniment.model.tree import frozen

OURS = "https://muniment.invalid/predicate"
RESULT = "https://in-toto.io/attestation/test-result/v0.1"


def seal(kind: str, subjects: dict[str, str], predicate: dict[str, Any], **fields: Any) -> Seal:
    values: dict[str, Any] = {
        "file": f"seals/{kind.rsplit('/', 2)[1]}.json",
        "sha256": "5" * 64,
        "identity": "ada@demo.example",
        "issuer": None,
        "domain": None,
        "time": "2024-03-10T09:00:00Z",
        "time_source": "statement",
        "log_index": None,
        "outcome": "recorded",
    } | fields
    return Seal(predicate_type=kind, subjects=subjects, predicate=frozen(predicate), **values)


def frozen_release() -> Dossier:
    base = dossier()
    return evaluated(
        base, {"plan_sha256": base.records["plans/1"].document.sha256}, {"claims/1.yaml": "1" * 64}
    )


RELEASE = frozen_release()
MANIFEST = {"releases/1.0.0/manifest.json": RELEASE.manifest_sha256 or ""}
PLAN = {"plans/1.yaml": RELEASE.records["plans/1"].document.sha256}
LOCK = seal(f"{OURS}/plan-lock/v1", PLAN, {}, sha256="7" * 64, time="2024-02-01T09:00:00Z")
EVALUATION = seal(
    RESULT, {"releases/1.0.0/evaluation.json": "e" * 64}, {"muniment": {"plan_lock_sha256": "7" * 64}}
)
AUTHORISATION = seal(f"{OURS}/release/v1", MANIFEST, {"release": "1.0.0"}, time="2024-03-15T09:00:00Z")


def word(decision: str, role: str, *, valid: bool = True, time: str = "2024-03-12T09:00:00Z") -> Approval:
    own = seal(f"{OURS}/approval/v1", MANIFEST, {}, time=time)
    return Approval("cai", "Cai Roe", "cai@demo.example", role, decision, "", time, valid, "", own)


def standing(
    seals: Sequence[Seal], approvals: Sequence[Approval] = (), as_of: str = "2024-12-31"
) -> judge.Standing:
    return judge.standing(device(RELEASE), RELEASE, seals, approvals, basis="recorded", as_of=as_of)


def facts(seals: Sequence[Seal], as_of: str = "2024-12-31", previous: Dossier | None = None) -> Facts:
    digests = {"releases/1.0.0/evaluation.json": "e" * 64, "claims/1.yaml": "1" * 64}
    releases = (RELEASE,) if previous is None else (previous, RELEASE)
    whole = device(*releases, digests=digests)
    standings = {
        each.version: judge.standing(whole, each, seals, (), basis="recorded", as_of=as_of)
        for each in releases
    }
    return judge.facts(
        whole,
        RELEASE,
        previous=previous,
        original=previous,
        changes=diff(previous, RELEASE, packs().taxonomy),
        seals=seals,
        approvals=(word("approve", "clinical"),),
        standings=standings,
        basis="recorded",
        as_of=as_of,
    )


def test_a_release_is_a_candidate_until_it_is_authorised() -> None:
    """The status comes from the authorisation, from its day on."""
    assert standing([]).status is Status.CANDIDATE
    assert standing([AUTHORISATION], as_of="2024-03-14").status is Status.CANDIDATE
    released = standing([AUTHORISATION], as_of="2024-03-15")
    assert (released.status, released.decided_on) == (Status.RELEASED, "2024-03-15")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"identity": "cai@demo.example"}, "did not hold the role quality"),
        ({"identity": "mallory@demo.example"}, "not on the roster"),
        ({"identity": None}, "not on the roster"),
        ({"time": "2022-12-31T09:00:00Z"}, "did not hold the role quality on 2022-12-31"),
        ({"subjects": {"releases/1.0.0/manifest.json": "0" * 64}}, "another manifest"),
        ({"subjects": {"releases/9/manifest.json": RELEASE.manifest_sha256}}, "another manifest"),
        ({"outcome": "failed", "reason": "bad"}, "bad"),
        ({"outcome": "verified", "domain": "public", "issuer": "https://x.invalid"}, "does not say who may"),
    ],
)
def test_an_authorisation_that_does_not_count(fields: dict[str, Any], words: str) -> None:
    """Only quality, on the day, on the manifest that stands, releases."""
    given = {"subjects": MANIFEST, "time": "2024-03-15T09:00:00Z"} | fields
    bad = seal(f"{OURS}/release/v1", given.pop("subjects"), {}, **given)
    assert standing([bad]).status is Status.CANDIDATE
    assert words in authorisation_problem(device(RELEASE), RELEASE, bad, "recorded")


def test_only_a_verified_seal_counts_when_seals_are_verified() -> None:
    """On the basis of verified seals a recorded one is nobody's word."""
    found = judge.standing(
        device(RELEASE), RELEASE, [AUTHORISATION], (), basis="verified", as_of="2024-12-31"
    )
    assert found.status is Status.CANDIDATE


def test_a_veto_refuses_whatever_else_is_signed() -> None:
    """A valid rejection by a role with a veto wins; one without a veto, or void, does not."""
    assert standing([AUTHORISATION], [word("reject", "clinical")]).status is Status.REJECTED
    assert standing([AUTHORISATION], [word("reject", "engineering")]).status is Status.RELEASED
    assert standing([AUTHORISATION], [word("reject", "clinical", valid=False)]).status is Status.RELEASED
    late = word("reject", "clinical", time="2025-01-01T09:00:00Z")
    assert standing([AUTHORISATION], [late]).status is Status.RELEASED


def test_facts_have_the_names_that_rules_know() -> None:
    """Every name a rule may use is there, and no other."""
    assert set(facts([]).tree) | {"params"} == FACT_NAMES


def test_what_is_absent_is_null() -> None:
    """Without seals and a previous release nothing is filled in."""
    tree = facts([]).tree
    assert tree["previous"] is None
    assert tree["seals"]["plan_lock"] is None
    assert tree["seals"]["release"] is None
    assert tree["release"]["status"] == "candidate"
    assert tree["release"]["date"] == "2024-12-31"


def test_seals_as_facts() -> None:
    """A lock, an evaluation and an authorisation say when, by whom, and whether the bytes still hold."""
    seals = facts([LOCK, EVALUATION, AUTHORISATION]).tree["seals"]
    assert seals["plan_lock"]["holds"] is True
    assert seals["evaluation"]["plan_lock_sha256"] == seals["plan_lock"]["sha256"]
    assert seals["evaluation"]["holds"] is True
    assert (seals["release"]["time"], seals["release"]["person"]) == ("2024-03-15T09:00:00Z", "ada")


def test_the_lock_that_the_evaluation_names_is_judged() -> None:
    """A later lock on the same plan does not stand in for the one the evaluation rests on."""
    later = seal(f"{OURS}/plan-lock/v1", PLAN, {}, sha256="8" * 64, time="2024-06-01T09:00:00Z")
    assert facts([LOCK, later, EVALUATION]).tree["seals"]["plan_lock"]["time"] == LOCK.time


def test_nothing_from_the_future() -> None:
    """Seals, words and drills after the day of judgement are not known yet."""
    tree = facts([LOCK, EVALUATION, AUTHORISATION], as_of="2024-03-11").tree
    assert tree["seals"]["release"] is None
    assert tree["approvals"] == ()
    assert tree["monitoring"]["drills"] == ()
    assert len(facts([], as_of="2024-03-20").tree["monitoring"]["drills"]) == 1


def test_previous_has_its_records_in_place() -> None:
    """The previous release is one tree: its references are replaced by what they name."""
    earlier = dossier(version="0.9.0")
    previous = facts([], previous=earlier).tree["previous"]
    assert previous["claim"]["intended_use"] == earlier.records["claims/1"].body["intended_use"]
    assert previous["datasets"]["splits"]["id"] == "datasets/splits/1"
    assert previous["id"] == "releases/0.9.0"


@pytest.mark.parametrize(
    ("at", "file", "pointer"),
    [
        ("claim.inputs[0].units", "claims/1.yaml", "/inputs/0/units"),
        ("monitoring.monitors[0].threshold.act", "monitors/1.yaml", "/monitors/0/threshold/act"),
        ("monitoring.drills[0].on", "postmarket/1.0.0/drill-1.yaml", "/on"),
        ("datasets.raw.files[0].sha256", "datasets/raw/1.yaml", "/files/0/sha256"),
        ("datasets.raw.id", "datasets/raw/1.yaml", ""),
        ("claim.safe_state_words", "claims/1.yaml", ""),
        ("measures.plan_sha256", "releases/1.0.0/evaluation.json", "/plan_sha256"),
        ("decisions[0].origin", "decisions/cr-1.yaml", "/origin"),
        ("seals.plan_lock.time", "seals/plan-lock.json", ""),
        ("change.computed", "releases/1.0.0/release.yaml", ""),
        ("release.model.inputs[0]", "releases/1.0.0/release.yaml", "/model/inputs/0"),
        ("roster.entries[0].role", "roster.yaml", "/entries/0/role"),
        ("manifest.files[0].path", "releases/1.0.0/manifest.json", ""),
    ],
)
def test_every_fact_has_its_place(at: str, file: str, pointer: str) -> None:
    """A finding points at the file that a fact was read from, and at the node in it."""
    rules = pack_of(rule_file(require="false", at=at))
    (ruling,) = judge.judge(rules, facts([LOCK, EVALUATION]), basis="recorded", as_of="2024-12-31")
    assert (ruling.where.file, ruling.where.pointer) == (f"demo-1/{file}", pointer)


def test_shipped_rules_run_on_real_facts() -> None:
    """Every shipped rule has a word on a release, and none of what is missing is met."""
    rulings = judge.judge(packs(), facts([]), basis="recorded", as_of="2024-12-31")
    said = {ruling.rule: str(ruling.outcome) for ruling in rulings}
    assert set(said) == {compiled.rule.id for compiled in packs().rules}
    assert said["criteria-locked-first"] == "undecided"
    assert said["conjunctive-gate"] == "undecided"
    assert said["high-severity-hazard-has-monitor"] == "met"
    assert said["safe-state-plain-language"] == "met"
    assert said["labelling-decided"] == "unmet"
    assert said["quorum-by-class"] == "not_applicable"


def test_seals_on_records_say_whether_the_record_still_stands() -> None:
    """A seal on a record counts for the bytes it was made on; one on a file of nobody's is left out."""
    sealed = RELEASE.records["claims/1"].document.sha256
    good = seal(
        f"{OURS}/record/v1", {"claims/1.yaml": sealed}, {"meaning": "clinical_approval"}, file="seals/a"
    )
    old = seal(f"{OURS}/record/v1", {"claims/1.yaml": "0" * 64}, {"meaning": "authorship"}, file="seals/b")
    stray = seal(f"{OURS}/record/v1", {"claims/9.yaml": sealed}, {"meaning": "authorship"}, file="seals/c")
    records = facts([good, old, stray]).tree["seals"]["records"]
    assert [(item["record"], item["holds"], item["person"]) for item in records] == [
        ("claims/1", True, "ada"),
        ("claims/1", False, "ada"),
    ]
    assert facts([good], as_of="2024-03-09").tree["seals"]["records"] == ()


def test_contract_and_snapshots_are_the_records_that_are_named() -> None:
    """What the run and the release name is there with its digest; what they do not name is null."""
    plain = facts([]).tree
    assert plain["contract"] is None
    assert plain["snapshots"] is None
    candidate = plain["releases"][0]["candidate"]
    assert candidate["id"] == plain["release"]["model"]["id"]
    assert candidate["baseline"] == plain["datasets"]["baseline"]["id"]
