"""Write what the example's people and operations did: decisions, post-market records, the list of seals.

Nobody did any of it. The records say `origin: enacted`; the numbers in them come from the tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attack
import enacted_decisions
import enacted_postmarket
import enacted_security
import enacted_surveillance
import privacy
from emit import document, sequence
from enacted_numbers import Numbers
from enacted_seals import seals

HEAD = "# Written by pipeline/enact.py: change it there.\n"


def write(root: Path) -> None:
    """Write all enacted records below a device folder that already holds releases and windows."""
    attack.write(root)
    privacy.write(root)
    numbers = Numbers(root)
    operations = enacted_postmarket.records(root, numbers)
    records: dict[str, dict[str, Any]] = {
        **enacted_decisions.records(numbers),
        **operations,
        **enacted_surveillance.records(numbers, operations),
        **enacted_security.records(root),
    }
    for name, body in records.items():
        save(root / f"{name}.yaml", HEAD + document(body))
    conditions = {
        item["id"]: f"{item['id']}: {item['text']} Due {item['due']}."
        for body in records.values()
        if body["kind"] == "board_decision"
        for item in body["conditions"]
    }
    save(root / "pipeline" / "seals.yaml", HEAD + "\n".join(sequence(seals(conditions), 0)) + "\n")


def save(path: Path, text: str) -> None:
    """Write a text file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
