"""What an editor needs: the schemas in the user's own project, and the line that names one.

The YAML language server resolves `$schema=` of a comment, and a relative `$ref`, against the folder of
the file they stand in. The copies therefore lie in the project, so that the line means the same on every
machine, and have no `$id`, whose host does not exist and would send a reader there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from muniment import shipped

FOLDER = ".muniment/schemas"
"""Where `muniment init` puts them, below the project's root."""


def schema_files() -> dict[str, str]:
    """Return every schema that a person writes files by, name relative to the folder to text."""
    source = shipped.folder("schemas")
    found = {}
    for path in sorted(source.rglob("*.json")):
        name = path.relative_to(source).as_posix()
        if name.startswith("outputs/"):
            continue
        body = json.loads(path.read_text(encoding="utf-8"))
        body.pop("$id", None)
        found[name] = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    return found


def write_schemas(folder: Path) -> int:
    """Write the schemas to a folder, over what is there, and return their number."""
    files = schema_files()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return len(files)


def modeline(root: Path, file: Path, kind: str) -> str:
    """Return the comment by which an editor finds the schema of a file in the project at `root`."""
    path = os.path.relpath(root / FOLDER / f"{kind}.json", file.parent).replace(os.sep, "/")
    return f"# yaml-language-server: $schema={path if path.startswith('../') else f'./{path}'}\n"
