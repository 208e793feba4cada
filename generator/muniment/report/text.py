"""The report for a person at a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from muniment.model.dataclass import dataclass
from muniment.model.finding import Finding, Severity, Where
from muniment.model.line import one_line
from muniment.model.report import CheckReport
from muniment.model.ruling import Outcome, Verdict
from muniment.report.common import Shown, shown, source_line

_WORDS = {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.INFO: "note"}
_RED, _YELLOW, _BLUE, _GREEN, _BOLD, _DIM = "31", "33", "34", "32", "1", "2"
_COLOURS = {Severity.BLOCK: _RED, Severity.WARN: _YELLOW, Severity.INFO: _BLUE}
_OUTCOMES = {"accepted": _GREEN, "held": _YELLOW, "refused": _RED}
_WIDEST = 160
"""Characters of a source line that are shown."""


def text(report: CheckReport, *, colour: bool = False) -> str:
    """Return findings with their source line, rulings that need attention, and a line a release."""
    findings, rulings, lines = blocks(report, colour=colour)
    parts = [*findings, *rulings, *(["\n".join(lines)] if lines else [])]
    parts.append(total(totals(report), colour=colour))
    return "\n\n".join(parts) + "\n"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a report comes to, over all devices."""

    as_of: str
    outcome: str
    blocking: int
    """Findings that block."""
    others: int
    """Findings that warn."""
    notes: int
    """Findings that only inform."""


def totals(report: CheckReport) -> Totals:
    """Return what one report comes to."""
    counts = Counter(finding.severity for finding in report.findings)
    blocking, notes = counts[Severity.BLOCK], counts[Severity.INFO]
    others = len(report.findings) - blocking - notes
    return Totals(report.as_of, report.outcome, blocking, others, notes)


def blocks(report: CheckReport, *, colour: bool) -> tuple[list[str], list[str], list[str]]:
    """Return a block a finding, a block a ruling that needs attention, and a line a release."""
    paint = _Paint(colour)
    return (
        ["\n".join(_finding(report, finding, paint)) for finding in report.findings],
        ["\n".join(_ruling(item, paint)) for item in shown(report)],
        [_summary(device.device, verdict, paint) for device in report.devices for verdict in device.verdicts],
    )


class _Paint:
    """Wraps words in terminal colours, or leaves them as they are."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __call__(self, code: str, words: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if self._on else words


def _finding(report: CheckReport, finding: Finding, paint: _Paint) -> Iterator[str]:
    severity = paint(_COLOURS[finding.severity], f"{_WORDS[finding.severity]}[{finding.rule}]")
    yield f"{paint(_BOLD, one_line(str(finding.where)))}: {severity} {one_line(finding.message)}"
    yield from _quoted(source_line(report, finding.where), finding.where, paint)
    if finding.hint:
        yield f"  hint: {one_line(finding.hint)}"


def _quoted(line: str | None, where: Where, paint: _Paint) -> Iterator[str]:
    """Yield the source line and a caret under the column; a long line is cut around it."""
    if line is None or not line.strip():
        return
    column = min(max((where.column or 1) - 1, 0), len(line))
    start = max(0, column - _WIDEST // 2) if len(line) > _WIDEST else 0
    part = one_line(line[start : start + _WIDEST])
    number = str(where.line)
    yield f"  {paint(_DIM, number + ' |')} {part}"
    yield f"  {' ' * len(number)} {paint(_DIM, '|')} {' ' * (column - start)}{paint(_RED, '^')}"


def _ruling(item: Shown, paint: _Paint) -> Iterator[str]:
    ruling = item.ruling
    code = _RED if ruling.outcome is Outcome.UNMET and ruling.severity is Severity.BLOCK else _YELLOW
    word = paint(code if item.counts else _DIM, f"{ruling.outcome}[{ruling.rule}]")
    aside = "" if ruling.severity is Severity.BLOCK else f" ({ruling.severity})"
    if ruling.waiver:
        aside += f" (by {one_line(ruling.waiver)})"
    if not item.counts and ruling.outcome is not Outcome.WAIVED:
        aside += f" ({item.verdict.status}, does not count)"
    release = paint(_BOLD, f"{one_line(item.device)} {one_line(item.verdict.release)}")
    yield f"{release}: {word}{aside} {one_line(ruling.message or ruling.title)}"
    needs = f" · {', '.join(ruling.requirements)}" if ruling.requirements else ""
    place = f"{ruling.where} {ruling.where.pointer}".rstrip()
    yield f"  at {one_line(place)}{needs}"
    if ruling.hint:
        yield f"  hint: {one_line(ruling.hint)}"


def _summary(device: str, verdict: Verdict, paint: _Paint) -> str:
    counted = Counter(ruling.outcome for ruling in verdict.rulings)
    parts = ", ".join(
        f"{counted[outcome]} {outcome.replace('_', ' ')}" for outcome in Outcome if counted[outcome]
    )
    outcome = paint(_OUTCOMES[verdict.outcome], verdict.outcome)
    basis = (
        "verified" if verdict.rulings and all(r.basis == "verified" for r in verdict.rulings) else "recorded"
    )
    name = f"{one_line(device)} {one_line(verdict.release)}"
    return (
        f"{name}: {verdict.status}, {verdict.change_class.word}, {outcome}"
        f" ({parts or 'no rule judged it'}; on {basis} evidence)"
    )


def total(report: Totals, *, colour: bool) -> str:
    """Return the last line, from the numbers of findings of each severity."""
    paint = _Paint(colour)
    blocking, others, notes = report.blocking, report.others, report.notes
    faults = (
        "no faults in files"
        if not blocking + others
        else f"{blocking} {'fault' if blocking == 1 else 'faults'}"
    )
    if others:
        faults += f", {others} {'warning' if others == 1 else 'warnings'}"
    if notes:
        faults += f", {notes} {'note' if notes == 1 else 'notes'}"
    return f"{paint(_OUTCOMES.get(report.outcome, _BOLD), report.outcome)} as of {report.as_of}: {faults}"
