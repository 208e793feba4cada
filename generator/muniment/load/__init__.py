"""Load: finds records, reads each byte once, and knows the line and column of every node.

What reads YAML is imported once something asks for it: a project that has not changed needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from muniment.load.files import DeviceFiles
    from muniment.load.rewrite import rewritten
    from muniment.load.roots import devices
    from muniment.load.source import locate, locate_all, read, settings, yaml_tree
    from muniment.load.stamps import Stamp, stamp

_HOMES = {
    "DeviceFiles": "files",
    "Stamp": "stamps",
    "devices": "roots",
    "locate": "source",
    "locate_all": "source",
    "read": "source",
    "rewritten": "rewrite",
    "settings": "source",
    "stamp": "stamps",
    "yaml_tree": "source",
}

__all__ = [
    "DeviceFiles",
    "Stamp",
    "devices",
    "locate",
    "locate_all",
    "read",
    "rewritten",
    "settings",
    "stamp",
    "yaml_tree",
]


def __getattr__(name: str) -> Any:
    """Import the module that holds `name` on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
