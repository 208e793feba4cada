"""The parts of a release as its numbers need them: records that must be there, files that must be JSON."""

from __future__ import annotations

import json
from typing import Any

from muniment.errors import UnreadableInput, UsageError
from muniment.model.evidence import Dossier, Record


def needed(dossier: Dossier, reference: str) -> Record:
    """Return the record that a release refers to; raise `UsageError` where it is missing or has a fault."""
    record = dossier.get(reference)
    if record is None:
        raise UsageError(
            f"{dossier.id} refers to {reference}, which is missing or has a fault",
            hint="run `muniment check`",
        )
    return record


def record_path(record: Record) -> str:
    """Path of a record's file in the device folder."""
    return record.document.path.split("/", 1)[1]


def json_object(data: bytes, path: str) -> Any:
    """Return the JSON object of a file's bytes; raise `UnreadableInput` where it is something else."""
    hint = "write it again with the pipeline"
    try:
        value = json.loads(data)
    except RecursionError:
        raise UnreadableInput(f"{path} is nested too deep", hint=hint) from None
    except ValueError as error:
        raise UnreadableInput(f"{path} is not JSON: {error}", hint=hint) from None
    if not isinstance(value, dict):
        # `null` would pass for a release without operational measurements.
        raise UnreadableInput(f"{path} is no JSON object", hint=hint)
    return value
