"""The five layers of data, and the runs that read them."""

from __future__ import annotations

from support.editions.making import Making


def datasets(making: Making) -> None:
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
