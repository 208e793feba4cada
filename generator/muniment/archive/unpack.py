"""Check a bag, and hand out its payload once each byte was compared with its manifest."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from muniment.archive import names, tags
from muniment.archive.sinks import CHUNK
from muniment.archive.sources import BROKEN, LIMITS, Entry, Limits, entries
from muniment.errors import UnreadableInput
from muniment.model.fixity import FileCheck
from muniment.model.progress import Progress, silent

PAYLOAD = "data/"


@dataclass(frozen=True, slots=True)
class Bag:
    """An archive that was checked."""

    data: Path
    """Folder that holds the payload: `evidence/`, `site/`, `trust/`, `verification.json` …"""
    checks: tuple[FileCheck, ...]
    """Every file of the bag, sorted by path."""
    digest: str
    """SHA-256 of `tagmanifest-sha256.txt`, which stands for the whole bag."""
    information: Mapping[str, str]
    """The labels of `bag-info.txt`."""
    omitted: Mapping[str, str]
    """`<device>/<path>` to SHA-256 of each row-level table left out, as `data/omitted.json` states it."""

    @property
    def holds(self) -> bool:
        """Whether every file is the file the manifests state."""
        return all(check.good for check in self.checks)


def verify(path: Path, *, pinned: str | None = None, limits: Limits = LIMITS) -> tuple[FileCheck, ...]:
    """Return a check for every file of the bag at `path`, sorted by path; nothing is written.

    `pinned` is the digest from the letter that came with the archive; without it the files are only
    held against manifests that lie beside them.

    Raises `UnreadableInput` where `path` is no bag at all, or passes `limits`.
    """
    with entries(path, limits) as found:
        return _examine(found, pinned, limits, None)[0]


@contextmanager
def opened(
    path: Path, *, pinned: str | None = None, limits: Limits = LIMITS, progress: Progress = silent
) -> Iterator[Bag]:
    """Check the bag at `path` and yield it with its payload in a folder.

    A `.zip` or `.tar` is unpacked into a temporary folder that is gone afterwards; the bytes written
    are the bytes that were checked. Look at `Bag.holds` before believing any of them.

    Raises `UnreadableInput` as `verify` does.
    """
    with tempfile.TemporaryDirectory(prefix="muniment-bag-") as scratch, entries(path, limits) as found:
        into = None if path.is_dir() else Path(scratch)
        checks, tag_files = _examine(found, pinned, limits, into, progress)
        data = (into or path) / "data"
        yield Bag(
            data=data,
            checks=checks,
            digest=tags.sha256(tag_files.get(tags.TAG_MANIFEST, b"")),
            information=tags.parse_information(tag_files.get(tags.INFO, b"")),
            omitted=_omitted(data / "omitted.json", limits),
        )


def _omitted(path: Path, limits: Limits) -> dict[str, str]:
    """Read the list of files left out; one that is missing or misshapen excuses nothing."""
    try:
        if path.is_symlink() or path.stat().st_size > limits.tag_octets:
            return {}
        listed = json.loads(path.read_bytes())["files"]
        return {f"{entry['device']}/{entry['path']}": str(entry["sha256"]) for entry in listed}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _examine(
    found: tuple[Entry, ...],
    pinned: str | None,
    limits: Limits,
    into: Path | None,
    progress: Progress = silent,
) -> tuple[tuple[FileCheck, ...], dict[str, bytes]]:
    """Return every check, and the tag files as read; payload is copied below `into` if given."""
    plain, checks = _admitted(found)
    tag_files = {
        path: _whole(entry, limits) for path, entry in sorted(plain.items()) if not path.startswith(PAYLOAD)
    }
    _refuse_no_bag(tag_files)
    payload, payload_faults = tags.parse_manifest(tag_files[tags.MANIFEST])
    stated, tag_faults = tags.parse_manifest(tag_files.get(tags.TAG_MANIFEST, b""))
    checks += [_refused(tags.MANIFEST, fault) for fault in payload_faults]
    checks += [_refused(tags.TAG_MANIFEST, fault) for fault in tag_faults]
    checks += [_refused(tags.MANIFEST, f"lists {path!r}, which is no payload") for path in _strays(payload)]
    payload = {path: digest for path, digest in payload.items() if path.startswith(PAYLOAD)}
    contents = sorted(path for path in plain if path.startswith(PAYLOAD))
    actual: dict[str, str | None] = {}
    for number, path in enumerate(contents):
        progress("hashing files", number, len(contents))
        actual[path] = _digest(plain[path], into)
    refused = {check.path for check in checks}
    checks += _compared(payload, actual, refused)
    sums = {path: tags.sha256(data) for path, data in tag_files.items() if path != tags.TAG_MANIFEST}
    checks += _compared(stated, sums, refused)
    checks += _tag_manifest(tag_files, pinned)
    octets = sum(plain[path].size for path in contents)
    checks += _declaration(tag_files[tags.BAGIT])
    checks += _oxum(tag_files, f"{octets}.{len(actual)}")
    return tuple(sorted(set(checks), key=lambda check: (check.path, check.outcome, check.reason))), tag_files


def _admitted(found: tuple[Entry, ...]) -> tuple[dict[str, Entry], list[FileCheck]]:
    """Sort entries into those that may be read and those that are refused."""
    twice = {path for path, times in Counter(entry.path for entry in found).items() if times > 1}
    clashing = names.collisions({entry.path for entry in found})
    plain: dict[str, Entry] = {}
    checks: list[FileCheck] = []
    for entry in found:
        problem = entry.fault or names.fault(entry.path)
        if entry.path in twice:
            problem = "stands in the archive twice"
        elif entry.path in clashing:
            problem = problem or "has a second file of the same name (case and accents aside)"
        if problem:
            checks.append(_refused(entry.path, problem))
        else:
            plain[entry.path] = entry
    return plain, checks


def _refuse_no_bag(tag_files: Mapping[str, bytes]) -> None:
    for path in (tags.BAGIT, tags.MANIFEST):
        if path not in tag_files:
            raise UnreadableInput(
                f"this is no bag that can be checked: {path} is missing",
                hint="give a .zip, .tar or folder that `muniment archive create` wrote",
            )


def _whole(entry: Entry, limits: Limits) -> bytes:
    if entry.size > limits.tag_octets:
        raise UnreadableInput(f"{entry.path} is larger than any tag file needs to be", hint="it was not read")
    try:
        with entry.open() as content:
            return content.read(entry.size)
    except BROKEN as error:
        raise UnreadableInput(
            f"{entry.path} cannot be read: {error}", hint="ask the sender for a whole copy"
        ) from None


def _digest(entry: Entry, into: Path | None) -> str | None:
    """Return the digest of an entry as read, copying it below `into`; `None` where it cannot be read."""
    total = hashlib.sha256()
    count = 0
    try:
        with ExitStack() as stack:
            copy = None if into is None else stack.enter_context(_target(into, entry.path))
            content = stack.enter_context(entry.open())
            while count <= entry.size and (chunk := content.read(CHUNK)):
                total.update(chunk)
                count += len(chunk)
                if copy is not None:
                    copy.write(chunk)
    except BROKEN:
        return None
    return total.hexdigest() if count == entry.size else None


def _target(into: Path, path: str) -> IO[bytes]:
    target = into / path
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.open("xb")


def _strays(payload: Mapping[str, str]) -> list[str]:
    return [path for path in payload if not path.startswith(PAYLOAD)]


def _compared(
    expected: Mapping[str, str], actual: Mapping[str, str | None], refused: set[str]
) -> list[FileCheck]:
    checks: list[FileCheck] = []
    for path in sorted({*expected, *actual} - refused):
        want, have = expected.get(path), actual.get(path)
        if path not in actual:
            checks.append(FileCheck(path, want, None, "missing"))
        elif have is None:
            checks.append(
                FileCheck(path, want, None, "refused", "cannot be read: the archive is damaged here")
            )
        elif want is None:
            checks.append(FileCheck(path, None, have, "unlisted", "no manifest lists this file"))
        else:
            checks.append(FileCheck(path, want, have, "verified" if want == have else "failed"))
    return checks


def _tag_manifest(tag_files: Mapping[str, bytes], pinned: str | None) -> list[FileCheck]:
    path = tags.TAG_MANIFEST
    if path not in tag_files:
        return [FileCheck(path, pinned, None, "missing")]
    have = tags.sha256(tag_files[path])
    if pinned is None:
        return []
    if pinned.lower() == have:
        return [FileCheck(path, pinned.lower(), have, "verified")]
    return [FileCheck(path, pinned.lower(), have, "failed", "this is not the archive that was handed over")]


def _declaration(data: bytes) -> list[FileCheck]:
    labels = tags.parse_information(data)
    known = labels.get("BagIt-Version") in ("0.97", "1.0")
    if known and labels.get("Tag-File-Character-Encoding", "").upper() == "UTF-8":
        return []
    return [_refused(tags.BAGIT, "does not declare BagIt 0.97 or 1.0 with UTF-8 tag files")]


def _oxum(tag_files: Mapping[str, bytes], found: str) -> list[FileCheck]:
    stated = tags.parse_information(tag_files.get(tags.INFO, b"")).get("Payload-Oxum")
    if stated is None or stated == found:
        return []
    return [_refused(tags.INFO, f"states a payload of {stated} (bytes.files), found {found}")]


def _refused(path: str, reason: str) -> FileCheck:
    return FileCheck(path, None, None, "refused", reason)
