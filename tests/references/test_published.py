"""Printed values of papers, books and manuals: what others can look up, we give to the digits they print."""

import math

import numpy as np
import polars as pl
import pytest

from muniment.measure import MeasureRequest, measure_table
from muniment.measure.cohorts import Counts
from muniment.measure.contingency import (
    balanced_accuracy,
    diagnostic_odds_ratio,
    likelihood_ratio_negative,
    likelihood_ratio_positive,
    net_benefit,
    npv_at,
    ppv_at,
    treat_all,
)
from muniment.measure.drift import jensen_shannon, numeric
from muniment.measure.proportions import (
    clopper_pearson,
    mcnemar_p,
    paired_difference,
    unpaired_difference,
    wilson,
)

LEVEL = 0.95


def printed(value: float, digits: int) -> float:
    return float(f"{value:.{digits}f}")


def measured(tmp_path, labels, scores, **options):
    path = tmp_path / "table.parquet"
    pl.DataFrame({"y": labels, "s": scores}).write_parquet(path)
    found = measure_table(MeasureRequest(str(path), "y", "s", min_n=1, **options)).estimates
    return {item.metric: item for item in found}


# Altman, Machin, Bryant and Gardner 2000, Statistics with Confidence, as epiR's manual (epi.conf) quotes it.


def test_altman_2000_page_47_one_proportion():
    """81 of 263 patients: 0.255 to 0.366."""
    assert tuple(printed(x, 3) for x in wilson(81, 263, LEVEL)) == (0.255, 0.366)


def test_altman_2000_page_49_two_proportions():
    """Adverse effects in 5 of 56 and 0 of 29: -0.038 to +0.193."""
    found = unpaired_difference(5, 56, 0, 29, LEVEL)
    assert (printed(found.low, 3), printed(found.high, 3)) == (-0.038, 0.193)


def test_altman_2000_page_53_paired_proportions():
    """Thallium images of 41 patients, 14, 5, 0, 22: 0.011 to 0.226."""
    found = paired_difference(14, 5, 0, 22, LEVEL)
    assert (printed(found.low, 3), printed(found.high, 3)) == (0.011, 0.226)


# Scott, Greenberg and Poole 2008, Table 1, as the manual of epiR (epi.tests) quotes it.


def test_scott_2008_table_1():
    """670 of 744 and 640 of 842: sensitivity 0.90 (0.88–0.92), specificity 0.76 (0.73–0.79), LR+ 3.75."""
    counts = Counts(670, 202, 74, 640)
    assert tuple(printed(x, 2) for x in clopper_pearson(670, 744, LEVEL)) == (0.88, 0.92)
    assert tuple(printed(x, 2) for x in clopper_pearson(640, 842, LEVEL)) == (0.73, 0.79)
    ratio = likelihood_ratio_positive(counts, LEVEL)
    assert tuple(printed(x, 2) for x in (ratio.value, ratio.low, ratio.high)) == (3.75, 3.32, 4.24)


# Fagerland, Lydersen and Laake 2017, Statistical Analysis of Contingency Tables, as the tests of their R
# package contingencytables print it (test-ch2.R, test-ch4.R, test-ch8.R).


def test_fagerland_2017_chapter_2_one_proportion():
    """13 of 16 (Ligarden 2010): Wilson 0.5699 to 0.9341, Clopper–Pearson 0.5435 to 0.9595."""
    assert tuple(printed(x, 4) for x in wilson(13, 16, LEVEL)) == (0.5699, 0.9341)
    assert tuple(printed(x, 4) for x in clopper_pearson(13, 16, LEVEL)) == (0.5435, 0.9595)


def test_fagerland_2017_chapter_2_exact_binomial():
    """13 of 16 against one half: P = 0.02127, which is McNemar's exact p of 13 and 3 discordant pairs."""
    assert printed(mcnemar_p(13, 3), 5) == 0.02127


def test_fagerland_2017_chapter_4_difference_and_ratio():
    """7 of 34, 1 of 34 (Perondi 2004): Newcombe 0.1765 (0.0189–0.3404), Katz 7.0 (0.9096–53.8695)."""
    found = unpaired_difference(7, 34, 1, 34, LEVEL)
    assert tuple(printed(x, 4) for x in (found.value, found.low, found.high)) == (0.1765, 0.0189, 0.3404)
    ratio = likelihood_ratio_positive(Counts(tp=7, fp=1, fn=27, tn=33), LEVEL)
    assert tuple(printed(x, 4) for x in (ratio.value, ratio.low, ratio.high)) == (7.0, 0.9096, 53.8695)


def test_fagerland_2017_chapter_8_paired():
    """Complete response before and after (Cavo 2012), 59, 6, 16, 80: -0.0621 (-0.1186 to -0.0046)."""
    found = paired_difference(59, 6, 16, 80, LEVEL)
    assert tuple(printed(x, 4) for x in (found.value, found.low, found.high)) == (-0.0621, -0.1186, -0.0046)


# SciPy's manual.


def test_scipy_manual_relative_risk():
    """Sahai and Khurshid's Example 3.1: 27 of 122 against 44 of 487, 2.4495 (1.5837–3.7887)."""
    ratio = likelihood_ratio_positive(Counts(tp=27, fp=44, fn=95, tn=443), LEVEL)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx(
        (2.4495156482861398, 1.5836990926700116, 3.7886786315466354), rel=1e-12
    )


def test_scipy_manual_distances():
    """wasserstein_distance([0, 1, 3], [5, 6, 8]) is 5; jensenshannon is 1 of disjoint, 0 of equal shares."""
    moved = numeric("x", pl.Series([0.0, 1.0, 3.0]), pl.Series([5.0, 6.0, 8.0]), 1)
    assert moved.wasserstein == 5.0
    assert jensen_shannon(np.array([1, 0, 0]), np.array([0, 1, 0])) == 1.0
    assert jensen_shannon(np.array([1, 0, 0]), np.array([1, 0, 0])) == 0.0
    # Printed in nats, as the root.
    in_nats = jensen_shannon(np.array([2, 0]), np.array([1, 1])) * math.log(2)
    assert math.sqrt(in_nats) == pytest.approx(0.46450140402245893, rel=1e-12)


# scikit-learn's manual.


def test_scikit_learn_manual_ranks(tmp_path):
    """Labels 0 0 1 1, scores 0.1 0.4 0.35 0.8: AUROC 0.75, average precision 0.83."""
    found = measured(tmp_path, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    assert found["auroc"].value == 0.75
    assert printed(found["average_precision"].value, 2) == 0.83


def test_scikit_learn_manual_losses(tmp_path):
    """Brier score 0.0375 of 0.1 0.9 0.8 0.3; log loss 0.21616 of 0.9 0.1 0.2 0.65."""
    assert measured(tmp_path, [0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3])["brier"].value == pytest.approx(0.0375)
    losses = measured(tmp_path, [1, 0, 0, 1], [0.9, 0.1, 0.2, 0.65])
    assert printed(losses["log_loss"].value, 5) == 0.21616


def test_scikit_learn_manual_ratios():
    """class_likelihood_ratios([0, 1, 0, 1, 0], [1, 1, 0, 0, 0]) is (1.5, 0.75); balanced accuracy 0.625."""
    counts = Counts(tp=1, fp=1, fn=1, tn=2)
    assert likelihood_ratio_positive(counts, LEVEL).value == pytest.approx(1.5)
    assert likelihood_ratio_negative(counts, LEVEL).value == pytest.approx(0.75)
    assert balanced_accuracy(Counts(tp=1, fp=1, fn=1, tn=3), LEVEL).value == 0.625


# dcurves (Sjoberg), tests/testthat/test-dca.R: 105 cancers among 750 men.


def test_dcurves_treat_all_and_none():
    """At a threshold of 0.25 treating all is worth -0.1466667, treating none 0."""
    assert treat_all(105, 750, 0.25, LEVEL).value == pytest.approx(-0.1466667, abs=5e-8)
    assert net_benefit(Counts(0, 0, 105, 645), 0.25, LEVEL).value == 0


# Centre for Evidence-Based Medicine, worksheet on diagnosis (serum ferritin and iron deficiency anaemia).


def test_cebm_ferritin():
    """731, 270, 78, 1500: 90 %, 85 %, LR+ 6, LR- 0.12, PPV 73 %, NPV 95 %, and 73 % again after the test."""
    counts = Counts(731, 270, 78, 1500)
    assert (printed(731 / 809, 2), printed(1500 / 1770, 2)) == (0.90, 0.85)
    assert printed(likelihood_ratio_positive(counts, LEVEL).value, 0) == 6
    # The worksheet divides rounded shares (10 % by 85 %), so its 0.12 is near and not ours to the digit.
    assert likelihood_ratio_negative(counts, LEVEL).value == pytest.approx(0.12, abs=0.01)
    prevalence = 809 / 2579
    assert printed(prevalence, 2) == 0.31
    assert printed(ppv_at(counts, prevalence, LEVEL).value, 2) == 0.73
    assert printed(npv_at(counts, prevalence, LEVEL).value, 2) == 0.95


# epiR's manual (epi.nomogram): sensitivity 0.89, specificity 0.85, 5 % before the test.


def test_epir_manual_post_test_probability():
    """0.24 after a positive test, 0.0068 after a negative one."""
    counts = Counts(tp=890, fp=150, fn=110, tn=850)
    assert printed(ppv_at(counts, 0.05, LEVEL).value, 2) == 0.24
    assert printed(1 - npv_at(counts, 0.05, LEVEL).value, 4) == 0.0068


# pROC's tests (print_output/r.wfns): outcome of 113 patients by grade of haemorrhage (Turck 2010).


def test_proc_wfns(tmp_path):
    """72 good and 41 poor outcomes over five grades: 0.8237."""
    good, poor = (37, 20, 3, 8, 4), (2, 12, 1, 8, 18)
    grades = np.concatenate([np.repeat(range(1, 6), good), np.repeat(range(1, 6), poor)])
    found = measured(tmp_path, [0] * 72 + [1] * 41, grades)
    assert printed(found["auroc"].value, 4) == 0.8237


# R's manual (mcnemar.test): approval of the president, 794, 150, 86, 570 (Agresti 1990).


def test_r_manual_mcnemar():
    """The exact p that R gives for its own example."""
    assert mcnemar_p(150, 86) == pytest.approx(3.716e-5, rel=1e-4)
    assert diagnostic_odds_ratio(Counts(794, 150, 86, 570), LEVEL).value == pytest.approx(
        794 * 570 / (150 * 86)
    )
