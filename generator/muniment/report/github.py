"""Workflow commands that GitHub shows as annotations beside the line."""

from __future__ import annotations

from muniment.model.finding import Severity, Where
from muniment.model.line import one_line
from muniment.model.report import CheckReport
from muniment.model.ruling import Outcome
from muniment.report.common import shown

_COMMANDS = {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.INFO: "notice"}


def github(report: CheckReport, *, colour: bool = False) -> str:  # noqa: ARG001 - every format takes the same options
    """Return an annotation a finding and a ruling; what does not count is a notice."""
    lines = [
        _command(_COMMANDS[f.severity], f.rule, f.where, f.message + (f" · {f.hint}" if f.hint else ""))
        for f in report.findings
    ]
    for item in shown(report):
        ruling = item.ruling
        weighs = item.counts and ruling.outcome is Outcome.UNMET
        command = _COMMANDS[ruling.severity] if weighs else "notice"
        message = f"{item.device} {item.verdict.release}: {ruling.outcome}: {ruling.message or ruling.title}"
        lines.append(_command(command, ruling.rule, ruling.where, message))
    lines.append(f"::notice title=muniment::{_data(f'{report.outcome} as of {report.as_of}')}")
    return "".join(line + "\n" for line in lines)


def _command(command: str, rule: str, where: Where, message: str) -> str:
    place = {"file": where.file, "line": where.line, "col": where.column, "title": rule}
    fields = ",".join(f"{name}={_property(str(value))}" for name, value in place.items() if value is not None)
    return f"::{command} {fields}::{_data(message)}"


def _data(text: str) -> str:
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
