"""Reasons to stop. Everything else that goes wrong is a `Finding`.

An exception here means that no judgement was possible (exit code 2). The
message is one sentence for a person; `hint` says what to do about it.
"""

from __future__ import annotations


class MunimentError(Exception):
    """Root of every error raised on purpose. Shown as one line, never as a traceback."""

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        """One sentence that says what is wrong."""
        self.hint = hint
        """What to do about it; empty when the message already says it."""
        self.where = where
        """`file:line:column`, or as much of it as is known."""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice}"


class UsageError(MunimentError):
    """The request itself does not make sense: an unknown release, an option that does not fit."""


class UnreadableInput(MunimentError):
    """An input file is missing, of the wrong kind, too large, or changed while it was read."""


class InvalidPolicy(MunimentError):
    """A policy pack is at fault, not the evidence it judges."""


class SealError(MunimentError):
    """A seal could not be made: no key, no domain, a time before the log's last entry."""
