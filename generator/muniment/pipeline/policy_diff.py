"""Two sets of packs on the same evidence: which rulings differ, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from muniment import judge
from muniment.model.edition import DeviceView
from muniment.model.ruling import Outcome, Ruling, Verdict
from muniment.pipeline.judging import judge_all
from muniment.pipeline.policies import load_packs
from muniment.pipeline.request import Request
from muniment.pipeline.survey import find_release, survey

_WORST = (Outcome.UNMET, Outcome.UNDECIDED, Outcome.WAIVED, Outcome.MET, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Side:
    """What one set of packs says by one rule."""

    outcome: str
    """The worst outcome, where a loop gives several."""
    severity: str
    rulings: int
    """Rulings of that outcome."""

    def as_json(self) -> dict[str, Any]:
        """Its shape in `muniment/policy-diff/v1`."""
        return {"outcome": self.outcome, "severity": self.severity, "rulings": self.rulings}

    def __str__(self) -> str:
        many = f" ({self.rulings} times)" if self.rulings > 1 else ""
        return f"{self.outcome}{many}, {self.severity}"


@dataclass(frozen=True, slots=True)
class Decided:
    """One rule on one release, where the two disagree."""

    device: str
    release: str
    rule: str
    before: Side | None
    """`None` where the old packs have no such rule."""
    after: Side | None
    why: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A release whose verdict or class differs."""

    device: str
    release: str
    before: tuple[str, str]
    """Outcome of the release, and its change class."""
    after: tuple[str, str]


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """What changes where one set of packs takes the place of another."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    as_of: str
    releases: tuple[Moved, ...]
    changes: tuple[Decided, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape of `muniment/policy-diff/v1`."""

        def side(pair: tuple[str, str]) -> dict[str, str]:
            return {"outcome": pair[0], "class": pair[1]}

        return {
            "schema": "muniment/policy-diff/v1",
            "as_of": self.as_of,
            "old": list(self.old),
            "new": list(self.new),
            "releases": [
                {
                    "device": moved.device,
                    "release": moved.release,
                    "before": side(moved.before),
                    "after": side(moved.after),
                }
                for moved in self.releases
            ],
            "changes": [
                {
                    "device": item.device,
                    "release": item.release,
                    "rule": item.rule,
                    "before": item.before.as_json() if item.before else None,
                    "after": item.after.as_json() if item.after else None,
                    "why": item.why,
                }
                for item in self.changes
            ],
        }


def policy_diff(
    request: Request, old: tuple[str, ...], new: tuple[str, ...], release: str | None = None
) -> PolicyDiff:
    """Judge the evidence by both sets of packs, as recorded, and return where they disagree.

    `release` limits the comparison to one. Raises `InvalidPolicy` for a fault in either set.
    """
    found = survey(request)
    only = find_release(found, release) if release is not None else None
    packs = [load_packs(replace(request, packs=names)) for names in (old, new)]
    views = [
        judge_all(replace(found, request=replace(request, packs=names)), deep=False).devices
        for names in (old, new)
    ]
    changes: list[Decided] = []
    moved: list[Moved] = []
    for device, first, second in _pairs(views[0], views[1]):
        if only is not None and (device, first.release) != (only[0].id, only[1].version):
            continue
        before, after = ((str(v.outcome), v.change_class.word) for v in (first, second))
        if before != after:
            moved.append(Moved(device, first.release, before, after))
        changes += _decided(device, first, second, packs[0], packs[1])
    return PolicyDiff(old, new, request.as_of, tuple(moved), tuple(changes))


def _pairs(old: Sequence[DeviceView], new: Sequence[DeviceView]) -> list[tuple[str, Verdict, Verdict]]:
    """Device with both verdicts on each release; both sides were judged on one survey."""
    return [
        (one.device.id, first.verdict, second.verdict)
        for one, other in zip(old, new, strict=True)
        for first, second in zip(one.releases, other.releases, strict=True)
    ]


def _decided(
    device: str, first: Verdict, second: Verdict, old: judge.Packs, new: judge.Packs
) -> list[Decided]:
    before, after = _by_rule(first), _by_rule(second)
    out = []
    for rule in sorted({*before, *after}):
        one, other = _side(before.get(rule, ())), _side(after.get(rule, ()))
        if one != other or _tally(before.get(rule, ())) != _tally(after.get(rule, ())):
            why = _why(rule, old, new, (first, second), (before.get(rule, ()), after.get(rule, ())))
            out.append(Decided(device, first.release, rule, one, other, why))
    return out


def _by_rule(verdict: Verdict) -> Mapping[str, Sequence[Ruling]]:
    found: dict[str, list[Ruling]] = {}
    for ruling in verdict.rulings:
        found.setdefault(ruling.rule, []).append(ruling)
    return found


def _side(rulings: Sequence[Ruling]) -> Side | None:
    if not rulings:
        return None
    worst = min((ruling.outcome for ruling in rulings), key=_WORST.index)
    return Side(str(worst), str(rulings[0].severity), sum(r.outcome is worst for r in rulings))


def _tally(rulings: Sequence[Ruling]) -> Counter[tuple[str, str, str]]:
    """Outcome, severity and place of each ruling; the wording alone is no other decision."""
    return Counter((str(r.outcome), str(r.severity), str(r.where)) for r in rulings)


def _why(
    rule: str,
    old: judge.Packs,
    new: judge.Packs,
    verdicts: tuple[Verdict, Verdict],
    rulings: tuple[Sequence[Ruling], Sequence[Ruling]],
) -> str:
    one, other = ({c.rule.id: c for c in packs.rules}.get(rule) for packs in (old, new))
    if one is None or other is None:
        if one is other:
            return rulings[1][-1].message if rulings[1] else "the waiver it spoke of is in order"
        if one is None:
            return f"the rule is new, from pack {other.pack.id}" if other is not None else ""
        dropped = next((item for item in new.loosenings if item.what == f"rule {rule}"), None)
        return (
            f"pack {dropped.pack} dropped it: {dropped.reason}" if dropped else "the new packs do not have it"
        )
    reasons = []
    if one.rule.severity != other.rule.severity:
        reasons.append(f"its severity is {other.rule.severity}, was {one.rule.severity}")
    parts = ("when", "let", "each", "at_least", "require", "effective", "waivable")
    changed = [part for part in parts if getattr(one.rule, part) != getattr(other.rule, part)]
    if changed:
        reasons.append(f"the rule is written differently ({', '.join(changed)})")
    now = other.rule
    each = now.each[1] if now.each is not None else ""
    read = " ".join([now.when or "", each, *(text for _, text in now.let), now.require])
    for name in sorted({*one.params, *other.params}):
        values = one.params.get(name), other.params.get(name)
        if values[0] != values[1] and f"params.{name}" in read:
            reasons.append(f"params.{name} is {judge.shown(values[1])}, was {judge.shown(values[0])}")
    words = [verdict.change_class.word for verdict in verdicts]
    if words[0] != words[1] and "change" in read:
        reasons.append(f"the change is {words[1]}, was {words[0]}")
    return "; ".join(reasons) or (rulings[1][-1].message if rulings[1] else "it judges no longer")
