"""`muniment measure`, `compare` and `drift`: anybody's table, with no project around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from muniment.cli.common import ExitCode, aligned, emit_json, format_option, paragraph, quiet_option, say
from muniment.cli.display import teller

F = TypeVar("F", bound=Callable[..., Any])


def table_options(function: F) -> F:
    """Add how a table of predictions is read."""
    for option in (
        click.option(
            "--min-n", type=click.IntRange(1), default=10, show_default=True, help="Suppress smaller cells."
        ),
        click.option("--level", type=float, default=0.95, show_default=True, help="Confidence level."),
        click.option("--lower-is-positive", is_flag=True, help="Low scores mean the positive class."),
        click.option("--positive", metavar="VALUE", help="The label's positive value (default: 1 or true)."),
        click.option("--score", required=True, metavar="COL", help="Column with the score."),
        click.option("--label", required=True, metavar="COL", help="Column with the outcome."),
    ):
        function = option(function)
    return function


@click.command(
    epilog="Example: muniment measure predictions.parquet --label died --score risk --threshold 0.35 "
    "--by sex --by site,sex"
)
@click.argument("table", metavar="TABLE")
@table_options
@click.option("--threshold", "thresholds", multiple=True, type=float, metavar="T", help="Operating point.")
@click.option("--by", multiple=True, metavar="COL[,COL...]", help="Subgroups; a comma makes an intersection.")
@click.option("--cluster", metavar="COL", help="Patient column, where a patient has several rows.")
@click.option("--weight", metavar="COL", help="Column with the number of equal rows a row stands for.")
@click.option(
    "--interval", type=click.Choice(["wilson", "clopper-pearson"]), default="wilson", show_default=True
)
@click.option(
    "--bootstrap", type=int, metavar="N", help="Intervals from N replicates, of patients with --cluster."
)
@click.option("--seed", type=int, metavar="S", default=0, show_default=True, help="Seed of the bootstrap.")
@click.option(
    "--partial-fpr",
    type=float,
    metavar="MAX",
    help="Partial AUROC up to this false positive rate (needs --bootstrap).",
)
@click.option(
    "--prevalence", type=float, metavar="P", help="PPV and NPV at the prevalence of the intended use."
)
@click.option("--engine", type=click.Choice(["polars", "spark"]), default="polars", show_default=True)
@quiet_option
@format_option("text", "json")
def measure(
    table: str,
    label: str,
    score: str,
    positive: str | None,
    lower_is_positive: bool,
    level: float,
    min_n: int,
    thresholds: tuple[float, ...],
    by: tuple[str, ...],
    cluster: str | None,
    weight: str | None,
    interval: str,
    bootstrap: int | None,
    seed: int,
    partial_fpr: float | None,
    prevalence: float | None,
    engine: str,
    quiet: bool,
    output: str,
) -> int:
    """Compute metrics with intervals from the row-level predictions in TABLE.

    TABLE is Parquet, CSV (also .gz, .zst) or Arrow IPC: one path or a quoted glob.
    """
    from muniment.measure import MeasureRequest, measure_table

    progress = teller(quiet)
    found = measure_table(
        MeasureRequest(
            table=table,
            label=label,
            score=score,
            positive=positive,
            lower_is_positive=lower_is_positive,
            thresholds=thresholds,
            by=tuple(tuple(part.split(",")) for part in by),
            level=level,
            interval=interval,
            min_n=min_n,
            cluster=cluster,
            weight=weight,
            bootstrap=bootstrap,
            seed=seed,
            partial_fpr=partial_fpr,
            prevalence=prevalence,
            engine=engine,
        ),
        progress=progress,
    )
    progress("")
    if output == "json":
        emit_json(found.as_json())
        return ExitCode.CLEAN
    say(aligned(found.table()))
    paragraph(found.methods)
    return ExitCode.CLEAN


@click.command(
    epilog="Example: muniment compare new.parquet old.parquet --label died --score risk --id patient "
    "--threshold 0.35 --margin 0.02"
)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@table_options
@click.option("--score-b", metavar="COL", help="Column with B's score, where it has another name.")
@click.option("--id", "identifier", metavar="COL", help="Patient column; with it the comparison is paired.")
@click.option("--threshold", type=float, metavar="T", help="Operating point of A (and of B).")
@click.option("--threshold-b", type=float, metavar="T", help="Operating point of B, where it differs.")
@click.option("--margin", type=float, metavar="M", help="Non-inferiority margin on the AUROC.")
@quiet_option
@format_option("text", "json")
def compare(
    a: str,
    b: str,
    label: str,
    score: str,
    positive: str | None,
    lower_is_positive: bool,
    level: float,
    min_n: int,
    score_b: str | None,
    identifier: str | None,
    threshold: float | None,
    threshold_b: float | None,
    margin: float | None,
    quiet: bool,
    output: str,
) -> int:
    """Compare two tables of predictions; every difference is A minus B."""
    from muniment.measure import CompareRequest, compare_tables

    progress = teller(quiet)
    found = compare_tables(
        CompareRequest(
            a=a,
            b=b,
            label=label,
            score=score,
            score_b=score_b,
            id=identifier,
            positive=positive,
            lower_is_positive=lower_is_positive,
            threshold=threshold,
            threshold_b=threshold_b,
            level=level,
            margin=margin,
            min_n=min_n,
        ),
        progress=progress,
    )
    progress("")
    if output == "json":
        emit_json(found.as_json())
        return ExitCode.CLEAN
    say(aligned(found.table()))
    verdict = found.verdict()
    if verdict is not None:
        paragraph(verdict)
    paragraph(found.methods)
    return ExitCode.CLEAN


@click.command(
    epilog="Example: muniment drift baseline.parquet '2025Q4/*.parquet' --columns age,ward --levels ward"
)
@click.argument("baseline", metavar="BASELINE")
@click.argument("window", metavar="WINDOW")
@click.option(
    "--columns",
    multiple=True,
    metavar="COL[,COL...]",
    help="What to compare (default: all columns in common).",
)
@click.option("--levels", multiple=True, metavar="COL[,COL...]", help="Columns whose numbers are names.")
@click.option(
    "--min-n", type=click.IntRange(1), default=10, show_default=True, help="Fewer values are not compared."
)
@quiet_option
@format_option("text", "json")
def drift(
    baseline: str,
    window: str,
    columns: tuple[str, ...],
    levels: tuple[str, ...],
    min_n: int,
    quiet: bool,
    output: str,
) -> int:
    """Show how far each column's distribution in WINDOW is from the one in BASELINE.

    Both are Parquet, CSV (also .gz, .zst) or Arrow IPC: one path or a quoted glob each.
    """
    from muniment.measure import DriftRequest, drift_tables

    request = DriftRequest(baseline, window, _split(columns), _split(levels), min_n)
    progress = teller(quiet)
    found = drift_tables(request, progress=progress)
    progress("")
    if output == "json":
        emit_json(found.as_json())
        return ExitCode.CLEAN
    say(aligned(found.table()))
    if found.left_out:
        paragraph(f"only in one of the tables: {', '.join(found.left_out)}")
    paragraph(found.methods)
    return ExitCode.CLEAN


def _split(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for name in names for part in name.split(",") if part))
