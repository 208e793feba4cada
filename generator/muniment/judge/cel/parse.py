"""Tokens to a syntax tree. Grammar and precedence are those of the CEL language definition."""

from __future__ import annotations

from collections.abc import Callable

from muniment.errors import InvalidPolicy
from muniment.judge.cel.nodes import Call, Ident, Index, ListOf, Literal, Macro, MapOf, Node, Select
from muniment.judge.cel.tokens import RESERVED, Token, invalid, tokenize

MAX_DEPTH = 40
"""Nesting of parentheses, calls, selections and operators in one expression."""
MAX_NODES = 2_000
"""Nodes in one expression's tree."""

MACROS = {"all": (2,), "exists": (2,), "exists_one": (2,), "filter": (2,), "map": (2, 3)}
"""Macros over a list or a map's keys, and how many arguments each takes."""


_RELATIONS = frozenset({"<", "<=", ">", ">=", "==", "!=", "in"})
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


def parse(source: str) -> Node:
    """Return the tree of `source`; raises `InvalidPolicy` with the place of the first mistake."""
    return _Parser(source).whole()


class _Parser:
    """Recursive descent over the tokens; holds the position and the budgets of one expression."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.position = 0
        self.depth = 0
        self.nodes = 0

    def whole(self) -> Node:
        node = self.expression()
        if self.here.kind != "end":
            raise self.unexpected()
        return node

    @property
    def here(self) -> Token:
        return self.tokens[self.position]

    def unexpected(self) -> InvalidPolicy:
        found = f"`{self.here.text}`" if self.here.kind != "end" else "the end"
        return invalid(self.source, self.here.at, f"unexpected {found}")

    def take(self) -> Token:
        token = self.here
        self.position += 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise invalid(self.source, token.at, f"more than {MAX_NODES} elements")
        return token

    def sees(self, *texts: str) -> bool:
        kind, text, _at = self.tokens[self.position]
        return text in texts and (kind == "op" or (kind == "name" and text == "in"))

    def accept(self, *texts: str) -> Token | None:
        return self.take() if self.sees(*texts) else None

    def expect(self, text: str) -> Token:
        token = self.accept(text)
        if token is None:
            raise self.unexpected()
        return token

    def deeper(self, amount: int = 1) -> None:
        self.depth += amount
        if self.depth > MAX_DEPTH:
            raise invalid(self.source, self.here.at, f"nested deeper than {MAX_DEPTH} levels")

    def expression(self) -> Node:
        self.deeper()
        node = self.either()
        question = self.accept("?")
        if question:
            yes = self.either()
            self.expect(":")
            node = Call("_?_:_", (node, yes, self.expression()), question.at)
        self.depth -= 1
        return node

    def either(self) -> Node:
        return self.chain(self.both, "||")

    def both(self) -> Node:
        return self.chain(self.relation, "&&")

    def chain(self, operand: Callable[[], Node], operator: str) -> Node:
        """Fold `a op b op c` to a balanced tree: as CEL absorbs errors, grouping does not matter."""
        terms = [operand()]
        at = self.here.at
        while self.accept(operator):
            terms.append(operand())
        return _balanced(operator, terms, at)

    def relation(self) -> Node:
        return self.binary(self.sum, _RELATIONS)

    def sum(self) -> Node:
        return self.binary(self.product, frozenset({"+", "-"}))

    def product(self) -> Node:
        return self.binary(self.unary, frozenset({"*", "/", "%"}))

    def binary(self, operand: Callable[[], Node], operators: frozenset[str]) -> Node:
        node = operand()
        levels = 0
        while self.sees(*operators):
            token = self.take()
            levels += 1
            self.deeper()
            node = Call(f"_{token.text}_", (node, operand()), token.at)
        self.depth -= levels
        return node

    def unary(self) -> Node:
        token = self.here
        if not self.sees("-", "!"):
            return self.member()
        count = 0
        while self.accept(token.text):
            count += 1
        if self.sees("-", "!"):
            raise self.unexpected()
        if token.text == "-" and count == 1 and self.here.kind in {"int", "float"}:
            return self.member(negative=True)
        node = self.member()
        # An even number of signs cancels out before types are looked at, as in the CEL reference parsers.
        return node if count % 2 == 0 else Call(f"{token.text}_", (node,), token.at)

    def member(self, negative: bool = False) -> Node:
        node = self.primary(negative)
        levels = 0
        while self.sees(".", ".?", "["):
            levels += 1
            self.deeper()
            node = self.step(node)
        self.depth -= levels
        return node

    def step(self, operand: Node) -> Node:
        token = self.take()
        if token.text == "[":
            key = self.expression()
            self.expect("]")
            return Index(operand, key, token.at)
        name = self.here
        if name.kind != "name" or name.text in {"true", "false", "null", "in"}:
            raise self.unexpected()
        self.take()
        if token.text == ".?":
            return Select(operand, name.text, optional=True, at=name.at)
        if not self.sees("("):
            return Select(operand, name.text, at=name.at)
        if name.text in MACROS:
            return self.macro(operand, name)
        return Call(name.text, self.arguments(), name.at, operand)

    def primary(self, negative: bool = False) -> Node:
        token = self.here
        if token.kind in {"int", "float"}:
            return self.number(negative)
        if token.kind == "string":
            return Literal(self.take().text)
        if token.kind == "name":
            return self.named()
        if self.accept("("):
            node = self.expression()
            self.expect(")")
            return node
        if self.accept("["):
            return ListOf(self.items("]"))
        if self.accept("{"):
            return self.entries()
        raise self.unexpected()

    def number(self, negative: bool) -> Node:
        token = self.take()
        sign = -1 if negative else 1
        if token.kind == "float":
            return Literal(sign * float(token.text))
        value = sign * int(token.text, 16 if token.text.startswith("0x") else 10)
        if not -(2**63) <= value < 2**63:
            raise invalid(self.source, token.at, "an integer beyond 64 bits")
        return Literal(value)

    def named(self) -> Node:
        token = self.take()
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        if token.text in RESERVED:
            raise invalid(self.source, token.at, f"`{token.text}` is a reserved word")
        if not self.sees("("):
            return Ident(token.text, token.at)
        if token.text == "has":
            return self.has(token)
        return Call(token.text, self.arguments(), token.at)

    def has(self, token: Token) -> Node:
        arguments = self.arguments()
        if len(arguments) != 1 or not isinstance(arguments[0], Select) or arguments[0].optional:
            raise invalid(self.source, token.at, "`has` takes one selection, as in `has(a.b)`")
        return Select(arguments[0].operand, arguments[0].name, test=True, at=arguments[0].at)

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        return self.items(")")

    def items(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self.accept(closing):
            items.append(self.expression())
            if not self.accept(","):
                self.expect(closing)
                break
            if closing == ")" and self.sees(closing):
                raise self.unexpected()
        return tuple(items)

    def entries(self) -> Node:
        entries: list[tuple[Node, Node]] = []
        seen: set[tuple[type, object]] = set()
        while not self.accept("}"):
            at = self.here.at
            key = self.expression()
            if isinstance(key, Literal):
                # Some implementations refuse it when they plan, others fail when they run: never write it.
                if (type(key.value), key.value) in seen:
                    raise invalid(self.source, at, f"the key {key.value!r} stands twice in a map")
                seen.add((type(key.value), key.value))
            self.expect(":")
            entries.append((key, self.expression()))
            if not self.accept(","):
                self.expect("}")
                break
        return MapOf(tuple(entries))

    def macro(self, operand: Node, name: Token) -> Node:
        arguments = self.arguments()
        if len(arguments) not in MACROS[name.text]:
            raise invalid(self.source, name.at, f"`{name.text}` takes a variable and an expression")
        variable = arguments[0]
        if not isinstance(variable, Ident):
            raise invalid(self.source, name.at, f"the first argument of `{name.text}` is a variable's name")
        condition = arguments[1] if len(arguments) == 3 else None
        return Macro(name.text, operand, variable.name, arguments[-1], condition)


def _balanced(operator: str, terms: list[Node], at: int) -> Node:
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    left, right = _balanced(operator, terms[:middle], at), _balanced(operator, terms[middle:], at)
    return Call(f"_{operator}_", (left, right), at)
