"""A strict subset of the Common Expression Language, in pure Python.

Whatever compiles here means the same in any CEL implementation that declares the extension functions
(`sum min max distinct intersect subtract join days`). What CEL has and this subset has not (unsigned
integers, bytes, types as values, messages, `matches`, `dyn`) is refused when the expression is compiled.

Errors met while evaluating are values (`Fault`), so that a missing fact can be named. Only a mistake in
the expression itself, or an exceeded budget, raises `InvalidPolicy`.
"""

from muniment.judge.cel.evaluate import Program, compile_expression
from muniment.judge.cel.frame import MAX_STEPS
from muniment.judge.cel.values import Duration, Fault, Read, Timestamp

__all__ = ["MAX_STEPS", "Duration", "Fault", "Program", "Read", "Timestamp", "compile_expression"]
