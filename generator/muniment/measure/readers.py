"""Reader studies: every reader reads every case in every modality (fully crossed).

Obuchowski and Rockette (1995, Commun Stat Simul Comput 24:285) model the reader-averaged areas by an analysis
of variance whose errors covary, since the cases are the same. The covariances come from DeLong's placements;
degrees of freedom are those of Hillis (2007, Stat Med 26:596). Three questions can be asked of one study:
readers and cases both stand for others (the default), the readers are just these, or the cases are.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from muniment.errors import UnreadableInput, UsageError
from muniment.measure.discrimination import placements, too_few
from muniment.measure.distributions import chi_square_p, critical, f_p, t_critical, t_two_sided, two_sided
from muniment.measure.kernel import Floats, RankState
from muniment.measure.prepare import CLUSTER, LABEL, SCORE, TableSpec, prepare
from muniment.measure.result import Result, undecided
from muniment.measure.suppression import fewer
from muniment.measure.tables import collect, require
from muniment.model.dataclass import dataclass
from muniment.model.estimate import rounded

OR_HILLIS = "obuchowski-rockette-hillis"
RANDOM = {
    "readers and cases": OR_HILLIS,
    "cases": f"{OR_HILLIS}-fixed-readers",
    "readers": "anova-fixed-cases",
}
"""What stands for more than itself, and what the method is then called."""
MOST_READERS = 1000
"""Modalities times readers of a study: their areas have as many covariances as the square of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Readings of a fully crossed study, reduced to areas and their covariances."""

    modalities: tuple[str, ...]
    readers: tuple[str, ...]
    cases: int
    events: int
    areas: Floats
    """Shape (modalities, readers)."""
    covariances: Floats
    """DeLong's, shape (modalities, readers, modalities, readers)."""


@dataclass(frozen=True, slots=True)
class Components:
    """Mean squares of the areas and the error covariances, on the scale of squared areas."""

    modality: float
    """Mean square of modalities."""
    reader: float
    """Mean square of readers."""
    interaction: float
    """Mean square of modality by reader."""
    variance: float
    """Mean variance of one area."""
    cov1: float
    """Mean covariance of one reader's areas in two modalities."""
    cov2: float
    """Mean covariance of two readers' areas in one modality."""
    cov3: float
    """Mean covariance of two readers' areas in two modalities."""


@dataclass(frozen=True, slots=True)
class ReaderEffect:
    """A reader-averaged area, or the difference of two (first minus second)."""

    a: str
    b: str | None
    """The second modality; `None` for the area of `a` itself."""
    result: Result
    error: float | None = None
    """Standard error."""
    df: float | None = None
    """Degrees of freedom; infinite where the interval is normal."""
    p: float | None = None
    """Two-sided, against no difference."""

    def as_json(self) -> dict[str, Any]:
        """One entry of `effects` or `areas`."""
        out: dict[str, Any] = {
            "modality": self.a,
            "value": rounded(self.result.value),
            "low": rounded(self.result.low),
            "high": rounded(self.result.high),
            "standard_error": rounded(self.error),
            "df": rounded(self.df),
            "method": self.result.method,
        }
        if self.b is not None:
            out |= {"against": self.b, "p": rounded(self.p)}
        return out | ({"undecided": self.result.undecided} if self.result.undecided else {})


@dataclass(frozen=True, slots=True)
class ReaderStudy:
    """What a reader study shows."""

    random: str
    """What stands for more than itself, a key of `RANDOM`."""
    modalities: tuple[str, ...]
    readers: tuple[str, ...]
    n: int | None
    """Cases; `None` where suppressed."""
    events: int | None
    level: float
    areas: tuple[ReaderEffect, ...] = ()
    """Reader-averaged area of each modality."""
    effects: tuple[ReaderEffect, ...] = ()
    """Difference of each pair of modalities, in their order."""
    components: Components | None = None
    statistic: float | None = None
    """F of equal modalities."""
    df1: float | None = None
    df2: float | None = None
    p: float | None = None
    undecided: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Everything, numbers rounded; infinite degrees of freedom are `null`."""
        found = self.components
        out: dict[str, Any] = {
            "random": self.random,
            "method": RANDOM[self.random],
            "modalities": list(self.modalities),
            "readers": len(self.readers),
            "n": self.n,
            "events": self.events,
            "level": self.level,
            "areas": [item.as_json() for item in self.areas],
            "effects": [item.as_json() for item in self.effects],
            "components": None
            if found is None
            else {name: rounded(getattr(found, name)) for name in found.__dataclass_fields__},
            "f": rounded(self.statistic),
            "df1": rounded(self.df1),
            "df2": rounded(self.df2),
            "p": rounded(self.p),
        }
        return out | ({"undecided": self.undecided} if self.undecided else {})


def reader_study(
    study: Study, random: str = "readers and cases", level: float = 0.95, min_n: int = 10
) -> ReaderStudy:
    """Analyse a fully crossed study.

    With `t` modalities and `r` readers the denominator of F and of every difference is
    `MS(TR) + r · max(Cov2 − Cov3, 0)` where readers and cases are random, with Hillis' degrees of freedom
    `denominator² / (MS(TR)² / ((t − 1)(r − 1)))`; `MS(TR)` with `(t − 1)(r − 1)` where only readers are; and
    `Var − Cov1 + (r − 1) · max(Cov2 − Cov3, 0)` with infinite ones where only cases are. A difference has
    the standard error `√(2 · denominator / r)` and Student's t interval.

    Args:
        study: made by `read_study`.
        random: a key of `RANDOM`.
        level: confidence level.
        min_n: fewer cases are suppressed.

    Raises:
        UsageError: `random` is no key of `RANDOM`.
    """
    if random not in RANDOM:
        raise UsageError(f"{random!r} cannot be random in a reader study", hint=f"Use {', '.join(RANDOM)}.")
    if study.cases < min_n:
        nothing = fewer(min_n)
        return ReaderStudy(random, study.modalities, study.readers, None, None, level, undecided=nothing)
    reason = too_few(RankState(study.events, study.cases - study.events, 0, 0.0, 0.0))
    if reason is None and (len(study.modalities) < 2 or len(study.readers) < 2):
        reason = "fewer than two modalities" if len(study.modalities) < 2 else "fewer than two readers"
    if reason:
        return ReaderStudy(
            random, study.modalities, study.readers, study.cases, study.events, level, undecided=reason
        )
    found = components(study)
    t, r = study.areas.shape
    spread, df = denominator(found, random, t, r)
    means = study.areas.mean(axis=1)
    f = found.modality / spread if spread > 0 else None
    return ReaderStudy(
        random,
        study.modalities,
        study.readers,
        study.cases,
        study.events,
        level,
        tuple(_area(study, index, float(mean), random, level) for index, mean in enumerate(means)),
        tuple(
            difference(
                (study.modalities[i], study.modalities[j]),
                float(means[i] - means[j]),
                spread,
                df,
                r,
                random,
                level,
            )
            for i, j in itertools.combinations(range(t), 2)
        ),
        found,
        f,
        float(t - 1),
        df,
        None if f is None else _f_tail(f, t - 1, df),
    )


def components(study: Study) -> Components:
    """Mean squares of the areas and means of their covariances."""
    areas = study.areas
    t, r = areas.shape
    grand, by_modality, by_reader = areas.mean(), areas.mean(axis=1), areas.mean(axis=0)
    left = areas - by_modality[:, None] - by_reader[None, :] + grand
    same_modality = np.eye(t, dtype=bool)[:, None, :, None] & np.ones((t, r, t, r), dtype=bool)
    same_reader = np.eye(r, dtype=bool)[None, :, None, :] & np.ones((t, r, t, r), dtype=bool)

    def mean(which: Any) -> float:
        return float(study.covariances[which].mean())

    return Components(
        r * float(((by_modality - grand) ** 2).sum()) / (t - 1),
        t * float(((by_reader - grand) ** 2).sum()) / (r - 1),
        float((left * left).sum()) / ((t - 1) * (r - 1)),
        mean(same_modality & same_reader),
        mean(~same_modality & same_reader),
        mean(same_modality & ~same_reader),
        mean(~same_modality & ~same_reader),
    )


def denominator(found: Components, random: str, modalities: int, readers: int) -> tuple[float, float]:
    """The mean square that differences of modalities are weighed by, and its degrees of freedom."""
    common = max(found.cov2 - found.cov3, 0.0)
    plain = float((modalities - 1) * (readers - 1))
    match random:
        case "readers":
            return found.interaction, plain
        case "cases":
            return found.variance - found.cov1 + (readers - 1) * common, math.inf
        case _:
            spread = found.interaction + readers * common
            return spread, plain * (spread / found.interaction) ** 2 if found.interaction > 0 else math.inf


def difference(
    pair: tuple[str, str], value: float, spread: float, df: float, readers: int, random: str, level: float
) -> ReaderEffect:
    """The difference of two reader-averaged areas with its interval and p value."""
    error = math.sqrt(2 * max(spread, 0.0) / readers)
    return _effect(*pair, value, error, df, random, level)


def _area(study: Study, index: int, mean: float, random: str, level: float) -> ReaderEffect:
    """The reader-averaged area of one modality, from this modality's readings alone (Hillis 2007)."""
    areas, covariances = study.areas[index], study.covariances[index][:, index]
    r = len(areas)
    square = float(((areas - areas.mean()) ** 2).sum()) / (r - 1)
    variance = float(np.diagonal(covariances).mean())
    cov2 = float(covariances[~np.eye(r, dtype=bool)].mean())
    match random:
        case "readers":
            spread, df = square, float(r - 1)
        case "cases":
            spread, df = variance + (r - 1) * max(cov2, 0.0), math.inf
        case _:
            spread = square + r * max(cov2, 0.0)
            df = (r - 1) * (spread / square) ** 2 if square > 0 else math.inf
    return _effect(study.modalities[index], None, mean, math.sqrt(max(spread, 0.0) / r), df, random, level)


def _effect(
    a: str, b: str | None, value: float, error: float, df: float, random: str, level: float
) -> ReaderEffect:
    method = RANDOM[random]
    if error == 0:
        return ReaderEffect(a, b, undecided(method, "the readings do not vary: no interval"))
    reach = t_critical(level, df) * error if math.isfinite(df) else critical(level) * error
    low, high = (-1.0, 1.0) if b is not None else (0.0, 1.0)
    result = Result(value, max(value - reach, low), min(value + reach, high), method)
    z = value / error
    p = t_two_sided(z, df) if math.isfinite(df) else two_sided(z)
    return ReaderEffect(a, b, result, error, df, None if b is None else p)


def _f_tail(f: float, df1: int, df2: float) -> float:
    # An F with infinite degrees of freedom below is a chi-square over its own.
    return f_p(f, df1, df2) if math.isfinite(df2) else chi_square_p(f * df1, df1)


def read_study(table: pl.LazyFrame, spec: TableSpec, reader: str, modality: str, case: str) -> Study:
    """Read a long table, one row a reading.

    Args:
        table: any order of rows.
        spec: label and score columns; the label is a case's truth and the same in all its rows.
        reader: column of the reader.
        modality: column of the modality (or of the arm: unaided, aided).
        case: column of the case.

    Raises:
        UnreadableInput: a missing column, a case with two truths, a reading given twice, or one that lacks:
            then how many readings of each modality are there.
    """
    names = (reader, modality, case)
    require(table.collect_schema().names(), names, spec.name)
    ids = collect(table.select(pl.col(name).cast(pl.String) for name in names), spec.name)
    shown = Path(spec.name).name
    empty = ids.filter(pl.any_horizontal(pl.all().is_null())).height
    if empty:
        raise UnreadableInput(f"{shown} has {empty} rows without a reader, a modality or a case")
    twice = ids.height - ids.n_unique()
    if twice:
        raise UnreadableInput(
            f"{shown} holds {twice} readings of a case by a reader in a modality that stands there before",
            hint="Give one score a reading; a second session is a modality of its own.",
        )
    prepared = prepare(table, replace(spec, by=(reader, modality), cluster=case))
    if sum(prepared.excluded.values()):
        raise UnreadableInput(
            f"{shown} has {prepared.excluded['null_label']} readings without a truth and "
            f"{prepared.excluded['null_score']} without a score",
            hint="A fully crossed study needs every reading; leave out the cases that lack one, and say so.",
        )
    rows = prepared.frame.select(
        LABEL,
        SCORE,
        pl.col(CLUSTER).alias("case"),
        pl.col(f"by:{reader}").alias("reader"),
        pl.col(f"by:{modality}").alias("modality"),
    ).sort("modality", "reader", "case")
    truths = (
        rows.group_by("case").agg(pl.col(LABEL).n_unique().alias("n"), pl.col(LABEL).first()).sort("case")
    )
    torn = truths.filter(pl.col("n") > 1).height
    if torn:
        raise UnreadableInput(f"{shown} has {torn} cases with two truths", hint="A case has one reference.")
    modalities, readers = (tuple(rows[name].unique().sort().to_list()) for name in ("modality", "reader"))
    if len(modalities) * len(readers) > MOST_READERS:
        raise UnreadableInput(
            f"{shown} has {len(modalities)} modalities and {len(readers)} readers; {MOST_READERS} pairs "
            "can be compared",
            hint="Check which columns are the modality, the reader and the case.",
        )
    expected = len(modalities) * len(readers) * truths.height
    if rows.height != expected:
        found = rows.group_by("modality").len().sort("modality").rows()
        raise UnreadableInput(
            f"{shown} is not fully crossed: {len(modalities)} modalities, {len(readers)} readers and "
            f"{truths.height} cases make {expected} readings, there are {rows.height} "
            f"({', '.join(f'{name}: {n}' for name, n in found)})",
            hint="Every reader must read every case in every modality.",
        )
    labels = truths[LABEL].to_numpy()
    scores = rows[SCORE].to_numpy().reshape(len(modalities), len(readers), truths.height)
    return study_of(labels, scores, modalities, readers)


def study_of(labels: Any, scores: Floats, modalities: tuple[str, ...], readers: tuple[str, ...]) -> Study:
    """Areas and covariances of readings of shape (modalities, readers, cases), cases in a fixed order."""
    t, r, cases = scores.shape
    events = int(np.count_nonzero(labels))
    areas, covariances = np.full((t, r), np.nan), np.full((t, r, t, r), np.nan)
    if min(events, cases - events) < 2:
        return Study(modalities, readers, cases, events, areas, covariances)
    found = [placements(labels, scores[i, j]) for i in range(t) for j in range(r)]
    areas = np.array([area for area, _, _ in found]).reshape(t, r)
    total = np.zeros((t * r, t * r))
    for side in ([item[1] for item in found], [item[2] for item in found]):
        centred = [placed - placed.mean() for placed in side]
        size = len(centred[0])
        for (i, mine), (j, theirs) in itertools.combinations_with_replacement(enumerate(centred), 2):
            total[i, j] += float((mine * theirs).sum()) / (size - 1) / size
            total[j, i] = total[i, j]
    return Study(modalities, readers, cases, events, areas, total.reshape(t, r, t, r))
