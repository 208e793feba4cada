"""The expression language: hand-written cases, budgets, and what is refused."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muniment.errors import InvalidPolicy
from muniment.judge.cel import Duration, Fault, Program, Read, Timestamp, compile_expression

CONTEXT: dict[str, Any] = {
    "m": {"a": 1, "n": None, "deep": {"list": [1, 2, 3]}},
    "rows": ({"id": "r1", "v": 0.5}, {"id": "r2", "v": 2.0}),
    "words": ("b", "a", "b"),
}


def compiled(source: str) -> Program:
    return compile_expression(source, frozenset(CONTEXT))


def run(source: str) -> Any:
    return compiled(source).run(CONTEXT)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        # Absorbed errors: either side decides.
        ("1 / 0 > 1 || true", True),
        ("true || 1 / 0 > 1", True),
        ("1 / 0 > 1 && false", False),
        ("[0, 2].exists(x, 4 / x == 2)", True),
        ("[0, 2].all(x, 4 / x == 3)", False),
        ("false && 1", False),
        # Integers and doubles.
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("1.0 / 0.0 > 1e308", True),
        ("1 == 1.0", True),
        ("2 > 1.5", True),
        ("-9223372036854775808", -(2**63)),
        ("0x10 + 1", 17),
        # Heterogeneous equality.
        ("1 == '1'", False),
        ("true == 1", False),
        ("null == false", False),
        ("[1, 'a', null] == [1.0, 'a', null]", True),
        ("{'a': 1, 'b': [2]} == {'b': [2.0], 'a': 1}", True),
        ("0.0 / 0.0 == 0.0 / 0.0", False),
        # Strings are code points.
        ("size('é😀')", 2),
        ("'\\u00e9' == 'é'", True),
        ("r'\\n'.size()", 2),
        ("'abc'.contains('bc') && 'abc'.startsWith('a') && !'abc'.endsWith('b')", True),
        # Time.
        ("timestamp('2024-03-01T00:00:00Z') - timestamp('2024-02-01T00:00:00Z') == duration('696h')", True),
        ("timestamp('2024-01-01T01:00:00+01:00') == timestamp('2024-01-01T00:00:00Z')", True),
        ("string(duration('90m'))", "5400s"),
        # Macros over maps run over the keys.
        ("m.exists(k, k == 'deep')", True),
        ("{'k': 1}.map(k, k + '!')", ("k!",)),
        ("rows.exists_one(r, r.v > 1.0)", True),
        ("rows.filter(r, r.v > 1.0)[0].id", "r2"),
        ("rows.map(r, r.v > 1.0, r.id)", ("r2",)),
        # Optional selection.
        ("m.?missing.orValue(5)", 5),
        ("m.?missing.deeper.orValue(5)", 5),
        ("m.?a.orValue(1 / 0)", 1),
        ("m.?a.hasValue() && !m.?missing.hasValue()", True),
        ("has(m.n) && !has(m.missing)", True),
        # Extensions.
        ("[1, 2, 3].sum()", 6),
        ("[0.5, 0.25].sum()", 0.75),
        ("[].sum()", 0),
        ("['b', 'a'].min()", "a"),
        ("[1, 3, 2].max()", 3),
        ("words.distinct()", ("b", "a")),
        ("words.intersect(['a', 'c'])", ("a",)),
        ("words.subtract(['a'])", ("b", "b")),
        ("words.join('-')", "b-a-b"),
        ("days('2024-02-28', '2024-03-01')", 2),
        ("days('2024-02-28T23:59:59Z', '2024-02-29')", 1),
        ("days(2) == duration('48h')", True),
        # The rest.
        ("1 > 2 ? 'a' : 2 > 1 ? 'b' : 'c'", "b"),
        ("2 in [1, 2.0] && !('x' in m) && 'a' in m // a comment", True),
        ("!!true && --1 == 1", True),
    ],
)
def test_value(source: str, value: Any) -> None:
    """The expression has this value, and of this very type."""
    found = run(source)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("9223372036854775807 + 1", "range"),
        ("-9223372036854775808 / -1", "range"),
        ("-(-9223372036854775807 - 1)", "range"),
        ("1 / 0", "divide"),
        ("1 % 0", "divide"),
        ("1 + 1.0", "type"),
        ("'a' < 1", "type"),
        ("null < null", "type"),
        ("m.a.b", "type"),
        ("m.n.b", "absent"),
        ("m.missing", "no_such_key"),
        ("m['missing']", "no_such_key"),
        ("rows[2]", "index"),
        ("rows.exists_one(r, r.w > 1)", "no_such_key"),
        ("true && 1", "type"),
        ("1 ? 2 : 3", "type"),
        ("m.?n.x", "type"),
        ("int('x')", "conversion"),
        ("timestamp('2024-02-30T00:00:00Z')", "conversion"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "range"),
        ("{m.a: 1, 1: 2}", "duplicate_key"),
        ("{'a': 1, words[1]: 2}", "duplicate_key"),
        ("[].min()", "index"),
    ],
)
def test_fault(source: str, kind: str) -> None:
    """What has no value is a fault that says why, never an exception."""
    found = run(source)
    assert isinstance(found, Fault)
    assert found.kind in {kind, "absent"} if source == "m.?n.x" else found.kind == kind
    assert found.message


def test_fault_names_what_is_missing() -> None:
    """A missing fact is named by its whole path, and its container is at hand."""
    found = run("m.deep.nothing == 1")
    assert isinstance(found, Fault)
    assert found.missing == "m.deep.nothing"
    assert found.container is CONTEXT["m"]["deep"]


@pytest.mark.parametrize(
    "source",
    [
        *(
            "",
            "1 +",
            "(1",
            "[1",
            "{'a' 1}",
            "a.",
            "'a",
            '"""a',
            "1 2",
            "1..2",
            "@",
            "a ? b",
            "'\\z'",
            "'\\ud800'",
        ),
        *("unknown", "m.all(1, true)", "m.all(x)", "f(1)", "m.matches('a')", "size()", "has(m)", "has(m.?a)"),
        *(
            "1u",
            "b'a'",
            "9223372036854775808",
            "if",
            "m.in",
            "a{b: 1}",
            "x => x",
            "1 = 1",
            "dyn(1)",
            "type(1)",
            "{'a': 1, 'a': 2}",
        ),
        "(" * 200 + "1" + ")" * 200,
        "+".join(["1"] * 1000),
        "!" + "(!" * 100 + "true" + ")" * 100,
        "m" + ".a" * 500,
        "m" + "[0]" * 500,
        "1 " * 5000,
        "'" + "x" * 9000 + "'",
        " || ".join(["true"] * 1500),
    ],
)
def test_refused(source: str) -> None:
    """A mistake in an expression, or one beyond the limits, is the policy's fault and says where."""
    with pytest.raises(InvalidPolicy):
        compiled(source)


@pytest.mark.parametrize(
    "source",
    [
        "[1, 2]" + ".map(x, [x, x])" * 26 + " == [1]",
        "[1, 2]" + ".map(x, [x, x])" * 26 + ".distinct().size() == 1",
        "1 in [1, 2]" + ".map(x, [x, x])" * 26,
        "['x']" + ".map(x, x + x)" * 36 + "[0].size() > 0",
        "[1,2,3,4,5,6,7,8,9].all(a, " * 6 + "[1,2,3,4,5,6,7,8,9].all(z, true)" + ")" * 6,
        "[[[1, 2]]].map(x, x + x)" + ".map(x, [x + x, x + x][0])" * 30,
        "['" + "x" * 4_000 + "']" + ".map(x, x + x)" * 8 + "[0].size() > 0",
        "words" + ".map(a, words" * 12 + ".map(z, [z, z])" + ")" * 12,
        "[[1,2,3,4,5,6,7,8]].map(x, x + x + x + x)" + ".map(x, x + x)" * 12 + "[0].distinct().size() > 0",
    ],
)
def test_explosions_end(source: str) -> None:
    """A bomb is the policy's fault, found quickly and in little memory."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(InvalidPolicy):
            compiled(source).run(CONTEXT)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 5, "even under the memory tracer"


def test_no_operator_absorbs_an_exceeded_budget() -> None:
    """`||` absorbs faults only: an expression past a budget means nothing."""
    bomb = "['x']" + ".map(x, x + x)" * 36 + "[0].size() > 0"
    with pytest.raises(InvalidPolicy, match="string of more than"):
        compiled(f"{bomb} || true").run(CONTEXT)
    assert compiled(f"true || {bomb}").run(CONTEXT) is True, "what is not evaluated costs nothing"


def test_reads_are_reported() -> None:
    """Every fact an expression looked at is reported, with the object that holds it."""
    reads: list[Read] = []
    compiled("rows.filter(r, r.v > 1.0)[0].id == 'r2' && m.a == 1").run(CONTEXT, reads)
    assert Read(CONTEXT["rows"][1], "id") in reads
    assert Read(CONTEXT["m"], "a") in reads
    assert not any(read.key == "deep" for read in reads)


def test_a_name_bound_to_a_fault_is_met_where_it_is_used() -> None:
    """A fault bound to a name is absorbed like any other, and named where it is not."""
    fault = Fault("no_such_key", "`x` is missing", "x")
    assert compile_expression("a == 1 || true", frozenset({"a"})).run({"a": fault}) is True
    assert compile_expression("a == 1", frozenset({"a"})).run({"a": fault}) == fault


def test_loop_variable_hides_and_gives_back() -> None:
    """A macro's variable hides a fact of the same name inside the macro only."""
    assert run("words.exists(m, m == 'a') && m.a == 1") is True


@given(st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_parser_never_crashes(text: str) -> None:
    """Any text either compiles or is refused as an invalid policy."""
    try:
        value = compiled(text).run(CONTEXT)
    except InvalidPolicy:
        return
    assert isinstance(
        value, (Fault, Timestamp, Duration, bool, int, float, str, tuple, list, dict, type(None))
    )
