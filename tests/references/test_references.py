"""Ours against R, scikit-learn, SciPy and statsmodels; see README.md."""

from collections import defaultdict

import pytest

from references import cases
from references.agreement import OUTPUTS, TOLERANCE, output, pairs, wrong
from references.report import README, written

ALL = list(pairs())
BY_CASE = defaultdict(list)
for item in ALL:
    BY_CASE[item.case].append(item)


@pytest.mark.parametrize("case", sorted(BY_CASE))
def test_every_number_of_a_reference_is_ours(case):
    """To 1e-9 where the definition is the same; where it is not, as near as is written beside it."""
    assert not wrong(BY_CASE[case])


def test_no_difference_is_excused_in_vain():
    """A written difference is one: some number needs it."""
    for difference in {one.difference for one in ALL} - {None}:
        needing = [one for one in ALL if one.difference is difference]
        assert any(one.deviation > TOLERANCE for one in needing), difference


@pytest.mark.parametrize("name", OUTPUTS)
def test_references_read_the_tables_that_are_tested(name):
    """The bytes that a reference read are those of the tables that we measure."""
    found = {file: cases.digest(content) for file, content in cases.read_by_references().items()}
    assert output(name)["tables"] == found


def test_the_table_of_the_readme_is_current():
    """The README's table is what report.py writes."""
    text = README.read_text()
    assert written(text) == text
