# ruff: noqa: E501 - the tables read better as tables
"""What the public conformance suite of CEL asks of our subset, in cases of our own.

Areas follow its files: basic, logic, comparisons, integer and floating-point arithmetic, strings, lists,
fields, macros, conversions, timestamps, optionals, parsing. Each case is also put to Google's
implementation, so that the expected values are not only ours.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from cel_expr_python import cel as google
from cel_expr_python.ext import ext_optional

from muniment.errors import InvalidPolicy
from muniment.judge.cel import Fault, compile_expression
from muniment.judge.cel.conversions import INT_MAX, INT_MIN

CONTEXT: dict[str, Any] = {
    "m": {"a": 1, "n": None, "s": "é😀", "inner": {"l": [1, 2], "a": -3}},
    "l": [3, 1, 2],
    "rows": [{"id": "r1", "v": 0.5}, {"id": "r2", "v": 2}, {"id": "r3"}],
    "big": INT_MAX,
    "small": INT_MIN,
}
ENVIRONMENT = google.NewEnv(
    variables=dict.fromkeys(CONTEXT, google.Type.DYN), extensions=[ext_optional.ExtOptional()]
)

VALUES: list[tuple[str, Any]] = [
    # Logic: an error beside the deciding side is absorbed, on either side, however deep.
    ("true || 1 / 0 > 0", True),
    ("1 / 0 > 0 || true", True),
    ("false && m.nope", False),
    ("m.nope && false", False),
    ("1 || true", True),
    ("null && false", False),
    ("(1 / 0 > 0 || false) || (m.nope || true)", True),
    ("true ? 1 : 1 / 0", 1),
    ("false ? m.nope : 2", 2),
    ("true ? (false ? 1 : 2) : 3", 2),
    ("true || false && false", True),
    # Equality between kinds; numbers by value.
    ("1 == 1.0 && 1.0 == 1", True),
    ("1 == '1' || null == 0 || [] == {} || true == 1", False),
    ("null == null && null != false", True),
    ("[1, [2, [3]]] == [1, [2, [3.0]]]", True),
    ("{'a': [1, {'b': 2}]} == {'a': [1.0, {'b': 2.0}]}", True),
    ("{'a': 1} == {'a': 1, 'b': 2}", False),
    ("{'a': null} == {}", False),
    ("double('nan') == double('nan')", False),
    ("[double('nan')] == [double('nan')]", False),
    ("double('nan') in [double('nan')]", False),
    ("-0.0 == 0.0", True),
    ("9007199254740993 == 9007199254740992.0", True),
    ("duration('1s') == duration('1000ms') && timestamp(0) != duration('0s')", True),
    # Order between kinds of number.
    ("1 < 1.5 && 1.5 < 2 && 2 >= 2.0", True),
    ("double('nan') < 1.0 || double('nan') >= 1", False),
    ("false < true", True),
    ("'A' < 'a' && 'a' < 'ab' && '\\U0001F600' > '\\uFFFF'", True),
    ("big < double('inf') && small > -double('inf')", True),
    # Integers of 64 bits; division and remainder go to zero.
    ("-7 / 2", -3),
    ("-7 % 2", -1),
    ("7 % -2", 1),
    ("-9223372036854775808", INT_MIN),
    ("-0x8000000000000000", INT_MIN),
    ("0x1F + 00012", 43),
    ("1--1", 2),
    ("2 + 3 * 4 % 5 - 1", 3),
    # Doubles.
    ("1.0 / 0.0 == double('inf') && -1.0 / 0.0 == double('-inf')", True),
    ("1e308 * 10.0", math.inf),
    ("5e-324 / 2.0", 0.0),
    ("1e3 == 1000 && .5 + .5 == 1.0", True),
    # Strings are code points, never normalised.
    ("size('é😀')", 2),
    ("m.s.size()", 2),
    ("'\\u00e9' == 'e\\u0301'", False),
    ("'a😀b'.startsWith('a😀') && 'a😀b'.endsWith('😀b') && 'abc'.contains('')", True),
    ("r'\\d' + R\"\\d\" + '\\x41\\101\\u0041\\U00000041'", "\\d\\dAAAA"),
    ('"""a\n\'b\'"""', "a\n'b'"),
    ("size('\\a\\b\\f\\n\\r\\t\\v\\\\\\?\\\"\\'\\`')", 12),
    # Lists and maps.
    ("[1] + [2.0]", (1, 2.0)),
    ("l[1.0]", 1),
    ("[1, 2,] == [1, 2] && {'a': 1,} == {'a': 1}", True),
    ("'a' in m && !('zz' in m) && 1.0 in {1: 'x'} && !(0.5 in {0: 'x'})", True),
    ("1 in [2, 1.0] && !('1' in [1]) && !(null in [])", True),
    ("{0: 'a', false: 'b'}[0] + {0: 'a', false: 'b'}[false]", "ab"),
    ("{true: 1, 2: 2}[true] + {true: 1, 2: 2}[2.0]", 3),
    ("size(m.inner) + size(l) + size({})", 5),
    # Fields.
    ("has(m.n) && !has(m.zz) && !has({}.x)", True),
    ("has(m.inner.a) && m . inner['a'] == -3", True),
    # Macros: over lists, over the keys of maps, with errors, shadowing and nesting.
    ("[1, 'x', 3].exists(e, e != '1')", True),
    ("[1, 2, 3].all(e, 6 / (2 - e) == 6)", False),
    ("[].all(e, e > 0) && ![].exists(e, true) && ![].exists_one(e, true)", True),
    ("[6, 7, 8].exists_one(n, n % 5 == 2)", True),
    ("{'key': 1, 1: 21}.exists(k, k != 2)", True),
    ("{'a': 1, 'b': 2}.all(k, k != 'c') && {true: 1}.exists(k, k)", True),
    ("{6: 'six', 7: 'seven'}.exists_one(k, k % 5 == 2)", True),
    ("{'a': 1}.map(k, k + '!')", ("a!",)),
    ("{'a': 1}.filter(k, k == 'a')", ("a",)),
    ("[1, 2, 3].map(x, x > 1, x * 10)", (20, 30)),
    ("[[1, 2], [3]].map(x, x.map(y, y * 2))", ((2, 4), (6,))),
    ("[1].map(x, [2].map(x, x + 1))", ((3,),)),
    ("m.inner.l.map(l, l + 1)", (2, 3)),
    ("[1, 2].exists(x, [2].exists(y, x == y))", True),
    ("rows.map(r, has(r.v) ? r.v : 0)", (0.5, 2, 0)),
    ("rows.exists(r, r.v > 1)", True),
    # Conversions.
    (
        "[int(1.9), int(-1.9), int('+5'), int(' 12 '), int(-9223372036854774784.0)]",
        (1, -1, 5, 12, -9223372036854774784),
    ),
    ("int(timestamp('2009-02-13T23:31:30Z'))", 1234567890),
    ("int(timestamp('1969-12-31T23:59:59.5Z'))", -1),
    ("[double(1), double('-1.5e3'), double('.5')]", (1.0, -1500.0, 0.5)),
    ("double('Infinity') > 1e308", True),
    ("string(1) + string(1.5) + string(true) + string('x')", "11.5truex"),
    (
        "string(timestamp('2009-02-13T23:31:30.5Z')) + string(duration('1h1.5s'))",
        "2009-02-13T23:31:30.500Z3601.500s",
    ),
    ("string(timestamp('0001-01-01T00:00:00Z'))", "0001-01-01T00:00:00Z"),
    # Instants and spans.
    ("timestamp('2024-01-01T01:00:00+01:00') == timestamp('2024-01-01t00:00:00z')", True),
    ("timestamp('2024-02-28T00:00:00Z') + duration('48h') == timestamp('2024-03-01T00:00:00Z')", True),
    ("duration('2m') + timestamp(60) == timestamp(180)", True),
    ("timestamp(180) - timestamp(60) == duration('120s')", True),
    ("duration('1h') - duration('90m') == duration('-30m')", True),
    (
        "timestamp('0001-01-01T00:00:01.000000001Z') + duration('-999999999ns') == timestamp('0001-01-01T00:00:00.000000002Z')",
        True,
    ),
    ("duration('1h1m1s1ms1us1ns') > duration('3661s') && duration('0') == duration('-0s')", True),
    (
        "timestamp(duration('0s') + timestamp(0)) == timestamp(0) && duration(duration('1s')) == duration('1s')",
        True,
    ),
    # Optional selection.
    ("m.?a.orValue(9) + m.?zz.orValue(9)", 10),
    ("m.?n.hasValue() && !m.?zz.hasValue()", True),
    ("m.?zz.deeper.orValue('none')", "none"),
    ("m.?inner['a'].orValue(0) + m.?inner['zz'].orValue(1)", -2),
    ("m.?inner.l[1].orValue(0)", 2),
    ("has(m.?inner.a) && !has(m.?zz.a)", True),
    ("m.?zz == m.?yy && m.?a != m.?zz && m.?a != 1", True),
    ("m.?a.orValue(1 / 0)", 1),
    # Parsing.
    ("!!true && --1 == 1 && - -5 == 5", True),
    ("1 < 2 == true // a comment\n && 1 == 1", True),
    ("!(1 in [1]) == false", True),
]

ERRORS: list[str] = [
    *("1 / 0", "1 % 0", "big + 1", "small - 1", "big * 2", "-(small)", "small / -1", "small % -1"),
    *("1 + 1.0", "1.0 % 2.0", "'a' + 1", "[1] + null", "-'a'", "!1", "!null", "-duration('1s')"),
    *("duration('1s') * 2", "timestamp(0) + timestamp(1)", "duration('1s') - timestamp(1)"),
    *("[1] < [2]", "null <= null", "1 < true", "'a' < 1", "duration('1s') < timestamp(1)"),
    *("true && 1", "null || false", "1 / 0 > 0 && true", "m.nope || false", "1 ? 2 : 3", "null ? 1 : 2"),
    *("m.zz", "m.zz.y", "m.n.x", "m.a.x", "m['zz']", "m[0]", "m[null]", "has(m.zz.y)", "has(l.x)", "has(m.n.y)"),
    *("l[3]", "l[-1]", "l[big]", "l[0.5]", "l['0']", "l[null]", "'abc'[0]", "{1: 1}[true]", "{0: 1}[0.5]"),
    *("1 in 5", "'a' in 'abc'", "null in {0: 1}", "[1] in {0: 1}", "size(5)", "size(null)"),
    *("[1, 2].filter(x, x)", "[1, 2].exists(x, x)", "[3, 0].exists_one(n, 12 / n > 1)", "5.all(x, true)"),
    *("[3, 0].filter(n, 12 / n > 4)", "[2, 0].map(n, 4 / n)", "'abc'.all(c, true)", "null.all(c, true)"),
    *("[1, 'x'].exists(e, e % 2 == 2)", "[1, 2].all(e, e / 0 != 1)", "{[1]: 1}", "{null: 1}", "{1.0: 1}"),
    *("{l[1]: 1, m.a: 2}", "int('0x10')", "int('')", "int(1e19)", "int('9223372036854775808')", "int(null)"),
    *("int(duration('5s'))", "double('')", "double('x')", "double(true)", "string(null)", "string([1])"),
    *("timestamp('0000-01-01T00:00:00Z')", "timestamp('10000-01-01T00:00:00Z')", "timestamp('2023-02-29T00:00:00Z')"),
    *("timestamp('2024-01-01')", "timestamp('2024-01-01T00:00:00')", "timestamp('2024-01-01T24:00:00Z')"),
    *("timestamp('2024-01-01T00:00:00+24:00')", "timestamp(253402300800)", "timestamp(-62135596801)", "timestamp(1.0)"),
    *("timestamp('0001-01-01T00:00:00Z') + duration('-1ns')", "timestamp('9999-12-31T23:59:59Z') + duration('1s')"),
    *("duration('1')", "duration('')", "duration('1d')", "duration('--1s')", "duration('320000000000s')", "duration(1)"),
    *("'abc'.startsWith(1)", "m.a.startsWith('a')", "m.?a + 1", "m.?n.x", "!m.?a", "m.?inner.l[9].orValue(1)"),
    *("m.orValue(1)", "m.a.hasValue()", "m.?zz.orValue(m.zz)", "string(m.?a)"),
]  # fmt: skip


def ours(source: str) -> Any:
    return compile_expression(source, frozenset(CONTEXT)).run(CONTEXT)


def theirs(source: str) -> Any:
    try:
        result = ENVIRONMENT.compile(source, disable_check=True).eval(data=CONTEXT)
    except RuntimeError:
        return Fault
    return Fault if result.type() == google.Type.ERROR else frozen(result.plain_value())


def frozen(value: Any) -> Any:
    return tuple(map(frozen, value)) if isinstance(value, list) else value


@pytest.mark.parametrize(("source", "value"), VALUES)
def test_value(source: str, value: Any) -> None:
    """The expression has this value, of this very type, here and in Google's implementation."""
    for found in (ours(source), theirs(source)):
        assert found == value, source
        assert type(found) is type(value)


@pytest.mark.parametrize("source", ERRORS)
def test_error(source: str) -> None:
    """What is an error in CEL is a fault here, and never a value."""
    assert isinstance(ours(source), Fault)
    assert theirs(source) is Fault


@pytest.mark.parametrize(
    "source",
    [
        *("optional.none()", "[?m.?a]", "{?'a': m.?a}", "m[?'a']", "dyn(1)", "type(1)", "uint(1)", "1u", "b'a'"),
        *("bytes('a')", "'a'.matches('a')", "google.protobuf.Duration{}", ".m.a", "[1].existsOne(x, true)"),
        *("[1].all(i, v, true)", "cel.bind(x, 1, x)", "m.`a`", "'a'.charAt(0)", "{'a': 1, 'a': 2}", "{1: 1, 1: 2}"),
        *("timestamp(0).getFullYear()", "!-5", "true ? false ? 1 : 2 : 3", "0X1F", "9223372036854775808", "-9223372036854775809"),
    ],
)  # fmt: skip
def test_outside_the_subset(source: str) -> None:
    """What CEL has and the subset has not is refused when it is compiled, and never means something else."""
    with pytest.raises(InvalidPolicy):
        ours(source)
