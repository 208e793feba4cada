"""What `muniment check` does: survey, judge, and decide what counts against the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from muniment import judge
from muniment.errors import UsageError
from muniment.model.finding import Severity, Where
from muniment.model.report import CheckReport, DeviceReport
from muniment.model.ruling import Outcome, Ruling, Status, Verdict
from muniment.model.suggestion import closest
from muniment.pipeline.judging import judge_all
from muniment.pipeline.policies import load_packs, loosened
from muniment.pipeline.request import Request
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


def run(request: Request, selection: Selection, *, deep: bool) -> tuple[CheckReport, int]:
    """Check the evidence and return the report with the number of objections.

    Objections are: a fault in a file; an unmet blocking rule on a candidate; an unmet or undecided one
    on a released release, or on the release named by `gate`. A rejected bundle's rulings do not count.
    """
    _refuse_unknown(request, selection)
    if selection.scope.nothing:
        return CheckReport(as_of=request.as_of, outcome="accepted", findings=(), devices=()), 0
    found = survey(request, only=selection.scope.devices, trust_cache=not deep)
    gate = find_release(found, selection.gate) if selection.gate is not None else None
    judgement = judge_all(found, deep=deep, wanted=selection.scope.judges)
    places = [r.where for v in judgement.devices for each in v.releases for r in _open(each.verdict)]
    found = found.with_json([*places, *(f.where for f in judgement.findings)])
    deep_findings = (replace(f, where=found.located(f.where)) for f in judgement.findings)
    # The shipped pack alone has nothing below it, and is not read twice.
    notes = () if request.packs == ("core",) else loosened(request)
    findings = tuple(f for f in (*found.findings, *deep_findings, *notes) if selection.shows(f.rule))
    devices = []
    objections = sum(1 for f in findings if _weighs(f.severity, selection.fail_on))
    for view in judgement.devices:
        verdicts = []
        for release in view.releases:
            verdict = _located(release.verdict, found.located)
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


def _open(verdict: Verdict) -> tuple[Ruling, ...]:
    """The rulings a reader will want to look up."""
    return tuple(r for r in verdict.rulings if r.outcome not in (Outcome.MET, Outcome.NOT_APPLICABLE))


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


def _located(verdict: Verdict, locate: Callable[[Where], Where]) -> Verdict:
    return replace(verdict, rulings=tuple(r.located(locate(r.where)) for r in verdict.rulings))
