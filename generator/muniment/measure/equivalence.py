"""Whether two releases give the same outputs on the locked cohort: the scores side by side, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from muniment.measure.plan import Comparator, Plan
from muniment.measure.prepare import SCORE, Prepared


def equivalence(prepared: Prepared, plan: Plan, point: str) -> list[dict[str, Any]]:
    """Return one entry for each comparator that is a release: how far its scores lie from this one's.

    `rows` counts all rows of the table, `compared` those on which both gave a score, `max_difference` is
    the largest absolute difference of scores on these (`None` without any), and `calls_differing` counts
    the rows on which the operating points disagree (`None` where the comparator has none).
    """
    return list(_entries(prepared, plan, point))


def _entries(prepared: Prepared, plan: Plan, point: str) -> Iterator[dict[str, Any]]:
    index = [candidate.id for candidate in plan.points].index(point)
    for comparator in plan.comparators:
        if comparator.release is None:
            continue
        other = pl.col(f"also:{comparator.id}")
        pairs = prepared.frame.filter(other.is_not_null())
        found = pairs.select(
            largest=(pl.col(SCORE) - other).abs().max(),
            calls=_differing(comparator, other, index),
        ).row(0, named=True)
        yield {
            "against": comparator.id,
            "release": comparator.release,
            "rows": prepared.rows,
            "compared": pairs.height,
            "max_difference": found["largest"],
            "calls_differing": found["calls"],
        }


def _differing(comparator: Comparator, other: pl.Expr, index: int) -> pl.Expr:
    if comparator.point is None:
        return pl.lit(None, dtype=pl.Int64)
    return (pl.col(f"flag:{index}") != (other >= comparator.point.limit())).sum()
