"""Measures: row-level predictions to estimates with intervals. The only user of Polars and NumPy.

`measure_table`, `compare_tables` and `drift_tables` take anybody's tables; `evaluate` runs a locked plan.
"""

from muniment.measure.agreement import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha
from muniment.measure.attribution import Attribution, attribution
from muniment.measure.differences import differences, evaluation_bytes
from muniment.measure.drift_request import Drift, DriftRequest, drift_tables
from muniment.measure.evaluation import EvaluationRequest, evaluate
from muniment.measure.flow import Flow, cohort_flow
from muniment.measure.incomplete import IntentionToDiagnose, intention_to_diagnose
from muniment.measure.missing import Missingness, Rejects, missingness, rejects
from muniment.measure.multiplicity import Family, adjust
from muniment.measure.noninferiority import NonInferiorityVerdict, non_inferiority
from muniment.measure.overlap import Overlaps, overlaps, overlaps_of_tables
from muniment.measure.ratings import Ratings, rated, read_ratings
from muniment.measure.readers import ReaderStudy, Study, read_study, reader_study
from muniment.measure.request import (
    CompareRequest,
    MeasureRequest,
    Measures,
    compare_tables,
    measure_table,
)
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
from muniment.measure.snapshot import Snapshot, SnapshotRequest, snapshot
from muniment.measure.table1 import TableOne, table_one
from muniment.measure.tables import open_table

__all__ = [
    "Attribution",
    "CompareRequest",
    "Drift",
    "DriftRequest",
    "EvaluationRequest",
    "Family",
    "Flow",
    "IntentionToDiagnose",
    "MeasureRequest",
    "Measures",
    "Missingness",
    "NonInferiorityVerdict",
    "Overlaps",
    "Precision",
    "Ratings",
    "ReaderStudy",
    "Rejects",
    "SampleSize",
    "Snapshot",
    "SnapshotRequest",
    "Study",
    "TableOne",
    "adjust",
    "attribution",
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
    "snapshot",
    "table_one",
]
