"""Hashing a model folder beside `sha256sum` and `openssl dgst`, on the same files in the same run.

One large file tells the speed of hashing itself; a folder of many tells what threads add. Both programs read
the same pages, from memory after the first pass; they take turns, and the best of several turns counts.

    python bench/hashing.py [--megabytes 1024] [--files 8] [--rounds 5] [--write]
"""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import page

from muniment.attest.hashing import hash_folder

GOAL = 0.8
"""Share of `sha256sum`'s throughput on one file."""
_PIECE = 1 << 20

READING = """**How to read it.** Throughput of `muniment.attest.hashing` against coreutils' `sha256sum` on
the same files, in turns, the best of several; the files lie in memory by then, so it is the
hashing that is measured, not the disk. *ratio* is ours over `sha256sum` by wall clock,
*processor* by processor time. Where that program does without the processor's SHA instructions
the ratio flatters us: `openssl dgst -sha256` uses the same code as ours, and is what can be
had. The peers take one file after the other, ours several at a time."""
COLUMNS = (
    "bytes, files",
    "ours, MB/s",
    "sha256sum, MB/s",
    "openssl, MB/s",
    "ratio",
    "processor",
    "to openssl",
)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and processor seconds of some work, its children's included."""
    before, began = os.times(), time.perf_counter()
    work()
    wall, after = time.perf_counter() - began, os.times()
    return wall, sum(after[:4]) - sum(before[:4])


def best(rounds: int, *works: Callable[[], object]) -> list[tuple[float, float]]:
    """The best wall-clock and processor time of each, run in turns."""
    taken: list[list[tuple[float, float]]] = [[] for _ in works]
    for _ in range(rounds):
        for times, work in zip(taken, works, strict=True):
            times.append(timed(work))
    return [(min(w for w, _ in times), min(c for _, c in times)) for times in taken]


def filled(folder: Path, megabytes: int, files: int) -> Path:
    """A folder with `files` files of random bytes, `megabytes` in all."""
    folder.mkdir()
    for number in range(files):
        with (folder / f"shard-{number:03}.bin").open("wb") as stream:
            for _ in range(megabytes // files):
                stream.write(os.urandom(_PIECE))
    return folder


def peer(folder: Path, *program: str) -> Callable[[], object]:
    command = [*program, *(str(path) for path in sorted(folder.iterdir()))]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=1024)
    options.add_argument("--files", type=int, default=8)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--write", action="store_true", help="write the section of bench/README.md")
    asked = options.parse_args()
    for program in ("sha256sum", "openssl"):
        if shutil.which(program) is None:
            sys.exit(f"there is no {program} to compare with")
    rows, notes = [], []
    with tempfile.TemporaryDirectory() as place:
        for files in (1, asked.files):
            folder = filled(Path(place) / str(files), asked.megabytes, files)
            ours, theirs, fast = best(
                asked.rounds,
                lambda at=folder: hash_folder(at),
                peer(folder, "sha256sum"),
                peer(folder, "openssl", "dgst", "-sha256"),
            )
            speeds = " | ".join(f"{asked.megabytes / wall:,.0f}" for wall, _ in (ours, theirs, fast))
            ratio = theirs[0] / ours[0]
            ratios = f"{ratio:.2f} | {theirs[1] / ours[1]:.2f} | {fast[0] / ours[0]:.2f}"
            rows.append(f"| {asked.megabytes:,} MB in {files} | {speeds} | {ratios} |")
            if files == 1:
                met = "" if ratio >= GOAL else " **missed**"
                notes.append(f"* One file: {ratio:.0%} of `sha256sum`'s throughput (goal {GOAL:.0%}{met}).")
            shutil.rmtree(folder)
    text = "\n".join(
        [
            f"{datetime.date.today().isoformat()}, {page.machine()}.",
            "",
            f"| {' | '.join(COLUMNS)} |",
            "|---|" + "---:|" * (len(COLUMNS) - 1),
            *rows,
            "",
            *notes,
            "",
            READING,
        ]
    )
    print(text)
    if asked.write:
        page.put("Hashing a model", text)


if __name__ == "__main__":
    main()
