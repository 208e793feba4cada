"""Places found on the way to a few nodes are the places found by reading everything."""

from __future__ import annotations

import json
import random

import pytest

from muniment.load import jsonplaces, locate, locate_all, strict
from muniment.model.tree import frozen, walk
from support.project import CHECKOUT, DEVICE

RELEASE = CHECKOUT / "evidence" / DEVICE / "releases" / "1.0.0"
FILES = [RELEASE / "release.yaml", RELEASE / "manifest.json", RELEASE / "model.json"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_partial_reading_finds_the_same_places(path) -> None:  # type: ignore[no-untyped-def]
    """Line and column of any nodes, and of nodes that are not there, do not depend on what else is asked."""
    data = path.read_bytes()
    whole: dict[str, strict.Place] = {}
    tree, problems = strict.compose(data, whole)
    assert not problems
    pointers = [pointer for pointer, _node in walk(tree)]
    rng = random.Random(3)
    for _ in range(40):
        few = rng.sample(pointers, min(len(pointers), rng.randrange(1, 6)))
        few.append(f"{few[0]}/nowhere")
        wanted = [(pointer, rng.random() < 0.5) for pointer in few]
        found = locate_all(data, wanted)
        assert list(found) == [locate(data, pointer, key=key) for pointer, key in wanted]


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_json_is_skipped_through_as_yaml_reads_it(indent: int | None) -> None:
    """The scanner for JSON and the reader of YAML agree on every place, whatever the layout."""
    body = {"a/b": [1, {"c~": 'x\\n" ] }'}, []], "é": {"": None, "k": [[True, -1.5]]}, "z": "{"}
    data = json.dumps(body, indent=indent, ensure_ascii=False).encode()
    whole: dict[str, strict.Place] = {}
    strict.compose(data, whole)
    pointers = frozenset(pointer for pointer, _node in walk(frozen(body)))
    assert jsonplaces.places(data, pointers) == whole
    for pointer in pointers:
        found = jsonplaces.places(data, frozenset((pointer,)))
        assert found is not None
        assert found[pointer] == whole[pointer]


@pytest.mark.parametrize("text", ["{a: 1}", "[1, 2", '{"a" 1}', "{", "[", '{"a": 1,, "b": 2}', "x: 1", ""])
def test_what_is_no_json_is_left_to_yaml(text: str) -> None:
    """Anything that does not read as JSON on the way is never placed by the scanner."""
    assert jsonplaces.places(text.encode(), frozenset(("/b/9", "/nowhere"))) is None


def test_deep_nesting_ends() -> None:
    """A pointer into a hundred thousand brackets gets an answer on the one line there is."""
    ((line, column),) = locate_all(b"[" * 100_000, (("/0" * 50, False),))
    assert line == 1
    assert 1 <= column <= 50
