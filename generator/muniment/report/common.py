"""What the formats share: which rulings a reader must look at."""

from __future__ import annotations

from collections.abc import Iterator

from muniment.model.dataclass import dataclass
from muniment.model.finding import Where
from muniment.model.report import CheckReport
from muniment.model.ruling import Outcome, Ruling, Status, Verdict

_SHOWN = (Outcome.UNMET, Outcome.UNDECIDED, Outcome.WAIVED)


@dataclass(frozen=True, slots=True)
class Shown:
    """A ruling that is not simply met, with the release it is about."""

    device: str
    verdict: Verdict
    ruling: Ruling

    @property
    def counts(self) -> bool:
        """Whether it may be held against the release; a rejected bundle's rulings never are."""
        return self.ruling.outcome is not Outcome.WAIVED and self.verdict.status is not Status.REJECTED


def shown(report: CheckReport) -> Iterator[Shown]:
    """Yield the unmet, undecided and waived rulings of every release, in order."""
    for device in report.devices:
        for verdict in device.verdicts:
            for ruling in verdict.rulings:
                if ruling.outcome in _SHOWN:
                    yield Shown(device.device, verdict, ruling)


def source_line(report: CheckReport, where: Where) -> str | None:
    """Return the line a finding is about, or `None` where it is not known."""
    data = report.sources.get(where.file)
    if data is None or where.line is None:
        return None
    lines = data.decode("utf-8", "replace").split("\n")
    return lines[where.line - 1] if 0 < where.line <= len(lines) else None
