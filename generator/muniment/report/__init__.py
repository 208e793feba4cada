"""Report: the result of a check as text, JSON, SARIF, JUnit or GitHub annotations.

The formats are imported once one is asked for: each brings a library of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from muniment.report.formats import REPORTERS, Reporter

__all__ = ["REPORTERS", "Reporter"]


def __getattr__(name: str) -> Any:
    """Import the table of formats on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from muniment.report import formats

    return getattr(formats, name)
