"""Charts and tables of the evaluation page about clinical use and the operating point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from muniment.render import charts
from muniment.render.numbers import entries, find_estimate, interval, number, shown
from muniment.render.page import Chart

Entry = Mapping[str, Any]

OVERALL = ("auroc", "average_precision", "partial_auroc", "partial_auroc_standardised", "prevalence")
AT_POINT = (
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "lr_positive",
    "lr_negative",
    "net_benefit",
    "ppv_at_prevalence",
    "npv_at_prevalence",
)
CALIBRATION = (
    "brier",
    "log_loss",
    "calibration_intercept",
    "calibration_slope",
    "oe_ratio",
    "ici",
    "e50",
    "e90",
    "ece",
)
_DECISION = ("threshold", "model", "model_low", "model_high", "all", "all_low", "all_high")
_PREDICTIVE = ("prevalence", "ppv", "ppv_low", "ppv_high", "npv", "npv_low", "npv_high")


def numeric(
    points: Iterable[Entry], needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> list[dict[str, float]]:
    """Return the numbers of each point; a point that lacks a needed one is left out."""
    out = []
    for point in points:
        values = {key: number(point.get(key)) for key in (*needed, *optional)}
        kept = {key: value for key, value in values.items() if value is not None}
        if all(key in kept for key in needed):
            out.append(kept)
    return out


def headline(found: Entry, point: str | None) -> dict[str, list[Entry]]:
    """Return the estimates of the headline: over all thresholds, at the operating point, of calibration."""
    estimates = [e for e in entries(found, "estimates") if not e.get("cohort")]

    def chosen(names: tuple[str, ...], at: str | None) -> list[Entry]:
        return [
            e for name in names for e in estimates if e.get("metric") == name and e.get("threshold") == at
        ]

    return {
        "overall": chosen(OVERALL, None),
        "point": chosen(AT_POINT, point) if point is not None else [],
        "calibration": chosen(CALIBRATION, None),
    }


def table(found: Entry, point: str | None) -> dict[str, Any]:
    """Return the 2×2 table of the operating point, `tp` to `tn`; empty where it is not whole."""
    cells = {
        e.get("metric"): e.get("value")
        for e in entries(found, "estimates")
        if not e.get("cohort") and e.get("threshold") == point and e.get("metric") in ("tp", "fp", "fn", "tn")
    }
    whole = point is not None and len(cells) == 4 and all(number(v) is not None for v in cells.values())
    return {str(key): value for key, value in cells.items()} if whole else {}


def precision_recall(where: str, found: Entry) -> Chart | None:
    """Return the precision–recall chart; `None` without its curve."""
    curve = numeric(entries(found, "curves", "precision_recall"), ("recall", "precision"), ("threshold",))
    if not curve:
        return None
    average = find_estimate(found, "average_precision") or {}
    prevalence = number((find_estimate(found, "prevalence") or {}).get("value"))
    marks = []
    for estimate in entries(found, "estimates"):
        if estimate.get("metric") != "sensitivity" or estimate.get("cohort"):
            continue
        at = estimate.get("threshold")
        recall, precision = number(estimate.get("value")), number((_at(found, "ppv", at)).get("value"))
        if recall is not None and precision is not None:
            marks.append(charts.Recalled(str(at), recall, precision))
    text = f"Average precision {shown(average.get('value'))}, 95% interval {interval(average)}"
    stated = "; ".join(f"{m.name}: precision {m.precision:.3f} at recall {m.recall:.3f}" for m in marks)
    return Chart(
        name=f"{where}/precision-recall",
        spec=charts.precision_recall(curve, marks, prevalence),
        alt=f"Precision over recall. {text}. {stated or 'No operating point is recorded'}. Calling everybody "
        f"has the precision {shown(prevalence)}.",
        caption="Among those called, the share with the event, against the share of events that is called. "
        f"The dashed line is the prevalence, the precision of calling at random. {text}.",
    )


def decision(where: str, found: Entry, plan: Any, point: str | None) -> Chart | None:
    """Return the decision curve; `None` without it."""
    curve = numeric(entries(found, "curves", "decision"), _DECISION)
    if len(curve) < 2:
        return None
    at = _threshold(plan, point)
    useful = _longest([p["threshold"] if p["model"] > max(p["all"], 0.0) else None for p in curve])
    range_text = (
        f"The model lies above treating all and treating none from a threshold of {useful[0]:.2f} to "
        f"{useful[-1]:.2f}"
        if useful
        else "At no threshold does the model lie above both treating all and treating none"
    )
    line = f" The orange line is the operating point's threshold, {at:.3f}." if at is not None else ""
    return Chart(
        name=f"{where}/decision",
        spec=charts.decision(curve, at),
        alt=f"Decision curve over {len(curve)} thresholds from {curve[0]['threshold']:.2f} to "
        f"{curve[-1]['threshold']:.2f}. {range_text}.",
        caption="Net benefit: true positives per patient less false positives weighted by the odds of the "
        f"threshold, with 95% intervals. {range_text}.{line}",
    )


def predictive(where: str, found: Entry, point: str | None) -> Chart | None:
    """Return PPV and NPV over prevalence at the operating point; `None` without them."""
    curve = numeric(entries(found, "curves", "predictive_values"), _PREDICTIVE)
    if not curve:
        return None
    named = []
    study = number((find_estimate(found, "prevalence") or {}).get("value"))
    if study is not None:
        named.append(("this cohort", study))
    intended = find_estimate(found, "ppv_at_prevalence", point) or {}
    meant = number(intended.get("prevalence"))
    if meant is not None:
        named.append(("intended use", meant))
    first, last = curve[0], curve[-1]
    return Chart(
        name=f"{where}/predictive-values",
        spec=charts.predictive(curve, named),
        alt=f"Predictive values at operating point {point} over prevalence. PPV from {first['ppv']:.3f} at "
        f"{first['prevalence']:.2f} to {last['ppv']:.3f} at {last['prevalence']:.2f}; NPV from "
        f"{first['npv']:.3f} to {last['npv']:.3f}. Prevalence in this cohort: {shown(study)}.",
        caption="What a flag, or no flag, means where the event is rarer or more frequent than in this "
        "cohort, if sensitivity and specificity stay as they are. Bands are 95% intervals.",
    )


def decision_rows(found: Entry) -> list[dict[str, float]]:
    """Return at most eleven points of the decision curve, evenly spread, for readers of the table."""
    return _spread(numeric(entries(found, "curves", "decision"), _DECISION))


def recall_rows(found: Entry) -> list[dict[str, float]]:
    """Return the precision–recall curve read at eleven values of recall."""
    points = numeric(entries(found, "curves", "precision_recall"), ("recall", "precision"), ("threshold",))
    if not points:
        return []
    return [min(points, key=lambda p: (abs(p["recall"] - step / 10), -p["precision"])) for step in range(11)]


def differences(group: Entry) -> dict[str, Any]:
    """Return a level's differences from everybody else, and `higher` or `lower` where one excludes zero."""
    found = {str(delta.get("metric")): delta for delta in entries(group, "deltas")}
    words = {}
    for name, delta in found.items():
        low, high = number(delta.get("low")), number(delta.get("high"))
        if low is not None and high is not None and not low <= 0 <= high:
            words[name] = "higher" if low > 0 else "lower"
    return {"deltas": found, "words": words}


def _at(found: Entry, name: str, threshold: object) -> Entry:
    for estimate in entries(found, "estimates"):
        same = estimate.get("metric") == name and estimate.get("threshold") == threshold
        if same and not estimate.get("cohort"):
            return estimate
    return {}


def _longest(marked: Iterable[float | None]) -> list[float]:
    """The longest run of marked values."""
    best: list[float] = []
    run: list[float] = []
    for value in marked:
        run = [] if value is None else [*run, value]
        best = run if len(run) > len(best) else best
    return best


def _threshold(plan: Any, point: str | None) -> float | None:
    """The operating point's one threshold; `None` where it differs by level."""
    for candidate in entries(plan, "operating_points"):
        if candidate.get("id") == point and not candidate.get("by"):
            return number(candidate.get("threshold"))
    return None


def _spread(points: list[dict[str, float]], most: int = 11) -> list[dict[str, float]]:
    if len(points) <= most:
        return points
    return [points[round(k * (len(points) - 1) / (most - 1))] for k in range(most)]
