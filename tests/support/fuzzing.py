"""What may be thrown at the loader and at the expression language, and what must hold whatever it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml
from hypothesis import strategies as st

from muniment import load
from muniment.errors import InvalidPolicy
from muniment.judge.cel import Fault, compile_expression
from muniment.load import strict
from muniment.model.tree import at, walk

# Pieces, parted by ¦ so that blanks and line breaks can be pieces too.
_YAML_TEXT = (
    "kind: claim\n¦schema: 1\n¦a: ¦b:\n¦  ¦- ¦\n¦\r\n¦\r¦\t¦, ¦: ¦[¦]¦{¦}¦'¦\"¦|\n¦>-\n¦|2+\n¦? ¦# note¦ #¦"
    "---\n¦...\n¦&x ¦*x¦<<: ¦!!str ¦!t ¦%YAML 1.1\n¦\\x00¦\\u202e¦\\¦@¦`¦=¦no¦~¦null¦true¦y¦010¦1:30¦1e5¦"
    ".5¦0x1f¦-0¦2024-02-31¦.nan¦1_000¦9999999999999999999¦\x00¦\x1b[31m¦\ufeff¦é😀¦\u2028¦\u0085"
)
_CEL_TEXT = (
    "a¦m¦rows¦m.n¦m.deep.list¦1¦-9223372036854775808¦1.5¦1e400¦0x1F¦'t'¦\"\\u00e9\"¦r'\\n'¦null¦true¦false¦"
    " && ¦ || ¦!¦-¦ == ¦ != ¦ < ¦ >= ¦ + ¦ * ¦ / ¦ % ¦ in ¦ ? ¦ : ¦(¦)¦[¦]¦{¦}¦, ¦.¦.?¦[?¦'k': ¦x¦.all(x, ¦"
    ".exists(x, ¦.exists_one(x, ¦.map(x, ¦.filter(x, ¦has(m.a)¦has(¦.size()¦size(¦int(¦double(¦string(¦"
    "timestamp('2024-01-01T00:00:00Z')¦duration('1h')¦.join(',')¦sum(¦days(¦distinct(¦intersect(¦max(¦"
    ".contains('a')¦.startsWith(¦\n¦// c\n¦\\¦é¦\x00¦😀"
)
_YAML = [*(piece.encode() for piece in _YAML_TEXT.split("¦")), b"\xff", b"\xc3"]
_CEL = _CEL_TEXT.split("¦")

yaml_bytes = st.lists(st.sampled_from(_YAML) | st.sampled_from(_YAML) | st.binary(max_size=3), max_size=40)
expressions = st.lists(st.sampled_from(_CEL) | st.sampled_from(_CEL) | st.text(max_size=3), max_size=30)

CONTEXT: Mapping[str, Any] = {
    "a": 1,
    "m": {"a": 1, "n": None, "deep": {"list": [1, 2.5, "x"]}},
    "rows": ({"id": "r1", "v": 0.5}, {"id": "r2"}),
}


def read(parts: list[bytes]) -> None:
    """Whatever the bytes: the tree that both of PyYAML's readers see, or located problems with advice."""
    data = b"".join(parts)
    tree, problems = strict.compose(data)
    lines = data.decode("utf-8", "replace").split("\n")
    for problem in problems:
        assert 1 <= problem.line <= len(lines) + 1
        assert problem.column >= 1
        assert problem.message
        assert problem.hint
    if problems:
        assert tree is None
        return
    for reader in (yaml.BaseLoader, yaml.CBaseLoader):
        _same(tree, yaml.load(data.decode("utf-8"), Loader=reader))
    for place, node in walk(tree):
        assert at(tree, place) is node
        line, column = load.locate(data, place)
        assert 1 <= line <= len(lines)
        assert column >= 1


def _same(ours: Any, theirs: Any) -> None:
    """Hold our tree to one of PyYAML's that leaves every scalar text."""
    if isinstance(ours, Mapping):
        assert list(ours) == list(theirs)
        for key in ours:
            _same(ours[key], theirs[key])
    elif isinstance(ours, tuple):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            _same(mine, other)
    elif isinstance(ours, bool) or ours is None:
        assert theirs == {True: "true", False: "false", None: "null"}[ours]
    elif isinstance(ours, (int, float)):
        assert type(ours)(theirs) == ours
    else:
        assert ours == theirs


def evaluate(parts: list[str]) -> None:
    """Whatever the expression: a value, a fault that says what is wrong, or a refusal with a reason."""
    source = "".join(parts)
    try:
        value = compile_expression(source, frozenset(CONTEXT)).run(CONTEXT)
    except InvalidPolicy as error:
        refused = error.message
        value = None
    else:
        refused = "not refused"
    assert refused
    if isinstance(value, Fault):
        assert value.message


TARGETS: Mapping[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {
    "loader": (yaml_bytes, read),
    "expressions": (expressions, evaluate),
}
"""Name to what is thrown, and what must hold of it."""
