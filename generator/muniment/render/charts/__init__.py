"""Charts as Vega-Lite specifications, built with Altair and carrying their values inline."""

from muniment.render.charts.calibration import calibration
from muniment.render.charts.degradation import Loss, degradation
from muniment.render.charts.forest import Row, forest
from muniment.render.charts.lineage import Edge, Node, lineage
from muniment.render.charts.roc import Point, roc
from muniment.render.charts.trend import Reading, trend
from muniment.render.charts.utility import Recalled, decision, precision_recall, predictive

__all__ = [
    "Edge",
    "Loss",
    "Node",
    "Point",
    "Reading",
    "Recalled",
    "Row",
    "calibration",
    "decision",
    "degradation",
    "forest",
    "lineage",
    "precision_recall",
    "predictive",
    "roc",
    "trend",
]
