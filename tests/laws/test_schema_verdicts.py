"""Two validators, one verdict; and no input that ends in a crash."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment import check, link, load, shipped
from muniment.check.explain import validator
from muniment.load import strict
from muniment.model.tree import frozen
from support.bundle import bundle, dump, records

SCHEMAS = check.Schemas.from_folder(shipped.folder("schemas"))
VALUES = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    0.5,
    10**17,
    "",
    " ",
    "x",
    "x\n",
    "2024-01-31",
    "2024-13-01",
    [],
    {},
    [1, 1],
)
BODIES = records()


def nodes(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, below in pairs for place in nodes(below, (*at, key)))]


def mutated(body: Any, chance: random.Random) -> Any:
    """Change one node: another value, a field more or less, an element twice."""
    out = copy.deepcopy(body)
    place = chance.choice(nodes(out)[1:])
    parent = out
    for key in place[:-1]:
        parent = parent[key]
    match chance.randrange(4):
        case 0:
            parent[place[-1]] = chance.choice(VALUES)
        case 1:
            del parent[place[-1]]
        case 2 if isinstance(parent, dict):
            parent[chance.choice(("extra", f"{place[-1]}s", "kind"))] = chance.choice(VALUES)
        case 2:
            parent.append(copy.deepcopy(parent[place[-1]]))
        case _:
            text = parent[place[-1]]
            parent[place[-1]] = (
                text + chance.choice(("\n", "é", "/", "-", "é" * 9000)) if isinstance(text, str) else "1"
            )
    return out


@pytest.mark.parametrize("record", BODIES)
def test_both_validators_give_the_same_verdict(record: str) -> None:
    """jsonschema-rs decides and jsonschema explains: on 150 mutations of each record they agree."""
    body = BODIES[record]
    kind = SCHEMAS.named(body["kind"], body["schema"])
    chance = random.Random(record)
    refused = 0
    assert SCHEMAS.valid(kind, body)
    for _ in range(150):
        mutant = mutated(body, chance)
        fast, slow = SCHEMAS.valid(kind, mutant), validator(SCHEMAS, kind).is_valid(mutant)
        assert fast == slow, mutant
        refused += not fast
        if not fast:
            found = check.conform(SCHEMAS, kind, frozen(mutant), "f.yaml")
            assert found
            assert all(finding.message and finding.rule == "schema" for finding in found)
    assert refused > 30


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_tree_or_a_finding(data: bytes) -> None:
    """No input ends in a traceback: there is a tree, or there are findings with a place."""
    tree, findings = load.yaml_tree(data, "f.yaml")
    if findings:
        assert tree is None
        assert all((f.where.line or 0) >= 1 and (f.where.column or 0) >= 1 for f in findings)
    load.locate(data, "/a/0")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.text(st.characters(codec="utf-8"), max_size=20)
)
KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True).map(lambda key: f"k_{key}")


TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4))
def test_what_was_written_in_quotes_is_read_back(value: dict[str, Any]) -> None:
    """Text in double quotes, and plain numbers, true, false and null, survive a round trip exactly."""
    text = dump(value)
    tree, problems = strict.compose(text.encode())
    if problems:
        assert all("control character" in problem.message for problem in problems)
        return
    assert tree == frozen(value)


FILES = [
    f"{'/'.join(r.split('/'))}/release.yaml" if r.startswith("releases/") else f"{r}.yaml" for r in BODIES
]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FILES),
    st.integers(0, 10_000),
    st.sampled_from((b"", b"x", b":", b"\n", b"[", b'"', b"0", b"- ")),
)
def test_one_changed_byte_never_crashes_the_chain(
    tmp_path_factory: pytest.TempPathFactory, path: str, at: int, byte: bytes
) -> None:
    """Load, check and link give findings, never a traceback, for any one-byte edit of any record."""
    demo = bundle(tmp_path_factory.mktemp("demo"))
    file = demo.folder / Path(path)
    data = file.read_bytes()
    at %= len(data)
    file.write_bytes(data[:at] + byte + data[at + 1 :])
    source = load.read(demo.root)
    valid, found = check.check(source, SCHEMAS)
    (folder,) = source.folders
    device, more = link.link(folder.device, valid[folder.device], folder.files)
    for finding in (*source.findings, *found, *more):
        assert finding.where.file.startswith("demo-1/")
        assert finding.message
        assert finding.hint or finding.rule == "schema"
    assert len(device.releases) <= 1
