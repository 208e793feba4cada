"""Recomputing several releases: by two processes or by one, the same numbers and the same words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from muniment.pipeline import spread
from support.project import CHECKOUT, DEVICE

SCRIPT = """
import datetime, hashlib, json, sys
from pathlib import Path
from muniment.pipeline import recomputing, spread
from muniment.pipeline.request import Doors, request
from muniment.pipeline.survey import survey

if sys.argv[1] == "one":
    spread.possible = lambda: False
elif sys.argv[1] == "late":
    import polars
told = []
found = survey(request(Doors(today=datetime.date.today), start=Path(sys.argv[2])), trust_cache=False)
(device,) = found.devices
chosen = [(device, each) for each in device.releases if each.version in sys.argv[3:]]
numbers = list(recomputing.recomputed_each(chosen, lambda *word: told.append(list(word))))
text = json.dumps([[dict(item) for item in each] for each in numbers], sort_keys=True)
print(json.dumps({
    "sha256": hashlib.sha256(text.encode()).hexdigest(),
    "outcomes": [sorted({item["outcome"] for item in each}) for each in numbers],
    "count": [len(each) for each in numbers],
    "told": told,
    "forked": "polars" not in sys.modules,
}))
"""


def recomputed(how: str, root: Path, *versions: str) -> dict[str, object]:
    """What a fresh process makes of some releases."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how, str(root), *versions], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_two_processes_say_what_one_says() -> None:
    """The numbers are the same to the last bit; a process that has threads already is not forked."""
    two, one, late = (recomputed(how, CHECKOUT, "1.0.0", "1.2.0") for how in ("two", "one", "late"))
    assert (two["forked"], one["forked"], late["forked"]) == (spread.possible(), False, False)
    assert two["sha256"] == one["sha256"] == late["sha256"]
    assert two["outcomes"] == [["equal"], ["equal"]]
    assert min(two["count"]) > 9_000
    words = [f"recomputing {DEVICE} {version}" for version in ("1.0.0", "1.2.0")]
    assert one["told"] == [[words[0], 0, 2], [words[1], 1, 2]]
    # A display that has begun is ended before the fork.
    assert two["told"] == [[""]] * spread.possible() + one["told"]


def test_one_release_is_not_worth_a_process() -> None:
    """A single one is computed where it was asked for."""
    assert recomputed("two", CHECKOUT, "1.2.0")["forked"] is False


def test_what_cannot_be_recomputed_is_said_by_both(tmp_path: Path) -> None:
    """A table that is gone is one difference with its reason, whoever looked for it."""
    shutil.copytree(CHECKOUT / "evidence", tmp_path / "evidence")
    shutil.copy(CHECKOUT / "muniment.yaml", tmp_path)
    (tmp_path / "evidence" / DEVICE / "releases" / "1.2.0" / "predictions.parquet").unlink()
    two, one = (recomputed(how, tmp_path, "1.0.0", "1.2.0") for how in ("two", "one"))
    assert two["sha256"] == one["sha256"]
    assert two["outcomes"][0] == ["equal"]
    assert "not recomputed" in two["outcomes"][1]
