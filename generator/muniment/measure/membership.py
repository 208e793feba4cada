"""Who is in the locked cohort: by site and quarter, by the cohort's rules, and by what shaped the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.splits import PARTITION, PATIENT
from muniment.measure.tables import collect, open_table, require

SPREAD = ("site", "quarter")
"""Columns of the membership table by which a cohort's composition is shown."""


def training_overlap(training: Path, members: Path) -> int:
    """Count the patients who shaped the model and stand in the locked cohort; both have `patient_id`."""
    return _ids(training).join(_ids(members), on=PATIENT, how="semi").height


def distribution(membership: Path, members: Path, min_n: int) -> list[dict[str, Any]]:
    """Return `{column, level, n}` for site and quarter; `n` is null for a level of fewer than `min_n`."""
    table = _membership(membership).join(_ids(members), on=PATIENT, how="semi")
    return [
        {"column": column, "level": level, "n": n if n >= min_n else None}
        for column in SPREAD
        if column in table.columns
        for level, n in table.group_by(pl.col(column).fill_null("(missing)"))
        .agg(pl.len().cast(pl.Int64))
        .sort(column)
        .rows()
    ]


def by_rules(rules: Sequence[Mapping[str, Any]], membership: Path, members: Path) -> dict[str, Any]:
    """Carry out a cohort's rules and return `{selected, missing, extra, steps}`.

    Args:
        rules: `{column, operator, values}`; `in` keeps the rows with one of the values, `not_in` the others.
        membership: table with `patient_id` and the columns that the rules name.
        members: the locked cohort.

    Raises:
        UnreadableInput: a rule names a column that the membership table lacks.
    """
    chosen = _membership(membership)
    steps = []
    for rule in rules:
        if rule["column"] not in chosen.columns:
            raise UnreadableInput(
                f"a cohort rule names the column {rule['column']!r}, which {membership.name} lacks",
                hint="It has " + ", ".join(chosen.columns) + ".",
            )
        inside = pl.col(rule["column"]).is_in(list(rule["values"]))
        chosen = chosen.filter(inside if rule["operator"] == "in" else ~inside)
        steps.append(chosen.height)
    locked = _ids(members)
    return {
        "selected": chosen.height,
        "missing": chosen.join(locked, on=PATIENT, how="anti").height,
        "extra": locked.join(chosen, on=PATIENT, how="anti").height,
        "steps": steps,
    }


def _ids(path: Path) -> pl.DataFrame:
    table = open_table(path)
    require(table.collect_schema().names(), [PATIENT], path)
    return collect(table.select(pl.col(PATIENT).cast(pl.String)), path).unique()


def _membership(path: Path) -> pl.DataFrame:
    table = open_table(path)
    require(table.collect_schema().names(), [PATIENT, PARTITION], path)
    return collect(table.select(pl.all().cast(pl.String)), path).unique()
