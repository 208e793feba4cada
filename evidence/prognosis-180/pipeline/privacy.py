"""Looks through the tables of each release for what identifies persons, and writes `privacy.json`.

Column names against a list, texts against patterns, ages above 89, and how many patients stand alone in
their combination of group columns. It reports; people decide, in the release record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from attack import FEATURES
from common import DEVICE, SUBGROUPS, sha256, write_json

NAMES = (
    "name", "first_name", "last_name", "surname", "address", "street", "postcode", "zip", "phone", "fax",
    "email", "ssn", "mrn", "medical_record_number", "insurance_number", "account_number", "licence_number",
    "url", "ip", "photo", "date_of_birth", "birth_date", "dob",
)  # fmt: skip
"""Columns that identify a person by themselves."""
PATTERNS = {
    "e-mail address": re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.I),
    "telephone number": re.compile(r"\+?\d[\d ()/-]{7,}\d"),
    "social security number": re.compile(r"\b\d{3}-\d{2}-\d{4}\b"),
    "full date": re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d\b"),
    "web address": re.compile(r"https?://", re.I),
    "network address": re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),
}
OLDEST = 89
"""Ages above this are few enough to point at a person (45 CFR 164.514(b)(2))."""
LONGEST = 80
"""A longer text in a table is free text, in which anything may stand."""
GROUPS = (*SUBGROUPS, "quarter")

RULES = (
    "column named like a direct identifier",
    *(f"text that looks like: {name}" for name in PATTERNS),
    f"free text longer than {LONGEST} characters",
    f"age above {OLDEST}",
    "patient alone in a combination of group columns",
)


def write(root: Path) -> None:
    """Scan every release below `root`."""
    for version, features in FEATURES.items():
        own = f"releases/{version}"
        paths = [
            "data/raw/support2_raw.parquet", "data/raw/site_phase_map.csv", "data/raw/linkage_map.csv",
            "data/labels/1.parquet", "data/splits/1.parquet", f"data/features/{features}.parquet",
            *sorted(f"{own}/{path.name}" for path in (root / own).glob("*.parquet")),
            f"{own}/explanations.json",
        ]  # fmt: skip
        files = {path: (DEVICE if path.startswith("data/raw/") else root) / path for path in paths}
        found = [item for path, file in files.items() for item in scan(path, file)]
        write_json(
            {
                "schema": "prognosis-180/privacy/v1",
                "release": version,
                "rules": list(RULES),
                "scanned": [{"path": path, "sha256": sha256(file)} for path, file in files.items()],
                "findings": found,
            },
            root / own / "privacy.json",
        )


def scan(path: str, file: Path) -> Iterator[dict[str, Any]]:
    """Yield what was found in one file: rule, column, kind of identifier, number of rows."""
    table = frame(file)
    for name in table.columns:
        if name.lower() in NAMES:
            yield finding(path, RULES[0], name, "direct", table.height)
        if table[name].dtype == pl.String:
            texts = table[name].drop_nulls().to_list()
            for what, pattern in PATTERNS.items():
                hits = sum(bool(pattern.search(text)) for text in texts)
                if hits:
                    yield finding(path, f"text that looks like: {what}", name, "direct", hits)
            long = sum(len(text) > LONGEST for text in texts)
            if long:
                yield finding(path, RULES[-3], name, "direct", long)
    if "age" in table.columns:
        old = int((table["age"] >= OLDEST + 1).sum())
        if old:
            yield finding(path, RULES[-2], "age", "indirect", old)
    if set(GROUPS) <= set(table.columns):
        alone = table.group_by(GROUPS).len().filter(pl.col("len") == 1).height
        if alone:
            yield finding(path, RULES[-1], ", ".join(GROUPS), "indirect", alone)


def finding(path: str, rule: str, column: str, identifier: str, rows: int) -> dict[str, Any]:
    """One finding; it says how many rows, and shows none."""
    return {"path": path, "rule": rule, "column": column, "identifier": identifier, "rows": rows}


def frame(file: Path) -> pl.DataFrame:
    """A table as it is; of a JSON file every text, under the key it stands under."""
    if file.suffix == ".parquet":
        return pl.read_parquet(file)
    if file.suffix == ".csv":
        return pl.read_csv(file)
    found: dict[str, list[str]] = {}
    collect(json.loads(file.read_text(encoding="utf-8")), "", found)
    width = max((len(texts) for texts in found.values()), default=0)
    return pl.DataFrame(
        {key: texts + [None] * (width - len(texts)) for key, texts in found.items()},
        schema=dict.fromkeys(found, pl.String),
    )


def collect(node: Any, key: str, found: dict[str, list[str]]) -> None:
    """Gather every text below a node of JSON by its key."""
    if isinstance(node, dict):
        for name, item in node.items():
            collect(item, name, found)
    elif isinstance(node, list):
        for item in node:
            collect(item, key, found)
    elif isinstance(node, str):
        found.setdefault(key, []).append(node)
