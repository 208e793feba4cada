"""The formats of a report, by name."""

from collections.abc import Mapping
from typing import Protocol

from muniment.model.report import CheckReport
from muniment.report.github import github
from muniment.report.junit import junit
from muniment.report.machine import json, jsonl
from muniment.report.sarif import sarif
from muniment.report.text import text


class Reporter(Protocol):
    """Turns a report into what goes to stdout."""

    def __call__(self, report: CheckReport, *, colour: bool = False) -> str:
        """Return the report; only text takes note of `colour`."""
        ...


REPORTERS: Mapping[str, Reporter] = {
    "text": text,
    "json": json,
    "jsonl": jsonl,
    "sarif": sarif,
    "junit": junit,
    "github": github,
}
"""Format, as `--format` names it, to its function."""

__all__ = ["REPORTERS", "Reporter"]
