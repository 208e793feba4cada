"""What an edition is put together with: records and files in memory, and hostile text in every free one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muniment.errors import UnreadableInput
from muniment.model.evidence import Document, Record
from muniment.model.tree import frozen

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3)) **bold** "
    "</div></script>{{ 7*7 }} {: onclick=alert(4)} ](javascript:alert(5) "
    "\u202egnp \x00 &lt;b&gt;\n\n# head\n\n<b>"
)
DEVICE = "demo-1"
AS_OF = "2026-04-30"

_STRUCTURAL = re.compile(r"^([0-9a-f]{64}|\d{4}-\d\d-\d\d.*|\d\d:\d\d|[\w.+-]+(/[\w.+-]+)+|[\w.-]+@[\w.-]+)$")
_CODES = frozenset(
    [
        "kind",
        "id",
        "status",
        "outcome",
        "severity",
        "origin",
        "mode",
        "tier",
        "level",
        "residual",
        "probability",
        "type",
        "result",
        "person",
        "role",
        "raised_by",
        "release",
        "rule",
        "axis",
        "verdict",
        "author",
        "operator",
        "on",
        "metric",
        "against",
        "method",
        "domain",
        "state",
        "cause",
        "version",
        "partition",
        "environment",
        "outcomes_withheld",
        "quarter",
        "gpk",
    ]
)


@dataclass(frozen=True)
class MemoryFiles:
    """A device folder in memory."""

    contents: Mapping[str, bytes]

    def exists(self, path: str) -> bool:
        return path in self.contents

    def digest(self, path: str) -> str:
        return hashlib.sha256(self.read(path)).hexdigest()

    def size(self, path: str) -> int:
        return len(self.read(path))

    def read(self, path: str, limit: int = 64 << 20) -> bytes:
        if path not in self.contents or len(self.contents[path]) > limit:
            raise UnreadableInput(f"no such file: {path}")
        return self.contents[path]

    def open_table(self, path: str) -> Path:
        raise AssertionError("a page must not open a table of rows")

    def listing(self, below: str = "") -> tuple[str, ...]:
        return tuple(sorted(path for path in self.contents if path.startswith(below)))


@dataclass
class Making:
    """What is needed while an edition is put together."""

    hostile: bool
    records: dict[str, Record] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def say(self, text: str) -> str:
        return f"{text} {HOSTILE}" if self.hostile else text

    def poison(self, value: Any, key: str = "") -> Any:
        """Append the hostile text to every free text of a tree; codes, ids, dates and digests stay."""
        if isinstance(value, dict):
            return {name: self.poison(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.poison(item, key) for item in value]
        if isinstance(value, str) and key not in _CODES and not _STRUCTURAL.match(value):
            return self.say(value)
        return value

    def record(self, identifier: str, kind: str, body: dict[str, Any]) -> Record:
        poisoned = {"kind": kind, "schema": 1, **(self.poison(body) if self.hostile else body)}
        path = f"{identifier}/release.yaml" if kind == "release" else f"{identifier}.yaml"
        data = (json.dumps(poisoned, indent=1, sort_keys=True) + "\n").encode()
        document = Document(f"{DEVICE}/{path}", data, hashlib.sha256(data).hexdigest(), frozen(poisoned))
        record = Record(identifier, kind, frozen(poisoned), document)
        self.records[identifier] = record
        self.files[path] = data
        return record

    def json(self, path: str, value: Any) -> Any:
        poisoned = self.poison(value) if self.hostile else value
        self.files[path] = (json.dumps(poisoned, indent=1, sort_keys=True) + "\n").encode()
        return frozen(poisoned)
