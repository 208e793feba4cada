"""What `muniment check` found: the one value that every report format is a view of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from muniment.model.dataclass import dataclass
from muniment.model.finding import Finding
from muniment.model.ruling import Verdict


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """The verdicts on one device's releases."""

    device: str
    verdicts: tuple[Verdict, ...]
    """One a release, in order of succession."""

    def as_json(self) -> dict[str, Any]:
        """The shape of a device in `muniment/check/v1`."""
        return {"device": self.device, "releases": [verdict.as_json() for verdict in self.verdicts]}


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Every finding and every verdict of one run."""

    as_of: str
    """ISO date the evidence is judged at."""
    outcome: str
    """`accepted`, `held` or `refused`, over everything that counts."""
    findings: tuple[Finding, ...]
    devices: tuple[DeviceReport, ...]
    sources: Mapping[str, bytes] = field(default_factory=dict)
    """File, as `Where.file` names it, to its bytes: for quoting the line at fault."""

    def as_json(self) -> dict[str, Any]:
        """The shape of `muniment/check/v1`."""
        return {
            "schema": "muniment/check/v1",
            "as_of": self.as_of,
            "outcome": self.outcome,
            "findings": [finding.as_json() for finding in self.findings],
            "devices": [device.as_json() for device in self.devices],
        }
