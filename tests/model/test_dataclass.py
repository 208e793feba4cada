"""Our `dataclass` is the standard one in every way that the program, or a user of it, can tell."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from typing import Any

import pytest

from muniment.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Ours:
    """A value."""

    name: str
    size: int = 3
    """In mm."""
    parts: tuple[str, ...] = ()
    notes: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def double(self) -> int:
        """Twice the size."""
        return self.size * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    """A value."""

    name: str
    size: int = 3
    parts: tuple[str, ...] = ()
    notes: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def double(self) -> int:
        """Twice the size."""
        return self.size * 2


@dataclass(frozen=True, slots=True)
class Single:
    """A value of one field."""

    only: str


MADE: tuple[dict[str, Any], ...] = (
    {"name": "a"},
    {"name": "a", "size": 4},
    {"name": "b", "parts": ("x",), "notes": {"y": 1}},
)


@pytest.mark.parametrize("given", MADE)
def test_it_does_what_the_standard_one_does(given: dict[str, Any]) -> None:
    """Construction, defaults, text, fields, copies, pickles and replacement come out the same."""
    ours, theirs = Ours(**given), Theirs(**given)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert dataclasses.astuple(ours) == dataclasses.astuple(theirs)
    assert dataclasses.is_dataclass(ours)
    assert ours.double == theirs.double
    changed = dataclasses.replace(ours, size=9)
    assert (changed.name, changed.size, changed.parts) == (ours.name, 9, ours.parts)
    for same in (copy.copy(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert same == ours
        assert type(same) is Ours
    with pytest.raises(TypeError, match="unknown"):
        dataclasses.replace(ours, unknown=1)  # type: ignore[call-arg]


def test_its_class_looks_the_same() -> None:
    """Signature, slots, patterns, documentation and the kinds of fields are those of the standard one."""
    assert list(inspect.signature(Ours).parameters) == list(inspect.signature(Theirs).parameters)
    for name in ("__slots__", "__match_args__", "__doc__"):
        assert getattr(Ours, name) == getattr(Theirs, name)
    pairs = zip(dataclasses.fields(Ours), dataclasses.fields(Theirs), strict=True)
    for ours, theirs in pairs:
        assert (ours.name, ours.type, ours.default, ours.default_factory) == (
            theirs.name,
            theirs.type,
            theirs.default,
            theirs.default_factory,
        )
    match Ours("a", 5):
        case Ours(name, size):
            assert (name, size) == ("a", 5)


def test_values_are_equal_by_class_and_fields() -> None:
    """Equal fields of one class are equal and hash alike; another class is never equal."""
    assert Ours("a") == Ours("a")
    assert Ours("a") != Ours("b")
    assert Ours("a").__eq__(Theirs("a")) is NotImplemented
    assert len({Single("a"), Single("a"), Single("b")}) == 2
    assert hash(Single("a")) == hash(("a",))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours("a"))


def test_nothing_can_be_changed() -> None:
    """No field is set anew or deleted, and no other attribute is added; each default is a fresh one."""
    value = Ours("a")
    for name in ("name", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            setattr(value, name, "b")
    with pytest.raises(dataclasses.FrozenInstanceError, match="name"):
        del value.name  # type: ignore[misc]
    assert not hasattr(value, "__dict__")
    assert value.notes is not Ours("a").notes
    with pytest.raises(TypeError):
        Ours()  # type: ignore[call-arg]


def test_the_rest_is_left_to_the_standard_library() -> None:
    """Other options, a base class or a method of its own bring the standard decorator."""

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        """Values with an order."""

        size: int

    @dataclass(frozen=True, slots=True)
    class Own:
        """A value with a text of its own."""

        size: int

        def __repr__(self) -> str:
            return "own"

    @dataclass(slots=True)
    class Open:
        """A value that may change."""

        size: int

    assert Ordered(1) < Ordered(2)
    assert repr(Own(1)) == "own"
    changed = Open(1)
    changed.size = 2
    assert changed.size == 2


def test_values_without_equality_are_equal_to_themselves_alone():
    """`eq=False` leaves `==` and `hash` to the object, and all else as it is."""
    ours = dataclass(frozen=True, slots=True, eq=False)(_Plain)
    theirs = dataclasses.dataclass(frozen=True, slots=True, eq=False)(_Plain)
    one, other = ours([1]), ours([1])
    assert one == one
    assert one != other
    assert len({one, other}) == 2
    assert repr(one) == repr(theirs([1]))
    assert repr(ours.__dataclass_params__) == repr(theirs.__dataclass_params__)
    assert dataclasses.replace(one, only=[2]).only == [2]
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.only = []


class _Plain:
    """A value of one field that has no hash."""

    only: list[int]
