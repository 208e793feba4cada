"""The words pages use for codes. A status is always said in words, never by colour alone."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

OUTCOMES: Final = MappingProxyType(
    {
        "met": "Met",
        "unmet": "Not met",
        "undecided": "Undecided",
        "waived": "Waived",
        "not_applicable": "Not applicable",
    }
)

STATUSES: Final = MappingProxyType(
    {
        "candidate": "Candidate",
        "released": "Released",
        "rejected": "Rejected",
        "withdrawn": "Withdrawn",
        "deferred": "Deferred",
    }
)

VERDICTS: Final = MappingProxyType(
    {
        "accepted": "Accepted: every blocking rule is met or waived",
        "held": "Held: a blocking rule is undecided",
        "refused": "Refused: a blocking rule is not met",
    }
)

BASES: Final = MappingProxyType(
    {
        "verified": "verified facts: digests recomputed, numbers recomputed, seals checked",
        "recorded": "recorded facts: seals and numbers were read, not verified, in this build",
    }
)

ANSWERS: Final = MappingProxyType(
    {
        "verified": "Verified",
        "recorded": "Recorded, not verified",
        "unsupported": "Unsupported",
    }
)

QUESTIONS: Final = MappingProxyType(
    {
        "what": "What changed?",
        "when": "When?",
        "why": "Why?",
        "who": "Who approved?",
        "evidence": "On what evidence?",
    }
)

SEVERITIES: Final = MappingProxyType({"block": "blocks a release", "warn": "warns", "info": "informs"})

DECISIONS: Final = MappingProxyType(
    {
        "approve": "Approved",
        "approve_with_conditions": "Approved with conditions",
        "reject": "Rejected",
        "recuse": "Recused",
    }
)

DOMAINS: Final = MappingProxyType(
    {
        "local": "local · self-asserted time",
        "private": "private · the organisation's own authority",
        "public": "public · independent authority",
    }
)

TIME_SOURCES: Final = MappingProxyType(
    {
        "rfc3161": "RFC 3161 timestamp",
        "rekor": "time of the log",
        "statement": "time the statement says of itself",
    }
)

ORIGINS: Final = MappingProxyType(
    {
        "measured": "measured: by running the software",
        "replayed": "replayed: over held-back records",
        "enacted": "enacted: played by a script for this example",
    }
)

METRICS: Final = MappingProxyType(
    {
        "auroc": "AUROC",
        "average_precision": "Average precision",
        "partial_auroc": "Partial AUROC",
        "partial_auroc_standardised": "Partial AUROC, standardised",
        "brier": "Brier score",
        "log_loss": "Log loss",
        "calibration_intercept": "Calibration intercept",
        "calibration_slope": "Calibration slope",
        "oe_ratio": "Observed to expected ratio",
        "ece": "Expected calibration error",
        "ici": "Integrated calibration index",
        "e50": "Median calibration error (E50)",
        "e90": "90th-percentile calibration error (E90)",
        "prevalence": "Prevalence",
        "positive_rate": "Positive rate",
        "sensitivity": "Sensitivity",
        "specificity": "Specificity",
        "ppv": "Positive predictive value",
        "npv": "Negative predictive value",
        "accuracy": "Accuracy",
        "balanced_accuracy": "Balanced accuracy",
        "f1": "F1",
        "lr_positive": "Positive likelihood ratio",
        "lr_negative": "Negative likelihood ratio",
        "diagnostic_odds_ratio": "Diagnostic odds ratio",
        "youden": "Youden's J",
        "net_benefit": "Net benefit",
        "ppv_at_prevalence": "PPV at the intended prevalence",
        "npv_at_prevalence": "NPV at the intended prevalence",
        "tp": "True positives",
        "fp": "False positives",
        "fn": "False negatives",
        "tn": "True negatives",
        "cohen_kappa": "Cohen's kappa",
        "cohen_kappa_linear": "Cohen's kappa, linear weights",
        "cohen_kappa_quadratic": "Cohen's kappa, quadratic weights",
        "fleiss_kappa": "Fleiss' kappa",
        "gwet_ac1": "Gwet's AC1",
        "krippendorff_alpha_nominal": "Krippendorff's alpha, nominal",
        "krippendorff_alpha_ordinal": "Krippendorff's alpha, ordinal",
        "krippendorff_alpha_interval": "Krippendorff's alpha, interval",
        "krippendorff_alpha_ratio": "Krippendorff's alpha, ratio",
        "reader_difference": "Difference of the readers' mean areas",
        "latency_p50_ms": "Latency, median",
        "latency_p95_ms": "Latency, 95th percentile",
        "uptime": "Uptime",
        "fallback_success": "Fallback success",
        "alert_routing_success": "Alert routing success",
        "shadow_agreement": "Agreement in shadow mode",
        "psi": "PSI, worst feature",
        "linkage_rho": "Linkage correlation",
    }
)

METHODS: Final = MappingProxyType(
    {
        "delong": "DeLong",
        "delong-logit": "DeLong, logit scale",
        "delong-paired": "DeLong, paired",
        "wilson": "Wilson",
        "clopper-pearson": "Clopper–Pearson",
        "newcombe-paired": "Newcombe, paired",
        "newcombe-auroc": "Newcombe, AUROC",
        "delong-unpaired": "DeLong, independent groups",
        "newcombe": "Newcombe, independent groups",
        "obuchowski": "Obuchowski, clustered",
        "logit-wald": "logit, Wald",
        "wilson-transformed": "Wilson, transformed",
        "log-wald": "log method",
        "multinomial-wald": "multinomial, Wald",
        "mercaldo-logit": "Mercaldo, logit",
        "bootstrap-percentile": "bootstrap, percentiles",
        "bootstrap-percentile-clustered": "bootstrap of clusters, percentiles",
        "normal": "normal approximation",
        "logistic-wald": "logistic, Wald",
        "log-normal": "log-normal",
        "fleiss-cohen-everitt": "Fleiss, Cohen and Everitt",
        "gwet-t": "Gwet, Student's t",
        "bootstrap-percentile-units": "bootstrap of units, percentiles",
        "obuchowski-rockette-hillis": "Obuchowski and Rockette, Hillis",
        "obuchowski-rockette-hillis-fixed-readers": "Obuchowski and Rockette, these readers",
        "anova-fixed-cases": "analysis of variance, these cases",
        "buderer-1996": "Buderer 1996",
        "riley-2021": "Riley 2021",
        "order-statistics": "order statistics",
        "count": "count",
    }
)

EFFECTS: Final = MappingProxyType(
    {
        "model_on_old": "New model minus old, on old data",
        "model_on_new": "New model minus old, on new data",
        "condition_for_old": "New data minus old, for the old model",
        "condition_for_new": "New data minus old, for the new model",
        "interaction": "What the new model gains more on new data than on old",
    }
)

LAYERS: Final = MappingProxyType(
    {
        "dataset_raw": "Raw data",
        "dataset_splits": "Splits",
        "dataset_labels": "Labels",
        "dataset_features": "Features",
        "dataset_baseline": "Validation baselines",
    }
)

KINDS: Final = MappingProxyType(
    {
        "change_request": "Change request",
        "board_decision": "Board decision",
        "waiver": "Waiver",
        "deferral": "Deferral",
        "deviation": "Deviation",
        "determination": "Regulatory determination",
    }
)

SAFE_STATES: Final = MappingProxyType(
    {
        "previous_version": "Return to the previous approved version",
        "rules_fallback": "Switch to a rules-based fallback",
        "feature_off": "Switch the feature off",
    }
)

PREDICATES: Final = MappingProxyType(
    {
        "plan-lock": "Acceptance plan locked",
        "test-result": "Evaluation sealed",
        "approval": "Board member's decision",
        "release": "Release authorised",
        "deployment": "Put into use",
        "provenance": "Provenance of the training run sealed",
        "verification_summary": "Verdict of the policies sealed",
        "record": "Record signed",
    }
)


def spoken(code: object) -> str:
    """Return a code as words: `approve_with_conditions` gives `approve with conditions`."""
    return str(code).replace("_", " ")


def metric(name: object) -> str:
    """Return the printed name of a metric."""
    return METRICS.get(str(name), spoken(name))


def predicate(uri: object) -> str:
    """Return what a seal of this predicate type attests, in words."""
    for part in reversed(str(uri).split("/")):
        if part in PREDICATES:
            return PREDICATES[part]
    return str(uri)
