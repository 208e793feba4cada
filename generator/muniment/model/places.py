"""Where the portal answers each requirement of the catalogue: page and anchor, relative to an edition."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

RELEASE: Final = "{release}"
"""Stands for the folder name of a release in a place below `releases/`."""

_INDEX = "releases/{release}/index.html"
_CHANGES = "releases/{release}/changes.html"
_EVALUATION = "releases/{release}/evaluation.html"
_ANALYSIS = "releases/{release}/analysis.html"
_APPROVALS = "releases/{release}/approvals.html"
_RULINGS = "releases/{release}/rulings.html"
_DEVICE = "device.html"
_DATASETS = "datasets.html"
_MONITORING = "monitoring.html"
_AFTER = "after-release.html"
_OPERATIONS = "operations.html"

PLACES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "CLM-01": (f"{_DEVICE}#claim",),
        "CLM-02": (f"{_DEVICE}#population",),
        "CLM-03": (f"{_DEVICE}#inputs",),
        "CLM-04": (f"{_DEVICE}#claim", f"{_DEVICE}#inputs"),
        "CLM-05": (f"{_DEVICE}#risk",),
        "CLM-06": (f"{_INDEX}#limitations", f"{_DEVICE}#cautions"),
        "CLM-07": (_CHANGES,),
        "CLM-08": (f"{_DEVICE}#regulatory",),
        "TRN-01": (f"{_DEVICE}#contracts",),
        "TRN-06": (f"{_INDEX}#reconstruction",),
        "DAT-01": (f"{_DATASETS}#dataset_raw",),
        "DAT-02": (f"{_DATASETS}#dataset_splits",),
        "DAT-03": (f"{_DATASETS}#dataset_labels",),
        "DAT-04": (f"{_DATASETS}#dataset_features",),
        "DAT-05": (f"{_DATASETS}#dataset_baseline",),
        "DAT-06": (f"{_DATASETS}#lineage",),
        "DAT-07": (f"{_EVALUATION}#independence",),
        "DAT-09": (f"{_DATASETS}#dataset_splits",),
        "DAT-10": (f"{_DATASETS}#snapshots",),
        "DAT-11": (f"{_EVALUATION}#comparisons",),
        "DAT-12": (f"{_DATASETS}#dataset_raw", f"{_OPERATIONS}#access"),
        "DAT-13": (f"{_DATASETS}#lineage", f"{_DATASETS}#snapshots"),
        "DAT-14": (f"{_DATASETS}#snapshots",),
        "DAT-17": (f"{_DATASETS}#dataset_labels",),
        "XAI-01": (f"{_DEVICE}#explanation",),
        "XAI-02": (f"{_ANALYSIS}#coverage",),
        "XAI-03": (f"{_ANALYSIS}#explanations", f"{_ANALYSIS}#stability"),
        "XAI-04": (f"{_ANALYSIS}#explanations", f"{_INDEX}#notes"),
        "XAI-05": (f"{_ANALYSIS}#explanations",),
        "XAI-06": (f"{_DEVICE}#explanation",),
        "ERR-01": (f"{_ANALYSIS}#errors", f"{_ANALYSIS}#edge"),
        "ERR-02": (f"{_ANALYSIS}#examples",),
        "ERR-03": (f"{_DEVICE}#risk",),
        "ERR-04": (f"{_DEVICE}#risk",),
        "ERR-05": (f"{_ANALYSIS}#rejects",),
        "VAL-01": (f"{_INDEX}#rationale",),
        "VAL-02": (f"{_INDEX}#rationale",),
        "VAL-03": (f"{_EVALUATION}#criteria", f"{_APPROVALS}#chain"),
        "VAL-04": (f"{_EVALUATION}#estimates",),
        "VAL-05": (f"{_EVALUATION}#subgroups",),
        "VAL-06": (f"{_EVALUATION}#calibration",),
        "VAL-07": (f"{_ANALYSIS}#robustness",),
        "VAL-08": (f"{_EVALUATION}#operational",),
        "VAL-09": (f"{_EVALUATION}#criteria",),
        "VAL-10": (f"{_INDEX}#files",),
        "VAL-11": (f"{_EVALUATION}#estimates", f"{_EVALUATION}#methods"),
        "VAL-12": (f"{_EVALUATION}#comparisons",),
        "VAL-13": (f"{_ANALYSIS}#system-tests",),
        "STA-02": (f"{_ANALYSIS}#prevalence",),
        "STA-05": (f"{_ANALYSIS}#rejects", f"{_ANALYSIS}#missing"),
        "STA-06": (f"{_ANALYSIS}#prevalence",),
        "STA-07": (f"{_ANALYSIS}#studies",),
        "STA-08": (f"{_ANALYSIS}#studies",),
        "STA-09": (f"{_EVALUATION}#departures", f"{_EVALUATION}#methods"),
        "PKG-01": (f"{_INDEX}#files",),
        "PKG-02": (f"{_INDEX}#files", "verify.html#digests"),
        "PKG-03": ("verify.html#faults",),
        "PKG-04": (f"{_INDEX}#reconstruction",),
        "PKG-05": (_CHANGES,),
        "PKG-06": (f"{_INDEX}#notes", f"{_INDEX}#limitations"),
        "PKG-07": (f"{_INDEX}#supply",),
        "PKG-09": (f"{_INDEX}#notes",),
        "CHG-01": (_CHANGES,),
        "CHG-02": (_CHANGES,),
        "CHG-03": (_RULINGS,),
        "CHG-04": (f"{_INDEX}#what",),
        "CHG-05": (f"{_INDEX}#rationale",),
        "CHG-06": (f"{_INDEX}#rationale", "decisions.html"),
        "CHG-07": (f"{_INDEX}#rationale",),
        "CHG-08": ("decisions.html",),
        "CHG-09": (f"{_INDEX}#regulatory", f"{_DEVICE}#pccp"),
        "CHG-10": (f"{_INDEX}#regulatory", "decisions.html"),
        "CHG-11": (_CHANGES, f"{_DEVICE}#pccp"),
        "CHG-12": ("decisions.html",),
        "APP-01": (f"{_APPROVALS}#board",),
        "APP-02": (f"{_APPROVALS}#matrix",),
        "APP-03": (f"{_APPROVALS}#board",),
        "APP-04": (f"{_APPROVALS}#matrix",),
        "APP-05": (f"{_APPROVALS}#chain",),
        "APP-06": (f"{_APPROVALS}#matrix",),
        "APP-07": (f"{_APPROVALS}#board", "decisions.html"),
        "APP-08": (f"{_DEVICE}#roster",),
        "MON-01": (f"{_DEVICE}#risk",),
        "MON-02": (_MONITORING,),
        "MON-03": (_MONITORING,),
        "MON-04": (_MONITORING,),
        "MON-05": (_MONITORING, f"{_DEVICE}#risk"),
        "MON-06": (f"{_DEVICE}#risk",),
        "MON-07": (f"{_DEVICE}#risk",),
        "MON-08": (f"{_DEVICE}#risk",),
        "MON-09": (f"{_AFTER}#runs",),
        "MON-10": (f"{_AFTER}#signals", f"{_MONITORING}#alerts"),
        "MON-11": (f"{_DEVICE}#risk",),
        "MON-12": (f"{_MONITORING}#alerts", f"{_AFTER}#runs"),
        "MON-14": (f"{_AFTER}#incidents",),
        "MON-15": (f"{_MONITORING}#alerts", f"{_AFTER}#signals"),
        "MON-16": (f"{_AFTER}#signals",),
        "MON-17": (f"{_AFTER}#surveillance",),
        "SAF-01": (f"{_DEVICE}#safe-state",),
        "SAF-02": (f"{_INDEX}#safe-state",),
        "SAF-03": (f"{_AFTER}#stops",),
        "SAF-04": (f"{_MONITORING}#drills",),
        "SAF-05": (f"{_AFTER}#stops",),
        "SAF-06": (f"{_DEVICE}#safe-state", f"{_MONITORING}#drills"),
        "DEP-01": (f"{_INDEX}#supply",),
        "DEP-02": (f"{_MONITORING}#deployments",),
        "DEP-03": (f"{_MONITORING}#deployments",),
        "DEP-04": (f"{_OPERATIONS}#environments",),
        "DEP-05": (f"{_MONITORING}#deployments",),
        "SEC-01": (f"{_OPERATIONS}#certificates",),
        "SEC-02": (f"{_OPERATIONS}#access",),
        "SEC-03": (f"{_OPERATIONS}#audit-trails",),
        "SEC-04": (f"{_OPERATIONS}#residency",),
        "SEC-05": (f"{_INDEX}#supply",),
        "SEC-06": (f"{_DEVICE}#security",),
        "EVD-01": (f"{_INDEX}#what",),
        "EVD-03": (f"{_OPERATIONS}#control-plane",),
        "EVD-04": ("trail.html#entries", f"{_OPERATIONS}#audit-trails"),
        "EVD-05": (f"{_OPERATIONS}#retention",),
        "EVD-06": ("index.html#ways",),
        "EVD-07": ("requirements.html",),
        "EVD-08": (f"{_OPERATIONS}#tools",),
        "KPI-03": (f"{_AFTER}#stops",),
        "KPI-04": (f"{_AFTER}#incidents",),
        "KPI-05": (f"{_EVALUATION}#subgroups",),
        "KPI-06": (f"{_AFTER}#runs",),
        "KPI-07": (f"{_AFTER}#incidents",),
        "OPS-01": (f"{_AFTER}#checklists",),
        "OPS-02": (f"{_AFTER}#exercises",),
    }
)
"""Requirement id to the places that show what it asks for. A requirement without one has rules at most."""


def places(requirement: str, release: str = RELEASE) -> tuple[str, ...]:
    """Return the places of a requirement, `release` (a folder name) put where one stands for any release."""
    return tuple(place.replace(RELEASE, release) for place in PLACES.get(requirement, ()))
