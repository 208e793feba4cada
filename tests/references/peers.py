"""The case tables as scikit-learn, SciPy and statsmodels compute them (make references writes python.json).

Runs in an environment of its own and calls nothing of Muniment.
"""

from __future__ import annotations

import csv
import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import stats
from scipy.spatial.distance import jensenshannon
from scipy.special import expit, logit
from sklearn import metrics
from statsmodels.stats.contingency_tables import Table2x2, mcnemar
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

HERE = Path(__file__).parent
BUILT = HERE.parents[1] / "build" / "references"
NAMES = (
    "ties",
    "all_tied",
    "heavy_ties",
    "continuous",
    "imbalance",
    "weights",
    "one_event",
    "unbounded",
    "clustered",
    "example",
)
THRESHOLDS = {"unbounded": 0.0, "imbalance": 0.05, "example": 0.4}
USED = ("numpy", "scipy", "scikit-learn", "statsmodels")


def path_of(name: str) -> Path:
    return (BUILT if name == "example" else HERE / "cases") / f"{name}.csv"


def read(name: str) -> dict[str, np.ndarray]:
    with path_of(name).open() as lines:
        rows = list(csv.DictReader(lines))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def entry(tool: str, **numbers: float) -> dict[str, object]:
    return {"tool": tool, **{key: float(value) for key, value in numbers.items()}}


def interval(tool: str, value: float, limits: tuple[float, float]) -> dict[str, object]:
    return entry(tool, value=value, low=limits[0], high=limits[1])


def predictions(name: str) -> dict[str, object]:
    """Scores, with weights handed over as weights and not as repeated rows."""
    rows = read(name)
    y, s, w = rows["y"], rows["s"], rows["w"]
    call = s >= THRESHOLDS.get(name, 0.5)
    out = {
        "auroc_sklearn": entry(
            "sklearn.metrics.roc_auc_score", value=metrics.roc_auc_score(y, s, sample_weight=w)
        ),
        "average_precision": precision(y, s, w),
        "f1_sklearn": entry("sklearn.metrics.f1_score", value=metrics.f1_score(y, call, sample_weight=w)),
        "balanced_accuracy": entry(
            "sklearn.metrics.balanced_accuracy_score",
            value=metrics.balanced_accuracy_score(y, call, sample_weight=w),
        ),
        "accuracy_sklearn": entry(
            "sklearn.metrics.accuracy_score", value=metrics.accuracy_score(y, call, sample_weight=w)
        ),
        "sensitivity_sklearn": entry(
            "sklearn.metrics.recall_score", value=metrics.recall_score(y, call, sample_weight=w)
        ),
    }
    if call.any():
        out["ppv_sklearn"] = entry(
            "sklearn.metrics.precision_score", value=metrics.precision_score(y, call, sample_weight=w)
        )
    for limit in (0.1, 0.2):
        area = metrics.roc_auc_score(y, s, sample_weight=w, max_fpr=limit)
        out[f"partial_auroc_{limit:g}_sklearn"] = entry(
            "sklearn.metrics.roc_auc_score(max_fpr)", standardised=area
        )
    if name != "unbounded":
        out |= probabilities(y, s, w)
    if name != "weights" and len(set(s)) > 1:
        u = stats.mannwhitneyu(s[y == 1], s[y == 0]).statistic / ((y == 1).sum() * (y == 0).sum())
        out["auroc_scipy"] = entry("scipy.stats.mannwhitneyu", value=u)
    return out


def converged(model: sm.GLM, **options: object) -> object:
    """Fitted again from its own answer: the information matrix is taken at the step before the last."""
    once = model.fit(tol=1e-15, maxiter=200)
    return model.fit(start_params=once.params, tol=1e-15, maxiter=200, **options)


def precision(y: np.ndarray, s: np.ndarray, w: np.ndarray) -> dict[str, object]:
    """Average precision with Boyd, Eng and Page's logit interval (2013), written out."""
    value = metrics.average_precision_score(y, s, sample_weight=w)
    reach = stats.norm.ppf(0.975) / np.sqrt((w * y).sum() * value * (1 - value))
    limits = tuple(expit(logit(value) + side * reach) for side in (-1, 1))
    return interval("sklearn.metrics.average_precision_score, interval by formula", value, limits)


def probabilities(y: np.ndarray, s: np.ndarray, w: np.ndarray) -> dict[str, object]:
    scores = np.log(s / (1 - s))
    family = sm.families.Binomial()
    fixed = converged(sm.GLM(y, np.ones_like(y), family=family, offset=scores, freq_weights=w))
    out = {
        "brier_sklearn": entry(
            "sklearn.metrics.brier_score_loss", value=metrics.brier_score_loss(y, s, sample_weight=w)
        ),
        "log_loss_sklearn": entry("sklearn.metrics.log_loss", value=metrics.log_loss(y, s, sample_weight=w)),
        "calibration_intercept_statsmodels": interval(
            "statsmodels GLM(offset)", fixed.params[0], tuple(fixed.conf_int()[0])
        ),
    }
    if len(set(s)) > 1:
        free = converged(sm.GLM(y, sm.add_constant(scores), family=family, freq_weights=w))
        out["calibration_slope_statsmodels"] = interval(
            "statsmodels GLM", free.params[1], tuple(free.conf_int()[1])
        )
    return out


def clusters() -> dict[str, object]:
    rows = read("clustered")
    y, s = rows["y"], rows["s"]
    scores = np.log(s / (1 - s))
    # The factor c / (c - 1) alone, as ours: df_correction also has (n - 1) / (n - k).
    groups = {"groups": rows["c"].astype(int), "use_correction": False}
    count = len(set(rows["c"]))
    free = converged(
        sm.GLM(y, sm.add_constant(scores), family=sm.families.Binomial()), cov_type="cluster", cov_kwds=groups
    )
    reach = stats.norm.ppf(0.975) * free.bse[1] * np.sqrt(count / (count - 1))
    slope = free.params[1]
    return {
        "calibration_slope_statsmodels": interval(
            "statsmodels GLM(cov_type='cluster')", slope, (slope - reach, slope + reach)
        )
    }


def table(tp: int, fp: int, fn: int, tn: int) -> dict[str, object]:
    out = {}
    shares = {
        "sensitivity": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "ppv": (tp, tp + fp),
        "npv": (tn, tn + fn),
    }
    for name, (k, n) in shares.items():
        exact = stats.binomtest(k, n).proportion_ci(method="exact")
        score = proportion_confint(k, n, method="wilson")
        beta = proportion_confint(k, n, method="beta")
        out[f"{name}_python"] = entry(
            "statsmodels proportion_confint, scipy.stats.binomtest",
            value=k / n,
            low=score[0],
            high=score[1],
            exact_low=beta[0],
            exact_high=beta[1],
            scipy_exact_low=exact.low,
            scipy_exact_high=exact.high,
        )
    if min(tp, fp, fn, tn):
        odds = Table2x2(np.array([[tp, fp], [fn, tn]]))
        out["diagnostic_odds_ratio_statsmodels"] = interval(
            "statsmodels Table2x2", odds.oddsratio, odds.oddsratio_confint()
        )
        risk = Table2x2(np.array([[tp, fn], [fp, tn]]))
        out["lr_positive_statsmodels"] = interval(
            "statsmodels Table2x2", risk.riskratio, risk.riskratio_confint()
        )
    limits = confint_proportions_2indep(tp, tp + fn, fp, fp + tn, method="newcomb", compare="diff")
    out["youden_statsmodels"] = interval(
        "statsmodels confint_proportions_2indep(method='newcomb')", tp / (tp + fn) - fp / (fp + tn), limits
    )
    return out


def pair(both: int, first: int, second: int, neither: int) -> dict[str, object]:
    counts = [[both, first], [second, neither]]
    return {
        "mcnemar_exact_statsmodels": entry(
            "statsmodels mcnemar(exact=True)", p=mcnemar(counts, exact=True).pvalue
        ),
    }


def counted(name: str) -> dict[str, list[int]]:
    with path_of(name).open() as lines:
        rows = list(csv.reader(lines))[1:]
    return {row[0]: [int(cell) for cell in row[1:]] for row in rows}


def drift() -> dict[str, object]:
    with path_of("drift").open() as lines:
        rows = list(csv.DictReader(lines))
    out: dict[str, object] = {}
    for column in ("x", "tied"):
        a, b = (
            np.array([float(row[column]) for row in rows if row["side"] == side])
            for side in ("baseline", "window")
        )
        out[f"{column}_scipy"] = entry(
            "scipy.stats.ks_2samp(method='asymp'), wasserstein_distance",
            ks=stats.ks_2samp(a, b).statistic,
            ks_p=stats.kstwobign.sf(
                stats.ks_2samp(a, b).statistic * np.sqrt(len(a) * len(b) / (len(a) + len(b)))
            ),
            wasserstein=stats.wasserstein_distance(a, b),
        )
    names = sorted({row["level"] for row in rows})
    counts = [
        [sum(row["level"] == name and row["side"] == side for row in rows) for name in names]
        for side in ("baseline", "window")
    ]
    found = stats.chi2_contingency(counts, correction=False)
    out["level_scipy"] = entry(
        "scipy.stats.chi2_contingency, spatial.distance.jensenshannon squared",
        chi_square=found.statistic,
        chi_square_df=found.dof,
        chi_square_p=found.pvalue,
        jensen_shannon=jensenshannon(counts[0], counts[1], base=2) ** 2,
    )
    return out


def raters() -> dict[str, object]:
    with path_of("raters").open() as lines:
        rows = list(csv.DictReader(lines))
    two = np.zeros((4, 4))
    for row in rows:
        two[int(row["r1"]) - 1, int(row["r2"]) - 1] += 1
    out = {}
    for name, weights in (("", None), ("_linear", "linear"), ("_quadratic", "quadratic")):
        found = cohens_kappa(two, wt=weights)
        out[f"cohen_kappa{name}_statsmodels"] = interval(
            "statsmodels cohens_kappa", found.kappa, (found.kappa_low, found.kappa_upp)
        )
    full = [row for row in rows if all(row.values())]
    table = np.array([[list(row.values()).count(str(k)) for k in range(1, 5)] for row in full])
    out["fleiss_kappa_complete_statsmodels"] = entry("statsmodels fleiss_kappa", value=fleiss_kappa(table))
    return out


def main() -> None:
    cases = {name: predictions(name) for name in NAMES}
    cases["clustered_by_patient"] = clusters()
    cases |= {f"table_{name}": table(*cells) for name, cells in counted("tables").items()}
    cases |= {f"pairs_{name}": pair(*cells) for name, cells in counted("pairs").items()}
    cases["drift"] = drift()
    cases["raters"] = raters()
    paths = [path_of(name) for name in (*NAMES, "tables", "pairs", "drift", "raters", "readers")]
    body = {
        "versions": {"Python": platform.python_version(), **{name: version(name) for name in USED}},
        "tables": {
            path.name: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in paths
        },
        "cases": cases,
    }
    (HERE / "python.json").write_text(json.dumps(body, indent=2, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
