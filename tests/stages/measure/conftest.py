"""Tables to measure, written where a test may write."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import polars as pl
import pytest

from support.analysed import World
from support.plans import request_for

SCHEMAS = Path(__file__).parents[3] / "schemas" / "outputs"


def example_rows(n: int = 600, seed: int = 0) -> pl.DataFrame:
    """Predictions of `n` patients with a comparator, two axes and a calibrated score."""
    rng = np.random.default_rng(seed)
    score = rng.random(n).round(6)
    return pl.DataFrame(
        {
            "patient_id": np.arange(1000, 1000 + n),
            "death": (rng.random(n) < score).astype(np.int8),
            "score": score,
            "score_previous": np.clip(score + rng.normal(0, 0.2, n), 0, 1).round(6),
            "sex": rng.choice(["female", "male"], n),
            "race": rng.choice(["a", "b", "c"], n, p=[0.01, 0.3, 0.69]),
        }
    )


@pytest.fixture(scope="session")
def rows() -> pl.DataFrame:
    """600 patients, the same for every test."""
    return example_rows()


@pytest.fixture
def valid():
    """Assert that a body is valid against an output schema."""

    def check(body: object, name: str) -> None:
        schema = json.loads((SCHEMAS / f"{name}.v1.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(json.loads(json.dumps(body, allow_nan=False)), schema)

    return check


@pytest.fixture
def request_of(tmp_path, rows):
    """A request over written tables, with anything replaced."""

    def make(predictions=rows, members=None, **more):
        members = rows.select("patient_id") if members is None else members
        return request_for(tmp_path, predictions, members, **more)

    return make


@pytest.fixture
def world(tmp_path, rows) -> World:
    return World(tmp_path, rows)
