"""How each section of an analysis was made, in sentences that can be pasted into a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from muniment.measure.methods import PROPORTIONS
from muniment.measure.plan import Plan


def said_of(sections: Mapping[str, Any], plan: Plan) -> list[dict[str, str]]:
    """Return `{section, text}` of every section that has numbers, in the order they are read."""
    settings = plan.settings
    shares = PROPORTIONS[settings.interval]
    level = f"{settings.level * 100:.12g} %"
    explained = sections["explanations"]
    texts = {
        "errors": (
            f"Errors are counted at the operating point of the release; a patient without an estimate is not "
            f"called. Rates have {shares} at {level}. A level with fewer than {settings.min_n} patients is "
            "suppressed, with others where it could be computed from them. Examples are chosen by rule: of "
            "the wrong outputs of a kind, ordered by score, the one in the middle and the most confident one."
        ),
        "quality_control": (
            "Every patient of the locked cohort was screened. A patient is rejected who has a reason on "
            "record or no score; reasons that are too rare to show are counted together."
        ),
        "missing": (
            "An input is missing where the feature table has no value, NaN or a word for nothing, or no row."
        ),
        "populations": (
            "Intention to diagnose takes no estimate for no call; per protocol leaves these patients out; "
            "worst and best case take all of them for wrong, and for right."
        ),
        "robustness": (
            "Losses are untouched minus perturbed, on the same patients: areas by the paired method of "
            "DeLong (1988) over patients with an estimate both times, sensitivity and specificity by "
            "Newcombe's paired interval (1998, method 10) over all patients. No interval is adjusted for "
            "multiplicity. The model was run by its maker on the perturbed inputs; the numbers were "
            "computed from its scores."
        ),
        "prevalence": (
            "Predictive values at the intended prevalence come from the likelihood ratios by Bayes' theorem "
            "(Mercaldo 2007); net benefit has the multinomial normal interval (Vickers and Elkin 2006)."
        ),
        "clusters": (
            "The intraclass correlation of right answers by site is that of a one-way analysis of variance "
            "(Donner 1986) with Searle's interval, which takes values for normal and sites for one size and "
            "is an approximation here; the design effect is 1 plus the typical size less 1 times the "
            "correlation, and not below 1."
        ),
        "explanations.consistency": (
            "Agreement is Spearman's correlation over features between the mean absolute contributions of a "
            f"level and of the cohort, with percentile intervals of {plan.replicates} bootstrap replicates "
            "of patients (Philox generator keyed by replicate and by the SHA-256 of the plan)."
        ),
        "explanations.stability": (
            "Stability is the mean over patients of Spearman's correlation between their contributions under "
            "this release and the one before, over the features that both attribute, with Student's "
            f"interval; the share with the same first feature has {shares}."
        ),
        "explanations.contract": (
            "A golden case passes if the release gives a figure for exactly the features that the contract "
            "names, each within the tolerance."
        ),
        "explanations.samples": (
            "An explained case counts if it is of the cohort, its kind is what score, threshold and label "
            "say, and its figures are those of the table of contributions, within the tolerance."
        ),
        "explanations.coverage": (
            f"Coverage is the share of patients whose outcome lies in what they were told, with {shares}."
        ),
    }
    present = {
        **{name: bool(sections.get(name)) for name in texts if "." not in name},
        **{name: name.partition(".")[2] in explained for name in texts if "." in name},
    }
    return [{"section": name, "text": text} for name, text in texts.items() if present[name]]
