"""Partial areas under the ROC curve."""

from functools import cache

import polars as pl

from muniment.measure.bootstrap import Resampling
from muniment.measure.kernel import Keys, all_keys, keyed, scale_of
from muniment.measure.partial import partial_auroc
from references import cases
from references.ours import Numbers, repeated


def keys(name: str) -> Keys:
    """The sorted keys of a table of predictions."""
    table = repeated(cases.kept(name)).select(
        label=pl.col("y") == 1, score=pl.col("s").cast(pl.Float64) + 0.0
    )
    scale = scale_of(table)
    return all_keys(keyed(table, scale), scale)


@cache
def ours(case: str) -> dict[str, Numbers]:
    """The area up to a false positive rate of 0.1 and 0.2, and McClish's standardised one."""
    out: dict[str, Numbers] = {}
    for most in (0.1, 0.2):
        # No interval is compared: few replicates are enough to have one.
        found = partial_auroc(keys(case), None, most, Resampling(20, 0), 0.95, "")
        area, standardised = (found[name].value for name in ("partial_auroc", "partial_auroc_standardised"))
        out[f"partial_auroc_{most}"] = {"value": area, "standardised": standardised}
    return out
