"""Where records lie in a device folder, and what to say of a YAML file that lies elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable

from muniment.model.finding import Finding, Where

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_TOP = ("device", "roster")
_LAYERS = ("raw", "splits", "labels", "features", "baseline", "snapshots")
_FLAT = (
    *("claims", "contracts", "hazards", "monitors", "pccp", "plans", "runs", "decisions"),
    *("security", "operations", "surveillance"),
)
_FOLDERS = (*_FLAT, "datasets", "releases", "postmarket")
_RECORD = re.compile(
    rf"(?:(?:{'|'.join(_TOP)})"
    rf"|(?:{'|'.join(_FLAT)})/{_NAME}"
    rf"|datasets/(?:{'|'.join(_LAYERS)})/{_NAME}"
    rf"|releases/{_NAME}/release"
    rf"|postmarket/{_NAME}/{_NAME})\.yaml"
)
DEVICE_NAME = re.compile(_NAME)


def record_id(path: str) -> str | None:
    """Return the id of the record file at `path` in a device folder; `None` for any other file."""
    if not _RECORD.fullmatch(path):
        return None
    name = path.removesuffix(".yaml")
    return name.removesuffix("/release") if name.startswith("releases/") else name


def misplaced(device: str, paths: Iterable[str]) -> list[Finding]:
    """Return a finding for every YAML file that looks like a record and lies where none is looked for."""
    found = []
    for path in paths:
        if record_id(path) is not None or not path.endswith((".yaml", ".yml")):
            continue
        hint = _advice(path)
        if hint:
            where = Where(f"{device}/{path}", line=1, column=1)
            found.append(Finding("layout", f"{path} is not where a record is looked for", where, hint=hint))
    return found


def headless(device: str, paths: Iterable[str]) -> list[Finding]:
    """Return a finding for every release folder without its record: nobody would judge what lies in it."""
    every = set(paths)
    versions = {path.split("/")[1] for path in every if path.startswith("releases/") and path.count("/") > 1}
    return [
        Finding(
            "layout",
            f"releases/{version} holds files and no release.yaml",
            Where(f"{device}/releases/{version}/release.yaml", line=1, column=1),
            hint="write its release.yaml, or move the folder away: without a record nothing in it is judged",
        )
        for version in sorted(versions)
        if f"releases/{version}/release.yaml" not in every
    ]


def colliding(device: str, paths: Iterable[str]) -> list[Finding]:
    """Return a finding for every pair of names that differ only in case: many disks hold just one of them."""
    first: dict[str, str] = {}
    found = []
    for path in paths:
        other = first.setdefault(path.casefold(), path)
        if other != path:
            where = Where(f"{device}/{path}", line=1, column=1)
            found.append(
                Finding("layout", f"{path} and {other} differ only in case", where, hint="rename one of them")
            )
    return found


def _advice(path: str) -> str:
    """Say where the file may belong; empty for a folder that holds no records (`data/`, `pipeline/`)."""
    parts = path.split("/")
    if len(parts) == 1:
        import difflib

        near = difflib.get_close_matches(path.rsplit(".", 1)[0], _TOP, 1, 0.6)
        if near:
            return f"rename it {near[0]}.yaml"
        return "only device.yaml and roster.yaml lie here; put the record into a folder such as claims/"
    top = parts[0]
    if top not in _FOLDERS:
        import difflib

        near = difflib.get_close_matches(top, _FOLDERS, 1, 0.75)
        return f'did you mean the folder "{near[0]}"?' if near else ""
    if path.endswith(".yml") and record_id(path[: -len("yml")] + "yaml"):
        return "rename it to end in .yaml"
    if top == "datasets":
        return f"records of datasets lie in datasets/{{{','.join(_LAYERS)}}}/NAME.yaml"
    if top == "releases":
        return "a release has one record, releases/VERSION/release.yaml"
    if top == "postmarket":
        return "records after release lie in postmarket/VERSION/NAME.yaml"
    return f"records lie in {top}/NAME.yaml, the name made of letters, digits, '.', '_' and '-'"
