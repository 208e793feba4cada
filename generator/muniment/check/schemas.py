"""The JSON Schemas of the record kinds, compiled on first use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from muniment.errors import UnreadableInput

BASE = "https://muniment.invalid/schemas/"
"""Prefix of every `$id`. The host does not exist: nothing is ever fetched."""
COMMON = "common"


class Schemas:
    """One schema a record kind, with the definitions they share. Read once, never changed."""

    def __init__(self, documents: Mapping[str, dict[str, Any]]) -> None:
        self._documents = documents
        self._validators: dict[str, Any] = {}

    @classmethod
    def from_folder(cls, folder: Path, *, only: str = "") -> Schemas:
        """Read every schema of `folder`, or `only` that of one kind and what all share.

        Raises `UnreadableInput` for one that is missing or no JSON.
        """
        documents = {}
        found = [*sorted(folder.glob("*.json")), *sorted(folder.glob("older/*.json"))]
        try:
            for path in found:
                if not only or path.stem in (only, COMMON):
                    documents[path.stem] = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise UnreadableInput(
                f"the schema {path.name} cannot be read: {error}", hint="install the package again"
            ) from error
        if COMMON not in documents:
            raise UnreadableInput(f"{folder.name} holds no schemas", hint="install the package again")
        return cls(documents)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Every record kind, sorted."""
        return tuple(sorted(name for name in self._documents if name != COMMON and "." not in name))

    def current(self, kind: str) -> int:
        """The schema version in which records of the kind are written today."""
        return int(self._documents[kind]["properties"]["schema"]["const"])

    def named(self, kind: str, version: Any) -> str:
        """The schema that governs a record of that kind and version: `monitors`, or `monitors.1`.

        Today's for a version that never was, so that the finding says which one is expected.
        """
        older = f"{kind}.{version}"
        return older if type(version) is int and older in self._documents else kind

    def folder(self, kind: str) -> str:
        """Where records of the kind lie: `claims`, `datasets/raw`, `device.yaml`; empty for settings."""
        return str(self._documents[kind].get("x-folder", ""))

    def kinds_of(self, folder: str) -> tuple[str, ...]:
        """The kinds that lie in a folder, sorted."""
        return tuple(kind for kind in self.kinds if self.folder(kind) == folder)

    def document(self, kind: str) -> dict[str, Any]:
        """The schema of a kind."""
        return self._documents[kind]

    @property
    def common(self) -> dict[str, Any]:
        """The schema that holds the shared definitions."""
        return self._documents[COMMON]

    def valid(self, kind: str, body: Any) -> bool:
        """Whether plain dicts and lists fit the schema of `kind`."""
        return bool(self._validator(kind).is_valid(body))

    def complaints(self, kind: str, body: Any) -> Iterator[tuple[str, str]]:
        """Yield `(pointer, message)` as the fast validator words them."""
        for error in self._validator(kind).iter_errors(body):
            yield "".join(f"/{step}" for step in error.instance_path), str(error.message)

    def resolved(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema node with its `$ref` replaced; keywords beside the `$ref` win."""
        reference = node.get("$ref")
        if reference is None:
            return node
        target: Mapping[str, Any] = self.common["$defs"][reference.rsplit("/", 1)[1]]
        return {**self.resolved(target), **{key: value for key, value in node.items() if key != "$ref"}}

    def describe(self, kind: str, steps: tuple[str | int, ...]) -> Mapping[str, Any]:
        """Return the schema node that governs the value at `steps`; empty where none does."""
        node: Mapping[str, Any] = self._documents[kind]
        for step in steps:
            node = self._below(self.resolved(node), step)
        return self.resolved(node)

    @staticmethod
    def _below(node: Mapping[str, Any], step: str | int) -> Mapping[str, Any]:
        if isinstance(step, int):
            below = node.get("items", {})
        else:
            below = node.get("properties", {}).get(step) or node.get("additionalProperties")
        return below if isinstance(below, Mapping) else {}

    @cached_property
    def _registry(self) -> Any:
        return jsonschema_rs.Registry([(self.common["$id"], self.common)])

    def _validator(self, kind: str) -> Any:
        if kind not in self._validators:
            self._validators[kind] = jsonschema_rs.validator_for(
                self._documents[kind], registry=self._registry
            )
        return self._validators[kind]
