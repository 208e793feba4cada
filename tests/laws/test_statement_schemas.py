"""The JSON Schemas of our statements and the program that reads them say the same."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.sealed import at, signer

from muniment import attest, shipped
from muniment.attest.predicates import PREDICATES
from muniment.attest.strict import Refused

A, B, C = "ab" * 32, "cd" * 32, "ef" * 32
PATH = "postmarket/1.0.0/deployment-1.yaml"


def examples() -> dict[str, dict[str, Any]]:
    """One full statement of each kind, as the builders write it."""
    file = attest.Resource("pipeline/run.py", B, "text/x-python")
    ben, dee = signer("ben", "clinical", at()), signer("dee", "quality", at())
    pinned = attest.Signer("Cyd Moreau", "cyd@example.invalid", "biostatistics", at(), trail=C)
    built = {
        "plan-lock": attest.plan_lock("plans/1", A, signer=pinned),
        "evaluation": attest.evaluation(
            "1.0.0",
            A,
            plan="plans/1",
            plan_sha256=B,
            plan_lock_sha256=C,
            result="FAILED",
            passed=["auroc"],
            failed=["sensitivity sex=F"],
            signer=pinned,
        ),
        "approval": attest.approval(
            "1.0.0",
            A,
            decision="approve_with_conditions",
            meaning="clinical_approval",
            conditions=["watch it"],
            meeting="decisions/bd-1",
            expires=date(2024, 4, 1),
            signer=ben,
        ),
        "release": attest.release_authorisation("1.0.0", A, rationale="All\ncriteria met.", signer=dee),
        "deployment": attest.deployment(
            "1.0.0",
            A,
            path=PATH,
            sha256=B,
            release_seal_sha256=C,
            environment="ward",
            sites=["S1", "S2"],
            begins="2024-03-02",
            signer=dee,
        ),
        "record": attest.record("claims/1.yaml", A, meaning="witness", signer=ben),
        "provenance": attest.provenance(
            "runs/1",
            "1.0.0",
            {"releases/1.0.0/model.json": A},
            argv=["python", "run.py"],
            dependencies=[file, attest.Resource("data/raw.csv", C)],
            builder="https://example.invalid/builder",
            signer=ben,
        ),
        "verdict": attest.verdict(
            "1.0.0",
            A,
            outcome="accepted",
            device="d",
            policy=attest.Resource("urn:muniment:packs:core", B),
            attestations=[attest.Resource("seals/a.sigstore.json", C)],
            tool_version="0.1.0",
            signer=ben,
        ),
    }
    return {kind: json.loads(data) for kind, data in built.items()}


EXAMPLES = examples()
SCHEMAS = {
    path.name.split(".")[0]: json.loads(path.read_bytes())
    for path in (shipped.folder("schemas") / "statements").glob("*.json")
}
VALIDATORS = {
    kind: jsonschema_rs.validator_for(schema, validate_formats=True) for kind, schema in SCHEMAS.items()
}


def subjects(kind: str, predicate: Any) -> list[dict[str, Any]]:
    """The subjects that fit a predicate, so that only its own fields are left to refuse."""
    fields = predicate if isinstance(predicate, dict) else {}
    version = fields.get("release", "1.0.0")
    if kind == "verdict":
        words = fields.get("muniment")
        version = words.get("release") if isinstance(words, dict) else None
    manifest = {
        "name": f"releases/{version}/manifest.json",
        "digest": {"sha256": fields.get("release_digest", A)},
    }
    match kind:
        case "plan-lock":
            return [{"name": f"{fields.get('plan')}.yaml", "digest": {"sha256": A}}]
        case "deployment":
            return [manifest, {"name": PATH, "digest": {"sha256": B}}]
        case "approval" | "release" | "verdict":
            return [manifest]
        case _:
            return copy.deepcopy(EXAMPLES[kind]["subject"])


def read(kind: str, predicate: Any) -> str:
    """Why the program refuses a predicate, or nothing."""
    fields = {**EXAMPLES[kind], "predicate": predicate, "subject": subjects(kind, predicate)}
    try:
        attest.parse(json.dumps(fields).encode())
    except Refused as error:
        return str(error)
    return ""


def places(node: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield steps
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, item in items:
        yield from places(item, (*steps, step))


ASSIGNED = st.characters(exclude_categories=("Cs", "Cn"))
"""Characters that every version of Unicode at hand knows."""
TEXTS = st.one_of(
    st.text(ASSIGNED, max_size=12),
    st.sampled_from(
        [
            "", " ", "\n", "a\nb", "a\tb", "a\u00a0b", "x" * 200, "x" * 201, "x" * 2001,
            "x" * 4001, A, A.upper(),
            "1.0.0", "1..0", "../1", "1.0.0\n", "plans/1", "plans/1.yaml", "plans/../1", "plans/a..b",
            "plans/1\n",
            "2024-03-01T09:00:00Z", "2024-02-30T09:00:00Z", "2023-02-29T00:00:00Z", "2024-03-01T24:00:00Z",
            "2024-03-01T09:00:60Z", "2024-03-01T09:00:00+00:00", "0999-03-01T09:00:00Z",
            "٢٠٢٤-03-01T09:00:00Z",
            "2024-02-29", "2023-02-29", "2024-3-1", "20240301", "approve", "reject", "recuse", "rejection",
            "recusal", "authorship", "witness", "approve_with_conditions", "PASSED", "FAILED", "WARNED",
            "MUNIMENT_ACCEPTED", "MUNIMENT_HELD", "https://x.invalid/a b", "urn:x", "S1", "runs/1",
            "runs/1/2",
        ]
    ),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.floats(-1, 1), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["sha256", "name", "digest", "id", "x"]), inner, max_size=3),
    ),
    max_leaves=4,
)


def changed(draw: Any, predicate: Any) -> Any:
    """A predicate with something at one place replaced, removed, added or repeated."""
    out = copy.deepcopy(predicate)
    steps = draw(st.sampled_from(list(places(out))))
    if not steps:
        return draw(VALUES) if draw(st.integers(0, 9)) == 0 else out
    holder = out
    for step in steps[:-1]:
        holder = holder[step]
    last = steps[-1]
    match draw(st.sampled_from(["replace", "replace", "replace", "remove", "add"])):
        case "replace":
            holder[last] = draw(VALUES)
        case "remove":
            del holder[last]
        case "add" if isinstance(holder, dict):
            holder[
                draw(st.sampled_from(["extra", "expires", "meeting", "trail", "mediaType", "release"]))
            ] = draw(VALUES)
        case _:
            holder.append(copy.deepcopy(holder[last]) if draw(st.booleans()) else draw(VALUES))
    return out


@st.composite
def mutated(draw: Any) -> tuple[str, Any]:
    kind = draw(st.sampled_from(sorted(EXAMPLES)))
    predicate = EXAMPLES[kind]["predicate"]
    for _ in range(draw(st.integers(1, 2))):
        predicate = changed(draw, predicate)
        if not isinstance(predicate, dict):
            break
    return kind, predicate


@settings(max_examples=1500, deadline=None)
@given(mutated())
def test_a_schema_accepts_what_the_program_accepts(case: tuple[str, Any]) -> None:
    """However a predicate is bent, the schema and the reader agree on whether it still holds."""
    kind, predicate = case
    refused = read(kind, predicate)
    assert VALIDATORS[kind].is_valid(predicate) == (not refused), (kind, predicate, refused)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_what_the_builders_write_is_valid(kind: str) -> None:
    """Every builder's statement is read, and is valid against the schema of its predicate type."""
    assert read(kind, EXAMPLES[kind]["predicate"]) == ""
    assert list(VALIDATORS[kind].iter_errors(EXAMPLES[kind]["predicate"])) == []
    assert SCHEMAS[kind]["x-predicate-type"] == EXAMPLES[kind]["predicateType"]


def test_every_predicate_type_has_a_schema_and_an_example() -> None:
    """No schema describes what is not read, and all is described but OpenSSF's own statement of a model."""
    kinds = {known.kind for known in PREDICATES.values()} - {"model"}
    assert kinds == set(SCHEMAS) == set(EXAMPLES)


def test_schemas_fit_their_metaschema_and_explain_every_field() -> None:
    """A schema is itself valid, and every property says what it means."""

    def undescribed(node: Any, where: str) -> Iterator[str]:
        if not isinstance(node, dict):
            return
        for name, below in node.get("properties", {}).items():
            if not below.get("description"):
                yield f"{where}/{name}"
            yield from undescribed(below, f"{where}/{name}")
        yield from undescribed(node.get("items"), f"{where}[]")

    for kind, schema in SCHEMAS.items():
        jsonschema_rs.meta.validate(schema)
        assert list(undescribed(schema, kind)) == []
