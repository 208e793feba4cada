"""Files that commands wrote and people may have touched, held against the schemas in `schemas/outputs/`."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema_rs

from muniment.errors import UnreadableInput
from muniment.model.finding import Finding, Where
from muniment.model.tree import Tree, pointer, thawed

_MOST = 3
"""Findings a file: what breaks the shape of a derived file is one mistake, not many."""
_LONGEST = 160


def conforms(folder: Path, name: str, body: Tree, file: str, *, remedy: str) -> tuple[Finding, ...]:
    """Return what keeps a parsed file from being output `name`, such as `evaluation.v1` (rule `json`).

    `folder` holds the schemas, `remedy` says how the file is made. Raises `UnreadableInput` if this
    installation lacks the schema.
    """
    errors = islice(_validator(folder, name).iter_errors(thawed(body)), _MOST)
    return tuple(
        Finding(
            "json",
            f"the file is not what was written: {_short(str(error.message))}",
            Where(file, pointer(*error.instance_path)),
            hint=remedy,
        )
        for error in errors
    )


def _short(text: str) -> str:
    """The validator quotes the value at fault, which may be the whole file; what was wanted stands last."""
    return text if len(text) <= _LONGEST else f"… {text[-_LONGEST:]}"


@lru_cache(maxsize=8)
def _validator(folder: Path, name: str) -> Any:
    path = folder / "outputs" / f"{name}.json"
    try:
        return jsonschema_rs.validator_for(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UnreadableInput(
            f"the schema {path.name} cannot be read: {error}", hint="install the package again"
        ) from error
