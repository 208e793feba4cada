"""Agreement of raters."""

from functools import cache

from muniment.measure.agreement import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha
from muniment.measure.bootstrap import Resampling
from muniment.measure.ratings import rated
from references import cases
from references.ours import Numbers


@cache
def ours(_case: str) -> dict[str, Numbers]:
    """Kappas of the first two raters and of all, AC1 and alpha."""
    table = cases.kept("raters")
    ratings, complete = rated(table.rows()), rated(table.drop_nulls().rows())
    alphas = {
        f"krippendorff_{metric}": krippendorff_alpha(ratings, Resampling(20, 0), metric)
        for metric in ("nominal", "interval")
    }
    found = {
        "cohen_kappa": cohen_kappa(ratings, ("1", "2")),
        "cohen_kappa_linear": cohen_kappa(ratings, ("1", "2"), "linear"),
        "cohen_kappa_quadratic": cohen_kappa(ratings, ("1", "2"), "quadratic"),
        "fleiss_kappa": fleiss_kappa(ratings),
        "fleiss_kappa_complete": fleiss_kappa(complete),
        "gwet_ac1": gwet_ac1(ratings),
    } | alphas
    return {name: {"value": item.value, "low": item.low, "high": item.high} for name, item in found.items()}
