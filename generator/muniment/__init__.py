"""Muniment: judged, sealed and browsable evidence for AI medical devices."""

__version__ = "0.1.0"
