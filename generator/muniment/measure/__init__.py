"""Measures: row-level predictions to estimates with intervals. The only user of Polars and NumPy.

`measure_table`, `compare_tables` and `drift_tables` take anybody's tables; `evaluate` runs a locked plan;
`take_snapshot` describes a dataset. Each is imported when it is first used, so that measuring a small table
does not wait for what a report needs beside it (plans, errors, agreement, reader studies, Table 1).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Named as its module is: it has to be there before the module could take its place.
from muniment.measure.differences import differences, evaluation_bytes

if TYPE_CHECKING:
    from muniment.measure.agreement import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha
    from muniment.measure.analysis import AnalysisRequest, GoldenCases, Shown, analyse
    from muniment.measure.analysis_rows import Sources
    from muniment.measure.attribution import AttributionTable
    from muniment.measure.compare_request import Compared, CompareRequest, compare_tables
    from muniment.measure.coverage import Uncertainty
    from muniment.measure.degradation import Perturbation
    from muniment.measure.drift_request import Drift, DriftRequest, drift_tables
    from muniment.measure.error_cells import EdgeCondition
    from muniment.measure.evaluation import EvaluationRequest, evaluate
    from muniment.measure.flow import Flow, cohort_flow
    from muniment.measure.incomplete import IntentionToDiagnose, intention_to_diagnose
    from muniment.measure.missing import Missingness, Rejects, missingness, rejects
    from muniment.measure.multiplicity import Family, adjust
    from muniment.measure.noninferiority import NonInferiorityVerdict, non_inferiority
    from muniment.measure.overlap import Overlaps, overlaps, overlaps_of_tables
    from muniment.measure.profiles import ProfiledTable
    from muniment.measure.ratings import Ratings, rated, read_ratings
    from muniment.measure.readers import ReaderStudy, Study, read_study, reader_study
    from muniment.measure.request import MeasureRequest, Measures, measure_table
    from muniment.measure.sample_size import (
        Precision,
        SampleSize,
        buderer,
        c_statistic,
        calibration_slope,
        external_validation,
        oe_ratio,
        precision,
    )
    from muniment.measure.snapshot import Snapshot, SnapshotRequest, take_snapshot
    from muniment.measure.table1 import TableOne, table_one
    from muniment.measure.tables import open_table

__all__ = [
    "AnalysisRequest",
    "AttributionTable",
    "CompareRequest",
    "Compared",
    "Drift",
    "DriftRequest",
    "EdgeCondition",
    "EvaluationRequest",
    "Family",
    "Flow",
    "GoldenCases",
    "IntentionToDiagnose",
    "MeasureRequest",
    "Measures",
    "Missingness",
    "NonInferiorityVerdict",
    "Overlaps",
    "Perturbation",
    "Precision",
    "ProfiledTable",
    "Ratings",
    "ReaderStudy",
    "Rejects",
    "SampleSize",
    "Shown",
    "Snapshot",
    "SnapshotRequest",
    "Sources",
    "Study",
    "TableOne",
    "Uncertainty",
    "adjust",
    "analyse",
    "buderer",
    "c_statistic",
    "calibration_slope",
    "cohen_kappa",
    "cohort_flow",
    "compare_tables",
    "differences",
    "drift_tables",
    "evaluate",
    "evaluation_bytes",
    "external_validation",
    "fleiss_kappa",
    "gwet_ac1",
    "intention_to_diagnose",
    "krippendorff_alpha",
    "measure_table",
    "missingness",
    "non_inferiority",
    "oe_ratio",
    "open_table",
    "overlaps",
    "overlaps_of_tables",
    "precision",
    "rated",
    "read_ratings",
    "read_study",
    "reader_study",
    "rejects",
    "table_one",
    "take_snapshot",
]

_LATER = {
    "AttributionTable": "attribution",
    "Drift": "drift_request",
    "DriftRequest": "drift_request",
    "drift_tables": "drift_request",
    "EvaluationRequest": "evaluation",
    "evaluate": "evaluation",
    "ProfiledTable": "profiles",
    "CompareRequest": "compare_request",
    "Compared": "compare_request",
    "MeasureRequest": "request",
    "Measures": "request",
    "compare_tables": "compare_request",
    "measure_table": "request",
    "open_table": "tables",
    "cohen_kappa": "agreement",
    "fleiss_kappa": "agreement",
    "gwet_ac1": "agreement",
    "krippendorff_alpha": "agreement",
    "AnalysisRequest": "analysis",
    "GoldenCases": "analysis",
    "Shown": "analysis",
    "analyse": "analysis",
    "Sources": "analysis_rows",
    "Uncertainty": "coverage",
    "Perturbation": "degradation",
    "EdgeCondition": "error_cells",
    "Flow": "flow",
    "cohort_flow": "flow",
    "IntentionToDiagnose": "incomplete",
    "intention_to_diagnose": "incomplete",
    "Missingness": "missing",
    "Rejects": "missing",
    "missingness": "missing",
    "rejects": "missing",
    "Family": "multiplicity",
    "adjust": "multiplicity",
    "NonInferiorityVerdict": "noninferiority",
    "non_inferiority": "noninferiority",
    "Overlaps": "overlap",
    "overlaps": "overlap",
    "overlaps_of_tables": "overlap",
    "Ratings": "ratings",
    "rated": "ratings",
    "read_ratings": "ratings",
    "ReaderStudy": "readers",
    "Study": "readers",
    "read_study": "readers",
    "reader_study": "readers",
    "Precision": "sample_size",
    "SampleSize": "sample_size",
    "buderer": "sample_size",
    "c_statistic": "sample_size",
    "calibration_slope": "sample_size",
    "external_validation": "sample_size",
    "oe_ratio": "sample_size",
    "precision": "sample_size",
    "Snapshot": "snapshot",
    "SnapshotRequest": "snapshot",
    "take_snapshot": "snapshot",
    "TableOne": "table1",
    "table_one": "table1",
}
"""Name to the module of this package that is imported when the name is first used."""


def __getattr__(name: str) -> Any:
    """Import what is needed later (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
