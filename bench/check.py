"""`muniment check` beside check-jsonschema and yamllint, on the same generated files, in one run.

All start as fresh processes and are timed in turn, so that a noisy machine hurts all of them; the best of
several runs is taken, as wall-clock and as processor time. The peers only look at the shape of the YAML;
ours also resolves references, hashes every file, derives change classes and judges the shipped pack.

    python bench/check.py [--peers FOLDER] [--bundles 1 10 200 2000 10000] [--write]

The peers come from an environment of their own (`make bench` makes it from `requirements/bench.lock`).
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import page
import projects

CHECKOUT = Path(__file__).resolve().parents[1]
STOPWATCH = Path(__file__).with_name("stopwatch.py")
PEERS = CHECKOUT / "build" / "bench" / "bin"
RELEASES = 5
"""Releases a device, in projects of more than one bundle."""
MOST_FOR_PEERS = 200
"""Bundles the peers are given; they take minutes for more, and their time a bundle no longer changes."""
READING = f"""**How to read it.** Each command is a fresh process; the best wall-clock time of several runs
counts (one run for the largest sizes). *first* is `muniment check` in a project without `build/`, as on a
fresh checkout: the policy pack too is read and compiled. *cold* is `muniment check --no-cache` after that:
every file read and hashed, every release judged by every rule, the compiled pack taken from the run before
(ADR 12). Both work on two processes from 12 devices on. *unchanged* is `muniment check`
again with nothing changed: no file is read, the disk is asked for the state of each. *one edited* is the
next check after one record changed: its device is judged, the rest is not. The peers see the YAML files
only, check-jsonschema with all record schemas in one and yamllint with its relaxed rules. They are run up to
{MOST_FOR_PEERS} bundles; above, their time a bundle is taken from there. Processor time counts all processes,
so on a busy machine it says more than wall time. Peak is the largest process.

A bundle is a release with its plan, run, model, evaluation and manifest; a device has {RELEASES} of them and
shares claim, hazards, monitors and datasets. The files are made by `bench/projects.py` from the first release
of the worked example."""
QUIET = 3.0
"""Seconds between writing a project and checking it: what has just changed is not cached."""


@dataclass(frozen=True)
class Cost:
    """What one command took, at best."""

    wall: float
    """Seconds."""
    processor: float
    """Seconds of processor time, children included."""
    peak: float
    """Largest resident size of one process, in MB."""


@dataclass(frozen=True)
class Row:
    """One size of project."""

    bundles: int
    files: int
    """Files of the evidence, YAML or not."""
    costs: dict[str, Cost]


def timed(command: Sequence[str], folder: Path, repeats: int, *, anew: bool = False) -> Cost:
    """Run a command several times; it may find something (exit 0 or 1), but must not fail.

    With `anew` whatever an earlier run kept in the project's `build/` is thrown away before each.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    best = Cost(math.inf, math.inf, 0.0)
    for _ in range(repeats):
        if anew:
            shutil.rmtree(folder / "build", ignore_errors=True)
        child = subprocess.run(
            [sys.executable, str(STOPWATCH), *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=True,
        )
        took = json.loads(child.stdout)
        if took["status"] not in (0, 1):
            sys.exit(f"{command[0]} failed: {child.stderr.decode('utf-8', 'replace')}")
        best = Cost(
            min(best.wall, took["wall"]),
            min(best.processor, took["processor"]),
            max(best.peak, took["peak"]),
        )
    return best


def one_schema() -> dict[str, object]:
    """All record schemas as one, told apart by `kind`: what check-jsonschema takes in one run."""
    documents = {
        path.stem: json.loads(path.read_text("utf-8")) for path in (CHECKOUT / "schemas").glob("*.json")
    }
    documents.pop("settings")
    kinds = sorted(set(documents) - {"common"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {name: _local(document, name) for name, document in documents.items()},
        "required": ["kind"],
        "properties": {"kind": {"enum": kinds}},
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{kind}"}}
            for kind in kinds
        ],
    }


def _local(node: object, home: str) -> object:
    if isinstance(node, list):
        return [_local(item, home) for item in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, item in node.items():
        if key in ("$id", "$schema"):
            continue
        if key == "$ref":
            owner = "common" if "common" in item else home
            item = f"#/$defs/{owner}/$defs/{item.rpartition('/')[2]}"
        out[key] = _local(item, home)
    return out


def measured(folder: Path, bundles: int, peers: Path, repeats: int) -> Row:
    """Write a project of so many bundles, and time everything on it."""
    root = folder / f"project-{bundles}"
    releases = 1 if bundles == 1 else RELEASES
    projects.write(root, bundles // releases, releases)
    files = sum(path.is_file() for path in (root / "evidence").rglob("*"))
    records = sorted(str(path.relative_to(root)) for path in (root / "evidence").rglob("*.yaml"))
    time.sleep(QUIET)
    ours = [sys.executable, "-m", "muniment.cli.main", "check"]
    few = repeats if bundles <= MOST_FOR_PEERS else 1
    costs = {"first": timed(ours, root, few, anew=True)}
    costs["cold"] = timed([*ours, "--no-cache"], root, few)
    timed(ours, root, 1)
    costs["unchanged"] = timed(ours, root, max(few, 3))
    if bundles > 1:
        summary = root / "evidence/device-00000/releases/1.0.0/release.yaml"
        summary.write_bytes(summary.read_bytes() + b"# touched\n")
        costs["one edited"] = timed(ours, root, 1)
    if bundles <= MOST_FOR_PEERS:
        schema = folder / "schema.json"
        schema.write_text(json.dumps(one_schema()), encoding="utf-8")
        checker = [str(peers / "check-jsonschema"), "--schemafile", str(schema), *records]
        costs["check-jsonschema"] = timed(checker, root, few if bundles < 100 else 1)
        costs["yamllint"] = timed(
            [str(peers / "yamllint"), "-d", "relaxed", "evidence"], root, few if bundles < 100 else 1
        )
    return Row(bundles, files, costs)


def table(rows: Sequence[Row]) -> list[str]:
    """Rows as a Markdown table."""
    names = ("first", "cold", "unchanged", "one edited", "check-jsonschema", "yamllint")
    out = [
        "| bundles | files | "
        + " | ".join(f"{name}, s" for name in names)
        + " | peak cold, MB | peak unchanged, MB |",
        "|---:|---:|" + "---:|" * (len(names) + 2),
    ]
    for row in rows:
        cells = [f"{row.costs[name].wall:.2f}" if name in row.costs else "" for name in names]
        peaks = [f"{row.costs[name].peak:.0f}" for name in ("cold", "unchanged")]
        out.append(f"| {row.bundles:,} | {row.files:,} | " + " | ".join((*cells, *peaks)) + " |")
    return out


def _each(cost: Cost, bundles: int) -> Cost:
    """What one bundle takes of it."""
    return Cost(cost.wall / bundles, cost.processor / bundles, cost.peak)


def ratios(rows: Sequence[Row]) -> list[str]:
    """What the table comes to, each line with the goal it is held against."""
    by_size = {row.bundles: row for row in rows}
    compared = max((row for row in rows if "check-jsonschema" in row.costs), key=lambda row: row.bundles)
    theirs = _each(compared.costs["check-jsonschema"], compared.bundles)
    linter = _each(compared.costs["yamllint"], compared.bundles)
    out = []
    if 1 in by_size:
        costs = by_size[1].costs
        for name in ("first", "cold", "unchanged"):
            cost, ratio = costs[name], costs["check-jsonschema"].wall / costs[name].wall
            out.append(
                f"* One bundle, {name}: {cost.wall * 1000:.0f} ms wall, {cost.processor * 1000:.0f} ms of "
                f"processor time (goal 100 ms); {ratio:.1f} times as fast as check-jsonschema (goal 3)."
            )
    largest = [row for row in rows if row.bundles > MOST_FOR_PEERS] or [compared]
    for row in largest:
        # A single bundle has no other that could be left as it is: nothing is "one edited" there.
        for name in (name for name in ("cold", "unchanged", "one edited") if name in row.costs):
            cost = row.costs[name]
            mine, spent = cost.wall / row.bundles, cost.processor / row.bundles
            out.append(
                f"* {row.bundles:,} bundles, {name}: {cost.wall:.2f} s, {mine * 1000:.2f} ms a bundle; "
                f"{theirs.wall / mine:.0f} times as fast a bundle as check-jsonschema "
                f"({theirs.processor / spent:.0f} by processor time), "
                f"{linter.wall / mine:.0f} times as yamllint (both at {compared.bundles})."
            )
    return out


def section(rows: Sequence[Row], load: float) -> str:
    """What is kept on the page."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    began = f"load average {load:.1f} when it began, on {os.cpu_count()} cores."
    return "\n".join(
        (f"{today}, {page.machine()}; {began}", "", *table(rows), "", *ratios(rows), "", READING)
    )


def main() -> int:
    """Print the table; write the page where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", type=Path, default=PEERS)
    parser.add_argument("--bundles", type=int, nargs="+", default=[1, 10, 200])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the section of bench/README.md")
    options = parser.parse_args()
    if not (options.peers / "check-jsonschema").exists():
        print(f"no peers in {options.peers.name}: run `make bench`, or name their bin folder with --peers")
        return 2
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="muniment-bench-") as folder:
        rows = [
            measured(Path(folder), bundles, options.peers.resolve(), options.repeats)
            for bundles in options.bundles
        ]
    print("\n".join((*table(rows), "", *ratios(rows))))
    if options.write:
        page.put("`muniment check`", section(rows, load))
    return 0


if __name__ == "__main__":
    sys.exit(main())
