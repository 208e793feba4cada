"""Which devices an evidence folder holds; apart from the readers, whose import costs more than the answer."""

from __future__ import annotations

from pathlib import Path

from muniment.errors import UnreadableInput


def devices(root: Path) -> list[str]:
    """Return the names of the device folders in an evidence folder, sorted.

    Raises `UnreadableInput` if there is no such folder.
    """
    if not root.is_dir():
        raise UnreadableInput(
            f"there is no evidence folder {root.name}",
            hint="name it with --evidence, or make one with `muniment init`",
        )
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
