"""Previous and current release to classified changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from muniment.diff.classify import Classifier
from muniment.diff.compare import Difference, Keys, Steps, differences, dotted, key_fields
from muniment.diff.logical import Part, parts
from muniment.model.change import Change, ChangeClass, Changes
from muniment.model.evidence import Dossier
from muniment.model.policy import Taxonomy
from muniment.model.tree import Tree, at

OUTPUTS = ("release", "predictions", "outputs")
"""Path of the change that says by how much the scores differ; it stands in no record, but is measured."""
FIRST = "(first release)"
"""Path of the one change of a release that has nothing to be compared with."""


def diff(old: Dossier | None, new: Dossier, taxonomy: Taxonomy) -> Changes:
    """Compare two releases, references followed; the class is the highest over all changes.

    A first release is clinical: everything in it is new. Two releases that do not differ are
    administrative.
    """
    if old is None:
        reason = "everything is new in a first release"
        first = Change(FIRST, "", new.id, "added", None, None, ChangeClass.CLINICAL, "default", reason)
        return Changes(None, new.version, (first,), ChangeClass.CLINICAL)
    classifier = Classifier(taxonomy)
    before = {part.name: part for part in parts(old)}
    after = {part.name: part for part in parts(new)}
    items = tuple(
        change
        for name in (*before, *(name for name in after if name not in before))
        for change in _changes(before.get(name), after.get(name), classifier, taxonomy.keys)
    )
    items = (*items, *_outputs(old, new, classifier))
    computed = max((item.change_class for item in items), default=ChangeClass.ADMINISTRATIVE)
    return Changes(old.version, new.version, items, computed)


def _outputs(old: Dossier, new: Dossier, classifier: Classifier) -> Iterator[Change]:
    """Yield a change where the outputs on the locked cohort are not, or cannot be shown to be, the same.

    The same table of predictions, read by the same columns, is the same outputs. Otherwise the evaluation's
    comparison with the older release tells; of several the worst counts, and `after` is null without one.
    """
    before, after = (dossier.release.body for dossier in (old, new))
    places = ("table/sha256", "id", "label", "score")
    read = [(at(before, f"/predictions/{place}"), at(after, f"/predictions/{place}")) for place in places]
    if all(one is not None and one == other for one, other in read):
        return
    measured = new.evaluation.get("equivalence") if isinstance(new.evaluation, Mapping) else None
    listed = measured if isinstance(measured, tuple) else ()
    found = [entry for entry in listed if _sound(entry) and entry["release"] == old.id]
    worst = max(found, key=_distance, default=None)
    if worst is not None and _distance(worst) == (0, 0, 0.0):
        return
    verdict = classifier.of(OUTPUTS, lambda _length: (None, worst))
    yield Change(
        path=dotted(OUTPUTS),
        pointer="/predictions/table",
        record=new.id,
        kind="changed",
        before=None,
        after=worst,
        change_class=verdict.change_class,
        rule=verdict.rule,
        reason=verdict.reason,
    )


def _sound(entry: Tree) -> bool:
    """Whether an entry of a file that anybody may have touched has the numbers that are asked of it."""
    return (
        isinstance(entry, Mapping)
        and all(type(entry.get(name)) is int for name in ("rows", "compared"))
        and type(entry.get("calls_differing", "")) in (int, type(None))
        and type(entry.get("max_difference", "")) in (int, float, type(None))
    )


def _distance(entry: Tree) -> tuple[int, int, float]:
    """Rows without a partner, calls that differ, largest difference: all zero for equal outputs."""
    apart, calls = entry["max_difference"], entry["calls_differing"]
    return (
        entry["rows"] - entry["compared"],
        entry["rows"] if calls is None else calls,
        float("inf") if apart is None else float(apart),
    )


def _changes(before: Part | None, after: Part | None, classifier: Classifier, keys: Keys) -> Iterator[Change]:
    if before is not None and after is not None:
        for found in differences(before.body, after.body, after.name, keys):
            record = before.record if found.kind == "removed" else after.record
            yield _classified(found, record, classifier, (before, after), keys)
    elif after is not None:
        whole = Difference(after.name, "added", None, after.body, "")
        yield _classified(whole, after.record, classifier, (None, after), keys)
    elif before is not None:
        whole = Difference(before.name, "removed", before.body, None, "")
        yield _classified(whole, before.record, classifier, (before, None), keys)


def _classified(
    found: Difference,
    record: str,
    classifier: Classifier,
    sides: tuple[Part | None, Part | None],
    keys: Keys,
) -> Change:
    def values(length: int) -> tuple[Tree, Tree]:
        if length == len(found.steps):
            return found.before, found.after
        first, second = (_value(side, found.steps[:length], keys) for side in sides)
        return first, second

    verdict = classifier.of(found.steps, values)
    return Change(
        path=dotted(found.steps),
        pointer=found.pointer,
        record=record,
        kind=found.kind,
        before=found.before,
        after=found.after,
        change_class=verdict.change_class,
        rule=verdict.rule,
        reason=verdict.reason,
    )


def _value(part: Part | None, steps: Steps, keys: Keys) -> Tree:
    """The node of a part at `steps`; `None` where it has none, or where the part begins below them."""
    if part is None or len(steps) < len(part.name):
        return None
    node = part.body
    for position in range(len(part.name), len(steps)):
        step = steps[position]
        if not step.startswith("["):
            node = node.get(step) if isinstance(node, Mapping) else None
            continue
        fields = key_fields(steps[:position], keys) or ()
        node = next((item for item in node or () if f"[{_key(item, fields)}]" == step), None)
    return node


def _key(item: Tree, fields: tuple[str, ...]) -> str:
    return ",".join(str(item.get(field)) for field in fields) if isinstance(item, Mapping) else ""
