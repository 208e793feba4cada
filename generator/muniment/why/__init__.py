"""The five answers: what changed, when, why, who approved, and on what evidence."""

from muniment.why.answers import Standing, answers

__all__ = ["Standing", "answers"]
