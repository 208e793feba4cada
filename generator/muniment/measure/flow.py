"""From everybody who was screened to everybody who was analysed: every step closes, nobody is lost.

Counts of exclusions are shown whatever their size: a flow that hides one does not close, and an exclusion
tells a reason, not a patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.missing import field_missing, read_columns
from muniment.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One exclusion."""

    step: str
    """Reason of exclusion."""
    n_in: int
    n_out: int

    @property
    def excluded(self) -> int:
        """Who leaves here."""
        return self.n_in - self.n_out

    def as_json(self) -> dict[str, Any]:
        """The step in the shape of the split records, with who leaves."""
        return {"step": self.step, "n_in": self.n_in, "n_out": self.n_out, "excluded": self.excluded}


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow that closes."""

    screened: int
    steps: tuple[Step, ...]
    groups: Mapping[str, int]
    """Where those who are left went (partitions, arms); they add up. Empty where that was not asked."""

    @property
    def analysed(self) -> int:
        """Who is left after the last step."""
        return self.steps[-1].n_out if self.steps else self.screened

    def as_json(self) -> dict[str, Any]:
        """Screened, steps, analysed, groups."""
        return {
            "screened": self.screened,
            "steps": [step.as_json() for step in self.steps],
            "analysed": self.analysed,
            "groups": [{"group": name, "n": n} for name, n in self.groups.items()],
        }


def faults(screened: int, steps: Iterable[Step], groups: Mapping[str, int] | None = None) -> tuple[str, ...]:
    """Return what does not close in a flow written by hand; nothing where it closes.

    Each step must begin with who was left before it, lose nobody below zero, and the groups must hold exactly
    who is left at the end.
    """
    out, left = [], screened
    for step in steps:
        if step.n_in != left:
            out.append(f"{step.step!r} begins with {step.n_in} where {left} were left")
        if not 0 <= step.n_out <= step.n_in:
            out.append(f"{step.step!r} leaves {step.n_out} of {step.n_in}")
        left = step.n_out
    if groups and sum(groups.values()) != left:
        out.append(f"the groups hold {sum(groups.values())} of the {left} who are left")
    return tuple(out)


def cohort_flow(
    table: pl.LazyFrame,
    reason: str,
    order: Sequence[str],
    group: str | None = None,
    name: str = "the table",
) -> Flow:
    """Make a flow from a table with a row for everybody who was screened.

    Args:
        table: any order of rows.
        reason: column with the first exclusion that holds; empty for whoever was analysed.
        order: all exclusions in the order of the protocol; one that excluded nobody is listed with zero.
        group: column that says where the analysed went; empty cells are refused.
        name: what messages call the table.

    Raises:
        UnreadableInput: a missing column, no rows, an exclusion that `order` lacks, or somebody who was
            analysed in no group.
        UsageError: an exclusion is listed twice.
    """
    if len(set(order)) != len(order):
        raise UsageError("an exclusion stands twice in the order of the flow")
    columns = [reason] if group is None else [reason, group]
    frame = read_columns(table, columns, name)
    kept = field_missing(frame[reason])
    words = frame[reason].filter(~kept).cast(pl.String).str.strip_chars()
    counted = {str(word): int(n) for word, n in words.value_counts(name="n").rows()}
    unknown = sorted(set(counted) - set(order))
    if unknown:
        raise UnreadableInput(
            f"{len(unknown)} exclusions are not in the protocol's order: {', '.join(map(repr, unknown[:5]))}",
            hint=f"The order has {', '.join(map(repr, order[:12])) or 'none'}.",
        )
    left, steps = frame.height, []
    for word in order:
        steps.append(Step(word, left, left - counted.get(word, 0)))
        left -= counted.get(word, 0)
    groups: dict[str, int] = {}
    if group is not None:
        where = frame[group].filter(kept)
        lost = int(field_missing(where).sum())
        if lost:
            raise UnreadableInput(
                f"{lost} of the {left} who were analysed are in no {group}",
                hint="Everybody must be accounted for: name the group, or the exclusion.",
            )
        found = where.cast(pl.String).str.strip_chars().value_counts(name="n").rows()
        groups = {str(word): int(n) for word, n in sorted(found)}
    flow = Flow(frame.height, tuple(steps), groups)
    broken = faults(flow.screened, flow.steps, flow.groups)
    assert not broken, broken
    return flow
