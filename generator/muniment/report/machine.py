"""JSON, one object or one a line."""

from __future__ import annotations

import json as stdlib
from collections.abc import Mapping
from typing import Any

from muniment.model.report import CheckReport


def json(report: CheckReport, *, colour: bool = False) -> str:  # noqa: ARG001 - every format takes the same options
    """Return `muniment/check/v1`."""
    return (
        stdlib.dumps(report.as_json(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    )


def jsonl(report: CheckReport, *, colour: bool = False) -> str:  # noqa: ARG001
    """Return a line a finding, a line a ruling, and a last line that sums up."""
    lines: list[Mapping[str, Any]] = [{"type": "finding", **finding.as_json()} for finding in report.findings]
    for device in report.devices:
        for verdict in device.verdicts:
            about = {"type": "ruling", "device": device.device, "release": verdict.release}
            lines.extend({**about, **ruling.as_json()} for ruling in verdict.rulings)
    lines.append(
        {"type": "summary", "schema": "muniment/check/v1", "as_of": report.as_of, "outcome": report.outcome}
    )
    return "".join(
        stdlib.dumps(line, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n" for line in lines
    )
