"""`@dataclass(frozen=True, slots=True)` for modules that commands load, made in a tenth of the time.

The standard library writes and compiles six functions a class. A check loads some ninety classes before it
reads a file, and that was a quarter of its start. Here one function is compiled, `__init__`; the rest are
closures over the fields. To type checkers this is the standard decorator, and to a user as well: `replace`,
`fields`, `asdict`, patterns, `==`, `hash`, `repr`, copies and pickles do the same. `eq=False` is understood;
whatever else is asked for is left to the standard library.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, **wanted: Any) -> Any:
        """Make a class of frozen values with slots; anything else as `dataclasses.dataclass` does."""
        if cls is None:
            return lambda cls: dataclass(cls, **wanted)
        eq = wanted.get("eq", True)
        if wanted | {"eq": eq} != {"frozen": True, "slots": True, "eq": eq} or not _plain(cls):
            return dataclasses.dataclass(**wanted)(cls)
        return _made(cls, eq)


@dataclasses.dataclass(frozen=True, slots=True)
class _Model:
    """The standard library's own, to take from what marks its classes."""

    field: int


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Single:
    """The same of values that are equal to themselves alone."""

    field: int


_KIND = dataclasses.fields(_Model)[0]._field_type  # type: ignore[attr-defined]
_PARAMS = {True: _Model.__dataclass_params__, False: _Single.__dataclass_params__}  # type: ignore[attr-defined]
_OWN = frozenset(
    (
        *("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__post_init__"),
        *("__getstate__", "__setstate__", "__slots__", "__match_args__", "__class_getitem__"),
    )
)
"""What a class must not define itself to be made here."""
_SPECIAL = ("ClassVar", "InitVar", "KW_ONLY")
"""Annotations that the standard library treats apart."""


def _plain(cls: type) -> bool:
    """Whether a class is fields and methods, and nothing that the standard library has rules for."""
    hints = inspect.get_annotations(cls)
    return (
        cls.__bases__ == (object,)
        and bool(hints)
        and not _OWN & cls.__dict__.keys()
        and all(
            isinstance(hint, str) and not any(word in hint for word in _SPECIAL) for hint in hints.values()
        )
    )


def _made(cls: type, eq: bool) -> type:
    fields = {name: _field(cls, name, hint) for name, hint in inspect.get_annotations(cls).items()}
    names = tuple(fields)
    body = {name: item for name, item in cls.__dict__.items() if name not in fields}
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    methods = _methods(names)
    if not eq:
        del methods["__eq__"], methods["__hash__"]
    body.update(methods)
    body.update(
        __slots__=names,
        __match_args__=names,
        __dataclass_fields__=fields,
        __dataclass_params__=_PARAMS[eq],
    )
    made = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    made.__init__ = _init(made, fields)  # type: ignore[misc]
    return made


def _field(cls: type, name: str, hint: str) -> dataclasses.Field[Any]:
    default = cls.__dict__.get(name, dataclasses.MISSING)
    found = default if isinstance(default, dataclasses.Field) else dataclasses.field(default=default)
    found.name, found.type = name, hint
    found._field_type = _KIND  # type: ignore[union-attr]
    return found


def _init(cls: type, fields: dict[str, dataclasses.Field[Any]]) -> Callable[..., None]:
    """Compile `__init__`; an order of fields that has no meaning is an error as it is in any function."""
    scope: dict[str, Any] = {"_missing": dataclasses.MISSING}
    head, lines = [], []
    for name, field in fields.items():
        value = name
        if field.default is not dataclasses.MISSING:
            scope[f"_of_{name}"] = field.default
            head.append(f"{name}=_of_{name}")
        elif field.default_factory is not dataclasses.MISSING:
            scope[f"_of_{name}"] = field.default_factory
            head.append(f"{name}=_missing")
            value = f"_of_{name}() if {name} is _missing else {name}"
        else:
            head.append(name)
        # A slot's own setter passes by the one that refuses, and need not look the slot up by its name.
        scope[f"_set_{name}"] = cls.__dict__[name].__set__
        lines.append(f" _set_{name}(_self,{value})\n")
    exec(f"def __init__(_self,{','.join(head)}):\n{''.join(lines)}", scope)  # noqa: S102 - names of fields
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__module__ = cls.__module__
    init.__annotations__ = {**{name: field.type for name, field in fields.items()}, "return": None}
    return init


def _methods(names: tuple[str, ...]) -> dict[str, Callable[..., Any]]:
    """Everything but `__init__`, over the fields in order."""
    get = attrgetter(*names)
    values = get if len(names) > 1 else lambda self: (get(self),)

    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    def __repr__(self: Any) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(names, values(self), strict=True))
        return f"{self.__class__.__qualname__}({shown})"

    def __setattr__(_self: Any, name: str, _value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(_self: Any, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self: Any) -> list[Any]:
        return list(values(self))

    def __setstate__(self: Any, state: list[Any]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    made = (__eq__, __hash__, __repr__, __setattr__, __delattr__, __getstate__, __setstate__)
    return {function.__name__: function for function in made}
