"""Check: schema validation of every record, explained in plain words."""

from muniment.check.migrations import Edits, Upgrade, upgrade
from muniment.check.outputs import conforms
from muniment.check.schemas import Schemas
from muniment.check.stage import check, conform

__all__ = ["Edits", "Schemas", "Upgrade", "check", "conform", "conforms", "upgrade"]
