"""JSON, one object or one a line."""

from __future__ import annotations

import json as stdlib
from collections.abc import Mapping
from typing import Any

from muniment.model.line import escaped
from muniment.model.report import CheckReport


def json(report: CheckReport, *, colour: bool = False) -> str:  # noqa: ARG001 - every format takes the same options
    """Return `muniment/check/v1`."""
    text = stdlib.dumps(report.as_json(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return escaped(text) + "\n"


def jsonl(report: CheckReport, *, colour: bool = False) -> str:  # noqa: ARG001
    """Return a line a finding, a line a ruling, and a last line that sums up."""
    findings, rulings = lines(report)
    return "".join((*findings, *rulings, summary(report.as_of, report.outcome)))


def lines(report: CheckReport) -> tuple[list[str], list[str]]:
    """Return a line a finding and a line a ruling, each with its end."""
    return (
        [_line({"type": "finding", **finding.as_json()}) for finding in report.findings],
        [
            _line({"type": "ruling", "device": device.device, "release": verdict.release, **ruling.as_json()})
            for device in report.devices
            for verdict in device.verdicts
            for ruling in verdict.rulings
        ],
    )


def summary(as_of: str, outcome: str) -> str:
    """Return the last line."""
    return _line({"type": "summary", "schema": "muniment/check/v1", "as_of": as_of, "outcome": outcome})


def _line(value: Mapping[str, Any]) -> str:
    return escaped(stdlib.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)) + "\n"
