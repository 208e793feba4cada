"""Diff: two releases to classified changes. The class of a release is the highest over its changes."""

from muniment.diff.classify import Classifier
from muniment.diff.stage import diff

__all__ = ["Classifier", "diff"]
