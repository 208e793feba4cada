"""Records about a release in use, as they were known on a day.

A record that began after the day is left out, and so is what was added to an earlier one later: the
decision on a signal, the higher level of an incident, the closing of an alert. Signatures and closures
that belong to a record are set beside its own fields, as `signed` and `closure`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from muniment.judge.board import signer_of
from muniment.judge.signatures import signatures
from muniment.model.dataclass import dataclass
from muniment.model.deployment import FOR_GOOD, ended_on
from muniment.model.evidence import Device, Dossier, Record
from muniment.model.seal import Seal
from muniment.model.tree import Tree, at

ABOUT_RELEASE: Mapping[str, str] = {
    "drill": "drills",
    "alert": "alerts",
    "deployment": "deployments",
    "monitoring": "windows",
    "signal": "signals",
    "incident": "incidents",
    "event": "events",
    "checklist": "checklists",
    "monitoring_log": "logs",
    "closure": "closures",
    "reconstruction": "reconstructions",
}
"""Record kinds about one release, and the list of `monitoring` each goes to."""
ABOUT_DEVICE: Mapping[str, str] = {"tabletop": "tabletops", "surveillance": "surveillance"}
"""Record kinds that speak for every release of the device."""
DEPLOYMENT = "/predicate/deployment/v1"
"""How the URI of the predicate of a sealed deployment ends."""
CLOSURE = "closure"
STOPS = frozenset({"pause", "rollback", "recall", "withdrawal"})

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a device's records say of its releases in use, up to the day `as_of`."""

    device: Device
    as_of: str
    seals: Sequence[Seal] = ()
    """Seals that count: known by the day, and verified where that is asked."""

    def listed(self, dossier: Dossier) -> Iterator[tuple[str, Record, Tree]]:
        """Yield name of the list, record and known body of everything that bears on a release, by id."""
        for _, record in sorted(self.device.records.items()):
            own = ABOUT_RELEASE.get(record.kind) if record.body.get("release") == dossier.id else None
            name = own or ABOUT_DEVICE.get(record.kind)
            if name is not None and _began(record, self.as_of):
                yield name, record, self._known(record, dossier)

    def _known(self, record: Record, dossier: Dossier) -> Tree:
        body: Body = {**record.body, "id": record.id, "sha256": record.document.sha256}
        body["signed"] = tuple(signatures(record, self.device, self.seals, self.as_of))
        if record.kind == "deployment":
            body["to"] = ended_on(record, self.device.records.values(), self.as_of)
            body["seal"] = self._deployment_seal(record)
        known = _KNOWN.get(record.kind)
        if known is not None:
            body = known(body, self.as_of)
        if record.kind == "checklist":
            body["controls"] = tuple(_looked_up(item, self.device, dossier) for item in body["controls"])
        closed = self._closures(record)
        if None in closed:
            body["closure"] = closed[None]
        if "findings" in body:
            body["findings"] = tuple(
                MappingProxyType({**item, "closure": closed[item["id"]]})
                if item.get("id") in closed
                else item
                for item in body["findings"]
            )
        return MappingProxyType(body)

    def _deployment_seal(self, record: Record) -> Tree:
        """The earliest seal on a deployment's very bytes: when, and after which authorisation; or null."""
        path = record.document.path.split("/", 1)[1]
        found = [
            seal
            for seal in self.seals
            if seal.predicate_type.endswith(DEPLOYMENT) and seal.subjects.get(path) == record.document.sha256
        ]
        if not found:
            return None
        seal = min(found, key=lambda each: (each.time or "", each.file))
        roster = self.device.records.get("roster")
        return MappingProxyType(
            {
                "time": seal.time,
                "person": signer_of(roster.body if roster else {}, seal),
                "role": seal.predicate["role"],
                "release_seal_sha256": seal.predicate["release_seal_sha256"],
            }
        )

    def _closures(self, record: Record) -> dict[str | None, Tree]:
        """The earliest closure of a record (under `None`) and of each of its findings, by id."""
        found = [
            other
            for other in self.device.records.values()
            if other.kind == CLOSURE and other.body["of"] == record.id and _began(other, self.as_of)
        ]
        out: dict[str | None, Tree] = {}
        for closure in sorted(found, key=lambda r: (r.body["on"], r.id)):
            body = {**closure.body, "id": closure.id}
            if at(closure.body, "/effectiveness/on") is not None and not _past(
                closure.body["effectiveness"], self.as_of
            ):
                del body["effectiveness"]
            out.setdefault(closure.body.get("item"), MappingProxyType(body))
        return out


def _past(item: Mapping[str, Any], as_of: str, field: str = "on") -> bool:
    return field in item and bool(item[field] <= as_of)


def _without(body: Mapping[str, Any], *names: str) -> Body:
    return {name: value for name, value in body.items() if name not in names}


def _alert(body: Body, as_of: str) -> Body:
    if "review" in body and not _past(body["review"], as_of):
        body = _without(body, "review")
    if "closed_on" in body and not _past(body, as_of, "closed_on"):
        body = _without(body, "closed_on") | {"state": "open", "cause": "unknown"}
    return body


def _signal(body: Body, as_of: str) -> Body:
    if not _past(body, as_of, "decided_on"):
        body = _without(body, "decision", "decided_by", "decided_on")
    if "interim_mitigation" in body and not _past(body["interim_mitigation"], as_of, "from"):
        body = _without(body, "interim_mitigation")
    entries = tuple(
        item
        if _past(item, as_of, "decided_on")
        else MappingProxyType(_without(item, "decision", "reason", "by", "decided_on", "reference"))
        for item in body["reportability"]
        if item["aware_on"] <= as_of
    )
    return body | {"reportability": entries}


def _of_the_past(name: str) -> Callable[[Body, str], Body]:
    """Keep the elements of a list that carry a day up to `as_of`; they stand oldest first."""

    def known(body: Body, as_of: str) -> Body:
        return body | {name: tuple(item for item in body[name] if _past(item, as_of))}

    return known


def _surveillance(body: Body, as_of: str) -> Body:
    reports = tuple(
        item
        if _past(item, as_of, "done_on")
        else MappingProxyType(_without(item, "done_on", "by", "conclusion", "file"))
        for item in body["reports"]
    )
    return body | {"reports": reports}


def _drill(body: Body, _as_of: str) -> Body:
    """Add the minutes of each step, which the times of day give; a drill may run past midnight."""
    times = [_minute(body[name]) for name in ("injected_at", "detected_at", "decided_at", "safe_state_at")]
    steps = [(later - earlier) % 1440 for earlier, later in pairwise(times)]
    names = ("detect", "decide", "reach")
    return body | {"minutes": MappingProxyType({**dict(zip(names, steps, strict=True)), "all": sum(steps)})}


def _event(body: Body, _as_of: str) -> Body:
    """Add the minutes from the decision until it had taken effect."""
    return body | {"minutes": (_minute(body["at"]) - _minute(body["decided_at"])) % 1440}


def _minute(time: str) -> int:
    read = datetime.time.fromisoformat(time)
    return read.hour * 60 + read.minute


_KNOWN: Mapping[str, Callable[[Body, str], Body]] = {
    "alert": _alert,
    "signal": _signal,
    "incident": _of_the_past("levels"),
    "monitoring_log": _of_the_past("runs"),
    "surveillance": _surveillance,
    "drill": _drill,
    "event": _event,
}


def _looked_up(item: Mapping[str, Any], device: Device, dossier: Dossier) -> Tree:
    """A control of a checklist with what its evidence is, and whether all of it is there and frozen."""
    kinds = tuple(_kind_of(name, device, dossier) for name in item["evidence"])
    return MappingProxyType(
        {
            **item,
            "kinds": tuple(kind for kind in kinds if kind is not None),
            "resolves": all(kind is not None for kind in kinds),
        }
    )


def _kind_of(name: str, device: Device, dossier: Dossier) -> str | None:
    """Kind of the record `name` of a release; "file" for a frozen file; `None` for what does not hold."""
    record = dossier.records.get(name)
    if record is not None:
        path = record.document.path.split("/", 1)[1]
        return record.kind if dossier.manifest.get(path) == record.document.sha256 else None
    if name in dossier.outside:
        return dossier.outside[name].kind
    if name not in dossier.manifest or not device.files.exists(name):
        return None
    if device.files.digest(name) != dossier.manifest[name]:
        return None
    return "evaluation" if name == f"{dossier.id}/evaluation.json" else "file"


def stops(records: Iterable[Record], as_of: str) -> Mapping[str, tuple[tuple[str, ...], bool]]:
    """Return, by release, the sites at which it is stopped, sorted, and whether it is stopped for good."""
    events = [record for record in records if record.kind == "event" and _began(record, as_of)]
    back: dict[str, set[str]] = {}
    for event in events:
        if event.body["mode"] == "resume" and "ends" in event.body:
            back.setdefault(event.body["ends"], set()).update(event.body["sites"])
    stopped: dict[str, tuple[set[str], bool]] = {}
    for event in events:
        if event.body["mode"] in STOPS:
            sites, for_good = stopped.get(event.body["release"], (set(), False))
            sites |= set(event.body["sites"]) - back.get(event.id, set())
            stopped[event.body["release"]] = sites, for_good or event.body["mode"] in FOR_GOOD
    return {release: (tuple(sorted(sites)), for_good) for release, (sites, for_good) in stopped.items()}


def _began(record: Record, as_of: str) -> bool:
    if record.kind == "monitoring_log":  # it began with its first run
        return any(run["on"] <= as_of for run in record.body["runs"])
    began = record.body.get("on") or record.body.get("opened_on") or record.body.get("from")
    return began is None or bool(began <= as_of)
