"""Studies beside the predictions: agreement of raters and readers, from tables that the plan names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from muniment.errors import UsageError
from muniment.measure import agreement
from muniment.measure.bootstrap import Resampling
from muniment.measure.plan import Plan
from muniment.measure.planned import AgreementSpec, ReaderSpec
from muniment.measure.prepare import TableSpec
from muniment.measure.ratings import Ratings, read_ratings
from muniment.measure.readers import ReaderEffect, ReaderStudy, read_study, reader_study
from muniment.measure.tables import open_table
from muniment.model.estimate import Estimate


def agreements(plan: Plan, tables: Mapping[str, Path], seed: int) -> list[dict[str, Any]]:
    """Return `agreement` of `evaluation.json`: each analysis with its coefficients.

    A coefficient that these ratings do not allow (two raters wanted, no order of words) is undecided with
    the reason.

    Args:
        plan: which analyses; level, replicates and smallest number of units.
        tables: id to table, every one that the plan names.
        seed: of the replicates for Krippendorff's alpha.
    """
    return [_agreement(spec, plan, tables[spec.table], seed) for spec in plan.analyses.agreement]


def _agreement(spec: AgreementSpec, plan: Plan, path: Path, seed: int) -> dict[str, Any]:
    ratings = read_ratings(open_table(path), spec.unit, spec.rater, spec.rating, str(path), spec.order)
    units = len(ratings.codes)
    shown = units >= plan.settings.min_n
    drawn = Resampling(plan.replicates, seed)
    return {
        "id": spec.id,
        "title": spec.title,
        "table": spec.table,
        "units": units if shown else None,
        "raters": len(ratings.raters),
        "categories": list(ratings.categories) if shown else [],
        "estimates": [_coefficient(name, ratings, spec, plan, drawn) for name in spec.coefficients],
    }


def _coefficient(
    name: str, ratings: Ratings, spec: AgreementSpec, plan: Plan, drawn: Resampling
) -> dict[str, Any]:
    level, min_n = plan.settings.level, plan.settings.min_n
    kind = name.rpartition("_")[2]
    try:
        match name:
            case "cohen_kappa":
                found = agreement.cohen_kappa(ratings, spec.raters, level=level, min_n=min_n)
            case "cohen_kappa_linear" | "cohen_kappa_quadratic":
                found = agreement.cohen_kappa(ratings, spec.raters, kind, level, min_n)
            case "fleiss_kappa":
                found = agreement.fleiss_kappa(ratings, level, min_n)
            case "gwet_ac1":
                found = agreement.gwet_ac1(ratings, level, min_n)
            case _:
                found = agreement.krippendorff_alpha(ratings, drawn, kind, level, min_n)
    except UsageError as error:
        found = Estimate(name, {}, None, level=level, method=_method(name), undecided=str(error))
    body = found.as_json()
    for none in ("cohort", "threshold", "events"):
        del body[none]
    if body["method"] == agreement.GWET and body["n"] is not None:
        body["df"] = body["n"] - 1
    return body


def _method(name: str) -> str:
    if name.startswith("krippendorff"):
        return agreement.ALPHA
    return agreement.COHEN if name.startswith("cohen") else agreement.GWET


def reader_studies(plan: Plan, tables: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Return `reader_studies` of `evaluation.json`, each with the planned difference first.

    Args:
        plan: which studies; level and smallest number of cases.
        tables: id to table, every one that the plan names.

    Raises:
        UnreadableInput: the study is not fully crossed, or a column is missing.
    """
    return [_readers(spec, plan, tables[spec.table]) for spec in plan.analyses.readers]


def _readers(spec: ReaderSpec, plan: Plan, path: Path) -> dict[str, Any]:
    columns = TableSpec(spec.truth, spec.score, positive=spec.positive, name=str(path))
    study = read_study(open_table(path), columns, spec.reader, spec.modality, spec.case)
    found = reader_study(study, spec.random, plan.settings.level, plan.settings.min_n)
    body = found.as_json()
    return {
        "id": spec.id,
        "title": spec.title,
        "table": spec.table,
        "compare": list(spec.compare),
        "difference": _difference(spec, found, plan),
        **body,
    }


def _difference(spec: ReaderSpec, found: ReaderStudy, plan: Plan) -> dict[str, Any]:
    """The planned difference, first minus second, whatever the order of the table."""
    first, second = spec.compare
    effects = {(effect.a, effect.b): effect for effect in found.effects}
    effect, turned = effects.get((first, second)), False
    if effect is None:
        effect, turned = effects.get((second, first)), True
    if effect is None:
        absent = [name for name in spec.compare if name not in found.modalities]
        reason = found.undecided or f"the table has no modality {absent[0]!r}"
        body: dict[str, Any] = dict.fromkeys(("value", "low", "high", "standard_error", "df", "p"))
        return (
            body
            | {"level": plan.settings.level, "method": found.as_json()["method"], "n": found.n}
            | {"undecided": reason}
        )
    body = _signed(effect, turned)
    return body | {"level": plan.settings.level, "n": found.n}


def _signed(effect: ReaderEffect, turned: bool) -> dict[str, Any]:
    body = effect.as_json()
    del body["modality"], body["against"]
    if turned:
        low, high = body["low"], body["high"]
        body["value"] = None if body["value"] is None else -body["value"] + 0.0
        body["low"], body["high"] = (None if high is None else -high), (None if low is None else -low)
    return body


def sentences(plan: Plan) -> str:
    """What was done about raters and readers."""
    parts = []
    asked = {name for spec in plan.analyses.agreement for name in spec.coefficients}
    said = {
        "cohen": "Cohen's kappa has the standard error of Fleiss, Cohen and Everitt (1969)",
        "fleiss": "Fleiss' kappa has Gwet's variance between units (2021) and Student's t",
        "gwet": "AC1 has Gwet's variance between units (2008) and Student's t",
        "krippendorff": f"Krippendorff's alpha has percentiles of {plan.replicates} resamples of the units",
    }
    used = [text for start, text in said.items() if any(name.startswith(start) for name in asked)]
    if used:
        parts.append("Agreement of raters beyond chance: " + "; ".join(used) + ".")
    if plan.analyses.readers:
        parts.append(
            "Reader studies were analysed after Obuchowski and Rockette (1995) with DeLong's covariances and "
            "Hillis' degrees of freedom (2007)."
        )
    return " ".join(parts)
