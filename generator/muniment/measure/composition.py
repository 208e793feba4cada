"""Who was studied: the flow from everybody in the splits to everybody analysed, and Table 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from muniment.errors import UnreadableInput
from muniment.measure.flow import Step, cohort_flow, faults
from muniment.measure.planned import TableOneSpec
from muniment.measure.prepare import ID, LABEL, MISSING, SCORE
from muniment.measure.splits import PARTITION, PATIENT
from muniment.measure.suppression import hidden
from muniment.measure.table1 import Characteristic, Entry, table_one
from muniment.measure.tables import collect, open_table, require

EVALUATED, TRAINING, OTHER = "evaluated", "training", "other"
NOT_LOCKED = "not in the locked cohort"
NO_LABEL, NO_SCORE = "no label", "no score"
# No column of a plan can be called so: a colon is not in their names.
_KEY, _LABEL, _SCORE, _LOCKED = "flow:id", "flow:label", "flow:score", "flow:locked"
_REASON, _GROUP, _OUTSIDE, _USE = "flow:reason", "flow:group", "flow:outside", "flow:use"


def flow(
    by: str,
    membership: Path,
    rows: pl.DataFrame,
    rules: Sequence[Mapping[str, Any]],
    declared: Sequence[Mapping[str, Any]],
    min_n: int,
    withheld: Mapping[str, str],
) -> dict[str, Any]:
    """Return `flow` of `evaluation.json`, counted patient by patient so that it closes.

    Steps are the cohort's rules in their order, then whoever the rules select and the locked cohort lacks,
    then rows without label or score. Exclusions are shown whatever their size; groups below `min_n` are not.

    Args:
        by: column of the membership table that groups the analysed.
        membership: one row a patient, with `patient_id` and the columns that rules name.
        rows: the predictions' columns `id`, `label` and `score`, nulls kept.
        rules: the cohort's rules, `{column, operator, values}`.
        declared: the flow that the splits record states, `{step, n_in, n_out}`; checked, not used.
        min_n: smaller groups are suppressed.
        withheld: groups that are hidden as levels of an axis, and why.
    """
    everybody = _patients(membership, [by, *(str(rule["column"]) for rule in rules)], "the flow")
    analysed = rows.select(
        pl.col(ID).cast(pl.String).alias(_KEY),
        pl.col(LABEL).alias(_LABEL),
        pl.col(SCORE).alias(_SCORE),
        pl.lit(value=True).alias(_LOCKED),
    )
    strangers = analysed.join(everybody, on=_KEY, how="anti").height
    names = [_rule(rule) for rule in rules]
    joined = everybody.join(analysed, on=_KEY, how="left")
    reason = pl.lit(None, dtype=pl.String)
    locked = pl.col(_LOCKED).is_not_null()
    for column, name in ((_SCORE, NO_SCORE), (_LABEL, NO_LABEL)):
        reason = pl.when(locked & pl.col(column).is_null()).then(pl.lit(name)).otherwise(reason)
    reason = pl.when(~locked).then(pl.lit(NOT_LOCKED)).otherwise(reason)
    outside = pl.lit(value=False)
    for rule, name in reversed(list(zip(rules, names, strict=True))):
        inside = pl.col(str(rule["column"])).is_in([str(value) for value in rule["values"]])
        fails = (~inside if rule["operator"] == "in" else inside).fill_null(value=True)
        reason = pl.when(fails).then(pl.lit(name)).otherwise(reason)
        outside = outside | fails
    table = joined.with_columns(
        reason.alias(_REASON), pl.col(by).fill_null(MISSING).alias(_GROUP), outside.alias(_OUTSIDE)
    )
    broken = _broken(declared, everybody.height)
    against = table.filter(pl.col(_OUTSIDE) & locked).height
    if strangers or against:
        why = (
            f"{strangers} patients of the locked cohort are not in {membership.name}"
            if strangers
            else f"{against} patients of the locked cohort are not selected by its rules"
        )
        return _open(by, everybody.height, why) | broken
    order = [*dict.fromkeys(names), NOT_LOCKED, NO_LABEL, NO_SCORE]
    found = cohort_flow(table.lazy(), _REASON, order, _GROUP, membership.name)
    gone = {(name,): why for name, why in withheld.items() if name in found.groups}
    small = hidden({(name,): n for name, n in found.groups.items()}, min_n, gone)
    return {
        "by": by,
        "screened": found.screened,
        "steps": [step.as_json() for step in found.steps],
        "analysed": found.analysed,
        "groups": [{"group": name, "n": None if (name,) in small else n} for name, n in found.groups.items()],
    } | broken


def _open(by: str, screened: int, why: str) -> dict[str, Any]:
    return {
        "by": by,
        "screened": screened,
        "steps": [],
        "analysed": None,
        "groups": [],
        "undecided": f"the flow does not close: {why}",
    }


def _broken(declared: Sequence[Mapping[str, Any]], screened: int) -> dict[str, Any]:
    """What does not close in the flow that the splits record states; nothing where it states none."""
    if not declared:
        return {"declared_faults": []}
    steps = [Step(str(item["step"]), int(item["n_in"]), int(item["n_out"])) for item in declared]
    return {"declared_faults": list(faults(screened, steps))}


def _rule(rule: Mapping[str, Any]) -> str:
    values = ", ".join(str(value) for value in rule["values"])
    return f"{rule['column']} {'not in' if rule['operator'] == 'in' else 'in'} {values}"


def described(
    spec: TableOneSpec,
    membership: Path,
    layers: Mapping[str, Path],
    members: Path,
    training: Path | None,
    level: float,
    min_n: int,
    withheld: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """Return `table_one` of `evaluation.json`.

    Args:
        spec: what the plan asks for.
        membership: one row a patient, `patient_id`, `partition` and more.
        layers: layer to table (features, labels), with `patient_id`; the first that has a column gives it.
        members: the locked cohort.
        training: patients whose outcomes shaped the model; those who are also evaluated count as evaluated.
        level: confidence level.
        min_n: smaller cells are suppressed.
        withheld: column to levels that are hidden as subgroups of the evaluated, and why.

    Raises:
        UnreadableInput: a column that no table has, a patient twice in one of them, an absent reference.
    """
    offered = {membership: _columns(membership), **{path: _columns(path) for path in layers.values()}}
    where = {
        name: next((path for path, columns in offered.items() if name in columns), None)
        for name in spec.columns
    }
    lost = [name for name, path in where.items() if path is None]
    if lost:
        raise UnreadableInput(
            f"the plan's Table 1 describes {lost[0]!r}, which no table of splits, features or labels has",
            hint="They have " + ", ".join(sorted({name for columns in offered.values() for name in columns})),
        )
    mine = [name for name, path in where.items() if path == membership]
    wanted = [*mine, PARTITION] if spec.by == PARTITION else mine
    rows = _patients(membership, wanted, "Table 1", as_text=False)
    for path in layers.values():
        theirs = [name for name, chosen in where.items() if chosen == path]
        if theirs:
            rows = rows.join(_patients(path, theirs, "Table 1", as_text=False), on=_KEY, how="left")
    if spec.by != PARTITION:
        rows = rows.with_columns(_use(members, training).alias(_USE))
    made = table_one(
        rows.lazy(),
        spec.columns,
        PARTITION if spec.by == PARTITION else _USE,
        spec.reference,
        levels=spec.levels,
        level=level,
        min_n=min_n,
        name="the tables of Table 1",
    )
    rows_shown = tuple(_unless_hidden(row, withheld) for row in made.rows)
    return {"by": spec.by} | replace(made, rows=rows_shown).as_json()


def _unless_hidden(row: Characteristic, withheld: Mapping[str, Mapping[str, str]]) -> Characteristic:
    reason = withheld.get(row.column, {}).get(row.level or "")
    if reason is None:
        return row
    return replace(
        row, entries=tuple(Entry(entry.partition, None, None, undecided=reason) for entry in row.entries)
    )


def _use(members: Path, training: Path | None) -> pl.Expr:
    use = pl.lit(OTHER)
    for path, name in ((training, TRAINING), (members, EVALUATED)):
        if path is not None:
            ids = _patients(path, [], "Table 1")[_KEY]
            use = pl.when(pl.col(_KEY).is_in(ids.implode())).then(pl.lit(name)).otherwise(use)
    return use


def _columns(path: Path) -> list[str]:
    return open_table(path).collect_schema().names()


def _patients(path: Path, columns: Sequence[str], what: str, as_text: bool = True) -> pl.DataFrame:
    """Columns of a table with one row a patient, the patient's id as text under `_KEY`."""
    table = open_table(path)
    names = list(dict.fromkeys(columns))
    require(table.collect_schema().names(), [PATIENT, *names], path)
    chosen = [pl.col(name).cast(pl.String) if as_text else pl.col(name) for name in names]
    frame = collect(table.select(pl.col(PATIENT).cast(pl.String).alias(_KEY), *chosen), path).unique()
    repeated = frame.height - frame[_KEY].n_unique()
    if repeated:
        raise UnreadableInput(
            f"{path.name} holds {repeated} patients in several rows, and {what} counts a patient once",
            hint="Give one row a patient, or a plan without it.",
        )
    return frame.sort(_KEY)


def sentences(spec: TableOneSpec | None, by: str | None) -> str:
    """What was done about who was studied."""
    parts = []
    if by is not None:
        parts.append(
            "The flow of patients was counted from the splits' table through the cohort's rules to the rows "
            "analysed; each step begins with who was left before it."
        )
    if spec is not None:
        groups = "partition of the splits" if spec.by == PARTITION else "use by this release"
        parts.append(
            f"Table 1 describes patients by {groups}; differences from {spec.reference} are standardised "
            "(Austin 2009), with Hedges and Olkin's interval (1985)."
        )
    return " ".join(parts)
