"""Which fields name another record, and whether what they name is there.

A test holds these tables to the `x-reference` annotations of the schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from muniment.link.artifacts import stands
from muniment.link.paths import select
from muniment.model.dataclass import dataclass
from muniment.model.evidence import Files, Record
from muniment.model.finding import Finding
from muniment.model.suggestion import closest

_LAYERS = ("dataset_raw", "dataset_splits", "dataset_labels", "dataset_features", "dataset_baseline")

PARTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "release": {
        "/claim": ("claim",),
        "/hazards": ("hazards",),
        "/monitors": ("monitors",),
        "/plan": ("plan",),
        "/datasets/raw": ("dataset_raw",),
        "/datasets/splits": ("dataset_splits",),
        "/datasets/labels": ("dataset_labels",),
        "/datasets/features": ("dataset_features",),
        "/datasets/baseline": ("dataset_baseline",),
        "/run": ("run",),
        "/security": ("security",),
        "/snapshots/*": ("dataset_snapshot",),
        "/model/serving_features": ("dataset_features",),
        "/pccp/plan": ("pccp",),
        "/pccp/methods/data_management/executed": ("dataset_baseline",),
        "/pccp/methods/retraining/executed": ("run",),
        "/pccp/methods/performance/executed": ("plan",),
        "/pccp/methods/update/executed": ("monitors",),
    },
    "monitors": {"/baseline": ("dataset_baseline",)},
    "plan": {"/baseline": ("dataset_baseline",)},
    "run": {"/contract": ("contract",)},
    "dataset_splits": {"/raw": ("dataset_raw",)},
    "dataset_labels": {"/raw": ("dataset_raw",)},
    "dataset_features": {"/raw": ("dataset_raw",)},
    "dataset_baseline": {
        "/splits": ("dataset_splits",),
        "/labels": ("dataset_labels",),
        "/features": ("dataset_features",),
    },
}
"""Kind to the fields whose target belongs to the same release: these are followed, and frozen with it."""

MENTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "release": {
        "/supersedes": ("release",),
        "/change_request": ("change_request",),
        "/safe_state/target": ("release",),
        "/stages/*/claim": ("claim",),
    },
    "contract": {
        "/claim": ("claim",),
        "/allowed_sources/*": ("dataset_raw",),
        "/labelling/labels": ("dataset_labels",),
    },
    "run": {"/promotion/ticket": ("change_request",)},
    "monitors": {
        "/live_source/features": ("dataset_features",),
        "/live_source/labels": ("dataset_labels",),
    },
    "dataset_labels": {"/supersedes": ("dataset_labels",)},
    "plan": {"/comparators/*/release": ("release",)},
    "dataset_raw": {"/known_faults/*/handled_in": _LAYERS},
    "dataset_features": {"/supersedes": ("dataset_features",)},
    "board_decision": {"/release": ("release",)},
    "condition_closure": {"/release": ("release",), "/decision": ("board_decision",)},
    "waiver": {"/release": ("release",)},
    "deferral": {"/change_request": ("change_request",)},
    "deviation": {"/release": ("release",)},
    "determination": {"/release": ("release",), "/pccp/plan": ("pccp",)},
    "reconstruction": {"/release": ("release",)},
    "drill": {"/release": ("release",), "/target": ("release",)},
    "deployment": {"/release": ("release",), "/replaces/*": ("deployment",)},
    "monitoring": {"/release": ("release",)},
    "alert": {"/release": ("release",)},
    "access": {"/access/*/datasets/*": _LAYERS},
    "residency": {"/holdings/*/datasets/*": _LAYERS},
    "control_plane": {
        "/functions/*/record": (
            *("claim", "plan", "run", "release", "monitors", "board_decision", "change_request"),
            *_LAYERS,
        )
    },
    "signal": {"/release": ("release",), "/alerts/*": ("alert",)},
    "incident": {"/release": ("release",), "/alerts/*": ("alert",), "/signal": ("signal",)},
    "closure": {"/release": ("release",), "/of": ("signal", "incident", "drill", "tabletop")},
    "event": {
        "/release": ("release",),
        "/cause": ("signal", "incident", "alert"),
        "/ends": ("event",),
    },
    "tabletop": {"/release": ("release",)},
    "checklist": {"/release": ("release",)},
    "monitoring_log": {"/release": ("release",)},
}
"""Kind to the fields whose target is another release, or stays outside the manifest."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One field that names a record."""

    pointer: str
    target: str
    """Id of the record named."""
    kinds: tuple[str, ...]
    """Kinds the target may have."""


def references(record: Record, table: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterator[Reference]:
    """Yield the references of a record that `table` lists; a null names nothing."""
    for pattern, kinds in table.get(record.kind, {}).items():
        for at, target in select(record.body, pattern):
            if target is not None:
                yield Reference(at, target, kinds)


def reachable(release: Record, records: Mapping[str, Record]) -> tuple[dict[str, Record], bool]:
    """Return every record that belongs to a release, by id, and whether all of them were there."""
    found: dict[str, Record] = {release.id: release}
    waiting = [release]
    whole = True
    while waiting:
        for reference in references(waiting.pop(), PARTS):
            record = records.get(reference.target)
            if record is None or record.kind not in reference.kinds:
                whole = False
            elif record.id not in found:
                found[record.id] = record
                waiting.append(record)
    return dict(sorted(found.items())), whole


def dangling(records: Mapping[str, Record], files: Files) -> Iterator[Finding]:
    """Yield a finding (rule `reference`) for every reference to what is not there, or of the wrong kind."""
    for record in records.values():
        for table in (PARTS, MENTIONS):
            for reference in references(record, table):
                finding = _judged(record, reference, records, files)
                if finding is not None:
                    yield finding


def _judged(
    record: Record, reference: Reference, records: Mapping[str, Record], files: Files
) -> Finding | None:
    target = records.get(reference.target)
    where = record.where(reference.pointer)
    wanted = " or ".join(reference.kinds)
    choice = sorted(
        other.id for other in records.values() if other.kind in reference.kinds and other is not record
    )
    listed = f"there are: {', '.join(choice[:12])}" if choice else f"there is no record of kind {wanted} yet"
    if target is None:
        if stands(files, _file(reference.target)):
            return None  # it is there with a fault of its own, which is a finding already
        near = closest(reference.target, choice)
        question = f'; did you mean "{near}"?' if near else ""
        message = f'there is no record "{reference.target}"{question}'
        return Finding("reference", message, where, hint=f"{listed}; a record's id is its path without .yaml")
    if target.kind not in reference.kinds:
        message = f'"{reference.target}" is of kind {target.kind}; it must be of kind {wanted}'
        return Finding("reference", message, where, hint=listed)
    return None


def _file(identity: str) -> str:
    """Return the path of the file a record id stands for."""
    return f"{identity}/release.yaml" if identity.startswith("releases/") else f"{identity}.yaml"
