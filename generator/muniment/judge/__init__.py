"""Judge: policy packs over facts, one ruling a rule."""

from muniment.judge.ask import Asked, ask
from muniment.judge.board import Standing, standing
from muniment.judge.catalogue import index, requirements
from muniment.judge.compiled import shown
from muniment.judge.facts import facts
from muniment.judge.lint import CaseResult, lint, loosened, test
from muniment.judge.packs import Packs, load_packs
from muniment.judge.place import Facts
from muniment.judge.verdict import judge

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
    "requirements",
    "shown",
    "standing",
    "test",
]
