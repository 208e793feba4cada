"""A minimal valid device folder, made from plain Python values and written where a test wants it.

`bundle(tmp_path)` writes `evidence/demo-1/` and returns a `Bundle`; its methods plant faults:
`edit` changes a record's body, `text` rewrites a file, `remove` deletes one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Body = dict[str, Any]

FILES: Mapping[str, bytes] = {
    "data/raw.csv": b"patient_id,age,died\n1,70,1\n2,40,0\n",
    "data/membership.parquet": b"membership",
    "data/labels.parquet": b"labels",
    "data/features.parquet": b"features",
    "data/members.parquet": b"members",
    "pipeline/train.py": b"print('train')\n",
    "pipeline/requirements.lock": b"numpy==2.0.0\n",
    "models/model.json": b'{"weights": [0.1]}\n',
    "predictions/1.0.0.csv": b"patient_id,died,score\n1,1,0.9\n2,0,0.1\n",
    "releases/1.0.0/operational.json": b'{"schema": "muniment/operational/v1", "metrics": []}\n',
}
"""Artifacts of the demo device, by path."""


def file_reference(path: str, files: Mapping[str, bytes] = FILES) -> Body:
    """Return `{path, sha256}` of an artifact of the demo device."""
    return {"path": path, "sha256": hashlib.sha256(files[path]).hexdigest()}


def records() -> dict[str, Body]:
    """Return the bodies of every record of the demo device, by id; fresh on every call."""
    return deepcopy(_RECORDS)


def _record(kind: str, **fields: Any) -> Body:
    return {"kind": kind, "schema": 1, **fields}


_RECORDS: dict[str, Body] = {
    "device": _record(
        "device",
        id="demo-1",
        name="Demo",
        title="A device for tests",
        manufacturer={"name": "Demo Ltd", "country": "Ireland"},
        udi_di=None,
        jurisdictions=["EU"],
        example=True,
        notice="For tests only.",
        contacts=[{"role": "quality", "name": "Ada Quill", "email": "ada@demo.example"}],
    ),
    "roster": _record(
        "roster",
        people=[
            {"id": person, "name": name, "email": f"{person}@demo.example", "organisation": "Demo Ltd"}
            for person, name in (
                ("ada", "Ada Quill"),
                ("ben", "Ben Ode"),
                ("cai", "Cai Roe"),
                ("dee", "Dee Fox"),
            )
        ],
        services=[{"id": "evaluator", "email": "evaluator@demo.example", "purpose": "Signs evaluations."}],
        entries=[
            {"person": person, "role": role, "from": "2023-01-01", "to": None, "training": "TR-1"}
            for person, role in (
                ("ada", "quality"),
                ("ben", "author"),
                ("cai", "clinical"),
                ("dee", "regulatory"),
            )
        ],
    ),
    "claims/1": _record(
        "claim",
        intended_use="Estimates the risk of death.",
        indications=["Adults in hospital."],
        contraindications=[],
        population={
            "inclusion": ["Adults."],
            "exclusion": [],
            "strata": [{"axis": "sex", "column": "sex", "levels": ["female", "male"]}],
        },
        use_environment="Ward.",
        intended_users=["Physicians."],
        inputs=[
            {
                "name": "age",
                "modality": "record",
                "source": "EHR",
                "units": "years",
                "valid_range": [18, 110],
                "on_missing": "No score is shown.",
            }
        ],
        outputs=[{"name": "score", "type": "probability", "units": "1", "meaning": "Risk of death."}],
        clinical_decision="Whether to talk about goals of care.",
        decision_role="informs",
        automation="None.",
        risk={
            "tier": "medium",
            "imdrf_category": "II",
            "sw_safety_class": "B",
            "mdr_class": "IIa",
            "aia_high_risk": True,
            "rationale": "Informs a serious decision.",
        },
        cautions=[],
        out_of_scope=["Children."],
        safe_state={
            "mode": "feature_off",
            "plain_language": "The score is hidden.",
            "user_effect": "No score.",
        },
        explanation_statement={
            "role": "Informs.",
            "limitations": "Small data.",
            "failure_modes": "Missing age.",
            "why_trusted": "Tested.",
        },
    ),
    "hazards/1": _record(
        "hazards",
        hazards=[
            {
                "id": "H1",
                "title": "Risk too low",
                "harm": "Late talk.",
                "sequence": "A low score reassures.",
                "workflow_effect": "None.",
                "severity": "serious",
                "probability": "occasional",
                "controls": ["Labelling."],
                "residual": "accepted",
                "residual_rationale": "Rare.",
                "monitors": ["M1"],
            }
        ],
        failure_modes=[
            {
                "id": "F1",
                "trigger": "Drift.",
                "effect": "Low score.",
                "hazard": "H1",
                "control": "M1",
                "monitor": "M1",
            }
        ],
    ),
    "monitors/1": _record(
        "monitors",
        baseline="datasets/baseline/1",
        label_delay_days=180,
        monitors=[
            {
                "id": "M1",
                "signal": "discrimination",
                "metric": "auroc",
                "hazards": ["H1"],
                "window": "quarter",
                "threshold": {
                    "warn": 0.75,
                    "act": 0.7,
                    "direction": "below",
                    "rationale": "Margin.",
                    "set_by": "cai",
                },
                "owner": "ben",
                "action": "Review.",
            }
        ],
        routing="To quality within a day.",
    ),
    "datasets/raw/1": _record(
        "dataset_raw",
        title="Raw data",
        source={
            "name": "Demo",
            "citation": "None.",
            "licence": "CC0-1.0",
            "attribution": "None.",
            "obtained_from": "Made up.",
        },
        files=[{**file_reference("data/raw.csv"), "rows": 2, "columns": 3}],
        window={"from": "2023-01-01", "to": "2023-12-31", "shift_years": 0, "note": "None."},
        sites=[{"id": "S1", "n": 2}],
        access={
            "basis": "Made up.",
            "licence": "CC0-1.0",
            "deidentification": "None.",
            "residency": "EU",
            "owner": "ada",
        },
        columns=[{"name": "age", "meaning": "Age in years.", "known_at": "admission"}],
        known_faults=[],
    ),
    "datasets/splits/1": _record(
        "dataset_splits",
        raw="datasets/raw/1",
        unit="patient",
        logic={"code": file_reference("pipeline/train.py"), "seed": 1, "description": "By site."},
        membership=file_reference("data/membership.parquet"),
        partitions=[{"name": "test", "n": 2, "purpose": "Evaluation."}],
        flow=[{"step": "all", "n_in": 2, "n_out": 2, "reason": "Nobody left."}],
    ),
    "datasets/labels/1": _record(
        "dataset_labels",
        raw="datasets/raw/1",
        labels=[{"name": "died", "definition": "Death.", "positive": 1, "type": "binary"}],
        table=file_reference("data/labels.parquet"),
        rules="As recorded.",
        reference_standard={"method": "Registry.", "blinding": "Yes.", "uncertainty": "Small."},
        adjudication={"status": "not_applicable", "policy": "None."},
        annotators=[],
        maturity_days=180,
    ),
    "datasets/features/1": _record(
        "dataset_features",
        raw="datasets/raw/1",
        code=file_reference("pipeline/train.py"),
        table=file_reference("data/features.parquet"),
        features=[{"name": "age", "source": "age", "type": "numeric", "units": "years", "meaning": "Age."}],
        rationale="Known to matter.",
        checks=[],
    ),
    "datasets/baseline/1": _record(
        "dataset_baseline",
        splits="datasets/splits/1",
        labels="datasets/labels/1",
        features="datasets/features/1",
        cohort={
            "partition": "test",
            "quarters": ["2023Q4"],
            "sites": ["S1"],
            "inclusion": [],
            "exclusion": [],
        },
        members=file_reference("data/members.parquet"),
        n=2,
        events=1,
        purpose="Evaluation.",
        mature_on="2024-02-01",
    ),
    "plans/1": _record(
        "plan",
        title="Plan",
        baseline="datasets/baseline/1",
        endpoint={"label": "died", "positive": 1, "horizon_days": 180},
        unit="patient",
        operating_points=[{"id": "default", "threshold": 0.5, "rationale": "Balanced."}],
        interval={"level": 0.95, "proportions": "wilson", "auroc": "delong"},
        subgroups=[{"axis": "sex", "column": "sex"}],
        min_n=10,
        min_events=5,
        comparators=[],
        analysis={"missing": "None.", "clustering": "None.", "multiplicity": "None.", "population": "All."},
        criteria=[
            {
                "id": "C1",
                "domain": "clinical",
                "metric": "auroc",
                "operator": ">=",
                "threshold": 0.7,
                "on": "lower",
                "rationale": "Better than before.",
            }
        ],
    ),
    "runs/1": _record(
        "run",
        title="Training",
        release="1.0.0",
        lane="release",
        code=[file_reference("pipeline/train.py")],
        argv=["python", "train.py"],
        inputs=[file_reference("data/features.parquet")],
        environment={"python": "3.11.2", "lockfile": file_reference("pipeline/requirements.lock")},
        seeds=[1],
        determinism="One thread.",
        outputs=[file_reference("models/model.json")],
        steps=[{"name": "train", "automated": True}],
        rerun={"bitwise_equal": True},
        origin="measured",
        performed_on="2024-02-10",
    ),
    "releases/1.0.0": _record(
        "release",
        version="1.0.0",
        title="First release",
        summary="The first.",
        author="ben",
        supersedes=None,
        claim="claims/1",
        hazards="hazards/1",
        monitors="monitors/1",
        plan="plans/1",
        datasets={
            "raw": "datasets/raw/1",
            "splits": "datasets/splits/1",
            "labels": "datasets/labels/1",
            "features": "datasets/features/1",
            "baseline": "datasets/baseline/1",
        },
        run="runs/1",
        change_request="decisions/cr-1",
        model={
            "id": "demo-model",
            "algorithm": "Logistic regression.",
            "file": file_reference("models/model.json"),
            "inputs": ["age"],
            "operating_point": "default",
            "training": {"partitions": ["train"], "quarters": [], "description": "Once."},
            "serving_features": "datasets/features/1",
        },
        predictions={
            "table": file_reference("predictions/1.0.0.csv"),
            "id": "patient_id",
            "label": "died",
            "score": "score",
            "description": "Scores on the baseline.",
        },
        operational=file_reference("releases/1.0.0/operational.json"),
        components=[],
        stages=[
            {
                "id": "retrospective",
                "origin": "replayed",
                "from": "2024-02-11",
                "to": "2024-02-12",
                "n": 2,
                "sites": ["S1"],
                "outputs_hidden_from_care": True,
                "verdict": "pass",
                "result": "As planned.",
            }
        ],
        rationale={
            "value": "utility",
            "clinical_reason": "Need.",
            "expected_benefit": "Earlier talk.",
            "risk_assessment": "Low.",
            "validation_evidence": "Plan.",
            "monitoring_plan": "Quarterly.",
        },
        impact={
            "intended_use_intact": True,
            "metrics_moved": [],
            "subgroups_tested": ["sex"],
            "risk_delta": [],
        },
        explainability={"method": "Coefficients.", "rationale": "Linear."},
        limitations=[{"id": "L1", "text": "Small.", "failure_mode": "F1", "labelling": "Section 4."}],
        labelling={"sections": [], "user_notice": "None.", "udi_decision": "New."},
        release_notes={"user_visible": [], "known_anomalies": [], "explanation_change": "None."},
        safe_state={"target": None, "steps": ["Switch off."], "target_minutes": 30},
    ),
    "decisions/cr-1": _record(
        "change_request",
        origin="enacted",
        title="Begin",
        opened_on="2024-01-05",
        raised_by="cai",
        clinical_reason="Need.",
        expected_benefit="Earlier talk.",
        risk="Low.",
        why_now="Data are ready.",
        proposal="Release 1.0.0.",
        keywords=["first"],
    ),
    "postmarket/1.0.0/drill-1": _record(
        "drill",
        origin="enacted",
        release="releases/1.0.0",
        type="pause",
        target=None,
        on="2024-03-20",
        injected_at="09:00",
        detected_at="09:04",
        decided_at="09:06",
        safe_state_at="09:10",
        target_minutes=30,
        measured_minutes=10,
        result="pass",
        participants=[{"role": "clinical", "person": "cai"}],
        clinician_can_explain=True,
        findings=[],
        next_due="2024-09-16",
    ),
}


@dataclass(frozen=True)
class Bundle:
    """A device folder on disk, and the values it was written from."""

    root: Path
    """The evidence folder."""
    device: str = "demo-1"
    bodies: dict[str, Body] = field(default_factory=records)

    @property
    def folder(self) -> Path:
        """The device's folder."""
        return self.root / self.device

    def path(self, record: str) -> Path:
        """The file of a record."""
        return self.folder / (
            f"{record}/release.yaml" if record.startswith("releases/") else f"{record}.yaml"
        )

    def write(self) -> Bundle:
        """Write every record and artifact."""
        for path, data in FILES.items():
            self.put(path, data)
        for record, body in self.bodies.items():
            self.path(record).parent.mkdir(parents=True, exist_ok=True)
            self.path(record).write_text(dump(body), encoding="utf-8")
        return self

    def put(self, path: str, data: bytes) -> None:
        """Write any file of the device folder."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def edit(self, record: str, change: Callable[[Body], object]) -> None:
        """Change a record's body in place and write it again; a new record starts empty."""
        body = self.bodies.setdefault(record, {})
        change(body)
        self.path(record).parent.mkdir(parents=True, exist_ok=True)
        self.path(record).write_text(dump(body), encoding="utf-8")

    def text(self, record: str, old: str, new: str) -> None:
        """Replace text in a record's file; `old` must occur exactly once."""
        before = self.path(record).read_text(encoding="utf-8")
        assert before.count(old) == 1, f"{old!r} occurs {before.count(old)} times in {record}"
        self.path(record).write_text(before.replace(old, new), encoding="utf-8")

    def remove(self, path: str) -> None:
        """Delete a file of the device folder."""
        (self.folder / path).unlink()


def bundle(tmp_path: Path) -> Bundle:
    """Write the demo device below `tmp_path/evidence` and return it."""
    return Bundle(tmp_path / "evidence").write()


def dump(value: Any, indent: int = 0) -> str:
    """Write strict YAML: plain keys, every text in double quotes, block style."""
    pad = "  " * indent
    lines: list[str] = []
    for key, item in value.items():
        lines.append(f"{pad}{key}:{_item(item, indent)}")
    return "".join(lines)


def _item(item: Any, indent: int) -> str:
    if isinstance(item, Mapping) and item:
        return "\n" + dump(item, indent + 1)
    if isinstance(item, list) and item:
        return "\n" + "".join(_element(element, indent + 1) for element in item)
    return " " + json.dumps(item, ensure_ascii=False) + "\n"


def _element(element: Any, indent: int) -> str:
    pad = "  " * indent
    if isinstance(element, Mapping) and element:
        return f"{pad}- " + dump(element, indent + 1).lstrip(" ")
    return f"{pad}- {json.dumps(element, ensure_ascii=False)}\n"
