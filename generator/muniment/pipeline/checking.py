"""What `muniment check` does: survey, judge, and decide what counts against the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from muniment import check, judge, shipped
from muniment.errors import UsageError
from muniment.model.dataclass import dataclass
from muniment.model.finding import Severity, Where
from muniment.model.report import CheckReport, DeviceReport
from muniment.model.ruling import Outcome, Ruling, Status, Verdict
from muniment.model.suggestion import closest
from muniment.pipeline.judging import judge_all
from muniment.pipeline.policies import load_packs, loosened
from muniment.pipeline.request import SHIPPED, Request
from muniment.pipeline.scope import Scope
from muniment.pipeline.survey import find_release, survey

FILE_RULES = frozenset(
    (
        *("yaml", "layout", "schema", "reference", "digest", "manifest", "json", "seal", "number"),
        *("unwritten", "outdated", "policy"),
    )
)
"""Ids of findings about files and packs; every other rule comes from a policy pack."""
RULES_HINT = f"`muniment rules` lists them; about files there are {', '.join(sorted(FILE_RULES))}"


@dataclass(frozen=True, slots=True)
class Selection:
    """What to look at, and what to hold against whom."""

    scope: Scope = field(default_factory=Scope)
    """What a change can have affected; everything by default."""
    rules: tuple[str, ...] = ()
    prefix: str = ""
    gate: str | None = None
    """A release for which the undecided counts too."""
    fail_on: str = "block"

    def shows(self, rule: str) -> bool:
        """Whether findings and rulings of `rule` are shown."""
        return (not self.rules or rule in self.rules) and rule.startswith(self.prefix)


@dataclass(frozen=True, slots=True)
class Kit:
    """What every device is checked with, read once."""

    schemas: check.Schemas
    packs: judge.Packs

    @classmethod
    def of(cls, request: Request, *, kept: bool = False) -> Kit:
        """Read the schemas and the packs of a request; `kept` as `load_packs` has it."""
        return cls(check.Schemas.from_folder(shipped.folder("schemas")), load_packs(request, kept=kept))


def run(
    request: Request,
    selection: Selection,
    *,
    deep: bool,
    kit: Kit | None = None,
    device: str | None = None,
    every_place: bool = True,
) -> tuple[CheckReport, int]:
    """Check the evidence and return the report with the number of objections.

    `device` looks at that one only. Without `every_place`, rulings that are met or do not apply are not
    located: only formats that print their line need it.

    Objections are: a fault in a file; an unmet blocking rule on a candidate; an unmet or undecided one
    on a released release, or on the release named by `gate`. A rejected bundle's rulings do not count.
    """
    _refuse_unknown(request, selection)
    if selection.scope.nothing:
        return CheckReport(as_of=request.as_of, outcome="accepted", findings=(), devices=()), 0
    kit = kit or Kit.of(request, kept=not deep)
    only = selection.scope.devices if device is None else (device,)
    found = survey(request, only=only, trust_cache=not deep, schemas=kit.schemas, still=True)
    gate = find_release(found, selection.gate) if selection.gate is not None else None
    judgement = judge_all(
        found, deep=deep, packs=kit.packs, verdicts_only=True, wanted=selection.scope.judges
    )
    rulings = [r for v in judgement.devices for each in v.releases for r in each.verdict.rulings]
    opened = [r.where for r in rulings if _open(r)]
    found = found.with_json([*opened, *(f.where for f in judgement.findings)])
    wanted = [r.where for r in rulings] if every_place else opened
    places = found.places([*wanted, *(f.where for f in judgement.findings)])
    deep_findings = (replace(f, where=places[f.where]) for f in judgement.findings)
    # The shipped pack alone has nothing below it, and is not read twice.
    notes = () if request.packs == SHIPPED or device is not None else loosened(request)
    findings = tuple(f for f in (*found.findings, *deep_findings, *notes) if selection.shows(f.rule))
    devices = []
    objections = sum(1 for f in findings if _weighs(f.severity, selection.fail_on))
    for view in judgement.devices:
        verdicts = []
        for release in view.releases:
            verdict = _located(release.verdict, places)
            gated = gate is not None and gate == (view.device, release.dossier)
            objections += sum(
                1
                for ruling in verdict.rulings
                if selection.shows(ruling.rule) and _counts(ruling, verdict.status, selection.fail_on, gated)
            )
            shown = tuple(r for r in verdict.rulings if selection.shows(r.rule))
            verdicts.append(replace(verdict, rulings=shown))
        devices.append(DeviceReport(view.device.id, tuple(verdicts)))
    report = CheckReport(
        as_of=request.as_of,
        outcome="refused" if objections else _overall(devices),
        findings=findings,
        devices=tuple(devices),
        sources=found.sources,
    )
    return report, objections


def _refuse_unknown(request: Request, selection: Selection) -> None:
    """A misspelt rule would hide every fault and call the evidence accepted."""
    if not (selection.rules or selection.prefix):
        return
    known = sorted(FILE_RULES | {entry.id for entry in judge.index(load_packs(request))})
    for rule in selection.rules:
        if rule not in known:
            near = closest(rule, known)
            raise UsageError(
                f"there is no rule {rule!r}", hint=f"did you mean {near!r}?" if near else RULES_HINT
            )
    if not any(rule.startswith(selection.prefix) for rule in known):
        raise UsageError(f"no rule id starts with {selection.prefix!r}", hint=RULES_HINT)


def _open(ruling: Ruling) -> bool:
    """Whether a reader will want to look the ruling up."""
    return ruling.outcome not in (Outcome.MET, Outcome.NOT_APPLICABLE)


def _overall(devices: Iterable[DeviceReport]) -> str:
    """`held` where a live release has something open, else `accepted`."""
    live = (
        verdict.outcome
        for device in devices
        for verdict in device.verdicts
        if verdict.status in (Status.CANDIDATE, Status.RELEASED)
    )
    return "held" if any(outcome != "accepted" for outcome in live) else "accepted"


def _weighs(severity: Severity, fail_on: str) -> bool:
    return severity is Severity.BLOCK or (fail_on == "warn" and severity is Severity.WARN)


def _counts(ruling: Ruling, status: Status, fail_on: str, gated: bool) -> bool:
    if not _weighs(ruling.severity, fail_on) or (status is Status.REJECTED and not gated):
        return False
    if ruling.outcome is Outcome.UNMET:
        return True
    return ruling.outcome is Outcome.UNDECIDED and (gated or status is Status.RELEASED)


def _located(verdict: Verdict, places: Mapping[Where, Where]) -> Verdict:
    rulings = tuple(r.located(places[r.where]) if r.where in places else r for r in verdict.rulings)
    return replace(verdict, rulings=rulings)
