"""How the device is operated, as facts: what holds on a day, and where it stands."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.dossiers import record

from muniment import check, shipped
from muniment.judge.operations import SECTIONS, operations
from muniment.judge.place import Path, Place
from muniment.model.evidence import Record

SCHEMAS = check.Schemas.from_folder(shipped.folder("schemas"))


def environment(name: str, first: str, last: str | None, account: str = "acc-1") -> dict[str, Any]:
    return {"name": name, "account": account, "purpose": "production", "from": first, "to": last}


def inventory(name: str, *entries: dict[str, Any]) -> Record:
    body = {"kind": "environments", "origin": "measured", "environments": list(entries)}
    return record(f"operations/{name}", body)


def gathered(*records: Record, as_of: str = "2026-04-30") -> tuple[Any, dict[Path, Place]]:
    places: dict[Path, Place] = {}
    return operations(records, as_of, places), places


@pytest.mark.parametrize(
    ("as_of", "names"),
    [
        ("2025-12-31", []),
        ("2026-01-01", ["old"]),
        ("2026-03-31", ["old"]),
        ("2026-04-01", ["new"]),
        ("2030-01-01", ["new"]),
    ],
)
def test_only_entries_in_force_count(as_of: str, names: list[str]) -> None:
    """An entry holds from its first day to its last, both included; what is to come is not known yet."""
    living = inventory(
        "e", environment("old", "2026-01-01", "2026-03-31"), environment("new", "2026-04-01", None)
    )
    tree, _ = gathered(living, as_of=as_of)
    assert [entry["name"] for entry in tree["environments"]] == names


def test_no_record_is_not_an_empty_record() -> None:
    """Without a record the list is missing, so a rule is undecided, and never met for want of entries."""
    tree, _ = gathered()
    assert dict(tree) == {"records": ()}
    tree, _ = gathered(inventory("e", environment("old", "2020-01-01", "2021-01-01")))
    assert tree["environments"] == ()


def test_records_of_one_kind_are_one_list_and_every_entry_keeps_its_place() -> None:
    """An inventory may be split over files; a finding still points at the very entry."""
    first = inventory(
        "b", environment("ended", "2020-01-01", "2021-01-01"), environment("two", "2020-01-01", None)
    )
    tree, places = gathered(first, inventory("a", environment("one", "2020-01-01", None)))
    assert [entry["name"] for entry in tree["environments"]] == ["one", "two"]
    assert places[("operations", "environments", 0)] == Place("demo-1/operations/a.yaml", "/environments/0")
    assert places[("operations", "environments", 1)] == Place("demo-1/operations/b.yaml", "/environments/1")
    assert [item["id"] for item in tree["records"]] == ["operations/a", "operations/b"]


def test_every_list_is_one_that_a_schema_describes() -> None:
    """The sections are the lists of the records in `operations`, and no kind is left without one."""
    for _name, kind, field in SECTIONS:
        assert SCHEMAS.folder(kind) == "operations"
        assert SCHEMAS.describe(kind, (field,))["type"] == "array"
    assert {kind for _name, kind, _field in SECTIONS} == set(SCHEMAS.kinds_of("operations"))
