"""Write a bag: stream every file once, hash what was written, rename into place when complete."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import muniment
from muniment.archive import names, tags
from muniment.archive.contents import Archived, Contents, Holding, Rows, is_row_level
from muniment.archive.guide import client_trust_config, verify_steps
from muniment.archive.sinks import Sink, sink
from muniment.errors import UnreadableInput, UsageError
from muniment.model.progress import Progress, silent

SUFFIXES = (".zip", ".tar", "")


@dataclass(frozen=True, slots=True)
class _Item:
    """A payload file that is still to be written."""

    path: str
    origin: Path | bytes


def create(
    out: Path, contents: Contents, *, made_on: str, rows: Rows = "omit", progress: Progress = silent
) -> Archived:
    """Write `contents` as a bag at `out`: a `.zip`, a `.tar`, or a folder where there is no suffix.

    `made_on` is the ISO date the archive carries; no clock is read, and equal arguments give equal
    bytes. With `rows="omit"` files that may hold a row a patient stay out, and `data/omitted.json`
    states their digests.

    Raises `UsageError` where `out` exists already, has another suffix or the date is none, and
    `UnreadableInput` where a file cannot be archived: a link, a name that a bag cannot hold, or a
    file that changed while it was read.
    """
    refuse_target(out)
    _refuse_date(made_on)
    omitted = _omitted(contents.holdings) if rows == "omit" else ()
    items = _items(contents, omitted, made_on=made_on, rows=rows)
    _refuse_names([item.path for item in items])
    with tempfile.TemporaryDirectory(dir=out.resolve().parent, prefix=f".{out.name}.") as beside:
        partial = Path(beside) / out.name
        with sink(partial, out.stem, made_on) as target:
            digest, octets = _write(target, items, contents.information, made_on, progress)
        _into_place(partial, out)
    return Archived(out, digest, len(items), octets, len(omitted))


def refuse_target(out: Path) -> None:
    """Raise `UsageError` where no archive can be written; to be asked before any long work for one."""
    if out.suffix not in SUFFIXES:
        raise UsageError(
            f"cannot write an archive as {out.suffix!r}",
            hint="name it .zip or .tar, or give a folder without a suffix",
        )
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out} exists already", hint="an archive is never rewritten: choose another name")
    if not out.resolve().parent.is_dir():
        raise UsageError(f"there is no folder {out.parent}", hint="make it first")
    if names.fault(out.name):
        raise UsageError(f"{out.name!r} {names.fault(out.name)}", hint="choose a plain name for the archive")


def _refuse_date(made_on: str) -> None:
    try:
        day = datetime.date.fromisoformat(made_on)
    except ValueError:
        day = datetime.date.min
    # Entries of a .zip can carry no date outside these years.
    if not 1980 <= day.year <= 2107 or day.isoformat() != made_on:
        raise UsageError(f"{made_on!r} is not a date an archive can carry", hint="write it as YYYY-MM-DD")


def _refuse_names(paths: list[str]) -> None:
    for path in paths:
        if problem := names.fault(path):
            raise UnreadableInput(f"{path!r} {problem}", hint="rename the file, then build and archive again")
    for path in sorted(names.collisions(paths)):
        raise UnreadableInput(
            f"{path!r} has a second file of the same name (case and accents aside)",
            hint="rename one: some file systems could not hold both",
        )


def _is_omitted(holding: Holding, path: str) -> bool:
    return path in holding.row_level or is_row_level(path)


def _omitted(holdings: tuple[Holding, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "device": holding.device,
            "path": path,
            "sha256": holding.files.digest(path),
            "size": holding.files.size(path),
            "reason": "row-level table",
        }
        for holding in sorted(holdings, key=lambda holding: holding.device)
        for path in sorted(holding.paths)
        if _is_omitted(holding, path)
    )


def _items(
    contents: Contents, omitted: tuple[dict[str, Any], ...], *, made_on: str, rows: Rows
) -> tuple[_Item, ...]:
    guide = verify_steps(contents.holdings, contents.trust, rows=rows, omitted=len(omitted), made_on=made_on)
    items = [
        _Item("data/VERIFY.md", guide.encode()),
        _Item("data/verification.json", _json(contents.verification)),
        _Item("data/omitted.json", _json({"schema": "muniment/omitted/v1", "files": list(omitted)})),
        *(_Item(f"data/{path}", data) for path, data in contents.extras.items()),
        *_site(contents.site),
    ]
    for domain, root in contents.trust.items():
        items.append(_Item(f"data/trust/{domain}/trusted_root.json", root))
        items.append(_Item(f"data/trust/{domain}/client_trust_config.json", _client(domain, root)))
    for holding in contents.holdings:
        items += [
            _Item(f"data/evidence/{holding.device}/{path}", holding.files.open_table(path))
            for path in holding.paths
            if rows == "include" or not _is_omitted(holding, path)
        ]
    return tuple(sorted(items, key=lambda item: item.path))


def _client(domain: str, root: bytes) -> bytes:
    try:
        return client_trust_config(root)
    except ValueError:
        raise UnreadableInput(
            f"the trusted root of the domain {domain!r} is not JSON",
            hint="restore trusted_root.json from where it was made",
        ) from None


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _site(site: Path) -> Iterator[_Item]:
    if not (site / "index.html").is_file():
        raise UnreadableInput(f"there is no built portal in {site}", hint="run `muniment build` first")
    for folder, below, files in os.walk(site):
        for name in (*below, *files):
            path = Path(folder) / name
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise UnreadableInput(
                    f"{path} is not a regular file", hint="build the portal again into an empty folder"
                )
        for name in files:
            path = Path(folder) / name
            yield _Item(f"data/site/{path.relative_to(site).as_posix()}", path)


class _Hashing:
    """Passes bytes on and hashes them, so that the manifest states what was written."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner
        self.sum = hashlib.sha256()
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._inner.read(size)
        self.sum.update(chunk)
        self.count += len(chunk)
        return chunk


def _open(origin: Path | bytes, stack: ExitStack) -> tuple[IO[bytes], int]:
    if isinstance(origin, bytes):
        return io.BytesIO(origin), len(origin)
    try:
        handle = stack.enter_context(os.fdopen(os.open(origin, os.O_RDONLY | os.O_NOFOLLOW), "rb"))
    except OSError as error:
        raise UnreadableInput(
            f"cannot read {origin}: {error.strerror}", hint="a link is not archived"
        ) from None
    return handle, os.fstat(handle.fileno()).st_size


def _add(target: Sink, item: _Item) -> tuple[str, int]:
    """Write one file and return its digest and size as written."""
    with ExitStack() as stack:
        inner, size = _open(item.origin, stack)
        content = _Hashing(inner)
        try:
            target.add(item.path, content, size)
        except OSError as error:
            raise UnreadableInput(
                f"cannot archive {item.path}: {error}", hint="is there room on the disk?"
            ) from None
        if content.count != size or inner.read(1):
            raise UnreadableInput(
                f"{item.path} changed while it was archived", hint="archive again when nothing writes"
            )
        return content.sum.hexdigest(), size


def _write(
    target: Sink,
    items: tuple[_Item, ...],
    information: Mapping[str, str],
    made_on: str,
    progress: Progress,
) -> tuple[str, int]:
    """Write payload, then tag files; return the digest of the bag and the payload's bytes."""
    digests: dict[str, str] = {}
    octets = 0
    for number, item in enumerate(items):
        progress("packing files", number, len(items))
        digests[item.path], size = _add(target, item)
        octets += size
    tag_files = {
        tags.BAGIT: tags.DECLARATION,
        tags.INFO: tags.information(
            {
                "Bag-Software-Agent": f"muniment {muniment.__version__}",
                **information,
                "Bagging-Date": made_on,
                "Payload-Oxum": f"{octets}.{len(items)}",
            }
        ),
        tags.MANIFEST: tags.manifest(digests),
    }
    tag_files[tags.TAG_MANIFEST] = tags.manifest(
        {path: tags.sha256(data) for path, data in tag_files.items()}
    )
    for path in sorted(tag_files):
        _add(target, _Item(path, tag_files[path]))
    return tags.sha256(tag_files[tags.TAG_MANIFEST]), octets


def _into_place(partial: Path, out: Path) -> None:
    try:
        partial.rename(out)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", hint="choose another name") from None
