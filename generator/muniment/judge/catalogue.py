"""The requirement catalogue: which rules serve each row, and why a row has none."""

from __future__ import annotations

from collections.abc import Mapping

from muniment.judge.compiled import Packs
from muniment.judge.shape import Node
from muniment.judge.waive import ENTRY
from muniment.model.edition import RequirementEntry, RuleEntry
from muniment.model.tree import Tree

PATH = "catalogue/requirements.yaml"
"""Where the catalogue lies below the policies folder."""

_ROW = frozenset({"id", "title", "source", "severity", "refs"})


def rows(tree: Tree) -> Mapping[str, Mapping[str, Tree]]:
    """The catalogue's rows by id, checked; raises `InvalidPolicy` for a fault in the file."""
    fields = Node(tree, PATH).fields(
        frozenset({"kind", "schema", "references", "requirements"}), frozenset({"notice"})
    )
    fields["kind"].word("catalogue")
    found: dict[str, Mapping[str, Tree]] = {}
    for element in fields["requirements"].elements():
        row = element.fields(_ROW, frozenset({"why_not"}))
        identifier = row["id"].text()
        if identifier in found:
            raise element.invalid(f"the requirement {identifier} stands twice")
        for reference in row["refs"].texts():
            source = reference.partition(":")[0]
            if source not in fields["references"].value:
                raise element.invalid(f"{identifier} refers to `{source}`, which `references` does not list")
        found[identifier] = element.value
    return found


def index(packs: Packs) -> tuple[RuleEntry, ...]:
    """Every rule as the rule index shows it, sorted by id; the engine's own rule on waivers among them."""
    entries = [
        RuleEntry(
            id=compiled.rule.id,
            pack=compiled.pack.id,
            title=compiled.rule.title,
            severity=str(compiled.rule.severity),
            requirements=compiled.rule.requirements,
            why=compiled.rule.why,
            fix=compiled.rule.fix,
            require=compiled.rule.require,
        )
        for compiled in packs.rules
    ]
    return tuple(sorted((*entries, ENTRY), key=lambda entry: entry.id))


def requirements(packs: Packs, tree: Tree) -> tuple[RequirementEntry, ...]:
    """Every row of the catalogue once, in its order, with the rules that judge it."""
    serving: dict[str, list[str]] = {}
    for entry in index(packs):
        for identifier in entry.requirements:
            serving.setdefault(identifier, []).append(entry.id)
    return tuple(
        RequirementEntry(
            id=identifier,
            title=row["title"],
            refs=tuple(row["refs"]),
            rules=tuple(serving.get(identifier, ())),
            why_not=None if identifier in serving else _why_not(identifier, row, packs),
        )
        for identifier, row in rows(tree).items()
    )


def _why_not(identifier: str, row: Mapping[str, Tree], packs: Packs) -> str | None:
    """Why no rule judges a row; `None` where a pack owes the answer."""
    if row.get("why_not"):
        return str(row["why_not"])
    dropped = {item.what.removeprefix("rule "): item for item in packs.loosenings if item.after == "dropped"}
    for rule in (rule for pack in packs.packs for rule in pack.rules):
        if identifier in rule.requirements and rule.id in dropped:
            return f"pack {dropped[rule.id].pack} dropped the rule {rule.id}: {dropped[rule.id].reason}"
    complete = any(pack.complete for pack in packs.packs)
    return None if complete else "no rule of the packs in use judges it"


def unknown_requirements(packs: Packs, tree: Tree) -> tuple[tuple[str, str], ...]:
    """Pairs of rule id and requirement id that the catalogue does not have."""
    known = rows(tree)
    return tuple(
        (entry.id, identifier)
        for entry in index(packs)
        for identifier in entry.requirements
        if identifier not in known
    )


def silent_rows(packs: Packs, tree: Tree) -> tuple[str, ...]:
    """Ids of rows that neither have a rule nor say why not."""
    return tuple(entry.id for entry in requirements(packs, tree) if not entry.rules and not entry.why_not)
