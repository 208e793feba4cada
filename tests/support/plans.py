"""A plan, its tables and the request that runs it."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from muniment.measure import EvaluationRequest
from muniment.model.tree import frozen

OPERATIONAL = {
    "schema": "muniment/operational/v1",
    "metrics": [
        {"metric": "latency_p95_ms", "value": 0.1508123456789012, "low": 0.14, "high": 0.157, "level": 0.95,
         "n": 1000, "method": "order-statistics", "unit": "ms", "origin": "measured", "note": "Timed."},
        {"metric": "uptime", "value": 0.999, "low": None, "high": None, "level": None, "n": 40320,
         "method": "count", "unit": "proportion", "origin": "enacted", "note": ""},
    ],
}  # fmt: skip


def criterion(name, metric, operator, threshold, on, domain="clinical", **more):
    return {"id": name, "domain": domain, "metric": metric, "operator": operator, "threshold": threshold,
            "on": on, "rationale": "because"} | more  # fmt: skip


PLAN = {
    "endpoint": {"label": "death", "positive": 1, "horizon_days": 180},
    "operating_points": [
        {"id": "locked", "threshold": 0.4, "rationale": "r"},
        {"id": "by-sex", "threshold": 0.4, "rationale": "r",
         "by": {"column": "sex", "thresholds": {"female": 0.3}}},
    ],
    "interval": {"level": 0.95, "proportions": "wilson", "auroc": "delong", "replicates": 200},
    "subgroups": [{"axis": "gender", "column": "sex"}, {"axis": "race", "column": "race"},
                  {"axis": "site", "column": "site"}],
    "min_n": 10,
    "min_events": 5,
    "comparators": [
        {"id": "previous", "release": "releases/1.0.0", "column": "score_previous", "title": "t",
         "operating_point": {"threshold": 0.4}},
        {"id": "published", "column": "score_previous", "title": "t"},
    ],
    "criteria": [
        criterion("auroc", "auroc", ">=", 0.75, "lower"),
        criterion("too-high", "auroc", ">=", 0.95, "point"),
        criterion("slope", "calibration_slope", "within", [0.5, 1.5], "interval", "calibration"),
        criterion("gender", "sensitivity", ">=", 0.5, "lower", "subgroup", each="gender"),
        criterion("race", "sensitivity", ">=", 0.5, "lower", "subgroup", each="race"),
        criterion("female", "sensitivity", ">", 0.5, "lower", "subgroup", cohort={"gender": "female"},
                  operating_point="by-sex"),
        criterion("previous", "auroc", ">", 0, "lower", against="previous"),
        criterion("specificity", "specificity", ">=", -0.5, "lower", against="previous"),
        criterion("published", "sensitivity", ">=", -0.5, "lower", against="published"),
        criterion("latency", "latency_p95_ms", "<=", 200, "upper", "operational"),
        criterion("uptime", "uptime", ">=", 0.99, "lower", "operational"),
        criterion("absent", "fallback_success", ">=", 0.99, "point", "operational"),
        criterion("unknown", "f2", ">=", 0.5, "point"),
        criterion("nobody", "auroc", ">=", 0.5, "point", "subgroup", cohort={"race": "z"}),
    ],
}  # fmt: skip


def request_for(
    folder: Path, predictions, members=None, membership=None, plan=PLAN, **more
) -> EvaluationRequest:
    """Write the tables and return a request over them; anything may be replaced."""
    members = predictions.select("patient_id") if members is None else members
    if membership is None:
        everybody = pl.DataFrame({"patient_id": range(900, 1600)})
        membership = everybody.with_columns(
            partition=pl.when(pl.col("patient_id") < 1000).then(pl.lit("train")).otherwise(pl.lit("post")),
            site=pl.format("S{}", pl.col("patient_id") % 3),
        )
    for name, table in {"predictions": predictions, "members": members, "splits": membership}.items():
        table.write_parquet(folder / f"{name}.parquet")
    request = EvaluationRequest(
        device="example",
        release="1.2.0",
        plan_id="plans/1",
        plan=frozen(plan),
        plan_sha256="ab" * 32,
        operating_point="locked",
        predictions=folder / "predictions.parquet",
        members=folder / "members.parquet",
        membership=folder / "splits.parquet",
        id="patient_id",
        label="death",
        score="score",
        operational=frozen(OPERATIONAL),
        inputs=({"role": "predictions", "path": "releases/1.2.0/predictions.parquet", "sha256": "0" * 64},),
        limitations=("Not validated in children.",),
    )
    return replace(request, **more)


def entries(body, name):
    return [entry for entry in body["criteria"] if entry["id"] == name]


def outcome(body, name):
    (entry,) = entries(body, name)
    return entry["outcome"]
