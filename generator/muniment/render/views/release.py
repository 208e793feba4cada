"""The pages of one release: overview with the five answers, rulings, approvals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from muniment.model.edition import ReleaseView
from muniment.model.ruling import Outcome, Ruling
from muniment.model.seal import Seal
from muniment.render.page import Desk, Page, folder, headline, shown_release
from muniment.render.text import sentence
from muniment.render.views import standing
from muniment.render.views.changes import by_class
from muniment.render.words import predicate

ORDER = (Outcome.UNMET, Outcome.UNDECIDED, Outcome.WAIVED, Outcome.MET, Outcome.NOT_APPLICABLE)

SECTIONS = {
    Outcome.UNMET: "Not met",
    Outcome.UNDECIDED: "Undecided",
    Outcome.WAIVED: "Waived",
    Outcome.MET: "Met",
    Outcome.NOT_APPLICABLE: "Not applicable",
}


def overview(desk: Desk, view: ReleaseView) -> Page:
    """The five answers, then changes by class, limitations, waivers and safe state."""
    body = view.dossier.release.body
    why = {
        "schema": "muniment/why/v1",
        "release": view.version,
        "answers": {answer.question: answer.as_json() for answer in view.answers},
    }
    return Page(
        path=f"{folder(view)}/index.md",
        title=f"Release {view.version}",
        template="release.md.j2",
        values={
            "release": view,
            "body": body,
            "change_groups": by_class(view.changes),
            "waivers": waivers(desk, view),
            "decisions": [
                r for r in desk.of_kind("board_decision") if r.body.get("release") == view.dossier.id
            ],
            "headline": headline(view),
            "target": desk.release(body.get("safe_state", {}).get("target")),
            "artifacts": view.dossier.artifacts,
            "shown_security": _shown_security(desk),
            **standing.values(desk, view),
            "unsound": [a for a in view.dossier.artifacts if not a.holds],
        },
        sources=(
            desk.store.derived(f"releases/{view.version}/why.json", why),
            *desk.source(f"{view.dossier.id}/release.yaml"),
            *desk.source(f"{view.dossier.id}/manifest.json"),
            *standing.sources(desk, view),
        ),
        release=view.version,
        description=str(body.get("summary", "")),
    )


def _shown_security(desk: Desk) -> Any:
    """Return the id of the security file that the device page shows."""
    shown = shown_release(desk)
    return shown.dossier.release.body.get("security") if shown else None


def waivers(desk: Desk, view: ReleaseView) -> list[dict[str, Any]]:
    """Return the waivers of a release with their standing on the edition's date."""
    out = []
    for record in desk.of_kind("waiver"):
        if record.body.get("release") != view.dossier.id:
            continue
        issued, expires = str(record.body.get("issued", "")), str(record.body.get("expires", ""))
        as_of = desk.edition.as_of
        standing = "not yet issued" if issued > as_of else "lapsed" if expires < as_of else "in force"
        names = [desk.person(person) for person in record.body.get("approved_by", ())]
        out.append({"id": record.id, "body": record.body, "standing": standing, "names": names})
    return out


def rulings(desk: Desk, view: ReleaseView) -> Page:
    """Every ruling, grouped by outcome; what is not met comes first."""
    verdict = view.verdict
    groups = [
        (outcome, SECTIONS[outcome], [r for r in verdict.rulings if r.outcome is outcome])
        for outcome in ORDER
    ]
    fixes = {rule.id: rule.fix for rule in desk.edition.rules}
    value = {"schema": "muniment/verdict/v1", "as_of": verdict.as_of, **verdict.as_json()}
    return Page(
        path=f"{folder(view)}/rulings.md",
        title=f"Rulings on {view.version}",
        template="rulings.md.j2",
        values={
            "release": view,
            "groups": groups,
            "fixes": fixes,
            "leads": _leads(groups),
        },
        sources=(desk.store.derived(f"releases/{view.version}/verdict.json", value),),
        release=view.version,
        boost=0.5,
    )


def _leads(groups: list[tuple[Outcome, str, list[Ruling]]]) -> Callable[[Ruling], bool]:
    """Return whether a ruling carries its rule's anchor: the first that a rule has on the page does."""
    first: dict[str, Ruling] = {}
    for _, _, group in groups:
        for ruling in group:
            first.setdefault(ruling.rule, ruling)
    return lambda ruling: first[ruling.rule] is ruling


def approvals(desk: Desk, view: ReleaseView) -> Page:
    """Who signed what in which role, and the chain of seals in time."""
    value = {
        "schema": "muniment/approvals/v1",
        "release": view.version,
        "release_digest": view.dossier.manifest_sha256,
        "approvals": [_approval(a) for a in view.approvals],
        "seals": [seal.as_json() for seal in view.seals],
    }
    return Page(
        path=f"{folder(view)}/approvals.md",
        title=f"Approvals of {view.version}",
        template="approvals.md.j2",
        values={
            "release": view,
            "chain": [_link(s) for s in sorted(view.seals, key=lambda s: (s.time or "9", s.file))],
            "lock": _of(view.seals, "plan-lock"),
            "evaluation": _of(view.seals, "test-result"),
            "decisions": [
                r for r in desk.of_kind("board_decision") if r.body.get("release") == view.dossier.id
            ],
            "conditions": [
                condition
                for decision, found in desk.conditions.items()
                if desk.view.device.records[decision].body.get("release") == view.dossier.id
                for condition in found
            ],
        },
        sources=(
            desk.store.derived(f"releases/{view.version}/approvals.json", value),
            *desk.source(f"{view.dossier.id}/manifest.json"),
        ),
        release=view.version,
    )


def _link(seal: Seal) -> dict[str, Any]:
    """Return a seal of the chain with what was sealed in words and the signer's printed name."""
    name = seal.extra.get("printed_name") or seal.predicate.get("printed_name")
    return {"seal": seal, "what": _attested(seal), "name": str(name) if name else None}


def _attested(seal: Seal) -> str:
    """Return what a seal says: `Signed: decisions/cr-005`, `Acceptance plan locked: plans/1.0.0`."""
    said = predicate(seal.predicate_type)
    if "/record/" not in seal.predicate_type and "/plan-lock/" not in seal.predicate_type:
        return said
    said = "Signed" if "/record/" in seal.predicate_type else said
    records = (path.removesuffix(".yaml").removesuffix("/release") for path in sorted(seal.subjects))
    return f"{said}: {sentence(records)}"


def _approval(approval: Any) -> dict[str, Any]:
    return {
        "person": approval.person,
        "name": approval.name,
        "identity": approval.identity,
        "role": approval.role,
        "decision": approval.decision,
        "meaning": approval.meaning,
        "time": approval.time,
        "valid": approval.valid,
        "problem": approval.problem,
        "conditions": list(approval.conditions),
        "issuer": approval.issuer,
        "expires": approval.expires,
        "seal": {"file": approval.seal.file, "sha256": approval.seal.sha256},
    }


def _of(seals: tuple[Seal, ...], kind: str) -> Seal | None:
    """Return the earliest seal of a predicate kind, or `None`."""
    found = [seal for seal in seals if f"/{kind}/" in seal.predicate_type]
    return min(found, key=lambda s: s.time or "9") if found else None
