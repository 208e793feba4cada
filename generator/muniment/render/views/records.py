"""Decisions, rules, requirements, verification, inspection questions."""

from __future__ import annotations

from typing import Any

from muniment.model.edition import RequirementEntry
from muniment.model.places import RELEASE, places
from muniment.render.page import Desk, Page, folder, shown_release
from muniment.render.words import DOMAINS, KINDS

ORDER = ("unmet", "undecided", "waived", "met", "not_applicable")
"""Outcomes, the worst first."""
INDEX = 0.5
"""Weight of rules and requirements in the search: they name what the records hold."""
NEWEST = 12
"""Releases whose outcomes the rule index shows."""


def decisions(desk: Desk) -> Page:
    """Change requests, board decisions, waivers, deferrals, deviations and determinations by kind."""
    groups = [(kind, name, desk.of_kind(kind)) for kind, name in KINDS.items()]
    records = [record for _, _, found in groups for record in found]
    return Page(
        path="decisions.md",
        title="Decisions",
        template="decisions.md.j2",
        values={
            "groups": groups,
            "keywords": _keywords(records),
            "person": desk.person,
            "conditions": desk.conditions,
        },
        sources=tuple(ref for r in records for ref in desk.source(r.document.path.split("/", 1)[1])),
    )


def _keywords(records: list[Any]) -> list[tuple[str, list[str]]]:
    """Return every keyword with the ids of the records that carry it."""
    found: dict[str, list[str]] = {}
    for record in records:
        for word in record.body.get("keywords") or ():
            found.setdefault(str(word), []).append(record.id)
    return sorted(found.items())


def rules(desk: Desk) -> Page:
    """Every rule: why, how to fix, what it requires, how it came out on each release."""
    return Page(
        path="rules.md",
        title="Rules",
        template="rules.md.j2",
        values={"rules": desk.edition.rules, "outcomes": _outcomes(desk)},
        sources=(desk.store.derived("rules.json", _rules(desk)),),
        boost=INDEX,
    )


def _rules(desk: Desk) -> dict[str, Any]:
    """Return rules and requirements, each with the other, in the shape of `muniment/rules/v1`."""
    return {
        "schema": "muniment/rules/v1",
        "rules": [
            {
                "id": rule.id,
                "pack": rule.pack,
                "severity": rule.severity,
                "requirements": list(rule.requirements),
                "title": rule.title,
            }
            for rule in desk.edition.rules
        ],
        "requirements": [
            {
                "id": entry.id,
                "title": entry.title,
                "rules": list(entry.rules),
                "fields": [],
                "pages": list(_pages(desk, entry)),
                "why_not": entry.why_not,
            }
            for entry in desk.edition.requirements
        ],
    }


def requirements(desk: Desk) -> Page:
    """Every row of the catalogue, with the rules that judge it or why none does."""
    found = desk.edition.requirements
    shown = {entry.id: _pages(desk, entry) for entry in found}
    return Page(
        path="requirements.md",
        title="Requirements",
        template="requirements.md.j2",
        values={
            "requirements": found,
            "judged": sum(1 for entry in found if entry.rules),
            "places": shown,
            "placed": sum(1 for pages in shown.values() if pages),
        },
        sources=(desk.store.derived("rules.json", _rules(desk)),),
        boost=INDEX,
    )


def _pages(desk: Desk, entry: RequirementEntry) -> tuple[str, ...]:
    """Return the pages that show what a requirement asks for, of the release that the device page shows."""
    shown = shown_release(desk)
    release = folder(shown).removeprefix("releases/") if shown else RELEASE
    return tuple(place for place in places(entry.id, release) if RELEASE not in place)


def _outcomes(desk: Desk) -> dict[str, list[tuple[str, list[Any]]]]:
    """Return for each rule its worst outcome on each of the newest releases, grouped by outcome."""
    out: dict[str, dict[str, list[Any]]] = {}
    for view in desk.view.releases[-NEWEST:]:
        worst: dict[str, str] = {}
        for ruling in view.verdict.rulings:
            outcome = str(ruling.outcome)
            known = worst.get(ruling.rule)
            worst[ruling.rule] = outcome if known is None else min(known, outcome, key=ORDER.index)
        for rule, outcome in worst.items():
            out.setdefault(rule, {}).setdefault(outcome, []).append(view)
    return {rule: sorted(groups.items(), key=lambda g: ORDER.index(g[0])) for rule, groups in out.items()}


def verify(desk: Desk) -> Page:
    """How to verify everything without us, and the digests to compare with."""
    digests = sorted(desk.view.file_digests.items())
    value = {"schema": "muniment/digests/v1", "files": [{"path": p, "sha256": d} for p, d in digests]}
    return Page(
        path="verify.md",
        title="Verify",
        template="verify.md.j2",
        values={
            "digests": digests,
            "seals": desk.view.seals,
            "roots": [
                (domain, root)
                for domain in DOMAINS
                if (root := desk.store.copy(f"trust/{domain}/trusted_root.json")) is not None
            ],
            "faults": desk.view.findings,
        },
        sources=(desk.store.derived("digests.json", value),),
    )


def inspection(desk: Desk) -> Page:
    """The questions inspectors ask, each with the page that answers it."""
    newest = desk.view.current or (desk.view.releases[-1] if desk.view.releases else None)
    return Page(
        path="inspection.md",
        title="Inspection questions",
        template="inspection.md.j2",
        values={"newest": newest},
    )
