"""The flexible calibration curve's distances, and the expected calibration error."""

from functools import cache

from muniment.measure.bootstrap import Resampling
from muniment.measure.resampled import smooth
from references.ours import Numbers
from references.part_partial import keys


@cache
def ours(case: str) -> dict[str, Numbers]:
    """ICI, E50, E90, Emax of the curve; the error over ten bins of equal width."""
    found = smooth(keys(case.removeprefix("flexible_")), None, Resampling(20, 0), 0.95, 10).results
    return {
        "flexible": {name: found[name].value for name in ("ici", "e50", "e90", "emax")},
        "ece": {"value": found["ece"].value},
    }
