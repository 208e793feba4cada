"""Judge: policy packs over facts, one ruling a rule."""

from muniment.judge.board import Standing, standing
from muniment.judge.catalogue import index, requirements
from muniment.judge.facts import facts
from muniment.judge.lint import CaseResult, lint, test
from muniment.judge.packs import Packs, load_packs
from muniment.judge.place import Facts
from muniment.judge.verdict import judge

__all__ = [
    "CaseResult",
    "Facts",
    "Packs",
    "Standing",
    "facts",
    "index",
    "judge",
    "lint",
    "load_packs",
    "requirements",
    "standing",
    "test",
]
