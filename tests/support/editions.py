"""An edition made of plain values: one device, two released releases and a candidate, every page filled.

`edition()` reads well; `edition(hostile=True)` puts `HOSTILE` into every text that a record, a ruling, a seal
or an evaluation may say freely, so that a page which shows one unescaped is caught.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muniment.errors import UnreadableInput
from muniment.model.change import Change, ChangeClass, Changes
from muniment.model.edition import (
    Answer,
    Approval,
    Citation,
    DeviceView,
    Edition,
    ReleaseView,
    RequirementEntry,
    RuleEntry,
)
from muniment.model.evidence import Artifact, Device, Document, Dossier, Record
from muniment.model.finding import Finding, Severity, Where
from muniment.model.ruling import Outcome, Ruling, Status, Verdict
from muniment.model.seal import Seal
from muniment.model.tree import frozen
from support import edition_records
from support.edition_analyses import planned

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3)) **bold** "
    "</div></script>{{ 7*7 }} {: onclick=alert(4)} ](javascript:alert(5) "
    "\u202egnp \x00 &lt;b&gt;\n\n# head\n\n<b>"
)
DEVICE = "demo-1"
AS_OF = "2026-04-30"

_STRUCTURAL = re.compile(r"^([0-9a-f]{64}|\d{4}-\d\d-\d\d.*|\d\d:\d\d|[\w.+-]+(/[\w.+-]+)+|[\w.-]+@[\w.-]+)$")
_CODES = frozenset(
    [
        "kind",
        "id",
        "status",
        "outcome",
        "severity",
        "origin",
        "mode",
        "tier",
        "level",
        "residual",
        "probability",
        "type",
        "result",
        "person",
        "role",
        "raised_by",
        "release",
        "rule",
        "axis",
        "verdict",
        "author",
        "operator",
        "on",
        "metric",
        "against",
        "method",
        "domain",
        "state",
        "cause",
        "version",
        "partition",
        "environment",
        "outcomes_withheld",
        "quarter",
        "gpk",
    ]
)


@dataclass(frozen=True)
class MemoryFiles:
    """A device folder in memory."""

    contents: Mapping[str, bytes]

    def exists(self, path: str) -> bool:
        return path in self.contents

    def digest(self, path: str) -> str:
        return hashlib.sha256(self.read(path)).hexdigest()

    def size(self, path: str) -> int:
        return len(self.read(path))

    def read(self, path: str, limit: int = 64 << 20) -> bytes:
        if path not in self.contents or len(self.contents[path]) > limit:
            raise UnreadableInput(f"no such file: {path}")
        return self.contents[path]

    def open_table(self, path: str) -> Path:
        raise AssertionError("a page must not open a table of rows")

    def listing(self, below: str = "") -> tuple[str, ...]:
        return tuple(sorted(path for path in self.contents if path.startswith(below)))


@dataclass
class Making:
    """What is needed while an edition is put together."""

    hostile: bool
    records: dict[str, Record] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def say(self, text: str) -> str:
        return f"{text} {HOSTILE}" if self.hostile else text

    def poison(self, value: Any, key: str = "") -> Any:
        """Append the hostile text to every free text of a tree; codes, ids, dates and digests stay."""
        if isinstance(value, dict):
            return {name: self.poison(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.poison(item, key) for item in value]
        if isinstance(value, str) and key not in _CODES and not _STRUCTURAL.match(value):
            return self.say(value)
        return value

    def record(self, identifier: str, kind: str, body: dict[str, Any]) -> Record:
        poisoned = {"kind": kind, "schema": 1, **(self.poison(body) if self.hostile else body)}
        path = f"{identifier}/release.yaml" if kind == "release" else f"{identifier}.yaml"
        data = (json.dumps(poisoned, indent=1, sort_keys=True) + "\n").encode()
        document = Document(f"{DEVICE}/{path}", data, hashlib.sha256(data).hexdigest(), frozen(poisoned))
        record = Record(identifier, kind, frozen(poisoned), document)
        self.records[identifier] = record
        self.files[path] = data
        return record

    def json(self, path: str, value: Any) -> Any:
        poisoned = self.poison(value) if self.hostile else value
        self.files[path] = (json.dumps(poisoned, indent=1, sort_keys=True) + "\n").encode()
        return frozen(poisoned)


def edition(*, hostile: bool = False) -> Edition:
    """Return the edition described at the head of this module."""
    making = Making(hostile)
    _device_records(making)
    _datasets(making)
    _decisions(making)
    edition_records.device_files(making)
    edition_records.after_release(making)
    edition_records.operations(making)
    for version, supersedes in (("1.0.0", None), ("1.1.0", "1.0.0"), ("1.2.0-rc1", "1.1.0")):
        _release_records(making, version, supersedes)
    evaluations = {v: making.json(f"releases/{v}/evaluation.json", evaluation(v)) for v in ("1.0.0", "1.1.0")}
    analyses = {
        v: making.json(f"releases/{v}/analysis.json", edition_records.analysis(v)) for v in ("1.0.0", "1.1.0")
    }
    for version in ("1.0.0", "1.1.0"):
        making.json(f"releases/{version}/sbom.json", edition_records.bill())
        making.json(f"releases/{version}/privacy.json", {"schema": "demo/privacy/v1", "findings": []})
        making.json(f"releases/{version}/security.json", {"schema": "demo/security/v1", "calls": 1000})
        making.json(f"releases/{version}/manifest.json", {"schema": "muniment/manifest/v1", "files": []})
        making.json(f"postmarket/{version}/windows.json", windows(version))
    seals = {v: _seals(making, v) for v in ("1.0.0", "1.1.0")}
    files = MemoryFiles(making.files)
    dossiers = {
        version: _dossier(making, version, evaluations.get(version), analyses.get(version))
        for version in ("1.0.0", "1.1.0", "1.2.0-rc1")
    }
    views = tuple(_view(making, dossier, seals.get(version, ())) for version, dossier in dossiers.items())
    device = Device(DEVICE, dict(sorted(making.records.items())), tuple(dossiers.values()), files)
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in making.files.items()}
    finding = Finding(
        "digest",
        making.say("a digest does not hold"),
        Where(f"{DEVICE}/runs/1.yaml", "/inputs/0"),
        Severity.WARN,
        making.say("restore the file"),
    )
    return Edition(
        as_of=AS_OF,
        basis="verified",
        devices=(
            DeviceView(
                device, views, tuple(s for group in seals.values() for s in group), (finding,), digests
            ),
        ),
        rules=_rules(making),
        requirements=tuple(
            RequirementEntry(
                f"VAL-{n:02d}",
                making.say(f"Requirement {n}"),
                ("62304:5.8", "AIA:15"),
                ("criteria-locked-first",) if n == 3 else (),
                None if n == 3 else making.say("needs a record that no schema has yet"),
            )
            for n in range(1, 13)
        ),
        tool_version="0.1.0",
    )


def evaluation(version: str) -> dict[str, Any]:
    """Return an evaluation with curves, subgroups (one suppressed), comparisons and criteria."""
    shift = 0.02 if version == "1.1.0" else 0.0
    roc = [{"fpr": i / 60, "tpr": (i / 60) ** 0.35, "threshold": 1 - i / 60} for i in range(61)]
    bins = [
        {
            "predicted": 0.05 + i / 10,
            "observed": 0.06 + i / 10.5,
            "low": 0.01 + i / 11,
            "high": 0.11 + i / 10,
            "n": 80,
        }
        for i in range(10)
    ]
    scores = [
        {"low": i / 20, "high": (i + 1) / 20, "n": 20 + int(30 * math.sin(i / 6)), "events": i}
        for i in range(20)
    ]
    return {
        "schema": "muniment/evaluation/v1",
        "device": DEVICE,
        "release": version,
        "plan": "plans/1",
        "plan_sha256": "0" * 64,
        "inputs": [{"role": "predictions", "path": "data/p.parquet", "sha256": "1" * 64, "rows": 800}],
        "cohort": {
            "rows": 805,
            "excluded": {"null_label": 0, "null_score": 5},
            "n": 800,
            "events": 300,
            "by": [],
        },
        "estimates": [
            _estimate("auroc", 0.78 + shift, "delong"),
            _estimate("calibration_slope", 0.97, "logistic-wald"),
            _estimate("oe_ratio", 1.02, "log-normal"),
            _estimate("sensitivity", 0.8 + shift, "wilson", "default"),
            _estimate("specificity", 0.6, "wilson", "default"),
            _estimate("ppv", 0.55, "wilson", "default"),
            {**_estimate("brier", 0.18, None), "low": None, "high": None},
        ],
        "subgroups": [
            {
                "axis": axis,
                "level": level,
                "n": None if level == "unknown" else n,
                "events": None if level == "unknown" else n // 3,
                "suppressed": level == "unknown",
                "descriptive": n < 100,
                "estimates": []
                if level == "unknown"
                else [
                    {**_estimate("auroc", 0.75 + shift, "delong"), "n": n},
                    {**_estimate("sensitivity", 0.7 + n / 2000, "wilson", "default"), "n": n},
                ],
            }
            for axis, level, n in (
                ("sex", "F", 380),
                ("sex", "M", 420),
                ("site", "S1", 90),
                ("site", "S2", 210),
                ("site", "unknown", 4),
            )
        ],
        "curves": {"roc": roc, "calibration": bins, "scores": scores},
        "comparisons": [
            {
                "against": "published",
                "metric": "auroc",
                "cohort": {},
                "a": 0.78,
                "b": 0.75,
                "difference": 0.03,
                "low": 0.01,
                "high": 0.05,
                "level": 0.95,
                "p": 0.004,
                "method": "delong-paired",
                "n": 800,
            }
        ],
        "splits": {
            "sizes": [{"partition": "train", "n": 2000}, {"partition": "test", "n": 800}],
            "overlap": [{"a": "train", "b": "test", "unit": "patient", "n": 0}],
        },
        "operational": [
            {
                "metric": "latency_p95_ms",
                "value": 12.5,
                "low": 11.0,
                "high": 14.0,
                "n": 1000,
                "method": "order-statistics",
                "unit": "ms",
                "origin": "measured",
            }
        ],
        "criteria": [
            _criterion("C-1", "auroc", ">=", 0.7, "lower", "met", {}),
            _criterion("C-2", "sensitivity", ">=", 0.65, "lower", "unmet", {"site": "S1"}),
            _criterion("C-3", "calibration_slope", "within", [0.8, 1.2], "interval", "undecided", {}),
        ],
        "methods": "AUROC with DeLong intervals; proportions with Wilson intervals; two-sided 95 %.",
    } | planned()


def windows(version: str) -> dict[str, Any]:
    """Return monitoring windows, the last without mature outcomes."""
    names = ("2025Q1", "2025Q2", "2025Q3", "2025Q4")
    return {
        "release": version,
        "windows": [
            {
                "quarter": name,
                "n": 500 - 20 * i,
                "source": "live",
                "outcomes": None
                if i == 3
                else {"auroc": {"value": 0.78 - i / 50, "low": 0.74 - i / 50, "high": 0.82 - i / 50}},
                "outcomes_withheld": "outcomes are not mature" if i == 3 else None,
                "psi": {"worst": {"feature": "age", "value": 0.03 + i / 100}},
                "sites": [
                    {"level": site, "n": 100, "linkage_rho": 0.5 - i / 10 * j, "suppressed": False}
                    for j, site in enumerate(("S1", "S2"))
                ],
            }
            for i, name in enumerate(names)
        ],
    }


def _estimate(metric: str, value: float, method: str | None, threshold: Any = None) -> dict[str, Any]:
    return {
        "metric": metric,
        "cohort": {},
        "threshold": threshold,
        "value": value,
        "low": value - 0.04,
        "high": value + 0.04,
        "level": 0.95,
        "method": method,
        "n": 800,
        "events": 300,
    }


def _criterion(
    name: str, metric: str, operator: str, threshold: Any, on: str, outcome: str, cohort: dict[str, str]
) -> dict[str, Any]:
    return {
        "id": name,
        "domain": "clinical",
        "metric": metric,
        "cohort": cohort,
        "operator": operator,
        "threshold": threshold,
        "on": on,
        "value": 0.8,
        "low": 0.76,
        "high": 0.84,
        "n": 800,
        "events": 300,
        "outcome": outcome,
        "message": f"{on} bound 0.76 against the threshold",
    }


def _device_records(making: Making) -> None:
    making.record(
        "device",
        "device",
        {
            "id": DEVICE,
            "name": "Demo",
            "title": "Demo risk device",
            "manufacturer": {"name": "Example Works", "country": "NL"},
            "udi_di": None,
            "jurisdictions": ["EU", "US"],
            "regulatory": edition_records.regulatory(),
            "example": True,
            "notice": "Made up for a test; no patient was ever assessed with it.",
            "contacts": [{"role": "quality", "name": "Q. Person", "email": "q@example.org"}],
        },
    )
    making.record(
        "roster",
        "roster",
        {
            "people": [
                {"id": "p-q", "name": "Q. Person", "email": "q@example.org", "organisation": "Example Works"},
                {"id": "p-c", "name": "C. Linician", "email": "c@example.org", "organisation": "Hospital"},
            ],
            "services": [],
            "entries": [
                {"person": "p-q", "role": "quality", "from": "2024-01-01", "to": None, "training": "SOP-1"},
                {"person": "p-c", "role": "clinical", "from": "2024-01-01", "to": None, "training": "SOP-1"},
                {
                    "person": "p-c",
                    "role": "author",
                    "from": "2020-01-01",
                    "to": "2021-01-01",
                    "training": "SOP-0",
                },
            ],
        },
    )
    making.record(
        "claims/1",
        "claim",
        {
            "intended_use": "Estimates a risk to inform a discussion.",
            "indications": ["Adults in hospital"],
            "contraindications": ["Children"],
            "population": {"inclusion": ["Adults"], "exclusion": ["Under 18"], "strata": []},
            "use_environment": "Ward",
            "intended_users": ["Physicians", "Nurses"],
            "inputs": [
                {
                    "name": "age",
                    "modality": "record",
                    "source": "EHR",
                    "units": "years",
                    "valid_range": [18, 110],
                    "on_missing": "no estimate",
                }
            ],
            "outputs": [
                {"name": "risk", "type": "probability", "units": "1", "meaning": "Risk within 180 days"}
            ],
            "clinical_decision": "Whether to offer a discussion",
            "decision_role": "informs",
            "automation": "None",
            "risk": {
                "tier": "medium",
                "imdrf_category": "II",
                "sw_safety_class": "B",
                "mdr_class": "IIa",
                "aia_high_risk": True,
                "rationale": "It informs.",
            },
            "cautions": [{"id": "CA-1", "text": "Not for children"}],
            "out_of_scope": ["Triage"],
            "safe_state": {
                "mode": "previous_version",
                "plain_language": "We switch back to the version before. It takes minutes.",
                "user_effect": "A banner.",
            },
            "explanation_statement": {
                "role": "supports",
                "limitations": ["none"],
                "failure_modes": ["none"],
                "why_trusted": "Measured.",
            },
        },
    )
    making.record(
        "hazards/1",
        "hazards",
        {
            "hazards": [
                {
                    "id": "H-1",
                    "title": "Underestimate",
                    "harm": "No discussion",
                    "sequence": "Score low",
                    "workflow_effect": "none",
                    "severity": "serious",
                    "probability": "occasional",
                    "controls": ["Caution"],
                    "residual": "accepted",
                    "residual_rationale": "Informs only",
                    "monitors": ["M-1"],
                }
            ],
            "failure_modes": [
                {
                    "id": "F-1",
                    "trigger": "feed",
                    "effect": "wrong",
                    "hazard": "H-1",
                    "control": "range check",
                    "monitor": "M-1",
                }
            ],
        },
    )
    making.record(
        "monitors/1",
        "monitors",
        {
            "baseline": "datasets/baseline/1",
            "label_delay_days": 180,
            "monitors": [
                {
                    "id": "M-1",
                    "signal": "discrimination",
                    "metric": "auroc",
                    "hazards": ["H-1"],
                    "window": "quarter",
                    "threshold": {
                        "warn": 0.75,
                        "act": 0.72,
                        "direction": "below",
                        "rationale": "r",
                        "set_by": "p-q",
                    },
                    "owner": "p-q",
                    "action": "Look",
                }
            ],
        },
    )
    making.record(
        "plans/1",
        "plan",
        {
            "title": "Plan",
            "baseline": "datasets/baseline/1",
            "min_n": 10,
            "robustness": edition_records.robustness(),
            "criteria": [
                {
                    "id": "C-2",
                    "metric": "sensitivity",
                    "each": "site",
                    "operator": ">=",
                    "threshold": 0.65,
                    "on": "lower",
                }
            ],
        },
    )


def _datasets(making: Making) -> None:
    access = {
        "basis": "public",
        "licence": "CC0",
        "deidentification": "done",
        "residency": "any",
        "owner": "p-q",
    }
    making.record(
        "datasets/raw/1",
        "dataset_raw",
        {
            "title": "Raw",
            "source": {
                "name": "Registry",
                "citation": "A. Author, 2020",
                "licence": "CC0",
                "attribution": "Registry",
                "obtained_from": "javascript:alert(9)" if making.hostile else "https://example.org/data",
            },
            "window": {"from": "2024-01-01", "to": "2025-01-01", "shift_years": 32, "note": "shifted"},
            "sites": [{"id": "S1", "n": 400}, {"id": "S2", "n": 400}],
            "access": access,
            "known_faults": [
                {"id": "KF-1", "text": "Rows shifted", "found_on": "2025-02-01", "handled_in": None}
            ],
        },
    )
    making.record(
        "datasets/splits/1",
        "dataset_splits",
        {
            "raw": "datasets/raw/1",
            "unit": "patient",
            "logic": {"description": "By a seeded draw.", "seed": 1},
            "partitions": [
                {"name": "train", "n": 2000, "purpose": "fit"},
                {"name": "test", "n": 800, "purpose": "test"},
            ],
            "flow": [{"step": "all", "n_in": 3000, "n_out": 2800, "reason": "age under 18"}],
        },
    )
    making.record(
        "datasets/labels/1",
        "dataset_labels",
        {
            "raw": "datasets/raw/1",
            "labels": [{"name": "death", "definition": "d", "positive": True, "type": "binary"}],
            "rules": "rules",
            "reference_standard": {"method": "Registry.", "blinding": "Yes.", "uncertainty": "Low."},
            "adjudication": {"status": "complete", "policy": "p"},
            "maturity_days": 180,
        },
    )
    making.record(
        "datasets/features/1",
        "dataset_features",
        {
            "raw": "datasets/raw/1",
            "features": [
                {"name": "age", "source": "raw", "type": "numeric", "units": "years", "meaning": "Age"}
            ],
            "rationale": "First.",
            "checks": [{"what": "correlation", "before": 0.1, "after": 0.9, "origin": "measured"}],
        },
    )
    making.record(
        "datasets/baseline/1",
        "dataset_baseline",
        {
            "splits": "datasets/splits/1",
            "labels": "datasets/labels/1",
            "features": "datasets/features/1",
            "cohort": {
                "partition": "test",
                "quarters": ["2024Q1"],
                "sites": ["S1"],
                "inclusion": [],
                "exclusion": [{"text": "no label", "n": 5}],
            },
            "n": 800,
            "events": 300,
            "purpose": "retrospective",
            "mature_on": "2025-01-01",
        },
    )


def _decisions(making: Making) -> None:
    making.record(
        "decisions/cr-1",
        "change_request",
        {
            "origin": "enacted",
            "title": "Recalibrate",
            "opened_on": "2025-03-01",
            "raised_by": "p-c",
            "clinical_reason": "Overestimates.",
            "expected_benefit": "Fewer.",
            "risk": "Low.",
            "why_now": "Because.",
            "proposal": "Refit.",
            "keywords": ["calibration", "drift"],
        },
    )
    making.record(
        "decisions/board-1",
        "board_decision",
        {
            "origin": "enacted",
            "release": "releases/1.1.0",
            "outcome": "release",
            "meeting": {"on": "2025-06-01", "attendees": ["p-q", "p-c"]},
            "findings": [{"criterion": "C-1", "met": True, "note": "fine"}],
            "reasons": "Better.",
            "conditions": [{"id": "BC-1", "text": "Report", "due": "2026-01-01", "closed_on": None}],
            "keywords": ["calibration"],
        },
    )
    making.record(
        "decisions/waiver-1",
        "waiver",
        {
            "origin": "enacted",
            "rule": "criteria-locked-first",
            "release": "releases/1.1.0",
            "path": "site=S1",
            "reason": "Small.",
            "approved_by": ["p-q"],
            "issued": "2025-06-01",
            "expires": "2026-05-31",
        },
    )
    making.record(
        "postmarket/1.1.0/alert-1",
        "alert",
        {
            "origin": "measured",
            "release": "releases/1.1.0",
            "monitor": "M-1",
            "window": "2025Q3",
            "value": 0.7,
            "threshold": 0.72,
            "opened_on": "2026-03-29",
            "level": 2,
            "cause": "unknown",
            "state": "open",
        },
    )
    making.record(
        "postmarket/1.1.0/drill-1",
        "drill",
        {
            "origin": "enacted",
            "release": "releases/1.1.0",
            "type": "rollback",
            "target": "releases/1.0.0",
            "on": "2025-07-01",
            "injected_at": "09:00",
            "detected_at": "09:05",
            "decided_at": "09:10",
            "safe_state_at": "09:20",
            "target_minutes": 30,
            "measured_minutes": 20,
            "result": "pass",
            "participants": [{"role": "quality", "person": "p-q"}],
            "clinician_can_explain": True,
            "findings": [{"text": "Banner late", "severity": "minor", "owner": "p-q", "due": "2025-08-01"}],
            "next_due": "2026-01-01",
        },
    )
    for version in ("1.0.0", "1.1.0"):
        making.record(
            f"postmarket/{version}/monitoring",
            "monitoring",
            {
                "origin": "measured",
                "release": f"releases/{version}",
                "table": {"path": f"postmarket/{version}/windows.json", "sha256": "2" * 64},
                "summary": "Discrimination falls.",
            },
        )
    making.record(
        "postmarket/1.1.0/deployment",
        "deployment",
        {
            "origin": "enacted",
            "release": "releases/1.1.0",
            "environment": "production",
            "sites": ["S1", "S2"],
            "from": "2025-06-10",
            "to": None,
            "model_sha256": "3" * 64,
            "authorised_by": "p-q",
        },
    )


def _release_records(making: Making, version: str, supersedes: str | None) -> None:
    making.record(
        f"releases/{version}",
        "release",
        {
            "version": version,
            "title": f"Release {version}",
            "summary": "A summary of the release.",
            "author": "p-c",
            "supersedes": f"releases/{supersedes}" if supersedes else None,
            "claim": "claims/1",
            "hazards": "hazards/1",
            "monitors": "monitors/1",
            "plan": "plans/1",
            "datasets": {
                layer: f"datasets/{layer}/1" for layer in ("raw", "splits", "labels", "features", "baseline")
            },
            "run": "runs/1",
            "change_request": "decisions/cr-1",
            "model": {"id": "m", "operating_point": "default"},
            "stages": [
                {
                    "id": "retrospective",
                    "origin": "measured",
                    "from": "2025-01-01",
                    "to": "2025-02-01",
                    "n": 800,
                    "sites": ["S1"],
                    "outputs_hidden_from_care": True,
                    "verdict": "pass",
                    "result": "As planned",
                }
            ],
            "rationale": {
                "value": "safety",
                "clinical_reason": "r",
                "expected_benefit": "b",
                "risk_assessment": "a",
                "validation_evidence": "e",
                "monitoring_plan": "m",
            },
            "impact": {
                "intended_use_intact": True,
                "metrics_moved": "auroc",
                "subgroups_tested": ["sex"],
                "risk_delta": [],
            },
            "limitations": [
                {"id": "L-1", "text": "Small at S1", "failure_mode": "F-1", "labelling": "section 4"}
            ],
            "labelling": {"sections": ["4"], "user_notice": "Mailed.", "udi_decision": "same"},
            "release_notes": {
                "user_visible": ["New numbers"],
                "known_anomalies": [{"id": "A-1", "text": "Slow start", "severity": "minor", "risk": "none"}],
                "explanation_change": "none",
            },
            "safe_state": {
                "target": f"releases/{supersedes}" if supersedes else None,
                "steps": ["Press pause", "Switch back"],
                "target_minutes": 30,
            },
            **({} if "rc" in version else edition_records.release(version)),
        },
    )


def _dossier(making: Making, version: str, found: Any, analysis: Any) -> Dossier:
    release = making.records[f"releases/{version}"]
    artifacts = (
        Artifact("data/p.parquet", "1" * 64, "1" * 64, release.id, "/predictions/table", size=10),
        Artifact("data/gone.parquet", "4" * 64, None, release.id, "/model/file"),
    )
    manifest = making.files.get(f"releases/{version}/manifest.json")
    return Dossier(
        DEVICE,
        version,
        release,
        dict(making.records),
        artifacts,
        {"data/p.parquet": "1" * 64} if manifest else {},
        hashlib.sha256(manifest).hexdigest() if manifest else None,
        found,
        analysis=analysis,
    )


def _seals(making: Making, version: str) -> tuple[Seal, ...]:
    plan = [
        (
            "plan-lock",
            "https://muniment.invalid/predicate/plan-lock/v1",
            "2025-01-02T09:00:00Z",
            "c@example.org",
        ),
        (
            "evaluation",
            "https://in-toto.io/attestation/test-result/v0.1",
            "2025-02-02T09:00:00Z",
            "c@example.org",
        ),
        (
            "approval",
            "https://muniment.invalid/predicate/approval/v1",
            "2025-05-30T09:00:00Z",
            "c@example.org",
        ),
        ("release", "https://muniment.invalid/predicate/release/v1", "2025-06-01T09:00:00Z", "q@example.org"),
    ]
    out = []
    for index, (name, predicate, time, identity) in enumerate(plan):
        path = f"seals/releases/{version}/{name}-{index:012d}.sigstore.json"
        making.files[path] = b"{}\n"
        out.append(
            Seal(
                path,
                hashlib.sha256(b"{}\n").hexdigest(),
                predicate,
                {f"releases/{version}/manifest.json": "5" * 64},
                frozen({"printed_name": making.say("C. Linician"), "decision": "approve"}),
                making.say(identity),
                "https://issuer.invalid",
                "local",
                time,
                "rfc3161",
                index,
                "failed" if name == "evaluation" and version == "1.0.0" else "verified",
                making.say("the digest differs") if name == "evaluation" and version == "1.0.0" else "",
            )
        )
    return tuple(out)


def _view(making: Making, dossier: Dossier, seals: tuple[Seal, ...]) -> ReleaseView:
    candidate = "rc" in dossier.version
    changes = _changes(making, dossier)
    status = Status.CANDIDATE if candidate else Status.RELEASED
    verdict = Verdict(
        dossier.version,
        status,
        ChangeClass.CLINICAL,
        changes.computed,
        _rulings(making, dossier, candidate),
        AS_OF,
    )
    approvals = tuple(
        Approval(
            "p-c",
            making.say("C. Linician"),
            making.say("c@example.org"),
            "clinical",
            "approve",
            making.say("review"),
            seal.time,
            valid,
            "" if valid else making.say("not on the roster"),
            seal,
            (making.say("report in a year"),),
        )
        for seal in seals
        if "/approval/" in seal.predicate_type
        for valid in (True, False)
    )
    release_file = f"releases/{dossier.version}/release.yaml"
    digest = hashlib.sha256(making.files[release_file]).hexdigest()
    citation = Citation(release_file, "/summary", digest, making.say("release record"))
    missing = Citation("data/gone.parquet", "", None, making.say("model"))
    answers = tuple(
        Answer(
            question,
            making.say(f"The answer to {question}."),
            (citation, missing),
            "unsupported" if question == "evidence" else "verified",
            tuple(making.say(f"point {n}") for n in range(10)),
        )
        for question in ("what", "when", "why", "who", "evidence")
    )
    return ReleaseView(
        dossier,
        changes,
        None if changes.old is None else changes,
        verdict,
        seals,
        approvals,
        answers,
        None if candidate else "2025-06-01",
    )


def _changes(making: Making, dossier: Dossier) -> Changes:
    old = dossier.release.body["supersedes"]
    if old is None:
        return Changes(None, dossier.version, (), ChangeClass.CLINICAL)
    item = Change(
        "release.model.operating_point",
        "/model/operating_point",
        dossier.release.id,
        "changed",
        making.say("0.4"),
        making.say("0.35"),
        ChangeClass.CLINICAL,
        "model.**",
        making.say("It moves who is flagged."),
    )
    return Changes(old.removeprefix("releases/"), dossier.version, (item,), ChangeClass.CLINICAL)


def _rulings(making: Making, dossier: Dossier, candidate: bool) -> tuple[Ruling, ...]:
    where = Where(f"{DEVICE}/releases/{dossier.version}/release.yaml", "/plan", 3, 1)

    def ruling(rule: str, outcome: Outcome, severity: Severity = Severity.BLOCK) -> Ruling:
        waiver = "decisions/waiver-1" if outcome is Outcome.WAIVED else None
        return Ruling(
            rule,
            "core",
            outcome,
            severity,
            making.say(f"Title of {rule}"),
            making.say("What was found"),
            where,
            ("VAL-03",),
            "verified",
            making.say("Lock the plan first"),
            waiver,
        )

    return (
        ruling("criteria-locked-first", Outcome.UNDECIDED if candidate else Outcome.MET),
        ruling("criteria-locked-first", Outcome.WAIVED),
        ruling("drill-in-date", Outcome.UNMET, Severity.WARN),
        ruling("deferral-known", Outcome.NOT_APPLICABLE, Severity.INFO),
    )


def _rules(making: Making) -> tuple[RuleEntry, ...]:
    return tuple(
        RuleEntry(
            name,
            "core",
            making.say(f"Title of {name}"),
            "block",
            ("VAL-03",),
            making.say("Because a criterion chosen after the result proves nothing."),
            making.say("Lock the plan first."),
            making.say("seals.plan_lock.time < seals.evaluation.time"),
        )
        for name in ("criteria-locked-first", "drill-in-date", "deferral-known")
    )
