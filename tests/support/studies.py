"""Published ratings, a row a unit and a column a rater, and tables made of them."""

from collections.abc import Sequence

NA = None
_CODERS = [  # Krippendorff's four coders and twelve units; a row is a coder.
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NA, NA, NA],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NA, 3],
    [NA, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NA],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NA],
]
CODERS = [list(unit) for unit in zip(*_CODERS, strict=True)]
"""Krippendorff's four coders and twelve units (2011, Computing Krippendorff's alpha-reliability)."""
_FLEISS = [  # Ten subjects, fourteen raters, five categories: ratings a category.
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
FLEISS = [[code for code, count in enumerate(row) for _ in range(count)] for row in _FLEISS]
"""Ten subjects and fourteen ratings each in five categories (the worked example of Fleiss' kappa)."""


def ratings_csv(rows: Sequence[Sequence[object]]) -> str:
    """A long table of ratings with the columns unit, rater and rating; `None` is an empty cell."""
    lines = ["unit,rater,rating"]
    for unit, row in enumerate(rows, start=1):
        lines += [
            f"{unit},{rater},{'' if value is None else value}" for rater, value in enumerate(row, start=1)
        ]
    return "\n".join(lines) + "\n"
