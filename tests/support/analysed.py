"""The tables of one release that an analysis is computed from."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from muniment.measure import (
    AnalysisRequest,
    EdgeCondition,
    GoldenCases,
    Perturbation,
    Shown,
    Sources,
)
from muniment.model.tree import frozen

FEATURES = ("age", "crea", "alb", "bili")


PLAN = {
    "endpoint": {"label": "death", "positive": 1, "horizon_days": 180},
    "operating_points": [
        {"id": "flag", "threshold": 0.4, "by": {"column": "sex", "thresholds": {"female": 0.3}}}
    ],
    "interval": {"level": 0.95, "proportions": "wilson", "auroc": "delong", "replicates": 60},
    "subgroups": [{"axis": "gender", "column": "sex"}, {"axis": "race", "column": "race"}],
    "min_n": 10,
    "min_events": 5,
    "criteria": [],
    "analysis": {"prevalence": {"intended": 0.2, "source": "Elsewhere."}},
}  # fmt: skip


class World:
    """The tables of one release, in memory until they are written."""

    def __init__(self, folder, rows):
        rng = np.random.default_rng(5)
        n = rows.height
        ids = rows["patient_id"]
        self.folder = folder
        self.rows = rows
        self.members = rows.select("patient_id")
        self.membership = rows.select("patient_id", partition=pl.lit("test")).with_columns(
            site=pl.format("S{}", pl.col("patient_id") % 4)
        )
        self.cohort = pl.DataFrame(
            {
                "patient_id": ids,
                "declined": pl.Series(
                    ["no albumin" if k < 12 else "too sick" if k < 15 else None for k in range(n)],
                    dtype=pl.String,
                ),
                "zero": rng.random(n) < 0.2,
                "rare": np.arange(n) < 4,
                "never": np.zeros(n, dtype=bool),
            }
        )
        moved = [
            pl.DataFrame(
                {
                    "patient_id": ids,
                    "perturbation": "noise",
                    "level": level,
                    "score": np.clip(rows["score"] + rng.normal(0, level, n), 0, 1),
                }
            ).with_columns(
                score=pl.when(pl.col("patient_id") % 40 == 0).then(None).otherwise(pl.col("score"))
            )
            for level in (0.1, 0.3)
        ]
        self.perturbed = pl.concat(moved)
        now = rng.normal(0, [1.0, 0.6, 0.3, 0.1], (n, 4)).round(6)
        before = (now + rng.normal(0, 0.3, (n, 4))).round(6)
        self.contributions = pl.concat(
            [
                pl.DataFrame(
                    {
                        "patient_id": ids,
                        "feature": feature,
                        "contribution": now[:, k],
                        "contribution_previous": before[:, k],
                    }
                ).with_columns(
                    contribution=pl.when(pl.col("patient_id") % (7 + k) == 0)
                    .then(None)
                    .otherwise(pl.col("contribution"))
                )
                for k, feature in enumerate(FEATURES)
            ]
        )
        self.features = rows.select("patient_id").with_columns(
            age=pl.when(pl.col("patient_id") % 5 == 0).then(None).otherwise(60.0), crea=pl.lit(1.0)
        )
        self.golden = {
            "schema_version": 1,
            "semantics_version": 2,
            "cases": [{"case": "old", "expected": {"age": 0.5, "crea": -0.25}}],
        }
        self.said = pl.DataFrame(
            {"case": ["old", "old"], "feature": ["age", "crea"], "contribution": [0.5, -0.25]}
        )
        self.shown = {"cases": []}

    def request(self, **more) -> AnalysisRequest:
        """Write every table and ask for the analysis."""
        paths = {}
        names = ("rows", "members", "membership", "cohort", "perturbed", "contributions", "features", "said")
        for name in names:
            paths[name] = self.folder / f"{name}.parquet"
            getattr(self, name).write_parquet(paths[name])
        request = AnalysisRequest(
            device="example",
            release="1.2.0",
            plan_id="plans/1",
            plan=frozen(PLAN),
            plan_sha256="ab" * 32,
            operating_point="flag",
            sources=Sources(
                paths["rows"],
                paths["members"],
                paths["membership"],
                "patient_id",
                "death",
                "score",
                paths["cohort"],
                "declined",
            ),
            inputs=({"role": "model", "path": "m.json", "sha256": "0" * 64},),
            edge=tuple(EdgeCondition(name, name, "As defined.") for name in ("zero", "rare", "never")),
            features=paths["features"],
            model_inputs=("age", "crea", "alb"),
            perturbed=paths["perturbed"],
            perturbations=tuple(Perturbation("noise", level, "Noise.") for level in (0.1, 0.3)),
            contributions=paths["contributions"],
            has_previous=True,
            tolerance=1e-6,
            golden=GoldenCases(self.golden, "golden.json", paths["said"]),
            shown=Shown(self.shown, "samples.json"),
            case_axes=("gender", "race"),
        )
        return replace(request, **more)

    def told(self) -> pl.DataFrame:
        """Who was called, by the plan, computed apart from the tool."""
        limit = pl.when(pl.col("sex") == "female").then(0.3).otherwise(0.4)
        joined = self.rows.join(self.cohort, on="patient_id")
        return joined.with_columns(
            limit=limit, called=(pl.col("score") >= limit) & pl.col("declined").is_null()
        )


def wilson(k, n):
    return stats.binomtest(int(k), n).proportion_ci(method="wilson")


def same(entry, value, low, high):
    assert (entry["value"], entry["low"], entry["high"]) == pytest.approx((value, low, high), abs=1e-9)
