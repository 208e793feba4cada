"""Text of an expression to tokens."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from muniment.errors import InvalidPolicy

MAX_LENGTH = 8_000
"""Characters in one expression."""

TokenKind = Literal["name", "int", "float", "string", "op", "end"]

RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"),
        *("let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
    )
)
"""Words that CEL keeps for itself; they name no variable."""

_LEXEME = re.compile(
    r"(?P<space>(?:[ \t\n\r\f]+|//[^\n]*)+)"
    r"|(?P<string>[rR]?(?:\"\"\"|'''|\"|'))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<int>0x[0-9a-fA-F]+|\d+)"
    r"|(?P<op>&&|\|\||==|!=|<=|>=|\.\?|[-+*/%<>!?:.,()\[\]{}])",
    re.ASCII,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|x(?P<hex>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})"
    r"|U(?P<long>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})|(?P<bad>.?))",
    re.DOTALL,
)
_PLAIN_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}


class Token(NamedTuple):
    """One lexical element."""

    kind: TokenKind
    text: str
    """As written; for a string, what it stands for."""
    at: int
    """0-based offset in the expression."""


def invalid(source: str, at: int, message: str, hint: str = "") -> InvalidPolicy:
    """The error for a mistake at offset `at` of `source`."""
    shown = source if len(source) <= 120 else source[:117] + "…"
    return InvalidPolicy(f"{message} at character {at + 1} of expression `{shown}`", hint=hint)


def tokenize(source: str) -> tuple[Token, ...]:
    """Return the tokens of `source`, an `end` token last; raises `InvalidPolicy`."""
    if len(source) > MAX_LENGTH:
        raise InvalidPolicy(
            f"an expression of {len(source)} characters is longer than the limit of {MAX_LENGTH}",
            hint="split it into several rules, or name parts of it with `let`",
        )
    tokens: list[Token] = []
    at = 0
    while at < len(source):
        match = _LEXEME.match(source, at)
        if match is None:
            raise invalid(source, at, f"unexpected character {source[at]!r}")
        kind, begin, at = match.lastgroup, at, match.end()
        if kind == "string":
            token, at = _string(source, begin, match)
            tokens.append(token)
        elif kind != "space":
            if kind != "op":
                _refuse_lookalike(source, match)
            tokens.append(Token(kind, match.group(), begin))  # type: ignore[arg-type]
    tokens.append(Token("end", "", at))
    return tuple(tokens)


def _refuse_lookalike(source: str, match: re.Match[str]) -> None:
    """Raise for what CEL has and the subset has not: bytes and unsigned integers."""
    following = source[match.end() : match.end() + 1]
    if match.lastgroup == "name":
        if match.group().lower() in {"b", "br", "rb"} and following and following in "\"'":
            raise invalid(source, match.start(), "bytes are not in the supported subset of CEL")
    elif following and following in "uU":
        raise invalid(source, match.start(), "unsigned integers are not in the supported subset of CEL")
    elif following.isalnum() or following == "_":
        raise invalid(source, match.end(), f"unexpected character {following!r} after a number")


def _string(source: str, at: int, match: re.Match[str]) -> tuple[Token, int]:
    raw = match.group()[0] in "rR"
    quote = match.group()[1:] if raw else match.group()
    end = begin = match.end()
    while not source.startswith(quote, end):
        if end >= len(source) or (len(quote) == 1 and source[end] in "\r\n"):
            raise invalid(source, at, "a string without its closing quote")
        end += 2 if source[end] == "\\" and not raw else 1
    body = source[begin:end]
    text = body if raw or "\\" not in body else _unescaped(source, begin, body)
    return Token("string", text, at), end + len(quote)


def _unescaped(source: str, begin: int, body: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        plain = match.group("plain")
        if plain is not None:
            return _PLAIN_ESCAPES.get(plain, plain)
        digits = match.group("hex") or match.group("short") or match.group("long")
        octal = match.group("octal")
        if digits is None and octal is None:
            raise invalid(source, begin + match.start(), f"unknown escape `{match.group()}`")
        code = int(digits, 16) if digits is not None else int(octal, 8)
        if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
            raise invalid(source, begin + match.start(), f"`{match.group()}` is not a character")
        return chr(code)

    return _ESCAPE.sub(replaced, body)
