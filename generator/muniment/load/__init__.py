"""Load: finds records, reads each byte once, and knows the line and column of every node."""

from muniment.load.files import DeviceFiles
from muniment.load.rewrite import rewritten
from muniment.load.source import locate, read, settings, yaml_tree

__all__ = ["DeviceFiles", "locate", "read", "rewritten", "settings", "yaml_tree"]
