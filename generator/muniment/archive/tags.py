"""The four text files that make a folder a bag (RFC 8493, section 2)."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Mapping

BAGIT = "bagit.txt"
INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
LINE = re.compile(r"([0-9A-Fa-f]{64})[ \t]+\*?(.+)")


def sha256(data: bytes) -> str:
    """Return the lower-case hex SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def manifest(digests: Mapping[str, str]) -> bytes:
    """Return a manifest that `sha256sum -c` reads as well, sorted by path."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests)).encode()


def parse_manifest(data: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return `(path to digest, faults)`; a line that cannot be read is a fault, never skipped."""
    digests: dict[str, str] = {}
    faults: list[str] = []
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return {}, ("is not UTF-8 text",)
    for number, line in enumerate(lines, start=1):
        text = line.removesuffix("\r")
        if not text:
            continue
        found = LINE.fullmatch(text)
        if found is None:
            faults.append(f"line {number} is not a digest and a path")
        elif found[2] in digests:
            faults.append(f"line {number} lists a path a second time")
        else:
            digests[found[2]] = found[1].lower()
    return digests, tuple(faults)


def information(labels: Mapping[str, str]) -> bytes:
    """Return `bag-info.txt`: a label a line, sorted, long values folded as the RFC allows."""
    lines: list[str] = []
    for label in sorted(labels):
        value = " ".join(labels[label].split())
        folded = textwrap.wrap(f"{label}: {value}", 79, break_long_words=False, break_on_hyphens=False)
        lines.append("\n  ".join(folded))
    return ("\n".join(lines) + "\n").encode()


def parse_information(data: bytes) -> dict[str, str]:
    """Return label to value; folded lines are joined, what is no label is left out."""
    labels: dict[str, str] = {}
    last = ""
    for line in data.decode("utf-8", errors="replace").splitlines():
        if line[:1] in (" ", "\t") and last:
            labels[last] += " " + line.strip()
        elif ":" in line:
            last, value = (part.strip() for part in line.split(":", 1))
            labels[last] = value
    return labels
