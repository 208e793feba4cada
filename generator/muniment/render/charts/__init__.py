"""Charts as Vega-Lite specifications, built with Altair and carrying their values inline."""

from muniment.render.charts.calibration import calibration
from muniment.render.charts.forest import Row, forest
from muniment.render.charts.lineage import Edge, Node, lineage
from muniment.render.charts.roc import Point, roc
from muniment.render.charts.trend import Reading, trend

__all__ = ["Edge", "Node", "Point", "Reading", "Row", "calibration", "forest", "lineage", "roc", "trend"]
