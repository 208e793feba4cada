"""Waivers: a time-boxed, reasoned permission to go on although a rule is unmet.

A waiver applies on the days (UTC) from `issued` to `expires`, both included. It never hides: the ruling says
`waived` and names the record. One that lapsed, is too long, lacks an approver, or waives nothing is a
warning of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from muniment.model.edition import RuleEntry
from muniment.model.evidence import Record
from muniment.model.finding import Severity, Where
from muniment.model.ruling import Basis, Outcome, Ruling
from muniment.model.tree import Tree

RULE = "waiver-in-order"
"""Id of the rulings on waivers themselves."""
REQUIREMENTS = ("CHG-12",)

ENTRY = RuleEntry(
    id=RULE,
    pack="engine",
    title="Waivers are in order",
    severity=str(Severity.WARN),
    requirements=REQUIREMENTS,
    why="A permission that outlives its reason becomes the rule. One that lapsed, is longer than the pack "
    "allows, lacks an approver in the right role, or waives nothing is said aloud.",
    fix="Renew it with a reason, or close it; a waiver is never edited after it was issued.",
    require="issued <= now && now <= expires, within the pack's limits, on a ruling that is unmet",
)
"""How the rule index shows the one rule that the engine itself judges."""

MAX_DAYS = "waiver_max_days"
ROLES = "waiver_roles"


def element_texts(element: Tree, pointer: str = "") -> frozenset[str]:
    """Every text by which a waiver's `path` may name `element`: its id, cohort, or JSON Pointer."""
    texts = {pointer} if pointer else set()
    if isinstance(element, str):
        texts.add(element)
    if isinstance(element, Mapping):
        texts |= {str(element[name]) for name in ("id", "name", "path", "metric") if name in element}
        texts |= _cohort_texts(element)
    return frozenset(texts)


def _cohort_texts(element: Mapping[str, Tree]) -> set[str]:
    cohort = element.get("cohort")
    if not isinstance(cohort, Mapping) or not cohort:
        return set()
    text = ",".join(f"{axis}={level}" for axis, level in sorted(cohort.items()))
    return {text} | ({f"{element['id']}:{text}"} if "id" in element else set())


def problem(
    waiver: Record,
    *,
    as_of: str,
    params: Mapping[str, Tree],
    roster: Tree,
    waivable: Mapping[str, bool],
) -> str | None:
    """Why a waiver does not apply on the day `as_of`; `None` where it does."""
    body = waiver.body
    if body["rule"] not in waivable:
        return f"names the rule `{body['rule']}`, which no pack has"
    if not waivable[body["rule"]]:
        return f"names the rule `{body['rule']}`, which cannot be waived"
    issued, expires = _day(body["issued"]), _day(body["expires"])
    if issued is None or expires is None or issued > expires:
        return f"runs from {body['issued']} to {body['expires']}, which is no period"
    length = (expires - issued).days
    if MAX_DAYS not in params:
        return f"has no bound: no pack says how long a waiver may run (`{MAX_DAYS}`)"
    if length > params[MAX_DAYS]:
        return f"runs for {length} days, longer than the {params[MAX_DAYS]} the policy allows"
    lacking = _roles_lacking(body, params, roster)
    if lacking:
        return f"is not approved by anyone who held the role {' and '.join(lacking)} on {body['issued']}"
    if as_of < body["issued"]:
        return f"begins on {body['issued']}, after the day of judgement"
    return f"lapsed on {body['expires']}" if as_of > body["expires"] else None


def waiver_day(facts: Mapping[str, Tree], as_of: str) -> str:
    """The day that a release's waivers are held against.

    A release that was decided on and that another released one has followed, and that nobody uses, is past:
    it is judged at its own date, so that a waiver that lapses later does not reach back. Any other release,
    and one that is rolled back to, is judged at `as_of`.
    """
    release, others = facts.get("release"), facts.get("releases")
    if not isinstance(release, Mapping) or release.get("in_use") is not False:
        return as_of
    decided = release.get("date")
    if release.get("status") not in ("released", "rejected") or not isinstance(decided, str):
        return as_of
    followed = any(
        other.get("status") == "released" and str(other.get("date")) > decided for other in others or ()
    )
    return min(decided, as_of) if followed else as_of


def _day(text: Tree) -> date | None:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _roles_lacking(body: Mapping[str, Tree], params: Mapping[str, Tree], roster: Tree) -> list[str]:
    entries = roster.get("entries", ()) if isinstance(roster, Mapping) else ()
    held = {
        entry["role"]
        for entry in entries
        if entry["person"] in body["approved_by"]
        and entry["from"] <= body["issued"]
        and (entry.get("to") is None or body["issued"] <= entry["to"])
    }
    return [role for role in params.get(ROLES, ()) if role not in held]


def names(waiver: Record, texts: frozenset[str]) -> bool:
    """Whether the waiver's path covers an element; a waiver without a path covers every element."""
    path = waiver.body.get("path")
    return path is None or path in texts


def waived(ruling: Ruling, waiver: Record) -> Ruling:
    """The same ruling, waived."""
    note = f"{ruling.message} (waived until {waiver.body['expires']}: {waiver.body['reason']})"
    return replace(ruling, outcome=Outcome.WAIVED, message=note, waiver=waiver.id, hint="")


def notices(
    problems: Sequence[tuple[Record, str]], unused: Iterable[Record], *, pack: str, basis: Basis
) -> tuple[Ruling, ...]:
    """A warning for each waiver that does not apply or waives nothing."""
    spoken = [(waiver, f"The waiver {waiver.id} {text}.") for waiver, text in problems]
    spoken += [
        (waiver, f"The waiver {waiver.id} waives nothing: rule `{waiver.body['rule']}` is not unmet there.")
        for waiver in unused
    ]
    return tuple(
        Ruling(
            rule=RULE,
            pack=pack,
            outcome=Outcome.UNMET,
            severity=Severity.WARN,
            title=ENTRY.title,
            message=message,
            where=Where(waiver.document.path, ""),
            requirements=REQUIREMENTS,
            basis=basis,
            hint=ENTRY.fix,
        )
        for waiver, message in sorted(spoken, key=lambda pair: pair[0].id)
    )
