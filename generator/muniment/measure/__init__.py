"""Measures: row-level predictions to estimates with intervals. The only user of Polars and NumPy.

`measure_table`, `compare_tables` and `drift_tables` take anybody's tables; `evaluate` runs a locked plan.
"""

from muniment.measure.attribution import AttributionTable
from muniment.measure.differences import differences, evaluation_bytes
from muniment.measure.drift_request import Drift, DriftRequest, drift_tables
from muniment.measure.evaluation import EvaluationRequest, evaluate
from muniment.measure.profiles import ProfiledTable
from muniment.measure.request import (
    CompareRequest,
    MeasureRequest,
    Measures,
    compare_tables,
    measure_table,
)
from muniment.measure.tables import open_table

__all__ = [
    "AttributionTable",
    "CompareRequest",
    "Drift",
    "DriftRequest",
    "EvaluationRequest",
    "MeasureRequest",
    "Measures",
    "ProfiledTable",
    "compare_tables",
    "differences",
    "drift_tables",
    "evaluate",
    "evaluation_bytes",
    "measure_table",
    "open_table",
]
