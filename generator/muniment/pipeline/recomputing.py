"""Recorded numbers held to numbers computed anew: `evaluation.json` and `analysis.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from muniment.errors import MunimentError
from muniment.model.evidence import Device, Dossier
from muniment.model.progress import Progress, silent
from muniment.model.tree import Tree, walk
from muniment.pipeline import spread
from muniment.pipeline.analysing import analysis
from muniment.pipeline.numbers import evaluation

Numbers = tuple[Mapping[str, Any], ...]


def recomputed(device: Device, dossier: Dossier) -> Numbers:
    """Compute a release's evaluation and analysis anew and compare every number with the recorded one.

    Each item is `{pointer, recorded, recomputed, outcome}` with outcome `equal`, `within 1e-9` or
    `differs`. What cannot be recomputed is one difference that says why, never a pass.
    """
    place = f"{device.id}/{dossier.id}"
    return (
        *_against(f"{place}/evaluation.json", dossier.evaluation, lambda: evaluation(device, dossier)),
        *_against(f"{place}/analysis.json", dossier.analysis, lambda: analysis(device, dossier)),
    )


def recomputed_each(
    chosen: Sequence[tuple[Device, Dossier]], progress: Progress = silent
) -> Iterator[Numbers]:
    """Yield what `recomputed` gives for each release in order, two at a time where the system allows it.

    Processes are forked before anything has loaded Polars: its threads would not be there in them.
    """
    results: Iterator[Numbers]
    if len(chosen) > 1 and "polars" not in sys.modules and spread.possible():
        progress("")  # a display has a thread of its own
        results = spread.spread(
            [str(number) for number in range(len(chosen))], lambda job: recomputed(*chosen[int(job)])
        )
    else:
        results = (recomputed(*each) for each in chosen)
    for number, (device, dossier) in enumerate(chosen):
        progress(f"recomputing {device.id} {dossier.version}", number, len(chosen))
        yield tuple(next(results))


def _against(prefix: str, recorded: Tree, compute: Callable[[], dict[str, Any]]) -> Numbers:
    from muniment import measure

    if recorded is None:
        return ()
    try:
        fresh = json.loads(measure.evaluation_bytes(compute()))
    except MunimentError as error:
        return ({"pointer": prefix, "recorded": None, "recomputed": str(error), "outcome": "not recomputed"},)
    differing = {item["pointer"]: item for item in measure.differences(recorded, fresh)}
    equal = [
        {"pointer": where, "recorded": node, "recomputed": node, "outcome": "equal"}
        for where, node in walk(recorded)
        if _is_number(node) and where not in differing and not where.startswith("/producer")
    ]
    return tuple({**item, "pointer": f"{prefix}#{item['pointer']}"} for item in (*equal, *differing.values()))


def _is_number(node: object) -> bool:
    return isinstance(node, (int, float)) and not isinstance(node, bool)
