"""Sample sizes, families of endpoints, and the tails of Student's t and of F."""

from functools import cache

from muniment.measure.distributions import f_p, t_critical, t_two_sided
from muniment.measure.multiplicity import HOLM, adjust
from muniment.measure.sample_size import buderer
from references.agreement import output
from references.ours import Numbers

P_VALUES = (0.012, 0.04, 0.0007, 0.2, 0.013)


@cache
def ours(case: str) -> dict[str, Numbers]:
    """Each entry of the reference's own list."""
    names = list(output("r.json")["cases"][case])
    match case:
        case "planned":
            return {name: planned(*name.split("_")) for name in names}
        case "families":
            ids = [f"p{index}" for index in range(1, 6)]
            family = adjust(ids, dict(zip(ids, P_VALUES, strict=True)), HOLM)
            return {"holm": {item.endpoint: item.adjusted for item in family.endpoints}}
        case "tails":
            return {name: tail(*name.split("_")) for name in names}
    raise KeyError(case)


def planned(kind: str, expected: str, prevalence: str) -> Numbers:
    """Patients, and events (or non-events) among them, for an interval of 0.05 to both sides."""
    target = {"se": "sensitivity", "sp": "specificity"}[kind]
    found = buderer(target, float(expected), 0.1, float(prevalence))
    return {"n": found.n, "members": found.events if kind == "se" else found.n - found.events}


def tail(kind: str, df: str) -> Numbers:
    """Two-sided p of t = -2.1 and its critical value; upper tail of F at two points."""
    if kind == "t":
        return {"p": t_two_sided(-2.1, float(df)), "critical": t_critical(0.95, float(df))}
    return {"p1": f_p(3.3, 1, float(df)), "p4": f_p(0.7, 4, float(df))}
