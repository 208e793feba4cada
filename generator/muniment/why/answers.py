"""Build the five answers of a release from what the stages found.

An answer is `verified` when every file it cites was re-hashed and the seals that cover those files
verified; `recorded` when the files say so but nothing was verified in this run (or nothing seals them);
`unsupported` when a file it needs is missing or does not hold. It is never better than its worst citation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from muniment.model.change import Changes
from muniment.model.edition import Answer, AnswerStatus, Approval, Citation
from muniment.model.evidence import Dossier
from muniment.model.ruling import Basis, Status, Verdict
from muniment.model.seal import Seal

METRIC_WORDS = {
    "auroc": "AUROC",
    "brier": "Brier score",
    "oe_ratio": "observed-to-expected ratio",
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
    "log_loss": "log loss",
}
"""Metric names as people say them, where replacing underscores does not give one."""
VALUE_WORDS = {
    "safety": "patient safety",
    "utility": "clinical utility",
    "workflow": "a better workflow",
    "robustness": "robustness",
}
SHOWN_PARTS = 8
"""Parts of a release that the first answer counts by name."""
PREDICATE_WORDS = {
    "plan-lock": "acceptance plan locked",
    "test-result": "evaluation sealed",
    "approval": "board decision signed",
    "release": "release authorised",
    "deployment": "put into use",
    "provenance": "provenance of the training run sealed",
    "verification_summary": "verdict of the policies sealed",
    "record": "signed",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the other stages made of one release."""

    dossier: Dossier
    changes: Changes
    verdict: Verdict
    seals: tuple[Seal, ...]
    """Seals that bear on this release, in time order."""
    approvals: tuple[Approval, ...]
    decided_on: str | None
    basis: Basis
    digests: Mapping[str, str]
    """Path to the SHA-256 found on disk, for every record file and artifact of the device."""
    numbers_hold: bool | None
    """Whether recomputed numbers equal the recorded ones; `None` where nothing was recomputed."""


def answers(standing: Standing) -> tuple[Answer, ...]:
    """Return the five answers in the order what, when, why, who, evidence."""
    return (_what(standing), _when(standing), _why(standing), _who(standing), _evidence(standing))


def _cite(standing: Standing, path: str, pointer: str, label: str) -> Citation:
    return Citation(path, pointer, standing.digests.get(path), label)


def _record_path(standing: Standing, reference: str | None) -> str | None:
    record = standing.dossier.get(reference) if reference else None
    if record is None:
        return None
    return record.document.path.split("/", 1)[1]


def _release_path(standing: Standing) -> str:
    return standing.dossier.release.document.path.split("/", 1)[1]


def _sealed_paths(standing: Standing) -> frozenset[str]:
    """Paths whose bytes a verified seal covers, directly or through the sealed manifest."""
    paths: set[str] = set()
    manifest = f"{standing.dossier.id}/manifest.json"
    for seal in standing.seals:
        if seal.outcome != "verified":
            continue
        paths.update(path for path in seal.subjects)
        if manifest in seal.subjects:
            paths.update(standing.dossier.manifest)
        paths.add(seal.file)
    return frozenset(path for path in paths if _unchanged(standing, path))


def _unchanged(standing: Standing, path: str) -> bool:
    stated = standing.dossier.manifest.get(path)
    return stated is None or stated == standing.digests.get(path)


def _status(standing: Standing, citations: tuple[Citation, ...]) -> AnswerStatus:
    if not citations or any(c.sha256 is None or not _unchanged(standing, c.file) for c in citations):
        return "unsupported"
    if standing.basis == "recorded":
        return "recorded"
    covered = _sealed_paths(standing)
    return "verified" if all(c.file in covered for c in citations) else "recorded"


def _what(standing: Standing) -> Answer:
    body = standing.dossier.release.body
    changes = standing.changes
    word = standing.verdict.change_class.word
    if changes.old is None:
        text = f"{body['title']}. This is the first release of the device: all of it is new, class {word}."
    else:
        count = len(changes.items)
        noun = "path differs" if count == 1 else "paths differ"
        text = f"{body['title']}. Against {changes.old}, {count} {noun}; the change class is {word}."
        if changes.items:
            text += f" By part: {_parts(changes)}."
    points = tuple(f"For users: {note}" for note in body["release_notes"]["user_visible"])
    points += tuple(
        f"{change.path}: {_brief(change.before)} → {_brief(change.after)} ({change.change_class.word})"
        for change in sorted(changes.items, key=lambda c: (-c.change_class, c.path))
    )
    citations = [_cite(standing, _release_path(standing), "", "release record")]
    previous = standing.dossier.release.body.get("supersedes")
    if previous:
        citations.append(_cite(standing, f"{previous}/release.yaml", "", "superseded release"))
    found = tuple(citations)
    status = _status(standing, found[:1])
    if any(citation.sha256 is None for citation in found):
        status = "unsupported"
    return Answer("what", text, found, status, points)


def _parts(changes: Changes) -> str:
    """Count the changes by the part of the release they belong to, the largest count first."""
    counts = Counter(change.part for change in changes.items)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{part} {n}" for part, n in ranked[:SHOWN_PARTS])
    rest = len(ranked) - SHOWN_PARTS
    return named + (f" and {rest} more" if rest > 0 else "")


def _when(standing: Standing) -> Answer:
    dated = sorted((s for s in standing.seals if s.time and s.outcome != "failed"), key=lambda s: str(s.time))
    points = tuple(
        f"{_clock(str(seal.time))}: {_act(seal)}, by {seal.identity or 'an unnamed signer'}" for seal in dated
    )
    status_word = standing.verdict.status
    if standing.decided_on is None:
        text = "No decision is sealed yet; this is a candidate."
    elif status_word is Status.RELEASED:
        text = f"Released on {standing.decided_on}."
    else:
        text = f"{status_word.capitalize()} on {standing.decided_on}."
    if dated and any(seal.domain == "local" for seal in dated):
        text += " The times come from the local trust domain and are self-asserted."
    elif dated and standing.basis == "recorded":
        text += " The times are as recorded in the seals; run `muniment verify` to check them."
    citations = tuple(_cite(standing, seal.file, "", _act(seal)) for seal in dated)
    status = _status(standing, citations)
    if standing.decided_on is None or any(s.outcome == "failed" for s in standing.seals):
        status = "unsupported" if standing.verdict.status is not Status.CANDIDATE else "recorded"
    return Answer("when", text, citations, status, points)


def _why(standing: Standing) -> Answer:
    body = standing.dossier.release.body
    rationale = body.get("rationale")
    path = _release_path(standing)
    request = body.get("change_request")
    citations = [_cite(standing, path, "/rationale", "rationale")]
    request_path = _record_path(standing, request)
    if request:
        citations.append(_cite(standing, request_path or f"{request}.yaml", "", "change request"))
    if not rationale:
        return Answer("why", "The release records no rationale.", tuple(citations), "unsupported")
    text = f"{rationale['clinical_reason']} The change is for {VALUE_WORDS[rationale['value']]}."
    points = tuple(
        f"{label}: {rationale[key]}"
        for key, label in (
            ("expected_benefit", "Expected benefit"),
            ("risk_assessment", "Risk"),
            ("validation_evidence", "Validation evidence"),
            ("monitoring_plan", "After deployment"),
        )
        if rationale.get(key)
    )
    # The change request stays outside the manifest: only a seal of its own can cover it.
    return Answer("why", text, tuple(citations), _status(standing, tuple(citations)), points)


def _who(standing: Standing) -> Answer:
    counted = [a for a in standing.approvals if a.valid]
    if not standing.approvals:
        status: AnswerStatus = "recorded" if standing.verdict.status is Status.CANDIDATE else "unsupported"
        return Answer("who", "Nobody has signed a decision on this release yet.", (), status)
    names = [f"{a.name} ({a.role}): {a.decision.replace('_', ' ')}" for a in counted]
    void = len(standing.approvals) - len(counted)
    text = "; ".join(names) + "." if names else "No signature counts."
    if void:
        text += f" {void} signature{'s do' if void > 1 else ' does'} not count."
    points = tuple(
        f"{_clock(a.time) if a.time else 'no time'}: {a.name}, {a.role}, "
        f"{a.meaning.replace('_', ' ')}, {a.decision.replace('_', ' ')}"
        + (f" — does not count: {a.problem}" if not a.valid else "")
        + "".join(f" — condition: {condition}" for condition in a.conditions)
        for a in standing.approvals
    )
    citations = tuple(_cite(standing, a.seal.file, "", f"{a.role} signature") for a in standing.approvals)
    status = _status(standing, citations) if counted else "unsupported"
    return Answer("who", text, citations, status, points)


def _evidence(standing: Standing) -> Answer:
    dossier = standing.dossier
    path = f"{dossier.id}/evaluation.json"
    citations = [_cite(standing, path, "", "evaluation")]
    predictions = dossier.release.body.get("predictions")
    if predictions:
        citations.append(_cite(standing, predictions["table"]["path"], "", "row-level predictions"))
    plan = _record_path(standing, dossier.release.body.get("plan"))
    if plan:
        citations.append(_cite(standing, plan, "", "acceptance plan"))
    evaluation = dossier.evaluation
    if evaluation is None:
        return Answer("evidence", "The release has no evaluation yet.", tuple(citations), "unsupported")
    criteria = evaluation["criteria"]
    met = sum(1 for c in criteria if c["outcome"] == "met")
    unmet = [c for c in criteria if c["outcome"] == "unmet"]
    open_ = len(criteria) - met - len(unmet)
    cohort = evaluation["cohort"]
    text = (
        f"Evaluated on {cohort['n']} patients with {cohort['events']} events; {met} of {len(criteria)} "
        f"judgements of the locked acceptance criteria are met"
        + (f", {len(unmet)} unmet" if unmet else "")
        + (f", {open_} undecided" if open_ else "")
        + "."
    )
    for waiver in sorted({r.waiver for r in standing.verdict.rulings if r.waiver is not None}):
        waiver_path = _record_path(standing, waiver) or f"{waiver}.yaml"
        citations.append(_cite(standing, waiver_path, "", "waiver"))
        text += f" A waiver applies: {waiver}."
    points = tuple(
        [
            _estimate_line(e)
            for e in evaluation["estimates"]
            if e.get("value") is not None and e.get("low") is not None
        ]
        + [f"unmet: {c['id']}: {c['message']}" for c in unmet]
    )
    status = _status(standing, tuple(citations))
    if standing.numbers_hold is False or any(not a.holds for a in dossier.artifacts):
        status = "unsupported"
    return Answer("evidence", text, tuple(citations), status, points)


def _estimate_line(estimate: Mapping[str, Any]) -> str:
    level = f"{round(100 * estimate['level'])} %"
    at = f" at {estimate['threshold']}" if estimate.get("threshold") is not None else ""
    name = METRIC_WORDS.get(estimate["metric"], estimate["metric"].replace("_", " "))
    return (
        f"{name}{at}: {estimate['value']:.3f} ({level} interval {estimate['low']:.3f} to "
        f"{estimate['high']:.3f}; n {estimate['n']:,}, {estimate['method']})"
    )


def _act(seal: Seal) -> str:
    for key, words in PREDICATE_WORDS.items():
        if f"/{key}/" in seal.predicate_type:
            signed = next(iter(seal.subjects), "")
            return f"{signed.removesuffix('.yaml')} signed" if key == "record" else words
    return "sealed"


def _clock(time: str) -> str:
    """Write an RFC 3339 instant as a reader would: `2026-01-22 13:00:00 UTC`."""
    return time.replace("T", " ").removesuffix("Z") + " UTC"


def _brief(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return f"{len(value)} fields"
    if isinstance(value, tuple):
        if any(isinstance(item, (Mapping, tuple)) for item in value):
            return f"{len(value)} entries"
        value = ", ".join(str(item) for item in value)
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
