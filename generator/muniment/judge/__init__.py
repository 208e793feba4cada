"""Judge: policy packs over facts, one ruling a rule.

What reads and lints packs is imported once something asks for it: a check that knows its packs needs none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from muniment.judge.facts import facts

if TYPE_CHECKING:
    from muniment.judge.asking import Asked, ask
    from muniment.judge.board import Standing, standing
    from muniment.judge.catalogue import index, requirements
    from muniment.judge.compiled import Packs, shown
    from muniment.judge.kept import packed, unpacked
    from muniment.judge.linting import CaseResult, lint, loosened, test
    from muniment.judge.packs import load_packs
    from muniment.judge.place import Facts
    from muniment.judge.verdict import judge

_HOMES = {
    "Asked": "asking",
    "CaseResult": "linting",
    "Facts": "place",
    "Packs": "compiled",
    "Standing": "board",
    "ask": "asking",
    "index": "catalogue",
    "judge": "verdict",
    "lint": "linting",
    "load_packs": "packs",
    "loosened": "linting",
    "packed": "kept",
    "requirements": "catalogue",
    "shown": "compiled",
    "standing": "board",
    "test": "linting",
    "unpacked": "kept",
}

__all__ = [
    "Asked",
    "CaseResult",
    "Facts",
    "Packs",
    "Standing",
    "ask",
    "facts",
    "index",
    "judge",
    "lint",
    "load_packs",
    "loosened",
    "packed",
    "requirements",
    "shown",
    "standing",
    "test",
    "unpacked",
]


def __getattr__(name: str) -> Any:
    """Import the module that holds `name` on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
