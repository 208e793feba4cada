"""SARIF 2.1.0, for code-scanning views. The fingerprint is of rule, pointer and file, never of the line."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from muniment import __version__
from muniment.model.finding import Finding, Severity, Where
from muniment.model.line import escaped, one_line
from muniment.model.report import CheckReport
from muniment.model.ruling import Outcome
from muniment.report.common import Shown, shown

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.BLOCK: "error", Severity.WARN: "warning", Severity.INFO: "note"}
_STAGES = {
    "layout": "A file lies where no record is looked for",
    "yaml": "A file is not strict YAML",
    "json": "A derived file is not good JSON",
    "schema": "A record does not fit its schema",
    "reference": "A reference names what is not there",
    "digest": "A file is not the file that was recorded",
    "outdated": "A record follows an older schema version",
    "manifest": "A frozen release was changed",
}


def sarif(report: CheckReport, *, colour: bool = False) -> str:  # noqa: ARG001 - every format takes the same options
    """Return findings as results; undecided rulings are `open`, waived ones carry a suppression."""
    items = list(shown(report))
    titles = {finding.rule: _STAGES.get(finding.rule, finding.rule) for finding in report.findings}
    titles |= {item.ruling.rule: item.ruling.title for item in items}
    driver = {
        "name": "muniment",
        "semanticVersion": __version__,
        "rules": [
            {"id": rule, "shortDescription": {"text": one_line(title)}}
            for rule, title in sorted(titles.items())
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "properties": {"as_of": report.as_of, "outcome": report.outcome},
        "results": [*map(_finding, report.findings), *map(_ruling, items)],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return escaped(json.dumps(log, indent=2, sort_keys=True, ensure_ascii=False)) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    message = finding.message + (f" (hint: {finding.hint})" if finding.hint else "")
    return _result(finding.rule, _LEVELS[finding.severity], message, finding.where, finding.where.pointer)


def _ruling(item: Shown) -> dict[str, Any]:
    ruling = item.ruling
    text = f"{item.device} {item.verdict.release}: {ruling.message or ruling.title}"
    message = text + (f" (hint: {ruling.hint})" if ruling.hint else "")
    level = _LEVELS[ruling.severity] if item.counts else "note"
    open_ = ruling.outcome is Outcome.UNDECIDED
    scope = f"{item.device}/{item.verdict.release}{ruling.where.pointer}"
    result = _result(ruling.rule, "none" if open_ else level, message, ruling.where, scope)
    if open_:
        result["kind"] = "open"
    if ruling.outcome is Outcome.WAIVED:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": f"waived by {ruling.waiver}"}
        ]
    return result


def _result(rule: str, level: str, message: str, where: Where, scope: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(where.file)}}
    if where.line is not None:
        physical["region"] = {"startLine": where.line, "startColumn": where.column or 1}
    fingerprint = hashlib.sha256("\0".join((rule, scope, where.file)).encode("utf-8", "replace")).hexdigest()
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": one_line(message)},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"muniment/v1": fingerprint},
    }
