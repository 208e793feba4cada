"""Measures beside what a user would pick instead, on the same generated tables, in one run.

Every piece of work is a process of its own (`bench/work.py`); ours and a peer's run in turn, so that a noisy
machine hurts both, and the ratio printed is the median of the paired ratios. The numbers must agree, or the
run fails; a goal that is missed is shown as missed and fails nothing.

    python bench/measure.py [--quick | --full | --huge] [--peers PYTHON] [--only CASE] [--write]

`--quick` (the default) takes some ten minutes up to 1 M rows, `--full` goes to 10 M and takes twice that,
`--huge` measures one table of 100 M rows and nothing else.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import page

CHECKOUT = Path(__file__).resolve().parents[1]
WORK = Path(__file__).with_name("work.py")
TABLES = Path(__file__).with_name("tables.py")
PEERS = CHECKOUT / "build" / "bench" / "bin" / "python"
AGREE = 1e-9
"""Largest difference between our number and a peer's, relative above 1."""
PATIENCE = 60.0
"""Seconds after which no further pair of a case is begun."""
LOOSE = {"confidenceinterval": 1e-5, "MLstatkit": 1e-5}
"""Peers that rank in single precision or accumulate it, so that their areas drift as the rows grow."""
PACKAGES = (
    *("scikit-learn", "confidenceinterval", "MLstatkit", "fairlearn", "evidently", "ydata-profiling"),
    *("scipy", "pandas", "numpy"),
)
READING = """
**How to read it.** Every line is the same work on the same generated table, ours and the peer's in turn, each
in a process of its own. *Ours* and *peer* are median wall-clock seconds of the work without imports; the
*ratio* is the median of the paired ratios, and *processor* the same ratio of processor time, which a busy
machine distorts less. *Peak* is the largest resident size of the whole process in MB, interpreter and
libraries included, and *B a row* what the work added to it. Where a goal stands it is the one of the design;
*missed* says so and fails nothing. What both compute agrees within 1e-9, or the run would have failed:
areas, intervals, z values, every point estimate of the suite, bootstrap percentiles (the same draws), counts
of patients, digests and profiles, and each drift statistic except evidently's, which uses bins of its own.
Our suite has an interval for every estimate and the calibration fits; scikit-learn's and fairlearn's are
points alone. *Whole process* is a command from start to exit, imports and all. confidenceinterval and
MLstatkit rank in single precision: their areas drift as the rows grow, and are held to 1e-5 only.

Left out: R's pROC (no Python package; the reference tests hold its numbers). Without `--full` nothing has
10 M rows but the patients, fairlearn has 100 k, and evidently 5 columns of 100 k.
"""
SMALL_SUITE = """
The suite of 10,000 rows misses its goal. Of about 18 ms of processor time on an idle core 5 are what Polars
takes to open its first file, 3 its first plans and casts, 2 everybody's estimates, 2 the calibration fits of
the 20 sites, and 5 their other estimates, 580 of them with their intervals. scikit-learn has no calibration
in that line; with it, the line is that of *scikit-learn, calibrated*."""


COLD_PROFILE = """
The profile misses its goal where the peer is quick: a second one in the same process takes two thirds of the
time, for the first asks the system for memory that it has not yet handed out. Half of the rest is reading, a
third sorting the columns of numbers, and a sixth counting two columns of words."""


@dataclass(frozen=True)
class Run:
    """What one process told and took."""

    seconds: float
    processor: float
    whole: float
    """Wall-clock seconds from start to exit."""
    peak: float
    """MB."""
    added: float | None
    """Bytes that the work added to what was resident before it, at most; `None` where nobody knows."""
    numbers: dict[str, float]


@dataclass(frozen=True)
class Case:
    """A piece of work at one size."""

    name: str
    rows: int
    peer: str
    goal: float | None = None
    most: float | None = None
    """A goal in seconds, where there is no peer to beat."""
    whole: bool = False
    why: str = ""
    """Why the goal is missed, where it is."""


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    case: Case
    ours: Run
    peer: Run | None
    ratio: float | None
    processor: float | None

    @property
    def seconds(self) -> tuple[float, float | None]:
        """Ours and the peer's, of the work or of the whole process."""
        kind = "whole" if self.case.whole else "seconds"
        return getattr(self.ours, kind), getattr(self.peer, kind) if self.peer else None

    def verdict(self) -> str:
        """The goal and whether it was met."""
        if self.case.goal is not None and self.ratio is not None:
            return f"{self.case.goal:g} ×" + ("" if self.ratio >= self.case.goal else " **missed**")
        if self.case.most is not None:
            return f"{self.case.most:g} s" + ("" if self.seconds[0] <= self.case.most else " **missed**")
        return ""


def run(command: Sequence[str]) -> tuple[bytes, float, float, float]:
    """Output, wall-clock seconds, processor seconds and peak MB of one child."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, env=environment)
        assert child.stderr is not None
        told = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        out.seek(0)
        if child.returncode:
            sys.exit(f"{' '.join(command[-3:])} failed: {told.decode()[-2000:]}")
        scale = 1e6 if sys.platform == "darwin" else 1e3
        return out.read(), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale


def once(python: Path, case: Case, who: str, folder: Path) -> Run:
    """One process of ours or a peer's."""
    if case.whole:
        command = [str(python), str(WORK), "suite", who, str(folder)]
        if who == "ours":
            table = str(folder / "t.parquet")
            options = ["--label", "y", "--score", "s", "--threshold", "0.5", "--by", "site", "--min-n", "1"]
            command = [str(python), "-m", "muniment.cli.main", "measure", table, *options, "--format", "json"]
        out, wall, spent, peak = run(command)
        return Run(wall, spent, wall, peak, None, _numbers(json.loads(out)))
    out, wall, _, peak = run([str(python), str(WORK), case.name, who, str(folder)])
    body = json.loads(out.splitlines()[-1])
    return Run(body["seconds"], body["processor"], wall, peak, body["added"], body["numbers"])


def _numbers(body: dict[str, Any]) -> dict[str, float]:
    if "numbers" in body:
        return dict(body["numbers"])
    return {
        f"{item['cohort'].get('site', '')}:{item['metric']}": item["value"]
        for item in body["estimates"]
        if item["value"] is not None
    }


def agree(case: Case, ours: Run, peer: Run) -> None:
    """End the run where a number that both give differs."""
    shared = ours.numbers.keys() & peer.numbers.keys()
    if not shared and case.peer != "evidently":
        sys.exit(f"{case.name}: {case.peer} gives none of our numbers")
    for name in sorted(shared):
        mine, theirs = ours.numbers[name], peer.numbers[name]
        if abs(mine - theirs) > LOOSE.get(case.peer, AGREE) * max(1.0, abs(theirs)):
            sys.exit(f"{case.name} at {case.rows:,} rows: {name} is {mine!r}, and {theirs!r} by {case.peer}")


def measured(case: Case, folder: Path, peers: Path, repeats: int) -> Line:
    """Time a case, ours and the peer's in turn, until it is enough or has taken long enough."""
    ours: list[Run] = []
    theirs: list[Run] = []
    began = time.perf_counter()
    while len(ours) < repeats and (not ours or time.perf_counter() - began < PATIENCE):
        ours.append(once(Path(sys.executable), case, "ours", folder))
        if case.peer:
            theirs.append(once(peers, case, case.peer, folder))
            agree(case, ours[-1], theirs[-1])
    if not theirs:
        return Line(case, _median(ours), None, None, None)
    kind = "whole" if case.whole else "seconds"
    pairs = list(zip(ours, theirs, strict=True))
    return Line(
        case,
        _median(ours),
        _median(theirs),
        statistics.median(getattr(peer, kind) / getattr(mine, kind) for mine, peer in pairs),
        statistics.median(peer.processor / mine.processor for mine, peer in pairs),
    )


def _median(runs: Sequence[Run]) -> Run:
    middle = [
        statistics.median(getattr(run, name) for run in runs)
        for name in ("seconds", "processor", "whole", "peak")
    ]
    known = [run.added for run in runs if run.added is not None]
    return Run(*middle, statistics.median(known) if known else None, runs[0].numbers)


def cases(full: bool) -> Iterator[Case]:
    """What is compared, at which sizes, with the goals of the design."""
    sizes = [1_000, 100_000, 1_000_000] + [10_000_000] * full
    for rows in sizes:
        yield Case("auroc", rows, "scikit-learn", {1_000_000: 4.0, 10_000_000: 7.0}.get(rows))
    for rows in sizes[2:]:
        yield Case("delong", rows, "confidenceinterval", 30.0)
        yield Case("paired", rows, "MLstatkit", 10.0)
    for rows in [10_000, *sizes[2:]]:
        goal = {10_000: 20.0, 1_000_000: 6.0, 10_000_000: 4.0}[rows]
        yield Case("suite", rows, "scikit-learn", goal, why=SMALL_SUITE if rows == 10_000 else "")
    for rows in (10_000, 1_000_000):
        yield Case("suite", rows, "scikit-learn, calibrated")
    yield Case("suite", 1_000_000, "fairlearn", 100.0) if full else Case("suite", 100_000, "fairlearn")
    yield Case("bootstrap", 10_000, "scikit-learn", 30.0)
    yield Case("cells", 1_000_000, "", most=1.0)
    yield Case("drift", 1_000_000, "scipy and pandas", 5.0)
    yield Case("drift", 1_000_000 if full else 100_000, "evidently", 10.0)
    for name in ("overlap", "overlap by name"):
        yield Case(name, 10_000_000, "pandas", 8.0)
    yield Case("snapshot", 1_000_000, "ydata-profiling", 40.0, why=COLD_PROFILE)
    yield Case("suite", 10_000, "scikit-learn", most=0.5, whole=True)


NAMES = {
    "auroc": "AUROC, ours with DeLong's interval",
    "delong": "DeLong's interval",
    "paired": "paired DeLong",
    "suite": "20-site suite from Parquet",
    "bootstrap": "clustered bootstrap of the AUROC, 2,000",
    "cells": "all threshold metrics, 2,000 clustered replicates",
    "drift": "drift, columns × 2 tables",
    "snapshot": "profile of 12 columns and SHA-256",
    "overlap": "patients that three partitions share, by number",
    "overlap by name": "patients that three partitions share, by name",
    "large": "every metric, overall, from Parquet",
}


KINDS = {"drift": "drift", "snapshot": "dataset", "overlap": "split", "overlap by name": "split"}
"""Case to its kind of table; the others have rows with scores."""


def table(lines: Sequence[Line]) -> list[str]:
    """Lines as a Markdown table."""
    out = [
        "| work | peer | rows | ours, s | peer, s | ratio | processor | goal | peak, MB | peer's | B a row |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for line in lines:
        case, (mine, theirs) = line.case, line.seconds
        name = "whole process of the suite" if case.whole else NAMES[case.name]
        cells = (
            name,
            case.peer or "–",
            f"{case.rows:,}",
            f"{mine:.4f}" if mine < 0.1 else f"{mine:.2f}",
            "" if theirs is None else f"{theirs:.4f}" if theirs < 0.1 else f"{theirs:.2f}",
            *("" if ratio is None else f"{ratio:.1f}" for ratio in (line.ratio, line.processor)),
            line.verdict(),
            f"{line.ours.peak:.0f}",
            "" if line.peer is None else f"{line.peer.peak:.0f}",
            "" if line.ours.added is None else f"{line.ours.added / case.rows:.1f}",
        )
        out.append("| " + " | ".join(cells) + " |")
    return out


def growth(lines: Sequence[Line]) -> list[str]:
    """How time grows with rows, between the two largest sizes of a comparison."""
    out = []
    for name, peer in dict.fromkeys((line.case.name, line.case.peer) for line in lines):
        own = [x for x in lines if (x.case.name, x.case.peer, x.case.whole) == (name, peer, False) and x.peer]
        if len(own) < 2:
            continue
        small, large = sorted(own, key=lambda line: line.case.rows)[-2:]
        span = math.log(large.case.rows / small.case.rows)
        mine, theirs = (
            math.log(after / before) / span
            for before, after in zip(small.seconds, large.seconds, strict=True)
            if before and after
        )
        out.append(
            f"* {NAMES[name]}, {small.case.rows:,} to {large.case.rows:,} rows: time grows with the power "
            f"{mine:.2f} of the rows, {peer}'s with {theirs:.2f}."
        )
    return out


def versions(peers: Path) -> str:
    """Of what was compared."""
    code = (
        f"import importlib.metadata as m; print(', '.join(f'{{n}} {{m.version(n)}}' for n in {PACKAGES!r}))"
    )
    own = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("polars", "numpy"))
    return f"{own}; the peers: {run([str(peers), '-c', code])[0].decode().strip()}"


def tables(folder: Path, rows: int, kind: str) -> None:
    """Write the tables of a case in a process of its own: a child is never smaller than its parent was."""
    run([sys.executable, str(TABLES), kind, str(rows), str(folder)])


def main() -> int:
    """Print the table; write the section of the page where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="up to 1 M rows (the default)")
    size.add_argument("--full", action="store_true", help="up to 10 M rows")
    size.add_argument(
        "--huge", type=int, nargs="?", const=100_000_000, metavar="ROWS", help="one large table"
    )
    parser.add_argument("--peers", type=Path, default=PEERS, help="Python of the peers' environment")
    parser.add_argument("--only", choices=sorted(NAMES), help="one kind of work")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the section of bench/README.md")
    options = parser.parse_args()
    if not options.peers.exists():
        print(f"no {options.peers.name} for the peers: run `make bench`, or name it with --peers")
        return 2
    load = os.getloadavg()[0]
    lines = []
    with tempfile.TemporaryDirectory(prefix="muniment-bench-") as name:
        folder = Path(name)
        if options.huge:
            tables(folder, options.huge, "huge")
            case = Case("large", options.huge, "", most=30.0)
            lines.append(measured(case, folder, options.peers, 1))
        made = None
        for case in () if options.huge else cases(options.full):
            if options.only and case.name != options.only:
                continue
            kind = KINDS.get(case.name, "rows")
            if made != (made := (kind, case.rows)):
                tables(folder, case.rows, kind)
            lines.append(measured(case, folder, options.peers, options.repeats))
            print(table(lines[-1:])[-1], flush=True)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    intro = (
        f"{today}, {page.machine()}; load average {load:.1f} when it began, on {os.cpu_count()} cores. "
        f"{versions(options.peers)}."
    )
    why = [line.case.why for line in lines if line.case.why and "missed" in line.verdict()]
    text = "\n".join((intro, "", *table(lines), "", *growth(lines), *why))
    print("\n" + text)
    if options.write and options.huge:
        page.put("Measures of one very large table", text)
    elif options.write:
        page.put("Measures", f"{text}\n{READING}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
