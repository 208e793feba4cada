"""One release and all that bears on it, as the plain data that rules ask about.

The names are those of `compiled.FACT_NAMES`. What is absent is null or missing, so that a rule that needs
it is undecided; nothing is filled in. Times are RFC 3339 texts in UTC, days are `YYYY-MM-DD`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from muniment.judge.board import Standing, by
from muniment.judge.decided import conditions_on, decided, told, whole_roster, with_closing
from muniment.judge.operations import operations
from muniment.judge.pccp import under_plan
from muniment.judge.place import Facts, Path, Place
from muniment.judge.postmarket import ABOUT_DEVICE, ABOUT_RELEASE, Aftermath, stops
from muniment.judge.sealed import Sealed, entry_of, place_of
from muniment.model.change import ChangeClass, Changes
from muniment.model.conditions import DECISION, conditions
from muniment.model.edition import Approval
from muniment.model.evidence import DATASET_LAYERS, RELEASE_PARTS, Device, Dossier, Record
from muniment.model.ruling import Basis
from muniment.model.seal import Seal
from muniment.model.tree import Tree, at

NESTED = {"contract": ("run", "contract")}
"""Names of facts that a part of the release refers to: the part's field in the release, and its own field."""


def facts(
    device: Device,
    dossier: Dossier,
    *,
    previous: Dossier | None,
    original: Dossier | None,
    changes: Changes,
    seals: Sequence[Seal],
    approvals: Sequence[Approval],
    standings: Mapping[str, Standing],
    basis: Basis,
    as_of: str,
    authorised: Dossier | None = None,
    since: Changes | None = None,
) -> Facts:
    """Gather the facts on one release.

    `seals` are all of the device; `standings` holds every release's by version; `changes` are against
    `previous`. `authorised` is the release that was authorised with the change control plan this one
    names, and `since` are the changes from there. Seals and approvals after the day `as_of` are left out,
    and with `basis` "verified" so are seals that did not verify.
    """
    gathered = _Gathering(device, dossier, basis, as_of)
    known = tuple(seal for seal in seals if by(seal.time, as_of) and _holds(seal, basis))
    tree: dict[str, Tree] = {
        "device": gathered.record("device", ("device",)),
        "roster": whole_roster(gathered.record("roster", ("roster",))),
        "release": gathered.release(dossier, standings),
        "releases": gathered.releases(standings),
        "change": gathered.change(changes),
        "pccp": gathered.pccp(changes, authorised, since),
        "approvals": gathered.approvals(approvals),
        "seals": Sealed(device, dossier, gathered.places).facts(known, standings[dossier.version]),
        "datasets": gathered.datasets(dossier, ("datasets",)),
        "snapshots": gathered.referred_list(dossier, "snapshots"),
        "measures": gathered.measures(dossier, ("measures",)),
        "analysis": gathered.analysis(),
        "artifacts": gathered.artifacts(),
        "manifest": gathered.manifest(dossier, ("manifest",)),
        "decisions": gathered.decisions(known),
        "operations": operations(device.records.values(), as_of, gathered.places),
        "now": as_of,
    }
    for reference, name in RELEASE_PARTS.items():
        tree[name] = gathered.part(dossier, reference, (name,))
    for name, (part, field) in NESTED.items():
        tree[name] = gathered.nested(dossier, part, field, (name,))
    tree["claim"] = _with_words(tree["claim"])
    if isinstance(tree["monitoring"], Mapping):
        tree["monitoring"] = MappingProxyType({**tree["monitoring"], **gathered.postmarket(known)})
    for name, other in (("previous", previous), ("original", original)):
        tree[name] = None if other is None else gathered.whole(other, standings, name)
    home = Place(dossier.release.document.path)
    return Facts(MappingProxyType(tree), MappingProxyType(gathered.places), home)


def _holds(seal: Seal, basis: Basis) -> bool:
    return seal.outcome == "verified" or (basis == "recorded" and seal.outcome == "recorded")


def _with_words(claim: Tree) -> Tree:
    """The claim with the length of its safe-state explanation in words, which CEL cannot count."""
    text = at(claim, "/safe_state/plain_language")
    if not isinstance(text, str):
        return claim
    return MappingProxyType({**claim, "safe_state_words": len(text.split())})


class _Gathering:
    """Collects facts, and notes where each comes from."""

    def __init__(self, device: Device, dossier: Dossier, basis: Basis, as_of: str) -> None:
        self.device = device
        self.dossier = dossier
        self.basis = basis
        self.as_of = as_of
        self.places: dict[Path, Place] = {}
        self.stops = stops(device.records.values(), as_of)
        self.conditions = conditions(device.records.values(), as_of)

    @cached_property
    def _in_use(self) -> frozenset[str]:
        """Ids of the releases that are deployed somewhere on the day; gathered once, asked once a release."""
        return frozenset(
            record.body["release"]
            for record in self.device.records.values()
            if record.kind == "deployment"
            and record.body["from"] <= self.as_of
            and (record.body.get("to") is None or self.as_of <= record.body["to"])
        )

    def body(self, record: Record, at: Path) -> Tree:
        """A record's body with its id and digest."""
        self.places[at] = Place(record.document.path)
        return MappingProxyType({**record.body, "id": record.id, "sha256": record.document.sha256})

    def record(self, name: str, at: Path) -> Tree:
        found = self.device.records.get(name)
        if found is None:
            return None
        self.places[at] = Place(found.document.path)
        return found.body

    def referred(self, dossier: Dossier, reference: Tree, at: Path) -> Tree:
        found = dossier.get(reference) if isinstance(reference, str) else None
        return None if found is None else self.body(found, at)

    def part(self, dossier: Dossier, field: str, at: Path) -> Tree:
        return self.referred(dossier, dossier.release.body.get(field), at)

    def nested(self, dossier: Dossier, part: str, field: str, at: Path) -> Tree:
        """The record that a part of the release names in one of its fields."""
        record = dossier.get(dossier.release.body.get(part, ""))
        return None if record is None else self.referred(dossier, record.body.get(field), at)

    def referred_list(self, dossier: Dossier, field: str) -> Tree:
        """The records that a list of the release names; `None` where the release has no such list."""
        named = dossier.release.body.get(field)
        if named is None:
            return None
        return tuple(self.referred(dossier, name, (field, index)) for index, name in enumerate(named))

    def datasets(self, dossier: Dossier, at: Path) -> Tree:
        named = dossier.release.body.get("datasets", {})
        return MappingProxyType(
            {layer: self.referred(dossier, named.get(layer), (*at, layer)) for layer in DATASET_LAYERS}
        )

    def measures(self, dossier: Dossier, at: Path) -> Tree:
        if dossier.evaluation is None:
            return None
        self.places[at] = Place(f"{dossier.device}/{dossier.id}/evaluation.json")
        return dossier.evaluation

    def analysis(self) -> Tree:
        """The computed analysis of errors, robustness and explanations."""
        if self.dossier.analysis is not None:
            self.places[("analysis",)] = Place(f"{self.device.id}/{self.dossier.id}/analysis.json")
        return self.dossier.analysis

    def release(self, dossier: Dossier, standings: Mapping[str, Standing], at: Path = ("release",)) -> Tree:
        self.places[at] = Place(dossier.release.document.path)
        return MappingProxyType({**dossier.release.body, **self._state(dossier, standings)})

    def _state(self, dossier: Dossier, standings: Mapping[str, Standing]) -> dict[str, Tree]:
        stands = standings[dossier.version]
        stopped, withdrawn = self.stops.get(dossier.id, ((), False))
        return {
            "id": dossier.id,
            "version": dossier.version,
            "digest": dossier.manifest_sha256,
            "status": str(stands.status),
            "date": stands.decided_on or self.as_of,
            "candidate": MappingProxyType(
                {
                    "id": at(dossier.release.body, "/model/id"),
                    "sha256": at(dossier.release.body, "/model/file/sha256"),
                    "baseline": at(dossier.release.body, "/datasets/baseline"),
                }
            ),
            "in_use": dossier.id in self._in_use,
            "inputs": at(dossier.release.body, "/model/inputs"),
            "stopped_at": stopped,
            "withdrawn": withdrawn,
        }

    def releases(self, standings: Mapping[str, Standing]) -> Tree:
        for index, dossier in enumerate(self.device.releases):
            self.places[("releases", index)] = Place(dossier.release.document.path, exact=True)
        return tuple(MappingProxyType(self._state(dossier, standings)) for dossier in self.device.releases)

    def whole(self, dossier: Dossier, standings: Mapping[str, Standing], name: str) -> Tree:
        """Another release with its references replaced by the records they name."""
        body = {"pccp": None, **self.release(dossier, standings, (name,))}
        for reference, part in RELEASE_PARTS.items():
            body.pop(reference, None)
            body[part] = self.part(dossier, reference, (name, part))
        body["datasets"] = self.datasets(dossier, (name, "datasets"))
        body["measures"] = self.measures(dossier, (name, "measures"))
        body["manifest"] = self.manifest(dossier, (name, "manifest"))
        self.places[name, "conditions"] = Place(dossier.release.document.path, exact=True)
        body["conditions"] = conditions_on(self.device, dossier.id, self.conditions)
        return MappingProxyType(body)

    def change(self, changes: Changes) -> Tree:
        word = self.dossier.release.body.get("declared_class")
        declared = ChangeClass.of(word) if isinstance(word, str) else None
        path = self.dossier.release.document.path
        self.places[("change",)] = Place(path, "/declared_class" if declared else "", exact=True)
        return MappingProxyType(
            {
                "old": changes.old,
                "declared": word,
                "computed": changes.computed.word,
                "class": max(changes.computed, declared or changes.computed).word,
                "items": tuple(
                    MappingProxyType(
                        {
                            "path": item.path,
                            "kind": item.kind,
                            "class": item.change_class.word,
                            "rule": item.rule,
                        }
                    )
                    for item in changes.items
                ),
            }
        )

    def approvals(self, approvals: Sequence[Approval]) -> Tree:
        words = [word for word in approvals if by(word.time, self.as_of)]
        for index, word in enumerate(words):
            self.places[("approvals", index)] = place_of(self.device, word.seal)
        return tuple(
            MappingProxyType(
                {
                    "person": word.person,
                    "name": word.name,
                    "identity": word.identity,
                    "role": word.role,
                    "decision": word.decision,
                    "meaning": word.meaning,
                    "time": word.time,
                    "valid": word.valid,
                    "problem": word.problem,
                    "conditions": word.conditions,
                    **entry_of(word.seal),
                }
            )
            for word in words
        )

    def artifacts(self) -> Tree:
        for index, item in enumerate(self.dossier.artifacts):
            record = self.dossier.get(item.record)
            file = record.document.path if record is not None else self.dossier.release.document.path
            self.places[("artifacts", index)] = Place(file, item.pointer, exact=True)
        return tuple(
            MappingProxyType(
                {
                    "path": item.path,
                    "sha256": item.sha256,
                    "actual": item.actual,
                    "holds": item.holds,
                    "record": item.record,
                }
            )
            for item in self.dossier.artifacts
        )

    def manifest(self, dossier: Dossier, at: Path) -> Tree:
        if dossier.manifest_sha256 is None:
            return None
        self.places[at] = Place(f"{self.device.id}/{dossier.id}/manifest.json", exact=True)
        return MappingProxyType(
            {
                "sha256": dossier.manifest_sha256,
                "files": tuple(
                    self._frozen_file(path, dossier.manifest[path]) for path in sorted(dossier.manifest)
                ),
            }
        )

    def _frozen_file(self, path: str, stated: str) -> Tree:
        files = self.device.files
        holds = files.exists(path) and files.digest(path) == stated
        return MappingProxyType({"path": path, "sha256": stated, "holds": holds})

    def _about(self) -> Iterator[Record]:
        """Records that name this release, and its change request, sorted by id."""
        request = self.dossier.release.body.get("change_request")
        for identifier, record in sorted(self.device.records.items()):
            if record.body.get("release") == self.dossier.id or identifier == request:
                yield record

    def _decided(self) -> tuple[Record, ...]:
        request = self.dossier.release.body.get("change_request")
        return decided(self.device, self.dossier.id, request, self.as_of)

    def decisions(self, seals: tuple[Seal, ...]) -> Tree:
        """Decisions on this release with who signed each; a board's conditions with the day of closing."""
        return tuple(
            self._decision(record, seals, ("decisions", index))
            for index, record in enumerate(self._decided())
        )

    def pccp(self, changes: Changes, authorised: Dossier | None, since: Changes | None) -> Tree:
        """The change control plan that the release names, and how the release stands to it."""
        said = self.dossier.release.body.get("pccp")
        plan = None if said is None else self.dossier.get(said["plan"])
        if plan is None:
            return None
        derived = under_plan(plan, self.dossier, changes, self._decided(), authorised, since)
        for name in derived:
            self.places["pccp", name] = Place(
                self.dossier.release.document.path, "/pccp/modification", exact=True
            )
        return MappingProxyType({**self.body(plan, ("pccp",)), **derived})

    def _decision(self, record: Record, seals: tuple[Seal, ...], at: Path) -> Tree:
        self.places[*at, "signed"] = Place(record.document.path, exact=True)
        body = MappingProxyType({**self.body(record, at), **told(record, self.device, seals, self.as_of)})
        if record.kind != DECISION:
            return body
        return MappingProxyType({**body, "conditions": with_closing(record, self.conditions)})

    def postmarket(self, seals: tuple[Seal, ...]) -> dict[str, Any]:
        """What bears on this release in use and began by `as_of`, by list and id."""
        lists: dict[str, list[Tree]] = {
            name: [] for name in (*ABOUT_RELEASE.values(), *ABOUT_DEVICE.values())
        }
        for name, record, body in Aftermath(self.device, self.as_of, seals).listed(self.dossier):
            self.places[("monitoring", name, len(lists[name]))] = Place(record.document.path)
            lists[name].append(body)
        return {name: tuple(bodies) for name, bodies in lists.items()}
