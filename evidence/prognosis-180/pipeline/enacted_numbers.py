"""Numbers that enacted records quote, read from the tables the pipeline wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from metrics import auroc, calibration, proportion

VERSIONS = ("1.0.0", "1.1.0-rc1", "1.2.0", "2.0.0-rc1", "2.0.0")


class Numbers:
    """Headline metrics by release, and the post-market windows."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.by_version = {version: headline(root / "releases" / version) for version in VERSIONS}

    def note(self, version: str, metric: str) -> str:
        """A metric with its interval, in words."""
        body = self.by_version[version][metric]
        return f"{metric} {body['value']:.3f} (95 % interval {body['low']:.3f} to {body['high']:.3f})"

    def notes(self, version: str) -> dict[str, str]:
        """A note for each overall criterion."""
        oe = self.by_version[version]["oe_ratio"]
        return {
            "C-AUROC": self.note(version, "auroc"),
            "C-SENS": self.note(version, "sensitivity"),
            "C-SPEC": self.note(version, "specificity"),
            "C-SLOPE": self.note(version, "calibration_slope"),
            "C-OE": f"observed over expected {oe:.3f}",
        }

    def window(self, version: str, quarter: str) -> dict[str, Any]:
        """One post-market window."""
        text = (self.root / "postmarket" / version / "windows.json").read_text(encoding="utf-8")
        found: dict[str, Any] = next(w for w in json.loads(text)["windows"] if w["quarter"] == quarter)
        return found


def headline(folder: Path) -> dict[str, Any]:
    """Overall metrics of a release on its locked cohort."""
    table = pl.read_parquet(folder / "predictions.parquet")
    point = json.loads((folder / "operating_point.json").read_text(encoding="utf-8"))
    own = point.get("by", {}).get("thresholds", {})
    limit = np.array([own.get(group, point["threshold"]) for group in table["dzgroup"]])
    y, score = table["death_180d"].to_numpy(), table["score"].to_numpy()
    flag = score >= limit
    return {
        "auroc": auroc(score, y),
        "sensitivity": proportion(int((flag & (y == 1)).sum()), int((y == 1).sum())),
        "specificity": proportion(int((~flag & (y == 0)).sum()), int((y == 0).sum())),
        **calibration(score, y),
    }
