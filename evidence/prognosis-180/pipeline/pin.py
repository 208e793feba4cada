"""Write the SHA-256 of each file a record points at into the record.

A file reference is a `path:` line directly followed by a `sha256:` line of the same indentation (or both
in one inline mapping). Only records are rewritten; what they say otherwise stays as it is.
"""

from __future__ import annotations

import re
from pathlib import Path

from common import DEVICE, sha256

BLOCK = re.compile(r"(path: *(?P<path>\S+)\n(?P<indent> *)sha256: *)\S*")
INLINE = re.compile(r"(path: *(?P<path>[^\s,}]+), *sha256: *)[^\s,}]*")


def pinned(text: str, device: Path) -> str:
    """The record's text with every digest as the files are now."""

    def put(match: re.Match[str]) -> str:
        target = device / match["path"].strip("\"'")
        if not target.is_file():
            raise SystemExit(f"pin: {match['path']} is not there")
        return match[1] + '"' + sha256(target) + '"'

    return INLINE.sub(put, BLOCK.sub(put, text))


def records(device: Path) -> list[Path]:
    """Every record file of the device."""
    folders = (
        "claims",
        "contracts",
        "hazards",
        "monitors",
        "datasets",
        "plans",
        "runs",
        "releases",
        "decisions",
        "postmarket",
        "security",
        "operations",
    )
    return sorted(path for folder in folders for path in (device / folder).rglob("*.yaml") if path.is_file())


def rewrite(device: Path) -> int:
    """Pin all records; how many changed."""
    changed: set[Path] = set()
    again = True
    while again:  # a snapshot holds the digests of other records, so one pass may not be the last
        again = False
        for path in records(device):
            old = path.read_text(encoding="utf-8")
            new = pinned(old, device)
            if new != old:
                path.write_text(new, encoding="utf-8")
                changed.add(path)
                again = True
    return len(changed)


if __name__ == "__main__":
    print(f"{rewrite(DEVICE)} records pinned")
