"""Ids that name an element of another record of the same release: a monitor, a hazard, a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from muniment.link.paths import select
from muniment.model.dataclass import dataclass
from muniment.model.evidence import Record
from muniment.model.finding import Finding
from muniment.model.suggestion import closest


@dataclass(frozen=True, slots=True)
class _Named:
    """A field of records of `kind` that must name one of the elements `choice` of the record of `target`."""

    kind: str
    pattern: str
    target: str
    choice: str
    what: str


_IN_RELEASE = (
    _Named("hazards", "/hazards/*/monitors/*", "monitors", "/monitors/*/id", "monitor"),
    _Named("hazards", "/failure_modes/*/hazard", "hazards", "/hazards/*/id", "hazard"),
    _Named("hazards", "/failure_modes/*/monitor", "monitors", "/monitors/*/id", "monitor"),
    _Named("hazards", "/wrong_outputs/*/hazard", "hazards", "/hazards/*/id", "hazard"),
    _Named("hazards", "/assumptions/*/monitor", "monitors", "/monitors/*/id", "monitor"),
    _Named("plan", "/analysis/multiplicity_control/family/*", "plan", "/criteria/*/id", "criterion"),
    _Named("monitors", "/monitors/*/hazards/*", "hazards", "/hazards/*/id", "hazard"),
    _Named("plan", "/criteria/*/operating_point", "plan", "/operating_points/*/id", "operating point"),
    _Named("plan", "/criteria/*/each", "plan", "/subgroups/*/axis", "subgroup axis"),
    _Named("plan", "/criteria/*/against", "plan", "/comparators/*/id", "comparator"),
    _Named("release", "/model/operating_point", "plan", "/operating_points/*/id", "operating point"),
    _Named("release", "/analysis/case_axes/*", "plan", "/subgroups/*/axis", "subgroup axis"),
    _Named("release", "/limitations/*/failure_mode", "hazards", "/failure_modes/*/id", "failure mode"),
    _Named("release", "/impact/risk_delta/*/hazard", "hazards", "/hazards/*/id", "hazard"),
    _Named("release", "/pccp/modification", "pccp", "/modifications/*/id", "modification"),
)
_ABOUT_RELEASE = (
    _Named("alert", "/monitor", "monitors", "/monitors/*/id", "monitor"),
    _Named("monitoring_log", "/runs/*/monitors/*", "monitors", "/monitors/*/id", "monitor"),
    _Named("signal", "/hazard", "hazards", "/hazards/*/id", "hazard"),
)
_PERSONS: Mapping[str, tuple[str, ...]] = {
    "roster": ("/entries/*/person", "/entries/*/delegated_by"),
    "release": (
        "/author",
        "/privacy/findings/*/decided_by",
        "/error_examples/*/clinician",
        "/system_tests/*/by",
        "/safe_state/owner",
    ),
    "run": ("/steps/*/operator", "/promotion/by", "/rerun/by"),
    "contract": ("/owner",),
    "dataset_baseline": ("/custody/custodian",),
    "monitors": ("/monitors/*/owner", "/monitors/*/threshold/set_by", "/not_monitored/*/decided_by"),
    "dataset_raw": ("/access/owner",),
    "change_request": ("/raised_by",),
    "board_decision": ("/meeting/attendees/*",),
    "condition_closure": ("/closed_by",),
    "waiver": ("/approved_by/*",),
    "deferral": ("/decided_by/*",),
    "deviation": ("/approved_by/*", "/ratified_by/*"),
    "determination": ("/by",),
    "reconstruction": ("/by",),
    "drill": ("/participants/*/person", "/findings/*/owner", "/decided_by", "/verified_by"),
    "deployment": ("/authorised_by", "/promotion/by"),
    "alert": ("/review/by",),
    "security": ("/findings/*/owner",),
    "environments": ("/environments/*/owner",),
    "endpoints": ("/endpoints/*/owner",),
    "access": ("/access/*/people/*", "/access/*/reviewed_by"),
    "audit_trail": ("/trails/*/owner",),
    "retention": ("/retention/*/owner",),
    "control_plane": ("/functions/*/owner",),
    "tool_qualification": ("/tools/*/qualified_by",),
    "signal": (
        "/level_by",
        "/decided_by/*",
        "/reportability/*/by",
        "/interim_mitigation/approved_by/*",
    ),
    "incident": ("/levels/*/by",),
    "closure": ("/by", "/effectiveness/by"),
    "event": ("/decided_by/*",),
    "tabletop": ("/participants/*/person", "/findings/*/owner"),
    "checklist": ("/controls/*/verified_by",),
    "surveillance": ("/owner", "/reports/*/by"),
}


def unknown_elements(release: Record, parts: Mapping[str, Record]) -> Iterator[Finding]:
    """Yield a finding (rule `reference`) for every id inside a release that names nothing in it."""
    chosen = {
        "release": release,
        **{kind: parts[release.body[kind]] for kind in ("hazards", "monitors", "plan")},
    }
    if "pccp" in release.body:
        chosen["pccp"] = parts[release.body["pccp"]["plan"]]
    for named in _IN_RELEASE:
        if named.target not in chosen:
            continue
        record, target = chosen[named.kind], chosen[named.target]
        choice = tuple(value for _, value in select(target.body, named.choice))
        for at, value in select(record.body, named.pattern):
            if value is not None and value not in choice:
                yield _finding(record, at, value, choice, named.what, target.id)


def unknown_outside(
    release: Record, parts: Mapping[str, Record], outside: Mapping[str, Record]
) -> Iterator[Finding]:
    """Yield a finding (rule `reference`) for every id in a record about a release that is not one of it."""
    for record in outside.values():
        for named in _ABOUT_RELEASE:
            if named.kind != record.kind or record.body["release"] != release.id:
                continue
            target = parts[release.body[named.target]]
            choice = tuple(value for _, value in select(target.body, named.choice))
            for at, value in select(record.body, named.pattern):
                if value not in choice:
                    yield _finding(record, at, value, choice, named.what, target.id)


def unknown_persons(records: Mapping[str, Record]) -> Iterator[Finding]:
    """Yield a finding (rule `reference`) for every person id that is not on the roster."""
    roster = records.get("roster")
    if roster is None:
        return
    people = tuple(value for _, value in select(roster.body, "/people/*/id"))
    for record in records.values():
        for pattern in _PERSONS.get(record.kind, ()):
            for at, value in select(record.body, pattern):
                if value is not None and value not in people:
                    yield _finding(record, at, value, people, "person", "roster")


def _finding(record: Record, at: str, value: str, choice: tuple[str, ...], what: str, target: str) -> Finding:
    near = closest(value, choice)
    question = f'; did you mean "{near}"?' if near else ""
    message = f'there is no {what} "{value}" in {target}{question}'
    hint = f"there are: {', '.join(choice[:12])}" if choice else f"{target} names none yet"
    return Finding("reference", message, record.where(at), hint=hint)
