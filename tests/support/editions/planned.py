"""Planned analyses of the demo device's evaluations, one of every kind and with every sort of gap."""

from __future__ import annotations

from typing import Any


def planned() -> dict[str, Any]:
    """Return the sections of `evaluation.json` that a plan may ask for."""
    return {
        "non_inferiority": [
            _hypothesis(
                "NI-1", "auroc", "not_shown", _against("previous", 0.01), _against("original", -0.06)
            ),
            _hypothesis("NI-2", "sensitivity", "undecided", _against("published", None)),
        ],
        "multiplicity": {
            "method": "holm",
            "alpha": 0.05,
            "adjusted": True,
            "outcome": "undecided",
            "criteria": [
                _member("C-1", "met", 0.01, 0.03, shown=True),
                _member("C-2", "met", 0.04, 0.08, shown=False),
                _member("C-3", "met", None, None, shown=False) | {"reason": "no p value: judged on a point"},
            ],
        },
        "missing_data": {
            "primary": "intention_to_diagnose",
            "rows": 805,
            "complete": 800,
            "no_score": 5,
            "no_label": 0,
            "neither": 0,
            "estimates": [
                _population("intention_to_diagnose", "sensitivity", 0.79),
                _population("worst_case", "sensitivity", 0.77),
                _population("worst_case", "auroc", None) | {"undecided": "one class only"},
            ],
            "no_estimate": [
                _share("no_estimate", 5, 805, {}),
                _share("no_estimate", None, None, {"sex": "X"}),
            ],
            "inputs": [_share("age", 12, 800, {}), _share("lactate", None, None, {})],
            "rejects": {
                "rejected": [_share("rejected", 5, 805, {})],
                "reasons": [_share("no signal", 5, 805, {})],
                "without_reason": 0,
                "with_score": 1,
            },
        },
        "precision": {
            "targets": [
                _interval("auroc", 0.8)
                | {"planned_half_width": 0.03, "achieved_half_width": 0.04, "reached": False}
            ],
            "sizes": [
                {
                    "target": "sensitivity",
                    "expected": 0.8,
                    "half_width": 0.04,
                    "prevalence": 0.4,
                    "level": 0.95,
                    "method": "buderer-1996",
                    "needed_n": 961,
                    "needed_events": 385,
                    "n": 800,
                    "events": 300,
                    "enough": False,
                }
            ],
        },
        "flow": {
            "by": "site",
            "screened": 2805,
            "steps": [{"step": "partition not in test", "n_in": 2805, "n_out": 805, "excluded": 2000}],
            "analysed": 805,
            "groups": [{"group": "S1", "n": 805}, {"group": "S2", "n": None}],
            "declared_faults": ["'Enrolled' begins with 2800 where 2805 were left"],
        },
        "table_one": {
            "by": "use",
            "reference": "training",
            "level": 0.95,
            "partitions": [{"partition": "training", "n": 2000}, {"partition": "evaluated", "n": 800}],
            "rows": [
                {
                    "column": "age",
                    "kind": "number",
                    "level": None,
                    "entries": [_quartiles("training"), _quartiles("evaluated") | _apart(0.31)],
                },
                {
                    "column": "ward",
                    "kind": "level",
                    "level": "burns",
                    "entries": [
                        {
                            "partition": "training",
                            "n": None,
                            "missing": None,
                            "undecided": "fewer than 10 rows",
                        },
                        {
                            "partition": "evaluated",
                            "n": 800,
                            "missing": 0,
                            "count": 40,
                            "share": _number(0.05),
                        },
                    ],
                },
            ],
        },
        "agreement": [
            {
                "id": "A-1",
                "title": "Two annotators",
                "table": "ratings",
                "units": 40,
                "raters": 2,
                "categories": ["no", "yes"],
                "estimates": [
                    _interval("cohen_kappa", 0.62) | {"method": "fleiss-cohen-everitt"},
                    _interval("fleiss_kappa", None) | {"undecided": "the raters never disagree: no interval"},
                ],
            }
        ],
        "reader_studies": [
            {
                "id": "R-1",
                "title": "Six readers without and with the device",
                "table": "readings",
                "compare": ["aided", "unaided"],
                "difference": _interval("reader_difference", 0.03) | {"p": 0.02, "df": 9.1},
                "random": "readers and cases",
                "method": "obuchowski-rockette-hillis",
                "modalities": ["aided", "unaided"],
                "readers": 6,
                "n": 120,
                "events": 48,
                "level": 0.95,
                "areas": [
                    _interval("auroc", value) | {"modality": name, "df": None}
                    for name, value in (("aided", 0.86), ("unaided", 0.83))
                ],
                "effects": [],
            }
        ],
    }


def _number(value: float | None) -> dict[str, Any]:
    bounds = (None, None) if value is None else (value - 0.02, value + 0.02)
    return {"value": value, "low": bounds[0], "high": bounds[1], "method": "wilson"}


def _interval(metric: str, value: float | None) -> dict[str, Any]:
    return {"metric": metric, "threshold": None, "level": 0.95, "n": 120} | _number(value)


def _hypothesis(name: str, metric: str, outcome: str, *compared: dict[str, Any]) -> dict[str, Any]:
    body = {"id": name, "metric": metric, "operating_point": None, "level": 0.95, "outcome": outcome}
    gaps = [entry["undecided"] for entry in compared if "undecided" in entry]
    return body | {"entries": list(compared)} | ({"undecided": "; ".join(gaps)} if gaps else {})


def _against(name: str, bound: float | None) -> dict[str, Any]:
    outcome = "undecided" if bound is None else "non_inferior" if bound > -0.03 else "not_shown"
    middle = None if bound is None else bound + 0.02
    body = {
        "against": name,
        "a": None if bound is None else 0.8,
        "b": None if middle is None else 0.8 - middle,
        "difference": middle,
        "low": bound,
        "high": None if bound is None else bound + 0.04,
        "p": None if bound is None else 0.2,
        "method": "delong-paired",
        "n": 800,
        "events": 300,
        "margin": 0.03,
        "bound": bound,
        "outcome": outcome,
        "superior": None if bound is None else bound > 0,
        "suppressed": False,
    }
    return body | ({"undecided": f"{name} has no operating point"} if bound is None else {})


def _member(
    name: str, outcome: str, p: float | None, adjusted: float | None, *, shown: bool
) -> dict[str, Any]:
    return {
        "id": name,
        "outcome": outcome,
        "p": p,
        "p_method": None if p is None else "wilson",
        "adjusted_p": adjusted,
        "shown": shown,
    }


def _population(population: str, metric: str, value: float | None) -> dict[str, Any]:
    threshold = None if metric == "auroc" else "default"
    return _interval(metric, value) | {"population": population, "threshold": threshold}


def _share(name: str, count: int | None, n: int | None, cohort: dict[str, str]) -> dict[str, Any]:
    value = None if count is None or n is None else count / n
    body = _number(value) | {"name": name, "cohort": cohort, "count": count, "n": n, "share": value}
    return body | ({"undecided": "fewer than 10 rows"} if value is None else {})


def _quartiles(group: str) -> dict[str, Any]:
    return {"partition": group, "n": 790, "missing": 10, "q1": 50.0, "median": 62.5, "q3": 71.0}


def _apart(value: float) -> dict[str, Any]:
    return {"standardised_difference": _number(value) | {"method": "austin-2009"}}
